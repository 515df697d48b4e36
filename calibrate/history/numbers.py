"""Numbers spelled as text: decimal point or decimal comma, and their SQL.

``1234.5`` and ``1,234.5`` can only have a decimal point, ``1234,5`` and ``1.234,5`` only a
decimal comma; ``1.234`` alone could be either. A column is read by what its values prove; where
they prove nothing, by ``decimal`` of the settings, then by what the other columns of the file
prove, then with a point if commas separate the cells; else it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calibrate.errors import DataError
from calibrate.history.dates import TOLERATED_SHARE
from calibrate.history.personal import masked
from calibrate.history.staging import Staged

__all__ = [
    "NUMBER_TYPES",
    "NumberProfile",
    "count_unreadable",
    "needed_number",
    "number_values",
    "only_number",
    "profile_numbers",
    "read_number",
    "settle_decimal",
    "sign_of",
]

_POINT = r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?(?:[eE][-+]?\d{1,3})?"
_COMMA = r"[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+)?(?:,\d+)?"
_PATTERNS = {".": _POINT, ",": _COMMA}
_DRESSING = "[\\s\u00a0\u202f'’€$£¥]"
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT")
NUMBER_TYPES = (*_NUMBERS, "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE", "BOOLEAN")


@dataclass(frozen=True, kw_only=True)
class NumberProfile:
    """How many values of a text column are numbers, with either decimal sign.

    Parameters
    ----------
    position : int
        The column.
    values : int
        Cells with something in them.
    point, comma : int
        How many can be read with a decimal point, with a decimal comma.
    either : int
        How many can be read at all.
    differ : int
        How many mean two different numbers.
    """

    position: int
    values: int
    point: int
    comma: int
    either: int
    differ: int

    @property
    def signs(self) -> tuple[str, ...]:
        """Decimal signs that read whatever is a number, if that is nearly everything."""
        if self.either == 0 or self.either < self.values * (1 - TOLERATED_SHARE):
            return ()
        counts = ((".", self.point), (",", self.comma))
        return tuple(sign for sign, n in counts if n == self.either)

    @property
    def is_ambiguous(self) -> bool:
        """Whether the two signs give different numbers and nothing decides."""
        return len(self.signs) == 2 and self.differ > 0


def number_values(cell: str, sign: str) -> str:
    """Return the SQL that reads a text cell as a number.

    Parameters
    ----------
    cell : str
        SQL of the text.
    sign : str
        The decimal sign, ``.`` or ``,``.

    Returns
    -------
    str
        An expression of type DOUBLE, NULL where the cell is no number.
    """
    bare = f"regexp_replace({cell}, '{_DRESSING.replace(chr(39), chr(39) * 2)}', '', 'g')"
    if sign == ".":
        plain = f"replace({bare}, ',', '')"
    else:
        plain = f"replace(replace({bare}, '.', ''), ',', '.')"
    return (
        f"CASE WHEN regexp_full_match({bare}, '{_PATTERNS[sign]}') "
        f"THEN TRY_CAST({plain} AS DOUBLE) END"
    )


def profile_numbers(staged: Staged, position: int) -> NumberProfile:
    """Count how many values of a text column are numbers.

    Parameters
    ----------
    staged : Staged
        The table.
    position : int
        The column.

    Returns
    -------
    NumberProfile
        The counts.
    """
    row = staged.engine.query(
        "SELECT coalesce(sum(k), 0) AS n, "
        "coalesce(sum(k) FILTER (point IS NOT NULL), 0) AS point, "
        "coalesce(sum(k) FILTER (comma IS NOT NULL), 0) AS comma, "
        "coalesce(sum(k) FILTER (coalesce(point, comma) IS NOT NULL), 0) AS either, "
        "coalesce(sum(k) FILTER (point <> comma), 0) AS differ FROM "
        f"(SELECT k, {number_values('v', '.')} AS point, {number_values('v', ',')} AS comma "
        f"FROM (SELECT c{position} AS v, count(*) AS k FROM {staged.name} "
        f"WHERE c{position} IS NOT NULL GROUP BY c{position}))"
    ).to_pylist()[0]
    return NumberProfile(
        position=position,
        values=int(row["n"]),
        point=int(row["point"]),
        comma=int(row["comma"]),
        either=int(row["either"]),
        differ=int(row["differ"]),
    )


def settle_decimal(
    staged: Staged, profiles: Iterable[NumberProfile], *, decimal: str | None
) -> str | None:
    """Return the decimal sign of a file where a column does not prove its own.

    Parameters
    ----------
    staged : Staged
        The table.
    profiles : iterable of NumberProfile
        Its columns.
    decimal : str or None
        What the settings say.

    Returns
    -------
    str or None
        None where nothing tells.
    """
    if decimal is not None:
        return decimal
    proven = {profile.signs[0] for profile in profiles if len(profile.signs) == 1}
    if len(proven) == 1:
        return next(iter(proven))
    if staged.source.delimiter == "," or not staged.source.is_text or staged.source.is_workbook:
        return "."
    return None


def sign_of(staged: Staged, profile: NumberProfile, settled: str | None) -> str:
    """Return the decimal sign of one column.

    Parameters
    ----------
    staged : Staged
        The table.
    profile : NumberProfile
        The column; some sign must read it.
    settled : str or None
        The sign of the file, from `settle_decimal`.

    Returns
    -------
    str
        ``.`` or ``,``.

    Raises
    ------
    DataError
        If its values mean different numbers with either sign and nothing tells which.
    """
    if len(profile.signs) == 1:
        return profile.signs[0]
    if settled is not None:
        return settled
    if not profile.is_ambiguous:
        return "."
    cell = f"c{profile.position}"
    row, value = _first(
        staged,
        profile.position,
        f"({number_values(cell, '.')}) <> ({number_values(cell, ',')})",
    )
    raise DataError(
        "could be a decimal or thousands",
        **staged.source.place(row),
        column=staged.source.names[profile.position],
        value=value,
        fix='say decimal = "," or decimal = "."',
    )


def read_number(
    staged: Staged, position: int, profiles: Mapping[int, NumberProfile], decimal: str | None
) -> str:
    """Return the SQL of a column that must hold numbers.

    Parameters
    ----------
    staged : Staged
        The table.
    position : int
        The column.
    profiles : mapping of int to NumberProfile
        The text columns looked at so far, this one among them if it is text.
    decimal : str or None
        What the settings say.

    Returns
    -------
    str
        An expression of type DOUBLE; what is no number is missing, and counted.

    Raises
    ------
    DataError
        If more than one value in a hundred is no number, or nothing tells the decimal sign.
    """
    column = f"c{position}"
    if staged.types[position] in NUMBER_TYPES:
        return f"CAST({column} AS DOUBLE)"
    if not staged.is_text(position):
        raise _no_number(staged, position, "true")
    profile = profiles[position]
    if profile.values == 0:
        return "CAST(NULL AS DOUBLE)"
    if not profile.signs:
        unread = _is_no_number(column)
        if profile.either >= profile.values * (1 - TOLERATED_SHARE):
            sign = "." if profile.point >= profile.comma else ","
            unread = f"({number_values(column, sign)}) IS NULL"
        raise _no_number(staged, position, unread)
    sign = sign_of(staged, profile, settle_decimal(staged, profiles.values(), decimal=decimal))
    count_unreadable(staged, profile)
    return number_values(column, sign)


def needed_number(staged: Staged, profile: NumberProfile, settled: str | None) -> str:
    """Return the SQL of a text column that must be numbers, whatever it holds.

    Parameters
    ----------
    staged : Staged
        The table.
    profile : NumberProfile
        The column.
    settled : str or None
        The sign of the file, from `settle_decimal`.

    Returns
    -------
    str
        An expression of type DOUBLE; what is no number is missing, and counted. In a data
        frame each value is read alone, so that its neighbours do not change it.
    """
    count_unreadable(staged, profile)
    column = f"c{profile.position}"
    if staged.source.is_text and profile.signs:
        return number_values(column, sign_of(staged, profile, settled))
    point, comma = number_values(column, "."), number_values(column, ",")
    return f"coalesce({comma}, {point})" if settled == "," else f"coalesce({point}, {comma})"


def only_number(staged: Staged, position: int | None, *, decimal: str | None) -> str:
    """Return the SQL of the one column of numbers that a table has.

    Parameters
    ----------
    staged : Staged
        The table.
    position : int or None
        The column; None where there is none.
    decimal : str or None
        What the settings say.

    Returns
    -------
    str
        As `read_number` gives it; NULL without a column.
    """
    if position is None:
        return "CAST(NULL AS DOUBLE)"
    profiles = {position: profile_numbers(staged, position)} if staged.is_text(position) else {}
    return read_number(staged, position, profiles, decimal)


def count_unreadable(staged: Staged, profile: NumberProfile) -> None:
    """Note how many values of a column of numbers are none.

    Parameters
    ----------
    staged : Staged
        The table.
    profile : NumberProfile
        The column.
    """
    n = profile.values - profile.either
    if n:
        column = f"c{profile.position}"
        unread = f"{column} IS NOT NULL AND {_is_no_number(column)}"
        staged.add(
            f'values of "{staged.source.names[profile.position]}" that are no number',
            n,
            "taken as missing",
            staged.examples(column, unread, distinct=True),
        )


def _is_no_number(cell: str) -> str:
    return f"({number_values(cell, '.')}) IS NULL AND ({number_values(cell, ',')}) IS NULL"


def _no_number(staged: Staged, position: int, condition: str) -> DataError:
    row, value = _first(staged, position, condition)
    return DataError(
        "is not a number",
        **staged.source.place(row),
        column=staged.source.names[position],
        value=masked(value),
        fix='correct it, or name its spelling in null_values if it means "missing"',
    )


def _first(staged: Staged, position: int, condition: str) -> tuple[int, str]:
    found = staged.engine.query(
        f"SELECT row, CAST(c{position} AS VARCHAR) AS v FROM {staged.name} "
        f"WHERE c{position} IS NOT NULL AND ({condition}) ORDER BY row LIMIT 1"
    ).to_pylist()[0]
    return found["row"], found["v"]
