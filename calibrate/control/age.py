"""Conversion by age: how many of the customers have bought after 30, 60, 90 days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.config import Period
from calibrate.control.rates import clusters_of, leads_of, watched_days
from calibrate.display import format_number, html_table
from calibrate.errors import ConfigError
from calibrate.observation import Observation
from calibrate.stats.survival import ConversionBy, conversion_by, share_by

__all__ = ["ConversionByAge", "conversion_by_age"]

_DAY = dt.timedelta(days=1)
_CURVE_POINTS = 121


@dataclass(frozen=True, eq=False, kw_only=True)
class ConversionByAge:
    """Which share of the leads has converted at which age.

    Made by `conversion_by_age`.

    Attributes
    ----------
    horizon_days : float
        By when, counted from creation, a lead must convert to count.
    until_days : float
        The last row's age: the horizon, or the longest follow-up where that is shorter.
    n, n_converted : int
        All leads, and those that have converted by the horizon so far.
    note : str
        Says so where it is shorter, and which days asked for are left out; else empty.
    period : Period
    confidence_level : float
    """

    horizon_days: float
    until_days: float
    n: int
    n_converted: int
    note: str
    period: Period
    confidence_level: float
    rows: pd.DataFrame = field(repr=False)
    points: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a day asked for, the last one the horizon; see `conversion_by_age`."""
        return self.rows.copy()

    @property
    def curve(self) -> pd.DataFrame:
        """The same rate from day 0 to the last: ``days, rate, rate_ci_lower, rate_ci_upper``."""
        return self.points.copy()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The shares in plain English, a sentence for each day before the last."""
        last = _days(self.until_days)
        return tuple(
            f"Of those who will have bought after {last} days, "
            f"{_of_100(row['share'])} of 100 ({_of_100(row['share_ci_lower'])} to "
            f"{_of_100(row['share_ci_upper'])}) have bought after {_days(row['days'])}."
            for row in self.rows.iloc[:-1].to_dict("records")
            if not np.isnan(row["share"])
        )

    def _repr_html_(self) -> str:
        caption = f"Conversion by age, {self.period.label}"
        return html_table(self.rows, caption=caption, notes=self.sentences)


def conversion_by_age(
    obs: Observation,
    *,
    days: Sequence[float] = (30, 60, 90),
    confidence_level: float = 0.95,
) -> ConversionByAge:
    """Measure how many leads, and which share of the customers to come, convert by which age.

    Parameters
    ----------
    obs : Observation
        From `observe`; all its leads count, those closed before their landmark too.
    days : sequence of float
        Ages in days. Those at or beyond the horizon are left out; the horizon is always the
        last row.
    confidence_level : float
        Nominal coverage of the intervals.

    Returns
    -------
    ConversionByAge
        ``table`` has ``days, n_watched`` (leads watched that long)``, n_converted``
        (converted before that age, as counted)``, rate, rate_ci_lower, rate_ci_upper, share``
        (of the conversions by the last row's age, those that have happened)``,
        share_ci_lower, share_ci_upper, confidence_level``.

    Raises
    ------
    ConfigError
        If a day is not above 0, or the table is wide and knows no times.
    NotEnoughDataError
        If the period has no leads.

    Notes
    -----
    ``rate`` is F = 1 - Kaplan-Meier over all leads, each watched until as_of, with log-log
    Greenwood limits; its last row is the control rate ``adjusted``. ``share`` is
    ``F(t) / F(horizon)``, its interval Wilson's on the conversions that would give as exact a
    share (`calibrate.stats.survival.share_by`); contacts with several leads are the clusters
    of both. Where no lead was watched until the horizon, the longest follow-up takes its
    place: nothing is extrapolated.

    References
    ----------
    E. L. Kaplan and P. Meier (1958), JASA 53, 457-481. J. D. Kalbfleisch and R. L. Prentice
    (2002), The Statistical Analysis of Failure Time Data, 2nd ed., section 1.4. N. Reid
    (1981), Influence functions for censored data, Annals of Statistics 9, 78-92.

    Examples
    --------
    Ten leads, watched for a year; four bought, one of them within 30 days.

    >>> from calibrate.history import read_history
    >>> from calibrate.observation import observe
    >>> start = pd.Timestamp("2023-01-01")
    >>> bought = [start + pd.Timedelta(days=d) for d in (10, 40, 50, 70)]
    >>> leads = pd.DataFrame({"lead_id": range(10), "created_at": start})
    >>> leads["outcome"] = ["converted"] * 4 + ["open"] * 6
    >>> leads["closed_at"] = pd.Series(bought).reindex(range(10))
    >>> obs = observe(
    ...     read_history(leads, as_of="2024-01-01"), observation_window="7D", horizon="90D"
    ... )
    >>> found = conversion_by_age(obs, days=[30, 60])
    >>> found.table[["days", "n_converted", "rate", "share"]].round(2).to_numpy().tolist()
    [[30.0, 1.0, 0.1, 0.25], [60.0, 3.0, 0.3, 0.75], [90.0, 4.0, 0.4, 1.0]]
    """
    if obs.history.is_wide:
        raise ConfigError("conversion by age needs created_at, which this table does not have")
    wanted = _ages(days)
    leads = leads_of(obs)
    time, until = watched_days(leads, obs.horizon)
    watched = _Watched(leads, time, until, obs)
    ages = np.array([*(age for age in wanted if age < until), until])
    rates = watched.rate(ages, confidence_level)
    share = share_by(watched.before(ages), until, confidence_level=confidence_level, **watched.data)
    rows = {
        "days": ages,
        "n_watched": [int((watched.follow_up >= age).sum()) for age in ages],
        "n_converted": [int(watched.converted[time <= age].sum()) for age in watched.before(ages)],
        **_limits(rates),
        "share": share.share,
        "share_ci_lower": share.lower,
        "share_ci_upper": share.upper,
        "confidence_level": confidence_level,
    }
    grid = _grid(until)
    due = obs.horizon / _DAY
    return ConversionByAge(
        horizon_days=due,
        until_days=until,
        n=len(leads),
        n_converted=int(watched.converted.sum()),
        note=_note(wanted, until, due),
        period=obs.period,
        confidence_level=confidence_level,
        rows=pd.DataFrame(rows),
        points=pd.DataFrame({"days": grid, **_limits(watched.rate(grid, confidence_level))}),
    )


class _Watched:
    """The leads, each watched until it converted or the data were exported."""

    def __init__(
        self, leads: pd.DataFrame, time: NDArray[np.float64], until: float, obs: Observation
    ) -> None:
        self.until = until
        self.converted = leads["converted"].to_numpy(dtype=bool)
        self.follow_up = leads["follow_up_days"].to_numpy(dtype=float)
        cluster = clusters_of(leads, has_contacts=obs.history.has_contacts)
        self.data = {"days": time, "converted": self.converted, "cluster": cluster}

    def before(self, ages: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the moment before each age: who converts at 30 days sharp is not under 30."""
        return np.where(ages < self.until, np.nextafter(ages, 0.0), ages)

    def rate(self, ages: NDArray[np.float64], confidence_level: float) -> ConversionBy:
        """Return the rate by each age; at the last one `converted` knows who was in time."""
        at = self.before(ages)
        return conversion_by(at, confidence_level=confidence_level, **self.data)


def _limits(rates: ConversionBy) -> dict[str, NDArray[np.float64]]:
    return {"rate": rates.rate, "rate_ci_lower": rates.lower, "rate_ci_upper": rates.upper}


def _grid(until: float) -> NDArray[np.float64]:
    """Return the days of the curve: whole ones where they are few, and the last."""
    whole = np.arange(0.0, until, 1.0)
    if whole.size >= _CURVE_POINTS:
        return np.linspace(0.0, until, _CURVE_POINTS)
    return np.append(whole, until)


def _ages(days: Sequence[float]) -> list[float]:
    """Return the ages asked for, lowest first."""
    try:
        ages = sorted({float(day) for day in days})
    except (TypeError, ValueError):
        ages = [float("nan")]
    if not all(0 < age < float("inf") for age in ages):
        raise ConfigError(f"days must be numbers above 0, like (30, 60, 90), not {days!r}")
    return ages


def _note(wanted: list[float], until: float, due: float) -> str:
    said = []
    if until < due:
        said.append(
            f"no lead was watched for {_days(due)} days: shares are of the conversions within "
            f"{_days(until)} days"
        )
    beyond = [_days(age) for age in wanted if age > until]
    if beyond:
        said.append(f"left out, beyond the last row: {', '.join(beyond)} days")
    return "; ".join(said)


def _days(age: float) -> str:
    return format_number(age, 0 if age == round(age) else 1)


def _of_100(share: float) -> str:
    """Write a share as so many of 100; never 0 or 100 unless exact."""
    whole = round(100 * share)
    return format_number(100 * share, 1 if whole in (0, 100) and share not in (0, 1) else 0)
