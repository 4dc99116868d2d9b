"""Days as people write them."""

import calendar
from datetime import date, timedelta


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
