"""From what a constraint names to a column, an activity or a rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calibrate.criteria import Criterion, as_criterion, describe
from calibrate.errors import ConfigError, did_you_mean
from calibrate.fitting.constraints.reading import Subject, Target, canonical, mentions

__all__ = ["Names", "rule_called"]

_NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_DAYS = r"(\d+(?:\.\d+)?) days?"
_FIELD_ENDINGS = (
    (rf" at least {_NUMBER}", ("at_least",)),
    (rf" under {_NUMBER}", ("below",)),
    (rf" {_NUMBER} to under {_NUMBER}", ("at_least", "below")),
)
_ACTIVITY_ENDINGS = (
    ("", ()),
    (rf": {_NUMBER} times or more", ("at_least",)),
    (rf" adding up to {_NUMBER} or more", ("total",)),
    (rf" on {_DAYS} or more", ("days",)),
    (rf", the last one within {_DAYS}", ("last_within_days",)),
)


@dataclass(frozen=True, kw_only=True)
class Names:
    """What can be named: columns, activities, and rules by their names.

    Attributes
    ----------
    columns : tuple of str
    activities : tuple of str
    rules : mapping of name to Criterion
    levels : mapping of column to str
        A level of each column that holds levels without an order.
    """

    columns: tuple[str, ...]
    activities: tuple[str, ...]
    rules: Mapping[str, Criterion]
    levels: Mapping[str, str]

    def subject(self, named: object, field: str) -> Subject:
        """Return the column or activity of a name.

        Raises
        ------
        ConfigError
            If there is none, naming the nearest.
        """
        found = self._subject(named)
        if found is None:
            near = did_you_mean(str(named), [*self.columns, *self.activities])
            raise ConfigError(
                f'[constraints] {field}: there is no column or activity "{named}"{near}'
            )
        return found

    def target(self, named: str | Mapping[str, Any], field: str) -> Target:
        """Return what is named: a column or activity before a rule.

        Raises
        ------
        ConfigError
            If there is no such thing, naming the nearest.
        """
        found = self._subject(named)
        return canonical(self.rule(named, field).when) if found is None else found

    def rule(
        self, named: str | Mapping[str, Any], field: str, *, name: str | None = None
    ) -> Criterion:
        """Return the rule of a name; that of an activity is that it was done at all.

        Raises
        ------
        ConfigError
            If there is no such rule, or it looks at an unknown column or activity.
        """
        if isinstance(named, Mapping):
            criterion = self._known(as_criterion(named), field)
        elif named in self.rules:
            criterion = self.rules[named]
        else:
            when = rule_called(named, self.columns, self.activities)
            if when is None:
                raise ConfigError(f"[constraints] {field}: {self._unknown(named)}")
            criterion = as_criterion(when)
        return criterion if name is None else as_criterion({"name": name, "when": criterion.when})

    def _subject(self, named: object) -> Subject | None:
        if named in self.columns:
            return Subject("field", str(named))
        return Subject("activity", str(named)) if named in self.activities else None

    def _unknown(self, named: str) -> str:
        if named in self.columns:
            return (
                f'"{named}" is a column, not a rule; write the rule, such as '
                f'"{named} at least 1" or "{named}: yes"'
            )
        near = did_you_mean(named, [*self.columns, *self.activities, *self.rules])
        return f'there is no column, activity or rule "{named}"{near}'

    def _known(self, criterion: Criterion, field: str) -> Criterion:
        for part in mentions(criterion.when):
            if part.subject.name is not None:
                known = self.columns if part.subject.kind == "field" else self.activities
                if part.subject.name not in known:
                    near = did_you_mean(part.subject.name, known)
                    kind = "column" if part.subject.kind == "field" else "activity"
                    raise ConfigError(
                        f'[constraints] {field}: there is no {kind} "{part.subject.name}"{near}'
                    )
        return criterion


def rule_called(
    text: str, columns: Sequence[str], activities: Sequence[str]
) -> dict[str, Any] | None:
    """Return the rule that is described by these words, or None.

    Parameters
    ----------
    text : str
        As `calibrate.criteria.describe` says it.
    columns, activities : sequence of str

    Examples
    --------
    >>> rule_called("employees 10 to under 50", ["employees"], [])
    {'field': 'employees', 'at_least': 10.0, 'below': 50.0}
    >>> rule_called("click and job: student", ["job"], ["click"])
    {'all': [{'activity': 'click'}, {'field': 'job', 'in': ['student']}]}
    """
    for when in _readings(text, columns, activities):
        if _said(when) == text:
            return when
    return None


def _said(when: dict[str, Any]) -> str | None:
    try:
        return describe(when)
    except ConfigError:
        return None


def _readings(
    text: str, columns: Sequence[str], activities: Sequence[str]
) -> Iterable[dict[str, Any]]:
    for column in sorted(columns, key=len, reverse=True):
        if text.startswith(column):
            yield from _of_column(column, text.removeprefix(column))
    for activity in sorted(activities, key=len, reverse=True):
        if text.startswith(activity):
            yield from _of_activity(activity, text.removeprefix(activity))
        if text == f"only {activity}":
            yield {"only": activity}
    yield from _pairs(text, columns, activities)


def _of_column(column: str, rest: str) -> Iterable[dict[str, Any]]:
    about: dict[str, Any] = {"field": column}
    if rest.startswith(": "):
        yield about | {"in": [rest[2:]]}
        yield about | {"in": rest[2:].split(" or ")}
    yield from _with_numbers(about, rest, _FIELD_ENDINGS)
    for words, missing in ((" not filled in", True), (" filled in", False)):
        if rest == words:
            yield about | {"missing": missing}


def _of_activity(activity: str, rest: str) -> Iterable[dict[str, Any]]:
    about: dict[str, Any] = {"activity": activity}
    share = re.fullmatch(
        rf"(?: within {_DAYS})? at least {_NUMBER} % of (.+) \(of (.+) or more\)", rest
    )
    if share:
        within, percent, whole, minimum = share.groups()
        days = {} if within is None else {"within_days": float(within)}
        level = {"at_least": float(percent) / 100, "minimum": float(minimum)}
        yield about | {"share_of": whole} | level | days
    detail = re.fullmatch(r" on (.+?)((?::| adding| on \d| within|, the last).*)?", rest)
    if detail and not re.match(rf"{_DAYS} or more", detail[1]):
        yield from _of_measure(about | {"detail": detail[1]}, detail[2] or "")
    yield from _of_measure(about, rest)


def _of_measure(about: dict[str, Any], rest: str) -> Iterable[dict[str, Any]]:
    within = re.match(rf" within {_DAYS}(.*)", rest)
    if within:
        days = {"within_days": float(within[1])}
        yield from _with_numbers(about | days, within[2], _ACTIVITY_ENDINGS)
    yield from _with_numbers(about, rest, _ACTIVITY_ENDINGS)


def _with_numbers(
    about: dict[str, Any], rest: str, endings: Iterable[tuple[str, tuple[str, ...]]]
) -> Iterable[dict[str, Any]]:
    for pattern, keys in endings:
        match = re.fullmatch(pattern, rest)
        if match:
            yield about | dict(zip(keys, map(float, match.groups()), strict=True))


def _pairs(
    text: str, columns: Sequence[str], activities: Sequence[str]
) -> Iterable[dict[str, Any]]:
    words = text.split(" and ")
    for i in range(1, len(words)):
        first = rule_called(" and ".join(words[:i]), columns, activities)
        second = rule_called(" and ".join(words[i:]), columns, activities)
        if first is not None and second is not None:
            yield {"all": [part for when in (first, second) for part in when.get("all", [when])]}
