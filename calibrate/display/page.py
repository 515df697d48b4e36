"""What a notebook cell shows: a sentence, then a table that a person can read.

No colour is set but a grey line that is seen on white and on black: the notebook's own theme,
light or dark, decides.
"""

from __future__ import annotations

import html
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

from calibrate.display.tables import (
    format_table,
    is_numeric_column,
    merged_columns,
    text_table,
)
from calibrate.display.values import (
    LANGUAGES,
    MISSING,
    clean_text,
    format_interval,
    format_number,
    is_missing,
    numbers_of,
)

__all__ = ["TableView", "heading", "html_sentences", "html_table", "view_table", "wording"]

_LINE = "border-bottom:1px solid rgba(128,128,128,.35)"
_CELL = f"vertical-align:baseline;padding:.25em .7em;{_LINE}"
_SIDES = {"number": "right;white-space:nowrap", "text": "left", "short": "left;white-space:nowrap"}
_SHORT = 40
_SHORT_HEADING = 12


@dataclass(frozen=True, eq=False)
class TableView:
    """A table as a person reads it, in a notebook cell or on a terminal.

    Parameters
    ----------
    table : DataFrame
    caption : str
        Above it; may be empty.
    lang : str
        Language of headings and numbers.
    max_rows : int
        How many rows are shown.
    """

    table: pd.DataFrame
    caption: str = ""
    lang: str = "en"
    max_rows: int = 50

    def __repr__(self) -> str:
        """Show it as plain text."""
        told = f"{self.caption}\n" if self.caption else ""
        return told + text_table(self.table.head(self.max_rows), lang=self.lang)

    def _repr_html_(self) -> str:
        return html_table(
            self.table, caption=self.caption or None, max_rows=self.max_rows, lang=self.lang
        )


def view_table(
    df: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    caption: str = "",
    lang: str = "en",
    max_rows: int = 50,
) -> TableView:
    """Return a table to be looked at: numbers written out, each interval beside its value.

    Parameters
    ----------
    df : DataFrame
        Such as the ``.table`` of a result.
    columns : sequence of str, optional
        Those to show, in this order; of a value whose interval is known, it comes along.
    caption : str
        Above it.
    lang : str
        Language of headings and numbers.
    max_rows : int
        How many rows are shown.

    Returns
    -------
    TableView
        Shows itself.

    Raises
    ------
    KeyError
        If there is no such column.

    Examples
    --------
    >>> frame = pd.DataFrame({"n": [100], "rate": [0.36], "x": [1]})
    >>> view_table(frame, columns=["n", "rate"], caption="clickers")
    clickers
      n   rate
    100  36.0%
    """
    if columns is not None:
        ends = {name: [f"{name}_ci_lower", f"{name}_ci_upper"] for name in columns}
        with_ends = [[name, *(end for end in ends[name] if end in df)] for name in columns]
        df = df[list(dict.fromkeys(name for names in with_ends for name in names))]
    return TableView(df, caption, lang, max_rows)


@lru_cache(maxsize=8)
def _texts(lang: str) -> dict[str, Any]:
    numbers_of(lang)  # refuses a language there is no file for
    with (LANGUAGES / f"{lang}.toml").open("rb") as file:
        return tomllib.load(file)


def wording(part: str, key: str, *, lang: str = "en") -> str:
    """Return what a part of a language's file calls something, or its own name in plain letters.

    Examples
    --------
    >>> wording("cards", "newest"), wording("cards", "my_card")
    ('Newest lead first', 'my card')
    """
    return str(_texts(lang)[part].get(key) or key.replace("_", " "))


def heading(column: str, *, lang: str = "en") -> str:
    """Return the heading of a column, in words.

    Examples
    --------
    >>> heading("n_converted"), heading("at_least")
    ('customers', 'at least')
    """
    return wording("columns", column, lang=lang)


def html_table(
    df: pd.DataFrame,
    *,
    caption: str | None = None,
    notes: Iterable[str] = (),
    max_rows: int = 50,
    lang: str = "en",
) -> str:
    """Return an HTML table with every cell escaped; what a notebook shows of a result.

    Parameters
    ----------
    df : DataFrame
        Its index is not shown. An interval (``*_ci_lower``, ``*_ci_upper``) stands beside its
        value, and columns without any value are left out.
    caption : str, optional
        The sentence above it.
    notes : iterable of str
        Sentences below it.
    max_rows : int
        How many rows are shown; how many are not is said.
    lang : str
        Language of headings and numbers.

    Returns
    -------
    str
        The heading of a column that the table calls otherwise says so when pointed at.

    Examples
    --------
    >>> "&lt;script&gt;" in html_table(pd.DataFrame({"source": ["<script>"]}))
    True
    """
    title = html_sentences(caption) if caption else ""
    rest = len(df) - max_rows
    more = numbers_of(lang).more_rows.format(n=format_number(rest, lang=lang))
    told = [*([more] if rest > 0 else []), *notes]
    below = "".join(f'<p style="margin:.3em 0 1em"><small>{_escape(n)}</small></p>' for n in told)
    return title + (_table(df.head(max_rows), lang) if len(df.columns) and len(df) else "") + below


def html_sentences(title: str, sentences: Iterable[str] = ()) -> str:
    """Return a sentence in bold and, as a list, those that explain it.

    Examples
    --------
    >>> html_sentences("keep", ["as promised"]).count("<li>")
    1
    """
    listed = "".join(f"<li>{_escape(sentence)}</li>" for sentence in sentences)
    told = f'<ul style="margin:0 0 .6em">{listed}</ul>' if listed else ""
    return f'<p style="margin:.3em 0 .5em"><strong>{_escape(title)}</strong></p>{told}'


def _table(df: pd.DataFrame, lang: str) -> str:
    df = df.set_axis([str(name) for name in df.columns], axis=1)
    known = df.loc[:, [any(map(_is_told, df[name])) for name in df.columns]]
    columns = merged_columns(list(known.columns))
    parts = [_column(known, name, made_of, lang) for name, made_of in columns]
    head = "".join(part[0] for part in parts)
    rows = zip(*(part[1] for part in parts), strict=True)
    body = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def _column(df: pd.DataFrame, name: str, made_of: tuple[str, ...], lang: str) -> tuple[str, Any]:
    """Return the heading of a column and its cells, two a row where it has an interval."""
    values = format_table(df[[name]], lang=lang)[name]
    is_short = all(len(text) <= _SHORT for text in values)
    kind = "number" if is_numeric_column(df, name) else "short" if is_short else "text"
    words = heading(name, lang=lang)
    said = f' title="{_escape(name)}"' if words.replace(" ", "_") != name.replace(" ", "_") else ""
    span = ' colspan="2"' if len(made_of) > 1 else ""
    side = "left" if kind != "number" else "center" if span else "right"
    side += ";white-space:nowrap" if len(words) <= _SHORT_HEADING else ""
    head = (
        f'<th scope="col"{span}{said} style="text-align:{side};vertical-align:bottom;'
        f'padding:.25em .7em;{_LINE}">{_escape(words)}</th>'
    )
    cells = [_cell(text, kind) for text in values]
    if span:
        ends = df[list(made_of[1:])].itertuples(index=False, name=None)
        beside = [_beside(name, lower, upper, lang) for lower, upper in ends]
        cells = [cell + more for cell, more in zip(cells, beside, strict=True)]
    return head, cells


def _cell(text: str, kind: str) -> str:
    style = f"text-align:{_SIDES[kind]};{_CELL}"
    return f'<td style="{style}"><bdi>{_escape(text)}</bdi></td>'


def _beside(name: str, lower: Any, upper: Any, lang: str) -> str:
    """Return the cell of an interval: the range in which the true value lies."""
    text = format_interval(name, lower, upper, lang=lang)
    style = f"text-align:left;white-space:nowrap;{_CELL};padding-left:0;opacity:.8"
    shown = "" if text == MISSING else f"<small>({_escape(text)})</small>"
    return f'<td style="{style}">{shown}</td>'


def _is_told(value: Any) -> bool:
    return not is_missing(value) and not (isinstance(value, str) and not value)


def _escape(value: Any) -> str:
    return html.escape(clean_text(value), quote=True)
