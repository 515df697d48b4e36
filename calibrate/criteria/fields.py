"""Rules about a column of the leads table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria.conditions import (
    NO_LEVEL,
    Condition,
    Flags,
    Measure,
    When,
    column_of,
    name_under,
    number_text,
    optional_number,
)
from calibrate.display import shorten
from calibrate.errors import ConfigError

__all__ = ["FieldIn", "FieldMissing", "FieldRange", "level_text"]

_WHOLE = re.compile(r"-?\d+\.0")  # a whole number beside empty cells, as data frames write it
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
        wanted = {level_text(value) for value in self.values}
        wanted |= {str(int(value)) for value in self.values if isinstance(value, (bool, np.bool_))}
        met = np.array([level_text(level) in wanted for level in levels] + [False], dtype=bool)
        return np.asarray(met[codes], dtype=bool)  # a missing value has the code -1

    def words(self, *, full: bool = False) -> str:
        return f"{self.field}: {' or '.join(self._named(full=full))}"

    def denied(self, *, full: bool = False, filled: bool = False) -> str:
        *names, last = self._named(full=full)
        listed = f"{', '.join(names)} or {last}" if names else last
        if filled:
            return f"{self.field}: other than {listed}"
        return f"{self.field}: none of {listed}" if names else f"{self.field}: not {listed}"

    def _named(self, *, full: bool) -> list[str]:
        if full:
            return [str(value) for value in self.values]
        names = [shorten(str(value), _LONGEST) for value in self.values]
        return (
            names
            if len(names) <= _MOST
            else [*names[: _MOST - 1], f"{len(names) - _MOST + 1} more"]
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
                f'the rule on "{field}" holds for nothing: at_least {number_text(at_least)} '
                f"is not under below {number_text(below)}"
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
        column = column_of(frame, self.field)
        values = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=float)
        low = -np.inf if self.at_least is None else self.at_least
        met = values >= low
        return met if self.below is None else met & (values < self.below)

    def words(self, *, full: bool = False) -> str:
        del full
        if self.at_least is None:
            return f"{self.field} under {number_text(self.below)}"
        if self.below is None:
            return f"{self.field} at least {number_text(self.at_least)}"
        return f"{self.field} {number_text(self.at_least)} to under {number_text(self.below)}"

    def denied(self, *, full: bool = False, filled: bool = False) -> str:
        del full
        low, high = number_text(self.at_least), number_text(self.below)
        if self.below is None:
            said = f"{self.field} under {low}"
        elif self.at_least is None:
            said = f"{self.field} at least {high}"
        else:
            said = f"{self.field} under {low} or at least {high}"
        return said if filled else f"{said} or not filled in"


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

    def words(self, *, full: bool = False) -> str:
        del full
        return f"{self.field} {'not filled in' if self.missing else 'filled in'}"

    def denied(self, *, full: bool = False, filled: bool = False) -> str:
        del filled
        return FieldMissing(self.field, missing=not self.missing).words(full=full)


def _numbered(column: pd.Series) -> tuple[NDArray[np.integer[Any]], Sequence[Any]]:
    """Return the number of each row's level, -1 where missing, and the levels."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories
    codes, levels = pd.factorize(column)
    return codes, levels


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
