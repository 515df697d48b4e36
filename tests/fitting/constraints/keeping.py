"""Whether a card keeps to constraints, worked out from the card alone."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

SIZES = range(101)
JOBS = ("junior", "lead", "chief", "other", None)
FLAGS = ("x0", "x1", "x2", "x3")


def every_lead() -> pd.DataFrame:
    """Every lead that could be: all combinations of the columns of `company`."""
    rows = itertools.product(*([(0, 1)] * len(FLAGS)), JOBS, (*SIZES, None))
    return pd.DataFrame(list(rows), columns=[*FLAGS, "job", "size"])


EVERY_LEAD = every_lead()


def company_of(seed: int, n: int = 1500, effects=None):
    """Columns, outcome: four yes/no, a category, a number."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.random((n, 4)) < [0.3, 0.3, 0.4, 0.3], columns=list(FLAGS))
    frame = frame.astype(int)
    frame["job"] = rng.choice(["junior", "lead", "chief"], n)
    frame["size"] = rng.integers(1, 100, n)
    effects = rng.normal(0, 1, 4) if effects is None else np.array(effects)
    log_odds = -1.5 + frame[list(FLAGS)] @ effects
    log_odds += (frame["job"] == "chief") * rng.normal(0.5, 0.5) + frame["size"] * 0.01
    return frame, rng.random(n) < 1 / (1 + np.exp(-log_odds))


def points_of(card) -> dict[str, int]:
    return {line.criterion.name: line.points for line in card.criteria}


def raw_scores(card) -> np.ndarray:
    """Scores of every lead before they are cut at 0 and 100, caps by hand."""
    total = np.full(len(EVERY_LEAD), card.base)
    for group in ("fit", "engagement"):
        lines = [line for line in card.criteria if line.criterion.group == group]
        part = sum((line.points * line.criterion.meets(EVERY_LEAD) for line in lines), 0)
        total = total + np.minimum(part, card.caps.get(group, np.inf))
    return np.asarray(total)


def worth_of(card, column: str) -> pd.Series:
    """Points of the rules about one column alone, by its values."""
    frame = EVERY_LEAD.drop_duplicates(column)
    lines = [line for line in card.criteria if set(line.criterion.fields) == {column}]
    worth = sum((line.points * line.criterion.meets(frame) for line in lines), np.zeros(len(frame)))
    return pd.Series(worth, index=frame[column].tolist())


def about(card, column: str):
    return [line for line in card.criteria if column in line.criterion.fields]


def turned(when, column: str) -> bool:
    """Whether a rule says "not", or "under", of a column."""
    if "all" in when:
        parts = [part for part in when["all"] if column in str(part)]
        return all(turned(part, column) for part in parts)
    if "not" in when:
        return not turned(when["not"], column)
    return bool(when.get("missing")) or ("below" in when and "at_least" not in when)


def broken(card, constraints, old: dict[str, int] | None = None) -> list[str]:
    """Name what a card does not keep to."""
    return [*_of_lines(card, constraints), *_of_points(card, constraints, old or {})]


def _of_lines(card, constraints) -> list[str]:
    found = []
    for column, sign in constraints.get("sign", {}).items():
        wanted = 1 if sign == "+" else -1
        found += [
            f"sign of {line.criterion.name}"
            for line in about(card, column)
            if line.points * wanted * (-1 if turned(line.criterion.when, column) else 1) < 0
        ]
    found += [
        f"no rule about {name}" for name in constraints.get("required", ()) if not about(card, name)
    ]
    found += [
        f"a rule about {name}" for name in constraints.get("forbidden", ()) if about(card, name)
    ]
    if constraints.get("one_per_column"):
        found += [f"two rules about {name}" for name in EVERY_LEAD if len(about(card, name)) > 1]
    return found


def _of_points(card, constraints, old) -> list[str]:
    points, found = points_of(card), []
    found += [
        f"{name} is {points.get(name)}"
        for name, value in constraints.get("fixed", {}).items()
        if points.get(name) != value
    ]
    for chain in constraints.get("order", ()):
        worth = [worth_of(card, column)[1] for column in chain]
        found += [f"order {worth}"] if worth != sorted(worth) else []
    for column in constraints.get("increasing", ()):
        worth = worth_of(card, column)[list(SIZES)].to_numpy()
        found += [f"{column} falls"] if (np.diff(worth) < 0).any() else []
    most = constraints.get("max_change")
    if most is not None:
        moved = {name: points.get(name, 0) - old.get(name, 0) for name in {*points, *old}}
        found += [f"{name} moved by {by}" for name, by in sorted(moved.items()) if abs(by) > most]
    if card.criteria and not all(isinstance(p, int) and p for p in points.values()):
        found.append("points that are 0 or not whole")
    if card.criteria and dict(card.caps) != constraints.get("caps", {}):
        found.append("caps")
    return found
