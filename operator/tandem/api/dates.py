"""Days and time spans as people write them."""

import calendar
from datetime import date, timedelta
from typing import Final

LONGEST_SPAN: Final = timedelta(days=3650)
"""Ten years: longer than anything waits, and short enough to be reckoned from any moment."""


def day(text: str) -> date:
    """Return the day of a ``Date`` of the API; one that its month does not have is the last that it has."""
    year, month, number = (int(part) for part in text.split("-"))
    year = max(year, 1)
    return date(year, month, min(number, calendar.monthrange(year, month)[1]))


def last_day_within(start: date, seconds: float) -> date | None:
    """Return the last day that is at most so many seconds later; None beyond the calendar."""
    try:
        return start + timedelta(days=seconds // timedelta(days=1).total_seconds())
    except OverflowError:
        return None


def time_span(seconds: float) -> timedelta:
    """Return so many seconds as a time span; what is longer than ten years is ten years, since calendars end."""
    return timedelta(seconds=min(seconds, LONGEST_SPAN.total_seconds()))
