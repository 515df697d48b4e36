"""The words of the report: one language file, read once; values put in safely.

A page never joins texts itself: it asks for a sentence by its key (``sentence.cut``) and
hands over the values, which are escaped for the medium (HTML or Markdown) on their way in.
"""

from __future__ import annotations

import datetime as dt
import html
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from calibrate import display
from calibrate.backtest import NOT_WALK_FORWARD
from calibrate.criteria import Phrases

__all__ = ["HtmlWords", "MarkdownWords", "Words", "as_sentence"]

_LANGUAGES = Path(__file__).parent / "languages"
_QUARTER = re.compile(r"(\d{4})Q([1-4])")
_FOLD = re.compile(r"fold (\d+)")
_BEFORE_DIGIT = re.compile(r"&([lg])t;(?=\d)")  # "<0.1" is no tag: it needs no escape
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|#~])")


@lru_cache(maxsize=8)
def _texts(lang: str) -> Mapping[str, Any]:
    display.numbers_of(lang)  # refuses a language there is no file for
    with (_LANGUAGES / f"{lang}.toml").open("rb") as file:
        return tomllib.load(file)


@dataclass(frozen=True)
class Words:
    """The texts of one language, and numbers written its way.

    Parameters
    ----------
    lang : str
        Name of a file in ``languages/``.

    Examples
    --------
    >>> words = Words("en")
    >>> words("sentence.plateau", low=58, high=66)
    'Any cut from 58 to 66 does practically as well.'
    >>> words.of_100(0.0712), words.period("2023Q4")
    ('7.1', 'Q4 2023')
    >>> words.period("2023-07-01..2024-01-01")
    '1 Jul 2023 to 31 Dec 2023'
    """

    lang: str

    def __call__(self, key: str, **values: object) -> str:
        """Return the text under a key, with values put in."""
        return str(self.template(key)).format(**values)

    def template(self, key: str) -> str:
        """Return the text under a key as the language file has it."""
        table, name = key.split(".", 1)
        return str(_texts(self.lang)[table][name])

    def table(self, name: str) -> dict[str, str]:
        """Return a whole table of the language file, in its order."""
        return dict(_texts(self.lang)[name])

    def optional(self, table: str, name: object) -> str:
        """Return a translation where there is one, else the word itself."""
        return str(_texts(self.lang)[table].get(str(name), display.clean_text(name)))

    @property
    def phrases(self) -> Phrases:
        """How rules are said."""
        return Phrases(_texts(self.lang)["rules"], display.numbers_of(self.lang).decimal)

    def column(self, name: str) -> str:
        """Return the heading of a column."""
        return str(_texts(self.lang)["columns"].get(name, name.replace("_", " ")))

    def value(self, column: str, value: object) -> str:
        """Write a value the way its column is written."""
        return display.format_value(column, value, lang=self.lang)

    def of_100(self, rate: float | None) -> str:
        """Write a rate as so many of 100; never 0 or 100 unless exact."""
        text = self.value("rate", rate)
        numbers = display.numbers_of(self.lang)
        text = text.removesuffix(numbers.percent)
        return text.removesuffix(f"{numbers.decimal}0") if rate in (0, 1) else text

    def of_100_more(self, difference: float | None) -> str:
        """Write a difference of rates as so many of 100 more or fewer, with its sign."""
        if difference is None:
            return self.value("n", None)
        return display.format_number(100 * difference, 1, lang=self.lang, sign=True)

    def times_in_100(self, value: float | None) -> str:
        """Write how many times in a hundred, to the whole number; never 0 or 100 unless exact."""
        if value is None:
            return display.MISSING
        whole = round(100 * value)
        if value not in (0, 1) and whole in (0, 100):
            return self.of_100(value)
        return display.format_number(whole, lang=self.lang)

    def whole(self, value: float) -> str:
        """Write a count, or a sum of money, without decimals."""
        return display.format_number(value, lang=self.lang)

    def one_decimal(self, value: float) -> str:
        """Write a mean count, e.g. leads a week: whole from 100 on, or where it is."""
        digits = 0 if abs(value) >= 100 or round(value, 1) == round(value) else 1
        return display.format_number(value, digits, lang=self.lang)

    def period(self, label: object) -> str:
        """Say a period: a quarter, a span of days, a part of the data."""
        text = display.clean_text(label)
        if text.endswith(NOT_WALK_FORWARD):
            period = self.period(text.removesuffix(NOT_WALK_FORWARD))
            return self("page.not_walk_forward", period=period)
        if quarter := _QUARTER.fullmatch(text):
            return self("page.quarter", year=quarter[1], quarter=quarter[2])
        if fold := _FOLD.fullmatch(text):
            return self("page.fold", number=fold[1])
        if text in ("all", "None"):
            return self("page.all_leads")
        start, found, end = text.partition("..")
        if not found:
            return text
        return self("page.range", start=self.value("start", start), end=self._last_day(end))

    def months(self, label: object) -> str:
        """Say a period; one of whole months by its first and last month.

        Examples
        --------
        >>> Words("en").months("2025-04-01..2026-04-01")
        'Apr 2025 to Mar 2026'
        """
        start, _, end = display.clean_text(label).partition("..")
        try:
            first, after = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
        except ValueError:
            return self.period(label)
        if (first.day, after.day) != (1, 1):
            return self.period(label)
        names = display.numbers_of(self.lang).months
        last = after - dt.timedelta(days=1)
        said = [f"{names[day.month - 1]} {day.year}" for day in (first, last)]
        return said[0] if said[0] == said[1] else self("page.months", start=said[0], end=said[1])

    def points(self, n: float) -> str:
        """Write a number of points, a single one in the singular."""
        return self("page.point" if abs(n) == 1 else "page.points", n=n)

    def _last_day(self, end: str) -> str:
        """Periods are half-open; people name the last day."""
        try:
            last = dt.date.fromisoformat(end) - dt.timedelta(days=1)
        except ValueError:
            return self.value("end", end)
        return self.value("end", last)

    def reason(self, reason: str | None, verdict: str | None) -> str:
        """Say in a plain sentence why a criterion earns nothing."""
        known = _texts(self.lang)["reasons"]
        for text in (display.clean_text(reason or ""), display.clean_text(verdict or "")):
            for start, sentence in known.items():
                if text.startswith(start):
                    subject = text.removeprefix(start).strip(" :\"'")
                    return str(self._fill(sentence, subject=subject))
        return str(self._fill("{text}", text=display.clean_text(reason or verdict or "")))

    def _fill(self, template: str, **values: object) -> str:
        return template.format(**values)


class HtmlWords(Words):
    """Words for a page: values escaped, ``**bold**`` of the language file kept.

    Examples
    --------
    >>> str(HtmlWords("en")("card.disqualify", names="<b>"))
    'Score 0, whatever else: &lt;b&gt;.'
    """

    def __call__(self, key: str, **values: object) -> Markup:
        """Return the sentence as safe HTML."""
        return self._fill(self.template(key), **values)

    def reason(self, reason: str | None, verdict: str | None) -> Markup:
        """Say why a criterion earns nothing, as safe HTML."""
        return Markup(super().reason(reason, verdict))  # noqa: S704 - _fill has escaped the values

    def _fill(self, template: str, **values: object) -> Markup:
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", str(escape(template)))
        return Markup(text).format(**values)  # noqa: S704 - our own text; format() escapes values


class MarkdownWords(Words):
    r"""Words for Markdown: what a value could mean there is taken literally.

    Examples
    --------
    >>> MarkdownWords("en")("card.disqualify", names="a|b*")
    'Score 0, whatever else: a\\|b\\*.'
    """

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence as Markdown."""
        return self._fill(self.template(key), **values)

    @staticmethod
    def literal(value: object) -> str:
        r"""Escape a value.

        Examples
        --------
        >>> MarkdownWords.literal("<script>")
        '&lt;script&gt;'
        >>> MarkdownWords.literal(">99.9")
        '>99.9'
        """
        text = html.escape(display.clean_text(value), quote=False)
        text = _BEFORE_DIGIT.sub(lambda found: "<" if found[1] == "l" else ">", text)
        return _MARKDOWN.sub(r"\\\1", text)

    def _fill(self, template: str, **values: object) -> str:
        return template.format(**{key: self.literal(value) for key, value in values.items()})


def as_sentence(text: object, *, begins: bool = False) -> str:
    """Return a text as a sentence: ended by a full stop and, on request, begun with a capital.

    Examples
    --------
    >>> as_sentence("counted, on leads that are open", begins=True)
    'Counted, on leads that are open.'
    """
    said = display.clean_text(text).strip()
    if begins:
        said = said[:1].upper() + said[1:]
    return said if not said or said.endswith((".", "!", "?")) else f"{said}."
