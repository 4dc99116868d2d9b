"""``python -m tandem.examiner``: the pod that examines one version. Its last word is its termination message.

It ends with 0 when there is a verdict, whichever, and with 1 when something kept it from one. What it prints, and what
it leaves, are counts and names: rows and answers stay in its memory.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Final

from tandem.examiner.errors import Unfinished
from tandem.examiner.examination import examine
from tandem.examiner.plan import read_plan
from tandem.manifests.examination import ASKED

LONGEST: Final = 4096
"""Bytes of a termination message that Kubernetes keeps."""

_TELL_EVERY: Final = 100


def main() -> int:
    """Examine what the plan says; returns the exit code."""
    plan_file, rows, message = (Path(os.environ[name]) for name in ("PLAN_FILE", "ROWS_FOLDER", "MESSAGE_FILE"))
    try:
        plan = read_plan(plan_file.read_text(encoding="utf-8"), rows, _addresses("CANDIDATE"), _addresses("STABLE"))
        report = asyncio.run(examine(plan, Teller()))
    except Unfinished as error:
        message.write_text(_trouble(str(error)), encoding="utf-8")
        return 1
    message.write_text(report.to_message(LONGEST), encoding="utf-8")
    return 0


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
