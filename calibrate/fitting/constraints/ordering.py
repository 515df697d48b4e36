"""Orders between rules as linear inequalities of their points."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria import Criterion, as_criterion
from calibrate.fitting.attainable import attainable_values
from calibrate.fitting.constraints.reading import Subject, Target, canonical, mentions

__all__ = ["in_order", "is_plain", "monotone", "renamed", "subject_of"]

MOST_ROWS = 1500  # combinations of values compared with each other
COMMON = "\0the same"  # one name for two activities, or columns, that are compared

Rows = NDArray[np.float64]


def is_plain(criterion: Criterion) -> bool:
    """Whether a rule is about one column or activity only."""
    return len({part.subject for part in mentions(criterion.when)}) == 1


def subject_of(target: Target) -> Subject | None:
    """Return the one column or activity that a target is about; None for several."""
    if isinstance(target, Subject):
        return target
    found = {part.subject for part in mentions(json.loads(target))}
    return found.pop() if len(found) == 1 else None


def renamed(criterion: Criterion, subject: Subject, name: str) -> Criterion:
    """Return the rule about another column or activity, where it is about this one."""
    return as_criterion({"name": criterion.name, "when": _renamed(criterion.when, subject, name)})


def _renamed(when: Mapping[str, Any], subject: Subject, name: str) -> dict[str, Any]:
    if "all" in when:
        return {"all": [_renamed(part, subject, name) for part in when["all"]]}
    if "not" in when:
        return {"not": _renamed(when["not"], subject, name)}
    return {k: name if k == subject.kind and v == subject.name else v for k, v in when.items()}


def in_order(criteria: Sequence[Criterion], lower: Target, higher: Target) -> Rows | None:
    """Return rows ``a`` such that ``a @ points >= 0`` says that the later is worth no less.

    Parameters
    ----------
    criteria : sequence of Criterion
        Rules of a card.
    lower, higher : Target
        Two neighbours of an order.

    Returns
    -------
    ndarray, shape (rows, criteria), or None
        Two columns or activities: the same behaviour, done at all, with either. Two rules: whoever
        meets the later against anyone who meets the other but not it. None where there are too
        many ways to behave.
    """
    members = _about(criteria, subject_of(lower), subject_of(higher))
    forms = tuple(canonical(criteria[i].when) for i in members)
    return _scattered(_in_order(forms, lower, higher), members, len(criteria))


def _scattered(rows: Rows | None, members: Sequence[int], size: int) -> Rows | None:
    """Return rows over some of the rules as rows over all."""
    if rows is None:
        return None
    wide = np.zeros((len(rows), size))
    wide[:, list(members)] = rows
    return wide


@lru_cache(maxsize=4096)  # the search asks for the same few rules again and again
def _in_order(forms: tuple[str, ...], lower: Target, higher: Target) -> Rows | None:
    criteria = [as_criterion(json.loads(form)) for form in forms]
    below = _about(criteria, subject_of(lower))
    above = _about(criteria, subject_of(higher))
    if not below and not above:
        return np.zeros((0, len(criteria)))
    if isinstance(lower, Subject) and isinstance(higher, Subject):
        return _same_behaviour(criteria, (lower, below), (higher, above))
    least, most = _met(criteria, above, higher, None), _met(criteria, below, lower, higher)
    if least is None or most is None:
        return None
    return _distinct((least[:, None, :] - most[None, :, :]).reshape(-1, len(criteria)))


def _about(criteria: Sequence[Criterion], *subjects: Subject | None) -> list[int]:
    return [
        i
        for i, rule in enumerate(criteria)
        if is_plain(rule) and next(mentions(rule.when)).subject in subjects
    ]


def _same_behaviour(
    criteria: Sequence[Criterion],
    lower: tuple[Subject, list[int]],
    higher: tuple[Subject, list[int]],
) -> Rows | None:
    sign = np.zeros((1, len(criteria)))
    rules, places = [], []
    for (subject, members), direction in ((lower, -1.0), (higher, 1.0)):
        for i in members:
            rules.append(renamed(criteria[i], subject, COMMON))
            places.append(i)
            sign[0, i] = direction
    frame = _values(rules, Subject(lower[0].kind, COMMON))
    if frame is None:
        return None
    frame = frame[_done(frame, Subject(lower[0].kind, COMMON))]
    met = np.zeros((len(frame), len(criteria)))
    met[:, places] = np.column_stack([rule.meets(frame) for rule in rules])
    return _distinct(met * sign)


def _values(rules: Sequence[Criterion], subject: Subject) -> pd.DataFrame | None:
    """Return the ways to behave, with a column that says whether it was done at all."""
    if subject.kind == "activity":
        rules = [*rules, as_criterion({"activity": subject.name})]
    else:
        whens = ({"at_least": 5e-324}, {"in": ["yes"]})
        rules = [*rules, *(as_criterion({"field": subject.name, **when}) for when in whens)]
    return attainable_values(rules, MOST_ROWS)


def _done(frame: pd.DataFrame, subject: Subject) -> NDArray[np.bool_]:
    if subject.kind == "activity":
        done = as_criterion({"activity": subject.name}).meets(frame)
        return np.asarray(done)
    some = as_criterion({"field": subject.name, "at_least": 5e-324}).meets(frame)
    yes = as_criterion({"field": subject.name, "in": ["yes"]}).meets(frame)
    return np.asarray(some | yes)


def _met(
    criteria: Sequence[Criterion], members: Sequence[int], target: Target, less: Target | None
) -> Rows | None:
    """Return what leads that meet a target, and not another, may meet of the rules about it."""
    subject = subject_of(target)
    if subject is None or subject.name is None:
        return None
    rules = [criteria[i] for i in members]
    goals = [as_criterion(json.loads(t)) for t in (target, less) if isinstance(t, str)]
    frame = _values(
        [*rules, *(g for g in goals if subject_of(canonical(g.when)) == subject)], subject
    )
    if frame is None:
        return None
    inside = _inside(frame, target, subject)
    if less is not None and subject_of(less) == subject:
        inside &= ~_inside(frame, less, subject)
    met = np.zeros((int(inside.sum()), len(criteria)))
    if members:
        met[:, list(members)] = np.column_stack([rule.meets(frame) for rule in rules])[inside]
    return np.unique(met, axis=0)


def _inside(frame: pd.DataFrame, target: Target, subject: Subject) -> NDArray[np.bool_]:
    if isinstance(target, Subject):
        return _done(frame, subject)
    return np.array(as_criterion(json.loads(target)).meets(frame))


def monotone(criteria: Sequence[Criterion], subject: Subject) -> Rows | None:
    """Return rows ``a`` such that ``a @ points >= 0`` says that more is never worth less.

    Returns
    -------
    ndarray, shape (rows, criteria), or None
        Each way to behave against each other that is at least as much in every respect: as
        often, as lately. Missing values are not compared. None where there are too many.
    """
    members = _about(criteria, subject)
    if not members:
        return np.zeros((0, len(criteria)))
    forms = tuple(canonical(criteria[i].when) for i in members)
    return _scattered(_monotone(forms, subject), members, len(criteria))


@lru_cache(maxsize=4096)
def _monotone(forms: tuple[str, ...], subject: Subject) -> Rows | None:
    rules = [as_criterion(json.loads(form)) for form in forms]
    frame = _values(rules, subject)
    if frame is None:
        return None
    amounts = np.column_stack([_amount(frame[name], str(name)) for name in frame])
    known = ~np.isnan(amounts).any(axis=1)
    met = np.column_stack([rule.meets(frame) for rule in rules]).astype(float)
    return _distinct(np.vstack([*_rises(amounts[known], met[known]), met[:0]]))


def _amount(values: pd.Series, name: str) -> NDArray[np.float64]:
    if name.endswith(", recency"):  # the last one days ago: the fewer the more, never is least
        days = pd.to_numeric(values).to_numpy(dtype=float, na_value=np.inf)
        return np.asarray(-days)
    spelled = {"yes": 1.0, "no": 0.0}
    numbers = [spelled.get(value, value) if isinstance(value, str) else value for value in values]
    return np.asarray(pd.to_numeric(pd.Series(numbers), errors="coerce"), dtype=float)


def _rises(amounts: NDArray[np.float64], met: Rows) -> Iterator[Rows]:
    for amount, flags in zip(amounts, met, strict=True):
        more = (amounts >= amount).all(axis=1)
        yield np.unique(met[more] - flags, axis=0)


def _distinct(rows: Rows) -> Rows:
    found = np.unique(rows, axis=0)
    return np.asarray(found[(found < 0).any(axis=1) | (found > 0).any(axis=1)])
