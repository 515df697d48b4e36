"""Constraints resolved against the data, and refused where they contradict it or each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linprog

from calibrate.config import Constraints
from calibrate.criteria import Criterion, describe
from calibrate.errors import ConfigError
from calibrate.fitting.constraints.limits import Limits
from calibrate.fitting.constraints.naming import Names
from calibrate.fitting.constraints.ordering import is_plain, renamed, subject_of
from calibrate.fitting.constraints.reading import (
    Subject,
    Target,
    canonical,
    directions,
    mentions,
    subjects_of,
)

if TYPE_CHECKING:
    from calibrate.scorecard import Scorecard

__all__ = ["limits_of", "resolvable"]

Signs = {"+": 1, "-": -1}


def limits_of(
    constraints: Constraints, names: Names, *, current: Scorecard | None, most: int
) -> Limits:
    """Return constraints whose names are resolved.

    Parameters
    ----------
    constraints : Constraints
    names : Names
        What can be named.
    current : Scorecard or None
        The card in force, which `max_change` is counted from.
    most : int
        Rules on the card at most.

    Raises
    ------
    ConfigError
        Where a name is unknown, or constraints contradict each other.
    """
    fixed = _fixed(constraints, names)
    required = [names.target(rule, "required") for rule in constraints.required]
    chains = tuple(_chains(constraints, names))
    held, old = _held(constraints, names, current)
    exact = [_exactly(r, t, names) for r, t in zip(constraints.required, required, strict=True)]
    rules = [*(rule for rule, _ in fixed.values()), *(r for r in exact if r is not None), *held]
    locked: dict[str, Criterion] = {}
    for rule in rules:
        locked.setdefault(canonical(rule.when), rule)
    locked |= _implied(fixed, chains, locked)
    limits = Limits(
        signs=tuple((names.target(k, "sign"), Signs[v]) for k, v in constraints.sign.items()),
        chains=chains,
        rising=tuple(_rising(constraints, names)),
        fixed={form: points for form, (_, points) in fixed.items()},
        locked=tuple(locked.values()),
        needed=tuple(dict.fromkeys(t for t in required if isinstance(t, Subject))),
        forbidden=tuple(names.target(rule, "forbidden") for rule in constraints.forbidden),
        caps={str(group): cap for group, cap in constraints.caps.items()},
        max_change=None if current is None else constraints.max_change,
        old=old,
        one_per_column=constraints.one_per_column,
    )
    for refuse in (_refuse_locked, _refuse_needed, _refuse_fixed, _refuse_columns):
        refuse(limits)
    _refuse_too_many(limits, most)
    _refuse_contradiction(limits)
    return limits


def resolvable(constraints: Constraints, names: Names) -> Constraints:
    """Return the constraints without what cannot be resolved, such as activities left out."""
    kept: dict[str, Any] = {
        "sign": {k: v for k, v in constraints.sign.items() if _known(names.target, k)},
        "increasing": [n for n in constraints.increasing if _known(names.subject, n)],
        "decreasing": [n for n in constraints.decreasing if _known(names.subject, n)],
        "fixed": [one for one in constraints.fixed if _known(names.rule, one.rule)],
        "required": [rule for rule in constraints.required if _known(names.target, rule)],
        "forbidden": [rule for rule in constraints.forbidden if _known(names.target, rule)],
    }
    chains = [[n for n in chain if _known(names.target, n)] for chain in constraints.order]
    kept["order"] = tuple(tuple(chain) for chain in chains if len(chain) > 1)
    return constraints.model_copy(update={k: _tupled(v) for k, v in kept.items()})


def _tupled(value: Any) -> Any:
    return value if isinstance(value, dict) else tuple(value)


def _known(resolve: Callable[[Any, str], object], named: object) -> bool:
    try:
        resolve(named, "")
    except ConfigError:
        return False
    return True


def _fixed(constraints: Constraints, names: Names) -> dict[str, tuple[Criterion, int]]:
    found: dict[str, tuple[Criterion, int]] = {}
    for one in constraints.fixed:
        rule = names.rule(one.rule, "fixed", name=one.name)
        form = canonical(rule.when)
        if form in found and found[form][1] != one.points:
            raise ConfigError(
                f'[constraints] fixed: "{rule.name}" has both {found[form][1]} and {one.points} '
                "points"
            )
        found[form] = rule, one.points
    return found


def _exactly(named: Any, target: Target, names: Names) -> Criterion | None:
    return None if isinstance(target, Subject) else names.rule(named, "required")


def _held(
    constraints: Constraints, names: Names, current: Scorecard | None
) -> tuple[list[Criterion], dict[str, int]]:
    """Return the rules that cannot leave the card at once, and the points of all of it."""
    if current is None or constraints.max_change is None:
        return [], {}
    old: dict[str, int] = {}
    held = []
    for line in current.criteria:
        old[canonical(line.criterion.when)] = line.points
        if abs(line.points) > constraints.max_change:
            held.append(names.rule(line.criterion.when, "max_change", name=line.criterion.name))
    return held, old


def _chains(constraints: Constraints, names: Names) -> Iterator[tuple[Target, Target]]:
    for chain in constraints.order:
        targets = [names.target(rule, "order") for rule in chain]
        for named, target in zip(chain, targets, strict=True):
            _refuse_unordered(named, target, names)
        for lower, higher in pairwise(targets):
            if isinstance(lower, Subject) and isinstance(higher, Subject):
                _refuse_mixed(lower, higher)
            yield lower, higher


def _refuse_mixed(lower: Subject, higher: Subject) -> None:
    if lower.kind != higher.kind:
        raise ConfigError(
            f'[constraints] order: of "{lower.name}" and "{higher.name}" one is a column and one '
            "an activity; an order compares activities, or columns, or rules"
        )


def _refuse_unordered(named: Any, target: Target, names: Names) -> None:
    if subject_of(target) is None:
        raise ConfigError(
            f'[constraints] order: "{named}" is a pair; an order compares columns, activities '
            "and rules about one of them"
        )
    if isinstance(target, Subject):
        _refuse_levels(target, names, "order", "name its levels")


def _refuse_levels(subject: Subject, names: Names, field: str, instead: str) -> None:
    level = names.levels.get(subject.name or "") if subject.kind == "field" else None
    if level is not None:
        raise ConfigError(
            f'[constraints] {field}: "{subject.name}" is not a number, and its values have no '
            f'order; {instead}, such as "{subject.name}: {level}"'
        )


def _rising(constraints: Constraints, names: Names) -> Iterator[tuple[Subject, int]]:
    seen: dict[Subject, str] = {}
    for field, sign in (("increasing", 1), ("decreasing", -1)):
        for name in getattr(constraints, field):
            subject = names.subject(name, field)
            _refuse_levels(subject, names, field, "use order with its levels")
            if seen.setdefault(subject, field) != field:
                raise ConfigError(f'[constraints] "{name}" is both increasing and decreasing')
            yield subject, sign


def _implied(
    fixed: Mapping[str, tuple[Criterion, int]],
    chains: Sequence[tuple[Target, Target]],
    locked: Mapping[str, Criterion],
) -> dict[str, Criterion]:
    """Return the rules that fixed points need beside them, so that an order can hold.

    Where an e-mail opened earns 20 by agreement, one clicked must earn 20 at least: that rule
    is on the card too.
    """
    found: dict[str, Criterion] = {}
    points = {form: (rule, value) for form, (rule, value) in fixed.items()}
    for _ in chains:  # along a chain, as far as it goes
        for lower, higher in chains:
            for rule, value in list(points.values()):
                here, there = (lower, higher) if value > 0 else (higher, lower)
                other = _counterpart(rule, here, there)
                if other is not None and canonical(other.when) not in points:
                    form = canonical(other.when)
                    points[form] = other, value
                    if form not in locked:
                        found[form] = other
    return found


def _counterpart(rule: Criterion, here: Target, there: Target) -> Criterion | None:
    if not (isinstance(here, Subject) and isinstance(there, Subject) and is_plain(rule)):
        return None
    if subjects_of(rule) != {here} or there.name is None:
        return None
    other = renamed(rule, here, there.name)
    return Criterion(name=describe(other.when), group=rule.group, when=other.when)


def _refuse_locked(limits: Limits) -> None:
    for rule in limits.locked:
        form = canonical(rule.when)
        kind = "fixed" if form in limits.fixed else "required"
        if limits.old.get(form) and kind == "required":
            kind = "max_change"
        way_out = ", or raise max_change" if kind == "max_change" else ""
        if limits.forbids(rule):
            raise ConfigError(
                f'[constraints] {kind} and forbidden contradict each other on "{rule.name}"; take '
                f"it out of forbidden{way_out}"
            )
        sign = limits.sign_of(rule)
        if sign is None:
            raise ConfigError(
                f'[constraints] {kind} and sign contradict each other: "{rule.name}" holds parts '
                f"of different signs; take what it is about out of sign{way_out}"
            )
        if not is_plain(rule) and limits.in_the_way(rule):
            raise ConfigError(
                f'[constraints] {kind} and order contradict each other: "{rule.name}" joins '
                "something that stands in an order with something else; take it out of order"
                f"{way_out}"
            )
        if form in limits.fixed and sign * limits.fixed[form] < 0:
            raise ConfigError(
                f'[constraints] fixed and sign contradict each other: "{rule.name}" has '
                f"{limits.fixed[form]} points, and must not be {'below' if sign > 0 else 'above'} 0"
            )


def _refuse_needed(limits: Limits) -> None:
    for subject in limits.needed:
        if subject in limits.forbidden:
            raise ConfigError(
                f'[constraints] required and forbidden contradict each other on "{subject.name}"'
            )


def _refuse_fixed(limits: Limits) -> None:
    for rule in limits.locked:
        form = canonical(rule.when)
        points = limits.fixed.get(form)
        if points is None:
            continue
        cap = limits.caps.get(rule.group)
        if cap is not None and points > cap:
            raise ConfigError(
                f'[constraints] fixed and caps contradict each other: "{rule.name}" has {points} '
                f"points, and {rule.group} at most {cap}"
            )
        if limits.max_change is not None:
            before = limits.old.get(form, 0)
            if abs(points - before) > limits.max_change:
                raise ConfigError(
                    f'[constraints] fixed and max_change contradict each other: "{rule.name}" '
                    f"would go from {before} to {points} points, and {limits.max_change} is the "
                    "most"
                )


def _refuse_columns(limits: Limits) -> None:
    if not limits.one_per_column:
        return
    taken: dict[Subject, Criterion] = {}
    for rule in limits.locked:
        for part in mentions(rule.when):
            other = taken.setdefault(part.subject, rule)
            if other is not rule and part.subject.name is not None:
                raise ConfigError(
                    f'[constraints] one_per_column: "{other.name}" and "{rule.name}" are both '
                    f'about "{part.subject.name}" and must both be on the card'
                )


def _refuse_too_many(limits: Limits, most: int) -> None:
    covered = [s for s in limits.needed if any(directions(rule, s) for rule in limits.locked)]
    n = len(limits.locked) + len(limits.needed) - len(covered)
    if n > most:
        raise ConfigError(
            f"[constraints] {n} rules must be on the card (required, fixed, or held by "
            f"max_change or order), and max_criteria is {most}"
        )


def _refuse_contradiction(limits: Limits) -> None:
    """Refuse bounds and orders of the locked rules that no points keep to, naming a few of them."""
    if _is_possible(limits):
        return
    free: dict[str, dict[str, Any]] = {
        "sign": {"signs": ()},
        "order": {"chains": ()},
        "increasing or decreasing": {"rising": ()},
        "fixed": {"fixed": {}},
        "max_change": {"max_change": None},
    }
    guilty, rest = [], limits
    for name, without in free.items():
        if _is_possible(rest, **without):
            guilty.append(name)
        else:  # impossible all the same: the others contradict each other without it
            rest = replace(rest, **without)
    names = ", ".join(f'"{rule.name}"' for rule in limits.locked)
    raise ConfigError(
        f"[constraints] {' and '.join(guilty)} contradict each other: no points of {names} keep "
        "to all"
    )


def _is_possible(limits: Limits, **changed: Any) -> bool:
    limits = replace(limits, **changed)
    if not limits.locked:
        return True
    bounds = limits.bounds(limits.locked)
    if bounds is None or (bounds.lower > bounds.upper).any():
        return bounds is None
    found = linprog(
        np.zeros(len(bounds.lower)),
        A_ub=-bounds.rows if len(bounds.rows) else None,
        b_ub=np.zeros(len(bounds.rows)) if len(bounds.rows) else None,
        bounds=list(zip(bounds.lower, bounds.upper, strict=True)),
    )
    return bool(found.status != 2)
