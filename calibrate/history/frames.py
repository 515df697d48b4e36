"""Data frames as Arrow tables of plain types, and their hash."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.errors import DataError

__all__ = ["arrow_of_frame", "plain_types", "sha256_of_table"]


def arrow_of_frame(frame: Any, table: str) -> pa.Table:
    """Return a pandas, polars or Arrow frame as an Arrow table.

    Parameters
    ----------
    frame : frame
        Anything tabular; an index of pandas is left out.
    table : str
        What it holds, for messages.

    Returns
    -------
    pyarrow.Table
        Columns with text as names, "column 3" for the third if it has none, as in files; columns
        of mixed Python objects become text.

    Raises
    ------
    DataError
        If it is no table, or two columns have the same name.

    Examples
    --------
    >>> arrow_of_frame(pd.DataFrame({"a": [1, 2]}), "leads").num_rows
    2
    """
    if isinstance(frame, pd.DataFrame):
        data = _of_pandas(frame, table)
    elif isinstance(frame, pa.Table):
        data = frame
    elif isinstance(frame, pa.RecordBatch):
        data = pa.Table.from_batches([frame])
    elif hasattr(frame, "to_arrow"):
        data = frame.to_arrow()
    elif hasattr(frame, "__arrow_c_stream__"):
        data = pa.table(frame)
    else:
        kind = type(frame).__name__
        raise DataError(
            f"the {table} are a {kind}",
            fix="give a path, or a pandas, polars or Arrow frame",
        )
    names = [
        name if name.strip() else f"column {place}"
        for place, name in enumerate(data.column_names, start=1)
    ]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            "two columns have this name", file="data frame", column=twice, fix="rename one of them"
        )
    return data.rename_columns(names)


def plain_types(data: pa.Table) -> pa.Table:
    """Return the table with only the types the statements know.

    Parameters
    ----------
    data : pyarrow.Table
        Any columns.

    Returns
    -------
    pyarrow.Table
        Text, whole and floating numbers, booleans, dates and microsecond timestamps. Finer
        times are truncated; categories become their values; what is left (lists, structures,
        durations) becomes text.

    Examples
    --------
    >>> plain_types(pa.table({"a": pa.array(["x"]).dictionary_encode()})).schema.field("a").type
    DataType(string)
    """
    columns = [_plain(column) for column in data.columns]
    return pa.table(columns, names=data.column_names)


def sha256_of_table(data: pa.Table) -> str:
    """Return the hash of a table's content, as an Arrow IPC stream of one batch.

    Parameters
    ----------
    data : pyarrow.Table
        The table; metadata and chunks do not matter.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> one = pa.table({"a": [1, 2, 3]})
    >>> sha256_of_table(one) == sha256_of_table(pa.concat_tables([one[:1], one[1:]]))
    True
    """
    sink = _HashSink()
    bare = data.replace_schema_metadata(None).combine_chunks()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), bare.schema) as writer:
        writer.write_table(bare)
    return sink.digest.hexdigest()


class _HashSink:
    """A file that keeps only the hash of what is written to it."""

    closed = False

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, content: Any) -> int:
        self.digest.update(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""


def _of_pandas(frame: pd.DataFrame, table: str) -> pa.Table:
    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(
            f"the columns of the {table} have several levels",
            file="data frame",
            fix="join their names to one",
        )
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    columns = [_of_series(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return pa.Table.from_arrays(columns, names=list(frame.columns))


def _of_series(series: Any) -> Any:
    try:
        return pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError):
        missing = series.isna()
        return pa.array(
            [None if gone else str(value) for value, gone in zip(series, missing, strict=True)]
        )


def _plain(column: Any) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_timestamp(kind):
        return column if kind.unit == "us" else column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if _is_text(kind) or pa.types.is_date32(kind) or pa.types.is_boolean(kind):
        return column
    if pa.types.is_date64(kind):
        return column.cast(pa.date32())
    if pa.types.is_integer(kind) or pa.types.is_float64(kind) or pa.types.is_null(kind):
        return column
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    return _spelled(column)


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _spelled(column: Any) -> Any:
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException:
        return pa.array([None if value is None else str(value) for value in column.to_pylist()])
