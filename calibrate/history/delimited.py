"""Delimited text: its encoding, its delimiter, its rows."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pacsv

from calibrate.errors import DataError

__all__ = ["DELIMITERS", "TextTable", "decode", "parse_delimited", "sniff_delimiter"]

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_SAMPLE = 200_000
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, eq=False, kw_only=True)
class TextTable:
    r"""Cells of one file, all as text where the file is text.

    Parameters
    ----------
    names : tuple of str
        The header.
    data : pyarrow.Table
        One column a name, called ``c0``, ``c1``, ...
    delimiter : str or None
        What separates the cells.

    Examples
    --------
    >>> parse_delimited("a;b\n1;2\n", file="x.csv").delimiter
    ';'
    """

    names: tuple[str, ...]
    data: pa.Table
    delimiter: str | None = None


def decode(content: bytes, *, file: str, encoding: str | None = None) -> str:
    """Return the text of a file.

    Parameters
    ----------
    content : bytes
        The file's bytes.
    file : str
        Its name, for the message.
    encoding : str, optional
        What the settings say. Without it the text is UTF-8, or UTF-16 where a byte order
        mark says so; nothing else is guessed, because any bytes would pass as cp1252.

    Returns
    -------
    str
        The text, without a byte order mark.

    Raises
    ------
    DataError
        Where bytes cannot be decoded, naming the row; where the text is UTF-8 although the
        settings say otherwise.

    Examples
    --------
    >>> decode("Città".encode("cp1252"), file="x.csv", encoding="cp1252")
    'Città'
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        chosen = "utf-16"
    elif (
        encoding is None
        or content.startswith(b"\xef\xbb\xbf")
        or encoding.lower().replace("_", "-") in {"utf-8", "utf8"}
    ):
        chosen = "utf-8-sig"
    else:
        chosen = encoding
    try:
        text = content.decode(chosen)
    except UnicodeDecodeError as error:
        shown = chosen.removesuffix("-sig").upper()
        if chosen != "utf-8-sig":
            fix = "say which encoding it is, or save it as UTF-8"
        else:
            fix = 'say encoding = "cp1252" if Excel on Windows wrote it, or save it as "CSV UTF-8"'
        row = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"the text is not {shown}", file=file, row=row, fix=fix) from None
    except (LookupError, UnicodeError):  # a codec that is none of characters
        problem = f'"{chosen}" cannot be decoded'
        raise DataError(problem, file=file, fix='say an encoding such as "cp1252"') from None
    if chosen not in ("utf-8-sig", "utf-16") and _is_utf8(content):
        raise DataError(
            f'the text is UTF-8, but the settings say encoding = "{chosen}"',
            file=file,
            fix="take that line out of this table",
        )
    text = text.removesuffix("\x1a")
    if _CONTROL.search(text, 0, _SAMPLE):
        raise DataError(
            "this is not a CSV file; it holds binary data",
            file=file,
            fix="give a CSV, CSV.gz, Parquet or xlsx file",
        )
    return text


def _is_utf8(content: bytes) -> bool:
    """Whether bytes beyond ASCII are UTF-8; text of another encoding hardly ever passes as such."""
    if content.isascii():
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def sniff_delimiter(text: str) -> str | None:
    r"""Guess what separates the cells: comma, semicolon, tab or bar.

    Parameters
    ----------
    text : str
        The text, with its header.

    Returns
    -------
    str or None
        The candidate that gives every one of the first rows the same number of cells, and
        the most of them; else the one that gives the header most cells; None where none of
        them stands in the header.

    Examples
    --------
    >>> sniff_delimiter("id;importo\n1;2,5\n2;3,5\n")
    ';'
    """
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    best: tuple[bool, int, int] = (False, 1, 0)
    found = None
    for rank, delimiter in enumerate(DELIMITERS):
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row, _ in zip(reader, range(200), strict=False) if any(row)]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        quality = (len(set(widths)) == 1, widths[0], -rank)
        if quality > best:
            best, found = quality, delimiter
    return found


def parse_delimited(
    text: str, *, file: str, delimiter: str | None = None, may_be_narrow: bool = False
) -> TextTable:
    r"""Return the cells of delimited text, every one as text.

    Parameters
    ----------
    text : str
        The whole file. A first line ``sep=;`` is Excel's way to name the delimiter.
    file : str
        Its name, for messages.
    delimiter : str, optional
        What the settings say; default the guess of `sniff_delimiter`.
    may_be_narrow : bool
        Whether a single column is a table, as a list of ids is.

    Returns
    -------
    TextTable
        The header and the cells; a blank row has only empty cells.

    Raises
    ------
    DataError
        Where there is nothing in it, the delimiter is wrong, or a row has more or fewer
        cells than the header.

    Examples
    --------
    >>> parse_delimited("a,b\n1,x\n", file="x.csv").data.to_pylist()
    [{'c0': '1', 'c1': 'x'}]
    """
    marked = _SEPARATOR_LINE.match(text)
    if marked:
        text, delimiter = text[marked.end() :], delimiter or marked.group(1)
    if not text.strip():
        raise DataError("the file is empty", file=file, fix="export it again")
    guess = sniff_delimiter(text)
    chosen = delimiter or guess or ","
    if len(chosen) != 1 or not chosen.isascii() or chosen in '"\r\n':
        problem = f'cells cannot be separated by "{chosen}"'
        raise DataError(problem, file=file, fix='say delimiter = ";", or what it is')
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=chosen))
        wrong, table = _parse(text, chosen, len(header))
    except (csv.Error, pa.ArrowInvalid):
        raise _open_quote(file, None) from None
    if len(header) < 2 and not may_be_narrow:
        raise _one_column(file, chosen, guess, given=delimiter is not None)
    if text.count('"') % 2 and table.num_rows and _has_line_break(table):
        raise _open_quote(file, table.num_rows + 1)
    if wrong is not None:
        row, cells = wrong
        raise DataError(
            f"{cells} cells, but the header has {len(header)}",
            file=file,
            row=row,
            fix=f"cells are taken to be separated by {_named(chosen)}; quote the cells that "
            "hold one, or name another delimiter",
        )
    names = tuple(name.strip() for name in header)
    return TextTable(names=names, data=table, delimiter=chosen)


def _named(delimiter: str) -> str:
    return _NAMES.get(delimiter, f'"{delimiter}"')


def _has_line_break(table: pa.Table) -> bool:
    """Whether a cell of the last row runs over several lines."""
    return any("\n" in column[-1].as_py() for column in table.columns)


def _open_quote(file: str, row: int | None) -> DataError:
    return DataError(
        'a quote (") is opened and never closed', file=file, row=row, fix="export it again"
    )


def _one_column(file: str, chosen: str, guess: str | None, *, given: bool) -> DataError:
    if given and guess and guess != chosen:
        shown = "\\t" if guess == "\t" else guess
        return DataError(
            f"{_named(chosen)} separates nothing in the header",
            file=file,
            fix=f'say delimiter = "{shown}"',
        )
    return DataError(
        "this is not a CSV file: the header is a single cell",
        file=file,
        fix="name the delimiter, or give a CSV, CSV.gz, Parquet or xlsx file",
    )


def _parse(text: str, delimiter: str, width: int) -> tuple[tuple[int, int] | None, pa.Table]:
    wrong: list[tuple[int, int]] = []

    def judge(row: pacsv.InvalidRow) -> str:
        wrong.append((row.number, row.actual_columns))
        return "skip"

    columns = [f"c{position}" for position in range(width)]
    table = pacsv.read_csv(
        pa.BufferReader(text.encode("utf-8")),
        read_options=pacsv.ReadOptions(
            column_names=columns, skip_rows_after_names=1, use_threads=False, block_size=1 << 24
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=judge,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
        ),
    )
    return (wrong[0] if wrong else None), table
