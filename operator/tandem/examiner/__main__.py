"""``python -m tandem.examiner``: the pod that examines one version. Its last word is its termination message.

It ends with 0 when there is a verdict, whichever, and with 1 when something kept it from one. What it prints, and what
it leaves there, are counts and names: rows and answers stay in its memory, but for those that were missed, which it
writes into a Secret where ``spec.quality.report`` says so.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from tandem.examiner.details import Details, document
from tandem.examiner.errors import Unfinished
from tandem.examiner.examination import examine
from tandem.examiner.keeper import LONGEST_TROUBLE, NotKept, keep, place_of
from tandem.examiner.plan import Plan, read_plan
from tandem.manifests.examination import ASKED, LONGEST_WORD
from tandem.quality.report import Report

_TELL_EVERY: Final = 100


def main() -> int:
    """Examine what the plan says; returns the exit code."""
    plan_file, rows, message = (Path(os.environ[name]) for name in ("PLAN_FILE", "ROWS_FOLDER", "MESSAGE_FILE"))
    try:
        plan = read_plan(plan_file.read_text(encoding="utf-8"), rows, _addresses("CANDIDATE"), _addresses("STABLE"))
        report, cases = asyncio.run(_examined(plan))
    except Unfinished as error:
        message.write_text(_trouble(str(error)), encoding="utf-8")
        return 1
    message.write_text(report.to_message(LONGEST_WORD, cases), encoding="utf-8")
    return 0


async def _examined(plan: Plan) -> tuple[Report, dict[str, Any]]:
    """Return the report, and where what was missed is kept; the verdict does not depend on that."""
    details = Details()
    report = await examine(plan, Teller(), details)
    return report, await _kept(plan.revision, report, details)


async def _kept(revision: str, report: Report, details: Details) -> dict[str, Any]:
    if not details.taken:
        return {}
    try:
        place = place_of(os.environ)
        if place is None:
            return {}
        made = document(revision, report, details)
        secret = await keep(place, made)
    except NotKept as error:
        return {"cases": {"trouble": str(error)[:LONGEST_TROUBLE]}}
    return {"cases": {"secret": secret, "kept": made.kept, "leftOut": made.left_out}}


def _addresses(name: str) -> tuple[str, ...]:
    return tuple(address for address in os.environ.get(name, "").split(",") if address)


def _trouble(text: str) -> str:
    return json.dumps({"trouble": text[:1000]})


class Teller:
    """Prints how far it is now and then; of several requests at a time not every number is told."""

    def __init__(self) -> None:
        self._next = _TELL_EVERY

    def __call__(self, asked: int) -> None:
        """Take in how many requests were asked."""
        if asked >= self._next:
            self._next = asked + _TELL_EVERY
            sys.stdout.write(f"{asked} {ASKED}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
