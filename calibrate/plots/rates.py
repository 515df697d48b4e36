"""Rates and points: control rate, conversion by age, lift, scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from calibrate.display import clean_text, format_interval, format_value, shorten
from calibrate.plots.style import (
    ACCENT,
    FAINT,
    INK,
    SOFT,
    axes_of,
    column_of_texts,
    label_rows,
    percents,
    range_rows,
    rows_that_fit,
    table_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from calibrate.control import ConversionByAge

__all__ = ["plot_control", "plot_conversion_by_age", "plot_lift", "plot_scorecard"]

_MAX_ROWS = 40
_LABEL = 42
_APART = 0.16  # of the width, which a text under the picture takes
_LIFT_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


def plot_control(control: Any, *, ax: Axes | None = None) -> Axes:
    """Draw control rates with their intervals: one row a method, or a quarter.

    Parameters
    ----------
    control : ControlRate or DataFrame
        As `control_rate` or `control_by_quarter` returns it.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    table = table_of(control)
    table = table[table["rate"].notna()]
    key = "period" if "period" in table else "method"
    ax = axes_of(ax, title="Control conversion rate", rows=max(len(table), 1))
    top = float(table[["rate", "rate_ci_upper"]].max().max()) if len(table) else 1.0
    range_rows(ax, table, "rate", limits=(0.0, min(1.0, 1.05 * top)))
    label_rows(ax, [str(name) for name in table[key]])
    column_of_texts(ax, [_rate_text(row) for row in table.to_dict("records")])
    percents(ax.xaxis)
    return ax


def plot_conversion_by_age(by_age: ConversionByAge, *, ax: Axes | None = None) -> Axes:
    """Draw which share of the leads has bought at which age, with its interval.

    The days asked for are marked, with the share of the last day's buyers that has bought by
    then.

    Parameters
    ----------
    by_age : ConversionByAge
        As `conversion_by_age` returns it.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    curve, until = by_age.curve, by_age.until_days
    n, n_converted = (format_value("n", count) for count in (by_age.n, by_age.n_converted))
    ax = axes_of(ax, title=f"Bought by which age: {n_converted} of {n} leads so far")
    ends = [curve[f"rate_ci_{end}"].astype(float) for end in ("lower", "upper")]
    ax.fill_between(curve["days"], *ends, color=FAINT, lw=0)
    ax.plot(curve["days"], curve["rate"], color=ACCENT, lw=1.8)
    for row in by_age.rows.to_dict("records"):
        ax.plot([row["days"]] * 2, [0, row["rate"]], color=SOFT, lw=0.8, ls=":")
        ax.plot([row["days"]], [row["rate"]], "o", ms=5, color=ACCENT, clip_on=False)
    shown = _apart(by_age.rows, until)
    for row in shown:
        ax.annotate(
            format_value("rate", row["rate"]),
            (row["days"], row["rate_ci_upper"]),
            (0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            color=INK,
        )
    ax.set_xlim(0, until)
    ax.set_ylim(0, 1.15 * float(ends[1].max()))
    ax.set_xticks([0.0, *(row["days"] for row in shown)], ["0", *map(_age_text, shown)])
    percents(ax.yaxis)
    level = format_value("n", round(100 * by_age.confidence_level))
    ax.set_xlabel(f"days since the lead came in (band: interval at {level} %)")
    ax.set_ylabel("leads that have bought")
    return ax


def plot_lift(lift: Any, *, ax: Axes | None = None) -> Axes:
    """Draw each criterion's lift with its interval, on a log scale, highest first.

    What is not proven is grey and hollow, not hidden.

    Parameters
    ----------
    lift : Lift or DataFrame
        As `measure_lift` returns it.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes

    Notes
    -----
    Of more than 40 criteria, or than can be read on `ax`, those are drawn that fit: those
    with the most leads, of the proven ones up to three quarters of the rows; the title says how
    many are not.
    """
    table = table_of(lift)
    table = table.assign(proven=table["verdict"].isin(["raises", "lowers"]))
    first = _chosen(table, rows_that_fit(ax, _MAX_ROWS))
    shown = first.sort_values("lift", ascending=False, kind="stable")
    proven = shown["proven"].tolist()
    rest = len(table) - len(shown)
    more = f" ({rest} not drawn)" if rest else ""
    ax = axes_of(ax, title=f"Lift: rate against control{more}", width=8, rows=max(len(shown), 1))
    limits = _lift_limits(shown)
    ax.set_xscale("log")
    range_rows(ax, shown, "lift", strong=proven, limits=limits)
    ax.axvline(1, color=INK, lw=1, zorder=0)
    ticks = [tick for tick in _LIFT_TICKS if limits[0] <= tick <= limits[1]]
    ax.set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
    ax.set_xticks([], minor=True)
    label_rows(ax, _names(shown["criterion"]))
    column_of_texts(ax, [_lift_text(row) for row in shown.to_dict("records")])
    ax.set_xlabel("filled: proven; hollow: no evidence or too few")
    return ax


def plot_scorecard(card: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the points of a card, bars with the bootstrap interval of each.

    Parameters
    ----------
    card : Scorecard or DataFrame
        A card, or its ``.table``.
    ax : Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    Axes
    """
    table = table_of(card).sort_values("points", ascending=False, kind="stable")
    base = getattr(card, "base", None)
    title = "Points" if base is None else f"Points; everyone starts with {base}"
    ax = axes_of(ax, title=title, rows=max(len(table), 1))
    if table.empty:
        ax.text(0.5, 0.5, "nothing to score on yet", ha="center", transform=ax.transAxes)
    points = table["points"].to_numpy(dtype=float)
    for y, value in enumerate(points):
        face = ACCENT if value >= 0 else "white"
        ax.barh(y, value, height=0.55, color=face, edgecolor=ACCENT, lw=1)
    ends = table[["points_ci_lower", "points_ci_upper"]].to_numpy(dtype=float)
    for y, (lower, upper) in enumerate(ends):
        ax.plot([lower, upper], [y, y], color=INK, lw=1.2)
    ax.axvline(0, color=SOFT, lw=1)
    ax.set_ylim(max(len(table), 1) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    label_rows(ax, _names(table["criterion"]))
    column_of_texts(ax, [_points_text(row) for row in table.to_dict("records")])
    ax.set_xlabel("points, with the range of the resamples")
    return ax


def _chosen(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the rows to draw; what is not proven keeps its place beside what is."""
    common = table.sort_values("n", ascending=False, kind="stable")
    proven, others = common[common["proven"]], common[~common["proven"]]
    n = max(most - len(others), most * 3 // 4)
    return pd.concat([proven.head(n), others.head(most - min(n, len(proven)))])


def _names(names: pd.Series) -> list[str]:
    return [shorten(clean_text(name), _LABEL) for name in names]


def _apart(rows: pd.DataFrame, until: float) -> list[dict[Any, Any]]:
    """Return the days whose texts do not run into those of the next, the last in any case."""
    shown: list[dict[Any, Any]] = []
    for row in reversed(rows.to_dict("records")):
        if not shown or shown[-1]["days"] - row["days"] >= _APART * until:
            shown.append(row)
    return shown[::-1]


def _age_text(row: dict[Any, Any]) -> str:
    day = format_value("n", row["days"])
    if not np.isfinite(row["share"]):  # nobody has bought
        return day
    return f"{day}\n{format_value('share', row['share'])} of buyers"


def _rate_text(row: dict[Any, Any]) -> str:
    n, n_converted = (format_value("n", row[name]) for name in ("n", "n_converted"))
    return f"{format_value('rate', row['rate'])}  {n_converted} of {n}"


def _lift_text(row: dict[Any, Any]) -> str:
    between = format_interval("lift", row["lift_ci_lower"], row["lift_ci_upper"])
    return f"{format_value('lift', row['lift'])} ({between}), n {format_value('n', row['n'])}"


def _points_text(row: dict[Any, Any]) -> str:
    return f"{format_value('points', row['points'])}, n {format_value('n', row['n'])}"


def _lift_limits(table: pd.DataFrame) -> tuple[float, float]:
    """Return an even log scale around 1 that holds every lift, and its interval up to 50x."""
    values = table[["lift", "lift_ci_lower", "lift_ci_upper"]].to_numpy(dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return 0.5, 2.0
    reach = float(np.exp(np.abs(np.log(values)).max()))
    reach = min(max(1.1 * reach, 1.5), 50.0)
    return 1 / reach, reach
