"""How cells of a coverage study are judged and summed up."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["ENOUGH", "RANGE", "by_expected", "is_met", "listed", "within"]

ENOUGH = 10.0  # expected converters and non-converters, with and without
RANGE = (0.93, 0.97)
WORST = 0.92
LEAST_WITHIN = 0.95  # share of the cells with enough
N_ERRORS = 2.0  # Monte Carlo standard errors granted to a coverage from draws

EXPECTED = (0, 1, 2, 5, ENOUGH, np.inf)
BANDS = ("under 1", "1 to 2", "2 to 5", "5 to 10", "10 or more")


def within(cells: pd.DataFrame, *, upper: float = RANGE[1]) -> pd.Series:
    """Return which cells lie in the range, those from draws within their error."""
    room = N_ERRORS * cells["error"]
    return (cells["coverage"] + room >= RANGE[0]) & (cells["coverage"] - room <= upper)


def by_expected(cells: pd.DataFrame, *, upper: float = RANGE[1]) -> pd.DataFrame:
    """Return one row an interval and band of expected counts, those with enough first."""
    band = pd.cut(cells["expected"] + 1e-9, EXPECTED, right=False, labels=BANDS)
    rows = []
    for interval in dict.fromkeys(cells["interval"]):
        for name in reversed(BANDS):
            part = cells[(cells["interval"] == interval) & (band == name)]
            if len(part):
                rows.append(
                    {
                        "interval": interval,
                        "expected": name,
                        "cells": len(part),
                        "within": float(within(part, upper=upper).mean()),
                        "lowest": float(part["coverage"].min()),
                        "median": float(part["coverage"].median()),
                        "highest": float(part["coverage"].max()),
                        "error": float(part["error"].max()),
                    }
                )
    return pd.DataFrame(rows)


def is_met(cells: pd.DataFrame, *, upper: float = RANGE[1]) -> bool:
    """Whether every interval covers as required in the cells with enough expected."""
    enough = cells[cells["expected"] + 1e-9 >= ENOUGH]
    good = within(enough, upper=upper).groupby(enough["interval"]).mean() >= LEAST_WITHIN
    bad = enough["coverage"] + N_ERRORS * enough["error"] < WORST
    return bool(good.all() and not bad.any())


def listed(cells: pd.DataFrame) -> pd.DataFrame:
    """Return one row a cell, with a column of coverage for each interval."""
    known = [name for name in cells if name not in {"interval", "coverage", "error"}]
    key = cells[known].astype(object).where(cells[known].notna(), "")
    names = list(dict.fromkeys(cells["interval"]))
    rows = cells.groupby([key[name] for name in known], sort=False)
    found = pd.DataFrame(
        {
            f"coverage {name}": cells["coverage"]
            .where(cells["interval"] == name)
            .groupby(rows.ngroup())
            .first()
            for name in names
        }
    )
    return pd.concat([rows[known].first().reset_index(drop=True), found], axis=1)
