"""The scorecard as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from calibrate.criteria import Criterion, as_criterion
from calibrate.errors import DataError, did_you_mean
from calibrate.history.attributes import RESERVED_NAMES
from calibrate.scorecard import checked
from calibrate.scorecard.values import Hold, ScoredCriterion

__all__ = ["SCHEMA", "card_to_dict", "fields_from_json"]

SCHEMA = "calibrate.scorecard/1"
GROUPS = ("fit", "engagement")
_MOST_LEADS = 10**15
_MOST_RULES = 10**300


def card_to_dict(card: Any) -> dict[str, Any]:
    """Return a scorecard as the object of ``scorecard.json``."""
    rates = card.expected_rate
    return {
        "schema": SCHEMA,
        "name": card.name,
        "period": list(card.period) if card.period else None,
        "as_of": card.as_of,
        "method": card.method,
        "control": dict(card.control),
        "base": card.base,
        "base_ci": None if card.base_ci is None else list(card.base_ci),
        "criteria": [_line_to_dict(line) for line in card.criteria],
        "caps": dict(card.caps),
        "disqualify": [{"name": rule.name, "when": dict(rule.when)} for rule in card.disqualify],
        "hold": [
            {
                "name": hold.rule.name,
                "when": dict(hold.rule.when),
                "at_most": hold.at_most,
                "until": dict(hold.until.when),
            }
            for hold in card.hold
        ],
        "tiers": [{"name": tier.name, "at_least": tier.at_least} for tier in card.tiers],
        "expected_rate": [
            {"score": int(score), "rate": rate, "rate_ci": [lower, upper]}
            for score, rate, lower, upper in rates[list(checked.RATE_COLUMNS)].itertuples(
                index=False
            )
        ],
        "shrinkage": card.shrinkage,
        "parsimony": checked.rows(card.parsimony),
        "notes": list(card.notes),
    }


def _line_to_dict(line: ScoredCriterion) -> dict[str, Any]:
    return {
        "name": line.criterion.name,
        "group": line.criterion.group,
        "when": line.criterion.when,
        "source": line.criterion.source,
        "points": line.points,
        "points_ci": None if line.points_ci is None else list(line.points_ci),
        "n": line.n,
        "lift": line.lift,
        "lift_ci": None if line.lift_ci is None else list(line.lift_ci),
        "selection_frequency": line.selection_frequency,
        "attribute_frequency": line.attribute_frequency,
        "auc_added": line.auc_added,
        "n_looked_at": line.n_looked_at,
    }


def fields_from_json(text: str) -> dict[str, Any]:
    """Return the fields of the scorecard in a text.

    Raises
    ------
    DataError
        If it is no scorecard, or one of a newer schema.
    """
    return _fields_of(_parsed(text))


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError("is not JSON", file="scorecard", row=error.lineno, fix=error.msg) from None
    except (ValueError, RecursionError):  # a number of very many digits; brackets in brackets
        raise DataError("is no scorecard", file="scorecard", fix="it is damaged") from None
    schema = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(schema, str) or not schema.startswith("calibrate.scorecard/"):
        raise DataError("is no scorecard", file="scorecard", fix=f'its "schema" must be "{SCHEMA}"')
    if schema != SCHEMA:
        raise DataError(
            f'has schema "{schema}", this version reads "{SCHEMA}"',
            file="scorecard",
            fix="it was written by a newer calibrate: upgrade with pip install -U calibrate",
        )
    return dict(data)


def _fields_of(data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _checked_fields(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"cannot be read: {type(error).__name__} {error}",
            file="scorecard",
            fix="compare it with the scorecard.json of a run",
        ) from None


def _checked_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    period, as_of = data["period"], data["as_of"]
    if period is not None and len(checked.items(period, "period")) != 2:
        raise DataError("needs a first day and an end", file="scorecard", column="period")
    return {
        "name": checked.text(data["name"], "name"),
        "period": period and tuple(checked.moment(day, "period") for day in period),
        "as_of": None if as_of is None else checked.moment(as_of, "as_of"),
        "method": checked.text(data["method"], "method"),
        "control": _control_of(data["control"]),
        "base": checked.whole(data["base"], "base"),
        "base_ci": _interval_of(data.get("base_ci"), "base_ci"),
        "criteria": tuple(
            _line_from_dict(line) for line in checked.items(data["criteria"], "criteria")
        ),
        "caps": _caps_of(data.get("caps") or {}),
        "disqualify": tuple(
            _rule_of(rule) for rule in checked.items(data.get("disqualify"), "disqualify")
        ),
        "hold": tuple(_hold_of(hold) for hold in checked.items(data.get("hold"), "hold")),
        "tiers": checked.tiers(data.get("tiers")),
        "expected_rate": checked.rates(data["expected_rate"]),
        "shrinkage": checked.number(data.get("shrinkage", 1.0), "shrinkage", 0, 1),
        "_parsimony": checked.parsimony(data.get("parsimony")),
        "notes": tuple(
            checked.text(note, "notes") for note in checked.items(data.get("notes"), "notes")
        ),
    }


def _control_of(control: Mapping[str, Any]) -> dict[str, Any]:
    checked.number(control["rate"], "control", 0, 1)
    return dict(control)


def _caps_of(caps: Mapping[str, Any]) -> dict[str, int]:
    for group in caps:
        if group not in GROUPS:
            problem = f"is no group{did_you_mean(group, GROUPS)}"
            raise DataError(problem, file="scorecard", column="caps", value=group)
    return {group: checked.whole(cap, "caps") for group, cap in caps.items()}


def _hold_of(hold: Mapping[str, Any]) -> Hold:
    return Hold(
        rule=_rule_of({"name": hold.get("name"), "when": hold["when"]}),
        at_most=checked.whole(hold["at_most"], "hold", 0, 100),
        until=_rule_of(hold["until"]),
    )


def _rule_of(rule: Mapping[str, Any]) -> Criterion:
    """Return a rule, unless it reads what is no attribute of a lead but its outcome or id."""
    criterion = as_criterion(rule)
    for name in sorted(RESERVED_NAMES.intersection(criterion.fields)):
        raise DataError("is no attribute of a lead", file="scorecard", column=name)
    return criterion


def _line_from_dict(line: Mapping[str, Any]) -> ScoredCriterion:
    name = checked.text(line["name"], "criteria")
    n, lift = line.get("n"), line.get("lift")
    added, looked_at = line.get("auc_added"), line.get("n_looked_at")
    return ScoredCriterion(
        criterion=_rule_of(line),
        points=checked.whole(line["points"], name),
        points_ci=_interval_of(line.get("points_ci"), name),
        n=None if n is None else checked.whole(n, name, 0, _MOST_LEADS),
        lift=None if lift is None else checked.number(lift, name, 0),
        lift_ci=checked.pair(line.get("lift_ci"), name),
        selection_frequency=_share_of(line.get("selection_frequency"), name),
        attribute_frequency=_share_of(line.get("attribute_frequency"), name),
        auc_added=None if added is None else checked.number(added, name, -1, 1),
        n_looked_at=None if looked_at is None else checked.whole(looked_at, name, 1, _MOST_RULES),
    )


def _interval_of(interval: Any, name: str) -> tuple[int, int] | None:
    if interval is None:
        return None
    low, high = checked.items(interval, name)
    return checked.whole(low, name), checked.whole(high, name)


def _share_of(share: Any, name: str) -> float | None:
    return None if share is None else checked.number(share, name, 0, 1)
