"""The scores that customers had before they bought, and when they crossed the cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.display import html_table
from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.observation.moments import Lives, Moments, event_moments, lives_of, observed_at
from calibrate.stats.resampling import as_generator

if TYPE_CHECKING:
    from calibrate.observation import Observation
    from calibrate.scorecard import Scorecard

__all__ = ["DAYS_BEFORE", "Crossings", "crossings", "days_to_sale"]

DAYS_BEFORE = (0, 1, 3, 7, 14, 30, 60, 90)
"""Days before the sale at which customers are looked at."""

_MOST_FOLLOWED = 10_000
_MOST_OTHERS = 5
_OTHERS_IN_ALL = 5_000
_DAY = np.timedelta64(86_400_000_000, "us")

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False, kw_only=True)
class Crossings:
    """When customers crossed a cut, counted back from their sale.

    Attributes
    ----------
    threshold : int
    n : int
        Customers of the period whose sale is known, at the landmark or not; of more than 10,000
        those drawn by their ids.
    n_crossed, n_never : int
        Those whose score reached the cut at some moment before the sale, and the others.
    days_p25, days_median, days_p75 : float
        Days from the crossing to the sale, of those who crossed; nan where nobody did.
    sentence : str
        The same in words.
    """

    threshold: int
    n: int
    n_crossed: int
    n_never: int
    days_p25: float
    days_median: float
    days_p75: float
    sentence: str
    _table: pd.DataFrame = field(repr=False)
    _leads: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a number of days before the sale, 0 (just before it) first.

        ``days_before``; of the customers who were leads for so long ``n``, the quartiles of
        their scores then (``p25, median, p75``) and the share at or above the cut
        (``above_share``); beside them the same of leads that had not bought, at the same ages:
        ``n_others, others_p25, others_median, others_p75, others_above_share``.
        """
        return self._table.copy()

    @property
    def leads(self) -> pd.DataFrame:
        """One row a customer, in file order.

        ``lead_id, crossed_at, days_to_sale`` (missing where it never crossed),
        ``score_at_creation, highest_score, score_at_sale`` (just before it).
        """
        return self._leads.copy()

    def _repr_html_(self) -> str:
        shown = ["days_before", "n", "median", "above_share"]
        shown += ["n_others", "others_median", "others_above_share"]
        names = {"median": "score in the middle", "others_median": "others: score in the middle"}
        return html_table(self._table[shown].rename(columns=names), caption=self.sentence)


def crossings(
    card: Scorecard,
    obs: Observation,
    threshold: int | None = None,
    *,
    rng: int | np.random.Generator = 0,
) -> Crossings:
    """Follow the score of each customer up to the sale, beside leads of the same age.

    Parameters
    ----------
    card : Scorecard
    obs : Observation
        Its customers are those won by as_of, early ones too.
    threshold : int, optional
        Default: where the highest tier of the card begins.
    rng : int or Generator, default 0
        Draws the leads of the same age.

    Returns
    -------
    Crossings

    Raises
    ------
    NotEnoughDataError
        For a table without times, or without a customer.
    ConfigError
        Without a threshold, where the card has no tiers.

    Notes
    -----
    A customer's score is taken at its creation and just after each of its activities, and at
    last just before the sale; it crossed the cut at the first moment with that score or more.
    Nothing at or after the sale counts; where only its day is known, nothing of that day.
    Attributes are as exported. Of more than 10,000 customers as many are followed, drawn by a hash
    of their ids. Leads of the same age are drawn from those that had not bought
    and were still open then (up to five a customer, 5,000 in all, with replacement): the risk
    sets of a nested case-control study.

    References
    ----------
    B. Langholz and L. Goldstein (1996), Risk set sampling in epidemiologic cohort studies,
    Statistical Science 11, 35-53.
    """
    cut = _cut(card, threshold)
    obs = obs.earliest
    lives = lives_of(obs)
    every = _customers(lives)
    won = _followed(obs, every)
    path = _path(card, obs, lives, won)
    drawn, at_age_of = _others(lives, won, obs.rows["lead_id"].astype(str).to_numpy(), rng)
    asked, is_other, days = _looks(lives, won, drawn, at_age_of)
    scores = _scores(card, obs, lives, path + asked)
    leads = _by_lead(obs, lives, won, path, scores[: len(path.place)], cut)
    table = _by_day(scores[len(path.place) :], is_other, days, cut)
    waited = leads["days_to_sale"].dropna().to_numpy(dtype=float)
    quartiles = np.quantile(waited, [0.25, 0.5, 0.75]) if len(waited) else np.full(3, np.nan)
    return Crossings(
        threshold=cut,
        n=len(won),
        n_crossed=len(waited),
        n_never=len(won) - len(waited),
        days_p25=float(quartiles[0]),
        days_median=float(quartiles[1]),
        days_p75=float(quartiles[2]),
        sentence=_sentence(cut, len(won), len(waited), float(quartiles[1]), of=len(every)),
        _table=table,
        _leads=leads,
    )


def days_to_sale(card: Scorecard, obs: Observation, threshold: int) -> pd.Series:
    """Return the days from crossing a cut to the sale, of each customer.

    Parameters
    ----------
    card : Scorecard
    obs : Observation
    threshold : int

    Returns
    -------
    Series of float
        Index of ``obs.table``, customers followed only; nan where the score never reached the
        cut. Empty for a table without times, or without a customer.

    Notes
    -----
    As in `crossings`.
    """
    obs = obs.earliest
    if obs.history.is_wide:
        return pd.Series(dtype=float)
    lives = lives_of(obs)
    won = _followed(obs, np.flatnonzero(lives.is_win))
    if not len(won):
        return pd.Series(dtype=float)
    path = _path(card, obs, lives, won)
    found = _by_lead(obs, lives, won, path, _scores(card, obs, lives, path), threshold)
    return pd.Series(found["days_to_sale"].to_numpy(), index=obs.table.index[won])


def _cut(card: Scorecard, threshold: int | None) -> int:
    if threshold is not None:
        return int(threshold)
    if not card.tiers:
        raise ConfigError("the card has no tiers yet; say threshold=...")
    return card.tiers[0].at_least


def _customers(lives: Lives) -> Places:
    won = np.flatnonzero(lives.is_win)
    if not len(won):
        raise NotEnoughDataError("no lead of the period is known to have bought")
    return won


def _followed(obs: Observation, won: Places) -> Places:
    """Return the customers to follow: all, or those with the smallest hashes of their ids."""
    if len(won) <= _MOST_FOLLOWED:
        return won
    first = np.argsort(obs.lead_hashes[won], kind="stable")[:_MOST_FOLLOWED]
    return np.sort(won[first])


def _path(card: Scorecard, obs: Observation, lives: Lives, won: Places) -> Moments:
    """Return creation, activities and the sale of each customer, lead by lead."""
    named = [measure.activity for measure in card.measures]
    every = any(name is None for name in named)
    activities = None if every else [str(name) for name in dict.fromkeys(named)]
    created, ended = lives.created_at[won], lives.ended_at[won]
    first = np.minimum(created + np.timedelta64(1, "us"), ended)
    moments = (
        Moments(place=won, cutoff=created, until=first)
        + event_moments(obs, lives, won, activities)
        + Moments(place=won, cutoff=ended, until=ended)
    )
    order = np.argsort(moments.place, kind="stable")
    return Moments(
        place=moments.place[order], cutoff=moments.cutoff[order], until=moments.until[order]
    )


def _scores(card: Scorecard, obs: Observation, lives: Lives, moments: Moments) -> Floats:
    with observed_at(obs, lives, moments) as looked_at:
        scored = card.scores_of(looked_at, every_lead=True)
    return np.asarray(scored["score"], dtype=float)


def _by_lead(
    obs: Observation, lives: Lives, won: Places, path: Moments, scores: Floats, cut: int
) -> pd.DataFrame:
    starts = np.searchsorted(path.place, won)
    ends = np.append(starts[1:], len(path.place))
    above = np.where(scores >= cut, np.arange(len(scores)), len(scores))
    first = np.minimum.reduceat(above, starts)
    crossed = first < len(scores)
    at: NDArray[Any] = np.where(
        crossed, path.cutoff[np.minimum(first, len(scores) - 1)], np.datetime64("NaT")
    )
    return pd.DataFrame(
        {
            "lead_id": obs.rows["lead_id"].to_numpy()[won],
            "crossed_at": at.astype("datetime64[us]"),
            "days_to_sale": np.asarray((lives.ended_at[won] - at) / _DAY, dtype=float),
            "score_at_creation": scores[starts].astype(int),
            "highest_score": np.maximum.reduceat(scores, starts).astype(int),
            "score_at_sale": scores[ends - 1].astype(int),
        }
    )


def _others(
    lives: Lives, won: Places, ids: NDArray[Any], rng: int | np.random.Generator
) -> tuple[Places, Places]:
    """Draw leads still open at each customer's age at the sale; and which customer that is.

    Both in the order of their ids, so that another order of the file draws the same.
    """
    age = lives.ended_at - lives.created_at
    won = won[np.argsort(ids[won], kind="stable")]
    pool = np.flatnonzero(~lives.is_win)
    pool = pool[np.lexsort((ids[pool], age[pool]))]
    start = np.searchsorted(age[pool], age[won], side="right")
    open_then = len(pool) - start
    each = int(np.clip(_OTHERS_IN_ALL // len(won), 1, _MOST_OTHERS))
    of = np.repeat(np.arange(len(won)), each)
    share = as_generator(rng).random(len(of))
    known = open_then[of] > 0
    place = start[of] + np.floor(share * open_then[of]).astype(np.intp)
    return pool[place[known]], won[of[known]]


def _looks(
    lives: Lives, won: Places, drawn: Places, at_age_of: Places
) -> tuple[Moments, NDArray[np.bool_], NDArray[np.int64]]:
    """Return each day before the sale: of customers, then of the others at the same ages."""
    place, customer = np.concatenate([won, drawn]), np.concatenate([won, at_age_of])
    is_other = np.arange(len(place)) >= len(won)
    age = lives.ended_at[customer] - lives.created_at[customer]
    before = np.array(DAYS_BEFORE)
    day, row = np.nonzero(age >= before[:, None] * _DAY)  # only where it was a lead for so long
    place, days = place[row], before[day]
    moment = lives.created_at[place] + age[row] - days * _DAY
    return Moments(place=place, cutoff=moment, until=moment), is_other[row], days


def _by_day(
    scores: Floats, is_other: NDArray[np.bool_], days: NDArray[np.int64], cut: int
) -> pd.DataFrame:
    rows = []
    for day in DAYS_BEFORE:
        customers = scores[(days == day) & ~is_other]
        others = scores[(days == day) & is_other]
        if len(customers):
            row = {"days_before": day, **_spread(customers, cut, "n", "")}
            rows.append(row | _spread(others, cut, "n_others", "others_"))
    return pd.DataFrame(rows)


def _spread(scores: Floats, cut: int, count: str, prefix: str) -> dict[str, float]:
    names = [f"{prefix}{name}" for name in ("p25", "median", "p75", "above_share")]
    if not len(scores):
        return {count: 0, **dict.fromkeys(names, float("nan"))}
    quartiles = np.quantile(scores, [0.25, 0.5, 0.75], method="inverted_cdf")
    values = [*quartiles.tolist(), float((scores >= cut).mean())]
    return {count: len(scores), **dict(zip(names, values, strict=True))}


def _sentence(cut: int, n: int, n_crossed: int, median: float, *, of: int) -> str:
    customers = f"{n:,} customers" if n == of else f"{n:,} customers (drawn from {of:,})"
    if not n_crossed:
        return f"None of {customers} had reached {cut} before buying."
    whole = int(median)
    days = f"at least {whole} days" if whole > 1 else "at least a day" if whole else "within a day"
    said = f"Of {customers} {n_crossed:,} had reached {cut} before they bought"
    never = n - n_crossed
    rest = f"; {never:,} never did" if never else ""
    return f"{said}, half of them {days} before{rest}."
