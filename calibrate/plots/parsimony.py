"""What fewer or more rules would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from calibrate.display import format_interval, format_value
from calibrate.plots.style import ACCENT, FAINT, INK, SOFT, axes_of, table_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_parsimony"]

_MOST_TICKS = 14
_ROOM = 0.08  # of the height, left free above and below


def plot_parsimony(curve: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the AUC on leads not seen against the number of rules, with its interval.

    The card's size is filled, the others are hollow; gradient boosting on the same leads is a
    dashed line with its interval as a band.

    Parameters
    ----------
    curve : Parsimony, Scorecard or DataFrame
        As `parsimony_curve` returns it; a card, or its ``.parsimony``, has no ceiling.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    table = getattr(curve, "parsimony", None)
    table = table_of(curve) if table is None else table
    if "n_criteria" not in table:
        table = pd.DataFrame(columns=["n_criteria", "auc", "chosen"])
    ceiling = getattr(curve, "ceiling", None)
    ax = axes_of(ax, title=_title(table), width=7.0, height=3.6)
    if table.empty:
        ax.text(0.5, 0.5, "no number of rules was tried", ha="center", transform=ax.transAxes)
        return ax
    for row in table.to_dict("records"):
        ends = row["auc_ci_lower"], row["auc_ci_upper"]
        is_card = bool(row["chosen"])
        ax.plot(
            [row["n_criteria"]] * 2,
            ends,
            color=ACCENT if is_card else SOFT,
            lw=2.2 if is_card else 1.2,
        )
        face = ACCENT if is_card else "white"
        ax.plot([row["n_criteria"]], [row["auc"]], "o", ms=6, mfc=face, mec=ACCENT, zorder=3)
    if ceiling is not None:
        last = table.loc[table["n_criteria"].idxmax()]
        is_below = bool(ceiling["auc"] < last["auc"])
        _draw_ceiling(ax, ceiling, float(last["n_criteria"]), is_below=is_below)
    values = table[["auc", "auc_ci_lower", "auc_ci_upper"]].to_numpy(dtype=float)
    top = max(values.max(), 0.0 if ceiling is None else ceiling["auc_ci_upper"])
    low = min(values.min(), 0.5)
    room = _ROOM * (top - low)
    ax.set_ylim(low - room, top + 2 * room)
    ax.set_xlim(-0.5, float(table["n_criteria"].max()) + 0.5)
    most = int(table["n_criteria"].max())
    ax.set_xticks(range(0, most + 1, 1 if most <= _MOST_TICKS else 2))
    ax.set_xlabel("rules on the card (filled: the card's number; bars: intervals)")
    ax.set_ylabel("AUC on leads not seen")
    return ax


def _title(table: pd.DataFrame) -> str:
    if table.empty or not table["chosen"].any():
        return "What fewer rules cost"
    row = table[table["chosen"]].iloc[0]
    n, won = (format_value("n", row[name]) for name in ("n", "n_converted"))
    return f"What fewer rules cost: {won} customers among {n} leads"


def _draw_ceiling(ax: Axes, ceiling: Any, right: float, *, is_below: bool) -> None:
    lower, upper = ceiling["auc_ci_lower"], ceiling["auc_ci_upper"]
    ax.axhspan(lower, upper, color=FAINT, lw=0, zorder=0)
    ax.axhline(ceiling["auc"], color=INK, lw=1.2, ls=(0, (4, 3)), zorder=1)
    between = format_interval("auc", lower, upper)
    ax.text(
        right + 0.45,
        lower if is_below else upper,
        f"gradient boosting: {format_value('auc', ceiling['auc'])} ({between}), "
        f"n {format_value('n', ceiling['n'])}",
        ha="right",
        va="top" if is_below else "bottom",
        fontsize=8,
        color=INK,
    )
