"""The walk through the quarters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from calibrate.backtest.folds import (
    Fold,
    fold_or_reason,
    latest_of,
    quarters_of,
    resolve,
    stratified_folds,
    waiting_of,
)
from calibrate.backtest.hand_made import HandMadeCard, hand_made_card
from calibrate.backtest.judging import (
    differences_of,
    figures_of,
    pooled_differences,
    pooled_figures,
)
from calibrate.backtest.rivals import Ranking, Recipe, rankings
from calibrate.backtest.values import (
    CARDS,
    DIFFERENCE_COLUMNS,
    MISSED_COLUMNS,
    POOLED_COLUMNS,
    TABLE_COLUMNS,
    Backtest,
)
from calibrate.config import Constraints, HandMade, Period
from calibrate.errors import NotEnoughDataError
from calibrate.history import History
from calibrate.observation import Span
from calibrate.scorecard import Scorecard

__all__ = ["backtest"]

Judged = tuple[str, list[Ranking]]
N_MISSED = 3


def backtest(  # noqa: PLR0913 - the settings of a fit and of a threshold, by their names
    history: History,
    *,
    periods: Sequence[str | Period | tuple[object, object]] | None = None,
    train_quarters: int = 4,
    n_quarters: int | None = None,
    walk_forward: bool = True,
    current: Scorecard | None = None,
    hand_made: HandMade | HandMadeCard | Mapping[str, Any] | None = None,
    method: str = "logistic",
    max_criteria: int | str = 12,
    pairs: bool = True,
    scale: str | None = None,
    allow_sensitive: Collection[str] = (),
    constraints: Constraints | Mapping[str, Any] | None = None,
    observation_window: Span = "auto",
    horizon: Span = "auto",
    early: str = "landmark",
    maturity: str = "weight",
    lookback: Span = "90D",
    snapshots: Sequence[Span] | None = None,
    objective: str | None = None,
    value: float | None = None,
    cost: float | None = None,
    capacity: float | None = None,
    beta: float = 1.0,
    precision: float | None = None,
    recall: float | None = None,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Backtest:
    """Fit the card anew for each past quarter and judge it on what that quarter brought.

    Parameters
    ----------
    history : History
    periods : sequence of periods, optional
        Quarters to be judged; default every complete quarter of the history.
    train_quarters : int, default 4
        Quarters before each that its card is fitted on.
    n_quarters : int, optional
        Of those that can be judged only so many, the latest; default all of them.
    walk_forward : bool, default True
        False: each card knows all that is known today of the leads before its quarter, and
        quarters too young to be judged are judged by weights. Where no quarter can be judged
        yet this tells something, but it is no proof: periods are labelled
        "(not walk-forward)", and the gate does not promote on them.
    current : Scorecard, optional
        The card in force, judged on the same leads.
    hand_made : mapping of rule to points, or HandMade, optional
        Points in use that people agreed on, judged on the same leads.
    method, max_criteria, pairs, scale, allow_sensitive, constraints
        As for `fit_scorecard`; every card that is fitted anew keeps to the constraints.
    observation_window, horizon, early, lookback
        As for `observe`; ``"auto"`` is resolved once, from the whole history.
    maturity, snapshots
        As for `observe`, of the leads that each card is fitted on.
    objective, value, cost, capacity, beta, precision, recall
        As for `choose_thresholds`.
    confidence_level : float, default 0.95
        Of the intervals; also as for `fit_scorecard`.
    rng : int or Generator, default 0

    Returns
    -------
    Backtest

    Notes
    -----
    For a quarter the card knows what the history knew on its first day, ``history.at(first
    day)``: outcomes unknown then stay unknown, and leads whose outcome was known stand in for
    those too young for it (``maturity="weight"``; ``"drop"``: for none). Where the current
    card existed by then, the card is fitted to follow it, as in a run; else with a scale of its
    own. Its threshold is chosen on those leads too, scored by cross-fitting. It is judged on
    the quarter's own leads at their own landmark, by their outcome as known today, once the
    last of them is mature. A quarter before which fewer than
    50 conversions or 20 % mature leads were known is listed in `Backtest.skipped`.

    The rivals are judged on the same leads, at the candidate's volume where they have no
    threshold: ``current`` (in-sample in quarters that began before its as_of), the ``rate``
    card, ``newest`` (the lead created last comes first; not where young leads are stood in
    for), ``equal`` (no order at all) and ``gradient_boosting``.

    ``dated`` is the candidate made of activities alone, where there are at least three such
    criteria and others beside: columns of leads are known as they stood at the export, so
    that of the two AUCs this one owes nothing to what was filled in later. ``hand_made`` is
    the sum of the points given, cut at their own threshold.

    A table without dates is judged in five stratified folds, ``fold 1`` to ``fold 5``.
    """
    recipe = Recipe(
        hand_made=hand_made_card(history, hand_made),
        method=method,
        max_criteria=max_criteria,
        pairs=pairs,
        scale=scale,
        allow_sensitive=tuple(allow_sensitive),
        constraints=Constraints.of(constraints),
        confidence_level=confidence_level,
        objective=objective,
        figures={
            "value": value,
            "cost": cost,
            "capacity": capacity,
            "beta": beta,
            "precision": precision,
            "recall": recall,
        },
        rng=rng,
    )
    windows = resolve(
        history,
        observation_window,
        horizon,
        early=early,
        lookback=lookback,
        maturity=maturity,
        snapshots=snapshots,
    )
    folds: Iterable[tuple[str, Fold | str]]
    quarters: list[Period] = []
    if history.is_wide:
        whole = windows.to_fit(history, Period())
        folds = ((fold.label, fold) for fold in stratified_folds(whole, rng))
    else:
        quarters = quarters_of(history, periods)
        known = history.as_of if walk_forward else None
        quarters = latest_of(quarters, n_quarters, windows, as_of=known)
        folds = (
            (
                quarter.label,
                fold_or_reason(
                    history, quarter, windows, train_quarters, walk_forward=walk_forward
                ),
            )
            for quarter in quarters
        )
    judged, skipped = _judge(folds, recipe, current)
    return _answer(
        judged,
        skipped,
        confidence_level,
        is_walk_forward=walk_forward or history.is_wide,
        waiting=waiting_of(history, quarters, windows),
    )


def _judge(
    folds: Iterable[tuple[str, Fold | str]], recipe: Recipe, current: Scorecard | None
) -> tuple[list[Judged], list[tuple[str, str]]]:
    judged: list[Judged] = []
    skipped: list[tuple[str, str]] = []
    contacts: dict[str, int] = {}
    for label, fold in folds:
        if isinstance(fold, str):
            skipped.append((label, fold))
            continue
        try:
            judged.append((fold.label, list(rankings(fold, recipe, current, contacts))))
        except NotEnoughDataError as error:
            skipped.append((label, f"not enough known: {error}"))
    return judged, skipped


def _answer(
    judged: list[Judged],
    skipped: list[tuple[str, str]],
    confidence_level: float,
    *,
    is_walk_forward: bool,
    waiting: tuple[tuple[str, str], ...],
) -> Backtest:
    rows, compared = [], []
    for label, entered in judged:
        candidate = entered[0]
        volume = None
        for ranking in entered:
            row = figures_of(label, ranking, volume=volume, confidence_level=confidence_level)
            volume = row["volume"] if volume is None else volume
            rows.append(row)
        compared += [
            differences_of(label, candidate, rival, confidence_level=confidence_level)
            for rival in entered[1:]
        ]
    differences = [part.row for part in compared]
    differences += pooled_differences(compared, confidence_level)
    scores = [ranked[0].scores.assign(period=label) for label, ranked in judged]
    return Backtest(
        confidence_level=confidence_level,
        is_walk_forward=is_walk_forward,
        waiting=waiting,
        _table=pd.DataFrame(rows, columns=list(TABLE_COLUMNS)),
        _skipped=pd.DataFrame(skipped, columns=["period", "reason"]),
        _missed=_missed(scores),
        _differences=pd.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
        _pooled=_pooled(judged, confidence_level),
        _scores=pd.concat(scores, ignore_index=True) if scores else pd.DataFrame(),
    )


def _pooled(judged: list[Judged], confidence_level: float) -> pd.DataFrame:
    rows = []
    for card in CARDS:
        fresh = [
            ranking
            for _, entered in judged
            for ranking in entered
            if ranking.card == card and not ranking.in_sample
        ]
        if fresh:
            rows.append(pooled_figures(card, fresh, confidence_level=confidence_level))
    return pd.DataFrame(rows, columns=list(POOLED_COLUMNS))


def _missed(scores: list[pd.DataFrame]) -> pd.DataFrame:
    """Return what did not work: wins that were expected least, losses expected most."""
    if not scores:
        return pd.DataFrame(columns=list(MISSED_COLUMNS))
    together = pd.concat(scores, ignore_index=True)
    # of equal ones the first by id: the order of the file decides nothing
    together = together.sort_values("lead_id", key=lambda ids: ids.astype(str), kind="stable")
    won = together[together["converted"]].sort_values("expected_rate", kind="stable")
    lost = together[~together["converted"]].sort_values(
        "expected_rate", ascending=False, kind="stable"
    )
    parts: list[tuple[str, Any]] = [("win scored lowest", won), ("loss scored highest", lost)]
    found = [part.head(N_MISSED).assign(what=what) for what, part in parts]
    return pd.concat(found, ignore_index=True)[list(MISSED_COLUMNS)]
