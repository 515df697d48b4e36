"""What a column looks like: dates, numbers, names, spellings of "missing"."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from calibrate.config import ActivityColumns, LeadColumns
from calibrate.errors import DataError
from calibrate.history.sources import SourceTable, read_source
from calibrate.proposal.words import NULL_WORDS

__all__ = ["Column", "TableLook", "look_at"]

_DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[T ,].*)?")
_NUMBER = re.compile(r"[-+]?\d[\d.,]*\d|[-+]?\d")
_UNCLEAR_NUMBER = re.compile(r"[-+]?\d{1,3}\.\d{3}")
_CLEAR_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d{1,2}|[.,]\d{4,})")
_NEARLY_ALL = 0.98
_SAMPLE = 5_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Column:
    """One column: its name and its values, the missing ones left out.

    Parameters
    ----------
    name : str
    values : sequence
        Cells with something in them, as text unless the file knows types.
    rows : int
        Cells in all.
    """

    name: str
    values: Sequence[object]
    rows: int

    @cached_property
    def distinct(self) -> dict[str, int]:
        """Values as text with how often they occur, the most frequent first."""
        counts: dict[str, int] = {}
        for value in self.values:
            text = _text(value)
            counts[text] = counts.get(text, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return len(self.distinct) == self.rows

    @cached_property
    def is_date(self) -> bool:
        """Whether nearly all values are dates."""
        return self._nearly_all(lambda v: isinstance(v, dt.date) or bool(_date_parts(v)))

    @cached_property
    def is_number(self) -> bool:
        """Whether nearly all values are numbers."""
        return not self.is_date and self._nearly_all(
            lambda v: isinstance(v, (int, float)) or bool(_NUMBER.fullmatch(str(v)))
        )

    @cached_property
    def date_orders(self) -> set[str]:
        """Orders the dates can be in: none for ISO dates, else day first or month first."""
        parts = [_date_parts(v) for v in self.values if isinstance(v, str)]
        short = [part for part in parts if part and part[0] <= 31]
        if not self.is_date or not short:
            return set()
        orders = {"%d/%m/%Y", "%m/%d/%Y"}
        if any(part[0] > 12 for part in short):
            orders.discard("%m/%d/%Y")
        if any(part[1] > 12 for part in short):
            orders.discard("%d/%m/%Y")
        return orders

    def _nearly_all(self, test: Callable[[object], bool]) -> bool:
        sample = self.values[:_SAMPLE]
        return bool(sample) and sum(map(test, sample)) >= _NEARLY_ALL * len(sample)


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
    """

    source: str
    columns: tuple[Column, ...]
    encoding: str | None
    delimiter: str | None
    null_values: tuple[str, ...]

    @property
    def unclear_decimal(self) -> bool:
        """Whether some numbers could have thousands or decimals, and none tells."""
        if self.delimiter in (None, ","):
            return False
        values = [str(v) for c in self.columns if c.is_number for v in c.values[:_SAMPLE]]
        unclear = any(_UNCLEAR_NUMBER.fullmatch(value) for value in values)
        return unclear and not any(_CLEAR_NUMBER.fullmatch(value) for value in values)

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
    data = source.load(range(len(source.names)))
    cells = [_cells(column) for column in data.columns]
    nulls = _null_words(cells) if source.is_text else ()
    missing = {word.casefold() for word in nulls}
    columns = tuple(
        Column(name=name, values=_without(values, missing), rows=data.num_rows)
        for name, values in zip(source.names, cells, strict=True)
    )
    return TableLook(
        source=str(path),
        columns=columns,
        encoding=encoding,
        delimiter=source.delimiter,
        null_values=nulls,
    )


def _open(path: Path, table: str, encoding: str | None) -> SourceTable:
    kind = LeadColumns if table == "leads" else ActivityColumns
    return read_source(str(path), table, kind(encoding=encoding))


def _cells(column: pa.ChunkedArray) -> list[object]:
    return [v.strip() if isinstance(v, str) else v for v in column.to_pylist()]


def _null_words(columns: list[list[object]]) -> tuple[str, ...]:
    words = frozenset(NULL_WORDS)
    found = {
        value: None
        for cells in columns
        for value in dict.fromkeys(cells)
        if isinstance(value, str) and value.casefold() in words
    }
    return tuple(sorted(found))


def _without(cells: list[object], missing: set[str]) -> list[object]:
    return [
        value
        for value in cells
        if value is not None and value != "" and str(value).casefold() not in missing
    ]


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _date_parts(value: object) -> tuple[int, int] | None:
    """First and second number of a date; None if the text is no date."""
    match = _DATE.fullmatch(str(value))
    if match is None or 4 not in (len(match[1]), len(match[3])):
        return None
    return int(match[1]), int(match[2])
