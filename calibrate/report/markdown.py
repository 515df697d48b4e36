"""The leadership part as Markdown: for a pull request, a wiki, a mail."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from calibrate.report.explorer import explorer_view
from calibrate.report.notes import price_sentences, size_sentences
from calibrate.report.rules import said_in, translated
from calibrate.report.view import leadership
from calibrate.report.words import MarkdownWords, Words, as_sentence

__all__ = ["render_markdown"]

_TEMPLATES = Path(__file__).parent / "templates"


def render_markdown(summary: Mapping[str, Any], *, lang: str = "en") -> str:
    r"""Return the leadership part of the report as Markdown.

    Parameters
    ----------
    summary : mapping
        ``run.json`` (`Run.summary`).
    lang : {"en", "it"}, default "en"
        Language of texts, numbers and dates.

    Returns
    -------
    str
        The same figures as `render_html`; texts from the data are taken literally.

    Raises
    ------
    ConfigError
        For a language there is no file for.

    Examples
    --------
    >>> text = render_markdown({"name": "a|b", "scorecard": {"criteria": []}})
    >>> text.splitlines()[0]
    '# a\\|b'
    """
    words = MarkdownWords(lang)
    view = translated(leadership(summary), said_in(words, summary.get("rules") or {}))
    cut = view["cut"]
    text = (
        _environment()
        .get_template("report.md.j2")
        .render(
            t=words,
            w=Words(lang),
            v=view,
            # the texts go through the template's own escaping
            explorer=explorer_view(cut, Words(lang)) if cut else None,
            size_notes=size_sentences(summary.get("parsimony") or {}, words),
            price_notes=price_sentences((summary.get("short_card") or {}).get("price"), words),
        )
    )
    return text.rstrip("\n") + "\n"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=False,  # noqa: S701 - Markdown: every value goes through "u"
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["u"] = MarkdownWords.literal
    environment.filters["stop"] = as_sentence
    environment.filters["period_name"] = lambda label, words: words.period(label)
    return environment
