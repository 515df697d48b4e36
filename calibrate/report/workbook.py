"""The run as a workbook: real numbers, filters and frozen headers, for people who re-sort."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from calibrate import display
from calibrate.report.tables import tables_of
from calibrate.report.words import Words

__all__ = ["write_workbook"]

_CREATED = dt.datetime(2000, 1, 1)  # a constant: the same run, the same bytes
_FORMATS = {
    "percent": "0.0%",
    "difference": "+0.0%;-0.0%;0.0%",
    "times": '0.00"x"',
    "signed": "+0;-0;0",
    "probability": "0.000",
    "measure": "0.000",
    "whole": "#,##0",
    "amount": "#,##0",
    "tenths": "#,##0.0",
    "number": "General",
    "date": "General",
}
_MAX_CELL = 32_000
_WIDEST = 48
_LONGEST_NAME = 31


def write_workbook(summary: Mapping[str, Any], path: str | Path, *, lang: str = "en") -> None:
    """Write every table of a run as a sheet of an .xlsx file.

    Parameters
    ----------
    summary : mapping
        ``run.json`` (`Run.summary`).
    path : path
        Where to write; an existing file is replaced.
    lang : {"en", "it"}, default "en"
        Language of the sheets' names and headings.

    Notes
    -----
    Numbers are numbers at full precision, formatted by their column. Texts are written as
    texts, never as formulas or links; those a spreadsheet would read as a formula when
    edited carry its text mark. The same summary gives the same bytes.
    """
    words = Words(lang)
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": str(summary.get("name") or ""), "created": _CREATED})
        styles = _styles(book)
        used: set[str] = set()
        for run_table in tables_of(summary):
            name = _sheet_name(words(f"appendix.{run_table.key}"), used)
            _write_sheet(book.add_worksheet(name), run_table.table, styles, words)
        if not used:
            book.add_worksheet(_sheet_name(words("page.title"), used))


def _styles(book: Any) -> dict[str, Any]:
    styles = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
    styles["head"] = book.add_format(
        {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}
    )
    styles["text"] = book.add_format()
    styles["literal"] = book.add_format({"quote_prefix": True})
    return styles


def _sheet_name(title: str, used: set[str]) -> str:
    r"""Return a name Excel takes: 31 characters, none of ``[]:*?/\\``, each once."""
    name = "".join(" " if mark in "[]:*?/\\'" else mark for mark in title.partition(":")[0])
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME + 1].rpartition(" ")[0] or name[:_LONGEST_NAME]
    if name.casefold() in used:
        name = f"{name[: _LONGEST_NAME - 3]} {len(used)}"
    used.add(name.casefold())
    return name


def _write_sheet(sheet: Any, table: pd.DataFrame, styles: Mapping[str, Any], words: Words) -> None:
    names = [str(name) for name in table.columns]
    for at, name in enumerate(names):
        sheet.write_string(0, at, _heading(name, words), styles["head"])
    for row, values in enumerate(table.itertuples(index=False, name=None), start=1):
        for at, (name, value) in enumerate(zip(names, values, strict=True)):
            _write_cell(sheet, row, at, name, value, styles)
    for at, name in enumerate(names):
        sheet.set_column(at, at, _width(_heading(name, words), table.iloc[:, at]))
    sheet.freeze_panes(1, 1)
    if len(table):
        sheet.autofilter(0, 0, len(table), len(names) - 1)


def _heading(name: str, words: Words) -> str:
    for end in ("_ci_lower", "_ci_upper"):
        if name.endswith(end):
            return f"{words.column(name.removesuffix(end))} {end.rsplit('_', 1)[-1]}"
    return words.column(name)


def _write_cell(
    sheet: Any, row: int, at: int, name: str, value: Any, styles: Mapping[str, Any]
) -> None:
    if display.is_missing(value):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, at, value)
    elif display.is_number(value):
        if math.isfinite(value):
            sheet.write_number(row, at, value, styles[display.kind_of(name)])
        else:
            sheet.write_string(row, at, display.format_number(value), styles["text"])
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text = display.shorten(display.clean_text(text), _MAX_CELL)
        style = "literal" if text.startswith(display.FORMULA_STARTS) else "text"
        sheet.write_string(row, at, text, styles[style])


def _width(heading: str, values: pd.Series) -> float:
    longest = max((len(str(value)) for value in values if isinstance(value, str)), default=0)
    return float(min(_WIDEST, max(9, longest + 1, min(len(heading), 14) + 3)))
