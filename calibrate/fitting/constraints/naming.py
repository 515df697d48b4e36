"""From what a constraint names to a column, an activity or a rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from calibrate.criteria import Criterion, as_criterion
from calibrate.errors import ConfigError, did_you_mean
from calibrate.fitting.constraints.reading import Subject, Target, canonical, mentions
from calibrate.fitting.constraints.wording import rule_called

__all__ = ["Names"]


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
    known : mapping of column to levels
        As far as rules name them: they tell how words are meant.
    table : str
        Table of the settings that the names stand in, for what is refused.
    """

    columns: tuple[str, ...]
    activities: tuple[str, ...]
    rules: Mapping[str, Criterion]
    levels: Mapping[str, str]
    known: Mapping[str, Collection[str]] = field(default_factory=dict)
    table: str = "constraints"

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
                f'[{self.table}] {field}: there is no column or activity "{named}"{near}'
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
            criterion = self._known(self._read(named), field)
        elif named in self.rules:
            criterion = self.rules[named]
        else:
            when = rule_called(named, self.columns, self.activities, self.known)
            if when is None:
                raise ConfigError(f"[{self.table}] {field}: {self._unknown(named)}")
            criterion = as_criterion(when)
        return criterion if name is None else as_criterion({"name": name, "when": criterion.when})

    def _read(self, named: Mapping[str, Any]) -> Criterion:
        try:
            return as_criterion(named)
        except ConfigError as error:
            raise ConfigError(f"[{self.table}] {error}") from None

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
                        f'[{self.table}] {field}: there is no {kind} "{part.subject.name}"{near}'
                    )
        return criterion
