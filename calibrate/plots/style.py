"""One quiet style for every picture, and the two pieces most of them are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = [
    "ACCENT",
    "FAINT",
    "INK",
    "SOFT",
    "axes_of",
    "column_of_texts",
    "label_rows",
    "percents",
    "range_rows",
    "rows_that_fit",
    "table_of",
]

INK = "#1c1c1a"
SOFT = "#5b5a55"
FAINT = "#d9d6cd"
ACCENT = "#17507f"

_ROW_HEIGHT = 0.3  # inches
_SIZE = 9  # points
_LEAST_SIZE = 5.5
_OF_A_ROW = 0.75  # how much of a row's height its text may take


def table_of(result: Any) -> pd.DataFrame:
    """Return a result's table, or the table itself.

    Examples
    --------
    >>> table_of(pd.DataFrame({"n": [1]})).shape
    (1, 1)
    """
    return result if isinstance(result, pd.DataFrame) else result.table


def axes_of(
    ax: Axes | None, *, title: str, width: float = 7.0, height: float = 3.5, rows: int = 0
) -> Axes:
    """Return the Axes to draw on, in the house style: a new figure's where none is given."""
    if ax is None:
        from matplotlib import pyplot as plt  # noqa: PLC0415 - heavy, and only drawing needs it

        size = (width, 1.1 + _ROW_HEIGHT * rows if rows else height)
        _, ax = plt.subplots(figsize=size, layout="constrained")
    row_size = _size_of_rows(ax, rows)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)
    ax.tick_params(length=3, color=SOFT, labelcolor=INK, labelsize=_SIZE)
    ax.tick_params(axis="y", labelsize=row_size)
    ax.set_title(title, loc="left", fontsize=_SIZE + 1, color=INK)
    ax.xaxis.label.set(color=SOFT, fontsize=_SIZE)
    ax.yaxis.label.set(color=SOFT, fontsize=_SIZE)
    return ax


def rows_that_fit(ax: Axes | None, most: int) -> int:
    """Return how many rows can be read on the Axes that were given; `most` on a new figure."""
    if ax is None:
        return most
    return max(1, min(most, int(_height(ax) * 72 * _OF_A_ROW / _LEAST_SIZE)))


def _size_of_rows(ax: Axes, rows: int) -> float:
    """Return the size of text that rows leave room for."""
    if not rows:
        return _SIZE
    return float(np.clip(_height(ax) * 72 * _OF_A_ROW / rows, _LEAST_SIZE, _SIZE))


def _height(ax: Axes) -> float:
    """Return the height of Axes in inches."""
    figure = ax.get_figure(root=True)
    return 0.0 if figure is None else float(ax.get_position().height * figure.get_figheight())


def range_rows(
    ax: Axes,
    table: pd.DataFrame,
    name: str,
    *,
    strong: Sequence[bool] | None = None,
    limits: tuple[float, float],
) -> None:
    """Draw one row a line of `table`: a dot at `name`, a bar for its interval, top row first.

    Rows that are not `strong` are grey and hollow. An interval that leaves `limits` ends in
    an arrowhead at the edge.
    """
    low, high = limits
    is_strong = [True] * len(table) if strong is None else list(strong)
    ends = [f"{name}_ci_lower", f"{name}_ci_upper"]
    values = table[[name, *ends]].astype(float).to_numpy()
    for y, ((value, lower, upper), full) in enumerate(zip(values, is_strong, strict=True)):
        color = ACCENT if full else SOFT
        start, end = max(lower, low), min(upper, high)
        if start < end:
            ax.plot([start, end], [y, y], color=color, lw=2.2 if full else 1.2, alpha=0.6)
        for at, mark, is_cut in ((low, "<", lower < low), (high, ">", upper > high)):
            if is_cut:
                ax.plot([at], [y], mark, color=color, ms=4, clip_on=False)
        if low <= value <= high:
            face = color if full else "white"
            ax.plot([value], [y], "o", ms=5, mfc=face, mec=color, clip_on=False)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlim(low, high)
    ax.tick_params(axis="y", length=0)


def column_of_texts(ax: Axes, texts: Sequence[str]) -> None:
    """Write one text a row at the right of the picture."""
    place = ax.get_yaxis_transform()
    size = min(_SIZE - 1.0, _size_of_rows(ax, len(texts)))
    for y, text in enumerate(texts):
        ax.text(1.02, y, text, transform=place, va="center", fontsize=size, color=SOFT)


def label_rows(ax: Axes, labels: Sequence[str]) -> None:
    """Name the rows at the left; texts from the data are taken literally."""
    ax.set_yticks(np.arange(len(labels)), [label.replace("$", r"\$") for label in labels])


def percents(axis: Axis) -> None:
    """Write an axis of shares as percentages."""
    axis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
