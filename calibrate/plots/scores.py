"""Scores against outcomes: gains, calibration, thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.display import format_value
from calibrate.evaluation import (
    known_outcomes,
    rate_intervals,
    recall_intervals,
    score_distribution,
    scored_leads,
)
from calibrate.plots.style import ACCENT, FAINT, INK, SOFT, axes_of, percents, table_of
from calibrate.stats.ranking import gains_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration_table", "plot_calibration", "plot_gains", "plot_thresholds"]

_MOST_POINTS = 101  # as many as there are whole scores from 0 to 100


def calibration_table(
    scores: pd.DataFrame, *, bins: int = 10, confidence_level: float = 0.95
) -> pd.DataFrame:
    """Return promised and observed rates in groups of leads with similar expected rates.

    Parameters
    ----------
    scores : DataFrame
        As ``card.score(obs)`` gives it: ``expected_rate``, ``converted``, ``weight``.
    bins : int, default 10
        Groups of about equally many leads; leads with one expected rate stay together, and
        no group has under half its share of the leads.
    confidence_level : float, default 0.95
        Level of Wilson's interval, taken at the effective number of leads.

    Returns
    -------
    DataFrame
        ``expected_rate`` (mean of the group), ``n, n_converted`` (as counted),
        ``n_effective``, ``rate`` with ``rate_ci_lower, rate_ci_upper``; weighted where the
        leads are.

    Examples
    --------
    >>> frame = pd.DataFrame({"score": [0, 1, 2, 3], "expected_rate": [0.2, 0.2, 0.6, 0.6],
    ...                       "converted": [False, False, True, False]})
    >>> calibration_table(frame, bins=2)[["expected_rate", "n", "rate"]].values.tolist()
    [[0.2, 2.0, 0.0], [0.6, 2.0, 0.5]]
    """
    frame = known_outcomes(scores)
    leads = scored_leads(frame)
    promised = frame["expected_rate"].to_numpy(dtype=float)
    _, cell = np.unique(promised, return_inverse=True)
    held = np.bincount(cell, leads.weight).astype(float)
    group = _groups(held, held.sum() / bins)[cell]
    parts = [leads.part(group == g) for g in range(int(group.max(initial=-1)) + 1)]
    weight = np.bincount(group, leads.weight)
    n_effective, interval = rate_intervals(parts, confidence_level=confidence_level)
    return pd.DataFrame(
        {
            "expected_rate": np.bincount(group, leads.weight * promised) / weight,
            "n": np.bincount(group),
            "n_converted": np.bincount(group[leads.converted], minlength=len(parts)),
            "n_effective": n_effective,
            "rate": np.bincount(group, leads.weight * leads.converted) / weight,
            "rate_ci_lower": interval.lower,
            "rate_ci_upper": interval.upper,
        }
    )


def _groups(held: NDArray[np.float64], wanted: float) -> NDArray[np.intp]:
    """Join neighbouring cells until each group holds what is wanted; a thin rest joins the last."""
    group = np.zeros(len(held), dtype=np.intp)
    current, inside = 0, 0.0
    for cell, n in enumerate(held):
        if inside >= wanted:
            current, inside = current + 1, 0.0
        group[cell] = current
        inside += n
    if current and inside < wanted / 2:
        group[group == current] = current - 1
    return group


def plot_gains(scores: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw which share of customers the best-scored share of leads holds, with its interval.

    Parameters
    ----------
    scores : DataFrame
        As ``card.score(obs)`` gives it, with known outcomes.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    cells = score_distribution(scores)
    hits = cells["weight_converted"].to_numpy(dtype=float)
    others = cells["weight"].to_numpy(dtype=float) - hits
    curve = gains_curve(cells["score"].to_numpy(dtype=float), hits, others)
    won, n = _count(cells["n_converted"].sum()), _count(cells["n"].sum())
    ax = axes_of(ax, title=f"Gains: {won} customers among {n} leads", width=4.6, height=4.2)
    ax.plot([0, 1], [0, 1], color=SOFT, lw=1, ls=(0, (4, 3)))
    ax.text(0.62, 0.56, "at random", rotation=38, color=SOFT, fontsize=8, va="top")
    ax.plot(curve.lead_share, curve.converted_share, color=ACCENT, lw=2, marker="o", ms=2.5)
    shown = np.unique(np.linspace(1, len(curve.score) - 1, _MOST_POINTS).astype(int))
    lower, upper = recall_intervals(scored_leads(scores), curve.score[shown])
    ax.fill_between(curve.lead_share[shown], lower, upper, color=ACCENT, alpha=0.18, lw=0)
    ax.set_xlabel("share of leads, highest score first")
    ax.set_ylabel("share of customers caught")
    percents(ax.xaxis)
    percents(ax.yaxis)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    return ax


def plot_calibration(scores: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw observed against promised rates, each with its interval and its leads.

    Parameters
    ----------
    scores : DataFrame
        As ``card.score(obs)`` gives it, with known outcomes; or a `calibration_table`.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    table = scores if "rate" in scores else calibration_table(scores)
    title = f"Promised and observed, n {_count(table['n'].sum())}"
    ax = axes_of(ax, title=title, width=4.6, height=4.2)
    top = min(1.0, 1.06 * float(table[["expected_rate", "rate_ci_upper"]].max().max()))
    ax.plot([0, top], [0, top], color=SOFT, lw=1, ls=(0, (4, 3)))
    for row in table.to_dict("records"):
        at = row["expected_rate"]
        ax.plot(
            [at, at], [row["rate_ci_lower"], row["rate_ci_upper"]], color=ACCENT, lw=2, alpha=0.6
        )
        ax.plot([at], [row["rate"]], "o", ms=5, color=ACCENT, clip_on=False)
    ax.set_xlabel("promised rate (dashed: promise kept)")
    ax.set_ylabel("observed rate, with its interval")
    percents(ax.xaxis)
    percents(ax.yaxis)
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    return ax


def plot_thresholds(cuts: Any, *, ax: Axes | None = None) -> Axes:
    """Draw customers caught, with their interval, and leads to call at every cut.

    The recommended cut and its plateau are marked.

    Parameters
    ----------
    cuts : Thresholds
        As `choose_thresholds` returns it; or its ``.table``, then without the recommendation.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    table = table_of(cuts).sort_values("threshold")
    first = table.iloc[0]
    counts = f"{_count(first['n_converted'])} customers among {_count(first['n'])} leads"
    ax = axes_of(ax, title=f"Every cut: {counts}", height=3.2)
    if not isinstance(cuts, pd.DataFrame):
        _mark_choice(ax, cuts)
    share = table["lead_share"] if "lead_share" in table else table["n"] / first["n"]
    steps = table.assign(lead_share=share)
    steps = pd.concat([steps, steps.tail(1).assign(threshold=100)])  # the last step to the edge
    at = steps["threshold"]
    ax.step(at, steps["recall"], where="pre", color=ACCENT, lw=2, label="customers caught")
    lower, upper = steps["recall_ci_lower"], steps["recall_ci_upper"]
    ax.fill_between(at, lower, upper, step="pre", color=ACCENT, alpha=0.18, lw=0)
    called = steps["lead_share"]
    ax.step(at, called, where="pre", color=INK, lw=1.4, ls=(0, (4, 3)), label="leads to call")
    ax.legend(frameon=False, fontsize=8, loc="upper right", labelcolor=INK)
    ax.set_xlabel("cut, in points")
    percents(ax.yaxis)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 1.02)
    return ax


def _mark_choice(ax: Axes, cuts: Any) -> None:
    low, high = cuts.plateau
    ax.axvspan(low, max(high, low + 0.5), color=FAINT, lw=0, zorder=0)
    ax.axvline(cuts.threshold, color=INK, lw=1)
    text = f"cut {cuts.threshold}\n{cuts.threshold_ci_lower} to {cuts.threshold_ci_upper}"
    side = "left" if cuts.threshold < 75 else "right"
    ax.annotate(
        text, (cuts.threshold, 0.99), (4 if side == "left" else -4, 0),
        textcoords="offset points", ha=side, va="top", fontsize=8, color=INK,
    )  # fmt: skip


def _count(value: float) -> str:
    return format_value("n", float(value))
