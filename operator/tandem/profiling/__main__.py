"""The meter of a profiled pod: ``python -m tandem.profiling FOLDER``, beside the bento that it measures.

It sees the bento's processes, since the pod's containers share them, and says how far it is on standard output, a line
of JSON each. The last line is the profile, or why there is none.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

from tandem.api.names import POD_PORT
from tandem.api.profile import Profile, Setting
from tandem.profiling.bento import Bento
from tandem.profiling.errors import NeverReady, ProfilingFailed
from tandem.profiling.measure import Progress, Terms, measure
from tandem.profiling.meter import ROWS_FILE, TERMS_FILE, progress_line
from tandem.profiling.rows import read_rows, request

PAUSE: Final = 1
"""The process that keeps the pod's namespaces."""


def main(folder: Path) -> int:
    """Measure, and return the exit code."""
    try:
        profile = asyncio.run(_measure(folder))
    except ProfilingFailed as error:
        _say({"failed": str(error), "beforeRows": isinstance(error, NeverReady)})
        return 1
    _say({"profile": profile.to_dict()})
    return 0


async def _measure(folder: Path) -> Profile:
    wanted = json.loads((folder / TERMS_FILE).read_text(encoding="utf-8"))
    terms = Terms(
        objectives=wanted["objectives"],
        warmup=[request(each["path"], each["body"]) for each in wanted["warmup"]],
        startup=wanted["startup"],
        load=wanted["load"],
        answer=wanted["answer"],
        shutdown=wanted["shutdown"],
        most_callers=wanted["callers"],
        told=_tell,
    )
    setting = wanted["setting"]
    cpu = setting["cpu"] or str(psutil.cpu_count())
    where = Setting(where="InCluster", at=datetime.now(UTC), cpu=cpu, memory=setting["memory"])
    bento = Bento(f"http://127.0.0.1:{POD_PORT}", await _first_process(terms.startup))
    return await measure(bento, read_rows(folder / ROWS_FILE), terms, where, image=wanted["image"])


async def _first_process(seconds: float) -> psutil.Process:
    """Wait for the bento's container: its first process has no parent in the pod, as ours has none."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        for process in psutil.process_iter(["ppid"]):
            if process.info["ppid"] == 0 and process.pid not in (PAUSE, os.getpid()):
                return process
        await asyncio.sleep(0.1)
    raise NeverReady(f"the bento's container was not started within {seconds:.0f} s")


def _tell(progress: Progress) -> None:
    sys.stdout.write(progress_line(progress) + "\n")
    sys.stdout.flush()


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
