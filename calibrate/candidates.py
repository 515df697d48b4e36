"""Criteria proposed from the data, without looking at the outcome.

Because no outcome is looked at, every proposed criterion can be measured on the very
leads it was proposed from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria import Criterion, Measure, as_criterion

if TYPE_CHECKING:
    from calibrate.history import Attribute
    from calibrate.observation import Observation

__all__ = ["criteria_of", "criterion_block", "is_level", "propose_criteria"]

MIN_LEADS = 20  # with fewer leads on one side nothing can be said about a criterion
MAX_LEVELS = 30  # levels of one column that get a criterion of their own
YES = {"yes", "y", "true", "t", "1", "on", "si", "sì", "ja", "oui"}
NO = {"no", "n", "false", "f", "0", "off", "nein", "non"}
MAX_POOLED = 40  # rare levels that one criterion can list and a person still read
QUANTILES = np.arange(1, 10) / 10
QUARTILES = np.array([0.25, 0.5, 0.75])
MIN_SIZES = 5  # fewer distinct totals are counts in disguise
COUNT_CUTS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)
MOVED_SHARE = 0.02  # leads that rounding a cut may move across it
DISTINCT_SHARE = 0.8  # a further cut must leave at most this share of the leads of the last


def propose_criteria(
    obs: Observation,
    *,
    allow_sensitive: Collection[str] = (),
    min_leads: int = MIN_LEADS,
) -> tuple[Criterion, ...]:
    """Return yes/no rules for every attribute and activity of an observation.

    Parameters
    ----------
    obs : Observation
    allow_sensitive : collection of str
        Attributes that are no criteria by default (age, owner, ...) but wanted here.
    min_leads : int
        A rule needs as many leads that meet it, and as many that do not.

    Returns
    -------
    tuple of Criterion
        ``source="found"``. For a category its levels, rare ones pooled, and "not filled
        in"; for a number readable cuts at its deciles, and "not filled in"; for an
        activity counts of 1, 2, 3, 4, 5, 7, 10 ... and, where its events carry values,
        the quartiles of their totals above 0. A yes/no column gives yes only: no is its
        opposite. Order: columns as in the data, then activities by frequency.
    """
    leads = obs.at_landmark
    found: list[Criterion] = []
    for attribute in obs.attributes:
        if attribute.excluded is None or attribute.name in allow_sensitive:
            rules = _attribute_rules(attribute, leads[attribute.name], min_leads)
            found.extend(_named(rules, attribute.group))
    totals = obs.features(Measure(name, statistic="total") for name in obs.activities)
    for activity in obs.activities:
        counts = np.asarray(leads[activity], dtype=float)
        cuts = _distinct_cuts(counts, COUNT_CUTS, min_leads)
        counted = [{"activity": activity, "at_least": int(cut)} for cut in cuts]
        total = np.asarray(totals.loc[leads.index, Measure(activity, statistic="total").column])
        cuts = _distinct_cuts(total, _positive_cuts(total), min_leads)
        counted += [{"activity": activity, "total": cut} for cut in cuts]
        found.extend(_named(counted, "engagement"))
    return tuple(found)


def criteria_of(
    obs: Observation,
    criteria: Sequence[Criterion | Mapping[str, Any]] | None,
    *,
    allow_sensitive: Collection[str] = (),
) -> tuple[Criterion, ...]:
    """Return the criteria given, or those proposed from the data where none are.

    Parameters
    ----------
    obs : Observation
    criteria : sequence of Criterion or of rules, or None
    allow_sensitive : collection of str
        Passed to `propose_criteria`.
    """
    if criteria is None:
        return propose_criteria(obs, allow_sensitive=allow_sensitive)
    engagement = [a.name for a in obs.attributes if a.group == "engagement"]
    return tuple(as_criterion(rule, engagement_fields=engagement) for rule in criteria)


def criterion_block(criterion: Criterion) -> tuple[str, ...]:
    """Return what a criterion is about; criteria with the same answer are one attribute.

    Returns
    -------
    tuple of str
        Sorted names of its columns and activities.
    """
    columns = [f"field {name}" for name in criterion.fields]
    return tuple(sorted({*columns, *(f"activity {m.activity}" for m in criterion.measures)}))


def is_level(criterion: Criterion) -> bool:
    """Whether a criterion is a level of a column: its levels exclude each other, cuts nest."""
    return "in" in criterion.when or "missing" in criterion.when


def _named(rules: Iterable[Mapping[str, Any]], group: str) -> Iterator[Criterion]:
    for when in rules:
        yield replace(as_criterion(when), group=group, source="found")


def _attribute_rules(
    attribute: Attribute, column: pd.Series, min_leads: int
) -> list[dict[str, Any]]:
    name, n = attribute.name, len(column)
    n_missing = int(column.isna().sum())
    if attribute.kind == "number":
        values = np.asarray(column, dtype=float)
        cuts = _distinct_cuts(values, _number_cuts(values), min_leads)
        rules: list[dict[str, Any]] = [{"field": name, "at_least": cut} for cut in cuts]
    else:
        rules = _level_rules(name, column.dropna(), min_leads, n)
    if min_leads <= n_missing <= n - min_leads and not _is_opposite(rules, column):
        rules.append({"field": name, "missing": True})
    return rules


def _level_rules(name: str, values: pd.Series, min_leads: int, n: int) -> list[dict[str, Any]]:
    counts = values.value_counts(sort=False)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    common = [level for level, count in ordered[:MAX_LEVELS] if count >= min_leads]
    rare = [(level, count) for level, count in ordered if level not in set(common)]
    rules: list[dict[str, Any]] = [
        {"field": name, "in": [level]} for level in common if n - counts[level] >= min_leads
    ]
    if len(ordered) == 2 and len(values) == n:
        said = [str(level).strip().casefold() for level, _ in ordered]
        if said[0] in NO and said[1] in YES:
            return rules[1:]
        if said[1] in NO and said[0] in YES:
            return rules[:1]
    if 1 < len(rare) <= MAX_POOLED and sum(count for _, count in rare) >= min_leads:
        rules.append({"field": name, "in": sorted(str(level) for level, _ in rare)})
    return rules


def _is_opposite(rules: Sequence[Mapping[str, Any]], column: pd.Series) -> bool:
    """Whether "not filled in" only says again what the column's single rule says."""
    if len(rules) != 1:
        return False
    met = as_criterion(rules[0]).meets(column.to_frame())
    return bool((met == np.asarray(column.notna())).all())


def _number_cuts(values: NDArray[np.float64]) -> list[float]:
    known = values[np.isfinite(values)]
    if known.size == 0:
        return []
    distinct = np.unique(known)
    if distinct.size <= len(QUANTILES) + 1:
        return [float(value) for value in distinct[1:]]
    cuts = {_readable(float(cut), known) for cut in np.quantile(known, QUANTILES)}
    if distinct[0] == 0:
        cuts.add(float(distinct[1]) if distinct[1] >= 1 else _readable(float(distinct[1]), known))
    return sorted(cut for cut in cuts if cut > distinct[0])  # the lowest says "filled in"


def _positive_cuts(values: NDArray[np.float64]) -> list[float]:
    """Return readable cuts at the quartiles of what is above 0, if its size says anything."""
    positive = values[values > 0]
    if np.unique(positive).size < MIN_SIZES:
        return []
    return [_readable(float(cut), positive) for cut in np.quantile(positive, QUARTILES)]


def _readable(cut: float, known: NDArray[np.float64]) -> float:
    """Round to the fewest digits that move at most 2 % of the leads across the cut."""
    above = (known >= cut).mean()
    for digits in range(1, 8):
        rounded = float(f"{cut:.{digits}g}")
        if abs((known >= rounded).mean() - above) <= MOVED_SHARE:
            return rounded
    return cut


def _distinct_cuts(
    values: NDArray[np.float64], cuts: Iterable[float], min_leads: int
) -> list[float]:
    """Keep the cuts that split the leads, each clearly differently from the last."""
    kept: list[float] = []
    last = len(values) - min_leads + 0.5
    for cut in sorted(cuts):
        n_met = int((values >= cut).sum())
        if min_leads <= n_met < last:
            kept.append(int(cut) if cut == int(cut) else cut)
            last = n_met * DISTINCT_SHARE + 1
    return kept
