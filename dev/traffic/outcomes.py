"""What became of one request, and how a run's outcomes are kept: one line of JSON each."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Kind = Literal["ok", "wrong", "server_error", "refused", "timeout", "connection"]

UNKNOWN: Final = "?"
"""The version of an answer that does not say who gave it: the gateway's own errors, and no answer at all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request.

    ``ok`` is a correct 2xx. ``wrong`` is a 2xx with another answer than the version that gave it is known to give.
    ``server_error`` is a 5xx, ``refused`` any other status, ``timeout`` no answer within the time allowed, and
    ``connection`` a connection that could not be made or broke before the answer was there.
    """

    sent: float
    """Seconds since the epoch."""
    seconds: float
    """Until the answer was complete, or until it was given up."""
    kind: Kind
    version: str = UNKNOWN
    """The bento's version, as the answer says."""
    status: int = 0
    """HTTP status; 0 without an answer."""
    fresh: bool = False
    """Sent on a connection of its own."""
    late: float = 0.0
    """Seconds between when it was due and when it was sent: the load generator's own shortcoming."""
    detail: str = ""
    """Of a bad one: what was seen."""

    @property
    def bad(self) -> bool:
        """Whether a user was let down."""
        return self.kind != "ok"

    @property
    def answered(self) -> float:
        """When it was over, in seconds since the epoch."""
        return self.sent + self.seconds

    def to_line(self) -> str:
        """Return the outcome as one line of JSON, without what is at its default."""
        fields: dict[str, Any] = {"sent": round(self.sent, 4), "seconds": round(self.seconds, 5), "kind": self.kind}
        if self.version != UNKNOWN:
            fields["version"] = self.version
        if self.status:
            fields["status"] = self.status
        if self.fresh:
            fields["fresh"] = True
        if self.late >= 0.001:
            fields["late"] = round(self.late, 4)
        if self.detail:
            fields["detail"] = self.detail
        return json.dumps(fields, separators=(",", ":"))


def parse(lines: Iterable[str]) -> Iterator[Outcome]:
    """Read outcomes back. A last line that is not complete yet is left out."""
    for line in lines:
        if line.endswith("\n"):
            yield Outcome(**json.loads(line))


def read(file: Path) -> list[Outcome]:
    """Return all outcomes recorded so far, in the order in which the answers came; empty before the first."""
    if not file.exists():
        return []
    with file.open() as lines:
        return list(parse(lines))
