"""What becomes of the simulated leads: planted log odds, a slow road to winning, losses apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri

from calibrate.datasets.events import DAY, BoolArray, Events, FloatArray, IntArray
from calibrate.datasets.truth import HORIZON, LOOKBACK, RULES, WINDOW

__all__ = ["Fate", "criteria_met", "decide"]

NEVER = np.iinfo(np.int64).max
_WINDOW, _HORIZON, _LOOKBACK = (int(t.total_seconds()) for t in (WINDOW, HORIZON, LOOKBACK))
# days to the win: log-normal, median and sigma; shift in log odds of winning before the landmark
# and after the horizon
_LAG = (np.log(38.0), 0.7)
_EARLY, _LATE = -1.5, -1.9
_LATE_LAG = (np.log(35.0), 0.8)
_LOSS = (np.log(45.0), 1.1)
_NEVER_CLOSED = 0.25


@dataclass(frozen=True, eq=False, kw_only=True)
class Fate:
    """When each lead is closed (`NEVER` if it is not), whether by a win, and its log odds."""

    closed: IntArray
    won: BoolArray
    log_odds: FloatArray


def criteria_met(
    people: pd.DataFrame, log: Events, created: IntArray, until: IntArray
) -> dict[str, BoolArray]:
    """Return, per planted criterion, which leads meet it by `until` (looking back 90 days)."""
    done = log.done(len(created), created - _LOOKBACK, until)
    return {name: _meets(rule, people, done) for name, rule in RULES.items()}


def decide(
    rng: np.random.Generator,
    people: pd.DataFrame,
    log: Events,
    created: IntArray,
    weights: tuple[float, Mapping[str, FloatArray]],
) -> Fate:
    """Decide when and how every lead ends.

    Nothing looks ahead. Before the landmark a lead gets one chance to win, at a random moment and
    with what it has done until then; at the landmark, if it is still open, it converts by the
    horizon with exactly the planted probability; later, with a smaller one. Losses come at their
    own pace, which depends on nothing; a part of the leads is never closed.
    """
    n = len(created)
    moment = np.floor(_WINDOW * np.sqrt(rng.random(n))).astype(np.int64)
    loss = _log_normal(rng, _LOSS, n)
    loss = np.where(rng.random(n) < _NEVER_CLOSED, NEVER // 2, loss)
    lag = _truncated_log_normal(rng, _LAG, n, _WINDOW, _HORIZON)
    early, middle, late = rng.random((3, n))
    so_far = _predictor(weights, criteria_met(people, log, created, created + moment))
    planted = _predictor(weights, criteria_met(people, log, created, created + _WINDOW))
    won_early = (early < expit(so_far + _EARLY)) & (moment < loss)
    lost_early = ~won_early & (loss < _WINDOW)
    won = ~won_early & ~lost_early & (middle < expit(planted))
    won_late = ~won_early & ~lost_early & ~won & (late < expit(planted + _LATE))
    after = np.select(
        [won_early, won, won_late],
        [moment, lag, _HORIZON + _log_normal(rng, _LATE_LAG, n)],
        default=loss,
    )
    closed = np.where(after >= NEVER // 2, NEVER, created + np.maximum(after, 1))
    return Fate(closed=closed, won=won_early | won | won_late, log_odds=planted)


def _meets(rule: dict[str, object], people: pd.DataFrame, done: dict[str, BoolArray]) -> BoolArray:
    if "activity" in rule:
        return done[str(rule["activity"])]
    values = people[str(rule["field"])]
    if "in" in rule:
        return np.asarray(values.isin(rule["in"]), dtype=np.bool_)
    return np.asarray(values >= rule["at_least"], dtype=np.bool_)


def _predictor(
    weights: tuple[float, Mapping[str, FloatArray]], met: dict[str, BoolArray]
) -> FloatArray:
    intercept, log_odds = weights
    total = np.full(len(next(iter(met.values()))), float(intercept))
    for name, flag in met.items():
        total += log_odds[name] * flag
    return total


def _log_normal(rng: np.random.Generator, lag: tuple[float, float], n: int) -> IntArray:
    return np.asarray(np.floor(np.exp(rng.normal(*lag, size=n)) * DAY), dtype=np.int64)


def _truncated_log_normal(
    rng: np.random.Generator, lag: tuple[float, float], n: int, low: int, high: int
) -> IntArray:
    """Draw by inversion, so that every draw lies in ``[low, high)`` seconds."""
    mean, sigma = lag
    p_low, p_high = (float(ndtr((np.log(t / DAY) - mean) / sigma)) for t in (low, high))
    days = np.exp(mean + sigma * ndtri(p_low + (p_high - p_low) * rng.random(n)))
    return np.asarray(np.clip(np.floor(days * DAY), low, high - 1), dtype=np.int64)
