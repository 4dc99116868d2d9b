"""What goes to the meter in a profiled pod, and what it says: files in, lines of JSON out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from tandem.api.profile import LoadPoint, Profile
from tandem.profiling.errors import ProfilingFailed
from tandem.profiling.measure import Progress, Terms
from tandem.profiling.rows import Row

TERMS_FILE: Final = "terms.json"
ROWS_FILE: Final = "rows.jsonl"

MOST_BYTES: Final = 700 * 1024
"""Rows that go into a Secret, which holds 1 MiB; those after them are left out."""


@dataclass(frozen=True, slots=True)
class Said:
    """The last that a meter said: how far it is, or what it found, or why it could not.

    ``before_rows``: it failed before the bento had any request, so that the bento's own output may be shown.
    """

    progress: Progress | None = None
    profile: Profile | None = None
    failed: str | None = None
    before_rows: bool = False


def meter_files(rows: Sequence[Row], terms: Terms, setting: Mapping[str, Any], image: str) -> dict[str, str]:
    """Return the files. Raises `ProfilingFailed` where not even one row fits."""
    lines, size = [], 0
    for row in rows:
        line = _row(row)
        size += len(line.encode()) + 1
        if size > MOST_BYTES:
            break
        lines.append(line)
    if not lines:
        raise ProfilingFailed(
            f"the first row is larger than the {MOST_BYTES // 1024} KiB that a Secret can bring along"
        )
    wanted = {
        "objectives": dict(terms.objectives),
        "startup": terms.startup,
        "load": terms.load,
        "answer": terms.answer,
        "shutdown": terms.shutdown,
        "callers": terms.most_callers,
        "warmup": [json.loads(_row(row)) for row in terms.warmup],
        "setting": dict(setting),
        "image": image,
    }
    return {TERMS_FILE: json.dumps(wanted), ROWS_FILE: "\n".join(lines) + "\n"}


def progress_line(progress: Progress) -> str:
    """Return the line that tells of progress."""
    point = progress.point.to_dict() if progress.point else None
    return json.dumps({"share": progress.share, "words": progress.words, "point": point})


def said(log: str) -> Said:
    """Return the last that a meter's log says; nothing while it has said nothing."""
    for line in reversed(log.splitlines()):
        try:
            found = json.loads(line)
            if "profile" in found:
                return Said(profile=Profile.model_validate(found["profile"]))
            if "failed" in found:
                return Said(failed=str(found["failed"]), before_rows=found.get("beforeRows") is True)
            point = LoadPoint.model_validate(found["point"]) if found["point"] else None
            return Said(progress=Progress(float(found["share"]), str(found["words"]), point))
        except (ValueError, TypeError, KeyError, ValidationError):
            continue  # cut off at the beginning of the tail, or a warning of somebody's library
    return Said()


def _row(row: Row) -> str:
    return json.dumps({"path": row.path, "body": None if row.body is None else json.loads(row.body)})
