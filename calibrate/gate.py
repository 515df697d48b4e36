"""Promote, hold or retire: whether a new card has earned its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from calibrate import display
from calibrate.backtest import Backtest
from calibrate.fitting.constraints import canonical
from calibrate.guards import Finding, leaking_columns
from calibrate.scorecard import Scorecard

__all__ = ["Gate", "recommend"]

MARGIN = -0.01
SLOPE = (0.8, 1.25)

_DIFFERENCE = ("difference", "difference_ci_lower", "difference_ci_upper")
_AUC = ("auc", "auc_ci_lower", "auc_ci_upper")
_SLOPE = ("calibration_slope", "calibration_slope_ci_lower", "calibration_slope_ci_upper")

Verdict = tuple[bool, str]


@dataclass(frozen=True, eq=False, kw_only=True)
class Gate:
    """What the figures recommend; a person signs.

    Attributes
    ----------
    recommendation : {"promote", "hold", "retire"}
        ``promote`` the candidate; ``hold``, keep what is; ``retire`` the current card too:
        it does not rank better than chance, and the candidate is not better.
    reasons : tuple of str
        Why, in words; the conditions that failed, or all that were met.
    figures : dict
        The numbers behind them.
    """

    recommendation: str
    reasons: tuple[str, ...]
    figures: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row a figure: ``figure, value``."""
        return pd.DataFrame(list(self.figures.items()), columns=["figure", "value"])

    def _repr_html_(self) -> str:
        return display.html_sentences(f"recommended: {self.recommendation}", self.reasons)


def recommend(
    proof: Backtest,
    *,
    candidate: Scorecard,
    current: Scorecard | None = None,
    findings: Sequence[Finding] = (),
    max_change: int | None = None,
) -> Gate:
    """Recommend what to do with a new card.

    Parameters
    ----------
    proof : Backtest
        Made with the same method, and with the current card if there is one.
    candidate : Scorecard
    current : Scorecard, optional
        The card in force.
    findings : sequence of Finding
        What the guards found on the leads the candidate was fitted on.
    max_change : int, optional
        Points that a criterion of the current card may move.

    Returns
    -------
    Gate

    Notes
    -----
    ``promote`` if all of this holds: the candidate has criteria; the AUC difference to the
    current card, paired and pooled over the quarters that neither card had seen, is at least
    -0.01 and its interval is not wholly below 0 (without a current card: the candidate's
    interval lies above that of no order at all, 0.5, and it does not surely rank worse than
    the hand-made points, if there are any); the backtest went forward in time; the interval of
    the calibration slope meets [0.8, 1.25]; no criterion rests on a column that a guard is
    certain leaks the outcome; none moved further than allowed.
    In the quarters of the backtest the candidate stands for its method: each is judged by a
    card that was fitted before it.
    """
    pooled = proof.pooled.set_index("card")
    leaks, moved = _leaks_used(candidate, findings), _moved(candidate, current)
    verdicts = [
        _has_criteria(candidate),
        _walked_forward(proof),
        _against_current(proof, current) if current is not None else _against_chance(proof),
        (True, "") if current is not None else _against_hand_made(proof),
        _calibrated(pooled),
        _no_leak(leaks),
        _not_too_far(moved, max_change),
    ]
    failed = tuple(words for good, words in verdicts if not good)
    recommendation = "hold" if failed else "promote"
    if failed and current is not None and _is_no_better_than_chance(pooled, "current"):
        recommendation = "retire"
        failed = ("the current card does not rank new leads better than chance", *failed)
    return Gate(
        recommendation=recommendation,
        reasons=failed or tuple(words for _, words in verdicts if words),
        figures=_measured(proof, pooled, candidate, current) | _required(leaks, moved, max_change),
    )


def _has_criteria(candidate: Scorecard) -> Verdict:
    if candidate.is_empty:
        return False, "the candidate is empty: nothing was found to score on"
    return True, ""


def _walked_forward(proof: Backtest) -> Verdict:
    if proof.is_walk_forward:
        return True, ""
    tried = dict.fromkeys(proof.table["period"])
    return False, (
        f"not walk-forward: tried on {', '.join(tried) or 'no quarter'} only, by cards that knew "
        "what became of earlier leads until today; no quarter can be judged as it would have been"
    )


def _against_hand_made(proof: Backtest) -> Verdict:
    row = _pooled_difference(proof, "hand_made")
    if row is None:
        return True, ""
    said = _said_difference(row)
    if row["difference_ci_upper"] < 0:
        return False, f"the candidate ranks worse than the hand-made points: {said}"
    return True, f"against the hand-made points: {said}"


def _against_current(proof: Backtest, current: Scorecard) -> Verdict:
    row = _pooled_difference(proof, "current")
    if row is None:
        since = current.as_of or "it was fitted"
        first = _first_judged(proof, current)
        when = f"; the first can be from {first} on" if first else ""
        return False, (
            f"no quarter since {since} can be judged yet: the two cards are not compared{when}"
        )
    said = _said_difference(row)
    if row["difference"] < MARGIN or row["difference_ci_upper"] < 0:
        return False, f"the candidate ranks worse than the current card: {said}"
    return True, f"the candidate ranks no worse than the current card: {said}"


def _first_judged(proof: Backtest, current: Scorecard | None) -> str | None:
    """Return the day from which the first quarter that began after a card can be judged."""
    if current is None or current.as_of is None:
        return None
    days = [day for first_day, day in proof.waiting if first_day >= current.as_of[:10]]
    return min(days, default=None)


def _against_chance(proof: Backtest) -> Verdict:
    row = _pooled_difference(proof, "equal")
    if row is None:
        return False, "no quarter can be judged: nothing is proven"
    said = _said_difference(row)
    if not row["difference_ci_lower"] > 0:
        return False, f"the candidate does not rank better than chance: {said}"
    return True, f"the candidate ranks better than chance: {said}"


def _calibrated(pooled: pd.DataFrame) -> Verdict:
    row = _pooled_row(pooled, "candidate")
    if row is None:
        return False, "its promised rates could not be checked"
    lower, upper = row["calibration_slope_ci_lower"], row["calibration_slope_ci_upper"]
    if pd.isna(lower) or pd.isna(upper):
        return False, "its promised rates could not be checked: they are all the same"
    ends = display.format_interval("calibration_slope", lower, upper)
    if upper < SLOPE[0]:
        return False, f"its promises are too bold: calibration slope {ends}, wanted 0.8 to 1.25"
    if lower > SLOPE[1]:
        return False, f"its promises are too timid: calibration slope {ends}, wanted 0.8 to 1.25"
    return True, f"its promises hold: calibration slope {ends}"


def _leaks_used(candidate: Scorecard, findings: Sequence[Finding]) -> list[str]:
    """Return the columns and activities on the card that certainly tell the outcome."""
    used = {*candidate.fields, *(measure.activity for measure in candidate.measures)}
    return [column for column in leaking_columns(findings) if column in used]


def _no_leak(leaks: Sequence[str]) -> Verdict:
    if leaks:
        return False, f"it rests on what certainly leaks the outcome: {', '.join(leaks)}"
    return True, ""


def _moved(candidate: Scorecard, current: Scorecard | None) -> list[tuple[str, int]]:
    """Return by how much the points of each rule of either card move."""
    if current is None:
        return []
    named = {line.criterion.name: line.points for line in candidate.criteria}
    after = {canonical(line.criterion.when): line.points for line in candidate.criteria}
    moved = []
    for line in current.criteria:  # the same rule, or else the same name
        name, rule = line.criterion.name, canonical(line.criterion.when)
        moved.append((name, after.get(rule, named.get(name, 0)) - line.points))
    return moved


def _not_too_far(moved: Sequence[tuple[str, int]], max_change: int | None) -> Verdict:
    if not moved or max_change is None:
        return True, ""
    far = [
        f"{name} {display.format_value('points', change)}"
        for name, change in moved
        if abs(change) > max_change
    ]
    if far:
        return False, f"points moved further than the {max_change} allowed: {', '.join(far)}"
    return True, f"no criterion moved further than the {max_change} points allowed"


def _is_no_better_than_chance(pooled: pd.DataFrame, card: str) -> bool:
    row = _pooled_row(pooled, card)
    return row is not None and bool(row["auc_ci_lower"] <= 0.5)


def _pooled_difference(proof: Backtest, card: str) -> pd.Series | None:
    rows = proof.differences
    rows = rows[(rows["period"] == "all") & (rows["card"] == card)]
    return None if rows.empty else rows.iloc[0]


def _said_difference(row: pd.Series) -> str:
    ends = (f"{row[name]:+.3f}" for name in ("difference_ci_lower", "difference_ci_upper"))
    return f"AUC {row['difference']:+.3f} ({' to '.join(ends)}) over {int(row['n']):,} leads"


def _pooled_row(pooled: pd.DataFrame, card: str) -> pd.Series | None:
    return pooled.loc[card] if card in pooled.index else None


def _measured(
    proof: Backtest, pooled: pd.DataFrame, candidate: Scorecard, current: Scorecard | None
) -> dict[str, Any]:
    """Return what the backtest says of the cards, None where it cannot."""
    rival = "equal" if current is None else "current"
    judged = _pooled_row(pooled, "candidate")
    counts = pooled["n_periods"]  # a row of the table turns whole numbers into fractions
    return {
        "compared_with": rival,
        "n_criteria": len(candidate.criteria),
        **_plain(_pooled_difference(proof, rival), (*_DIFFERENCE, "n", "n_converted")),
        **_plain(judged, _AUC, prefix="candidate_"),
        **_plain(_pooled_row(pooled, "current"), _AUC, prefix="current_"),
        **_plain(judged, _SLOPE),
        **_plain(_pooled_difference(proof, "hand_made"), _DIFFERENCE, prefix="hand_made_"),
        "n_periods": display.plain_value(counts.get("candidate", 0)),
        "is_walk_forward": proof.is_walk_forward,
        "first_judged": _first_judged(proof, current),
    }


def _required(
    leaks: Sequence[str], moved: Sequence[tuple[str, int]], max_change: int | None
) -> dict[str, Any]:
    """Return what the conditions ask, and what the card itself has to show for them."""
    return {
        "least_difference": MARGIN,
        "least_slope": SLOPE[0],
        "most_slope": SLOPE[1],
        "leaks": list(leaks),
        "largest_change": max((abs(change) for _, change in moved), default=None),
        "max_change": max_change,
    }


def _plain(row: pd.Series | None, names: Sequence[str], *, prefix: str = "") -> dict[str, Any]:
    return {
        f"{prefix}{name}": None if row is None else display.plain_value(row[name]) for name in names
    }
