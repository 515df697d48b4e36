"""Coverage by draws: the control rate `adjusted`, and adjusted odds ratios."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from calibrate.candidates import criterion_block
from calibrate.criteria import as_criterion
from calibrate.lift.adjusted import adjusted_odds
from calibrate.observation import Sample
from calibrate.stats.survival import conversion_by

__all__ = [
    "ADJUSTED_GRIDS",
    "ODDS_GRID",
    "QUICK_ADJUSTED_GRIDS",
    "QUICK_ODDS_GRID",
    "adjusted_controls",
    "adjusted_odds_ratios",
    "company_of_flags",
    "follow_up_reaching",
    "monte_carlo_error",
]

HORIZON = 90.0
MEDIAN_LAG, SPREAD = 30.0, 0.8

ADJUSTED_GRIDS: tuple[dict[str, tuple[Any, ...]], ...] = (
    {
        "n": (50, 200, 1_000, 5_000),
        "rate": (0.005, 0.02, 0.10, 0.30, 0.60),
        "followed": (0.10, 0.30, 0.75),
    },
    {"n": (50_000,), "rate": (0.005, 0.30), "followed": (0.10,)},
)
QUICK_ADJUSTED_GRIDS: tuple[dict[str, tuple[Any, ...]], ...] = (
    {"n": (1_000,), "rate": (0.10, 0.30), "followed": (0.10, 0.75)},
)

ODDS_GRID = {"n": (300, 1_000, 5_000, 20_000), "rate": (0.02, 0.10, 0.30, 0.60)}
QUICK_ODDS_GRID = {"n": (1_000,), "rate": (0.10, 0.30)}

RULES = (
    ({"activity": "webinar", "at_least": 1}, 0.7),
    ({"activity": "email_open", "at_least": 1}, 0.0),
    ({"activity": "page_view", "at_least": 1}, 0.3),
    ({"activity": "page_view", "at_least": 3}, 0.5),
    ({"field": "industry", "in": ["software"]}, -0.4),
    ({"field": "industry", "in": ["retail"]}, 0.2),
    ({"activity": "demo", "at_least": 1}, 1.0),
    ({"field": "country", "in": ["home"]}, -0.3),
)


def monte_carlo_error(coverage: float, n_draws: int) -> float:
    """Return the standard error of a coverage of about 95 % estimated from draws."""
    held = min(max(coverage, 0.5), 1 - 1 / n_draws)
    return float(np.sqrt(held * (1 - held) / n_draws))


def follow_up_reaching(n: int, followed: float) -> np.ndarray:
    """Return follow-up days of leads created evenly, a share of which reaches the horizon.

    The period ends at as_of and is as long as the share asks for.
    """
    days = HORIZON / (1 - followed)
    return np.asarray(days * (np.arange(n) + 0.5) / n)


def adjusted_controls(grid: dict[str, tuple[Any, ...]], *, n_draws: int, seed: int) -> pd.DataFrame:
    """Return one row a cell: coverage of the limits of 1 - Kaplan-Meier at the horizon.

    Lags are log-normal (median 30 days, sigma 0.8) given that a lead converts by the horizon.
    """
    rows = []
    for number, (n, rate, followed) in enumerate(product(*grid.values())):
        rng = np.random.default_rng([seed, number])
        follow_up = follow_up_reaching(n, followed)
        watched = np.minimum(follow_up, HORIZON)
        held = seen = 0
        for _ in range(n_draws):
            lag = np.where(rng.random(n) < rate, lags(n, rng), np.inf)
            converted = lag <= watched
            found = conversion_by(HORIZON, np.where(converted, lag, watched), converted)
            held += bool(found.lower <= rate <= found.upper)
            seen += int(converted.sum())
        expected = min(seen / n_draws, n * followed * (1 - rate))
        rows.append(
            {
                "interval": "control adjusted",
                "n": n,
                "rate": rate,
                "followed": followed,
                "expected": expected,
                "coverage": held / n_draws,
                "error": monte_carlo_error(held / n_draws, n_draws),
            }
        )
    return pd.DataFrame(rows)


def lags(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return lags within the horizon: log-normal, cut off there."""
    top = np.log(HORIZON / MEDIAN_LAG) / SPREAD
    normal = rng.standard_normal(n)
    while (normal > top).any():
        over = normal > top
        normal[over] = rng.standard_normal(over.sum())
    return np.asarray(MEDIAN_LAG * np.exp(SPREAD * normal))


def company_of_flags(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return which leads meet the eight rules: 1 % to 80 % do, and they go together."""
    eager = rng.standard_normal(n)  # what makes people do all of it
    industry, country = rng.random(n), rng.random(n)
    webinar = eager + rng.standard_normal(n) > 2.3
    opened = 0.8 * eager + rng.standard_normal(n) > 0.0
    views = rng.poisson(np.exp(0.8 * eager - 0.6))
    demo = rng.random(n) < 0.01 * np.exp(0.3 * eager)
    columns = [webinar, opened, views >= 1, views >= 3, industry < 0.25, industry > 0.8, demo]
    return np.column_stack([*columns, country < 0.8])


def adjusted_odds_ratios(
    grid: dict[str, tuple[Any, ...]], *, n_draws: int, seed: int
) -> pd.DataFrame:
    """Return one row a cell and criterion: coverage of the adjusted odds ratio.

    Leads and the criteria they meet are drawn once a cell; outcomes follow a logistic model
    of all criteria. The truth is its contrast within the criterion's attribute.
    """
    rules = tuple(as_criterion(when) for when, _ in RULES)
    beta = np.array([effect for _, effect in RULES])
    rows: list[dict[str, Any]] = []
    for number, (n, rate) in enumerate(product(*grid.values())):
        rng = np.random.default_rng([seed, number])
        flags = company_of_flags(n, rng)
        p = rates_of(flags @ beta, rate)
        truth = contrasts(rules, flags) @ beta
        held = np.zeros(len(rules))
        for _ in range(n_draws):
            won = (rng.random(n) < p).astype(float)
            table = adjusted_odds(plain_sample(rules, flags, won))
            lower = np.log(table["odds_ratio_adjusted_ci_lower"])
            held += (lower <= truth) & (truth <= np.log(table["odds_ratio_adjusted_ci_upper"]))
        for j, rule in enumerate(rules):
            met = flags[:, j]
            sides = [p[met].sum(), (1 - p[met]).sum(), p[~met].sum(), (1 - p[~met]).sum()]
            rows.append(
                {
                    "interval": "adjusted odds ratio",
                    "criterion": rule.name,
                    "n": n,
                    "rate": rate,
                    "share": float(met.mean()),
                    "expected": float(min(sides)),
                    "coverage": held[j] / n_draws,
                    "error": monte_carlo_error(held[j] / n_draws, n_draws),
                }
            )
    return pd.DataFrame(rows)


def rates_of(log_odds: np.ndarray, rate: float) -> np.ndarray:
    """Return rates with these log odds up to a constant, `rate` on average."""
    low, high = -30.0, 30.0
    for _ in range(80):
        middle = (low + high) / 2
        above = expit(log_odds + middle).mean() > rate
        low, high = (low, middle) if above else (middle, high)
    return np.asarray(expit(log_odds + low))


def contrasts(rules: tuple[Any, ...], flags: np.ndarray) -> np.ndarray:
    """Return the contrasts that `measure_lift` documents, one row a criterion.

    Mean of the attribute's part of the log odds among leads that meet the criterion, less that
    among the others.
    """
    blocks = [criterion_block(rule) for rule in rules]
    found = np.zeros((len(rules), len(rules)))
    for i, j in product(range(len(rules)), repeat=2):
        if blocks[i] == blocks[j]:
            met = flags[:, i]
            found[i, j] = flags[met, j].mean() - flags[~met, j].mean()
    return found


def plain_sample(rules: tuple[Any, ...], flags: np.ndarray, converted: np.ndarray) -> Sample:
    """Return mature leads that stand for themselves."""
    n = len(converted)
    keys = np.arange(n, dtype=np.uint64)
    return Sample(criteria=rules, flags=flags, converted=converted, weight=np.ones(n), keys=keys)
