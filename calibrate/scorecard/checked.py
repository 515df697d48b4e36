"""Values of a ``scorecard.json``, each of its type and within its bounds or refused by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from calibrate.display import plain_rows
from calibrate.errors import ConfigError, DataError
from calibrate.scorecard.values import PARSIMONY_COLUMNS, Tier, sorted_tiers

__all__ = [
    "RATE_COLUMNS",
    "items",
    "moment",
    "number",
    "pair",
    "parsimony",
    "rates",
    "rows",
    "text",
    "tiers",
    "whole",
]

RATE_COLUMNS = ("score", "rate", "rate_ci_lower", "rate_ci_upper")
FILE = "scorecard"
_LARGEST = 1e300
_MOST = 10**15


def whole(value: Any, place: str, low: int = -10_000, high: int = 10_000) -> int:
    """Return a whole number from `low` to `high`."""
    if number(value, place, low, high) != int(value):
        raise DataError("is no whole number", file=FILE, column=place, value=value)
    return int(value)


def number(value: Any, place: str, low: float = -_LARGEST, high: float = _LARGEST) -> float:
    """Return a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DataError("is no number", file=FILE, column=place, value=f"{value}")
    if not low <= value <= high:
        problem = f"does not lie within {low:g} to {high:g}"
        raise DataError(problem, file=FILE, column=place, value=value)
    return float(value)


def text(value: Any, place: str) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise DataError("is no text", file=FILE, column=place, value=f"{value}")
    return value


def moment(value: Any, place: str) -> str:
    """Return an ISO date or time, as written."""
    try:
        dt.datetime.fromisoformat(text(value, place))
    except ValueError:
        raise DataError("is no date", file=FILE, column=place, value=value) from None
    return str(value)


def items(value: Any, place: str) -> Sequence[Any]:
    """Return a list."""
    if not isinstance(value, list):
        raise DataError("is no list", file=FILE, column=place, value=f"{value}")
    return value


def pair(value: Any, place: str) -> tuple[float, float] | None:
    """Return the two ends of an interval, or None."""
    if value is None:
        return None
    ends = items(value, place)
    if len(ends) != 2 or number(ends[0], place) > number(ends[1], place):
        raise DataError("is no interval", file=FILE, column=place, value=f"{value}")
    return float(ends[0]), float(ends[1])


def tiers(value: Any) -> tuple[Tier, ...]:
    """Return the tiers, the highest first whatever the order they are written in."""
    named = [
        (text(tier["name"], "tiers"), tier["at_least"]) for tier in items(value or [], "tiers")
    ]
    try:
        return sorted_tiers(named)
    except ConfigError as error:
        raise DataError(str(error), file=FILE, column="tiers") from None


def rates(value: Any) -> pd.DataFrame:
    """Return the expected rates: one a score, never falling, within (0, 1)."""
    place = "expected_rate"
    rows = [(e["score"], e["rate"], *e["rate_ci"]) for e in items(value, place)]
    if [row[0] for row in rows] != list(range(101)):
        raise DataError("must have one entry for each score from 0 to 100", file=FILE, column=place)
    for row in rows:
        rate, lower, upper = (number(part, place, 0, 1) for part in row[1:])
        if not lower <= rate <= upper:
            raise DataError(f"lies outside its interval at {row[0]}", file=FILE, column=place)
    table = pd.DataFrame(rows, columns=list(RATE_COLUMNS)).astype({"score": int})
    rate_at = np.asarray(table["rate"], dtype=float)
    if (np.diff(rate_at) < 0).any() or rate_at[0] <= 0 or rate_at[-1] >= 1:
        raise DataError("must not fall with the score, nor reach 0 or 1", file=FILE, column=place)
    return table


def rows(table: pd.DataFrame | None) -> list[dict[str, Any]] | None:
    """Return the rows of a table as plain values, None where a number is missing."""
    return None if table is None else plain_rows(table)


def parsimony(value: Any) -> pd.DataFrame | None:
    """Return the parsimony table: one row a number of rules, each once, one of them chosen."""
    place = "parsimony"
    if value is None:
        return None
    found = [[row[name] for name in PARSIMONY_COLUMNS] for row in items(value, place)]
    table = pd.DataFrame(found, columns=list(PARSIMONY_COLUMNS))
    for name in PARSIMONY_COLUMNS:
        told = [part for part in table[name] if part is not None]
        if name == "chosen":
            if [part for part in told if not isinstance(part, bool)] or told.count(True) != 1:
                raise DataError("must mark the size of the card", file=FILE, column=place)
        elif name in ("n_criteria", "n", "n_converted"):
            table[name] = [whole(part, place, 0, _MOST) for part in table[name]]
        else:
            for part in told:
                number(part, place)
            table[name] = table[name].astype(float)
    if table["n_criteria"].tolist() != list(range(len(table))):
        raise DataError("must have one row for each number of rules", file=FILE, column=place)
    return table.astype({"chosen": bool})
