"""Tables of written values: as texts, and as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pandas as pd

from calibrate.display.values import (
    MISSING,
    clean_text,
    format_interval,
    format_value,
    is_missing,
    is_number,
    shorten,
)

__all__ = ["format_table", "is_numeric_column", "merged_columns", "text_lines", "text_table"]
__all__ += ["with_intervals"]

_ENDS = ("_ci_lower", "_ci_upper")


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


def merged_columns(names: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the columns of a table to be read: a value and its interval are one.

    Parameters
    ----------
    names : list of str
        Columns of the table.

    Returns
    -------
    list of (str, tuple of str)
        Name, and the columns it is made of: one, or value, lower and upper end. The level,
        the same on every row, is left out.

    Examples
    --------
    >>> merged_columns(["n", "rate", "rate_ci_lower", "rate_ci_upper"])
    [('n', ('n',)), ('rate', ('rate', 'rate_ci_lower', 'rate_ci_upper'))]
    """
    shown: list[tuple[str, tuple[str, ...]]] = []
    for name in names:
        value = name.removesuffix(_ENDS[0]).removesuffix(_ENDS[1])
        if name == "confidence_level" or (value != name and value in names):
            continue
        ends = tuple(f"{name}{end}" for end in _ENDS)
        shown.append((name, (name, *ends) if set(ends) <= set(names) else (name,)))
    return shown


def with_intervals(df: pd.DataFrame) -> pd.DataFrame:
    """Return a table of texts in which an interval stands behind its value.

    Examples
    --------
    >>> table = pd.DataFrame({"rate": [0.36], "rate_ci_lower": [0.33], "rate_ci_upper": [0.39]})
    >>> with_intervals(table).to_dict("records")
    [{'rate': '36.0% (33.0% to 39.0%)'}]
    """
    written = format_table(df)
    shown: dict[str, list[str]] = {}
    for name, (value, *ends) in merged_columns([str(column) for column in df.columns]):
        shown[name] = list(written[value])
        if ends:
            intervals = [format_interval(value, *pair) for pair in df[ends].to_numpy()]
            shown[name] = [
                text if interval == MISSING else f"{text} ({interval})"
                for text, interval in zip(shown[name], intervals, strict=True)
            ]
    return pd.DataFrame(shown, index=df.index, dtype=object)


def text_table(df: pd.DataFrame, *, lang: str = "en", width: int = 40) -> str:
    """Return a plain-text table: numbers right, texts left, long texts cut at `width`.

    Examples
    --------
    >>> print(text_table(pd.DataFrame({"criterion": ["clicked"], "n": [1200], "rate": [0.36]})))
    criterion      n   rate
    clicked    1,200  36.0%
    """
    numbers = [column for column in df.columns if is_numeric_column(df, column)]
    return text_lines(format_table(df, lang=lang), numbers, width=width)


def text_lines(written: pd.DataFrame, numbers: Collection[Any], *, width: int = 40) -> str:
    """Return texts as a plain-text table; those columns right that hold numbers.

    Examples
    --------
    >>> print(text_lines(pd.DataFrame({"rule": ["clicked"], "points": ["+6"]}), ["points"]))
    rule     points
    clicked      +6
    """
    columns: list[list[str]] = []
    for column in written.columns:
        cells = [shorten(text, width) for text in [clean_text(column), *written[column]]]
        size = max(len(cell) for cell in cells)
        pad: Callable[[str, int], str] = str.rjust if column in numbers else str.ljust
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
