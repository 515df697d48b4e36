"""Who the simulated leads are and when they arrive."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from calibrate.datasets.events import DAY, BoolArray, IntArray

__all__ = ["arrivals", "attributes", "scanned_mailboxes"]

# Seasonality: August and December are quiet, the autumn is busy; few leads come at weekends.
_MONTHS = np.array([1.0, 1.0, 1.1, 1.0, 1.05, 1.0, 0.8, 0.5, 1.3, 1.25, 1.15, 0.75])
_WEEKDAYS = np.array([1.1, 1.2, 1.2, 1.15, 1.0, 0.35, 0.3])
_OFFICE_HOUR, _OFFICE_SPREAD = 14.0, 3.5

_INDUSTRIES = {
    "manufacturing": 0.30,
    "software": 0.20,
    "retail": 0.18,
    "finance": 0.12,
    "healthcare": 0.10,
    "public sector": 0.10,
}
_JOB_LEVELS = {"specialist": 0.44, "manager": 0.32, "director": 0.15, "student": 0.09}
_SOURCES = {
    "website": 0.38,
    "paid search": 0.24,
    "event": 0.16,
    "bought list": 0.12,
    "referral": 0.10,
}
_COUNTRIES = {"IT": 0.40, "DE": 0.20, "FR": 0.15, "ES": 0.13, "UK": 0.12}
_FREE_MAIL = {"student": 0.80, "specialist": 0.25, "manager": 0.10, "director": 0.08}
_LARGE = 250


def arrivals(
    rng: np.random.Generator, n: int, start: np.datetime64, end: np.datetime64
) -> IntArray:
    """Return `n` sorted creation times in seconds since 1970, within ``[start, end)``.

    Given their number, the arrivals of a Poisson process are independent draws from its
    intensity, here a product of month, weekday and hour of the day.
    """
    days = np.arange(start.astype("datetime64[D]"), end.astype("datetime64[D]"))
    months = days.astype("datetime64[M]").astype(np.int64) % 12
    weekdays = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    intensity = _MONTHS[months] * _WEEKDAYS[weekdays]
    day = rng.choice(days.astype(np.int64), size=n, p=intensity / intensity.sum())
    hour = np.mod(rng.normal(_OFFICE_HOUR, _OFFICE_SPREAD, size=n), 24.0)
    seconds = np.minimum((hour * 3600).astype(np.int64), DAY - 1)
    return np.sort(day * DAY + seconds)


def attributes(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Return one row a lead: industry, employees, job level, source, country, kind of address."""
    level = _draw(rng, n, _JOB_LEVELS)
    free = rng.random(n) < pd.Series(level).map(_FREE_MAIL).to_numpy(dtype=float)
    employees = np.maximum(np.floor(np.exp(rng.normal(np.log(60), 1.6, size=n))), 1.0)
    return pd.DataFrame(
        {
            "industry": _draw(rng, n, _INDUSTRIES),
            "employees": np.where(rng.random(n) < 0.08, np.nan, np.minimum(employees, 50_000.0)),
            "job_level": level,
            "source": _draw(rng, n, _SOURCES),
            "country": _draw(rng, n, _COUNTRIES),
            "email_type": np.where(free, "free", "business"),
        }
    )


def scanned_mailboxes(rng: np.random.Generator, people: pd.DataFrame, share: float) -> BoolArray:
    """Return which leads sit behind a link scanner: `share` of all, most of them at large firms."""
    large = people["employees"].to_numpy() >= _LARGE
    odds = np.where(large, 8.0, 1.0) * (people["email_type"] == "business").to_numpy()
    expected = share * len(people) * odds / max(odds.sum(), 1.0)
    return np.asarray(rng.random(len(people)) < expected, dtype=np.bool_)


def _draw(rng: np.random.Generator, n: int, shares: dict[str, float]) -> npt.NDArray[np.object_]:
    names = np.array(list(shares), dtype=object)
    return np.asarray(names[rng.choice(len(names), size=n, p=list(shares.values()))])
