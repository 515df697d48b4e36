"""Rules about a column of the leads table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria.conditions import (
    NO_LEVEL,
    Condition,
    Flags,
    Measure,
    Terms,
    When,
    column_of,
    name_under,
    optional_number,
)
from calibrate.criteria.phrases import ENGLISH, Phrases
from calibrate.display import shorten
from calibrate.errors import ConfigError

__all__ = ["FieldIn", "FieldMissing", "FieldRange", "level_text"]

_WHOLE = re.compile(r"-?\d+\.0")  # a whole number beside empty cells, as data frames write it
_NUMBER = "[-+]?([0-9]{1,200}[.]?[0-9]{0,200}|[.][0-9]{1,200})([eE][-+]?[0-9]{1,2})?"
_LONGEST = 40  # characters of a value in the words of a rule
_MOST = 4  # values listed there


@dataclass(frozen=True)
class FieldIn(Condition):
    """The column holds one of the values, compared as text: 1 is "1", true is "yes"."""

    keys = frozenset({"field", "in"})
    required = keys
    field: str
    values: tuple[Any, ...]

    @classmethod
    def parse(cls, when: When) -> FieldIn:
        values = when["in"]
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise ConfigError(f'"in" of the rule on "{when["field"]}" must be a list of values')
        if any(value is None or isinstance(value, (Mapping, list, tuple)) for value in values):
            raise ConfigError(
                f'"in" of the rule on "{when["field"]}" lists texts and numbers; for an empty '
                'cell, use "missing"'
            )
        return cls(name_under(when, "field"), tuple(values))

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        return {self.field: (*self.values, NO_LEVEL, None)}

    def meets(self, frame: pd.DataFrame) -> Flags:
        codes, levels = _numbered(column_of(frame, self.field))
        wanted = self._wanted
        met = np.array([level_text(level) in wanted for level in levels] + [False], dtype=bool)
        return np.asarray(met[codes], dtype=bool)  # a missing value has the code -1

    def sql(self, terms: Terms) -> str:
        column = terms.field(self.field)
        if column.kind == "number":
            listed = [terms.bind(number, "DOUBLE") for number in _numbers_spelled(self._wanted)]
            return _one_of(column.sql, listed)
        if column.kind == "date":
            listed = [terms.bind(moment, "TIMESTAMP") for moment in _moments_spelled(self._wanted)]
            return _one_of(column.sql, listed)
        met = _one_of(
            column.sql, [terms.bind(text, "VARCHAR") for text in _texts_meaning(self._wanted)]
        )
        for level, word in (("yes", "true"), ("no", "false")):  # in whatever capitals
            if level in self._wanted:
                same = _one_of(f"lower({column.sql})", [terms.bind(word, "VARCHAR")])
                met = f"({met} OR {same})"
        return met

    @property
    def _wanted(self) -> tuple[str, ...]:
        """The values as texts; a truth value also as 1 or 0."""
        texts = [level_text(value) for value in self.values]
        truths = [v for v in self.values if isinstance(v, (bool, np.bool_))]
        return tuple(dict.fromkeys([*texts, *(str(int(value)) for value in truths)]))

    def words(self, say: Phrases, *, full: bool = False) -> str:
        return say("is", field=self.field, levels=say.one_of(self._named(say, full=full)))

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        names = self._named(say, full=full)
        key = "is_other" if filled else "is_none" if len(names) > 1 else "is_not"
        return say(key, field=self.field, levels=say.listed(names))

    def _named(self, say: Phrases, *, full: bool) -> list[str]:
        if full:
            return [str(value) for value in self.values]
        names = [shorten(str(value), _LONGEST) for value in self.values]
        return (
            names
            if len(names) <= _MOST
            else [*names[: _MOST - 1], say("levels_more", n=len(names) - _MOST + 1)]
        )


@dataclass(frozen=True)
class FieldRange(Condition):
    """The column's number lies in [at_least, below)."""

    keys = frozenset({"field", "at_least", "below"})
    required = frozenset({"field"})
    field: str
    at_least: float | None
    below: float | None

    @classmethod
    def parse(cls, when: When) -> FieldRange:
        field = name_under(when, "field")
        at_least, below = optional_number(when, "at_least"), optional_number(when, "below")
        if at_least is None and below is None:
            raise ConfigError(f'the rule on "{field}" needs "in", "at_least", "below" or "missing"')
        if at_least is not None and below is not None and at_least >= below:
            raise ConfigError(
                f'the rule on "{field}" holds for nothing: at_least {ENGLISH.number(at_least)} '
                f"is not under below {ENGLISH.number(below)}"
            )
        return cls(field, at_least, below)

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        cuts = [cut for cut in (self.at_least, self.below) if cut is not None]
        return {self.field: (*cuts, np.nextafter(min(cuts), -np.inf), None)}

    def meets(self, frame: pd.DataFrame) -> Flags:
        values = _numbers(column_of(frame, self.field))
        low = -np.inf if self.at_least is None else self.at_least
        met = values >= low
        return met if self.below is None else met & (values < self.below)

    def sql(self, terms: Terms) -> str:
        column = terms.field(self.field)
        if column.kind == "date":
            return "FALSE"
        number = column.sql
        if column.kind != "number":
            number = f"CASE WHEN regexp_full_match({number}, '{_NUMBER}') THEN "
            number += f"CAST({column.sql} AS DOUBLE) END"
        bounds = [
            f"{number} {sign} {terms.bind(cut, 'DOUBLE')}"
            for sign, cut in ((">=", self.at_least), ("<", self.below))
            if cut is not None
        ]
        return f"coalesce({' AND '.join(bounds)}, FALSE)"

    def words(self, say: Phrases, *, full: bool = False) -> str:
        del full
        key = "under" if self.at_least is None else "at_least" if self.below is None else "between"
        return say(key, field=self.field, **self._bounds(say))

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        del full
        low, high = self._bounds(say).values()
        if self.below is None:
            said = say("under", field=self.field, high=low)
        elif self.at_least is None:
            said = say("at_least", field=self.field, low=high)
        else:
            said = say("outside", field=self.field, low=low, high=high)
        return said if filled else say("or_missing", rule=said)

    def _bounds(self, say: Phrases) -> dict[str, str]:
        bounds = {"low": self.at_least, "high": self.below}
        return {key: "" if value is None else say.number(value) for key, value in bounds.items()}


@dataclass(frozen=True)
class FieldMissing(Condition):
    """The column is empty."""

    keys = frozenset({"field", "missing"})
    required = keys
    field: str
    missing: bool

    @classmethod
    def parse(cls, when: When) -> FieldMissing:
        if not isinstance(when["missing"], (bool, np.bool_)):
            raise ConfigError(
                f'"missing" of the rule on "{when["field"]}" is true or false, '
                f'not "{when["missing"]}"'
            )
        return cls(name_under(when, "field"), bool(when["missing"]))

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        return {self.field: (NO_LEVEL, None)}

    def meets(self, frame: pd.DataFrame) -> Flags:
        empty = np.asarray(column_of(frame, self.field).isna(), dtype=bool)
        return empty if self.missing else ~empty

    def sql(self, terms: Terms) -> str:
        return f"({terms.field(self.field).sql} IS {'' if self.missing else 'NOT '}NULL)"

    def words(self, say: Phrases, *, full: bool = False) -> str:
        del full
        return say("missing" if self.missing else "filled", field=self.field)

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        del filled
        return FieldMissing(self.field, missing=not self.missing).words(say, full=full)


def _numbered(column: pd.Series) -> tuple[NDArray[np.integer[Any]], Sequence[Any]]:
    """Return the number of each row's level, -1 where missing, and the levels."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories
    codes, levels = pd.factorize(column)
    return codes, levels


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return the numbers of a column, nan where there is none; a date is no number."""
    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(column.to_numpy(dtype=float, na_value=np.nan))
    if pd.api.types.is_datetime64_any_dtype(column):
        return np.full(len(column), np.nan)
    codes, levels = _numbered(column)
    numbers = np.array([*(_number(level) for level in levels), np.nan], dtype=float)
    return np.asarray(numbers[codes], dtype=float)  # a missing value has the code -1


def _number(level: Any) -> float:
    if isinstance(level, str):
        return float(level) if re.fullmatch(_NUMBER, level.strip()) else np.nan
    return float(level) if isinstance(level, (Real, np.bool_)) else np.nan


def _one_of(column: str, listed: Sequence[str]) -> str:
    return f"coalesce({column} IN ({', '.join(listed)}), FALSE)" if listed else "FALSE"


def _texts_meaning(levels: Sequence[str]) -> list[str]:
    """Return the texts that `level_text` takes for one of the levels, true and false apart."""
    return [text for level in levels for text in (level, f"{level}.0") if level_text(text) == level]


def _numbers_spelled(levels: Sequence[str]) -> list[float]:
    """Return the numbers whose `level_text` is one of the levels."""
    numbers = [float(level) for level in levels if re.fullmatch(_NUMBER, level)]
    return [number for number in numbers if level_text(number) in levels]


def _moments_spelled(levels: Sequence[str]) -> list[dt.datetime]:
    """Return the times whose `level_text` is one of the levels."""
    found = []
    for level in levels:
        try:
            moment = dt.datetime.fromisoformat(level)
        except ValueError:
            continue
        if level_text(moment) == level:
            found.append(moment)
    return found


def level_text(value: Any) -> str:
    """Return a value as a column of text holds it, whatever type a file gave it.

    Examples
    --------
    >>> level_text(5.0), level_text("5.0"), level_text(True), level_text("Milan")
    ('5', '5', 'yes', 'Milan')
    """
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    text = str(value)
    if _WHOLE.fullmatch(text):
        return text.removesuffix(".0")
    return {"true": "yes", "false": "no"}.get(text.lower(), text)
