"""Dates that are read only where ``date_format`` says how they are written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

__all__ = ["formats_of", "spelled_day"]

_DAYS = (
    *("%d %b %Y", "%d %B %Y", "%d. %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y"),
)
_TIMES = (" %H:%M", " %H:%M:%S")  # reading takes these behind any day
_HALF_DAYS = (" %I:%M %p", " %I:%M:%S %p")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*"
_MAYBE = re.compile(
    rf"(?:\d\d?([-/.])\d\d?\1\d\d|\d\d?[-. ]{{1,2}}{_MONTH}[- ]\d+|{_MONTH} \d.*)\b.*",
    re.IGNORECASE,
)


def formats_of(values: Sequence[str]) -> list[str]:
    """Return the formats in which each of these texts is a date.

    Parameters
    ----------
    values : sequence of str

    Returns
    -------
    list of str
        Formats of `time.strptime`; two where day and month could change places.

    Examples
    --------
    >>> formats_of(["3 Jan 2022", "28 Feb 2022 09:30"])
    ['%d %b %Y']
    >>> formats_of(["03/01/22", "28/02/22"]), formats_of(["03/01/22"]), formats_of(["12 days"])
    (['%d/%m/%y'], ['%d/%m/%y', '%m/%d/%y'], [])
    """
    if not values or not all(_MAYBE.fullmatch(value) for value in values):
        return []
    able = [f"{day}{time}" for day in _DAYS for time in ("", *_HALF_DAYS)]
    for some in (values[:1], values):  # most formats leave at the first value
        able = [each for each in able if all(spelled_day(value, each) for value in some)]
    return list({each.replace("%B", "%b"): each for each in reversed(able)}.values())[::-1]


def spelled_day(value: str, spelling: str) -> dt.date | None:
    """Return the day of a text in a format, perhaps with a time behind it; None if it is none.

    Examples
    --------
    >>> spelled_day("3 Jan 2022 09:30", "%d %b %Y")
    datetime.date(2022, 1, 3)
    """
    times = () if spelling.endswith("%p") else _TIMES
    for each in (spelling, *(f"{spelling}{time}" for time in times)):
        try:
            return dt.datetime.strptime(value, each).date()
        except ValueError:
            continue
    return None
