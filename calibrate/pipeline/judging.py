"""Cards judged: on past quarters, on what came after, against one another."""

from __future__ import annotations

from typing import Any

from calibrate.backtest import Backtest, backtest
from calibrate.changes import diff
from calibrate.config import Settings
from calibrate.history import History
from calibrate.monitoring import Health, monitor
from calibrate.observation import Observation, observe_open, resolve_windows
from calibrate.pipeline.leaks import constraints_left, not_leaking
from calibrate.scorecard import Scorecard

__all__ = ["against_current", "judge_card", "prove"]


def prove(settings: Settings, history: History, current: Scorecard | None = None) -> Backtest:
    """Backtest the settings quarter by quarter, beside the card in force."""
    calibration = settings.calibration
    return backtest(
        history,
        train_quarters=calibration.train_quarters,
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
    """Ask whether a card still keeps its promises, on the last quarter that can be judged."""
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
        confidence_level=calibration.confidence_level,
    )


def against_current(
    settings: Settings, obs: Observation, current: Scorecard | None, card: Scorecard
) -> dict[str, Any]:
    """Health of the card in force and the changes to it; nothing where there is none."""
    if current is None:
        return {"health": None, "changes": None}
    still_open = observe_open(obs.history, lookback=obs.lookback)
    changes = diff(
        current,
        card,
        scores_old=current.score(still_open),
        scores_new=card.score(still_open),
        activities=obs.activities,
    )
    return {"health": judge_card(settings, obs.history, current), "changes": changes}
