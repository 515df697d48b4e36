"""What constraints may name in an observation, and the rules they put beside the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from calibrate.config import Constraints
from calibrate.criteria import Criterion
from calibrate.errors import ConfigError
from calibrate.fitting.constraints import Limits, Names, canonical, limits_of

if TYPE_CHECKING:
    from calibrate.history import History
    from calibrate.lift import Lift
    from calibrate.observation import Observation
    from calibrate.scorecard import Scorecard

__all__ = ["barred_criteria", "constrained_rules", "constraints_for", "names_in"]


def constraints_for(given: Constraints | Mapping[str, Any] | None, method: str) -> Constraints:
    """Return the constraints given.

    Raises
    ------
    ConfigError
        For an unknown constraint, or a method that keeps to none.
    """
    constraints = Constraints.of(given)
    if method != "logistic" and not constraints.is_empty:
        raise ConfigError(f'constraints hold with method = "logistic" only, not "{method}"')
    return constraints


def constrained_rules(
    obs: Observation,
    rules: Sequence[Criterion],
    constraints: Constraints,
    *,
    current: Scorecard | None,
    most: int,
) -> tuple[tuple[Criterion, ...], Limits | None]:
    """Return the rules to choose from, with those that must be on the card, and the limits.

    Parameters
    ----------
    obs : Observation
    rules : sequence of Criterion
    constraints : Constraints
    current : Scorecard or None
        The card in force.
    most : int
        Rules on the card at most.

    Returns
    -------
    tuple of Criterion
    Limits or None
        None where nothing is asked for.

    Raises
    ------
    ConfigError
        Where constraints name what there is not, or contradict each other.
    """
    if constraints.is_empty:
        return tuple(rules), None
    names = names_in(obs, rules, current)
    limits = limits_of(constraints, names, current=current, most=most)
    engagement = {a.name for a in obs.attributes if a.group == "engagement"}
    locked = {canonical(rule.when): _grouped(rule, engagement) for rule in limits.locked}
    kept = [rule for rule in rules if canonical(rule.when) not in locked]
    return (*kept, *locked.values()), limits


def _grouped(rule: Criterion, engagement: set[str]) -> Criterion:
    """Return a rule in its group, so that it may be joined like those found in the data."""
    did = bool(rule.measures) or bool(set(rule.fields) & engagement)
    return replace(rule, group="engagement" if did else rule.group, source="found")


def names_in(
    obs: Observation | History, rules: Sequence[Criterion] = (), current: Scorecard | None = None
) -> Names:
    """Return what constraints may name in an observation, or in a history.

    Parameters
    ----------
    obs : Observation or History
    rules : sequence of Criterion
        Rules with names of their own.
    current : Scorecard, optional
        Its rules have names too.
    """
    lines = () if current is None else current.criteria
    named = {line.criterion.name: line.criterion for line in lines}
    named |= {rule.name: rule for rule in rules}
    levels: dict[str, str] = {}
    known: dict[str, set[str]] = {}
    ordered = set()
    for rule in rules:
        if set(rule.when) == {"field", "in"}:
            known.setdefault(rule.when["field"], set()).update(map(str, rule.when["in"]))
            levels.setdefault(rule.when["field"], str(rule.when["in"][0]))
            if rule.when["in"] == ["yes"]:
                ordered.add(rule.when["field"])
    return Names(
        columns=tuple(attribute.name for attribute in obs.attributes),
        activities=tuple(obs.activities),
        rules=named,
        levels={name: level for name, level in levels.items() if name not in ordered},
        known=known,
    )


def barred_criteria(
    lift: Lift,
    card: Scorecard,
    obs: Observation,
    constraints: Constraints | Mapping[str, Any] | None,
    *,
    current: Scorecard | None = None,
) -> tuple[str, ...]:
    """Return the proven criteria outside a card that constraints keep from having points.

    Parameters
    ----------
    lift : Lift
    card : Scorecard
    obs : Observation
        Of which both are.
    constraints : Constraints or mapping, or None
        Those the card was fitted under.
    current : Scorecard, optional
        The card in force then.

    Returns
    -------
    tuple of str
        Names, for `Lift.with_card`: what is forbidden, would have points of the other sign, is a
        second rule about a column where one is allowed, or would break an order.
    """
    given = Constraints.of(constraints)
    if given.is_empty:
        return ()
    names = names_in(obs, lift.criteria, current)
    limits = limits_of(given, names, current=current, most=len(card.criteria) + len(lift.criteria))
    scored = [line.criterion for line in card.criteria]
    points = [line.points for line in card.criteria]
    on_card = {canonical(rule.when) for rule in scored}
    verdicts = lift.table["verdict"].tolist()
    signs = {"raises": 1, "lowers": -1}
    return tuple(
        rule.name
        for rule, verdict in zip(lift.criteria, verdicts, strict=False)
        if verdict in signs
        and canonical(rule.when) not in on_card
        and _is_barred(rule, signs[verdict], scored, points, limits)
    )


def _is_barred(
    rule: Criterion, sign: int, scored: list[Criterion], points: list[int], limits: Limits
) -> bool:
    wanted = limits.sign_of(rule)
    if wanted is None or wanted * sign < 0 or not limits.allows(rule):
        return True
    if not limits.beside(rule, scored):
        return True
    rows = limits.rows([*scored, rule])
    return rows is None or bool((rows @ np.array([*points, sign], dtype=float) < 0).any())
