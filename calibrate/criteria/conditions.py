"""What every kind of rule has in common, and the numbers taken from the log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria.phrases import ENGLISH, Phrases
from calibrate.errors import ConfigError, DataError, did_you_mean

__all__ = [
    "NO_LEVEL",
    "Condition",
    "Flags",
    "Measure",
    "Term",
    "Terms",
    "When",
    "column_of",
    "name_under",
    "optional_days",
    "optional_number",
    "required_number",
    "values_of",
]

Flags = NDArray[np.bool_]
When = Mapping[str, Any]
LARGEST = 1e300
MOST_DAYS = 36_525  # a hundred years: no sum of moments overflows
NO_LEVEL = "\0any other"  # stands for a value that no rule names


@dataclass(frozen=True)
class Measure:
    """A number taken from a lead's activity log, up to its cutoff.

    Parameters
    ----------
    activity : str or None
        Name of the activity; None counts every activity.
    detail : str, optional
        Wildcard (``*``) that the event's detail must match.
    within_days : float, optional
        Only events at most this many days before the cutoff.
    statistic : {"count", "total", "days", "recency"}
        Events; sum of their values; distinct days with an event; days from the last
        event to the cutoff (missing without one).

    Examples
    --------
    >>> Measure("email_click").column, Measure("page_view", detail="*/pricing*").column
    ('email_click', 'page_view on */pricing*')
    """

    activity: str | None
    detail: str | None = None
    within_days: float | None = None
    statistic: str = "count"

    @property
    def column(self) -> str:
        """Name of the feature column that holds it."""
        text = self.words(ENGLISH)
        return text if self.statistic == "count" else f"{text}, {self.statistic}"

    def words(self, say: Phrases) -> str:
        """Say of which activity it is, on what and for how long; not what is counted."""
        text = say("any_activity") if self.activity is None else self.activity
        if self.detail is not None:
            text = say("on_detail", activity=text, detail=self.detail)
        if self.within_days is not None:
            text = say("within", activity=text, days=say.days(self.within_days))
        return text


@dataclass(frozen=True)
class Term:
    """What a statement calls a column of the leads, and what the column holds.

    Parameters
    ----------
    sql : str
        Missing values are NULL, texts are trimmed.
    kind : {"category", "number", "date", "text"}
        As in `Attribute`.
    """

    sql: str
    kind: str


class Terms(Protocol):
    """What a statement calls the things that rules are about (DuckDB's SQL)."""

    def field(self, name: str) -> Term:
        """Return the column of this name."""
        ...

    def measure(self, measure: Measure) -> str:
        """Return a number taken from the log: 0 without an event, NULL for a recency."""
        ...

    def bind(self, value: object, kind: str) -> str:
        """Return a value of an SQL type."""
        ...


@dataclass(frozen=True)
class Condition(ABC):
    """A parsed ``when``: one class a kind of rule."""

    keys: ClassVar[frozenset[str]]
    required: ClassVar[frozenset[str]]

    @classmethod
    @abstractmethod
    def parse(cls, when: When) -> Self:
        """Read it from a mapping that holds the required keys and no unknown one."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Numbers it needs from the activity log."""
        return ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns of the leads table it needs."""
        return ()

    @property
    @abstractmethod
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        """Values of its fields and measures between which its answer changes.

        Whatever a lead looks like, some combination of these values has the same answer.
        """

    @abstractmethod
    def meets(self, frame: pd.DataFrame) -> Flags:
        """Return which rows meet it."""

    @abstractmethod
    def sql(self, terms: Terms) -> str:
        """Return it as SQL that is true where `meets` is, else false and never NULL."""

    @abstractmethod
    def words(self, say: Phrases, *, full: bool = False) -> str:
        """Say it; with `full`, name every level however many there are."""

    def denied(self, say: Phrases, *, full: bool = False, filled: bool = False) -> str:
        """Say that it does not hold; with `filled`, of leads whose columns are filled in.

        Plain negation: a missing value meets no condition, so it meets the negation of each.
        """
        del filled
        return say("not", rule=self.words(say, full=full))


def optional_number(when: When, key: str) -> float | None:
    """Return the number under a key, None where there is none."""
    value = when.get(key)
    if value is None:
        return None
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not is_number or not abs(value) <= LARGEST:
        raise ConfigError(f'"{key}" of the rule {dict(when)} must be a number, not "{value}"')
    return float(value)


def optional_days(when: When, key: str) -> float | None:
    """Return the number of days under a key, None where there is none."""
    days = optional_number(when, key)
    if days is not None and not 0 < days <= MOST_DAYS:
        raise ConfigError(
            f'"{key}" of the rule {dict(when)} counts days, above 0 and at most {MOST_DAYS}'
        )
    return days


def name_under(when: When, key: str) -> str:
    """Return the name of a field or an activity."""
    value = when[key]
    if value is None or value == "" or isinstance(value, (bool, Mapping, list, tuple)):
        raise ConfigError(f'"{key}" of the rule {dict(when)} must be a name, not "{value}"')
    return str(value)


def required_number(when: When, key: str) -> float:
    """Return the number under a key."""
    value = optional_number(when, key)
    if value is None:
        raise ConfigError(f'"{key}" of the rule {dict(when)} must be a number')
    return value


def column_of(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column; a missing one is refused, naming the nearest."""
    if name not in frame.columns:
        raise DataError(
            "is missing",
            column=name,
            fix=f"the rules need it{did_you_mean(name, map(str, frame.columns))}",
        )
    return frame[name]


def values_of(frame: pd.DataFrame, measure: Measure) -> NDArray[np.float64]:
    """Return the values of a measure."""
    return np.asarray(column_of(frame, measure.column), dtype=float)
