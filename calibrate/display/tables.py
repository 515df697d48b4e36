"""Tables of written values: as texts, as HTML for a notebook, as plain text for a terminal."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pandas as pd

from calibrate.display.values import (
    clean_text,
    format_number,
    format_value,
    is_missing,
    is_number,
    numbers_of,
    shorten,
)

__all__ = ["format_table", "html_table", "is_numeric_column", "text_table"]


def format_table(df: pd.DataFrame, *, lang: str = "en") -> pd.DataFrame:
    """Return a table of texts: every value written the way its column is written.

    Examples
    --------
    >>> format_table(pd.DataFrame({"n": [1200], "rate": [0.36]})).to_dict("records")
    [{'n': '1,200', 'rate': '36.0%'}]
    """
    written = {
        column: [format_value(str(column), value, lang=lang) for value in df[column]]
        for column in df.columns
    }
    return pd.DataFrame(written, index=df.index, columns=df.columns, dtype=object)


def html_table(
    df: pd.DataFrame, *, caption: str | None = None, max_rows: int = 50, lang: str = "en"
) -> str:
    """Return an HTML table with every cell escaped; what a notebook shows of a result.

    Examples
    --------
    >>> "&lt;script&gt;" in html_table(pd.DataFrame({"source": ["<script>"]}))
    True
    """
    written = format_table(df.head(max_rows), lang=lang)
    right = [is_numeric_column(df, column) for column in df.columns]
    style = ["right" if is_right else "left" for is_right in right]
    head = "".join(
        f'<th scope="col" style="text-align:{side}">{_escape(name)}</th>'
        for name, side in zip(df.columns, style, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{side}"><bdi>{_escape(cell)}</bdi></td>'
            for cell, side in zip(row, style, strict=True)
        )
        + "</tr>"
        for row in written.itertuples(index=False, name=None)
    )
    title = f"<caption>{_escape(caption)}</caption>" if caption else ""
    rest = len(df) - max_rows
    more = numbers_of(lang).more_rows.format(n=format_number(rest, lang=lang))
    note = f"<p>{_escape(more)}</p>" if rest > 0 else ""
    return (
        f"<table>{title}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>{note}"
    )


def text_table(df: pd.DataFrame, *, lang: str = "en", width: int = 40) -> str:
    """Return a plain-text table: numbers right, texts left, long texts cut at `width`.

    Examples
    --------
    >>> print(text_table(pd.DataFrame({"criterion": ["clicked"], "n": [1200], "rate": [0.36]})))
    criterion      n   rate
    clicked    1,200  36.0%
    """
    written = format_table(df, lang=lang)
    columns: list[list[str]] = []
    for column in df.columns:
        cells = [shorten(text, width) for text in [clean_text(column), *written[column]]]
        size = max(len(cell) for cell in cells)
        pad: Callable[[str, int], str] = str.rjust if is_numeric_column(df, column) else str.ljust
        columns.append([pad(cell, size) for cell in cells])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def is_numeric_column(df: pd.DataFrame, column: Any) -> bool:
    """Tell whether a column is set flush right: a number of any kind, not yes/no.

    Examples
    --------
    >>> frame = pd.DataFrame({"n": [1], "name": ["a"]})
    >>> is_numeric_column(frame, "n"), is_numeric_column(frame, "name")
    (True, False)
    """
    values = [value for value in df[column] if not is_missing(value)]
    return bool(values) and all(is_number(value) for value in values)


def _escape(value: Any) -> str:
    return html.escape(clean_text(value), quote=True)
