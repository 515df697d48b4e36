"""Two cards compared on the leads of today: points, tiers, and why rules came or went."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from calibrate.changes import Changes, diff
from calibrate.config import Settings
from calibrate.criteria import Criterion
from calibrate.errors import NotEnoughDataError
from calibrate.lift import LIFT_COLUMNS, measure_lift
from calibrate.observation import Observation, observe_open
from calibrate.pipeline.run import RUN_FILE
from calibrate.pipeline.scoring import history_for_card
from calibrate.pipeline.spans import observe_as_set
from calibrate.scorecard import Scorecard

__all__ = ["changes_on", "compare_cards", "lift_beside"]


def compare_cards(
    old_card: Scorecard,
    new_card: Scorecard,
    settings: Settings | None = None,
    *,
    lift_old: pd.DataFrame | None = None,
    lift_new: pd.DataFrame | None = None,
) -> Changes:
    """Say what a new card changes, and where the leads are at hand, for whom.

    Parameters
    ----------
    old_card, new_card : Scorecard
    settings : Settings, optional
        Of the company: its open leads are scored by both cards, and its activity log tells
        which activities were renamed.
    lift_old, lift_new : DataFrame, optional
        Lift tables of the runs that made the cards (`lift_beside`).

    Returns
    -------
    Changes
    """
    if settings is None:
        return diff(old_card, new_card, lift_old=lift_old, lift_new=lift_new)
    history = history_for_card(new_card, settings, and_card=old_card)
    obs = observe_as_set(history, settings.calibration)
    return changes_on(obs, old_card, new_card, lift_old=lift_old, lift_new=lift_new)


def changes_on(
    obs: Observation,
    old_card: Scorecard,
    new_card: Scorecard,
    *,
    lift_old: pd.DataFrame | None,
    lift_new: pd.DataFrame | None,
) -> Changes:
    """Compare two cards on the open leads of an observation's history.

    Parameters
    ----------
    obs : Observation
        On its leads, rules are measured that no lift table tells of.
    old_card, new_card : Scorecard
    lift_old, lift_new : DataFrame or None
        Lift tables of the runs that made the cards.
    """
    still_open = observe_open(obs.history, lookback=obs.lookback, counts=False)
    if still_open.table.empty and obs.history.is_wide:
        still_open = obs
    return diff(
        old_card,
        new_card,
        scores_old=old_card.score(still_open),
        scores_new=new_card.score(still_open),
        activities=obs.activities,
        lift_old=lift_old,
        lift_new=_with_all_rules(obs, old_card, new_card, lift_new),
    )


def lift_beside(card: str | Path) -> pd.DataFrame | None:
    """Return the lift table of the run that made a card, or None where there is none to read.

    Parameters
    ----------
    card : path
        A run folder, or a ``scorecard.json`` in it.
    """
    path = Path(card)
    file = (path if path.is_dir() else path.parent) / RUN_FILE
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
        table = pd.DataFrame(summary["lift"]).reindex(columns=list(LIFT_COLUMNS))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # a bare card, or a run of another version: the reasons are left out
    return table


def _with_all_rules(
    obs: Observation, old_card: Scorecard, new_card: Scorecard, lift: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Return the lift table with the rules of both cards, those that it lacks measured now."""
    known = set() if lift is None else set(lift["criterion"])
    rules: dict[str, Criterion] = {}
    for line in (*new_card.criteria, *old_card.criteria):
        if line.criterion.name not in known:
            rules.setdefault(line.criterion.name, line.criterion)
    missing = [rule for rule in rules.values() if _can_be_measured(rule, obs)]
    if not missing:
        return lift
    try:
        measured = measure_lift(obs, missing).with_card(new_card, obs).table
    except NotEnoughDataError:
        return lift
    fresh = measured[measured["criterion"].isin([rule.name for rule in missing])]
    return fresh if lift is None else pd.concat([lift, fresh], ignore_index=True)


def _can_be_measured(rule: Criterion, obs: Observation) -> bool:
    columns = {attribute.name for attribute in obs.attributes}
    named = {measure.activity for measure in rule.measures if measure.activity is not None}
    return set(rule.fields) <= columns and named <= set(obs.activities)
