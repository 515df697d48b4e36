"""`make_leads`: a company's leads, its activity log and the truth behind both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from calibrate.config import parse_moment, parse_period
from calibrate.datasets.events import (
    ACTIVITIES,
    DAY,
    PAGES,
    BoolArray,
    Events,
    IntArray,
    call_seconds,
    events,
    simulate,
    together,
)
from calibrate.datasets.outcomes import Fate, decide
from calibrate.datasets.people import arrivals, attributes, scanned_mailboxes
from calibrate.datasets.truth import (
    EFFECTS,
    HORIZON,
    INTERCEPT,
    LEAK_COLUMNS,
    LOOKBACK,
    NULL_ACTIVITIES,
    RULES,
    WINDOW,
    Truth,
    override,
)
from calibrate.errors import ConfigError

__all__ = ["make_leads"]

_FAR = 2**33  # the year 2242: later than any closing, and still a time


def make_leads(
    n: int = 20_000,
    *,
    rng: int | np.random.Generator = 0,
    start: str | datetime = "2025-01-01",
    quarters: int = 6,
    effects: Mapping[str, float] | None = None,
    intercept: float = INTERCEPT,
    bots: float = 0.04,
    change_at: str | datetime | None = None,
    changes: Mapping[str, float] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, Truth]:
    """Simulate a company's leads and activity log, with a known truth.

    Parameters
    ----------
    n : int
        Number of leads.
    rng : int or numpy.random.Generator
        Seed or generator; the same seed gives the same company.
    start : str or datetime
        First day.
    quarters : int
        How long leads arrive; the data end (``truth.as_of``) on the last day of the last quarter.
    effects : Mapping[str, float], optional
        Log odds that replace planted ones (``truth.table`` lists the names).
    intercept : float
        Log odds of converting, from landmark to horizon, of a lead that meets no criterion.
    bots : float
        Expected share of leads behind a scanner that clicks every link within a second.
    change_at : str or datetime, optional
        Leads created from then on convert by `changes`; ``"2026Q1"`` is a quarter's first day.
    changes : Mapping[str, float], optional
        Log odds after `change_at`; by default a demo request no longer means anything.

    Returns
    -------
    leads : DataFrame
        ``lead_id, created_at, outcome, closed_at, amount`` (of wins), the attributes ``industry,
        employees, job_level, source, country, email_type``, and the leak ``contract_plan``;
        sorted by ``created_at``.
    activities : DataFrame
        ``lead_id, activity, occurred_at, detail`` (the page of a view), ``value`` (seconds of a
        call); sorted by ``occurred_at``.
    truth : Truth
        What was planted.

    Raises
    ------
    ConfigError
        A parameter that makes no sense, or an effect on a criterion that is not planted.

    Notes
    -----
    Leads arrive as a Poisson process with a season. Each has an intensity drawn from a power law
    and acts by Poisson processes until it is closed; the log then stops, but for a few calls to
    new customers. Clicks need an opened mail, and page views come with clicking, so these overlap.
    Whoever is open at its landmark (14 days) converts by day 90 with odds
    ``exp(intercept + sum of log odds)``; the lag is log-normal, some convert before or after.

    Examples
    --------
    >>> leads, activities, truth = make_leads(500, rng=1)
    >>> leads["outcome"].isin(["converted", "lost", "open"]).all()
    np.True_
    >>> truth.log_odds["demo_request"]
    1.6
    """
    first, as_of = _span(start, quarters)
    change = None if change_at is None else _moment(change_at)
    _refuse_nonsense(n, bots, change, changes)
    before = override(EFFECTS, effects)
    after = before if change is None else override(before, changes or {"demo_request": 0.0})
    streams = np.random.default_rng(rng).spawn(6)
    created = arrivals(streams[0], n, first, as_of)
    people = attributes(streams[1], n)
    scanned = scanned_mailboxes(streams[1], people, bots)
    possible = simulate(streams[2], created, scanned)
    late = created >= _seconds(as_of if change is None else change)
    weights = {name: np.where(late, after[name], before[name]) for name in before}
    fate = decide(streams[3], people, possible, created, (intercept, weights))
    log = _log(streams[4], possible, fate, _seconds(as_of))
    lead_id = _lead_ids(n)
    leads = _leads(streams[5], people, lead_id, created, fate, _seconds(as_of))
    truth = _truth(
        (before, after, change),
        intercept=intercept,
        as_of=as_of,
        bots=lead_id[_scanner_seen(log, scanned)],
        leads=pd.DataFrame(
            {"lead_id": lead_id, "log_odds": fate.log_odds, "probability": expit(fate.log_odds)}
        ),
    )
    return leads, _activities(log, lead_id), truth


def _truth(
    plan: tuple[dict[str, float], dict[str, float], np.datetime64 | None],
    *,
    intercept: float,
    as_of: np.datetime64,
    bots: npt.NDArray[np.object_],
    leads: pd.DataFrame,
) -> Truth:
    before, after, change = plan
    return Truth(
        log_odds=MappingProxyType(before),
        log_odds_after=MappingProxyType(after),
        change_at=None if change is None else pd.Timestamp(change).to_pydatetime(),
        intercept=intercept,
        rules=RULES,
        null_activities=NULL_ACTIVITIES,
        leak_columns=LEAK_COLUMNS,
        bots=tuple(bots),
        observation_window=WINDOW,
        horizon=HORIZON,
        lookback=LOOKBACK,
        as_of=pd.Timestamp(as_of).to_pydatetime(),
        leads=leads,
    )


def _span(start: str | datetime, quarters: int) -> tuple[np.datetime64, np.datetime64]:
    """Return the first moment and the end, which is not inside."""
    if quarters < 1:
        raise ConfigError(f"make_leads needs at least one quarter, not {quarters}")
    first = pd.Timestamp(_moment(start))
    return first.to_datetime64(), (first + pd.DateOffset(months=3 * quarters)).to_datetime64()


def _moment(value: str | datetime) -> np.datetime64:
    """Read a date, or a quarter as its first day."""
    is_quarter = isinstance(value, str) and "Q" in value.upper()
    moment = parse_period(value).start if is_quarter else parse_moment(value)
    return np.datetime64(moment, "us")


def _refuse_nonsense(
    n: int, bots: float, change: np.datetime64 | None, changes: Mapping[str, float] | None
) -> None:
    if n < 1:
        raise ConfigError(f"make_leads needs at least one lead, not {n}")
    if not 0 <= bots < 1:
        raise ConfigError(f"bots is a share of the leads, at least 0 and below 1, not {bots}")
    if changes is not None and change is None:
        raise ConfigError("changes need a date from which they hold: change_at")


def _seconds(moment: np.datetime64) -> int:
    return int(moment.astype("datetime64[s]").astype(np.int64))


def _lead_ids(n: int) -> npt.NDArray[np.object_]:
    width = max(5, len(str(n)))
    return np.array([f"L{number:0{width}d}" for number in range(1, n + 1)], dtype=object)


def _log(rng: np.random.Generator, possible: Events, fate: Fate, end: int) -> Events:
    """Return what was really logged: up to the closing, and a few calls to winners after it."""
    lived = possible.where(possible.time < fate.closed[possible.lead])
    called = np.flatnonzero(fate.won & (rng.random(len(fate.won)) < 0.4))
    time = fate.closed[called] + np.floor(rng.uniform(0.5, 20.0, len(called)) * DAY).astype(
        np.int64
    )
    calls = events(called, "call_answered", time, value=call_seconds(rng, len(called)))
    log = together([lived, calls])
    log = log.where(log.time < end)
    return log.where(np.lexsort((log.activity, log.lead, log.time)))


def _leads(
    rng: np.random.Generator,
    people: pd.DataFrame,
    lead_id: npt.NDArray[np.object_],
    created: IntArray,
    fate: Fate,
    end: int,
) -> pd.DataFrame:
    """Return the leads as the CRM shows them at the end."""
    known = fate.closed < end
    won = fate.won & known
    size = np.nan_to_num(people["employees"].to_numpy(), nan=60.0)
    price = np.exp(rng.normal(np.log(4_000), 0.6, len(created))) * (size / 60) ** 0.25
    plan = np.where(rng.random(len(created)) < 0.7, "annual", "monthly").astype(object)
    filled = won & (rng.random(len(created)) < 0.97)
    return pd.DataFrame(
        {
            "lead_id": pd.array(lead_id, dtype="str"),
            "created_at": _moments(created),
            "outcome": np.select([won, known], ["converted", "lost"], default="open"),
            "closed_at": _moments(fate.closed).where(known),
            "amount": np.where(won, np.round(price, -1), np.nan),
            **{name: people[name] for name in people},
            LEAK_COLUMNS[0]: np.where(filled, plan, np.array(None)),
        }
    ).astype({"outcome": "str", LEAK_COLUMNS[0]: "str"})


def _moments(seconds: IntArray) -> pd.Series:
    """Return times to the microsecond, the unit pandas and Parquet readers share."""
    return pd.Series(np.minimum(seconds, _FAR).astype("datetime64[s]").astype("datetime64[us]"))


def _activities(log: Events, lead_id: npt.NDArray[np.object_]) -> pd.DataFrame:
    pages = np.array([*PAGES, None], dtype=object)
    return pd.DataFrame(
        {
            "lead_id": pd.array(lead_id[log.lead], dtype="str"),
            "activity": pd.array(np.array(ACTIVITIES, dtype=object)[log.activity], dtype="str"),
            "occurred_at": _moments(log.time),
            "detail": pd.array(pages[log.page], dtype="str"),
            "value": log.value,
        }
    )


def _scanner_seen(log: Events, scanned: BoolArray) -> BoolArray:
    """Return the leads behind a scanner that has clicked at least once in the log."""
    seen = np.zeros(len(scanned), dtype=np.bool_)
    seen[log.lead[log.is_a("email_click")]] = True
    return seen & scanned
