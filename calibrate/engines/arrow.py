"""Arrow tables in the few types that all engines take and give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["as_doubles", "plain_types", "stable_types"]

_EXACT = 2**53  # doubles hold every whole number up to it
_POWERS = 22  # and every power of ten up to this one


def as_doubles(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return numbers as doubles, each the nearest one there is.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Of any numbers. Arrow multiplies decimals by a power of ten that is not exact itself, so
        that 0.1 would become 0.09999999999999999.

    Returns
    -------
    pyarrow.ChunkedArray
        Of float64.

    Examples
    --------
    >>> import decimal
    >>> tenth = pa.chunked_array([pa.array([decimal.Decimal("0.100000"), None])])
    >>> as_doubles(tenth).to_pylist()
    [0.1, None]
    """
    if not pa.types.is_decimal(column.type):
        return column.cast(pa.float64())
    scale = column.type.scale
    wide = column.cast(pa.decimal128(38, scale))
    return pa.chunked_array([_doubles(chunk, scale) for chunk in wide.chunks], pa.float64())


def _doubles(chunk: pa.Array, scale: int) -> pa.Array:
    words: NDArray[np.int64] = np.frombuffer(chunk.buffers()[1] or b"", dtype=np.int64)
    low, high = words[2 * chunk.offset :][: 2 * len(chunk)].reshape(-1, 2).T
    missing = np.asarray(chunk.is_null())
    simple = (high == low >> 63) & (low < _EXACT) & (low > -_EXACT) & (0 <= scale <= _POWERS)
    values = low / 10.0 ** max(scale, 0)
    for place in np.flatnonzero(~simple & ~missing):
        values[place] = float(chunk[int(place)].as_py())
    return pa.array(values, pa.float64(), mask=missing)


def plain_types(table: pa.Table) -> pa.Table:
    """Return a table in types that every database can take.

    Parameters
    ----------
    table : pyarrow.Table
        Numbered texts become texts again; times lose their zone, in UTC, and what is finer than
        a microsecond; a column of nothing is one of texts.

    Returns
    -------
    pyarrow.Table
    """
    return _cast(table, _plain)


def stable_types(table: pa.Table) -> pa.Table:
    """Return an answer in the types that it has from every database.

    Parameters
    ----------
    table : pyarrow.Table

    Returns
    -------
    pyarrow.Table
        Of int64, float64, bool, string, date32 and timestamp[us] without a zone, in UTC.
    """
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(place, field.name, as_doubles(table.column(place)))
    return _cast(table, _stable)


def _cast(table: pa.Table, change: Callable[[pa.DataType], pa.DataType]) -> pa.Table:
    fields = [pa.field(field.name, change(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields), safe=False)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_null(kind) or pa.types.is_large_string(kind):
        return pa.string()
    return kind


def _stable(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    return _plain(kind)
