"""A quarter read before its leads have had time to buy.

Wins take weeks, so the customers won so far understate what the quarter's leads will bring. The
rate adjusted for follow-up must not.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

import calibrate as cal
from benchmarks.studies.study import Study
from calibrate.stats.survival import conversion_by

__all__ = ["READINGS", "Leads", "Reading", "draw", "is_met", "public_road", "read", "run", "truth"]

N_QUARTERS, N_PUBLIC = 4_000, 100
SEED = 3_000
EVER = 0.15  # of the leads buy sooner or later
SHORTEST, MEDIAN, SPREAD = 30.0, 45.0, 0.8  # lag in days: 30 + log-normal(median 45, sigma 0.8)
HORIZON = 90.0
DAYS_TO_LOSS = 40.0
MOST_BIAS, LEAST_COVERAGE = 0.003, 0.93
N_ERRORS = 2.0  # Monte Carlo standard errors granted to a coverage

SUMMARY = """A quarter of leads created evenly, read at the end of its last day and 14 days later.
15 % of the leads buy sooner or later, after 30 days plus a log-normal time (median 45 days, sigma
0.8); the others are lost after a log-normal time (median 40 days) or still open. The truth is the
rate at which leads have bought within 90 days, {truth:.2%}. *Naive* is customers won so far /
leads. {quarters:,} quarters a row (seed {seed} plus the row's position) through `conversion_by`,
the function behind `control_rate(method="adjusted")`; the first {public} of them also through
`read_history`, `observe` and `control_rate`, which must give the same figures to nine digits.

*Watched* is the longest follow-up, *at the end* the leads watched for the whole 90 days (mean).
A quarter of 90 days read on its last day has nobody who was: its rate is that of day 90 less the
minutes between two leads, `control_rate` says so ("rate after 90 days"), and it is judged here by
the same truth. It rests on hardly anybody in its last days, which the interval shows. Without
enough follow-up nothing is extrapolated: read on day 60 the rate would be that of day 60.

Required in every row: a bias of `adjusted` under 0.3 points, and coverage of its 95 % interval of
0.93 or more, given two Monte Carlo standard errors (one is {error:.4f})."""


class Reading(NamedTuple):
    """A quarter, its size, and how many days after its end it is read."""

    quarter: str
    n_leads: int
    days_after: int

    @property
    def start(self) -> dt.datetime:
        """First moment of the quarter."""
        return cal.parse_period(self.quarter).start

    @property
    def days(self) -> float:
        """Length of the quarter."""
        period = cal.parse_period(self.quarter)
        return (period.end - period.start) / dt.timedelta(days=1)


READINGS = tuple(
    Reading(quarter, n_leads, days_after)
    for quarter in ("2023Q4", "2023Q1")  # 92 days and 90
    for n_leads in (1_300, 5_000)
    for days_after in (0, 14)
)


class Leads(NamedTuple):
    """Days from the quarter's start to creation, and from creation to win and to closing."""

    created: np.ndarray
    lag: np.ndarray
    lost_after: np.ndarray


def truth() -> float:
    """Return the share of leads that buy within the horizon."""
    return EVER * float(norm.cdf(np.log((HORIZON - SHORTEST) / MEDIAN) / SPREAD))


def draw(reading: Reading, rng: np.random.Generator) -> Leads:
    """Return one simulated quarter; a lag is infinite where nobody buys."""
    n = reading.n_leads
    created = reading.days * (np.arange(n) + 0.5) / n
    lag = SHORTEST + MEDIAN * np.exp(SPREAD * rng.standard_normal(n))
    ever = rng.random(n) < EVER
    lost_after = DAYS_TO_LOSS * np.exp(SPREAD * rng.standard_normal(n))
    return Leads(created, np.where(ever, lag, np.inf), np.where(ever, np.inf, lost_after))


def read(reading: Reading, leads: Leads) -> tuple[float, float, float, float, float, float]:
    """Return rate, limits, day of the rate, leads watched to the end, and the naive rate."""
    follow_up = reading.days + reading.days_after - leads.created
    known = leads.lag <= follow_up
    converted = known & (leads.lag < HORIZON)
    watched = np.minimum(follow_up, HORIZON)
    found = conversion_by(HORIZON, np.where(converted, leads.lag, watched), converted)
    mature = float((follow_up >= HORIZON).sum())
    rate, lower, upper, at = (float(value) for value in found)
    return rate, lower, upper, at, mature, float(known.mean())


def public_road(reading: Reading, leads: Leads) -> tuple[float, float, float]:
    """Return rate and limits by the public functions, from a frame of leads."""
    as_of = reading.days + reading.days_after
    closed = leads.created + np.minimum(leads.lag, leads.lost_after)
    outcome = np.where(np.isfinite(leads.lag), "converted", "lost")
    frame = pd.DataFrame(
        {
            "lead_id": np.arange(reading.n_leads),
            "created_at": _moments(reading, leads.created),
            "outcome": np.where(closed <= as_of, outcome, "open"),
            "closed_at": _moments(reading, np.minimum(closed, as_of)),
        }
    )
    frame.loc[closed > as_of, "closed_at"] = pd.NaT
    history = cal.read_history(frame, as_of=reading.start + dt.timedelta(days=as_of))
    obs = cal.observe(history, period=reading.quarter, observation_window="14D", horizon="90D")
    control = cal.control_rate(obs, method="adjusted")
    return control.rate, control.rate_ci_lower, control.rate_ci_upper


def _moments(reading: Reading, days: np.ndarray) -> np.ndarray:
    microseconds = np.rint(days * 86_400e6).astype("timedelta64[us]")
    return np.datetime64(reading.start, "us") + microseconds


def simulated(reading: Reading, *, n_quarters: int, n_public: int, seed: int) -> dict[str, object]:
    """Return the row of one reading; both roads must agree."""
    rows, apart = [], 0.0
    for number in range(n_quarters):
        leads = draw(reading, np.random.default_rng([seed, number]))
        rows.append(read(reading, leads))
        if number < n_public:
            gaps = np.subtract(rows[-1][:3], public_road(reading, leads))
            apart = max(apart, float(np.abs(gaps).max()))
    rate, lower, upper, at, mature, naive = np.array(rows).T
    expected = truth()
    return {
        "quarter": reading.quarter,
        "leads": reading.n_leads,
        "days after its end": reading.days_after,
        "watched": float(at.mean()),
        "at the end": round(mature.mean()),
        "quarters": n_quarters,
        "naive, points": 100 * float(naive.mean() - expected),
        "bias, points": 100 * float(rate.mean() - expected),
        "error of the bias": 100 * float(rate.std() / np.sqrt(n_quarters)),
        "half width, points": 50 * float((upper - lower).mean()),
        "coverage": float(((lower <= expected) & (expected <= upper)).mean()),
        "public road": n_public,
        "largest gap": apart,
    }


def run(*, quick: bool = False) -> Study:
    """Run the study: 1,000 quarters a reading, or 60."""
    n_quarters, n_public = (60, 1) if quick else (N_QUARTERS, N_PUBLIC)
    table = pd.DataFrame(
        [
            simulated(reading, n_quarters=n_quarters, n_public=n_public, seed=SEED + number)
            for number, reading in enumerate(READINGS)
        ]
    )
    error = float(np.sqrt(0.05 * 0.95 / n_quarters))
    return Study(
        name="lag",
        table=table,
        summary=SUMMARY.format(
            truth=truth(), quarters=n_quarters, seed=SEED, public=n_public, error=error
        ),
        passed=is_met(table, more=2.0 if quick else 0.0),
    )


def is_met(table: pd.DataFrame, *, more: float = 0.0) -> bool:
    """Whether bias and coverage are as required.

    Small versions are granted so many standard errors more.
    """
    allowed = 100 * MOST_BIAS + more * table["error of the bias"]
    room = (N_ERRORS + more) * np.sqrt(0.05 * 0.95 / table["quarters"])
    unbiased = table["bias, points"].abs() < allowed
    covered = table["coverage"] >= LEAST_COVERAGE - room
    return bool((unbiased & covered & (table["largest gap"] < 1e-9)).all())
