"""Forty activities without any effect, logged until the lead is closed.

What people do has nothing to do with whether they buy, but the log stops at the closing, so
that whoever is closed later has done more: counted carelessly, every activity is followed by
more, or fewer, sales. The public road must see nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd

import calibrate as cal
from benchmarks.studies.study import Study

__all__ = ["SETTINGS", "Quarter", "Setting", "judged", "make_quarter", "run", "simulated"]

N_ACTIVITIES = 40
N_QUARTERS = 200
N_LEADS = 2_500
SEED = 4_000
MOST_ALARMS = 16
LIFT_RANGE = (0.98, 1.02)

START = dt.datetime(2023, 1, 1)
DAYS = 90  # of the quarter, leads created evenly
AS_OF_DAYS = 135  # after the quarter's first day: half of the leads are mature
DAYS_BEFORE = 14  # the log of a lead begins so long before its creation
WINDOW, HORIZON = "7D", "90D"
WON_SHARE = 0.30
SPREAD = 0.8  # standard deviation of the logarithm of the days to closing
SHARES = np.linspace(0.15, 0.55, N_ACTIVITIES)  # that have done it at least once by the landmark

SUMMARY = """Forty activities that have nothing to do with buying, each at a constant rate from 14
days before a lead's creation until it is closed; 30 % of the leads buy. Wins and losses are
closed after a log-normal time (sigma 0.8) with the medians shown. Each quarter has {leads:,}
leads, created evenly, and is read 45 days after its end, so that half of the leads are mature;
window 7 days, horizon 90. Read by `read_history`, `observe` and `measure_lift`, once with "at
least 1" of each activity as the criteria (given), once with those proposed from the data
(found). {quarters} quarters a setting, seed {seed} plus the setting's position.

Required: at most 16 of 200 quarters with any `raises` or `lowers` (10 are expected where the
false discovery rate is exactly 5 %), and a mean lift of every activity from 0.98 to 1.02. *Error
of a mean* is the largest Monte Carlo standard error among the forty means."""


class Setting(NamedTuple):
    """Median days from creation to a win and to a loss."""

    days_to_win: float
    days_to_loss: float


SETTINGS = (Setting(10, 3), Setting(14, 400), Setting(30, 30), Setting(40, 5))


class Quarter(NamedTuple):
    """The frames of one simulated quarter."""

    leads: pd.DataFrame
    activities: pd.DataFrame


def make_quarter(setting: Setting, n_leads: int, rng: np.random.Generator) -> Quarter:
    """Return the leads of a quarter and their log up to the closing, or to as_of."""
    created = DAYS * (np.arange(n_leads) + 0.5) / n_leads
    won = rng.random(n_leads) < WON_SHARE
    median = np.where(won, setting.days_to_win, setting.days_to_loss)
    closed = created + median * np.exp(SPREAD * rng.standard_normal(n_leads))
    leads = pd.DataFrame(
        {
            "lead_id": np.arange(n_leads),
            "created_at": _moments(created),
            "outcome": np.where(won, "converted", "lost"),
            "closed_at": _moments(closed),
        }
    )
    open_ = closed > AS_OF_DAYS
    leads.loc[open_, "outcome"] = "open"
    leads.loc[open_, "closed_at"] = pd.NaT
    return Quarter(leads, _log(created - DAYS_BEFORE, np.minimum(closed, AS_OF_DAYS), rng))


def _log(start: np.ndarray, end: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return events of all activities, each at its constant rate from `start` to `end`."""
    watched = DAYS_BEFORE + float(WINDOW.removesuffix("D"))
    rates = -np.log1p(-SHARES) / watched  # a day
    lead, activity, at = [], [], []
    for number, rate in enumerate(rates):
        counts = rng.poisson(rate * (end - start))
        who = np.repeat(np.arange(len(start)), counts)
        lead.append(who)
        activity.append(np.full(len(who), number))
        at.append(start[who] + (end - start)[who] * rng.random(len(who)))
    names = np.array([f"activity {number:02d}" for number in range(N_ACTIVITIES)], dtype=object)
    return pd.DataFrame(
        {
            "lead_id": np.concatenate(lead),
            "activity": pd.Categorical.from_codes(np.concatenate(activity), names),
            "occurred_at": _moments(np.concatenate(at)),
        }
    ).astype({"activity": object})


def _moments(days: np.ndarray) -> np.ndarray:
    microseconds = np.rint(days * 86_400e6).astype("timedelta64[us]")
    return np.datetime64(START, "us") + microseconds


def judged(quarter: Quarter, *, early: str = "landmark") -> dict[str, pd.DataFrame]:
    """Return the lift tables of the criteria given, and of those found in the data."""
    history = cal.read_history(
        quarter.leads, quarter.activities, as_of=START + dt.timedelta(days=AS_OF_DAYS)
    )
    period = (START, START + dt.timedelta(days=DAYS))
    obs = cal.observe(
        history, period=period, observation_window=WINDOW, horizon=HORIZON, early=early
    )
    names = sorted(obs.activities)
    given = [{"activity": name, "at_least": 1} for name in names]
    return {
        "given": cal.measure_lift(obs, given).table.assign(activity=names),
        "found": cal.measure_lift(obs).table,
    }


def simulated(
    setting: Setting, *, n_quarters: int, n_leads: int, seed: int, early: str = "landmark"
) -> dict[str, object]:
    """Return the row of one setting: alarms, and the mean lift of every activity."""
    lifts, compared, n_found, alarms = [], [], [], {"given": 0, "found": 0}
    for number in range(n_quarters):
        rng = np.random.default_rng([seed, number])
        tables = judged(make_quarter(setting, n_leads, rng), early=early)
        for name, table in tables.items():
            alarms[name] += bool(table["verdict"].isin(("raises", "lowers")).any())
        given = tables["given"].set_index("activity")
        lifts.append(given["lift"])
        compared.append(given["n"].iloc[0] + given["n_without"].iloc[0])
        n_found.append(len(tables["found"]))
    table = pd.concat(lifts, axis=1)
    mean, error = table.mean(axis=1), table.std(axis=1) / np.sqrt(n_quarters)
    return {
        "days to win / to loss": f"{setting.days_to_win:g} / {setting.days_to_loss:g}",
        "quarters": n_quarters,
        "leads": n_leads,
        "compared": round(np.mean(compared)),
        "with a verdict (given)": alarms["given"],
        "criteria found": round(np.mean(n_found)),
        "with a verdict (found)": alarms["found"],
        "lowest mean lift": float(mean.min()),
        "highest mean lift": float(mean.max()),
        "error of a mean": float(error.max()),
    }


def run(*, quick: bool = False) -> Study:
    """Run the study: 200 quarters of each setting, or six of each."""
    n_quarters, n_leads = (6, 1_500) if quick else (N_QUARTERS, N_LEADS)
    table = pd.DataFrame(
        [
            simulated(setting, n_quarters=n_quarters, n_leads=n_leads, seed=SEED + number)
            for number, setting in enumerate(SETTINGS)
        ]
    )
    return Study(
        name="null_company",
        table=table,
        summary=SUMMARY.format(seed=SEED, leads=n_leads, quarters=n_quarters),
        passed=is_met(table, margin=4.0 if quick else 0.0),
    )


def is_met(table: pd.DataFrame, *, margin: float = 0.0) -> bool:
    """Whether few enough quarters raise an alarm, and every mean lift is 1.

    `margin` widens both by so many Monte Carlo standard errors, for small versions.
    """
    quarters = table["quarters"]
    most = MOST_ALARMS / N_QUARTERS * quarters + margin * np.sqrt(0.05 * 0.95 * quarters)
    quiet = (table["with a verdict (given)"] <= most) & (table["with a verdict (found)"] <= most)
    low, high = LIFT_RANGE
    room = margin * table["error of a mean"]
    neutral = (table["lowest mean lift"] >= low - room) & (
        table["highest mean lift"] <= high + room
    )
    return bool((quiet & neutral).all())
