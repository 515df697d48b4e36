"""Rules made of other rules: merged levels, ranges, and pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibrate.criteria import Criterion, as_criterion
from calibrate.observation import Sample

__all__ = [
    "Combination",
    "Term",
    "columns_met",
    "combined",
    "criterion_of",
    "renumbered",
]

KINDS = ("any", "range", "both", "without")


@dataclass(frozen=True)
class Combination:
    """A rule made of the rules of a sample, by position.

    Parameters
    ----------
    kind : {"any", "range", "both", "without"}
        ``any``: one of several levels of a column. ``range``: the first cut of a number and
        not the second. ``both``: one rule and another. ``without``: one and not another.
    parts : tuple of int or Combination
    """

    kind: str
    parts: tuple[Term, ...]


Term = int | Combination


def columns_met(term: Term, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which leads meet a rule, shape (leads,).

    Parameters
    ----------
    term : int or Combination
    flags : ndarray of bool, shape (leads, rules)

    Examples
    --------
    >>> flags = np.array([[1, 0], [1, 1], [0, 1]], dtype=bool)
    >>> columns_met(Combination("without", (0, 1)), flags).tolist()
    [True, False, False]
    """
    if isinstance(term, int):
        return flags[:, term]
    parts = [columns_met(part, flags) for part in term.parts]
    if term.kind == "any":
        return reduce(np.logical_or, parts)
    if term.kind == "both":
        return reduce(np.logical_and, parts)
    return parts[0] & ~parts[1]


def renumbered(term: Term, positions: Sequence[int]) -> Term:
    """Return a term over some of the rules as a term over all, of which they are `positions`."""
    if isinstance(term, int):
        return int(positions[term])
    return replace(term, parts=tuple(renumbered(part, positions) for part in term.parts))


def combined(sample: Sample, terms: Sequence[Term]) -> Sample:
    """Return the sample whose rules are the terms, in their order, each with a name of its own."""
    flags = np.zeros((sample.n, len(terms)), dtype=bool)
    for i, term in enumerate(terms):
        flags[:, i] = columns_met(term, sample.flags)
    criteria = [criterion_of(term, sample.criteria) for term in terms]
    return replace(sample, criteria=tuple(_apart(criteria, sample.criteria)), flags=flags)


def _apart(made: Sequence[Criterion], known: Sequence[Criterion]) -> Iterator[Criterion]:
    """Name by all their levels the rules that share the short words of another."""
    names = Counter(rule.name for rule in {id(rule): rule for rule in (*known, *made)}.values())
    for rule in made:
        yield rule if names[rule.name] == 1 else replace(rule, name=_name_of(rule, known))


def _name_of(rule: Criterion, known: Sequence[Criterion]) -> str:
    return rule.name if any(rule is one for one in known) else rule.rule


def criterion_of(term: Term, criteria: Sequence[Criterion]) -> Criterion:
    """Return the rule that a term over some criteria is."""
    if isinstance(term, int):
        return criteria[term]
    parts = [criterion_of(part, criteria) for part in term.parts]
    group = "engagement" if any(part.group == "engagement" for part in parts) else "fit"
    made = as_criterion(_WHEN[term.kind]([dict(part.when) for part in parts]))
    return replace(made, group=group, source="found")


def _any(whens: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"field": whens[0]["field"], "in": [level for when in whens for level in when["in"]]}


def _range(whens: Sequence[dict[str, Any]]) -> dict[str, Any]:
    low, high = whens
    if set(low) == {"field", "at_least"}:
        return {**low, "below": high["at_least"]}
    return _without(whens)


def _both(whens: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"all": [part for when in whens for part in when.get("all", [when])]}


def _without(whens: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return _both([whens[0], {"not": whens[1]}])


_WHEN = dict(zip(KINDS, (_any, _range, _both, _without), strict=True))
