"""Small pictures for the page: inline SVG without text, so that they scale to any width.

Numbers stand beside them in the table or the caption; a picture repeats what can be read.
Filled against hollow and solid against dashed carry the meaning, colour only helps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

__all__ = ["bar", "dots", "dumbbell", "steps", "strip"]


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


def dumbbell(old: float | None, new: float | None, *, low: float, high: float) -> Markup:
    """Return the old value (hollow) and the new one (filled) on one line.

    Examples
    --------
    >>> dumbbell(1, 2, low=0, high=3).count("<circle")
    2
    """
    zero = _percent(0, low, high)
    parts = [f'<line class="zero" x1="{zero}" x2="{zero}" y1="0" y2="16"/>']
    if old is not None and new is not None:
        ends = _percent(old, low, high), _percent(new, low, high)
        parts.append(f'<line class="range" x1="{ends[0]}" x2="{ends[1]}" y1="8" y2="8"/>')
    for value, kind in ((old, "hollow"), (new, "dot")):
        if value is not None:
            at = _percent(value, low, high)
            parts.append(f'<circle class="{kind}" cx="{at}" cy="8" r="3.5"/>')
    return _svg("strip", parts)


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
