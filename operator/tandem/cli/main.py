"""``tandem``: the command line. The same program answers to ``kubectl tandem``."""

from typing import Any

import typer
from typer.core import TyperGroup

from tandem.cli import (
    cases,
    check,
    get,
    history,
    init,
    inventory,
    lint,
    order,
    plan,
    profile,
    report,
    rules,
    simulate,
    watch,
)


class _Quick(TyperGroup):
    """The list of commands in plain text: what draws it in frames takes twice as long to load as all the rest."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write it, frames being left to the commands' own pages."""
        self.rich_markup_mode = None
        super().format_help(ctx, formatter)


app = typer.Typer(
    cls=_Quick,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.command)
app.command("lint")(lint.command)
app.command("plan")(plan.command)
app.command("profile")(profile.command)
app.command("check")(check.command)
app.command("simulate")(simulate.command)
app.command("rules")(rules.command)
app.command("get", rich_help_panel="Look")(get.command)
app.command("watch", rich_help_panel="Look")(watch.command)
app.command("cases", rich_help_panel="Look")(cases.command)
app.command("history", rich_help_panel="Look")(history.command)
app.command("report", rich_help_panel="Look")(report.command)
app.command("inventory", rich_help_panel="Look")(inventory.command)
order.add_verbs(app)


@app.callback()
def tandem() -> None:
    """Machine-learning models in production, rolled out on evidence.

    Exit codes: 0 it worked; 1 what was asked for did not come about; 2 wrong usage, or a file that is not in order
    (the message names line and field); 3 no cluster answers, or it does not know Tandem; 4 a right is missing (the
    message names it); 5 there is no such model; 6 it took too long.
    """
