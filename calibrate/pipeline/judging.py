"""Cards judged: on past quarters, on what came after, against one another."""

from __future__ import annotations

from typing import Any

from calibrate.backtest import Backtest, HandMadeCard, backtest, hand_made_card
from calibrate.config import Settings
from calibrate.history import History
from calibrate.lift import Lift
from calibrate.monitoring import Health, monitor
from calibrate.observation import Observation, resolve_windows
from calibrate.pipeline.cards import runs_folder
from calibrate.pipeline.comparing import changes_on, lift_beside
from calibrate.pipeline.leaks import constraints_left, not_leaking, warn_of_leaning
from calibrate.registry import card_in_force
from calibrate.scorecard import Scorecard

__all__ = ["against_current", "judge_card", "prove"]


def prove(
    settings: Settings,
    history: History,
    current: Scorecard | None = None,
    *,
    whole: History | None = None,
) -> Backtest:
    """Backtest the settings quarter by quarter, beside the card in force.

    Where no quarter can be judged as it would have been, the last that can be judged with what
    is known by now is, and labelled so. Hand-made points may rest on what is in the `whole`
    history only.
    """
    points = hand_made_card(whole or history, settings.hand_made)
    if points is not None and whole is not None:
        warn_of_leaning(points.criteria, history, whole)
    proof = _backtest(settings, history, current, points)
    if len(proof.table) or history.is_wide:
        return proof
    known_by_now = _backtest(settings, history, current, points, walk_forward=False)
    if known_by_now.table.empty:
        return proof
    return known_by_now.with_skipped(proof.skipped)


def _backtest(
    settings: Settings,
    history: History,
    current: Scorecard | None,
    points: HandMadeCard | None,
    *,
    walk_forward: bool = True,
) -> Backtest:
    calibration = settings.calibration
    return backtest(
        history,
        walk_forward=walk_forward,
        hand_made=points,
        train_quarters=calibration.train_quarters,
        n_quarters=calibration.backtest_quarters,
        current=current,
        method=calibration.method,
        max_criteria=calibration.max_criteria,
        pairs=calibration.pairs,
        scale=calibration.scale,
        allow_sensitive=not_leaking(calibration.allow_sensitive, history),
        constraints=constraints_left(settings.constraints, history),
        observation_window=calibration.observation_window,
        horizon=calibration.horizon,
        early=calibration.early,
        maturity=calibration.maturity,
        lookback=calibration.lookback,
        snapshots=calibration.snapshots,
        **settings.thresholds.keywords,
        confidence_level=calibration.confidence_level,
        rng=calibration.seed,
    )


def judge_card(settings: Settings, history: History, card: Scorecard) -> Health:
    """Ask whether a card still keeps its promises, on the last quarter that can be judged.

    What certainly leaks the outcome sets nobody apart: `history` is that of `without_leaks`.
    """
    calibration = settings.calibration
    window, horizon = resolve_windows(history, calibration.observation_window, calibration.horizon)
    return monitor(
        card,
        history,
        observation_window=window,
        horizon=horizon,
        early=calibration.early,
        lookback=calibration.lookback,
        capacity=settings.thresholds.weekly_capacity,
        allow_sensitive=not_leaking(calibration.allow_sensitive, history),
        confidence_level=calibration.confidence_level,
    )


def against_current(
    settings: Settings,
    obs: Observation,
    current: Scorecard | None,
    card: Scorecard,
    *,
    usable: History,
    lift: Lift | None = None,
) -> dict[str, Any]:
    """Health of the card in force and the changes to it; nothing where there is none.

    `usable` is the history without what certainly leaks the outcome.
    """
    if current is None:
        return {"health": None, "changes": None}
    in_force = card_in_force(runs_folder(settings))
    changes = changes_on(
        obs,
        current,
        card,
        lift_old=None if in_force is None else lift_beside(in_force),
        lift_new=None if lift is None else lift.table,
    )
    return {"health": judge_card(settings, usable, current), "changes": changes}
