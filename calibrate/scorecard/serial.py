"""The scorecard as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from calibrate.criteria import as_criterion
from calibrate.errors import DataError
from calibrate.scorecard.values import Hold, ScoredCriterion, Tier

__all__ = ["RATE_COLUMNS", "SCHEMA", "card_to_dict", "fields_from_json"]

SCHEMA = "calibrate.scorecard/1"
RATE_COLUMNS = ("score", "rate", "rate_ci_lower", "rate_ci_upper")


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
            for score, rate, lower, upper in rates[list(RATE_COLUMNS)].itertuples(index=False)
        ],
        "shrinkage": card.shrinkage,
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
        rates = [(e["score"], e["rate"], *e["rate_ci"]) for e in data["expected_rate"]]
        if [row[0] for row in rates] != list(range(101)):
            raise DataError(
                "must have one entry for each score from 0 to 100",
                file="scorecard",
                column="expected_rate",
            )
        return {
            "name": str(data["name"]),
            "period": tuple(data["period"]) if data["period"] else None,
            "as_of": data["as_of"],
            "method": str(data["method"]),
            "control": dict(data["control"]),
            "base": int(data["base"]),
            "criteria": tuple(_line_from_dict(line) for line in data["criteria"]),
            "caps": {str(group): int(cap) for group, cap in data.get("caps", {}).items()},
            "disqualify": tuple(as_criterion(rule) for rule in data.get("disqualify", [])),
            "hold": tuple(
                Hold(
                    rule=as_criterion({"name": hold.get("name"), "when": hold["when"]}),
                    at_most=int(hold["at_most"]),
                    until=as_criterion(hold["until"]),
                )
                for hold in data.get("hold", [])
            ),
            "tiers": tuple(Tier(t["name"], int(t["at_least"])) for t in data.get("tiers", [])),
            "expected_rate": pd.DataFrame(rates, columns=list(RATE_COLUMNS)),
            "shrinkage": float(data.get("shrinkage", 1.0)),
            "notes": tuple(data.get("notes", [])),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"cannot be read: {type(error).__name__} {error}",
            file="scorecard",
            fix="compare it with the scorecard.json of a run",
        ) from None


def _line_from_dict(line: Mapping[str, Any]) -> ScoredCriterion:
    points = line["points"]
    if isinstance(points, bool) or int(points) != points:
        raise DataError(
            "is no whole number", file="scorecard", column=str(line["name"]), value=points
        )
    points_ci, lift_ci = line.get("points_ci"), line.get("lift_ci")
    return ScoredCriterion(
        criterion=as_criterion(line),
        points=int(points),
        points_ci=None if points_ci is None else (int(points_ci[0]), int(points_ci[1])),
        n=line.get("n"),
        lift=line.get("lift"),
        lift_ci=None if lift_ci is None else (float(lift_ci[0]), float(lift_ci[1])),
    )
