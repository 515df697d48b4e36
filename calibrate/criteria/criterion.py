"""The rule as people name it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from calibrate.criteria.conditions import Condition, Flags, Measure, Terms, When
from calibrate.criteria.parsing import parse_when
from calibrate.criteria.phrases import ENGLISH, Phrases
from calibrate.errors import ConfigError

__all__ = ["Criterion", "as_criterion", "describe"]


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """A yes/no rule about a lead.

    Parameters
    ----------
    name : str
        How people call it.
    group : {"fit", "engagement"}
        What the lead is, or what it did.
    when : mapping
        The rule as in ``scorecard.json``.
    source : {"given", "found"}
        Named by a person, or proposed from the data.

    Raises
    ------
    ConfigError
        If ``when`` is no rule; the message names the nearest key.

    Examples
    --------
    >>> rule = as_criterion({"field": "employees", "at_least": 50})
    >>> rule.name, rule.meets(pd.DataFrame({"employees": [10, 50, None]})).tolist()
    ('employees at least 50', [False, True, False])
    """

    name: str
    group: str
    when: When
    source: str = "given"

    def __post_init__(self) -> None:
        """Refuse an impossible rule at once."""
        if self.group not in {"fit", "engagement"}:
            raise ConfigError(
                f'criterion "{self.name}": group "{self.group}" must be "fit" or "engagement"'
            )
        _ = self._condition

    @cached_property
    def _condition(self) -> Condition:
        return parse_when(self.when)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Numbers it needs from the activity log."""
        return self._condition.measures

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns of the leads table it needs."""
        return self._condition.fields

    @property
    def probes(self) -> Mapping[str | Measure, tuple[Any, ...]]:
        """Values of its fields and measures between which its answer changes."""
        return self._condition.probes

    @property
    def rule(self) -> str:
        """The whole rule in words, no level left out."""
        return self._condition.words(ENGLISH, full=True)

    def rests_on(self, names: Collection[str]) -> bool:
        """Whether it looks at one of these columns or activities.

        A rule that counts every activity ("only ...") looks at each of them.
        """
        activities = [measure.activity for measure in self.measures]
        if None in activities and len(names):
            return True
        return any(name in names for name in (*self.fields, *activities))

    def meets(self, frame: pd.DataFrame) -> Flags:
        """Return which rows meet it.

        Parameters
        ----------
        frame : DataFrame
            Columns named like `fields` and like the `Measure.column` of `measures`.

        Returns
        -------
        ndarray of bool, shape (n_rows,)

        Raises
        ------
        DataError
            If a column is missing.
        """
        return self._condition.meets(frame)

    def sql(self, terms: Terms) -> str:
        """Return it as SQL of DuckDB: true where `meets` is, else false and never NULL.

        Parameters
        ----------
        terms : Terms
            What the statement calls columns, numbers of the log and values.
        """
        return self._condition.sql(terms)


def as_criterion(rule: Criterion | When, *, engagement_fields: Sequence[str] = ()) -> Criterion:
    """Return a criterion from a ``when``, or from a ``{"name", "group", "when"}`` object.

    Parameters
    ----------
    rule : Criterion or mapping
    engagement_fields : sequence of str
        Columns of the leads table that say what the lead did.
    """
    if isinstance(rule, Criterion):
        return rule
    if not isinstance(rule, Mapping):
        raise ConfigError(
            f'a rule is an object such as {{"activity": "email_click"}}, not "{rule}"'
        )
    full = rule if "when" in rule else {"when": rule}
    condition = parse_when(full["when"])
    did = bool(condition.measures) or bool(set(condition.fields) & set(engagement_fields))
    return Criterion(
        name=str(full.get("name") or condition.words(ENGLISH)),
        group=str(full.get("group") or ("engagement" if did else "fit")),
        when=full["when"],
        source=str(full.get("source") or "given"),
    )


def describe(when: When, *, full: bool = False, say: Phrases = ENGLISH) -> str:
    """Return a rule in words.

    Parameters
    ----------
    when : mapping
    full : bool
        Name every level of a list; else the first three, where there are more than four.
    say : Phrases
        The words of a language.

    Examples
    --------
    >>> describe({"activity": "email_click", "at_least": 3, "within_days": 30})
    'email_click within 30 days: 3 times or more'
    >>> describe({"not": {"field": "country", "in": ["IT", "FR"]}})
    'country: none of IT or FR'
    >>> describe({"all": [{"activity": "pricing_view"}, {"not": {"activity": "holiday_list"}}]})
    'pricing_view but no holiday_list'
    """
    return parse_when(when).words(say, full=full)
