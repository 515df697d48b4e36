"""The candidate and its rivals: each a score of the same leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from calibrate.backtest.boosting import boosted_rates
from calibrate.backtest.folds import Fold
from calibrate.evaluation import known_outcomes
from calibrate.fitting import cross_fit_scores, fit_scorecard
from calibrate.observation import Observation
from calibrate.scorecard import Scorecard
from calibrate.thresholds import choose_thresholds

__all__ = ["Ranking", "Recipe", "rankings"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranking:
    """One card's scores of the leads judged, and the cut that goes with it.

    `cut` is None where the card has none of its own: it is then judged at the volume of the
    candidate's.
    """

    card: str
    scores: pd.DataFrame
    cut: int | None = None
    in_sample: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Recipe:
    """How cards are fitted and cut in every fold."""

    method: str
    max_criteria: int | str
    scale: str | None
    allow_sensitive: tuple[str, ...]
    confidence_level: float
    objective: str | None
    figures: dict[str, Any]
    rng: int | np.random.Generator


def rankings(fold: Fold, recipe: Recipe, current: Scorecard | None) -> Iterator[Ranking]:
    """Yield the candidate's scores of the leads judged, then those of its rivals."""
    in_sample = current is not None and _has_seen(current, fold)
    known = None if in_sample else current
    card = _fit(fold.train, recipe, recipe.method, known)
    scores = known_outcomes(card.score(fold.test))
    yield Ranking(card="candidate", scores=scores, cut=_cut(fold.train, card, recipe))
    if current is not None:
        yield Ranking(
            card="current",
            scores=known_outcomes(current.score(fold.test)),
            cut=current.tiers[0].at_least if current.tiers else None,
            in_sample=in_sample,
        )
    rate_card = card if recipe.method == "rate" else _fit(fold.train, recipe, "rate", known)
    yield Ranking(card="rate", scores=known_outcomes(rate_card.score(fold.test)))
    bare = scores.drop(columns="expected_rate")
    if bare["created_at"].notna().any():
        age = bare["created_at"].to_numpy(dtype="datetime64[us]").astype(np.int64)
        yield Ranking(card="newest", scores=bare.assign(score=age))
    yield Ranking(card="equal", scores=bare.assign(score=0))
    boosted = boosted_rates(fold.train, fold.test, allow_sensitive=recipe.allow_sensitive)
    rate = pd.Series(boosted, index=fold.test.at_landmark.index)
    rate = rate.loc[bare.index]
    scores = bare.assign(score=rate, expected_rate=rate)
    yield Ranking(card="gradient_boosting", scores=scores)


def _fit(
    train: Observation, recipe: Recipe, method: str, current: Scorecard | None = None
) -> Scorecard:
    return fit_scorecard(
        train,
        method=method,
        max_criteria=recipe.max_criteria,
        scale=recipe.scale,
        current=current,
        allow_sensitive=recipe.allow_sensitive,
        confidence_level=recipe.confidence_level,
        rng=recipe.rng,
    )


def _cut(train: Observation, card: Scorecard, recipe: Recipe) -> int:
    """Choose the threshold on the training leads alone.

    Their scores are cross-fitted: the card's criteria, but points and expected rates from
    leads other than the one scored.
    """
    if card.is_empty:
        scores = card.score(train)
    else:
        scores = cross_fit_scores(
            train,
            method=recipe.method,
            max_criteria=recipe.max_criteria,
            criteria=[line.criterion for line in card.criteria],
            card=card,
            rng=recipe.rng,
        )
    cuts = choose_thresholds(scores, objective=recipe.objective, **recipe.figures, rng=recipe.rng)
    return cuts.threshold


def _has_seen(card: Scorecard, fold: Fold) -> bool:
    """Whether the card may know outcomes of the leads judged: it is not older than they are."""
    if fold.known_until is None or card.as_of is None:
        return True
    return card.as_of[:10] > fold.known_until
