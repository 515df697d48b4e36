"""Cells of a database's table as the history reads them: SQL that each engine answers alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from calibrate.engines import quote_identifier, quote_literal, quote_literals
from calibrate.history.loading import WHITE, spelled

__all__ = ["Cell", "is_one_of", "kind_of", "moment_cell", "moved", "truncated"]

_KINDS = (
    ("instant", ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "TIMESTAMPTZ_NS")),
    ("moment", ("TIMESTAMP", "DATETIME")),
    ("date", ("DATE",)),
    ("boolean", ("BOOLEAN", "BOOL")),
    ("integer", ("TINYINT", "SMALLINT", "INTEGER", "INT", "BIGINT", "HUGEINT", "UTINYINT",
                 "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")),
    ("number", ("DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC")),
    ("text", ("VARCHAR", "TEXT", "CHAR", "STRING", "ENUM")),
)  # fmt: skip
_WITH_CONVERT_TIMEZONE = ("spark", "databricks", "snowflake")  # the others: AT TIME ZONE
_WHOLE = 1e15
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")


def kind_of(type_name: str) -> str:
    """Return what a column of a database holds.

    Parameters
    ----------
    type_name : str
        Its type as `Engine.columns` names it.

    Returns
    -------
    str
        ``instant`` (a time with a zone), ``moment``, ``date``, ``boolean``, ``integer``,
        ``number``, ``text``, or ``other``.

    Examples
    --------
    >>> kind_of("TIMESTAMP WITH TIME ZONE"), kind_of("DECIMAL(10,2)"), kind_of("UUID")
    ('instant', 'number', 'other')
    """
    name = type_name.upper()
    if name.endswith("]"):
        return "other"
    bare = name.split("(")[0].strip()
    for kind, names in _KINDS:
        if bare in names or (kind == "moment" and bare.startswith("TIMESTAMP")):
            return kind
    return "other"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A column of a database's table, cleaned as cells of files are.

    Parameters
    ----------
    name : str
        Of the column.
    kind : str
        From `kind_of`.
    null_values : tuple of str
        Spellings of a missing value.
    is_clean : bool
        Whether it was seen that no cell of the column has anything to clean.
    white : str
        SQL of the characters that are taken off both ends of a text.
    """

    name: str
    kind: str
    null_values: tuple[str, ...] = ()
    is_clean: bool = False
    white: str = quote_literal(WHITE)

    @property
    def raw(self) -> str:
        """SQL of the column as it stands."""
        return f"t.{quote_identifier(self.name)}"

    @property
    def value(self) -> str:
        """SQL of its value; NULL where it is empty, no number, or spelled as missing."""
        if self.is_clean:
            return f"CAST({self.raw} AS VARCHAR)" if self.kind == "text" else self.raw
        if self.kind == "text":
            value = f"trim(CAST({self.raw} AS VARCHAR), {self.white})"
            for missing in ("", *self.null_values):
                value = f"nullif({value}, {quote_literal(missing)})"
            return value
        gone = []
        if self.kind == "number":
            gone.append(f"lower(CAST({self.raw} AS VARCHAR)) = 'nan'")
            numbers = [null for null in self.null_values if _is_number(null)]
            gone += [f"{self.raw} IN ({', '.join(numbers)})"] if numbers else []
        elif self.null_values:
            gone.append(f"CAST({self.raw} AS VARCHAR) IN ({quote_literals(self.null_values)})")
        if not gone:
            return self.raw
        return f"CASE WHEN {' OR '.join(gone)} THEN NULL ELSE {self.raw} END"

    @property
    def text(self) -> str:
        """SQL of its value as text; whole numbers without a fraction."""
        if self.kind == "text":
            return self.value
        if self.kind != "number":
            return f"CAST({self.value} AS VARCHAR)"
        value = self.value
        whole = f"{value} = floor({value}) AND abs({value}) < {_WHOLE:.0f}"
        return (
            f"CASE WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) "
            f"ELSE CAST({value} AS VARCHAR) END"
        )


def is_one_of(text: str, values: Sequence[object]) -> str:
    """Return the SQL of whether a text is one of some values of the settings.

    Parameters
    ----------
    text : str
        SQL of it.
    values : sequence of values
        Compared as cells spell them.

    Returns
    -------
    str
        A condition; false for a missing text, and where there is no value.

    Examples
    --------
    >>> is_one_of("c0", ["Test", 1.0]), is_one_of("c0", [])
    ("coalesce(c0 IN ('Test', '1'), FALSE)", 'FALSE')
    """
    listed = quote_literals(map(spelled, values))
    return f"coalesce({text} IN ({listed}), FALSE)" if listed else "FALSE"


def moment_cell(cell: Cell, *, into: str, dialect: str) -> str:
    """Return the SQL of a column of times, not yet moved from the zone of its table.

    Parameters
    ----------
    cell : Cell
        Of the kind ``instant``, ``moment`` or ``date``.
    into : str
        Time zone of the answer, for times that have a zone.
    dialect : str
        Of the engine.

    Returns
    -------
    str
        An expression of type TIMESTAMP, truncated to microseconds.
    """
    value = cell.value
    if cell.kind == "instant":
        value = f"({value}) AT TIME ZONE {quote_literal(into)}"
    if cell.kind != "date" and dialect == "duckdb":  # may be finer, and a cast would round
        return (
            f"CASE WHEN typeof({cell.raw}) IN ('TIMESTAMP_NS', 'TIMESTAMPTZ_NS') "
            f"THEN {truncated(value)} ELSE CAST({value} AS TIMESTAMP) END"
        )
    return f"CAST({value} AS TIMESTAMP)"


def truncated(moment: str) -> str:
    """Return the SQL of DuckDB for a time in nanoseconds, in whole microseconds."""
    return f"make_timestamp(epoch_ns({moment}) // 1000)"


def moved(moment: str, zone: str, into: str, *, dialect: str) -> str:
    """Return the SQL of a local time of one zone as the local time of another.

    Parameters
    ----------
    moment : str
        SQL of type TIMESTAMP.
    zone, into : str
        Zone it is in; zone of the answer.
    dialect : str
        Of the engine, or of a statement for a warehouse.

    Returns
    -------
    str
        An expression of type TIMESTAMP. Of an hour that occurs twice, when the clocks go back,
        it is the second, on every engine.
    """
    if zone == into:
        return moment
    here, there = quote_literal(zone), quote_literal(into)
    if dialect not in _WITH_CONVERT_TIMEZONE:
        return f"(({moment}) AT TIME ZONE {here}) AT TIME ZONE {there}"
    first = f"convert_timezone({here}, 'UTC', {moment})"
    later = f"({first} + INTERVAL 1 HOUR)"
    is_twice = f"convert_timezone('UTC', {here}, {later}) = {moment}"
    return f"convert_timezone('UTC', {there}, CASE WHEN {is_twice} THEN {later} ELSE {first} END)"


def _is_number(text: str) -> bool:
    """Whether a cell of numbers can be spelled so: 5 or 5.5, never 5.0."""
    return bool(_NUMBER.fullmatch(text)) and abs(float(text)) < _WHOLE
