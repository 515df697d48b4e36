"""A company of thirty yes/no activities whose truth is known, and how near a card comes to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

import calibrate as cal

__all__ = [
    "ACTIVITIES",
    "EFFECTS",
    "INTERCEPT",
    "N_REAL",
    "SHARES",
    "Leads",
    "Pair",
    "activity_points",
    "draw_leads",
    "draw_pair",
    "fresh_leads",
    "is_false",
    "oracle_points",
    "true_auc",
]

FloatArray = NDArray[np.float64]

SHARES = np.random.default_rng(123).uniform(0.03, 0.5, 30)  # of leads that do each activity
REAL = (1.6, 1.2, 1.0, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, -0.6, -1.0)  # log odds ratios
N_REAL = len(REAL)
EFFECTS = np.array([*REAL, *np.zeros(len(SHARES) - N_REAL)])
INTERCEPT = -4.0
ACTIVITIES = tuple(f"activity_{number:02d}" for number in range(len(SHARES)))
BATCH = 100_000
FRESH = 2**32 - 1  # seed of the leads that no card has seen


class Leads(NamedTuple):
    """Leads of one quarter: 0/1 a lead and activity, whether it converted, and its true rate."""

    flags: NDArray[np.int8]
    converted: NDArray[np.bool_]
    rate: FloatArray

    @property
    def frame(self) -> pd.DataFrame:
        """The activities as a wide table of 0 and 1."""
        names = [f"activity_{number:02d}" for number in range(self.flags.shape[1])]
        return pd.DataFrame(self.flags, columns=names)

    @property
    def table(self) -> pd.DataFrame:
        """The same with an id and the outcome, as `read_history` takes it."""
        outcome = np.where(self.converted, "converted", "lost")
        return self.frame.assign(lead_id=np.arange(len(outcome)), outcome=outcome)


class Pair(NamedTuple):
    """Two quarters of the same company."""

    first: Leads
    second: Leads


def draw_leads(n: int, rng: np.random.Generator, *, n_activities: int = len(SHARES)) -> Leads:
    """Return leads that do each activity independently and convert by the logistic model.

    With other than thirty activities there are fewer or more of those without effect.
    """
    shares, effects = np.resize(SHARES, n_activities), np.zeros(n_activities)
    effects[:N_REAL] = EFFECTS[:N_REAL]
    flags = np.empty((n, n_activities), dtype=np.int8)
    for start in range(0, n, BATCH):  # bounds the memory; the draws are the same in any batches
        part = flags[start : start + BATCH]
        part[:] = rng.random(part.shape) < shares
    rate = expit(INTERCEPT + flags @ effects)
    return Leads(flags, rng.random(n) < rate, rate)


def draw_pair(n: int, number: int) -> Pair:
    """Return pair `number` of two quarters of `n` leads each; the same numbers, the same leads."""
    rng = np.random.default_rng([n, number])
    return Pair(draw_leads(n, rng), draw_leads(n, rng))


def fresh_leads(n: int) -> Leads:
    """Return leads that belong to no quarter."""
    return draw_leads(n, np.random.default_rng(FRESH))


def activity_points(card: cal.Scorecard) -> FloatArray:
    """Return the points of each activity, shape (activities,); 0 where no rule speaks of it.

    Notes
    -----
    A rule of several activities gives each an equal part of its points, negative for those
    whose absence it asks for.
    """
    points = np.zeros(len(ACTIVITIES))
    for line in card.criteria:
        fields = list(dict.fromkeys(line.criterion.fields))
        done = np.array(list(product((0, 1), repeat=len(fields))), dtype=np.int8)
        met = np.asarray(line.criterion.meets(pd.DataFrame(done, columns=fields)), dtype=float)
        direction = np.sign(met @ (2 * done - 1))
        share = line.points / len(fields) * direction
        points[[ACTIVITIES.index(field) for field in fields]] += share
    return points


def is_false(fields: Sequence[str]) -> bool:
    """Whether a rule speaks of an activity without effect."""
    return any(ACTIVITIES.index(field) >= N_REAL for field in fields)


def true_auc(scores: FloatArray, rate: FloatArray) -> float:
    """Return the AUC of scores in expectation over outcomes drawn with the leads' true rates.

    Notes
    -----
    Each lead counts as a conversion with its rate and as none with the rest, so that only the
    draw of the leads, not that of their outcomes, is left to chance.
    """
    _, score = np.unique(scores, return_inverse=True)
    won, lost = np.bincount(score, rate), np.bincount(score, 1 - rate)
    return float(won @ (np.cumsum(lost) - lost / 2) / (won.sum() * lost.sum()))


def oracle_points(leads: Leads) -> FloatArray:
    """Return the points of one who knows which twelve activities matter, and fits only these.

    Maximum likelihood, scaled so that the range of the score is 100, rounded one by one.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - slow to load

    model = LogisticRegression(C=np.inf, max_iter=1_000)
    weights = model.fit(leads.flags[:, :N_REAL], leads.converted).coef_[0]
    points = np.zeros(len(ACTIVITIES))
    points[:N_REAL] = np.rint(100 * weights / np.abs(weights).sum())
    return points
