"""Two cards on the same leads: does the interval of their difference in AUC hold the truth?

A backtest compares cards on the leads of a quarter, or of several; the gate decides by that
interval.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies.study import Study
from calibrate.backtest.judging import differences_of, pooled_differences
from calibrate.backtest.rivals import Ranking
from calibrate.stats.ranking import auc
from calibrate.stats.weighting import censoring_weights

__all__ = ["CELLS", "Cell", "Leads", "draw", "is_met", "run", "simulated", "truth"]

N_SAMPLES, N_FRESH = 2_000, 100_000
SEED = 9_000
RANGE = (0.93, 0.97)
N_ERRORS = 2.0  # Monte Carlo standard errors granted to a coverage

SHARES = np.array([0.5, 0.3, 0.25, 0.2, 0.1, 0.05])  # of the leads that meet each rule
EFFECTS = np.array([0.3, 0.5, 0.7, 0.9, 1.2, 1.5])  # log odds
POINTS = {
    "candidate": np.array([5, 8, 11, 14, 19, 23]),
    "much alike": np.array([0, 10, 10, 15, 15, 25]),
    "two rules": np.array([0, 0, 0, 30, 0, 70]),
    "worthless": np.array([30, -30, 20, -20, 10, -10]),
    "no order": np.zeros(6, dtype=int),
}
SAME_CONTACT = 0.8  # standard deviation of what deals of a contact share, log odds
HORIZON, MEDIAN_LAG, SPREAD = 60.0, 20.0, 0.6

SUMMARY = """Leads with six yes/no traits (shares 0.5 to 0.05, log odds 0.3 to 1.5), scored by
the whole-number points of two cards: one with all six, and beside it one much alike, one of two
rules, one of worthless points, or no order at all. The truth is the difference of their AUCs on
{fresh:,} fresh leads; the interval is that of `Backtest.differences`, from {samples:,} samples a
row (seed {seed} plus the row's position).

*plain*: the leads of a quarter. *pooled*: three quarters of a third of them each, pooled by their
pairs. *contacts*: every contact has one to three deals with the same traits, which go together
beyond them. *young*: a third of the leads was watched to the horizon; those whose outcome is
known stand in for the others.

Required: coverage {lower} to {upper} in every row with 30 conversions or more, given two Monte
Carlo standard errors (one is {error:.4f})."""


class Cell(NamedTuple):
    """What is compared on how many leads."""

    kind: str
    rival: str
    n_leads: int
    rate: float


CELLS = (
    *(
        Cell("plain", rival, n_leads, rate)
        for rival in ("much alike", "two rules", "worthless", "no order")
        for n_leads, rate in ((300, 0.1), (1_500, 0.03), (1_500, 0.2))
    ),
    *(
        Cell(kind, rival, 1_500, rate)
        for kind in ("pooled", "contacts", "young")
        for rival in ("much alike", "two rules")
        for rate in (0.05, 0.2)
    ),
)


class Leads(NamedTuple):
    """Traits and outcome of each lead, and whose deal it is."""

    traits: NDArray[np.bool_]
    converted: NDArray[np.bool_]
    contact: NDArray[np.intp]


def draw(cell: Cell, n: int, rng: np.random.Generator) -> Leads:
    """Return so many leads of the population of a cell."""
    contact = np.arange(n)
    if cell.kind == "contacts":
        contact = np.repeat(np.arange(n), rng.integers(1, 4, n))[:n]
    traits = (rng.random((n, len(SHARES))) < SHARES)[contact]
    shared = SAME_CONTACT * rng.standard_normal(n)[contact] * (cell.kind == "contacts")
    log_odds = _intercept(cell) + traits @ EFFECTS + shared
    return Leads(traits, rng.random(n) < 1 / (1 + np.exp(-log_odds)), contact)


def _intercept(cell: Cell) -> float:
    """Return about the log odds at which the rate of all is that of the cell."""
    return float(np.log(cell.rate / (1 - cell.rate)) - SHARES @ EFFECTS - 0.1)


def truth(cell: Cell, rng: np.random.Generator) -> float:
    """Return the difference of the two AUCs on fresh leads."""
    leads = draw(cell, N_FRESH, rng)
    hits, others = leads.converted.astype(float), (~leads.converted).astype(float)
    areas = [
        float(auc(leads.traits @ POINTS[card], hits, others)) for card in ("candidate", cell.rival)
    ]
    return areas[0] - areas[1]


def measured(cell: Cell, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Return difference, limits and conversions of one sample."""
    quarters = 3 if cell.kind == "pooled" else 1
    parts = []
    for number in range(quarters):
        scores = _scores(cell, draw(cell, cell.n_leads // quarters, rng), rng)
        pair = [
            Ranking(card=card, scores=scores.assign(score=scores[card]))
            for card in ("candidate", cell.rival)
        ]
        parts.append(differences_of(f"Q{number}", *pair, confidence_level=0.95))
    rows = [part.row for part in parts]
    row = pooled_differences(parts, 0.95)[0] if quarters > 1 else rows[0]
    return (
        row["difference"],
        row["difference_ci_lower"],
        row["difference_ci_upper"],
        sum(part["n_converted"] for part in rows),
    )


def _scores(cell: Cell, leads: Leads, rng: np.random.Generator) -> pd.DataFrame:
    weight, converted = np.ones(len(leads.converted)), leads.converted
    if cell.kind == "young":
        n = len(converted)
        lag = MEDIAN_LAG * np.exp(SPREAD * rng.standard_normal(n))
        lag = np.minimum(lag, HORIZON - 1e-6)
        follow_up = rng.uniform(0, 1.5 * HORIZON, n)
        converted = converted & (lag <= follow_up)
        weight = censoring_weights(converted, lag, follow_up, follow_up >= HORIZON).weight
    columns = {card: leads.traits @ POINTS[card] for card in ("candidate", cell.rival)}
    scores = pd.DataFrame({**columns, "converted": converted, "weight": weight})
    if cell.kind == "contacts":
        scores["cluster"] = leads.contact
    return scores[scores["weight"] > 0].reset_index(drop=True)


def simulated(cell: Cell, *, n_samples: int, seed: int) -> dict[str, object]:
    """Return the row of one cell."""
    expected = truth(cell, np.random.default_rng([seed, 0]))
    rows = [measured(cell, np.random.default_rng([seed, 1 + i])) for i in range(n_samples)]
    difference, lower, upper, conversions = np.array(rows).T
    return {
        "kind": cell.kind,
        "beside": cell.rival,
        "leads": cell.n_leads,
        "conversions": round(conversions.mean()),
        "truth": expected,
        "bias": float(difference.mean() - expected),
        "half width": float((upper - lower).mean() / 2),
        "coverage": float(((lower <= expected) & (expected <= upper)).mean()),
        "samples": n_samples,
    }


def run(*, quick: bool = False) -> Study:
    """Run the study: 2,000 samples a cell, or 150."""
    n_samples = 150 if quick else N_SAMPLES
    table = pd.DataFrame(
        [
            simulated(cell, n_samples=n_samples, seed=SEED + number)
            for number, cell in enumerate(CELLS)
        ]
    )
    return Study(
        name="paired",
        table=table,
        summary=SUMMARY.format(
            fresh=N_FRESH,
            samples=n_samples,
            seed=SEED,
            lower=RANGE[0],
            upper=RANGE[1],
            error=float(np.sqrt(0.05 * 0.95 / n_samples)),
        ),
        passed=is_met(table, more=1.5 if quick else 0.0),
    )


def is_met(table: pd.DataFrame, *, more: float = 0.0) -> bool:
    """Whether the intervals cover as required.

    Small versions are granted so many standard errors more.
    """
    enough = table[table["conversions"] >= 30]
    room = (N_ERRORS + more) * np.sqrt(0.05 * 0.95 / enough["samples"])
    low, high = enough["coverage"] + room >= RANGE[0], enough["coverage"] - room <= RANGE[1]
    return bool(len(enough) and (low & high).all())
