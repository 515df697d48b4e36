"""What a column looks like: dates, numbers, names, spellings of "missing"."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from calibrate.config import ActivityColumns, LeadColumns
from calibrate.errors import DataError
from calibrate.history.sources import SourceTable, read_source
from calibrate.proposal.spelled import formats_of
from calibrate.proposal.words import NULL_WORDS

__all__ = ["Column", "TableLook", "date_parts", "look_at"]

_DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[T ,].*)?", re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d[\d.,]*\d|[-+]?\d")
_UNCLEAR_NUMBER = re.compile(r"[-+]?\d{1,3}\.\d{3}")
_CLEAR_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d{1,2}|[.,]\d{4,})")
_CODE = re.compile(r"[A-Z]{2,5}")
_NEARLY_ALL = 0.98
_SAMPLE = 5_000
_MOST_ROWS = 500_000  # enough to know a column; a log of years needs no more


@dataclass(frozen=True, eq=False, kw_only=True)
class Column:
    """One column: its name and its cells.

    Parameters
    ----------
    name : str
    data : pyarrow.ChunkedArray
        One cell a row, missing ones null; text without blanks around it.
    """

    name: str
    data: pa.ChunkedArray

    @classmethod
    def of(cls, name: str, values: Iterable[object]) -> Column:
        """Return a column of these cells, None where one is missing.

        Examples
        --------
        >>> Column.of("n", ["1.234", None]).is_number
        True
        """
        return cls(name=name, data=pa.chunked_array([pa.array(list(values))]))

    @property
    def rows(self) -> int:
        """Cells in all."""
        return len(self.data)

    @property
    def filled(self) -> int:
        """Cells with something in them."""
        return len(self.data) - int(self.data.null_count)

    @cached_property
    def counts(self) -> dict[object, int]:
        """Values with how often they occur, in the order of the file."""
        counted = self.data.drop_null().value_counts()
        values, numbers = counted.field(0).to_pylist(), counted.field(1).to_pylist()
        return dict(zip(values, numbers, strict=True))

    @cached_property
    def values(self) -> Sequence[object]:
        """Different values, in the order of the file."""
        return list(self.counts)

    @cached_property
    def distinct(self) -> dict[str, int]:
        """Values as text with how often they occur, the most frequent first."""
        counts: dict[str, int] = {}
        for value, n in self.counts.items():
            text = _text(value)
            counts[text] = counts.get(text, 0) + n
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return len(self.counts) == self.rows

    @cached_property
    def is_date(self) -> bool:
        """Whether nearly all values are dates, or all once it is said how they are written."""
        is_plain = self._nearly_all(lambda v: isinstance(v, dt.date) or bool(date_parts(v)))
        return is_plain or self.is_spelled

    @cached_property
    def is_number(self) -> bool:
        """Whether nearly all values are numbers."""
        return not self.is_date and self._nearly_all(
            lambda v: isinstance(v, (int, float)) or bool(_NUMBER.fullmatch(str(v)))
        )

    @cached_property
    def is_category(self) -> bool:
        """Whether it holds words that come again and again."""
        return not (self.is_date or self.is_number) and len(self.counts) <= 0.2 * self.filled

    @property
    def is_spelled(self) -> bool:
        """Whether it holds dates that are read only where ``date_format`` says how."""
        return bool(self._spellings)

    @cached_property
    def _spellings(self) -> list[str]:
        sample = list(islice(self.counts, _SAMPLE))
        texts = [value for value in sample if isinstance(value, str)]
        return formats_of(texts) if len(texts) == len(sample) else []

    @property
    def date_order(self) -> str | None:
        """The order that its own dates prove; None where they prove none, or none has to."""
        return next(iter(self.date_orders)) if len(self.date_orders) == 1 else None

    @cached_property
    def date_orders(self) -> set[str]:
        """Orders the dates can be in: none for ISO dates, else day first or month first."""
        if self.is_spelled:
            return set(self._spellings)
        parts = [date_parts(v) for v in self.values if isinstance(v, str)]
        short = [part for part in parts if part and part[0] <= 31]
        if not self.is_date or not short:
            return set()
        orders = {"%d/%m/%Y", "%m/%d/%Y"}
        if any(part[0] > 12 for part in short):
            orders.discard("%m/%d/%Y")
        if any(part[1] > 12 for part in short):
            orders.discard("%d/%m/%Y")
        return orders

    def filled_where(self, other: Column, values: Iterable[str]) -> int:
        """Count the cells with something in them in the rows where another column has a value."""
        wanted = pa.array(list(values), pa.string())
        rows = pc.is_in(pc.cast(other.data, pa.string()), value_set=wanted)
        return int(pc.sum(pc.and_(rows, self.data.is_valid())).as_py() or 0)

    def _nearly_all(self, test: Callable[[object], bool]) -> bool:
        sample = list(islice(self.counts.items(), _SAMPLE))
        passed = sum(n for value, n in sample if test(value))
        return bool(sample) and passed >= _NEARLY_ALL * sum(n for _, n in sample)


@dataclass(frozen=True, eq=False, kw_only=True)
class TableLook:
    """The columns of a file, and how the file must be read.

    Parameters
    ----------
    source : str
        As given.
    columns : tuple of Column
    encoding : str or None
        Where it is not UTF-8.
    delimiter : str or None
        As found; None for files that know their columns.
    null_values : tuple of str
        Spellings of a missing value that occur.
    is_whole : bool
        Whether every row was looked at.
    """

    source: str
    columns: tuple[Column, ...]
    encoding: str | None
    delimiter: str | None
    null_values: tuple[str, ...]
    is_whole: bool = True

    @property
    def file(self) -> str:
        """Name of the file."""
        return Path(self.source).name

    @property
    def rows(self) -> int:
        """Rows looked at."""
        return self.columns[0].rows

    @property
    def dates(self) -> list[Column]:
        """Columns of dates."""
        return [column for column in self.columns if column.is_date]

    def column(self, name: str | None) -> Column | None:
        """Return the column of a name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def unclear_decimal(self) -> bool:
        """Whether some numbers could have thousands or decimals, and none tells."""
        if self.delimiter in (None, ","):
            return False
        values = [str(v) for c in self.columns if c.is_number for v in c.values[:_SAMPLE]]
        unclear = any(_UNCLEAR_NUMBER.fullmatch(value) for value in values)
        return unclear and not any(_CLEAR_NUMBER.fullmatch(value) for value in values)

    @property
    def date_order(self) -> str | None:
        """The order that some date proves; None where none does, or none has to."""
        proven = {column.date_order for column in self.columns} - {None}
        return proven.pop() if len(proven) == 1 else None

    @property
    def unclear_dates(self) -> bool:
        """Whether dates could have day or month first, and none tells."""
        orders = [column.date_orders for column in self.columns]
        return any(len(o) == 2 for o in orders) and not any(len(o) == 1 for o in orders)


def look_at(path: Path, table: str) -> TableLook:
    """Read a file and look at its columns.

    Raises
    ------
    DataError
        If it cannot be read as a table.
    """
    encoding = None
    try:
        source = _open(path, table, None)
    except DataError as error:
        if "is not UTF-8" not in str(error):
            raise
        encoding = "cp1252"
        source = _open(path, table, encoding)
    cells = [_cells(source, place) for place in range(len(source.names))]
    nulls = _null_words(cells) if source.is_text else ()
    columns = tuple(
        Column(name=name, data=_without(data, nulls))
        for name, data in zip(source.names, cells, strict=True)
    )
    return TableLook(
        source=str(path),
        columns=columns,
        encoding=encoding,
        delimiter=source.delimiter,
        null_values=nulls,
        is_whole=source.rows <= _MOST_ROWS,
    )


def date_parts(value: object) -> tuple[int, int] | None:
    """First and second number of a date; None if the text is no date.

    Examples
    --------
    >>> date_parts("31/12/2023 10:00"), date_parts("12 days")
    ((31, 12), None)
    """
    match = _DATE.fullmatch(str(value))
    if match is None or 4 not in (len(match[1]), len(match[3])):
        return None
    return int(match[1]), int(match[2])


def _open(path: Path, table: str, encoding: str | None) -> SourceTable:
    kind = LeadColumns if table == "leads" else ActivityColumns
    return read_source(str(path), table, kind(encoding=encoding))


def _cells(source: SourceTable, place: int) -> pa.ChunkedArray:
    """Return the cells of a column, text without blanks around it, empty ones null."""
    data = source.load([place]).column(0).slice(0, _MOST_ROWS)
    if pa.types.is_dictionary(data.type):
        data = data.cast(data.type.value_type)
    if not (pa.types.is_string(data.type) or pa.types.is_large_string(data.type)):
        return data
    data = pc.utf8_trim_whitespace(data.cast(pa.string()))
    return pc.if_else(pc.equal(data, ""), None, data)


def _null_words(columns: Iterable[pa.ChunkedArray]) -> tuple[str, ...]:
    words, found, codes = frozenset(NULL_WORDS), set(), set()
    for data in columns:
        values = [v for v in data.unique().to_pylist() if isinstance(v, str)]
        some = {value for value in values if value.casefold() in words}
        found |= some
        if sum(map(bool, map(_CODE.fullmatch, values))) >= 0.5 * len(values):
            codes |= some & {"NA"}  # a region, beside EMEA and APAC
    return tuple(sorted(found - codes))


def _without(data: pa.ChunkedArray, nulls: tuple[str, ...]) -> pa.ChunkedArray:
    if not nulls:
        return data
    missing = pc.is_in(data, value_set=pa.array(nulls, pa.string()))
    return pc.if_else(missing, None, data)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
