"""Moments, durations and half-open periods, as people write them in a settings file."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from calibrate.errors import ConfigError

__all__ = [
    "Period",
    "parse_duration",
    "parse_moment",
    "parse_period",
    "quarter_of",
    "quarters_before",
]

_DURATION = re.compile(r"\s*(\d+)\s*(h|hours?|d|days?|w|weeks?)?\s*", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 168}
_QUARTER = re.compile(r"\s*(\d{4})\s*-?\s*Q([1-4])\s*", re.IGNORECASE)
_LONGEST = dt.timedelta(days=36_525)  # a hundred years: no sum of moments overflows
_YEARS = range(1900, 2200)
_YEAR_MONTH = re.compile(r"\s*(\d{4})(?:-(\d{2}))?\s*")


@dataclass(frozen=True, kw_only=True)
class Period:
    """A half-open span of time: ``start <= moment < end``.

    Parameters
    ----------
    start, end : datetime.datetime or None
        Its ends; None means without limit. They have no zone, or still the one they were
        written with: `parse_period` converts them to that of the data.

    Attributes
    ----------
    label : str
        What people call it: ``2023Q4``, ``2023``, ``2023-10``,
        ``2023-07-01..2024-01-01`` or ``all``.

    Examples
    --------
    >>> parse_period("2023Q4").label
    '2023Q4'
    >>> parse_period(("2023-07-01", "2024-01-01")).label
    '2023-07-01..2024-01-01'
    """

    start: dt.datetime | None = None
    end: dt.datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a period that ends before it starts."""
        start, end = self.start, self.end
        if start is None or end is None or _is_zoned(start) != _is_zoned(end):
            return
        if start >= end:
            raise ConfigError(f"a period must end after it starts, not {self.label}")

    @property
    def label(self) -> str:
        """The period's name, the same for the same two ends however it was written."""
        start, end = self.start, self.end
        if start is None and end is None:
            return "all"
        if start is not None and end is not None and _is_midnight_of_first(start):
            for months, name in (
                (3, f"{start.year}Q{(start.month + 2) // 3}"),
                (12, f"{start.year}"),
                (1, f"{start:%Y-%m}"),
            ):
                if _add_months(start, months) == end and (start.month - 1) % months == 0:
                    return name
        return f"{_short(start)}..{_short(end)}"

    def __contains__(self, moment: dt.datetime) -> bool:
        """Whether `moment` lies in the period; the end does not.

        Examples
        --------
        >>> dt.datetime(2024, 1, 1) in parse_period("2023Q4")
        False
        """
        after_start = self.start is None or moment >= self.start
        return after_start and (self.end is None or moment < self.end)


def parse_period(value: object, *, timezone: str | None = None) -> Period:
    """Read a period: a quarter, a year, a month, a pair of moments, or None for all.

    Parameters
    ----------
    value : str, pair, Period or None
        ``"2023Q4"``, ``"2023"``, ``"2023-10"``, ``"all"``, ``(start, end)`` with the end
        excluded (either may be None), ``"2023-07-01..2024-01-01"``, or a `Period`.
    timezone : str, optional
        Zone of the answer: ends that have a zone are converted to it. By default they keep
        their own, until the period meets the data.

    Returns
    -------
    Period
        Half-open; ``label`` is the same for the same ends.

    Raises
    ------
    ConfigError
        If it is none of these, or ends before it starts.

    Examples
    --------
    >>> parse_period("2023Q4").end
    datetime.datetime(2024, 1, 1, 0, 0)
    >>> parse_period(("2023-10-01", "2024-01-01")) == parse_period("2023Q4")
    True
    >>> parse_period(None).label
    'all'
    >>> parse_period(("2024-07-01T00:00+02:00", None), timezone="Europe/Rome").start
    datetime.datetime(2024, 7, 1, 0, 0)
    """
    if timezone is not None:
        period = parse_period(value)
        ends = (period.start, period.end)
        start, end = (end and parse_moment(end, timezone=timezone) for end in ends)
        return Period(start=start, end=end)
    if value is None or isinstance(value, Period):
        return value or Period()
    if isinstance(value, str):
        return _period_of_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _period_of_text(str(value))
    if isinstance(value, (list, tuple)) and len(value) == 2:
        start, end = (None if part is None else parse_moment(part, timezone=None) for part in value)
        return Period(start=start, end=end)
    raise ConfigError(
        f'"{value}" is not a period; write "2023Q4", "2023", "2023-10" '
        'or a pair of dates ["2023-07-01", "2024-01-01"] (the second one excluded)'
    )


def parse_moment(value: object, *, timezone: str | None = "UTC") -> dt.datetime:
    """Read a moment; a date alone means its first instant.

    Parameters
    ----------
    value : str, datetime.date or datetime.datetime
        ISO 8601 text or a date. With a zone, it is converted to `timezone`.
    timezone : str or None, default "UTC"
        The zone of the answer; None keeps the one it is written with.

    Returns
    -------
    datetime.datetime
        Without a zone, in `timezone`.

    Raises
    ------
    ConfigError
        If it is not a date.

    Examples
    --------
    >>> parse_moment("2024-01-01")
    datetime.datetime(2024, 1, 1, 0, 0)
    >>> parse_moment("2024-01-01T00:30+01:00")
    datetime.datetime(2023, 12, 31, 23, 30)
    """
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            raise ConfigError(f'"{value}" is not a date; write it like 2024-01-31') from None
    if isinstance(value, dt.datetime):
        _known_year(value.year)
        if value.tzinfo is not None and timezone is not None:
            value = value.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
        return dt.datetime(*value.timetuple()[:6], value.microsecond, value.tzinfo)
    if isinstance(value, dt.date):
        return dt.datetime(_known_year(value.year), value.month, value.day)
    raise ConfigError(f'"{value}" is not a date; write it like 2024-01-31')


def parse_duration(value: object) -> dt.timedelta:
    """Read a length of time: ``"7D"``, ``"14 days"``, ``"2W"``, ``"12h"``, or a number of days.

    Parameters
    ----------
    value : str, int or datetime.timedelta
        A whole number with its unit (h, d, w); a bare number counts days.

    Returns
    -------
    datetime.timedelta
        Longer than zero.

    Raises
    ------
    ConfigError
        If it is not a length of time, or zero.

    Examples
    --------
    >>> parse_duration("14 days") == parse_duration("2W") == parse_duration(14)
    True
    """
    try:
        found = _duration_of(value)
    except (OverflowError, ValueError):  # more days, or more digits, than Python counts
        found = dt.timedelta.max
    if found is not None and found > _LONGEST:
        raise ConfigError(f'"{value}" is too long; a hundred years are the most')
    if found is None or found <= dt.timedelta(0):
        raise ConfigError(f'"{value}" is not a length of time; write it like "7D" or "14 days"')
    return found


def quarter_of(moment: dt.datetime) -> Period:
    """Return the calendar quarter that holds `moment`.

    Examples
    --------
    >>> quarter_of(dt.datetime(2023, 11, 22)).label
    '2023Q4'
    """
    start = dt.datetime(moment.year, 3 * ((moment.month - 1) // 3) + 1, 1)
    return Period(start=start, end=_add_months(start, 3))


def quarters_before(as_of: dt.datetime, n: int) -> list[Period]:
    """Return the last `n` complete quarters, those that ended at or before `as_of`.

    Parameters
    ----------
    as_of : datetime.datetime
        The moment seen from.
    n : int
        How many.

    Returns
    -------
    list of Period
        Oldest first.

    Examples
    --------
    >>> [quarter.label for quarter in quarters_before(dt.datetime(2024, 1, 1), 2)]
    ['2023Q3', '2023Q4']
    """
    end = quarter_of(as_of).start
    starts = [_add_months(end, -3 * k) for k in range(n, 0, -1)] if end else []
    return [Period(start=start, end=_add_months(start, 3)) for start in starts]


def _duration_of(value: object) -> dt.timedelta | None:
    if isinstance(value, dt.timedelta):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return dt.timedelta(days=value)
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        unit = (match[2] or "d")[0].lower()
        return dt.timedelta(hours=int(match[1]) * _HOURS[unit])
    return None


def _known_year(year: int) -> int:
    if year not in _YEARS:
        raise ConfigError(f"the year {year:04} lies outside {_YEARS[0]} to {_YEARS[-1]}")
    return year


def _period_of_text(text: str) -> Period:
    if text.strip().casefold() == "all":
        return Period()
    if match := _QUARTER.fullmatch(text):
        start = dt.datetime(_known_year(int(match[1])), 3 * int(match[2]) - 2, 1)
        return Period(start=start, end=_add_months(start, 3))
    if (match := _YEAR_MONTH.fullmatch(text)) and (match[2] is None or 1 <= int(match[2]) <= 12):
        start = dt.datetime(_known_year(int(match[1])), int(match[2] or 1), 1)
        return Period(start=start, end=_add_months(start, 1 if match[2] else 12))
    first, dots, second = text.partition("..")
    if dots:
        return parse_period(tuple(part.strip() or None for part in (first, second)))
    raise ConfigError(
        f'"{text}" is not a period; write "2023Q4", "2023", "2023-10" or "2023-07-01..2024-01-01"'
    )


def _add_months(moment: dt.datetime, months: int) -> dt.datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1)


def _is_zoned(moment: dt.datetime) -> bool:
    return moment.tzinfo is not None


def _is_midnight_of_first(moment: dt.datetime) -> bool:
    return moment.day == 1 and moment.time() == dt.time()


def _short(moment: dt.datetime | None) -> str:
    if moment is None:
        return ""
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat()
