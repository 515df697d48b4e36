"""Small pictures for the page: inline SVG without text, so that they scale to any width.

Numbers stand beside them in the table or the caption; a picture repeats what can be read.
Filled against hollow and solid against dashed carry the meaning, colour only helps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

__all__ = ["Label", "Slope", "bar", "dots", "share_bar", "slope", "steps", "strip"]


def strip(
    value: float | None,
    lower: float | None,
    upper: float | None,
    *,
    low: float,
    high: float,
    reference: float | None = None,
) -> Markup:
    """Return a dot with its interval on a line from `low` to `high`, the reference upright.

    A value beyond `high` is an arrowhead at the end of the line.

    Examples
    --------
    >>> "<circle" in strip(0.3, 0.2, 0.4, low=0, high=1)
    True
    """
    parts = ['<line class="axis" x1="0%" x2="100%" y1="8" y2="8"/>']
    if reference is not None:
        at = _percent(reference, low, high)
        parts.append(f'<line class="reference" x1="{at}" x2="{at}" y1="0" y2="16"/>')
    if lower is not None and upper is not None:
        ends = _percent(lower, low, high), _percent(upper, low, high)
        parts.append(f'<line class="range" x1="{ends[0]}" x2="{ends[1]}" y1="8" y2="8"/>')
    if value is not None and value > high:
        parts.append(
            '<svg class="beyond" x="100%" overflow="visible"><path d="M-8 3L0 8L-8 13Z"/></svg>'
        )
    elif value is not None:
        parts.append(f'<circle class="dot" cx="{_percent(value, low, high)}" cy="8" r="3.5"/>')
    return _svg("strip", parts)


def bar(value: float, *, low: float, high: float) -> Markup:
    """Return a bar from zero to the value: filled upwards, hollow downwards.

    Examples
    --------
    >>> 'class="minus"' in bar(-3, low=-5, high=5)
    True
    """
    start, end = sorted((_share(0, low, high), _share(value, low, high)))
    zero = _percent(0, low, high)
    x, width = f"{100 * start:.2f}%", f"{100 * (end - start):.2f}%"
    kind = "minus" if value < 0 else "plus"
    return _svg(
        "strip",
        [
            f'<rect class="{kind}" x="{x}" width="{width}" y="3" height="10"/>',
            f'<line class="zero" x1="{zero}" x2="{zero}" y1="0" y2="16"/>',
        ],
    )


def share_bar(
    rate: float | None,
    lower: float | None,
    upper: float | None,
    *,
    high: float,
    is_filled: bool = True,
) -> Markup:
    """Return a bar from zero to a rate, filled or hollow, its interval drawn over the end.

    Examples
    --------
    >>> 'width="50.00%"' in share_bar(0.2, 0.1, 0.3, high=0.4)
    True
    """
    kind = "plus" if is_filled else "hollow"
    width = _percent(rate or 0, 0, high)
    parts = [f'<rect class="{kind}" x="0" width="{width}" y="2" height="12"/>']
    if lower is not None and upper is not None:
        ends = _percent(lower, 0, high), _percent(upper, 0, high)
        parts.append(f'<line class="whisker" x1="{ends[0]}" x2="{ends[1]}" y1="8" y2="8"/>')
    return _svg("strip", [*parts, '<line class="zero" x1="0" x2="0" y1="0" y2="16"/>'])


@dataclass(frozen=True, kw_only=True)
class Label:
    """A name and its points at one side of a slope chart; `top` in percent of its height."""

    name: str
    points: float
    top: float


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Old points on the left, new ones on the right, a line each, and the labels of both sides."""

    lines: Markup
    left: tuple[Label, ...]
    right: tuple[Label, ...]
    height: float  # in lines of text


def slope(rows: Iterable[Mapping[str, Any]]) -> Slope | None:
    """Return the slope chart of two cards; None where there are not two lines to draw.

    Parameters
    ----------
    rows : iterable of mapping
        ``criterion, points_old, points_new``; points are None where a card has no such line.

    Examples
    --------
    >>> chart = slope([{"criterion": "a", "points_old": 3, "points_new": 9},
    ...                {"criterion": "b", "points_old": None, "points_new": 5}])
    >>> [(label.name, label.points) for label in chart.right]
    [('a', 9), ('b', 5)]
    """
    drawn = [row for row in rows if _sides(row) != (None, None)]
    if len(drawn) < 2:  # one line alone is no chart
        return None
    known = [points for row in drawn for points in _sides(row) if points is not None]
    low, high = min(known), max(known)
    height = _ROWS_OF_A_LABEL * len(drawn)
    tops = [_apart([_sides(row)[side] for row in drawn], low, high, 1 / height) for side in (0, 1)]
    parts = []
    for i, row in enumerate(drawn):
        old, new = _sides(row)
        ends = [None if points is None else _depth(points, low, high) for points in (old, new)]
        parts += _slope_line(ends, (tops[0][i], tops[1][i]))
    body = Markup("").join(Markup(part) for part in parts)  # noqa: S704 - numbers only
    return Slope(
        lines=Markup(
            '<svg class="lines" width="100%" height="100%" aria-hidden="true">{}</svg>'
        ).format(body),
        left=_labels(drawn, 0, tops[0]),
        right=_labels(drawn, 1, tops[1]),
        height=height,
    )


_ROWS_OF_A_LABEL = 1.6
_INSET = 14  # percent of the width, from a label to the scale


def _sides(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    return row.get("points_old"), row.get("points_new")


def _depth(points: float, low: float, high: float) -> float:
    """Return how far down the chart points stand, in percent; room for half a label is left."""
    return 5 + 90 * (1 - _share(points, low, high))


def _apart(points: Sequence[float | None], low: float, high: float, gap: float) -> list[float]:
    """Return where the labels stand: at their points, moved down or up until none overlap."""
    known = [(value, i) for i, value in enumerate(points) if value is not None]
    highest_first = sorted(known, key=lambda label: -label[0])
    tops = [0.0] * len(points)
    at = -100.0
    for value, i in highest_first:
        tops[i] = at = max(_depth(value, low, high), at + 100 * gap)
    at = 100.0
    for _, i in reversed(highest_first):
        tops[i] = at = min(tops[i], at)
        at -= 100 * gap
    return tops


def _slope_line(ends: Sequence[float | None], tops: tuple[float, float]) -> list[str]:
    old, new = ends
    parts = []
    if old is not None and new is not None:
        kind = "same" if old == new else "moved"
        parts.append(_line(kind, _INSET, old, 100 - _INSET, new))
    if old is not None:
        parts.append(_line("leader", 0, tops[0], _INSET, old))
        kind = "hollow" if new is None else "dot"
        parts.append(f'<circle class="{kind}" cx="{_INSET}%" cy="{old:.2f}%" r="3.5"/>')
    if new is not None:
        parts.append(_line("leader", 100 - _INSET, new, 100, tops[1]))
        parts.append(f'<circle class="dot" cx="{100 - _INSET}%" cy="{new:.2f}%" r="3.5"/>')
    return parts


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1}%" y1="{y1:.2f}%" x2="{x2}%" y2="{y2:.2f}%"/>'


def _labels(
    rows: Sequence[Mapping[str, Any]], side: int, tops: Sequence[float]
) -> tuple[Label, ...]:
    labels = [
        Label(name=str(row["criterion"]), points=points, top=round(top, 2))
        for row, top in zip(rows, tops, strict=True)
        if (points := _sides(row)[side]) is not None
    ]
    return tuple(sorted(labels, key=lambda label: label.top))


def dots(rate: float, label: str) -> Markup:
    """Return a hundred circles, as many filled as there are customers in a hundred.

    A rate that is not zero fills at least a part of one circle.

    Examples
    --------
    >>> picture = dots(0.18, "18 of 100")
    >>> picture.count('class="won"'), picture.count('class="other"')
    (18, 82)
    """
    filled = round(100 * rate)
    circles = [
        f'<circle class="{"won" if i < filled else "other"}" '
        f'cx="{10 * (i % 10) + 5}" cy="{10 * (i // 10) + 5}" r="3.6"/>'
        for i in range(100)
    ]
    if filled == 0 and rate > 0:
        width = 7.2 * max(0.2, 100 * rate)
        circles.append(
            f'<svg x="1.4" y="1.4" width="{width:.2f}" height="7.2">'
            '<circle class="won part" cx="3.6" cy="3.6" r="3.6"/></svg>'
        )
    body = Markup("").join(Markup(circle) for circle in circles)  # noqa: S704 - numbers only
    return Markup(
        '<svg class="dots" viewBox="0 0 100 100" role="img" aria-label="{}">{}</svg>'
    ).format(label, body)


def steps(cuts: Sequence[float], shares: Iterable[float]) -> str:
    """Return the path of a share that holds up to each cut and then falls, 100 x 100 units.

    Examples
    --------
    >>> steps([0, 40], [1.0, 0.25])
    'M0 0H0V75H40V100H100'
    """
    path, y = "", 0.0
    for cut, share in zip(cuts, shares, strict=True):
        y = round(100 * (1 - share), 2)
        path += f"{'V' if path else 'M0 '}{y:g}H{cut:g}"
    return f"{path}V100H100"


def _share(value: float, low: float, high: float) -> float:
    if math.isinf(value):
        return 0.0 if value < 0 else 1.0
    return min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))


def _percent(value: float, low: float, high: float) -> str:
    return f"{100 * _share(value, low, high):.2f}%"


def _svg(kind: str, parts: Iterable[str]) -> Markup:
    body = "".join(parts)
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="{kind}" width="100%" height="16" aria-hidden="true">{body}</svg>'
    )
