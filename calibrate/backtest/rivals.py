"""The candidate and its rivals: each a score of the same leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from calibrate.backtest.boosting import boosted_rates
from calibrate.backtest.folds import Fold
from calibrate.backtest.hand_made import HandMadeCard
from calibrate.candidates import criteria_of
from calibrate.config import Constraints
from calibrate.criteria import Criterion
from calibrate.evaluation import known_outcomes
from calibrate.fitting import cross_fit_scores, fit_scorecard, names_in, resolvable
from calibrate.observation import Observation
from calibrate.scorecard import Scorecard
from calibrate.thresholds import Target, best_threshold, days_to_sale

__all__ = ["Ranking", "Recipe", "rankings"]

MIN_DATED = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranking:
    """One card's scores of the leads judged, and the cut that goes with it.

    `cut` is None where the card has none of its own: it is then judged at the volume of the
    candidate's. `median_days` is the time from crossing the cut to the sale.
    """

    card: str
    scores: pd.DataFrame
    cut: int | None = None
    in_sample: bool = False
    median_days: float = float("nan")


@dataclass(frozen=True, eq=False, kw_only=True)
class Recipe:
    """How cards are fitted and cut in every fold."""

    method: str
    max_criteria: int | str
    pairs: bool
    scale: str | None
    allow_sensitive: tuple[str, ...]
    constraints: Constraints
    confidence_level: float
    objective: str | None
    figures: dict[str, Any]
    rng: int | np.random.Generator
    hand_made: HandMadeCard | None = None


def rankings(
    fold: Fold, recipe: Recipe, current: Scorecard | None, contacts: dict[str, int]
) -> Iterator[Ranking]:
    """Yield the candidate's scores of the leads judged, then those of its rivals.

    `contacts` gets a number for every contact met, so that a contact is the same cluster in
    every quarter.
    """
    cluster = _clusters(fold.test, contacts)
    in_sample = current is not None and _has_seen(current, fold)
    known = None if in_sample else current
    found = _candidates(fold.train, recipe)
    card = _fit(fold.train, recipe, recipe.method, known, criteria=found)
    scores = _judged(card, fold, cluster)
    cut = _cut(fold.train, card, recipe)
    waited = _median_days(card, fold.test, cut)
    yield Ranking(card="candidate", scores=scores, cut=cut, median_days=waited)
    dated = _dated(fold.train, recipe, card, known, found=found)
    if dated is not None:
        own = scores if dated is card else _judged(dated, fold, cluster)
        yield Ranking(card="dated", scores=own)
    if current is not None:
        cut_now = current.tiers[0].at_least if current.tiers else None
        yield Ranking(
            card="current",
            scores=_judged(current, fold, cluster),
            cut=cut_now,
            in_sample=in_sample,
            median_days=_median_days(current, fold.test, cut_now),
        )
    bare = scores.drop(columns="expected_rate")
    if recipe.hand_made is not None:
        sums = recipe.hand_made.score(fold.test).loc[bare.index]
        yield Ranking(
            card="hand_made", scores=bare.assign(score=sums), cut=recipe.hand_made.threshold
        )
    rate_card = card
    if recipe.method != "rate":
        rate_card = _fit(fold.train, recipe, "rate", known, criteria=found)
    yield Ranking(card="rate", scores=_judged(rate_card, fold, cluster))
    # Where weights stand in for the young, age tells whose outcome is known: no fair rival.
    if bare["created_at"].notna().any() and bool((bare["weight"] == 1).all()):
        age = bare["created_at"].to_numpy(dtype="datetime64[us]").astype(np.int64)
        yield Ranking(card="newest", scores=bare.assign(score=age))
    yield Ranking(card="equal", scores=bare.assign(score=0))
    boosted = boosted_rates(fold.train, fold.test, allow_sensitive=recipe.allow_sensitive)
    rate = pd.Series(boosted, index=np.flatnonzero(fold.test.is_judged))
    rate = rate.loc[bare.index]
    scores = bare.assign(score=rate, expected_rate=rate)
    yield Ranking(card="gradient_boosting", scores=scores)


def _median_days(card: Scorecard, test: Observation, cut: int | None) -> float:
    """Return the median days from crossing the cut to the sale; nan where nobody did."""
    if cut is None or card.is_empty:
        return float("nan")
    return float(days_to_sale(card, test, cut).median())


def _judged(card: Scorecard, fold: Fold, cluster: pd.Series | None) -> pd.DataFrame:
    scores = known_outcomes(card.score(fold.test))
    return scores if cluster is None else scores.assign(cluster=cluster.loc[scores.index])


def _clusters(test: Observation, contacts: dict[str, int]) -> pd.Series | None:
    """Return a number for the contact of each lead judged; None where there are no contacts."""
    if not test.history.has_contacts:
        return None
    keys = test.cluster_keys
    numbers = [contacts.setdefault(str(key), len(contacts)) for key in keys]
    return pd.Series(numbers, index=keys.index, dtype=np.int64)


def _candidates(train: Observation, recipe: Recipe) -> tuple[Criterion, ...]:
    """Return what every card of the fold is chosen from."""
    part, allowed = train.fitting.searched, recipe.allow_sensitive
    return criteria_of(part, None, allow_sensitive=allowed, detail="many")


def _dated(
    train: Observation,
    recipe: Recipe,
    card: Scorecard,
    current: Scorecard | None,
    *,
    found: Sequence[Criterion],
) -> Scorecard | None:
    """Return a card of dated criteria alone: what was done, by when, not what a column says today.

    None where there is no time, nothing undated to do without, or too little dated: under
    `MIN_DATED` criteria. A card without undated rules is itself such a card.
    """
    if train.history.is_wide:
        return None
    dated = [rule for rule in found if not rule.fields]
    if len(dated) < MIN_DATED or len(dated) == len(found):
        return None
    if not card.fields:
        return card
    names = replace(names_in(train.fitting), columns=(), rules={}, levels={})
    alone = resolvable(recipe.constraints, names).model_copy(update={"max_change": None})
    return _fit(train, replace(recipe, constraints=alone), recipe.method, current, criteria=dated)


def _fit(
    train: Observation,
    recipe: Recipe,
    method: str,
    current: Scorecard | None = None,
    *,
    criteria: Sequence[Criterion],
) -> Scorecard:
    return fit_scorecard(
        train,
        method=method,
        max_criteria=recipe.max_criteria,
        criteria=criteria,
        pairs=recipe.pairs,
        scale=recipe.scale,
        current=current,
        allow_sensitive=recipe.allow_sensitive,
        constraints=recipe.constraints if method == recipe.method else None,
        confidence_level=recipe.confidence_level,
        intervals=False,
        rng=recipe.rng,
    )


def _cut(train: Observation, card: Scorecard, recipe: Recipe) -> int:
    """Choose the threshold on the training leads alone.

    Their scores are cross-fitted: the card's criteria, but points and expected rates from
    leads other than the one scored.
    """
    if card.is_empty:
        scores = card.score(train.fitting)
    else:
        scores = cross_fit_scores(
            train,
            method=recipe.method,
            max_criteria=recipe.max_criteria,
            pairs=recipe.pairs,
            criteria=[replace(line.criterion, source="given") for line in card.criteria],
            constraints=recipe.constraints,
            card=card,
            rng=recipe.rng,
        )
    return best_threshold(
        scores, Target(**recipe.figures), objective=recipe.objective, weeks=train.fitting.weeks
    )


def _has_seen(card: Scorecard, fold: Fold) -> bool:
    """Whether the card may know outcomes of the leads judged: it is not older than they are."""
    if fold.known_until is None or card.as_of is None:
        return True
    return card.as_of[:10] > fold.known_until
