"""Any source (file, glob, data frame) as one Arrow table with its origin."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns
from calibrate.errors import DataError, did_you_mean
from calibrate.history.files import is_parquet, open_parquet, read_text_file
from calibrate.history.frames import arrow_of_frame, plain_types, sha256_of_table
from calibrate.history.parquet import ParquetScan, parquet_scan

__all__ = ["Columns", "Source", "SourceTable", "read_source"]

Columns = LeadColumns | OutcomeColumns | ActivityColumns


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where rows came from.

    Parameters
    ----------
    table : str
        ``leads``, ``outcomes`` or ``activities``.
    name : str
        Name of the file, never its path; ``data frame`` for one.
    rows : int
        How many rows it holds, without a header.
    sha256 : str
        Hash of the file's bytes, or of the data frame's Arrow IPC stream.

    Examples
    --------
    >>> Source(table="leads", name="deals.csv.gz", rows=3, sha256="ab").name
    'deals.csv.gz'
    """

    table: str
    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceTable:
    """The rows of one table, from however many files.

    Parameters
    ----------
    table : str
        ``leads``, ``outcomes`` or ``activities``.
    names : tuple of str
        Names of the columns as in the data.
    sources : tuple of Source
        In the order of the rows.
    is_text : bool
        Whether every cell is text (CSV, xlsx).
    is_workbook : bool
        Whether dates are spelled as in ISO 8601 whatever the settings say.
    delimiter : str or None
        What separated the cells.
    load : callable
        Positions of columns -> Arrow table with the columns ``c<position>``.
    scan : ParquetScan or None
        How the engine reads the rows by itself; None where only `load` can.
    """

    table: str
    names: tuple[str, ...]
    sources: tuple[Source, ...]
    is_text: bool
    is_workbook: bool = False
    delimiter: str | None = None
    load: Callable[[Sequence[int]], pa.Table]
    scan: ParquetScan | None = None

    @property
    def file(self) -> str:
        """Name for messages: the file, or the first one of several."""
        return self.sources[0].name

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(source.rows for source in self.sources)

    def place(self, row: int) -> dict[str, Any]:
        """Return file and row as a spreadsheet shows them, for the row counted from 0.

        Parameters
        ----------
        row : int
            Place among all rows.

        Returns
        -------
        dict
            ``file`` and ``row``; the first row of a text file is 2 (the header is 1), of
            anything else 1.
        """
        for source in self.sources:
            if row < source.rows:
                return {"file": source.name, "row": row + (2 if self.is_text else 1)}
            row -= source.rows
        return {"file": self.file}


def read_source(
    source: object, table: str, columns: Columns, *, may_be_empty: bool = False
) -> SourceTable:
    """Open a source: a path, a glob, or a pandas, polars or Arrow frame.

    Parameters
    ----------
    source : path, glob or frame
        The rows. Several files are read in the order of their names.
    table : str
        ``leads``, ``outcomes`` or ``activities``.
    columns : LeadColumns, OutcomeColumns or ActivityColumns
        The settings say encoding, delimiter and decimal sign.
    may_be_empty : bool
        Whether a header alone will do.

    Returns
    -------
    SourceTable
        Every cell as text for CSV and xlsx, the source's own types otherwise.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read as a table.
    """
    if not isinstance(source, (str, Path)):
        opened = _of_frame(source, table)
        if opened.rows == 0 and not may_be_empty:
            raise DataError(f"the data frame of the {table} has no row")
        return opened
    paths = _find(str(source), table)
    if all(is_parquet(path) for path in paths):
        opened = _of_parquet(paths, table)
    else:
        opened = _of_text(paths, table, columns)
    if opened.rows == 0 and not may_be_empty:
        raise DataError("there is a header but no row", file=opened.file, fix="export it again")
    return opened


def _find(pattern: str, table: str) -> list[Path]:
    if "://" in pattern:
        raise DataError(
            f"the source of the {table} is an address",
            fix="download it, and give the path of the file",
        )
    path = Path(pattern)
    if path.is_file():
        return [path]
    if path.is_dir():
        raise DataError("this is a folder", file=path.name, fix=f'say e.g. "{path.name}/*.csv"')
    if glob.has_magic(pattern):
        names = sorted(glob.glob(pattern))  # noqa: PTH207 - pathlib takes no absolute pattern
        found = [Path(name) for name in names if Path(name).is_file()]
        if found:
            return found
        raise DataError(f'no file matches "{Path(pattern).name}"', fix=f"check [{table}] source")
    near = ""
    if path.parent.is_dir():
        near = did_you_mean(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    raise DataError(f'there is no file "{path.name}"{near}')


def _of_frame(frame: object, table: str) -> SourceTable:
    data = arrow_of_frame(frame, table)
    origin = Source(
        table=table, name="data frame", rows=data.num_rows, sha256=sha256_of_table(data)
    )
    plain = plain_types(data)
    return SourceTable(
        table=table,
        names=tuple(data.column_names),
        sources=(origin,),
        is_text=False,
        load=lambda positions: _select(plain, positions),
    )


def _of_parquet(paths: list[Path], table: str) -> SourceTable:
    schemas = [open_parquet(path) for path in paths]
    names = tuple(dict.fromkeys(name for schema in schemas for name in schema.names))
    sources = tuple(
        Source(
            table=table,
            name=path.name,
            rows=pq.read_metadata(path).num_rows,
            sha256=_sha256_of_file(path),
        )
        for path in paths
    )

    def load(positions: Sequence[int]) -> pa.Table:
        parts = []
        for path, schema in zip(paths, schemas, strict=True):
            wanted = [names[position] for position in positions]
            here = [name for name in wanted if name in schema.names]
            part = plain_types(pq.read_table(path, columns=here, partitioning=None))
            for name in wanted:
                if name not in here:
                    part = part.append_column(name, pa.nulls(part.num_rows))
            renamed = [f"c{position}" for position in positions]
            parts.append(part.select(wanted).rename_columns(renamed))
        return _stack(parts, paths)

    return SourceTable(
        table=table,
        names=names,
        sources=sources,
        is_text=False,
        load=load,
        scan=parquet_scan(paths, names),
    )


def _of_text(paths: list[Path], table: str, columns: Columns) -> SourceTable:
    parts, sources, workbook, delimiter = [], [], False, None
    for path in paths:
        if is_parquet(path):
            raise DataError(
                "Parquet and text files together", file=path.name, fix="name one kind only"
            )
        cells, workbook = read_text_file(
            path,
            encoding=columns.encoding,
            delimiter=columns.delimiter,
            decimal=columns.decimal,
            may_be_narrow=table == "outcomes",
        )
        delimiter = cells.delimiter
        parts.append(cells.data.rename_columns(_unique(cells.names, path.name)))
        sources.append(
            Source(
                table=table,
                name=path.name,
                rows=cells.data.num_rows,
                sha256=_sha256_of_file(path),
            )
        )
    data = _stack(parts, paths)
    return SourceTable(
        table=table,
        names=tuple(data.column_names),
        sources=tuple(sources),
        is_text=True,
        is_workbook=workbook,
        delimiter=delimiter,
        load=lambda positions: _select(data, positions),
    )


def _unique(names: Sequence[str], file: str) -> list[str]:
    seen: dict[str, int] = {}
    unique = []
    for place, name in enumerate(names, start=1):
        shown = name or f"column {place}"
        if shown in seen:
            raise DataError(
                f"the name stands over column {seen[shown]} and column {place}",
                file=file,
                column=shown,
                fix="rename one of them",
            )
        seen[shown] = place
        unique.append(shown)
    return unique


def _select(data: pa.Table, positions: Sequence[int]) -> pa.Table:
    return data.select(list(positions)).rename_columns([f"c{place}" for place in positions])


def _stack(parts: list[pa.Table], paths: list[Path]) -> pa.Table:
    if len(parts) == 1:
        return parts[0]
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException:
        raise DataError(
            "the files of one table hold the same column with different types",
            file=paths[0].name,
            fix="write them alike, or as CSV",
        ) from None


def _sha256_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
