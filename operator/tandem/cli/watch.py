"""``tandem watch``: the screen of ``tandem get``, live; and a wait for pipelines."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.account.until import Until
from tandem.cli.access import NOT_COME_ABOUT, TOO_LATE, Access, Context, Kubeconfig, Namespace, end, run
from tandem.cli.get import Model
from tandem.cli.values import read_option

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tandem.account.seen import Seen
    from tandem.cluster.client import Cluster


def command(
    model: Model,
    until: Annotated[
        Until | None, typer.Option(help="End when this has come about (exit code 0), or cannot any more (1).")
    ] = None,
    timeout: Annotated[str | None, typer.Option(help="End after this long (exit code 6), such as 30m.")] = None,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show a model live: on a terminal the whole screen, otherwise a line for each change.

    ready: the declared version serves everything. serving: and its watch window is over. rejected: it was sent back.
    stalled: nothing goes on without somebody's doing. settled: any of these.

    Example, in a pipeline: tandem watch fraud -n payments --until ready --timeout 30m
    """
    from tandem.api.values import duration_seconds

    seconds = None if timeout is None else read_option("--timeout", timeout, duration_seconds)
    access = Access(namespace, context, kubeconfig)

    async def follow(cluster: "Cluster", where: str) -> bool | None:
        async with asyncio.timeout(seconds):
            return await _follow(cluster, where, model, until, access.flags)

    try:
        came = run(access, follow)
    except TimeoutError:
        end(TOO_LATE, f"{model} was watched for {timeout}" + (f", and is not {until.value}" if until else ""))
    if came is False:
        end(NOT_COME_ABOUT, f"{model}: {until.value if until else ''} cannot come about without somebody's doing")
    if came is None:
        end(NOT_COME_ABOUT, f"{model} was deleted")


async def _follow(cluster: "Cluster", namespace: str, name: str, until: Until | None, flags: str) -> bool | None:
    """Show the model after each change; returns what `ending` says, None where the model was deleted."""
    from tandem.account.endings import ending
    from tandem.cli.screen import console
    from tandem.cli.watching import pictures

    shown = console()
    with _drawn(shown) if shown.is_terminal else nullcontext(_Said()) as show:
        async with aclosing(pictures(cluster, namespace, name, flags)) as seen_after_each_change:
            async for seen in seen_after_each_change:
                show(seen)
                came = ending(seen, until) if until is not None else None
                if came is not None:
                    return came
    return None


@contextmanager
def _drawn(shown: "Console") -> "Iterator[Callable[[Seen], None]]":
    """Draw the last picture over and over while the context lasts: durations go on where nothing else happens."""
    from rich.live import Live

    from tandem.account.tell import account_of
    from tandem.cli.screen import screen

    last: list[Seen] = []

    def draw() -> "RenderableType":
        now = datetime.now(UTC)
        return screen(account_of(last[0], now), now) if last else ""

    with Live(get_renderable=draw, console=shown, refresh_per_second=2, vertical_overflow="crop") as live:

        def show(seen: "Seen") -> None:
            last[:] = [seen]
            live.refresh()

        yield show


class _Said:
    """Says a line for each change that is worth one."""

    def __init__(self) -> None:
        self._before: object = None

    def __call__(self, seen: "Seen") -> None:
        from tandem.account.line import gist, line

        now = gist(seen)
        if now != self._before:
            typer.echo(f"{datetime.now(UTC):%H:%M:%SZ}  {line(seen)}")
        self._before = now
