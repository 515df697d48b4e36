"""A scorecard from an observation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.candidates import criteria_of
from calibrate.config import Constraints
from calibrate.criteria import Criterion
from calibrate.errors import ConfigError, did_you_mean
from calibrate.fitting.capped import within_caps
from calibrate.fitting.constrained import constrained_rules, constraints_for
from calibrate.fitting.constraints import Limits
from calibrate.fitting.curve import expected_rates
from calibrate.fitting.leads import Leads, leads_of
from calibrate.fitting.methods import METHODS
from calibrate.fitting.parsimony import auc_added
from calibrate.fitting.search import balanced_folds
from calibrate.fitting.wish import Weighted, Wish
from calibrate.lift import Lift, compare_chosen
from calibrate.observation import Sample
from calibrate.scorecard import Scorecard, ScoredCriterion
from calibrate.stats.intervals import wilson
from calibrate.stats.resampling import as_generator
from calibrate.stats.weighting import weighted_rate

if TYPE_CHECKING:
    from calibrate.observation import Observation

__all__ = ["cross_fit_scores", "fit_scorecard"]

SCALES = ("fit", "keep")
_DAY = dt.timedelta(days=1)
FEW_FOLDS = 2
STABLE = 0.8  # share of the resamples that choose a criterion again


def fit_scorecard(  # noqa: PLR0913 - what may be asked of a card, by its names
    obs: Observation,
    *,
    method: str = "logistic",
    max_criteria: int | str = 12,
    pairs: bool = True,
    criteria: Sequence[Criterion | dict[str, Any]] | Lift | None = None,
    scale: str | None = None,
    current: Scorecard | None = None,
    allow_sensitive: Collection[str] = (),
    constraints: Constraints | Mapping[str, Any] | None = None,
    name: str = "scorecard",
    confidence_level: float = 0.95,
    intervals: bool = True,
    rng: int | np.random.Generator = 0,
) -> Scorecard:
    """Turn the lift of criteria into whole-number points.

    Fitted on the leads of ``obs.fitting`` compared at their landmark, each with its weight.

    Parameters
    ----------
    obs : Observation
    method : {"logistic", "rate", "difference", "log_odds"}
        ``rate``: a criterion's conversion rate in percent where it raises conversion (36 %
        gives +36). ``difference``: percentage points above or below control where proven
        (+6). ``log_odds``: univariate log odds ratios, shrunken, on one scale.
        ``logistic``: one model of at most `max_criteria` criteria chosen and rounded
        together, so that what overlaps is counted once.
    max_criteria : int or "auto"
        A ceiling: the cross-validated loss decides below it. ``"auto"``: the fewest within
        one standard error of the best, at most 12.
    pairs : bool
        Whether ``logistic`` may join rules in pairs ("director and pricing page", or one
        without the other). They are kept only where they pay. Rules are joined, levels
        merged and cuts made ranges only among criteria found in the data, never given ones.
    criteria : sequence of Criterion or of rules, or Lift, optional
        What to choose from. Default: `propose_criteria`.
    scale : {"fit", "keep"}, optional
        ``fit``: the lowest and highest attainable scores are exactly 0 and 100.
        ``keep``: a score means what it means on the current card. Default: ``keep`` where
        there is a current card, else ``fit``. ``rate`` and ``difference`` have their own.
    current : Scorecard, optional
        The card in force.
    allow_sensitive : collection of str
        Attributes that are no criteria by default but wanted here.
    constraints : Constraints or mapping, optional
        What the card must keep to, whatever the data say (`Constraints`). With ``logistic`` only.
    name : str
    confidence_level : float
    intervals : bool
        Whether ``logistic`` resamples the leads for the intervals of base and points and for
        how often each criterion is chosen again; it takes most of the time.
    rng : int or numpy.random.Generator
        For folds, permutations and resamples.

    Returns
    -------
    Scorecard
        Empty, with a note, where nothing separates converted from lost leads.

    Raises
    ------
    ConfigError
        For an unknown method or scale, or `max_criteria` under 1.
    NotEnoughDataError
        Without leads, conversions, or leads that did not convert; or where under 10 % of the
        leads have been watched up to the horizon.
    """
    wish = _wish(method, max_criteria, scale, current, confidence_level)
    wish = replace(wish, pairs=pairs, with_intervals=intervals)
    given = _candidates(obs, criteria, allow_sensitive)
    leads, limits = _leads(obs.fitting, given, wish, constraints_for(constraints, method))
    wish, generator = replace(wish, limits=limits), as_generator(rng)
    choice = METHODS[method].choose(leads.searched, wish, generator)
    leads = leads.measured(choice.terms)
    weighted = METHODS[method].measure(leads, choice, wish, generator)
    return _card(leads, weighted, wish, name, method)


def cross_fit_scores(  # noqa: PLR0913 - as in fit_scorecard
    obs: Observation,
    *,
    method: str = "logistic",
    max_criteria: int | str = 12,
    pairs: bool = True,
    criteria: Sequence[Criterion | dict[str, Any]] | Lift | None = None,
    scale: str | None = None,
    current: Scorecard | None = None,
    allow_sensitive: Collection[str] = (),
    constraints: Constraints | Mapping[str, Any] | None = None,
    card: Scorecard | None = None,
    folds: int = 5,
    rng: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Score each lead by a card that was fitted without it.

    The leads of one contact stay together. Search, points and score-to-rate curve are
    repeated in every fold, so the scores rank no better than those of new leads would.

    Parameters
    ----------
    obs, method, max_criteria, pairs, criteria, scale, current, allow_sensitive, constraints, rng
        As in `fit_scorecard`.
    card : Scorecard, optional
        The card that `fit_scorecard` made of these leads with these options. Its scale and
        its number of criteria are taken over, so that a score means what it means on the
        card; which criteria, and their points, is searched in every fold all the same.
    folds : int
        Two at most where only some of the leads are searched (`Observation.searched`): half of
        so many tell as much.

    Returns
    -------
    DataFrame
        As `Scorecard.score` gives it, one row a lead of ``obs.fitting`` compared at its
        landmark; ``tier`` is None. At several landmarks a lead has a row for each, and
        ``weight`` is divided by their number: rows add up to the leads of an average landmark.
    """
    wish = _wish(method, max_criteria, scale, current)
    wish = replace(wish, pairs=pairs, with_intervals=False)
    given = _candidates(obs, criteria, allow_sensitive)
    leads, limits = _leads(obs.fitting, given, wish, constraints_for(constraints, method))
    leads, wish = leads.measured(()), replace(wish, limits=limits)
    if card is not None and not card.is_empty:
        wish = replace(
            wish,
            exactly=len(card.criteria),
            pairs=any("all" in line.criterion.when for line in card.criteria),
            shrinkage=card.shrinkage,
            scale="keep",
            current=card,
            sticky=False,
        )
    generator = as_generator(rng)
    folds = folds if leads.whole is None else min(folds, FEW_FOLDS)
    fold_of = balanced_folds(leads.all.keys, folds, generator)
    outside = [fold_of != fold for fold in range(folds)]
    choices = [METHODS[method].choose(leads.searched_in(rest), wish, generator) for rest in outside]
    leads = leads.measured(term for choice in choices for term in choice.terms)
    labels = np.asarray(leads.all.labels)
    rows = np.sort(labels)
    place = np.searchsorted(rows, labels)
    found: dict[str, NDArray[Any]] = {"weight": np.empty(len(rows))}
    found["weight"][place] = leads.all.weight / leads.all.n_strata
    for rest, choice in zip(outside, choices, strict=True):
        weighted = METHODS[method].measure(leads.rows(rest), choice, wish, generator)
        for name, values in _scored(leads, weighted, ~rest).items():
            column = found.setdefault(name, np.empty(len(rows), dtype=values.dtype))
            column[place[~rest]] = values
    del leads  # as large as the table of scores
    return _table_of_scores(obs.fitting, rows, found)


def _table_of_scores(
    obs: Observation, rows: NDArray[np.intp], found: Mapping[str, NDArray[Any]]
) -> pd.DataFrame:
    """Return the scores of some rows of an observation as `Scorecard.score` does; tier unknown."""
    columns: dict[str, Any] = {
        "lead_id": obs.rows["lead_id"].iloc[rows].array,
        "score": found["score"],
        "expected_rate": found["expected_rate"],
        "tier": np.full(len(rows), None, dtype=object),
        "fit": found["fit"],
        "engagement": found["engagement"],
    }
    outcomes = obs.outcomes
    columns |= {name: outcomes[name].iloc[rows].array for name in outcomes}
    columns["weight"] = found["weight"]
    return pd.DataFrame(columns, index=obs.rows.index[rows], copy=False)


def _wish(
    method: str,
    max_criteria: int | str,
    scale: str | None,
    current: Scorecard | None,
    confidence_level: float = 0.95,
) -> Wish:
    if method not in tuple(METHODS):
        raise ConfigError(
            f'unknown method "{method}"{did_you_mean(f"{method}", METHODS)}; '
            f"the methods are {', '.join(METHODS)}"
        )
    most: Any = max_criteria
    is_whole = isinstance(most, (int, np.integer)) and not isinstance(most, bool)
    if most != "auto" and not (is_whole and most >= 1):
        raise ConfigError(f'max_criteria is a number from 1 on or "auto", not {most!r}')
    if not (current is None or isinstance(current, Scorecard)):
        raise ConfigError(
            f"current is a Scorecard (Scorecard.from_json reads one), not {current!r}"
        )
    scale = scale or ("fit" if current is None else "keep")
    if scale not in SCALES:
        raise ConfigError(f'unknown scale "{scale}"; the scales are fit and keep')
    return Wish(
        max_criteria=int(most) if is_whole else most,
        scale=scale,
        current=current,
        confidence_level=confidence_level,
    )


def _candidates(
    obs: Observation,
    criteria: Sequence[Criterion | dict[str, Any]] | Lift | None,
    allow_sensitive: Collection[str],
) -> tuple[Criterion, ...]:
    given = criteria.criteria if isinstance(criteria, Lift) else criteria
    searched = obs.fitting.searched
    return criteria_of(searched, given, allow_sensitive=allow_sensitive, detail="many")


def _leads(
    obs: Observation, rules: Sequence[Criterion], wish: Wish, constraints: Constraints
) -> tuple[Leads, Limits | None]:
    rules, limits = constrained_rules(obs, rules, constraints, current=wish.current, most=wish.most)
    return leads_of(obs, rules), limits


def _raw_scores(leads: Leads, weighted: Weighted) -> NDArray[np.int64]:
    groups = within_caps(leads.combined(weighted.terms), weighted.points, weighted.caps)
    return np.asarray(weighted.base + sum(groups.values()), dtype=np.int64)


def _scored(leads: Leads, weighted: Weighted, held: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Score the held-out leads by points fitted on the others."""
    raw = _raw_scores(leads, weighted)
    score, bare = np.clip(raw, 0, 100), leads.all.columns([])
    curve = expected_rates(score[~held], bare.rows(~held), shrinkage=weighted.shrinkage)
    part = leads.combined(weighted.terms).rows(held)
    groups = within_caps(part, weighted.points, weighted.caps)
    rate = np.asarray(curve["rate"])[score[held]]
    return {"score": score[held], "expected_rate": rate, **groups}


def _card(leads: Leads, weighted: Weighted, wish: Wish, name: str, method: str) -> Scorecard:
    obs, sample = leads.obs, leads.all.columns([])
    raw = _raw_scores(leads, weighted)
    clipped = float(((raw < 0) | (raw > 100)).mean())
    notes = (*weighted.notes, *_unstable(leads, weighted))
    if obs.parts:
        days = ", ".join(f"{part.observation_window / _DAY:g}" for part in obs.parts)
        notes = (*notes, f"learned from each lead at several ages ({days} days), counted at each")
    if clipped:
        notes = (*notes, f"{clipped:.1%} of the leads it was fitted on are clipped to 0 or 100")
    period, as_of = obs.period, obs.history.as_of
    dated = period.start is not None and period.end is not None
    return Scorecard(
        name=name,
        period=(_day(period.start), _day(period.end)) if dated else None,
        as_of=None if as_of is None else _day(as_of),
        method=method,
        control=_control(sample, wish.confidence_level),
        base=weighted.base,
        base_ci=weighted.base_interval,
        criteria=_lines(leads, weighted, wish),
        expected_rate=expected_rates(
            np.clip(raw, 0, 100),
            sample,
            shrinkage=weighted.shrinkage,
            confidence_level=wish.confidence_level,
        ),
        shrinkage=weighted.shrinkage,
        caps=dict(weighted.caps),
        notes=notes,
        _parsimony=weighted.parsimony,
    )


def _lines(leads: Leads, weighted: Weighted, wish: Wish) -> tuple[ScoredCriterion, ...]:
    if not weighted.terms:
        return ()
    part = leads.combined(weighted.terms)
    looked_at = weighted.looked_at or (None,) * len(weighted.points)
    table = compare_chosen(part, looked_at, confidence_level=wish.confidence_level)
    intervals = weighted.intervals or (None,) * len(weighted.points)
    selection = weighted.selection or ((None, None),) * len(weighted.points)
    added = auc_added(part, weighted.points)
    lines = [
        ScoredCriterion(
            criterion=rule,
            points=points,
            points_ci=interval,
            n=int(row.n),
            lift=float(row.lift) if np.isfinite(row.lift) else None,
            lift_ci=_interval(float(row.lift_ci_lower), float(row.lift_ci_upper)),
            selection_frequency=again,
            attribute_frequency=alike,
            auc_added=more,
            n_looked_at=among,
        )
        for rule, points, interval, (again, alike), more, among, row in zip(
            part.criteria,
            weighted.points,
            intervals,
            selection,
            added,
            looked_at,
            table.itertuples(),
            strict=True,
        )
    ]
    return tuple(sorted(lines, key=lambda line: (line.criterion.group != "fit", -line.points)))


def _interval(lower: float, upper: float) -> tuple[float, float] | None:
    return (lower, upper) if np.isfinite([lower, upper]).all() else None


def _unstable(leads: Leads, weighted: Weighted) -> tuple[str, ...]:
    """Say which rules the search often leaves out when it is repeated on resampled leads."""
    said = [
        f'"{rule.name}" ({again:.0%}; some rule about the same {alike:.0%})'
        for rule, (again, alike) in zip(
            leads.combined(weighted.terms).criteria, weighted.selection or (), strict=False
        )
        if again < STABLE
    ]
    if not said:
        return ()
    return (f"unstable, chosen again in under 80 of 100 resamples: {', '.join(said)}",)


def _control(sample: Sample, confidence_level: float) -> dict[str, Any]:
    """Return the conversion rate of the leads at their (first) landmark, each counted once."""
    if sample.stratum is not None:
        sample = sample.rows(sample.stratum == 0)
    found = weighted_rate(sample.converted, sample.weight, sample.cluster)
    effective = found.n_effective
    lower, upper = wilson(found.rate * effective, effective, confidence_level=confidence_level)
    return {
        "rate": found.rate,
        "rate_ci": [float(lower), float(upper)],
        "n": sample.n,
        "n_converted": sample.n_converted,
        "n_effective": effective,
        "method": "cohort" if bool((sample.weight == 1).all()) else "adjusted",
    }


def _day(moment: Any) -> str:
    text = str(moment.isoformat())
    return text.removesuffix("T00:00:00")
