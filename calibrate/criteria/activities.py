"""Rules about what a lead did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from calibrate.criteria.conditions import (
    Condition,
    Flags,
    Measure,
    Terms,
    When,
    name_under,
    optional_days,
    optional_number,
    required_number,
    values_of,
)
from calibrate.criteria.phrases import Phrases
from calibrate.errors import ConfigError

__all__ = ["ActivityReaches", "LastActivity", "OnlyActivity", "ShareOf"]


@dataclass(frozen=True)
class ActivityReaches(Condition):
    """One measure of one activity reaches a bound."""

    keys = frozenset({"activity", "detail", "within_days", "at_least", "total", "days"})
    required = frozenset({"activity"})
    measure: Measure
    at_least: float

    @classmethod
    def parse(cls, when: When) -> ActivityReaches:
        bounds = [key for key in ("at_least", "total", "days") if key in when]
        if len(bounds) > 1:
            raise ConfigError(
                f'the rule on activity "{when["activity"]}" has {" and ".join(bounds)}: '
                'join two rules with "all"'
            )
        kind = bounds[0] if bounds else "at_least"
        measure = _measure(when, "count" if kind == "at_least" else kind)
        bound = optional_number(when, kind)
        if bound is not None and bound <= 0:
            raise ConfigError(
                f'the rule on activity "{when["activity"]}" holds for every lead: '
                f'{kind} must be above 0; for "never", use {{"not": ...}}'
            )
        return cls(measure, 1.0 if bound is None else bound)

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (self.measure,)

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        return {self.measure: (0.0, self.at_least)}

    def meets(self, frame: pd.DataFrame) -> Flags:
        return values_of(frame, self.measure) >= self.at_least

    def sql(self, terms: Terms) -> str:
        return f"{terms.measure(self.measure)} >= {terms.bind(self.at_least, 'DOUBLE')}"

    def words(self, say: Phrases, *, full: bool = False) -> str:
        del full
        name, n = self.measure.words(say), self.at_least
        if self.measure.statistic == "total":
            return say("total", activity=name, n=say.number(n))
        if self.measure.statistic == "days":
            return say("on_days", activity=name, days=say.days(n))
        return name if n == 1 else say("times", activity=name, n=say.number(n))

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        del full, filled
        name, n = self.measure.words(say), self.at_least
        if self.measure.statistic == "total":
            return say("total_less", activity=name, n=say.number(n))
        if self.measure.statistic == "days":
            return say("on_days_fewer", activity=name, days=say.days(n))
        return say("never" if n == 1 else "times_fewer", activity=name, n=say.number(n))

    def words_below(self, bound: float, say: Phrases) -> str:
        """Say that the measure reaches the rule's own bound and stays below another."""
        name, least, most = self.measure.words(say), self.at_least, bound - 1
        low, high = say.number(least), say.number(most)
        if self.measure.statistic == "total":
            return say("total_between", activity=name, low=low, high=say.number(bound))
        if self.measure.statistic == "days":
            key = "on_days_exactly" if most == least else "on_days_between"
            return say(key, activity=name, low=low, days=say.days(most))
        if most == least:
            return say("once_exactly" if least == 1 else "times_exactly", activity=name, n=low)
        return say("times_between", activity=name, low=low, high=high)


@dataclass(frozen=True)
class LastActivity(Condition):
    """The last event lies at most so many days before the cutoff."""

    keys = frozenset({"activity", "detail", "last_within_days"})
    required = frozenset({"activity", "last_within_days"})
    measure: Measure
    days: float

    @classmethod
    def parse(cls, when: When) -> LastActivity:
        days = optional_days(when, "last_within_days")
        if days is None:
            raise ConfigError(f'"last_within_days" of the rule {dict(when)} must be a number')
        return cls(_measure(when, "recency"), days)

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (self.measure,)

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        return {self.measure: (self.days, self.days + 1, None)}

    def meets(self, frame: pd.DataFrame) -> Flags:
        return values_of(frame, self.measure) <= self.days

    def sql(self, terms: Terms) -> str:
        days = terms.bind(self.days, "DOUBLE")
        return f"coalesce({terms.measure(self.measure)} <= {days}, FALSE)"

    def words(self, say: Phrases, *, full: bool = False) -> str:
        del full
        return say("last", activity=self.measure.words(say), days=say.days(self.days))

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        del full, filled
        return say("last_not", activity=self.measure.words(say), days=say.days(self.days))


@dataclass(frozen=True)
class ShareOf(Condition):
    """One activity per event of another, where there are enough of the other."""

    keys = frozenset({"activity", "share_of", "at_least", "minimum", "within_days"})
    required = frozenset({"activity", "share_of", "at_least"})
    part: Measure
    whole: Measure
    at_least: float
    minimum: float

    @classmethod
    def parse(cls, when: When) -> ShareOf:
        part = _measure(when, "count")
        minimum = optional_number(when, "minimum")
        return cls(
            part,
            replace(part, activity=name_under(when, "share_of")),
            required_number(when, "at_least"),
            1.0 if minimum is None else minimum,
        )

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (self.part, self.whole)

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        least = max(self.minimum, 1.0)
        enough = np.ceil(self.at_least * least)
        return {self.part: (0.0, enough), self.whole: (0.0, least, 1e6 * (least + enough))}

    def meets(self, frame: pd.DataFrame) -> Flags:
        part, whole = values_of(frame, self.part), values_of(frame, self.whole)
        return (whole >= max(self.minimum, 1)) & (part >= self.at_least * whole)

    def sql(self, terms: Terms) -> str:
        part, whole = terms.measure(self.part), terms.measure(self.whole)
        least = terms.bind(max(self.minimum, 1.0), "DOUBLE")
        share = terms.bind(self.at_least, "DOUBLE")
        return f"({whole} >= {least} AND {part} >= {share} * {whole})"

    def words(self, say: Phrases, *, full: bool = False) -> str:
        del full
        return self._said("share", self.minimum, say)

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        del full, filled
        return self._said("share_under", max(self.minimum, 1.0), say)

    def _said(self, key: str, minimum: float, say: Phrases) -> str:
        return say(
            key,
            activity=self.part.words(say),
            percent=say.number(100 * self.at_least),
            whole=self.whole.activity,
            minimum=say.number(minimum),
        )


@dataclass(frozen=True)
class OnlyActivity(Condition):
    """The lead did this activity and nothing else."""

    keys = frozenset({"only"})
    required = keys
    part: Measure

    @classmethod
    def parse(cls, when: When) -> OnlyActivity:
        return cls(Measure(name_under(when, "only")))

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (self.part, Measure(None))

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        return {self.part: (0.0, 1.0), Measure(None): (0.0, 1.0, 1e6)}

    def meets(self, frame: pd.DataFrame) -> Flags:
        part = values_of(frame, self.part)
        return np.asarray((part >= 1) & (part == values_of(frame, Measure(None))), dtype=bool)

    def sql(self, terms: Terms) -> str:
        part = terms.measure(self.part)
        return f"({part} >= 1 AND {part} = {terms.measure(Measure(None))})"

    def words(self, say: Phrases, *, full: bool = False) -> str:
        del full
        return say("only", activity=self.part.words(say))

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        del full, filled
        return say("only_not", activity=self.part.words(say))


def _measure(when: When, statistic: str) -> Measure:
    detail = when.get("detail")
    return Measure(
        name_under(when, "activity"),
        detail=None if detail is None else name_under(when, "detail"),
        within_days=optional_days(when, "within_days"),
        statistic=statistic,
    )
