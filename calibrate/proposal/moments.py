"""When: the day of the export, and zones of time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from calibrate.proposal.looks import Column
from calibrate.proposal.spelled import spelled_day

__all__ = ["day_after", "has_time", "has_zone", "last_day", "where"]

_DAY = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})")
_TIME = re.compile(r"\d[T ,]+(?!0?0[:.]00(?:[:.]00)?\b)\d{1,2}[:.]\d{2}")
_ZONE = re.compile(r":\d{2}(?:[.,]\d+)?\s*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$")
_GAP = dt.timedelta(days=180)
_STRAY = 0.001


def last_day(column: Column | None, *, order: str | None = None) -> dt.date | None:
    """Return the latest day of a column of dates.

    Parameters
    ----------
    column : Column or None
    order : str, optional
        How dates are written that do not prove it themselves, such as ``"%d/%m/%Y"``.

    Returns
    -------
    date or None
        Without a few stray ones half a year and more after all others, such as 2099.

    Examples
    --------
    >>> last_day(Column.of("at", ["03/12/2024", "28/02/2024"]), order="%d/%m/%Y")
    datetime.date(2024, 12, 3)
    """
    if column is None:
        return None
    order = column.date_order or order
    by_text: dict[object, int] = {}
    for value, n in column.counts.items():
        start = value[:10] if isinstance(value, str) and not column.is_spelled else value
        by_text[start] = by_text.get(start, 0) + n
    counts: dict[dt.date, int] = {}
    for start, n in by_text.items():
        found = _day(start, order)
        if found is not None:
            counts[found] = counts.get(found, 0) + n
    days = sorted(counts, reverse=True)
    stray = 0
    for late, earlier in pairwise(days):
        stray += counts[late]
        if stray > _STRAY * sum(counts.values()):
            break
        if late - earlier > _GAP:
            return earlier
    return days[0] if days else None


def day_after(days: Iterable[dt.date | None]) -> str | None:
    """Return the day after the latest, in ISO 8601; None where there is none.

    Examples
    --------
    >>> day_after([dt.date(2023, 12, 31), None])
    '2024-01-01'
    """
    known = [day for day in days if day is not None]
    return (max(known) + dt.timedelta(days=1)).isoformat() if known else None


def where(column: Column | None, other: Column | None, values: Iterable[str]) -> Column | None:
    """Return a column without the rows in which another holds none of some values."""
    if column is None or other is None:
        return None
    wanted = pa.array(list(values), pa.string())
    rows = pc.is_in(pc.cast(other.data, pa.string()), value_set=wanted)
    return Column(name=column.name, data=pc.if_else(rows, column.data, None))


def has_zone(column: Column) -> bool:
    """Whether its times say which zone they are in."""
    if pa.types.is_timestamp(column.data.type):
        return column.data.type.tz is not None
    return any(_ZONE.search(str(value)) for value in column.values[:100])


def has_time(column: Column) -> bool:
    """Whether it holds times of day, not only days."""
    return any(_TIME.search(str(value)) for value in column.values[:100])


def _day(value: object, order: str | None) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    match = _DAY.match(str(value))
    if match is None or 4 not in (len(match[1]), len(match[3])):
        return None if order is None else spelled_day(str(value), order)
    first, second, third = (int(part) for part in match.groups())
    if len(match[1]) == 4:
        year, month, number = first, second, third
    elif order == "%m/%d/%Y":
        year, month, number = third, first, second
    else:
        year, month, number = third, second, first
    try:
        return dt.date(year, month, number)
    except ValueError:
        return None
