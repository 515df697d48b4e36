"""How the card does over time: backtest and drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from calibrate.display import clean_text, format_value, shorten
from calibrate.plots.style import (
    ACCENT,
    INK,
    SOFT,
    axes_of,
    column_of_texts,
    label_rows,
    percents,
    range_rows,
    table_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_backtest", "plot_drift"]

# marker, face and words of each way of ranking; told apart without colour
_CARDS = {
    "candidate": ("o", ACCENT, "this card"),
    "dated": ("p", "white", "this card without columns of leads"),
    "current": ("s", "white", "current card"),
    "hand_made": ("P", "white", "points agreed by hand"),
    "rate": ("^", "white", "points = rate"),
    "newest": ("v", "white", "newest first"),
    "equal": ("x", INK, "everyone equal"),
    "gradient_boosting": ("D", SOFT, "gradient boosting"),
}


def plot_backtest(proof: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how well each card ranked each quarter's leads: AUC with its interval.

    Parameters
    ----------
    proof : Backtest or DataFrame
        As `backtest` returns it.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    table = table_of(proof)
    table = table[table["auc"].notna()]
    periods = list(dict.fromkeys(table["period"]))
    cards = [card for card in _CARDS if (table["card"] == card).any()]
    rows = max(1, len(periods) * max(1, len(cards)) // 2 + len(periods))
    ax = axes_of(ax, title="Backtest: leads the card had not seen", rows=rows)
    for place, card in enumerate(cards):
        _draw_card(ax, table[table["card"] == card], periods, place, len(cards))
    ax.axvline(0.5, color=SOFT, lw=1, ls=(0, (4, 3)), zorder=0)
    ax.set_ylim(len(periods) - 0.45, -0.55)
    ax.tick_params(axis="y", length=0)
    label_rows(ax, [_period_text(table, period) for period in periods])
    if cards:
        ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    ax.set_xlabel("pairs with the customer above the other lead (AUC); dashed: a toss")
    percents(ax.xaxis)
    return ax


def plot_drift(health: Any, *, ax: Axes | None = None) -> Axes:
    """Draw what came (with its interval) against what was promised, by tier and criterion.

    Parameters
    ----------
    health : Health or DataFrame
        As `monitor` returns it.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    table = table_of(health)
    table = table[table["rate"].notna() & table["expected_rate"].notna()]
    verdict = getattr(health, "verdict", None)
    title = "Promised and observed" + (f": {verdict}" if verdict else "")
    ax = axes_of(ax, title=title, rows=max(len(table), 1))
    top = float(table[["rate_ci_upper", "expected_rate"]].max().max()) if len(table) else 1.0
    range_rows(ax, table, "rate", limits=(0.0, min(1.0, 1.05 * top)))
    ax.plot(
        table["expected_rate"], np.arange(len(table)), "|", color=INK, ms=13, mew=1.6, clip_on=False
    )
    label_rows(ax, [shorten(clean_text(name), 42) for name in table["name"]])
    column_of_texts(ax, [f"n {format_value('n', n)}" for n in table["n"]])
    percents(ax.xaxis)
    ax.set_xlabel("dot and bar: observed; upright: promised")
    return ax


def _draw_card(ax: Axes, rows: pd.DataFrame, periods: list[str], place: int, of: int) -> None:
    mark, face, words = _CARDS[str(rows["card"].iloc[0])]
    offset = (place - (of - 1) / 2) * 0.8 / max(of, 1)
    y = np.array([periods.index(period) for period in rows["period"]]) + offset
    edge = ACCENT if mark == "o" else INK
    ends = rows[["auc_ci_lower", "auc_ci_upper"]].to_numpy(dtype=float)
    for at, (lower, upper) in zip(y, ends, strict=True):
        ax.plot([lower, upper], [at, at], color=edge, lw=1.6 if mark == "o" else 0.8, alpha=0.6)
    ax.plot(rows["auc"], y, mark, mfc=face, mec=edge, ms=5, ls="", label=words)


def _period_text(table: pd.DataFrame, period: str) -> str:
    row = table[table["period"] == period].iloc[0]
    n, won = (format_value("n", row[name]) for name in ("n", "n_converted"))
    return f"{clean_text(period)}\n{won} of {n}"
