"""Send steady traffic to a model and record every answer.

SIGTERM and SIGINT end it cleanly: what is on its way is waited for and recorded.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TextIO

from dev.traffic import rows
from dev.traffic.load import Plan, send
from dev.traffic.outcomes import Outcome
from dev.traffic.summary import by_version, lateness

_FLUSH_SECONDS = 0.5
"""How stale a live view may be; a write per request would cost more CPU than the request."""


def main() -> int:
    """Run until the time or the count is over, or a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m dev.traffic", description=__doc__)
    parser.add_argument("--url", required=True, help="address of the model; each row's path is appended")
    parser.add_argument("--rows", required=True, type=Path, help="what to send: see dev.traffic.digits")
    parser.add_argument("--out", required=True, type=Path, help="where each outcome becomes a line of JSON")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="requests per second (%(default)s)")
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="at most this long (%(default)s)")
    parser.add_argument("--count", type=int, default=None, help="at most this many (no bound but the time)")
    parser.add_argument("--timeout", type=float, default=Plan.timeout, help="seconds for an answer (%(default)s)")
    parser.add_argument("--fresh-every", type=int, default=Plan.fresh_every, help="a new connection for each n-th")
    parser.add_argument("--host", help="Host header")
    parser.add_argument("--by-chance", action="store_true", help="as from many callers (Poisson), instead of evenly")
    given = parser.parse_args()
    try:
        plan = Plan(
            given.url.rstrip("/"), rows.read(given.rows), given.rate, given.seconds, given.count, given.timeout,
            given.fresh_every, given.host, given.by_chance,
        )  # fmt: skip
    except rows.RowsUnreadable as error:
        print(error, file=sys.stderr)
        return 2
    with given.out.open("a") as out:
        outcomes = asyncio.run(_run(plan, out))
    for line in by_version(outcomes):
        print(line.sentence(), file=sys.stderr)
    print(f"at most {lateness(outcomes) * 1000:.0f} ms after a request was due", file=sys.stderr)
    return 0


async def _run(plan: Plan, out: TextIO) -> list[Outcome]:
    outcomes: list[Outcome] = []
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    flushing = asyncio.create_task(_flush(out))

    def record(outcome: Outcome) -> None:
        outcomes.append(outcome)
        out.write(outcome.to_line() + "\n")

    try:
        await send(plan, record, stop)
    finally:
        flushing.cancel()
    return outcomes


async def _flush(out: TextIO) -> None:
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        out.flush()


if __name__ == "__main__":
    sys.exit(main())
