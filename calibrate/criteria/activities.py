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
    days_text,
    name_under,
    number_text,
    optional_days,
    optional_number,
    required_number,
    values_of,
)
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

    def words(self, *, full: bool = False) -> str:
        del full
        name = replace(self.measure, statistic="count").column
        if self.measure.statistic == "total":
            return f"{name} adding up to {number_text(self.at_least)} or more"
        if self.measure.statistic == "days":
            return f"{name} on {days_text(self.at_least)} or more"
        return name if self.at_least == 1 else f"{name}: {number_text(self.at_least)} times or more"

    def denied(self, *, full: bool = False, filled: bool = False) -> str:
        del full, filled
        name = replace(self.measure, statistic="count").column
        if self.measure.statistic == "total":
            return f"{name} adding up to less than {number_text(self.at_least)}"
        if self.measure.statistic == "days":
            return f"{name} on fewer than {days_text(self.at_least)}"
        if self.at_least == 1:
            return f"no {name}"
        return f"{name}: fewer than {number_text(self.at_least)} times"

    def words_below(self, bound: float) -> str:
        """Say that the measure reaches the rule's own bound and stays below another."""
        name = replace(self.measure, statistic="count").column
        least, most = number_text(self.at_least), number_text(bound - 1)
        if self.measure.statistic == "total":
            return f"{name} adding up to {least} or more, under {number_text(bound)}"
        if self.measure.statistic == "days":
            if bound - 1 == self.at_least:
                return f"{name} on exactly {days_text(self.at_least)}"
            return f"{name} on {least} to {most} days"
        if bound - 1 == self.at_least:
            return f"{name}: exactly {'once' if self.at_least == 1 else f'{least} times'}"
        return f"{name}: {least} to {most} times"


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

    def words(self, *, full: bool = False) -> str:
        del full
        name = replace(self.measure, statistic="count").column
        return f"{name}, the last one within {days_text(self.days)}"

    def denied(self, *, full: bool = False, filled: bool = False) -> str:
        del full, filled
        name = replace(self.measure, statistic="count").column
        return f"no {name} in the last {days_text(self.days)}"


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

    def words(self, *, full: bool = False) -> str:
        del full
        share = f"{number_text(100 * self.at_least)} %"
        return (
            f"{self.part.column} at least {share} of {self.whole.activity} "
            f"(of {number_text(self.minimum)} or more)"
        )

    def denied(self, *, full: bool = False, filled: bool = False) -> str:
        del full, filled
        share = f"{number_text(100 * self.at_least)} %"
        return (
            f"{self.part.column} under {share} of {self.whole.activity} "
            f"(or of fewer than {number_text(max(self.minimum, 1.0))})"
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

    def words(self, *, full: bool = False) -> str:
        del full
        return f"only {self.part.column}"

    def denied(self, *, full: bool = False, filled: bool = False) -> str:
        del full, filled
        return f"not only {self.part.column}"


def _measure(when: When, statistic: str) -> Measure:
    detail = when.get("detail")
    return Measure(
        name_under(when, "activity"),
        detail=None if detail is None else name_under(when, "detail"),
        within_days=optional_days(when, "within_days"),
        statistic=statistic,
    )
