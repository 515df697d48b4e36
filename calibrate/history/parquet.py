"""Parquet files where they are: the engine decodes the columns it needs, when it needs them."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from calibrate.engines import quote_identifier, quote_literal

__all__ = ["ParquetScan", "parquet_scan"]

_ROW = "file_row_number"


@dataclass(frozen=True, kw_only=True)
class ParquetScan:
    """Files of one table that the engine can read by itself.

    Parameters
    ----------
    paths : tuple of pathlib.Path
        In the order of the rows.
    rows : tuple of int
        How many each file holds.
    columns : tuple of str
        Names of all columns.
    cells : tuple of tuple of str
        For each file the SQL of each of these columns, of a plain type.
    """

    paths: tuple[Path, ...]
    rows: tuple[int, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]

    def relation(self, positions: Sequence[int]) -> str:
        """Return the SELECT of some columns.

        Parameters
        ----------
        positions : sequence of int
            Which columns.

        Returns
        -------
        str
            Gives ``row`` (counted from 0 over all files) and ``c<position>``, in the order of
            the rows; text as it stands in the file.
        """
        parts, first = [], 0
        for path, rows, cells in zip(self.paths, self.rows, self.cells, strict=True):
            listed = "".join(f", {cells[place]} AS c{place}" for place in positions)
            parts.append(
                f"SELECT {_ROW} + {first} AS row{listed} FROM read_parquet("
                f"{quote_literal(str(path))}, {_ROW} = true, hive_partitioning = false)"
            )
            first += rows
        return " UNION ALL ".join(parts)


def parquet_scan(paths: Sequence[Path], names: Sequence[str]) -> ParquetScan | None:
    """Return how the engine reads these files by itself.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Parquet files with their columns known to be readable.
    names : sequence of str
        Names of all their columns.

    Returns
    -------
    ParquetScan or None
        None where Arrow must read them: types that the engine sees otherwise than Arrow does
        (lists, decimals, durations), files that hold a column with different types, or names
        that the engine cannot tell apart.
    """
    folded = [name.casefold() for name in names]
    if len(set(folded)) < len(folded) or _ROW in folded:
        return None
    if any(glob.has_magic(str(path)) for path in paths):
        return None  # the engine would take the name for a pattern
    kinds: dict[str, str] = {}
    found: list[dict[str, str]] = []
    for path in paths:
        cells = _cells(pq.read_metadata(path))
        if cells is None:
            return None
        for name, (kind, _) in cells.items():
            if kinds.setdefault(name, kind) != kind:
                return None
        found.append({name: cell for name, (_, cell) in cells.items()})
    return ParquetScan(
        paths=tuple(paths),
        rows=tuple(pq.read_metadata(path).num_rows for path in paths),
        columns=tuple(names),
        cells=tuple(
            tuple(cells.get(name, f"CAST(NULL AS {kinds[name]})") for name in names)
            for cells in found
        ),
    )


def _cells(metadata: Any) -> dict[str, tuple[str, str]] | None:
    """Return kind and SQL of each column of a file; None where one is not plain."""
    schema, stored = metadata.schema.to_arrow_schema(), metadata.schema
    if len(stored) != len(schema.names):
        return None  # nested columns
    cells = {}
    for place, field in enumerate(schema):
        kind = _kind(field.type)
        if kind is None or stored.column(place).physical_type == "INT96":
            return None
        cells[field.name] = (kind, _cell(quote_identifier(field.name), field.type))
    return cells


def _kind(kind: Any) -> str | None:
    """Return the engine's type of a column, as it is registered from Arrow."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        return "VARCHAR" if _is_text(kind) else None
    if _is_text(kind):
        return "VARCHAR"
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            return "TIMESTAMP"
        return None if kind.unit == "ns" else "TIMESTAMP WITH TIME ZONE"
    return _PLAIN.get(kind)


def _is_text(kind: Any) -> bool:
    is_string = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return bool(is_string or pa.types.is_string_view(kind))


def _cell(column: str, kind: Any) -> str:
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return f"make_timestamp(epoch_ns({column}) // 1000)"  # truncated; a cast would round
    return f"CAST({column} AS DOUBLE)" if pa.types.is_float32(kind) else column


_PLAIN = {
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.float32(): "DOUBLE",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
}
