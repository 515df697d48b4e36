"""From a ``when`` to its condition; the two kinds that hold other rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from calibrate.criteria.activities import ActivityReaches, LastActivity, OnlyActivity, ShareOf
from calibrate.criteria.conditions import Condition, Flags, Measure, Terms, When
from calibrate.criteria.fields import FieldIn, FieldMissing, FieldRange
from calibrate.criteria.phrases import Phrases
from calibrate.errors import ConfigError, did_you_mean

__all__ = ["parse_when"]


@dataclass(frozen=True)
class AllOf(Condition):
    """Every one of the conditions."""

    keys = frozenset({"all"})
    required = keys
    parts: tuple[Condition, ...]

    @classmethod
    def parse(cls, when: When) -> AllOf:
        if not _is_list(when["all"]) or len(when["all"]) < 2:
            raise ConfigError('"all" needs a list of two or more rules')
        return cls(tuple(_condition_of(part) for part in when["all"]))

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(measure for part in self.parts for measure in part.measures)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(field for part in self.parts for field in part.fields)

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        joined: dict[str | Measure, tuple[Any, ...]] = {}
        for part in self.parts:
            for name, values in part.probes.items():
                joined[name] = tuple(dict.fromkeys((*joined.get(name, ()), *values)))
        return joined

    def meets(self, frame: pd.DataFrame) -> Flags:
        return np.asarray(np.all([part.meets(frame) for part in self.parts], axis=0), dtype=bool)

    def sql(self, terms: Terms) -> str:
        return f"({' AND '.join(part.sql(terms) for part in self.parts)})"

    def words(self, say: Phrases, *, full: bool = False) -> str:
        filled = {name for part in self.parts for name in _filled_in(part)}
        spans = _spans(self.parts)
        spanned = [part for low, high, _ in spans for part in (low, high)]
        parts = [part for part in self.parts if part not in spanned]
        denied = [part for part in parts if isinstance(part, Not) and not _is_presence(part)]
        told = {  # "other than A" says that it is filled in
            part.part.field for part in denied if isinstance(part.part, (FieldIn, FieldRange))
        }
        held = [
            part
            for part in parts
            if part not in denied and not (_is_presence(part) and set(part.fields) <= told)
        ]
        first = [low.words_below(bound, say) for low, _, bound in spans]
        first += [part.words(say, full=full) for part in held]
        then = [
            part.part.denied(say, full=full, filled=filled.issuperset(part.fields))
            for part in denied
        ]
        either = say("or", first="", then="")
        comma = "_comma" if any(either in said for said in (*first, *then)) else ""
        groups = [say.joined(f"and{comma}", said) for said in (first, then) if said]
        return say.joined(f"but{comma}", groups)

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        del filled
        said = [part.words(say, full=full) for part in self.parts]
        if len(said) == 2:
            return say("not_both", first=said[0], then=said[1])
        return say("not_all", rules="; ".join(said))


@dataclass(frozen=True)
class Not(Condition):
    """Plain negation."""

    keys = frozenset({"not"})
    required = keys
    part: Condition

    @classmethod
    def parse(cls, when: When) -> Not:
        return cls(_condition_of(when["not"]))

    @property
    def measures(self) -> tuple[Measure, ...]:
        return self.part.measures

    @property
    def fields(self) -> tuple[str, ...]:
        return self.part.fields

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        return self.part.probes

    def meets(self, frame: pd.DataFrame) -> Flags:
        return ~self.part.meets(frame)

    def sql(self, terms: Terms) -> str:
        return f"(NOT {self.part.sql(terms)})"

    def words(self, say: Phrases, *, full: bool = False) -> str:
        return self.part.denied(say, full=full)

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        del filled
        return self.part.words(say, full=full)


def _spans(parts: Sequence[Condition]) -> list[tuple[ActivityReaches, Not, float]]:
    """Return the measures held between two bounds: the lower reached, the higher (given) not."""
    reached = [part for part in parts if isinstance(part, ActivityReaches)]
    lower = {part.measure: part for part in reached}
    return [
        (lower[part.part.measure], part, part.part.at_least)
        for part in parts
        if isinstance(part, Not)
        and isinstance(part.part, ActivityReaches)
        and [other.measure for other in reached].count(part.part.measure) == 1
        and lower[part.part.measure].at_least + 1 <= part.part.at_least
    ]


def _is_presence(part: Condition) -> bool:
    """Whether it says that a column is filled in."""
    if isinstance(part, Not):
        return isinstance(part.part, FieldMissing) and part.part.missing
    return isinstance(part, FieldMissing) and not part.missing


def _filled_in(part: Condition) -> tuple[str, ...]:
    """Return the column that is filled in where it holds."""
    return part.fields if isinstance(part, (FieldIn, FieldRange)) or _is_presence(part) else ()


_MOST_LEVELS = 20
# The first kind whose required keys are all there is meant; the more particular first.
_KINDS: tuple[type[Condition], ...] = (
    AllOf,
    Not,
    OnlyActivity,
    ShareOf,
    LastActivity,
    ActivityReaches,
    FieldIn,
    FieldMissing,
    FieldRange,
)


def parse_when(when: object) -> Condition:
    """Return the condition of a ``when``.

    Raises
    ------
    ConfigError
        If it is of no kind, has a key that its kind does not take, or is nested too deeply.
    """
    _require_shallow(when)
    return _condition_of(when)


def _require_shallow(when: object) -> None:
    level = [when]
    for _ in range(_MOST_LEVELS):
        whens = [part for part in level if isinstance(part, Mapping)]
        joined = [part["all"] for part in whens if _is_list(part.get("all"))]
        level = [part["not"] for part in whens if "not" in part]
        level += [part for parts in joined for part in parts]
    if level:
        raise ConfigError(f"a rule holds rules within rules at most {_MOST_LEVELS} deep")


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _condition_of(when: object) -> Condition:
    if not isinstance(when, Mapping):
        raise ConfigError(
            f'a rule is an object such as {{"activity": "email_click"}}, not "{when}"'
        )
    keys = set(when)
    for kind in _KINDS:
        if kind.required <= keys:
            for key in sorted(keys - kind.keys):
                raise ConfigError(
                    f'unknown key "{key}" in the rule {dict(when)}'
                    + did_you_mean(key, sorted(kind.keys))
                )
            return kind.parse(when)
    known = sorted({key for kind in _KINDS for key in kind.keys})
    hint = next(filter(None, (did_you_mean(str(key), known) for key in when)), "")
    raise ConfigError(f"the rule {dict(when)} names neither a field nor an activity{hint}")
