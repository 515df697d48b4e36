"""Criteria proposed from the data, without looking at the outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from calibrate.candidates.activities import ActivityLog, activity_candidates, measures_wanted
from calibrate.candidates.candidate import Candidate, Extent, Leads
from calibrate.candidates.cuts import apart
from calibrate.candidates.details import LogFacts, log_facts
from calibrate.candidates.levels import column_candidates
from calibrate.candidates.narrowing import at_most, without_repeats
from calibrate.candidates.shares import share_candidates
from calibrate.criteria import Criterion, Measure, as_criterion
from calibrate.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from calibrate.observation import Observation

__all__ = ["criteria_of", "propose_criteria"]

MIN_LEADS = 20  # with fewer leads on one side nothing can be said about a criterion
CEILING = {"few": 250, "many": 500}
DETAIL_COUNTS = (1, 3)
_DAY = dt.timedelta(days=1)


def propose_criteria(
    obs: Observation,
    *,
    allow_sensitive: Collection[str] = (),
    min_leads: int = MIN_LEADS,
    detail: str = "few",
) -> tuple[Criterion, ...]:
    """Return yes/no rules for every attribute and activity of an observation.

    Parameters
    ----------
    obs : Observation
    allow_sensitive : collection of str
        Attributes that are no criteria by default (age, owner, ...) but wanted here.
    min_leads : int
        A rule needs as many leads that meet it, and as many that do not.
    detail : {"few", "many"}
        ``few``: what a person can read, at most 250. ``many``: for a search, at most 500.

    Returns
    -------
    tuple of Criterion
        ``source="found"``; columns as in the data, then activities by frequency. In brackets
        what only ``many`` has.

        - A category: its 30 (100) most frequent levels, different spellings by capitals and
          spaces as one; the levels of under `min_leads` leads together, where at most 40 (else
          "none of the others", where those are at most 40); "not filled in". A yes/no column
          gives yes only.
        - A number: round cuts at its deciles, or every value where it has at most 10 (20; every
          5 % and the outer 1 and 2 %; after a frequent value; at most 20); "not filled in".
        - An activity: 1, 2, 3, 4, 5, 7, 10 ... times; where its events carry values, the
          quartiles (and the outer tenths) of their totals above 0; within the last 90, 30, 14,
          7, 3, 1 days, at most two of them (all) where the leads differ clearly; (several times
          within 30 or 7 days; on 2, 3, 5 days; and nothing but this activity;) its 3 (8) most
          common details, such as the page of a page view.
        - A share of one activity by another, where the one hardly comes without the other: at
          most 4 (15) pairs.

    Raises
    ------
    ConfigError
        For another `detail`.

    Notes
    -----
    No outcome is looked at. Rules met by the same leads, or by exactly those who do not meet a
    simpler one, are left out: levels, cuts and "any" are simplest, then lists of levels and "so
    many times", "not filled in", totals, days back, details, days with an event, shares and
    "nothing but", rules of rules. Where there are too many, each column and activity keeps those
    it has first: frequent levels, cuts near the median, "any" before "often", "often" before
    "lately".
    """
    if detail not in CEILING:
        raise ConfigError(
            f'detail "{detail}" must be few or many{did_you_mean(str(detail), tuple(CEILING))}'
        )
    leads, extent = Leads.of(obs), Extent(min_leads=max(min_leads, 1), many=detail == "many")
    found: list[Candidate] = []
    for attribute in obs.attributes:
        if attribute.excluded is None or attribute.name in allow_sensitive:
            found += column_candidates(attribute, leads, extent)
    if obs.activities:
        found += _of_the_log(leads, extent)
    chosen = at_most(without_repeats(found, leads.n), CEILING[detail])
    return tuple(_named(chosen))


def criteria_of(
    obs: Observation,
    criteria: Sequence[Criterion | Mapping[str, Any]] | None,
    *,
    allow_sensitive: Collection[str] = (),
    detail: str = "few",
) -> tuple[Criterion, ...]:
    """Return the criteria given, or those proposed from the data where none are.

    Parameters
    ----------
    obs : Observation
    criteria : sequence of Criterion or of rules, or None
    allow_sensitive : collection of str
        Passed to `propose_criteria`.
    detail : {"few", "many"}
        Passed to `propose_criteria`.
    """
    if criteria is None:
        return propose_criteria(obs, allow_sensitive=allow_sensitive, detail=detail)
    engagement = [a.name for a in obs.attributes if a.group == "engagement"]
    return tuple(as_criterion(rule, engagement_fields=engagement) for rule in criteria)


def _of_the_log(leads: Leads, extent: Extent) -> list[Candidate]:
    """Return the rules about activities; the log is asked once for all of them."""
    obs, names = leads.obs, leads.obs.activities
    facts = log_facts(obs, extent)
    reach = 0.0 if obs.history.is_wide else (obs.observation_window + obs.lookback) / _DAY
    wanted = measures_wanted(names, facts.with_values, reach, extent)
    wanted += [Measure(name, detail=pattern) for name, pattern in facts.patterns]
    features = obs.features(wanted)
    measures = {measure: leads.numbers(features[measure.column]) for measure in wanted}
    measures |= {Measure(name): leads.numbers(obs.rows[name]) for name in names}
    if extent.many and facts.is_whole:  # else "nothing but" would rest on what is kept out
        measures[Measure(None)] = np.sum([measures[Measure(name)] for name in names], axis=0)
    log = ActivityLog(measures=measures, reach=reach, n=leads.n)
    found = []
    for name in names:
        found += activity_candidates(name, log, extent)
        found += _with_details(name, log, facts, extent)
    return [*found, *share_candidates(names, [measures[Measure(name)] for name in names], extent)]


def _with_details(
    activity: str, log: ActivityLog, facts: LogFacts, extent: Extent
) -> Iterator[Candidate]:
    n_doers = int((log.measures[Measure(activity)] >= 1).sum())
    patterns = [pattern for name, pattern in facts.patterns if name == activity]
    for rank, pattern in enumerate(patterns):
        counts, told = log.measures[Measure(activity, detail=pattern)], [n_doers]
        for k in DETAIL_COUNTS if extent.many else DETAIL_COUNTS[:1]:
            met = counts >= k
            n_met = int(met.sum())
            if extent.allows(n_met, log.n) and apart(n_met, told, log.n):
                told.append(n_met)
                when = {"activity": activity, "detail": pattern, "at_least": k}
                yield Candidate(
                    when=when, group="engagement", n_met=n_met, rank=2 + rank, flags=met.copy
                )


def _named(candidates: Sequence[Candidate]) -> Iterator[Criterion]:
    """Yield the criteria, each with a name of its own."""
    seen: dict[str, int] = {}
    for candidate in candidates:
        criterion = as_criterion(candidate.when)
        times = seen[criterion.name] = seen.get(criterion.name, 0) + 1
        name = criterion.name if times == 1 else f"{criterion.name} ({times})"
        yield replace(criterion, name=name, group=candidate.group, source="found")
