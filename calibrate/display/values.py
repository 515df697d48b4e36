"""One value written the way its column is written."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from calibrate.errors import ConfigError, did_you_mean

__all__ = [
    "MISSING",
    "Numbers",
    "clean_text",
    "format_interval",
    "format_number",
    "format_value",
    "is_missing",
    "is_number",
    "kind_of",
    "languages",
    "numbers_of",
    "plain_rows",
    "plain_value",
    "shorten",
]

MISSING = "–"
LANGUAGES = Path(__file__).parents[1] / "report" / "languages"
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")

_BOUNDS = ("_ci_lower", "_ci_upper", "_ci", "_old", "_new")
_PERCENT = {"rate", "share", "precision", "recall", "confidence_level"}
_PERCENT_SUFFIXES = ("_rate", "_share", "_precision", "_recall")
_TIMES = {"lift", "relative_risk", "odds_ratio", "odds_ratio_adjusted"}
_SIGNED = {"points", "change", "effect", "scale", "base_change"}
_PROBABILITY = {"p_value", "q_value", "p", "q"}
_MEASURE = {"auc", "ks", "psi", "average_precision", "calibration_slope", "calibration_intercept"}
_MEASURE |= {"auc_added", "log_loss", "log_loss_difference"}
_MEASURE_SUFFIXES = ("_auc", "_ks", "_slope", "_intercept", "auc_difference")
_WHOLE = {
    "n",
    "volume",
    "rows",
    "score",
    "threshold",
    "at_least",
    "missed",
    "fit",
    "engagement",
}
_WHOLE_SUFFIXES = ("_value", "_rows")
_DATE = {"cutoff", "start", "end", "as_of", "date", "week"}


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """How a language writes numbers and dates."""

    thousands: str
    decimal: str
    percent: str
    percentage_points: str
    times: str
    yes: str
    no: str
    day: str
    days: str
    no_limit: str
    to: str
    under: str
    over: str
    date: str
    months: list[str]
    more_rows: str


def languages() -> tuple[str, ...]:
    """Return the languages there is a file for, in alphabetical order.

    Examples
    --------
    >>> languages()
    ('en', 'it')
    """
    return tuple(sorted(path.stem for path in LANGUAGES.glob("*.toml")))


@lru_cache(maxsize=8)
def numbers_of(lang: str) -> Numbers:
    """Return how a language writes numbers and dates: the ``[numbers]`` table of its file.

    Raises
    ------
    ConfigError
        If there is no such language.

    Examples
    --------
    >>> numbers_of("it").decimal
    ','
    """
    if lang not in languages():
        known = ", ".join(languages())
        hint = did_you_mean(lang, languages())
        raise ConfigError(f'there is no language "{lang}"{hint}; there are: {known}')
    with (LANGUAGES / f"{lang}.toml").open("rb") as file:
        return Numbers(**tomllib.load(file)["numbers"])


def kind_of(column: str) -> str:
    """Return how a column is written.

    One of ``percent, difference, times, signed, probability, measure, whole, amount, date,
    tenths, number``.

    Examples
    --------
    >>> kind_of("control_rate"), kind_of("lift_ci_lower"), kind_of("n_converted")
    ('percent', 'times', 'whole')
    """
    name = _without_bound(column)
    for kind, names, suffixes in (
        ("percent", _PERCENT, _PERCENT_SUFFIXES),
        ("measure", _MEASURE, _MEASURE_SUFFIXES),
        ("difference", {"difference"}, ("_difference",)),
        ("times", _TIMES, ("_lift",)),
        ("signed", _SIGNED, ("_points",)),
        ("probability", _PROBABILITY, ("_p_value", "_q_value")),
        ("whole", _WHOLE, _WHOLE_SUFFIXES),
        ("amount", {"amount"}, ("_amount",)),
        ("date", _DATE, ("_at", "_date", "_from")),
        ("tenths", {"days"}, ("_days", "_per_week")),
    ):
        if name in names or name.endswith(suffixes):
            return kind
    return "whole" if name.startswith("n_") else "number"


def format_number(value: float, digits: int = 0, *, lang: str = "en", sign: bool = False) -> str:
    """Write a number with the separators of a language.

    Examples
    --------
    >>> format_number(1234.5, 1), format_number(1234.5, 1, lang="it")
    ('1,234.5', '1.234,5')
    >>> format_number(-0.01, 1, sign=True)
    '0.0'
    """
    marks = numbers_of(lang)
    if math.isinf(value):
        return ("-" if value < 0 else "") + marks.no_limit
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    if not text.strip("+-0.,"):  # rounded to nothing: neither more nor less
        text = text.lstrip("+-")
    return text.translate({ord(","): marks.thousands, ord("."): marks.decimal})


def format_value(column: str, value: Any, *, lang: str = "en") -> str:
    """Write one value the way its column is written; the missing value as a dash.

    Parameters
    ----------
    column : str
        Name of the column, e.g. ``"rate"`` or ``"lift_ci_upper"``.
    value : object
        Number, text, date, duration, yes/no, a list of these, or missing.
    lang : str
        Language of separators and words.

    Examples
    --------
    >>> format_value("rate", 0.0432), format_value("rate", 0.9999), format_value("rate", 1)
    ('4.3%', '>99.9%', '100.0%')
    >>> format_value("lift", 1.2), format_value("difference", 0.06), format_value("points", 14)
    ('1.20x', '+6.0 pp', '+14')
    >>> format_value("p_value", 0.00002), format_value("n", 12345, lang="it")
    ('<0.001', '12.345')
    >>> format_value("created_at", "2024-01-01"), format_value("note", None)
    ('1 Jan 2024', '–')
    """
    if isinstance(value, (list, tuple)):
        return ", ".join(format_value(column, item, lang=lang) for item in value) or MISSING
    if isinstance(value, Mapping):
        return ", ".join(
            f"{key}: {format_value(str(key), v, lang=lang)}" for key, v in value.items()
        )
    if is_missing(value):
        return MISSING
    if isinstance(value, str):
        return _text(column, value, lang)
    if isinstance(value, dt.timedelta):
        return _days(value / dt.timedelta(days=1), lang)
    if isinstance(value, dt.date):
        return _date(value, lang)
    return _scalar(column, value, lang)


def format_interval(column: str, lower: object, upper: object, *, lang: str = "en") -> str:
    """Write an interval, e.g. ``3.7% to 5.0%``; a dash if either end is missing.

    Examples
    --------
    >>> format_interval("rate", 0.037, 0.05)
    '3.7% to 5.0%'
    """
    ends = [format_value(column, end, lang=lang) for end in (lower, upper)]
    return MISSING if MISSING in ends else f" {numbers_of(lang).to} ".join(ends)


def clean_text(value: object) -> str:
    r"""Return a text on one line, without control characters (terminal codes, line breaks).

    Examples
    --------
    >>> clean_text("a\n\x1b[31mb")
    'a [31mb'
    """
    return _CONTROL_CHARACTERS.sub(" ", str(value)).strip()


def shorten(text: str, length: int) -> str:
    """Cut a text to a length, the cut shown by an ellipsis.

    Examples
    --------
    >>> shorten("newsletter", 6)
    'newsl…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _without_bound(column: str) -> str:
    for bound in _BOUNDS:
        if column.endswith(bound) and len(column) > len(bound):
            return column[: -len(bound)]
    return column


def is_missing(value: Any) -> bool:
    """Tell whether a value is missing (None, NaN, NaT, NA).

    Examples
    --------
    >>> is_missing(float("nan")), is_missing("")
    (True, False)
    """
    if isinstance(value, (str, list, tuple, Mapping)):
        return False
    return value is None or bool(pd.isna(value))


def plain_value(value: Any) -> Any:
    """Return a value as plain Python holds it, None where it is missing.

    Examples
    --------
    >>> plain_value(float("nan")), plain_value("hot")
    (None, 'hot')
    """
    if is_missing(value):
        return None
    return value.item() if hasattr(value, "item") else value


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain Python holds them, None where a value is missing.

    Examples
    --------
    >>> plain_rows(pd.DataFrame({"name": ["hot"], "lift": [float("nan")]}))
    [{'name': 'hot', 'lift': None}]
    """
    return [
        {str(name): plain_value(value) for name, value in row.items()}
        for row in table.to_dict(orient="records")
    ]


def is_number(value: object) -> bool:
    """Tell whether a value is a number, yes/no not counted.

    Examples
    --------
    >>> is_number(1.5), is_number(True)
    (True, False)
    """
    return bool(pd.api.types.is_number(value)) and not pd.api.types.is_bool(value)


def _scalar(column: str, value: Any, lang: str) -> str:
    if pd.api.types.is_bool(value):
        return numbers_of(lang).yes if value else numbers_of(lang).no
    if not is_number(value):
        return clean_text(value)
    number = float(value)
    writer = _WRITERS.get(kind_of(column), _plain)
    return format_number(number, lang=lang) if math.isinf(number) else writer(number, lang)


def _text(column: str, value: str, lang: str) -> str:
    if kind_of(column) == "date" and _ISO_DATE.fullmatch(value):
        try:
            return _date(dt.datetime.fromisoformat(value), lang)
        except ValueError:
            return clean_text(value)
    return clean_text(value)


def _date(value: dt.date, lang: str) -> str:
    marks = numbers_of(lang)
    day = marks.date.format(day=value.day, month=marks.months[value.month - 1], year=value.year)
    if not isinstance(value, dt.datetime) or (value.hour, value.minute, value.second) == (0, 0, 0):
        return day
    return f"{day} {value:%H:%M}"


def _days(number: float, lang: str) -> str:
    word = numbers_of(lang).day if number == 1 else numbers_of(lang).days
    return f"{_plain(number, lang)} {word}"


def _percent(number: float, lang: str) -> str:
    """Write a share; what is not exactly 0 or 100 % never reads so (as coverage.py does)."""
    marks = numbers_of(lang)
    if 0 < number < 0.0005:
        return marks.under + format_number(0.1, 1, lang=lang) + marks.percent
    if 0.9995 <= number < 1:
        return marks.over + format_number(99.9, 1, lang=lang) + marks.percent
    return format_number(100 * number, 1, lang=lang) + marks.percent


def _difference(number: float, lang: str) -> str:
    sign = number != 0
    text = format_number(100 * number, 1, lang=lang, sign=sign)
    return text + numbers_of(lang).percentage_points


def _times(number: float, lang: str) -> str:
    marks = numbers_of(lang)
    if 0 < number < 0.005:
        return marks.under + format_number(0.01, 2, lang=lang) + marks.times
    digits = 2 if number < 9.995 else 1 if number < 99.95 else 0
    return format_number(number, digits, lang=lang) + str(marks.times)


def _signed(number: float, lang: str) -> str:
    digits = 0 if number == round(number) else 1
    return format_number(number, digits, lang=lang, sign=number != 0)


def _probability(number: float, lang: str) -> str:
    marks = numbers_of(lang)
    if number < 0.001:
        return marks.under + format_number(0.001, 3, lang=lang)
    if 0.9995 <= number < 1:
        return marks.over + format_number(0.999, 3, lang=lang)
    return format_number(number, 3, lang=lang)


def _measure(number: float, lang: str) -> str:
    return format_number(number, 3, lang=lang)


def _whole(number: float, lang: str) -> str:
    return format_number(number, 0 if number == round(number) else 1, lang=lang)


def _amount(number: float, lang: str) -> str:
    """Write a sum of money, from 100 on without cents."""
    return format_number(number, lang=lang) if abs(number) >= 100 else _whole(number, lang)


def _plain(number: float, lang: str) -> str:
    if number == round(number) or abs(number) >= 1000:
        return format_number(number, lang=lang)
    digits = 1 if abs(number) >= 10 else 2 if abs(number) >= 0.1 else 4
    return format_number(number, digits, lang=lang)


_WRITERS: dict[str, Callable[[float, str], str]] = {
    "percent": _percent,
    "difference": _difference,
    "times": _times,
    "signed": _signed,
    "probability": _probability,
    "measure": _measure,
    "whole": _whole,
    "amount": _amount,
    "tenths": _plain,
}
