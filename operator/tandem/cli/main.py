"""``tandem``: the command line. The same program answers to ``kubectl tandem``."""

import typer

from tandem.cli import init, lint, plan, profile, simulate

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.command)
app.command("lint")(lint.command)
app.command("plan")(plan.command)
app.command("profile")(profile.command)
app.command("simulate")(simulate.command)


@app.callback()
def tandem() -> None:
    """Machine-learning models in production, rolled out on evidence.

    Exit codes: 0 it worked; 1 it did not, and the message says why; 2 wrong usage, or a file that is not in order (the
    message names line and field).
    """
