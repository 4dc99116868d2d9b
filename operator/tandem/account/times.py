"""Moments and durations as people read them."""

from datetime import datetime

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def lasted(since: datetime, now: datetime) -> str:
    """Return how long it has been, in the two units that matter: ``2 d 4 h``, ``12 min``, ``45 s``."""
    left = max(int((now - since).total_seconds()), 0)
    parts: list[tuple[int, str]] = []
    for seconds, unit in _UNITS:
        number, left = divmod(left, seconds)
        if number or parts:
            parts.append((number, unit))
    shown = parts[:2] if parts and parts[0][1] in ("d", "h") else parts[:1]
    return " ".join(f"{number} {unit}" for number, unit in shown if number) or "0 s"


def clock(moment: datetime) -> str:
    """Return a moment in UTC, to the second."""
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
