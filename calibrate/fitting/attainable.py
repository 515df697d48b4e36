"""Which criteria can be met together: the attainable scores of a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria import Criterion, Measure
from calibrate.stats.patterns import unique_patterns

__all__ = ["attainable_patterns", "attainable_range", "attainable_values"]

MAX_COMBINATIONS = 100_000

Pattern = tuple[NDArray[np.intp], NDArray[np.bool_]]
Column = str | Measure


def attainable_patterns(criteria: Sequence[Criterion], seen: NDArray[np.bool_]) -> list[Pattern]:
    """Return, for each group of criteria that depend on each other, how they can be met.

    Levels of one column exclude each other, cuts of one number nest, counts of one
    activity are ordered (``at least 3`` implies ``at least 1``; events within 30 days are
    among all events).

    Parameters
    ----------
    criteria : sequence of Criterion
    seen : ndarray of bool, shape (patterns, criteria)
        Patterns met by leads. Used for a group with more than 100,000 combinations of
        values, and always added: what was seen is attainable.

    Returns
    -------
    list of (positions, patterns)
        Positions of the criteria of a group, and the bool patterns they can have. The
        groups are independent of each other.

    Examples
    --------
    >>> from calibrate.criteria import as_criterion
    >>> rules = [as_criterion({"field": "size", "at_least": cut}) for cut in (10, 50)]
    >>> [(_, patterns)] = attainable_patterns(rules, np.zeros((0, 2), dtype=bool))
    >>> patterns.astype(int).tolist()  # never 50 without 10
    [[0, 0], [1, 0], [1, 1]]
    """
    groups = []
    for positions in _linked(criteria):
        members = [criteria[i] for i in positions]
        index = np.array(positions, dtype=np.intp)
        frame = attainable_values(members)
        patterns = seen[:, index]
        if frame is not None:
            met = np.column_stack([rule.meets(frame) for rule in members])
            patterns = np.vstack([patterns, met])
        groups.append((index, unique_patterns(patterns)[0]))
    return groups


def attainable_range(points: NDArray[Any], groups: Sequence[Pattern]) -> tuple[float, float]:
    """Return the lowest and highest sum of points that a lead can have."""
    sums = [patterns @ points[index] for index, patterns in groups]
    return float(sum(s.min() for s in sums)), float(sum(s.max() for s in sums))


def _linked(criteria: Sequence[Criterion]) -> list[list[int]]:
    """Group criteria that share a field or an activity, directly or through others."""
    groups: list[tuple[set[str], list[int]]] = []
    anything = any(m.activity is None for rule in criteria for m in rule.measures)
    for i, rule in enumerate(criteria):
        about = {f"field {name}" for name in rule.fields}
        about |= {f"activity {'' if anything else m.activity}" for m in rule.measures}
        touched = [group for group in groups if group[0] & about]
        groups = [group for group in groups if not group[0] & about]
        members = sorted([i, *(j for _, group in touched for j in group)])
        groups.append((about.union(*(names for names, _ in touched)), members))
    return sorted(members for _, members in groups)


def attainable_values(
    criteria: Sequence[Criterion], most: int = MAX_COMBINATIONS
) -> pd.DataFrame | None:
    """Return all consistent combinations of values between which the rules' answers change.

    Parameters
    ----------
    criteria : sequence of Criterion
    most : int
        Combinations from which on there is no answer.

    Returns
    -------
    DataFrame or None
        One column a field or measure that the rules read, named as they read it.
    """
    values = _grid(criteria)
    if prod(len(probes) for probes in values.values()) > most:
        return None
    columns = list(values)
    named = (dict(zip(columns, row, strict=True)) for row in product(*values.values()))
    rows = [list(row.values()) for row in named if _is_consistent(row)]
    return pd.DataFrame(rows, columns=[_name(column) for column in columns], dtype=object)


def _grid(criteria: Sequence[Criterion]) -> dict[Column, list[Any]]:
    """Return the values to combine: measures that constrain each other share theirs."""
    values: dict[Column, dict[Any, None]] = {}
    for rule in criteria:
        for column, probes in rule.probes.items():
            values.setdefault(column, {}).update(dict.fromkeys(probes))
    measures = [column for column in values if isinstance(column, Measure)]
    counted = [m for m in measures if m.statistic in {"count", "days"}]
    last = [m for m in measures if m.statistic == "recency"]
    counts = {0.0, 1.0, *(v for m in counted for v in values[m])}
    ages = {v for m in last for v in values[m] if v is not None}
    ages |= {m.within_days for m in measures if m.within_days is not None}
    grid: dict[Column, list[Any]] = {column: list(probes) for column, probes in values.items()}
    grid |= {m: sorted(counts) for m in counted}
    grid |= {m: [*sorted(ages), max(ages) + 1, None] for m in last}
    for m in counted:
        if m.activity is None:
            grid[m].append(len(values) * max(counts) + 1)
    return grid


def _name(column: Column) -> str:
    return column if isinstance(column, str) else column.column


def _is_consistent(row: Mapping[Column, Any]) -> bool:
    """Whether an activity log could give these measures."""
    measured = [(m, value) for m, value in row.items() if isinstance(m, Measure)]
    whole = row.get(Measure(None), np.inf)
    parts = sum(
        value for m, value in measured if m.activity is not None and m == Measure(m.activity)
    )
    return bool(parts <= whole) and all(
        _go_together(a, x, b, y) for a, x in measured for b, y in measured if a is not b
    )


def _go_together(a: Measure, x: Any, b: Measure, y: Any) -> bool:
    """Whether measure ``a`` can be ``x`` while ``b``, of as many events or more, is ``y``."""
    if a.statistic == "recency" and x is not None:
        a = replace(a, within_days=x)
    if not _is_within(a, b):
        return True
    happened = {"recency": x is not None}.get(a.statistic, bool(x))
    if b.statistic == "recency":
        # An event within d days of the cutoff makes the last one at most d days old.
        return not happened or (y is not None and y <= _days(a))
    if b.statistic == "total":
        return a.statistic != "total" or x <= y
    if a.statistic in {"count", "days"} and b.statistic in {a.statistic, "count"}:
        return bool(x <= y)
    return not happened or y >= 1


def _is_within(a: Measure, b: Measure) -> bool:
    """Whether every event that ``a`` counts is counted by ``b``."""
    return (
        (b.activity is None or a.activity == b.activity)
        and (b.detail is None or a.detail == b.detail)
        and (
            b.within_days is None or (a.within_days is not None and a.within_days <= b.within_days)
        )
    )


def _days(measure: Measure) -> float:
    return np.inf if measure.within_days is None else measure.within_days
