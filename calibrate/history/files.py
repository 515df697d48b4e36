"""One file: what it is by its first bytes, and its cells."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from calibrate.errors import DataError
from calibrate.history.delimited import TextTable, decode, parse_delimited

__all__ = ["is_parquet", "open_parquet", "read_text_file"]

_FOREIGN = (
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls) or a protected one"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"{", "a JSON file"),
)
_WANTED = "give a CSV, CSV.gz, Parquet or xlsx file"


def is_parquet(path: Path) -> bool:
    """Whether the file starts as a Parquet file does, whatever it is called.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    bool
        True for ``PAR1``.
    """
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def read_text_file(
    path: Path,
    *,
    encoding: str | None,
    delimiter: str | None,
    decimal: str | None,
    may_be_narrow: bool = False,
) -> tuple[TextTable, bool]:
    """Read a CSV, CSV.gz or xlsx file, every cell as text.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    encoding, delimiter, decimal : str or None
        What the settings say.
    may_be_narrow : bool
        Whether a single column is a table, as a list of ids is.

    Returns
    -------
    TextTable, bool
        The cells, and whether they come from a workbook (whose dates are spelled as in
        ISO 8601 and whose numbers with `decimal`).

    Raises
    ------
    DataError
        If it is something else, empty, damaged, or cannot be decoded.
    """
    content = _unpacked(path)
    for start, kind in _FOREIGN:
        if content[:64].lstrip().lower().startswith(start.lower()):
            raise DataError(f"this is not a CSV file, it is {kind}", file=path.name, fix=_WANTED)
    if content.startswith(b"PK\x03\x04"):
        return _read_workbook(content, path.name, decimal or "."), True
    text = decode(content, file=path.name, encoding=encoding)
    table = parse_delimited(text, file=path.name, delimiter=delimiter, may_be_narrow=may_be_narrow)
    return table, False


def open_parquet(path: Path) -> pa.Schema:
    """Return the columns of a Parquet file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    pyarrow.Schema
        Names and types.

    Raises
    ------
    DataError
        If it is damaged.
    """
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError):
        raise DataError(
            "the Parquet file is damaged", file=path.name, fix="export it again"
        ) from None


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        try:
            return gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise DataError(
                "the gz file is damaged", file=path.name, fix="export it again"
            ) from None
    return content


def _read_workbook(content: bytes, file: str, decimal: str) -> TextTable:
    import openpyxl  # noqa: PLC0415  - heavy, and only workbooks need it

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise DataError(
                    "this is not a CSV file, it is a zip archive",
                    file=file,
                    fix=f"unpack it, then {_WANTED}",
                )
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise DataError("the workbook is damaged", file=file, fix="save it again") from None
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = [[_cell_text(cell, decimal) for cell in row] for row in sheet.iter_rows()]
    finally:
        book.close()
    return _table_of_rows(rows, file)


def _table_of_rows(rows: list[list[str]], file: str) -> TextTable:
    if not any(any(row) for row in rows):
        raise DataError("the first sheet is empty", file=file, fix="put the table on it")
    header = rows[0]
    width = max((place + 1 for place, name in enumerate(header) if name), default=0)
    if width == 0:
        raise DataError(
            "the first row of the first sheet is empty",
            file=file,
            fix="the header must be its first row",
        )
    body = [row + [""] * (width - len(row)) for row in rows[1:]]
    for number, row in enumerate(body, start=2):
        if any(row[width:]):
            cells = max(place + 1 for place, text in enumerate(row) if text)
            raise DataError(
                f"{cells} cells, but the header has {width}",
                file=file,
                row=number,
                fix="give every column a name in the first row",
            )
    columns = {
        f"c{place}": pa.array([row[place] for row in body], pa.string()) for place in range(width)
    }
    return TextTable(names=tuple(name.strip() for name in header[:width]), data=pa.table(columns))


def _cell_text(cell: Any, decimal: str) -> str:
    value = cell.value
    if value is None or getattr(cell, "data_type", None) == "e":
        return ""
    if isinstance(value, dt.datetime):
        has_time = value.time() != dt.time() or "h" in str(cell.number_format).lower()
        return value.isoformat(sep=" ") if has_time else value.date().isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else repr(value).replace(".", decimal)
    return str(value).strip()
