"""The page: one self-contained HTML file, the leadership part first, every table after it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from calibrate.display import clean_text
from calibrate.report import svg
from calibrate.report.explorer import explorer_view
from calibrate.report.notes import notes_of, price_sentences, size_sentences
from calibrate.report.rules import said_in, translated
from calibrate.report.tables import RunTable, merged, tables_of
from calibrate.report.view import leadership
from calibrate.report.words import HtmlWords, as_sentence

__all__ = ["explorer_page", "render_html"]

_MAX_ROWS = 150
_MAX_COLUMN = 40
_TEMPLATES = Path(__file__).parent / "templates"


def render_html(summary: Mapping[str, Any], *, lang: str = "en") -> str:
    """Return the report of a run as one HTML page that needs nothing else.

    Parameters
    ----------
    summary : mapping
        ``run.json`` (`Run.summary`).
    lang : {"en", "it"}, default "en"
        Language of texts, numbers and dates.

    Returns
    -------
    str
        The page. The same summary gives the same bytes. Nothing is loaded from anywhere:
        the page's own policy forbids it. Texts from the data are escaped.

    Raises
    ------
    ConfigError
        For a language there is no file for.

    Examples
    --------
    >>> page = render_html({"name": "<b>", "scorecard": {"criteria": []}})
    >>> "There is nothing to score on yet." in page, "<title>&lt;b&gt;" in page
    (True, True)
    """
    words = HtmlWords(lang)
    view = translated(leadership(summary), said_in(words, summary.get("rules") or {}))
    cut = view["cut"]
    return _render(
        "report.html.j2",
        words,
        v=view,
        explorer=explorer_view(cut, words) if cut else None,
        size_notes=size_sentences(summary.get("parsimony") or {}, words),
        price_notes=price_sentences((summary.get("short_card") or {}).get("price"), words),
        tables=[_printed(table, summary, words) for table in tables_of(summary)],
        inputs_hash=summary.get("inputs_hash"),
    )


def explorer_page(cut: Mapping[str, Any], lang: str) -> str:
    """Return the threshold explorer alone, as a page for a notebook's frame."""
    words = HtmlWords(lang)
    return _render("explorer_page.html.j2", words, explorer=explorer_view(cut, words))


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["u"] = _user_text
    environment.filters["stop"] = as_sentence
    environment.filters["period_name"] = lambda label, words: words.period(label)
    return environment


def _render(template: str, words: HtmlWords, **values: Any) -> str:
    environment = _environment()
    script = _file("explorer.js")
    style = _file("style.css")
    return environment.get_template(template).render(
        t=words,
        w=words,
        svg=svg,
        script=Markup(script),  # noqa: S704 - a file of this package
        script_hash=_csp_hash(script),
        style=Markup(style),  # noqa: S704 - a file of this package
        **values,
    )


def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _csp_hash(script: str) -> str:
    """Return the hash by which the page's policy admits its own script and no other."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _user_text(value: object) -> Markup:
    """Return a text from the data as text: escaped, its writing direction kept to itself.

    A long name may break after an underscore.
    """
    text = escape("" if value is None else clean_text(value)).replace("_", Markup("_<wbr>"))
    return Markup("<bdi>{}</bdi>").format(text)


def _printed(run_table: RunTable, summary: Mapping[str, Any], words: HtmlWords) -> dict[str, Any]:
    """Return a table as texts, an interval in the same cell as its value."""
    table = run_table.printed
    columns = merged(table)
    rows = [
        [_cell(row, made_of, words) for _, made_of in columns]
        for row in table.head(_MAX_ROWS).to_dict("records")
    ]
    beside = 4 if len(columns) <= 2 and len(rows) > _MAX_COLUMN else 1
    return {
        "key": run_table.key,
        "notes": notes_of(run_table.key, summary, words),
        "columns": beside * [words.column(name) for name, _ in columns],
        "numeric": beside * [_is_numeric(table[name]) for name, _ in columns],
        "rows": _side_by_side(rows, beside),
        "rest": max(0, len(table) - _MAX_ROWS),
        "file": run_table.file,
    }


def _side_by_side(rows: list[list[tuple[str, str]]], beside: int) -> list[list[tuple[str, str]]]:
    """Set a long narrow table in several columns, read downwards."""
    height = -(-len(rows) // beside)
    return [[cell for row in rows[i::height] for cell in row] for i in range(height)]


def _cell(row: Mapping[Any, Any], made_of: tuple[str, ...], words: HtmlWords) -> tuple[str, str]:
    """Return the text of a value and, where it has one, of its interval."""
    value = words.value(made_of[0], row[made_of[0]])
    if len(made_of) == 1:
        return value, ""
    lower, upper = (words.value(name, row[name]) for name in made_of[1:])
    if words.value("n", None) in (lower, upper):
        return value, ""
    return value, words("page.bracket", lower=lower, upper=upper)


def _is_numeric(values: Any) -> bool:
    known = [value for value in values if value is not None and value == value]  # noqa: PLR0124
    return bool(known) and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in known
    )
