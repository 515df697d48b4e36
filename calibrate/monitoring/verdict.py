"""From the health table to a verdict and its reasons, in words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from calibrate import display
from calibrate.monitoring.values import TOO_FEW

__all__ = ["capacity_reason", "ends_reason", "opening_of", "verdict_of"]

LEVEL = 0.01
PSI = 0.1


def verdict_of(table: pd.DataFrame) -> tuple[str, list[str]]:
    """Return keep, watch or recalibrate, and what it rests on."""
    broken = table[table["kind"].isin(["tier", "criterion"]) & (table["holm_p_value"] <= LEVEL)]
    reasons = [_said_broken(row) for row in broken.to_dict(orient="records")]
    watched = [*_level(table), *_distribution(table), *_shares(table)]
    if reasons:
        return "recalibrate", [*reasons, *watched]
    if watched:
        return "watch", watched
    return "keep", ["Nothing differs from the promise by more than chance.", *_unseen(table)]


def opening_of(table: pd.DataFrame, period: str) -> str:
    """Return the promise against what came, in one sentence.

    Examples
    --------
    >>> opening_of(pd.DataFrame({"kind": ["level"], "name": ["all leads"], "n": [500],
    ...                          "n_expected": [21.4], "n_converted": [19]}), "2023Q4")
    '2023Q4, 500 leads: 21.4 conversions promised, 19 came.'
    """
    level = table[table["kind"] == "level"].iloc[0]
    parts = [f"{_n(level['n_expected'])} conversions promised, {_n(level['n_converted'])} came"]
    parts += [
        f"{row['name']} {_n(row['n_expected'])} promised, {_n(row['n_converted'])} came"
        for row in table[table["kind"] == "tier"].to_dict(orient="records")
    ]
    return f"{period}, {_n(level['n'])} leads: {'; '.join(parts)}."


def ends_reason(table: pd.DataFrame, tiers: Sequence[str]) -> list[str]:
    """Say how many low scores converted, and how many high ones did not, beside the promise.

    Parameters
    ----------
    table : DataFrame
        The health table.
    tiers : sequence of str
        Highest first; with fewer than two there is nothing to say.

    Examples
    --------
    >>> table = pd.DataFrame({"kind": "tier", "name": ["hot", "cold"], "n": [150, 700],
    ...                       "n_converted": [40, 12], "n_expected": [45.2, 9.8]})
    >>> for line in ends_reason(table, ["hot", "cold"]):
    ...     print(line)
    Low scores that converted all the same: 12 of 700 cold leads, 9.8 expected.
    High scores that did not convert: 110 of 150 hot leads, 104.8 expected.
    """
    rows = table[table["kind"] == "tier"].set_index("name")
    if len(tiers) < 2:
        return []
    low, high = rows.loc[tiers[-1]], rows.loc[tiers[0]]
    lost, lost_expected = (high["n"] - high[name] for name in ("n_converted", "n_expected"))
    came = f"{_n(low['n_converted'])} of {_n(low['n'])} {tiers[-1]} leads"
    missed = f"{_n(lost)} of {_n(high['n'])} {tiers[0]} leads"
    return [
        f"Low scores that converted all the same: {came}, {_n(low['n_expected'])} expected.",
        f"High scores that did not convert: {missed}, {_n(lost_expected)} expected.",
    ]


def capacity_reason(table: pd.DataFrame, tier: str | None, capacity: float | None) -> list[str]:
    """Say how many leads a week the highest tier brings, beside those that sales can work.

    Examples
    --------
    >>> table = pd.DataFrame({"kind": ["tier"], "name": ["hot"], "per_week": [12.3]})
    >>> capacity_reason(table, "hot", 15)
    ['hot brings 12.3 leads a week, within the 15 that can be worked.']
    """
    rows = table[(table["kind"] == "tier") & (table["name"] == tier)]
    if capacity is None or rows["per_week"].isna().all():
        return []
    per_week = float(rows["per_week"].iloc[0])
    fits = "within" if per_week <= capacity else "more than"
    brings = f"{tier} brings {_n(round(per_week, 1))} leads a week"
    return [f"{brings}, {fits} the {_n(capacity)} that can be worked."]


def _said_broken(row: dict[str, object]) -> str:
    promised, came, shifted = (
        display.format_value("rate", row[name]) for name in ("expected_rate", "rate", "level_rate")
    )
    p_value = display.format_value("p_value", row["holm_p_value"])
    return (
        f"{row['name']}: {promised} promised, {came} of {_n(row['n'])} converted; "
        f"{shifted} would be left of the promise after the shift of all leads (Holm p {p_value})."
    )


def _level(table: pd.DataFrame) -> list[str]:
    row = table[table["kind"] == "level"].iloc[0]
    if not row["p_value"] < LEVEL:
        return []
    promised, came = (display.format_value("rate", row[name]) for name in ("expected_rate", "rate"))
    p_value = display.format_value("p_value", row["p_value"])
    return [f"The level has shifted: {promised} promised, {came} converted (p {p_value})."]


def _distribution(table: pd.DataFrame) -> list[str]:
    row = table[table["kind"] == "score"].iloc[0]
    if not (row["psi"] > PSI and row["share_p_value"] < LEVEL):
        return []
    return [f"The scores are distributed differently: PSI {row['psi']:.2f}, more than {PSI}."]


def _shares(table: pd.DataFrame) -> list[str]:
    moved = table[(table["kind"] == "criterion") & (table["share_p_value"] < LEVEL)]
    said = []
    for row in moved.to_dict(orient="records"):
        then, now = (
            display.format_value("share", row[c]) for c in ("reference_share", "lead_share")
        )
        said.append(f"{row['name']}: met by {then} of the leads then, by {now} now.")
    return said


def _unseen(table: pd.DataFrame) -> list[str]:
    """Say of which criteria it would not have been noticed."""
    few = table[(table["kind"] == "criterion") & (table["note"] == TOO_FEW)]
    if few.empty:
        return []
    names = ", ".join(str(name) for name in few["name"])
    return [f"Too few leads to notice if these had lost their effect: {names}."]


def _n(value: object) -> str:
    return display.format_value("n", value)
