"""The one place where numbers are rounded and worded, for tables, pages and the terminal.

A column's name decides its format, by the last part that is known: ``rate`` and
everything ending in ``_rate`` or ``_share`` is a percentage, ``lift`` reads ``1.20x``,
``p_value`` never claims to be zero. ``*_ci_lower`` and ``*_ci_upper`` are written like the
quantity they bound. Separators, month names and the words *yes* and *no* come from
``report/languages/<lang>.toml``, so that a language is one file.
"""

from __future__ import annotations

from calibrate.display.formulas import FORMULA_STARTS, WRITTEN_FORMULA, without_formula
from calibrate.display.page import (
    TableView,
    heading,
    html_sentences,
    html_table,
    view_table,
    wording,
)
from calibrate.display.tables import (
    format_table,
    is_numeric_column,
    merged_columns,
    text_lines,
    text_table,
    with_intervals,
)
from calibrate.display.values import (
    MISSING,
    Numbers,
    clean_text,
    format_interval,
    format_number,
    format_value,
    is_missing,
    is_number,
    kind_of,
    languages,
    numbers_of,
    plain_rows,
    plain_value,
    shorten,
)

__all__ = [
    "FORMULA_STARTS",
    "MISSING",
    "WRITTEN_FORMULA",
    "Numbers",
    "TableView",
    "clean_text",
    "format_interval",
    "format_number",
    "format_table",
    "format_value",
    "heading",
    "html_sentences",
    "html_table",
    "is_missing",
    "is_number",
    "is_numeric_column",
    "kind_of",
    "languages",
    "merged_columns",
    "numbers_of",
    "plain_rows",
    "plain_value",
    "shorten",
    "text_lines",
    "text_table",
    "view_table",
    "with_intervals",
    "without_formula",
    "wording",
]
