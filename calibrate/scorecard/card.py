"""The scorecard as a value: criteria and whole-number points; apply, explain, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate import display
from calibrate.criteria import Criterion, Measure
from calibrate.errors import ConfigError
from calibrate.observation import weights_given
from calibrate.scorecard.serial import card_to_dict, fields_from_json
from calibrate.scorecard.values import Explanation, Hold, Scale, ScoredCriterion, Tier, sorted_tiers

if TYPE_CHECKING:
    from calibrate.observation import Observation

__all__ = ["Scorecard"]

TABLE_COLUMNS = (
    "criterion",
    "group",
    "points",
    "points_ci_lower",
    "points_ci_upper",
    "n",
    "lift",
    "lift_ci_lower",
    "lift_ci_upper",
    "auc_added",
    "selection_frequency",
    "attribute_frequency",
)
TINY, FLAT = 1e-12, 1e-5  # rates this near 0 or 1 promise no log odds; steps this small none
DISQUALIFIED = "disqualified"


@dataclass(frozen=True, eq=False, kw_only=True)
class Scorecard:
    """Whole-number points for criteria, and what a score is worth.

    The score of a lead is ``base`` plus the points of the criteria it meets, each
    group no more than its cap, within 0 to 100. A disqualified lead has 0; a lead on
    hold has at most the ceiling of the hold.

    Attributes
    ----------
    name : str
    period : tuple of two ISO dates or None
        First day and the day after the last of the leads it was fitted on.
    as_of : str or None
        What was known when it was fitted, ISO.
    method : str
        How the points were made (``fit_scorecard``).
    control : mapping
        ``rate, rate_ci, n, n_converted, n_effective, method`` of the leads it was fitted on.
    base : int
    base_ci : (int, int) or None
        Interval of the base, ends rounded outward.
    criteria : tuple of ScoredCriterion
    caps : mapping of group to int
    disqualify : tuple of Criterion
    hold : tuple of Hold
    tiers : tuple of Tier, highest first
    expected_rate : DataFrame
        ``score, rate, rate_ci_lower, rate_ci_upper``, one row per score 0 to 100.
    shrinkage : float
        Share of the fitted effects that the expected rates promise (`fit_scorecard`).
    notes : tuple of str
        What its reader should know, in words.
    parsimony : DataFrame or None
        What cards with fewer or more rules would give (`parsimony_curve`).
    """

    name: str
    period: tuple[str, str] | None
    as_of: str | None
    method: str
    control: Mapping[str, Any]
    base: int
    criteria: tuple[ScoredCriterion, ...]
    expected_rate: pd.DataFrame = field(repr=False)
    caps: Mapping[str, int] = field(default_factory=dict)
    disqualify: tuple[Criterion, ...] = ()
    hold: tuple[Hold, ...] = ()
    tiers: tuple[Tier, ...] = ()
    shrinkage: float = 1.0
    notes: tuple[str, ...] = ()
    base_ci: tuple[int, int] | None = None
    _parsimony: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a criterion: its points with interval, leads, lift, and how stable it is.

        ``auc_added`` is what the criterion adds to the AUC: that of the card less that of the
        card without its points, on the leads it was fitted on, with their weights, ties counting
        one half. The other points are not refitted, and sums are taken before they are kept
        within 0 and 100. Criteria that say nearly the same thing each add little, because the
        other still stands. ``selection_frequency`` is the share of resamples in which the search
        chooses the criterion again, ``attribute_frequency`` one about the same column or
        activity.
        """
        rows = [
            (
                line.criterion.name,
                line.criterion.group,
                line.points,
                *(line.points_ci or (None, None)),
                line.n,
                line.lift,
                *(line.lift_ci or (None, None)),
                line.auc_added,
                line.selection_frequency,
                line.attribute_frequency,
            )
            for line in self.criteria
        ]
        return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))

    @property
    def parsimony(self) -> pd.DataFrame | None:
        """What cards with 0, 1, 2, ... rules give on leads they had not seen.

        One row a size; columns as `parsimony_curve` describes them. None where the number of
        rules was not chosen by cross-validation.
        """
        return None if self._parsimony is None else self._parsimony.copy()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to score on."""
        return not self.criteria

    @property
    def scale(self) -> Scale | None:
        """What a point is worth, read off the expected rates; None where they do not rise.

        Beyond the scores of the leads it was fitted on the promise is practically flat, so
        the steepest step between two scores tells.
        """
        rates = np.clip(self._rates, TINY, 1 - TINY)
        log_odds = np.log(rates) - np.log1p(-rates)
        steps = np.diff(log_odds)
        at = int(np.argmax(steps))
        if self.is_empty or steps[at] <= FLAT:
            return None
        return Scale(float(1 / steps[at]), float(log_odds[at] - at * steps[at]))

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Numbers it needs from the activity log, each once."""
        return tuple(dict.fromkeys(m for rule in self.rules for m in rule.measures))

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns of the leads table it needs, each once."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.fields))

    @property
    def rules(self) -> list[Criterion]:
        """Every rule: those of its lines, of disqualified leads and of holds."""
        holds = [rule for hold in self.hold for rule in (hold.rule, hold.until)]
        return [*(line.criterion for line in self.criteria), *self.disqualify, *holds]

    @cached_property
    def _rates(self) -> NDArray[np.float64]:
        return np.asarray(self.expected_rate["rate"], dtype=float)

    def inputs(self, obs: Observation, *, every_lead: bool = False) -> pd.DataFrame:
        """Return what the card reads of each lead at its cutoff.

        Parameters
        ----------
        obs : Observation
        every_lead : bool, default False
            Also the leads closed before their landmark, as they were just before, and
            those whose landmark lies after as_of, as they are at as_of.

        Returns
        -------
        DataFrame
            Rows of ``obs.table`` at the landmark, or all; ``lead_id``, the columns of
            `fields` and the ``Measure.column`` of `measures`.
        """
        return pd.concat(self._input_passes(obs, every_lead=every_lead))

    def scores_of(self, obs: Observation, *, every_lead: bool = False) -> pd.DataFrame:
        """Score the leads of an observation, some at a time, without what became of them.

        Parameters
        ----------
        obs : Observation
        every_lead : bool, default False
            As of `inputs`.

        Returns
        -------
        DataFrame
            As of `score_frame`, with the index of ``obs.table``.
        """
        return pd.concat(map(self.score_frame, self._input_passes(obs, every_lead=every_lead)))

    def _input_passes(self, obs: Observation, *, every_lead: bool) -> Iterator[pd.DataFrame]:
        """Yield the `inputs` of some leads after others."""
        rows = obs.rows
        counted = {measure.column for measure in self.measures}
        own = [name for name in self.fields if name in rows.columns and name not in counted]
        for some, features in obs.feature_passes(self.measures):
            read = pd.concat([rows[["lead_id", *own]].iloc[some], features], axis=1)
            chosen = rows["at_landmark"].iloc[some].to_numpy(dtype=bool)
            yield read if every_lead else read[chosen]

    def score(self, obs: Observation) -> pd.DataFrame:
        """Score the leads of an observation, each at its own cutoff.

        Returns
        -------
        DataFrame
            ``lead_id, score, expected_rate, tier, fit, engagement``, then
            ``converted, weight, amount, created_at`` and, where leads belong together,
            ``cluster`` (`Observation.outcomes`); one row a lead at the landmark, index of
            ``obs.table``. The weights are those given the card's criteria.
        """
        rules = [line.criterion for line in self.criteria]
        known = obs.outcomes
        if rules and obs.maturity == "weight" and not (obs.is_open or obs.history.is_wide):
            weight = weights_given(obs, obs.flags(rules)) / max(len(obs.parts), 1)
            known = known.assign(weight=weight)
        return self.scores_of(obs).join(known)

    def score_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score any table that has the columns the card reads.

        Parameters
        ----------
        frame : DataFrame
            Columns as `inputs` returns them; ``lead_id`` may be absent.

        Returns
        -------
        DataFrame
            ``lead_id`` where present, ``score, expected_rate, tier, fit, engagement``.

        Raises
        ------
        DataError
            If a column is missing.
        """
        fit, engagement = self._group_points(frame, "fit"), self._group_points(frame, "engagement")
        score = np.clip(self.base + fit + engagement, 0, 100)
        for hold in self.hold:
            held = hold.rule.meets(frame) & ~hold.until.meets(frame)
            score = np.where(held, np.minimum(score, hold.at_most), score)
        disqualified = np.zeros(len(frame), dtype=bool)
        for rule in self.disqualify:
            disqualified |= rule.meets(frame)
        score = np.where(disqualified, 0, score)
        tier = np.where(disqualified, DISQUALIFIED, self._tier_names(score))
        columns = {
            "score": score,
            "expected_rate": self._rates[score],
            "tier": pd.Series(tier, index=frame.index, dtype=object).where(
                disqualified | bool(self.tiers), None
            ),
            "fit": fit,
            "engagement": engagement,
        }
        scored = pd.DataFrame(columns, index=frame.index)
        if "lead_id" in frame.columns:
            scored.insert(0, "lead_id", frame["lead_id"])
        return scored

    def explain(self, lead: Mapping[str, Any] | pd.Series) -> Explanation:
        """Say why one lead has its score.

        Parameters
        ----------
        lead : mapping or Series
            One row of `inputs`, or of ``obs.table`` where the card needs no more.
        """
        frame = pd.DataFrame([dict(lead)])
        row = self.score_frame(frame).iloc[0]
        rules = [line.criterion for line in self.criteria]
        met = [bool(rule.meets(frame)[0]) for rule in rules]
        lines = [
            (rule.name, rule.group, hit, line.points * hit, line.points, rule.rule)
            for line, rule, hit in zip(self.criteria, rules, met, strict=True)
        ]
        start = "every lead starts at"
        lines.insert(0, (start, "base", True, self.base, self.base, start))
        columns = ["criterion", "group", "met", "points", "points_possible", "rule"]
        return Explanation(
            score=int(row["score"]),
            expected_rate=float(row["expected_rate"]),
            tier=row["tier"],
            _table=pd.DataFrame(lines, columns=columns),
        )

    def with_tiers(self, cuts: object) -> Scorecard:
        """Return the card with named tiers.

        Parameters
        ----------
        cuts : Thresholds, mapping of name to score, or pairs (name, score)

        Raises
        ------
        ConfigError
            If two tiers share a name or a cut, or a cut is no whole score.
        """
        named = getattr(cuts, "tiers", cuts)
        pairs = list(named.items()) if isinstance(named, Mapping) else list(_pairs(named))
        return replace(self, tiers=sorted_tiers(pairs))

    def to_json(self) -> str:
        """Return the card as ``scorecard.json``; `from_json` reads it back unchanged."""
        return json.dumps(card_to_dict(self), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Scorecard:
        """Read a card from the text of ``scorecard.json``.

        Raises
        ------
        DataError
            If it is no scorecard, or one of a newer schema.
        """
        return cls(**fields_from_json(text))

    def _repr_html_(self) -> str:
        told = "nothing to score on" if self.is_empty else f"every lead starts at {self.base}"
        tiers = ", ".join(f"{tier.name} from {tier.at_least}" for tier in self.tiers)
        return display.html_table(
            self.table[list(TABLE_COLUMNS[: TABLE_COLUMNS.index("auc_added")])],
            caption=f"{self.name}: {told}",
            notes=[*([f"Tiers: {tiers}."] if tiers else []), *self.notes],
        )

    def _group_points(self, frame: pd.DataFrame, group: str) -> NDArray[np.int64]:
        total = np.zeros(len(frame), dtype=np.int64)
        for line in self.criteria:
            if line.criterion.group == group:
                total += line.points * line.criterion.meets(frame)
        cap = self.caps.get(group)
        return total if cap is None else np.minimum(total, cap)

    def _tier_names(self, score: NDArray[np.int64]) -> NDArray[np.object_]:
        names = np.full(len(score), None, dtype=object)
        for tier in reversed(self.tiers):
            names[score >= tier.at_least] = tier.name
        return names


def _pairs(tiers: object) -> Iterable[tuple[str, object]]:
    if not isinstance(tiers, Iterable):
        raise ConfigError(f'tiers are given as pairs of name and score, not "{tiers}"')
    for tier in tiers:
        yield (tier.name, tier.at_least) if isinstance(tier, Tier) else tuple(tier)
