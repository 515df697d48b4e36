"""The lift table of an observation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate import display
from calibrate.candidates import CEILING, criteria_of
from calibrate.criteria import Criterion
from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.lift.adjusted import adjusted_odds, shrunken_rates
from calibrate.lift.compare import compare_rates
from calibrate.lift.found import CHOSEN, COUNTED_BY, found_rows
from calibrate.lift.sides import sides_of
from calibrate.observation import require_follow_up, sample_of
from calibrate.stats.intervals import wilson

if TYPE_CHECKING:
    from calibrate.observation import Observation, Sample
    from calibrate.scorecard import Scorecard
    from calibrate.stats.intervals import Interval

__all__ = ["LIFT_COLUMNS", "Lift", "measure_lift"]

LIFT_COLUMNS = (
    "criterion",
    "group",
    "source",
    "n",
    "n_converted",
    "n_without",
    "n_converted_without",
    "n_effective",
    "lead_share",
    "converted_share",
    "not_converted_share",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
    "control_rate",
    "lift",
    "lift_ci_lower",
    "lift_ci_upper",
    "difference",
    "difference_ci_lower",
    "difference_ci_upper",
    "rate_without",
    "relative_risk",
    "relative_risk_ci_lower",
    "relative_risk_ci_upper",
    "odds_ratio_adjusted",
    "odds_ratio_adjusted_ci_lower",
    "odds_ratio_adjusted_ci_upper",
    "shrunken_rate",
    "p_value",
    "q_value",
    "verdict",
    "reason",
    "confidence_level",
)
OVERLAP = 0.3  # correlation from which a criterion counts as told by another


@dataclass(frozen=True, eq=False, kw_only=True)
class Lift:
    """Conversion lift, one row a criterion.

    Attributes
    ----------
    criteria : tuple of Criterion
        In the order of the table.
    n, n_converted : int
        Leads measured, and those of them that converted.
    control_rate, control_rate_ci_lower, control_rate_ci_upper : float
        Conversion rate of the same leads, with Wilson's interval at their effective number.
    confidence_level : float
    """

    criteria: tuple[Criterion, ...]
    n: int
    n_converted: int
    control_rate: float
    control_rate_ci_lower: float
    control_rate_ci_upper: float
    confidence_level: float
    _table: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a criterion; columns as `measure_lift` describes them."""
        return self._table.copy()

    def with_card(
        self,
        card: Scorecard,
        obs: Observation,
        *,
        leaks: Collection[str] = (),
        constrained: Collection[str] = (),
        n_searched: int = CEILING["many"],
    ) -> Lift:
        """Return the table with the rules of a card, and why other criteria have no points.

        Rules of the card that the table does not have are added, with ``source`` *found* and the
        ``reason`` *chosen among* so many rules: merged levels, ranges and pairs, which the
        search made, and single rules from a longer list than that of the table.

        Parameters
        ----------
        card : Scorecard
        obs : Observation
            Of which the table is.
        leaks : collection of str
            Columns and activities that tell the outcome.
        constrained : collection of str
            Criteria that constraints keep from having points (`barred_criteria`).
        n_searched : int
            Single rules that the search of the card had before it; the default is the most
            that `propose_criteria` gives.

        Returns
        -------
        Lift
            A proven criterion outside the card is *counted by* the rule of the card that holds
            its level, or that the same leads meet (correlation of the two of at least 0.3), or
            else *not worth a rule* beside those chosen. One that rests on `leaks` is a *leak*;
            of one among `constrained` the reason is the *constraint*.

        Notes
        -----
        The added rows are measured on the same leads as the others, on which the search chose
        them too: ``n``, ``rate`` and ``lift`` say what these leads did, and new leads will show
        somewhat less. What looking costs is in the rest: for a rule that the search made, with M
        among which it could have chosen (`ScoredCriterion.n_looked_at`), ``p_value`` is M times
        as large and intervals have the level ``1 - 0.05 / M``, so that they hold whichever of the
        M was chosen. A single rule has its own p and intervals, like every row, as no outcome
        was looked at to propose it. ``q_value`` and ``verdict`` follow from p beside all that was
        looked at (`calibrate.lift.found.found_rows`). Where what a rule is worth on other leads
        is asked, the backtest answers.
        """
        n_own = int((~self._table["reason"].str.startswith(CHOSEN)).sum())
        own, table = self.criteria[:n_own], self.table.iloc[:n_own]
        scored = [line.criterion for line in card.criteria if line.points]
        reasons = _reasons_beside(own, scored, obs.fitting.searched) if scored else {}
        for row, criterion in enumerate(own):
            if any(criterion.when == rule.when for rule in scored):
                table.loc[row, "reason"] = ""
            elif table.loc[row, "verdict"] in {"raises", "lowers"}:
                held = "constraint" if criterion.name in constrained else "not worth a rule"
                told = held if criterion.name in constrained else reasons.get(row, held)
                table.loc[row, "reason"] = told
            if criterion.rests_on(leaks):
                table.loc[row, "reason"] = "leak"
        rules, found = self._added(card, own, table, obs, max(n_searched, n_own))
        return replace(self, criteria=(*own, *rules), _table=pd.concat([table, *found], axis=0))

    def _added(
        self,
        card: Scorecard,
        own: Sequence[Criterion],
        table: pd.DataFrame,
        obs: Observation,
        n_searched: int,
    ) -> tuple[tuple[Criterion, ...], list[pd.DataFrame]]:
        """Return the rules of a card that are not in the table, and their rows."""
        lines = [
            line
            for line in card.criteria
            if not any(line.criterion.when == rule.when for rule in own)
        ]
        if not lines:
            return (), []
        rules = tuple(line.criterion for line in lines)
        fitting = obs.fitting
        # Weighted given all of them, as the table's own rows are, unless leads are too many.
        beside = own if fitting.searched is fitting else ()
        sample = sample_of(fitting, (*beside, *rules))
        rows = found_rows(
            sample.columns(range(len(beside), len(sample.criteria))),
            [line.n_looked_at for line in lines],
            table["p_value"].to_numpy(dtype=float),
            n_searched=n_searched,
            confidence_level=self.confidence_level,
        )
        index = pd.RangeIndex(len(table), len(table) + len(rows))
        return rules, [rows[list(LIFT_COLUMNS)].set_axis(index)]

    def _repr_html_(self) -> str:
        shown = ["criterion", "n", "n_converted", "rate", "rate_ci_lower", "rate_ci_upper"]
        shown += ["lift", "lift_ci_lower", "lift_ci_upper", "verdict", "reason"]
        rate = display.format_value("rate", self.control_rate)
        caption = f"{self.n_converted:,} of {self.n:,} leads converted: control rate {rate}"
        level = display.format_value("confidence_level", self.confidence_level)
        notes = [f"In brackets: interval at {level.replace('.0%', '%')}."]
        is_proven = self._table["verdict"].isin(["raises", "lowers"])
        best_first = self._table.assign(proven=is_proven).sort_values(
            ["proven", "lift"], ascending=False, kind="stable"
        )
        return display.html_table(best_first[shown], caption=caption, notes=notes, max_rows=30)


def measure_lift(
    obs: Observation,
    criteria: Sequence[Criterion | dict[str, Any]] | None = None,
    *,
    confidence_level: float = 0.95,
    allow_sensitive: Collection[str] = (),
) -> Lift:
    """Measure how much more often leads that meet a criterion convert than all leads do.

    Measured on the leads of ``obs.fitting`` that are compared at their landmark, each with its
    weight; those too young to be judged are counted, and stood in for.

    Parameters
    ----------
    obs : Observation
    criteria : sequence of Criterion or of rules, optional
        Default: `propose_criteria`.
    confidence_level : float
    allow_sensitive : collection of str
        Passed to `propose_criteria`.

    Returns
    -------
    Lift
        ``table`` has the columns

        - ``criterion, group, source`` and the counts ``n, n_converted`` of the leads that
          meet it, ``n_without, n_converted_without`` of those that do not, all raw: young
          leads included, conversions as known so far;
          ``n_effective``: leads that would give as exact a rate (``n`` where all leads are
          mature and no contact has several);
        - weighted from here on: ``lead_share`` (the activity rate), ``converted_share``,
          ``not_converted_share``: share that meets it among all, among converted and
          among not converted leads;
        - ``rate`` with interval, ``control_rate``, ``lift = rate / control_rate`` and
          ``difference = rate - control_rate`` with intervals;
        - ``rate_without``, ``relative_risk = rate / rate_without`` with interval;
        - ``odds_ratio_adjusted`` with interval: odds of those who meet it against those
          who do not, the other attributes and activities held fixed;
        - ``shrunken_rate``: the rate drawn towards its attribute's mean;
        - ``p_value`` (with against without), ``q_value``, ``verdict`` (``raises``,
          ``lowers``, ``no evidence``, ``too few``), ``confidence_level``, and ``reason``, why a
          criterion has no points: ``not proven (wide interval)``, ``shown to be small``, ``too
          few``, ``too young``, or what `Lift.with_card` adds.

    Raises
    ------
    NotEnoughDataError
        If there is no lead, no conversion, nothing but conversions, or under 10 % of the leads
        have been watched up to the horizon.

    Notes
    -----
    With share ``s`` of leads meeting the criterion and rates ``p1``, ``p2`` with and
    without it, ``lift = RR / (s RR + 1 - s)`` with ``RR = p1 / p2``, and
    ``difference = (1 - s)(p1 - p2)``; Koopman's interval of RR [1]_ and Newcombe's of
    ``p1 - p2`` [2]_ are put through these formulas, given the realised share. The rate
    has Wilson's interval, p is the two-sided mid-p of Fisher's test, q is Benjamini and
    Hochberg's over all rows. Adjusted odds: logistic regression on all criteria with
    Firth's penalty [3]_; within one attribute (levels of a column, counts of an
    activity) the effect is the mean of the attribute's part of the log odds among leads
    that meet the criterion less that among the others, so it does not depend on which
    level is the reference.

    Weights are those of `observe`, except that leads are weighted within their group where
    criteria go with when they came in (`observation.weights_given`). ``V = sum w^2 (y - r)^2 /
    (sum w)^2`` and ``n_effective = r (1 - r) / V`` on either side; intervals and p are those of
    these effective counts. Leads of one contact are one cluster in V. The adjusted odds have the
    sandwich covariance of their influence functions. At several landmarks (`snapshots`) all rates
    are compared within the landmark: ``lift = sum w y / sum w r_k`` with r_k the rate of all leads
    at landmark k.

    With more leads than criteria are searched on (`Observation.searched`) the adjusted odds are
    those of 50,000 of the leads searched, whose intervals tell so; all other columns are of all.

    Shrunken rates: beta-binomial over the levels of an attribute (four or more), else towards
    control with the weight of 50 leads.

    References
    ----------
    .. [1] Koopman (1984), Biometrics 40, 513-517.
    .. [2] Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    .. [3] Firth (1993), Biometrika 80, 27-38.
    """
    obs = obs.fitting
    require_follow_up(obs)
    _refuse_one_sided(np.asarray(obs.rows["converted"][obs.is_judged], dtype=float))
    searched = obs.searched
    rules = criteria_of(searched, criteria, allow_sensitive=allow_sensitive)
    _refuse_namesakes(rules)
    sample = sample_of(obs, rules, pack=searched is not obs)
    table = compare_rates(sample, confidence_level=confidence_level)
    beside = sample if searched is obs else sample_of(searched, rules)
    odds = adjusted_odds(beside, confidence_level=confidence_level)
    table = table.join(odds).assign(shrunken_rate=shrunken_rates(table, rules))
    control = _of_everyone(sample, confidence_level)
    return Lift(
        criteria=rules,
        n=sample.n,
        n_converted=sample.n_converted,
        control_rate=sample.rate,
        control_rate_ci_lower=float(control.lower[0]),
        control_rate_ci_upper=float(control.upper[0]),
        confidence_level=confidence_level,
        _table=table[list(LIFT_COLUMNS)],
    )


def _of_everyone(sample: Sample, confidence_level: float) -> Interval:
    """Return the interval of the rate of all leads, shape (1,)."""
    everyone = replace(sample, criteria=(), flags=np.ones((sample.n, 1), dtype=bool), packed=None)
    known, n, _, _ = sides_of(everyone).effective_counts()
    return wilson(known, n, confidence_level=confidence_level)


def _refuse_one_sided(converted: NDArray[np.float64]) -> None:
    if not converted.size:
        raise NotEnoughDataError(
            "no lead of the fit period is at its landmark with a known outcome; "
            "choose an earlier fit_period or a shorter horizon"
        )
    if not converted.any():
        raise NotEnoughDataError(
            f"none of the {converted.size} leads at their landmark converted by the horizon: "
            "there is no lift to measure; add quarters or lengthen the horizon"
        )
    if converted.all():
        raise NotEnoughDataError(
            f"all {converted.size} leads converted: without leads that did not convert there "
            "is nothing to compare; check that lost and open leads are in the file"
        )


def _refuse_namesakes(rules: Sequence[Criterion]) -> None:
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f'two criteria are called "{name}"; give each its own name')


def _reasons_beside(
    criteria: Sequence[Criterion], scored: Sequence[Criterion], obs: Observation
) -> dict[int, str]:
    rows = np.flatnonzero(obs.is_judged)
    inside = obs.flags(scored)[rows].astype(float)
    outside = obs.flags(criteria)[rows].astype(float)
    overlap = _correlations(outside, inside)
    nearest = np.abs(overlap).argmax(axis=1)
    found = {
        row: f"{COUNTED_BY}{scored[j].name}"
        for row, j in enumerate(nearest)
        if abs(overlap[row, j]) >= OVERLAP
    }
    for row, criterion in enumerate(criteria):
        holder = next((rule for rule in scored if _holds(rule, criterion)), None)
        if holder is not None:
            found[row] = f"{COUNTED_BY}{holder.name}"
    return found


def _holds(rule: Criterion, level: Criterion) -> bool:
    """Whether a rule is one of merged levels, and this level is among them."""
    if not {"field", "in"} == set(rule.when) == set(level.when):
        return False
    values = [str(value) for value in rule.when["in"]]
    return rule.when["field"] == level.when["field"] and all(
        str(value) in values for value in level.when["in"]
    )


def _correlations(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt(np.outer((a**2).sum(axis=0), (b**2).sum(axis=0)))
    return np.divide(a.T @ b, scale, out=np.zeros_like(scale), where=scale > 0)
