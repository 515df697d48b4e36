"""The words in which rules are said: English, and whatever language hands over its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["ENGLISH", "Phrases"]

_TEXTS = MappingProxyType(
    {
        "and": "{first} and {then}",
        "and_comma": "{first}, and {then}",
        "but": "{first} but {then}",
        "but_comma": "{first}, but {then}",
        "or": "{first} or {then}",
        "comma": "{first}, {then}",
        "not": "not ({rule})",
        "not_both": "not both {first} and {then}",
        "not_all": "not all of: {rules}",
        "day": "{n} day",
        "days": "{n} days",
        "any_activity": "any activity",
        "on_detail": "{activity} on {detail}",
        "within": "{activity} within {days}",
        "times": "{activity}: {n} times or more",
        "times_fewer": "{activity}: fewer than {n} times",
        "never": "no {activity}",
        "once_exactly": "{activity}: exactly once",
        "times_exactly": "{activity}: exactly {n} times",
        "times_between": "{activity}: {low} to {high} times",
        "total": "{activity} adding up to {n} or more",
        "total_less": "{activity} adding up to less than {n}",
        "total_between": "{activity} adding up to {low} or more, under {high}",
        "on_days": "{activity} on {days} or more",
        "on_days_fewer": "{activity} on fewer than {days}",
        "on_days_exactly": "{activity} on exactly {days}",
        "on_days_between": "{activity} on {low} to {days}",
        "last": "{activity}, the last one within {days}",
        "last_not": "no {activity} in the last {days}",
        "share": "{activity} at least {percent} % of {whole} (of {minimum} or more)",
        "share_under": "{activity} under {percent} % of {whole} (or of fewer than {minimum})",
        "only": "only {activity}",
        "only_not": "not only {activity}",
        "is": "{field}: {levels}",
        "is_not": "{field}: not {levels}",
        "is_none": "{field}: none of {levels}",
        "is_other": "{field}: other than {levels}",
        "levels_more": "{n} more",
        "at_least": "{field} at least {low}",
        "under": "{field} under {high}",
        "between": "{field} {low} to under {high}",
        "outside": "{field} under {low} or at least {high}",
        "or_missing": "{rule} or not filled in",
        "filled": "{field} filled in",
        "missing": "{field} not filled in",
    }
)


@dataclass(frozen=True, eq=False)
class Phrases:
    """How rules are said in one language.

    Parameters
    ----------
    texts : mapping of str to str
        The keys are those of ``ENGLISH.texts``.
    decimal : str
        What stands before the decimals of a number.

    Examples
    --------
    >>> ENGLISH("at_least", field="employees", low=ENGLISH.number(2.5))
    'employees at least 2.5'
    >>> ENGLISH.days(1), ENGLISH.one_of(["A", "B", "C"])
    ('1 day', 'A or B or C')
    """

    texts: Mapping[str, str] = field(default_factory=lambda: _TEXTS)
    decimal: str = "."

    def __call__(self, key: str, **values: object) -> str:
        """Return the text under a key, with values put in."""
        return self.texts[key].format(**values)

    def number(self, value: float) -> str:
        """Write a number as people do."""
        return f"{value:.10g}".replace(".", self.decimal)

    def days(self, days: float) -> str:
        """Write a number of days."""
        return self("day" if days == 1 else "days", n=self.number(days))

    def one_of(self, names: Sequence[str]) -> str:
        """Join names of which one is enough."""
        return self.joined("or", names)

    def listed(self, names: Sequence[str]) -> str:
        """Join names by commas, the last two by "or"."""
        *first, last = names
        return self("or", first=self.joined("comma", first), then=last) if first else last

    def joined(self, key: str, parts: Sequence[str]) -> str:
        """Join parts, two at a time, by the text under a key."""
        said, *others = parts
        for part in others:
            said = self(key, first=said, then=part)
        return said


ENGLISH = Phrases()
