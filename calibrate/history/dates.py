"""Moments spelled as text: which order a column is written in, and its SQL.

A column is read when its dates can be read in exactly one of three orders: year-month-day
(ISO 8601), day/month/year, month/day/year; with ``/``, ``-`` or ``.`` between them, with or
without a time, seconds, fractions, AM/PM or a zone. A column that could be either of the last
two takes the order that the other date columns of its file are proven to have. Anything else
is refused, and ``date_format`` settles it. Up to 1 % may be no dates: missing, and counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from calibrate.engines import quote_literal, quote_literals
from calibrate.errors import DataError
from calibrate.history.personal import masked
from calibrate.history.staging import Staged

__all__ = [
    "TOLERATED_SHARE",
    "DateReading",
    "date_order",
    "date_values",
    "read_dates",
    "with_dates",
]

TOLERATED_SHARE = 0.01

_TIME = r"[T ,]\s*\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d{1,9})?)?"
_HALF = r"\s*[AaPp]\.?[Mm]\.?"
_ZONE = r"\s*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
_TAIL = rf"(?:,?{_TIME}(?:{_HALF})?(?:{_ZONE})?)?"
_PATTERNS = {
    "ymd": rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}{_TAIL}",
    "dmy": rf"\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}{_TAIL}",
    "mdy": rf"\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}{_TAIL}",
}
_DATE_PARTS = {
    "ymd": (r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2}),?[ T]*", r"\1-\2-\3 "),
    "dmy": (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}),?[ T]*", r"\3-\2-\1 "),
    "mdy": (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}),?[ T]*", r"\3-\1-\2 "),
}
_USUAL = r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
_WORDS = {"ymd": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
_ORDER_OF_FORMAT = re.compile(r"\s*%(-?[Ymd])[-/.]%(-?[Ymd])[-/.]%(-?[Ymd])(.*)", re.DOTALL)
_HAS_TIME = r"\d[T ,]+\d{1,2}[:.]\d{2}"
_IS_AWARE = rf":\d{{2}}(?:[.,]\d+)?{_ZONE}$"
_IS_HALF = rf"\d{_HALF}(?:{_ZONE})?$"


@dataclass(frozen=True, kw_only=True)
class DateReading:
    """How a column is read as moments.

    Parameters
    ----------
    value : str
        SQL of the moment: TIMESTAMP without a zone, NULL where there is none.
    is_date : str
        SQL of whether it is a date without a time.
    """

    value: str
    is_date: str


@dataclass(frozen=True, kw_only=True)
class _Profile:
    """How many values of a text column each order can read, and how many not at midnight."""

    position: int
    values: int
    readable: Mapping[str, int]
    timed: Mapping[str, int]
    any_order: int
    has_mixed_zones: bool

    @property
    def orders(self) -> list[str]:
        """Orders that read whatever can be read at all, if that is nearly everything."""
        if self.any_order == 0 or self.any_order < self.values * (1 - TOLERATED_SHARE):
            return []
        return [order for order, n in self.readable.items() if n == self.any_order]


def date_values(cell: str, order: str, *, zone: str = "UTC", into: str = "UTC") -> str:
    """Return the SQL that reads a text cell as a moment, in one order.

    Parameters
    ----------
    cell : str
        SQL of the text.
    order : str
        ``ymd``, ``dmy``, ``mdy``, or a format of strptime.
    zone, into : str
        Zone that times without one are in; zone of the answer.

    Returns
    -------
    str
        An expression of type TIMESTAMP; NULL where the cell is not such a date.
    """
    if order not in _PATTERNS:
        return _moved(_by_format(cell, order), zone, into)
    pattern, spelling = _DATE_PARTS[order]
    plain = f"trim(regexp_replace({cell}, '{pattern}', '{spelling}'))"
    plain = (
        f"CASE WHEN regexp_matches({plain}, ' \\d{{1,2}}\\.\\d{{2}}(\\.\\d{{2}})?$') "
        f"THEN replace({plain}, '.', ':') ELSE replace({plain}, ',', '.') END"
    )
    half = f"upper(replace(regexp_replace({plain}, '\\s*([AaPp])\\.?[Mm]\\.?', ' \\1M'), '.', ':'))"
    formats = "['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p']"
    aware = f"regexp_replace({plain}, '\\s*(Z|UTC|GMT)$', '+00')"
    quick = ""
    if order == "ymd":
        read = _moved(f"TRY_CAST({cell} AS TIMESTAMP)", zone, into, cell)
        quick = f"WHEN regexp_full_match({cell}, '{_USUAL}') THEN {read} "
    return (
        f"CASE {quick}WHEN NOT regexp_full_match({cell}, '{_PATTERNS[order]}') THEN NULL "
        f"WHEN regexp_matches({cell}, '{_IS_HALF}') "
        f"THEN {_moved(f'try_strptime({half}, {formats})', zone, into)} "
        f"WHEN regexp_matches({cell}, '{_IS_AWARE}') "
        f"THEN timezone({quote_literal(into)}, TRY_CAST({aware} AS TIMESTAMPTZ)) "
        f"ELSE {_moved(f'TRY_CAST({plain} AS TIMESTAMP)', zone, into, cell)} END"
    )


def read_dates(
    staged: Staged,
    positions: Mapping[str, int],
    *,
    date_format: str | None,
    zone: str = "UTC",
    into: str = "UTC",
) -> dict[str, DateReading]:
    """Find out how the date columns of a table are written.

    Parameters
    ----------
    staged : Staged
        The table.
    positions : mapping of str to int
        Meaning of each date column -> its position.
    date_format : str or None
        What the settings say.
    zone, into : str
        Zone that times without one are in; zone of the answer.

    Returns
    -------
    dict of str to DateReading
        One for each meaning.

    Raises
    ------
    DataError
        If a column holds no dates, could be read in two ways, or mixes times with and
        without a zone; naming file, column, row and value.
    """
    given = _order_of(date_format)
    text = [place for place in dict.fromkeys(positions.values()) if not _is_native(staged, place)]
    zones = (zone, into)
    profiles = {place: _profile(staged, place, given, zones) for place in text}
    proven = {p.orders[0] for p in profiles.values() if len(p.orders) == 1} - {"ymd"}
    readings: dict[str, DateReading] = {}
    for meaning, position in positions.items():
        if position in profiles:
            order = _chosen(staged, profiles[position], given, proven)
            readings[meaning] = _text_reading(staged, profiles[position], order, zone, into)
        else:
            readings[meaning] = _native_reading(staged, position, zone, into)
    return readings


def with_dates(
    staged: Staged, readings: Mapping[str, DateReading]
) -> tuple[str, dict[str, DateReading]]:
    """Return the SQL of the table with every date read once, and how to name the dates.

    Parameters
    ----------
    staged : Staged
        The table.
    readings : mapping of str to DateReading
        From `read_dates`.

    Returns
    -------
    str, dict of str to DateReading
        A subquery, and the readings in terms of its columns.
    """
    cells = "".join(
        f", {reading.value} AS t_{meaning}, {reading.is_date} AS d_{meaning}"
        for meaning, reading in readings.items()
    )
    named = {
        meaning: DateReading(value=f"t_{meaning}", is_date=f"d_{meaning}") for meaning in readings
    }
    return f"(SELECT *{cells} FROM {staged.name})", named


def date_order(staged: Staged, position: int, date_format: str | None) -> str | None:
    """Return the one order a text column can be read in, or None; never an error.

    Parameters
    ----------
    staged : Staged
        The table.
    position : int
        The column.
    date_format : str or None
        What the settings say.

    Returns
    -------
    str or None
        For `date_values`.
    """
    orders = _profile(staged, position, _order_of(date_format), ("UTC", "UTC")).orders
    return orders[0] if len(orders) == 1 else None


def _moved(moment: str, zone: str, into: str, cell: str | None = None) -> str:
    if zone == into:
        return moment
    moved = f"timezone({quote_literal(into)}, timezone({quote_literal(zone)}, {moment}))"
    if cell is None:
        return moved
    return f"CASE WHEN regexp_matches({cell}, '{_HAS_TIME}') THEN {moved} ELSE {moment} END"


def _by_format(cell: str, date_format: str) -> str:
    date_part = re.split(r"[T ]*%-?[HIX]", date_format, maxsplit=1)[0]
    spellings = [date_format, date_part, f"{date_part} %H:%M:%S", f"{date_part} %H:%M"]
    formats = quote_literals(dict.fromkeys(spellings))
    return f"CAST(try_strptime({cell}, [{formats}]) AS TIMESTAMP)"


def _order_of(date_format: str | None) -> str | None:
    if date_format is None:
        return None
    match = _ORDER_OF_FORMAT.fullmatch(date_format)
    if match is None:
        return date_format
    order = "".join(match.group(part).strip("-").lower() for part in (1, 2, 3))
    return order if order in _PATTERNS else date_format


def _cell(position: int) -> str:
    column = f"CAST(c{position} AS VARCHAR)"
    return f"CASE WHEN {column} LIKE '0000-00-00%' THEN NULL ELSE {column} END"


def _is_native(staged: Staged, position: int) -> bool:
    return staged.types[position].startswith(("TIMESTAMP", "DATE"))


def _profile(staged: Staged, position: int, given: str | None, zones: tuple[str, str]) -> _Profile:
    orders = ["ymd"] if given is None else list(dict.fromkeys([given, "ymd"]))
    found = _counts(staged, position, orders, zones)
    if given is None and found["readable_0"] < found["n"]:
        orders = ["ymd", "dmy", "mdy"]
        found = _counts(staged, position, orders, zones)
    return _Profile(
        position=position,
        values=found["n"],
        readable={order: found[f"readable_{place}"] for place, order in enumerate(orders)},
        timed={order: found[f"timed_{place}"] for place, order in enumerate(orders)},
        any_order=found["any_order"],
        has_mixed_zones=bool(found["aware"] and found["naive"]),
    )


def _counts(
    staged: Staged, position: int, orders: list[str], zones: tuple[str, str]
) -> dict[str, int]:
    zone, into = zones
    values = [
        f"{date_values('v', order, zone=zone, into=into)} AS r{place}"
        for place, order in enumerate(orders)
    ]
    names = [f"r{place}" for place in range(len(orders))]
    counted = [
        f"count({name}) AS readable_{place}, "
        f"count(*) FILTER ({name} <> date_trunc('day', {name}) AND {staged.by_as_of(name)}) "
        f"AS timed_{place}"
        for place, name in enumerate(names)
    ]
    sql = (
        f"SELECT count(v) AS n, {', '.join(counted)}, "
        f"count(coalesce({', '.join(names)})) AS any_order, "
        "count(*) FILTER (aware) AS aware, "
        f"count(*) FILTER (NOT aware AND regexp_matches(v, '{_HAS_TIME}')) AS naive "
        f"FROM (SELECT v, regexp_matches(v, '{_IS_AWARE}') AS aware, {', '.join(values)} FROM "
        f"(SELECT {_cell(position)} AS v FROM {staged.name}))"
    )
    row: dict[str, int] = staged.engine.query(sql).to_pylist()[0]
    return row


def _chosen(staged: Staged, profile: _Profile, given: str | None, proven: set[str]) -> str:
    orders = profile.orders
    if profile.values == 0:
        return "ymd"
    if given is not None and profile.any_order >= profile.values * (1 - TOLERATED_SHARE):
        return given
    if len(orders) == 1:
        return orders[0]
    shared = [order for order in orders if order in proven]
    if len(shared) == 1 and len(proven) == 1:
        return shared[0]
    raise _refusal(staged, profile, given)


def _refusal(staged: Staged, profile: _Profile, given: str | None) -> DataError:
    column = staged.source.names[profile.position]
    orders = list(profile.readable)
    unread = " OR ".join(f"{date_values('v', order)} IS NULL" for order in orders)
    none = " AND ".join(f"{date_values('v', order)} IS NULL" for order in orders)
    if profile.orders:
        fix = 'say date_format = "%d/%m/%Y" or "%m/%d/%Y"'
        condition, problem = "true", "is day/month or month/day: no date of the file tells"
    elif profile.any_order < profile.values * (1 - TOLERATED_SHARE):
        condition, problem = none, "is not a date"
        known = f'as date_format = "{_WORDS.get(given, given)}" says; ' if given else ""
        fix = f'{known}say date_format, e.g. "%d.%m.%y", or null_values if it means "no date"'
    else:
        condition, problem = unread, "is written in another order than other dates of the column"
        fix = "write the dates of a column in one order, best 2024-01-31"
    found = staged.engine.query(
        f"SELECT row, v FROM (SELECT row, {_cell(profile.position)} AS v FROM {staged.name}) "
        f"WHERE v IS NOT NULL AND ({condition}) ORDER BY row LIMIT 1"
    ).to_pylist()[0]
    place = staged.source.place(found["row"])
    return DataError(problem, **place, column=column, value=masked(found["v"]), fix=fix)


def _text_reading(
    staged: Staged, profile: _Profile, order: str, zone: str, into: str
) -> DateReading:
    if profile.has_mixed_zones:
        raise _mixed_zones(staged, profile.position)
    cell = _cell(profile.position)
    value = date_values(cell, order, zone=zone, into=into)
    timed = profile.timed.get(order, 0)
    if order != "ymd" and profile.readable.get("ymd"):
        value = f"coalesce({value}, {date_values(cell, 'ymd', zone=zone, into=into)})"
        timed += profile.timed["ymd"]
    n = profile.values - profile.any_order
    if n:
        unread = f"{cell} IS NOT NULL AND ({value}) IS NULL"
        staged.add(
            f'values of "{staged.source.names[profile.position]}" that are no date',
            n,
            "taken as missing",
            staged.examples(f"c{profile.position}", unread, distinct=True),
        )
    if not timed:
        return DateReading(value=value, is_date="true")
    if order in _PATTERNS:
        return DateReading(value=value, is_date=f"NOT regexp_matches({cell}, '{_HAS_TIME}')")
    return DateReading(value=value, is_date=f"({value}) = date_trunc('day', {value})")


def _native_reading(staged: Staged, position: int, zone: str, into: str) -> DateReading:
    column, kind = f"c{position}", staged.types[position]
    if kind == "DATE":
        return DateReading(value=f"CAST({column} AS TIMESTAMP)", is_date="true")
    if kind == "TIMESTAMP WITH TIME ZONE":
        value = f"timezone({quote_literal(into)}, {column})"
        return DateReading(value=value, is_date=_is_date(staged, value, value))
    is_date = _is_date(staged, column, _moved(column, zone, into))
    value = column if is_date == "true" else _moved(column, zone, into)
    return DateReading(value=f"CAST({value} AS TIMESTAMP)", is_date=is_date)


def _is_date(staged: Staged, value: str, moment: str) -> str:
    timed = f"({value}) <> date_trunc('day', {value}) AND {staged.by_as_of(moment)}"
    return "false" if staged.any(timed) else "true"  # later values decide nothing


def _mixed_zones(staged: Staged, position: int) -> DataError:
    odd = staged.engine.query(
        f"SELECT row, v, aware FROM (SELECT row, v, regexp_matches(v, '{_IS_AWARE}') AS aware, "
        f"regexp_matches(v, '{_HAS_TIME}') AS timed FROM "
        f"(SELECT row, {_cell(position)} AS v FROM {staged.name})) WHERE timed "
        "QUALIFY row_number() OVER (PARTITION BY aware ORDER BY row) = 1 ORDER BY row"
    ).to_pylist()[1]
    return DataError(
        f"has {'a' if odd['aware'] else 'no'} time zone, other times of the column "
        f"have {'none' if odd['aware'] else 'one'}",
        **staged.source.place(odd["row"]),
        column=staged.source.names[position],
        value=odd["v"],
        fix="export the column with a zone in every cell, or in none",
    )
