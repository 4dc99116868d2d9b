"""``tandem simulate``: what a rollout will take, before anybody's requests are put at risk."""

from typing import Annotated

import typer

from tandem.cli.values import Output, refuse

RATE = "How much traffic"
ROLLOUT = "The rollout (wins over the file)"
RESULT = "The result"


def command(
    file: Annotated[
        str | None,
        typer.Option("--file", "-f", help="File with the ModelDeployment; - for standard input.", metavar="FILE"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Which one, where the file holds several.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests a second, both versions together.", min=0, rich_help_panel=RATE)
    ] = None,
    day: Annotated[float | None, typer.Option(help="The same by day.", min=0, rich_help_panel=RATE)] = None,
    night: Annotated[float | None, typer.Option(help="The same by night.", min=0, rich_help_panel=RATE)] = None,
    base_errors: Annotated[
        str, typer.Option(help="Share of stable's requests that fail.", rich_help_panel=RATE)
    ] = "0.5%",
    base_slow: Annotated[
        str | None,
        typer.Option(
            help="Share of stable's answers later than an objective; else half of what it grants.", rich_help_panel=RATE
        ),
    ] = None,
    history: Annotated[
        str, typer.Option(help="How long stable served alone before the rollout.", rich_help_panel=RATE)
    ] = "1h",
    steps: Annotated[
        str | None,
        typer.Option(help="Weights in percent, with hold times: 10,50 or 5:1m,25:5m.", rich_help_panel=ROLLOUT),
    ] = None,
    pace: Annotated[str | None, typer.Option(help="Evidence or Time.", rich_help_panel=ROLLOUT)] = None,
    budget: Annotated[
        str | None, typer.Option(help="Bad responses that the rollout may add, such as 0.5%.", rich_help_panel=ROLLOUT)
    ] = None,
    false_rollback: Annotated[
        str | None, typer.Option(help="Probability of a false rollback, such as 1%.", rich_help_panel=ROLLOUT)
    ] = None,
    max_duration: Annotated[
        str | None, typer.Option(help="How long evidence may take, such as 2h.", rich_help_panel=ROLLOUT)
    ] = None,
    when_undecided: Annotated[
        str | None, typer.Option(help="Then: Hold, Promote or RollBack.", rich_help_panel=ROLLOUT)
    ] = None,
    watch: Annotated[str | None, typer.Option(help="The watch window, such as 10m.", rich_help_panel=ROLLOUT)] = None,
    latency: Annotated[
        list[str] | None,
        typer.Option(help="A latency objective, such as p99=250ms; may be repeated.", rich_help_panel=ROLLOUT),
    ] = None,
    availability: Annotated[
        str | None, typer.Option(help="The availability objective, such as 99.9%.", rich_help_panel=ROLLOUT)
    ] = None,
    limit: Annotated[
        str | None, typer.Option(help="How long each rollout is simulated; else maxDuration, or 6h.")
    ] = None,
    runs: Annotated[int, typer.Option(help="Rollouts of each version.", min=20, max=20_000)] = 400,
    seed: Annotated[int, typer.Option(help="Another number gives other random traffic.", min=0)] = 1,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to write it.", rich_help_panel=RESULT)] = (
        Output.TABLE
    ),
    plot: Annotated[
        str | None, typer.Option(help="Draw it too: FILE.png or FILE.svg.", metavar="FILE", rich_help_panel=RESULT)
    ] = None,
) -> None:
    """Tell what a rollout will take at a rate of requests.

    How long until a good version is promoted; how long, and how many bad responses, until a bad one is sent back; how
    often a good one is sent back by mistake; and what to change where the traffic is too thin. It is simulated, with
    the judge that decides in the cluster; no cluster is needed.

    Examples: tandem simulate --rate 20; tandem simulate -f model.yaml --day 50 --night 1 --plot rollout.svg
    """
    from tandem.cli import plots, rollouts, simulate_plot, simulate_result

    rates = {"": rate, "day": day, "night": night}
    given = {named: value for named, value in rates.items() if value is not None}
    if not given:
        refuse("Say how many requests a second there are: --rate 20, or --day 50 --night 1")
    if plot is not None:
        plots.check(plot)
    overrides = rollouts.Overrides(
        steps=steps,
        pace=pace,
        watch=watch,
        latency=tuple(latency or ()),
        availability=availability,
        evidence={
            "budget": budget,
            "falseRollback": false_rollback,
            "maxDuration": max_duration,
            "whenUndecided": when_undecided,
        },
    )
    plan = rollouts.plan_of(file, name, overrides)
    traffic = {named: rollouts.traffic_of(value, base_errors, base_slow, history) for named, value in given.items()}
    result = simulate_result.simulate_all(plan, traffic, rollouts.effort_of(runs, limit, seed))
    simulate_result.write(result, output)
    if plot is not None:
        simulate_plot.draw(result, plot)
