"""MQL and SQL: two cuts, each chosen for the stage that its leads are meant to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from calibrate.display import html_table
from calibrate.errors import NotEnoughDataError
from calibrate.evaluation import scored_leads
from calibrate.observation.stages import ALREADY, UNDATED, UNKNOWN, mapped_stages
from calibrate.thresholds.choose import choose_thresholds, score_cells
from calibrate.thresholds.objectives import Target, choose_objective
from calibrate.thresholds.tables import tier_table
from calibrate.thresholds.values import Thresholds

if TYPE_CHECKING:
    import numpy as np

    from calibrate.observation import Observation
    from calibrate.scorecard import Scorecard

__all__ = ["STAGE_COLUMNS", "StageThresholds", "choose_stage_thresholds", "with_stage_tiers"]

_CUTS = ("sql", "mql")
_FROM_TABLE = (
    "n",
    "n_converted",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
    "recall",
    "precision",
    "leads_per_week",
    "recent_leads_per_week",
    "missed_per_week",
)
STAGE_COLUMNS = (
    "stage",
    "outcome",
    "objective",
    "threshold",
    "threshold_ci_lower",
    "threshold_ci_upper",
    "plateau_lower",
    "plateau_upper",
    "cut",
    "separates",
    *_FROM_TABLE,
    "n_leads",
    "n_already",
    "n_unknown",
    "n_undated",
    "message",
    "confidence_level",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class StageThresholds:
    """Where marketing hands a lead on, and where sales takes it up.

    Attributes
    ----------
    cuts : mapping of {"sql", "mql"} to Thresholds
        Each with the outcome of its own; a cut that cannot be chosen is missing.
    outcomes : mapping of cut to stage
        What the leads above it are meant to reach.
    tiers : tuple of (str, int)
        ``SQL``, ``MQL`` and ``cold`` with their lowest scores, highest first.
    crossed : bool
        Whether the MQL cut came out above the SQL cut, and was lowered to it.
    message : str
        What was chosen and what was left out, in words.
    """

    cuts: Mapping[str, Thresholds]
    outcomes: Mapping[str, str]
    tiers: tuple[tuple[str, int], ...]
    crossed: bool
    message: str
    _table: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a stage, SQL first.

        ``stage, outcome, objective``; ``threshold`` with its interval and plateau, and ``cut``,
        the score at which the tier begins (missing where it separates nothing); ``separates``;
        of the leads at or above the cut (or else the threshold) ``n``, ``n_converted`` (that
        reached the outcome), their ``rate``, ``recall``, ``precision``, ``leads_per_week`` and
        so on as in `Thresholds.table`. ``n_leads`` were compared; left out were ``n_already``
        that had reached the outcome before their landmark, and ``n_unknown`` that were lost
        nobody knows how far on; ``n_undated`` reached it without a date.
        """
        return self._table.copy()

    def _repr_html_(self) -> str:
        shown = ["stage", "outcome", "cut", "n", "n_converted", "rate", "rate_ci_lower"]
        shown += ["rate_ci_upper", "leads_per_week"]
        names = {"n_converted": "n_that_reach_it"}  # a stage, not a sale
        names |= {f"rate{end}": f"that_share{end}" for end in ("", "_ci_lower", "_ci_upper")}
        return html_table(self._table[shown].rename(columns=names), caption=self.message)


@dataclass(frozen=True, kw_only=True)
class _Counts:
    already: int
    unknown: int
    undated: int


def choose_stage_thresholds(
    card: Scorecard,
    obs: Observation,
    *,
    scores: pd.DataFrame | None = None,
    outcomes: Mapping[str, str] | None = None,
    mql: Mapping[str, Any] | None = None,
    sql: Mapping[str, Any] | None = None,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> StageThresholds:
    """Choose the scores from which a lead is an MQL, and an SQL.

    Parameters
    ----------
    card : Scorecard
    obs : Observation
        Of a history whose stages are mapped (``[stages]``).
    scores : DataFrame, optional
        Scores to use instead of the card's own, with the index of ``obs.table``: cross-fitted
        where the same leads made the card.
    outcomes : mapping of {"mql", "sql"} to stage, optional
        What the leads above each cut are meant to reach. Default: MQL reach ``sql``, because
        sales accepted them; SQL reach ``opportunity``, or ``customer`` where no opportunity is
        mapped.
    mql, sql : mapping, optional
        Keywords of `choose_thresholds` for each cut, such as ``{"capacity": 120}``; by default
        the best split.
    confidence_level : float, default 0.95
        Level of every interval.
    rng : int or Generator, default 0
        Source of chance of the resamples.

    Returns
    -------
    StageThresholds

    Raises
    ------
    ConfigError
        If no stages are mapped, or an objective lacks its figure.

    Notes
    -----
    Each cut is `choose_thresholds` on the leads of ``obs.reached(outcome)``. Where that leaves
    out lost leads, since nothing says how far they came, and the cut is chosen by ``capacity``,
    it is ``obs.reached("customer")``: sales works every lead, and who is a customer is known of
    all. The SQL cut is never below the MQL cut: where they cross, the MQL cut is lowered to it,
    since a lead for sales has passed marketing; there is then one tier for both.
    """
    stages = mapped_stages(obs.history)
    obs = obs.earliest  # each lead counts once
    wanted = {cut: (outcomes or {}).get(cut) or stages.outcome_of(cut) for cut in _CUTS}
    keywords = {"sql": sql or {}, "mql": mql or {}}
    how: dict[str, Any] = {"confidence_level": confidence_level, "rng": rng}
    found: dict[str, Thresholds] = {}
    counts: dict[str, _Counts] = {}
    notes: list[str] = []
    for cut, outcome in list(wanted.items()):
        reached = obs.reached(outcome)
        left_out = _counts(reached).unknown
        if left_out and _is_by_capacity(keywords[cut]):
            reached, wanted[cut] = obs.reached("customer"), "customer"
            notes.append(
                f"{cut.upper()} is cut by how many leads sales can work, so that all leads count: "
                f"also {left_out:,} lost ones of which nothing says whether they reached {outcome}."
            )
        counts[cut] = _counts(reached)
        asked = {"weeks": reached.weeks, **keywords[cut], **how}
        try:
            seen = _scores(card, reached, scores)
            if counts[cut].unknown:  # the latest leads are still open, older lost ones left out
                seen = seen.drop(columns="created_at")
            found[cut] = choose_thresholds(seen, **asked)
        except NotEnoughDataError as error:
            notes.append(f"There is no {cut.upper()} cut (leads that reach {outcome}): {error}.")
    tiers, crossed = _tiers(found)
    table = _table(found, wanted, counts, tiers)
    if crossed:
        notes.append(
            f"The MQL cut came out above the SQL cut ({found['mql'].threshold} against "
            f"{found['sql'].threshold}); it is lowered to it, so that both begin at one score."
        )
    return StageThresholds(
        cuts=found,
        outcomes=wanted,
        tiers=tiers,
        crossed=crossed,
        message=" ".join([*_sentences(found, wanted, counts), *notes]),
        _table=table,
    )


def _scores(card: Scorecard, reached: Observation, scores: pd.DataFrame | None) -> pd.DataFrame:
    """Score the leads that are compared, with the outcome and the weights of the stage."""
    own = card.score(reached)
    if scores is None:
        return own
    known = own.index.intersection(scores.index)
    return own.loc[known].assign(score=scores.loc[known, "score"])


def _is_by_capacity(keywords: Mapping[str, Any]) -> bool:
    names = {field.name for field in fields(Target)}
    target = Target(**{name: value for name, value in keywords.items() if name in names})
    return choose_objective(keywords.get("objective"), target).name == "capacity"


def _counts(reached: Observation) -> _Counts:
    last = reached.counts.drop_duplicates("check", keep="last").set_index("check")["n"]
    return _Counts(
        already=int(last[ALREADY]), unknown=int(last[UNKNOWN]), undated=int(last[UNDATED])
    )


def _tiers(found: Mapping[str, Thresholds]) -> tuple[tuple[tuple[str, int], ...], bool]:
    """Return the tiers, and whether the cuts crossed."""
    cut = {name: cuts.threshold for name, cuts in found.items() if cuts.separates}
    crossed = len(cut) == 2 and cut["mql"] > cut["sql"]
    if crossed or (len(cut) == 2 and cut["mql"] == cut["sql"]):
        del cut["mql"]
    tiers = [(name.upper(), cut[name]) for name in _CUTS if name in cut]
    if not tiers or tiers[-1][1] > 0:
        tiers.append(("cold", 0))
    return tuple(tiers), crossed


def _sentences(
    found: Mapping[str, Thresholds], outcomes: Mapping[str, str], counts: Mapping[str, _Counts]
) -> list[str]:
    said = []
    for name, cuts in found.items():
        said.append(f"{name.upper()} (leads that reach {outcomes[name]}): {cuts.message}")
        left = counts[name]
        if left.unknown:
            said.append(
                f"{left.unknown:,} lost leads are left out of it, because nothing says how far "
                "they came: rates are too high and leads a week too low for them."
            )
        if left.undated:
            said.append(f"{left.undated:,} reached it without a date.")
    return said


def _table(
    found: Mapping[str, Thresholds],
    outcomes: Mapping[str, str],
    counts: Mapping[str, _Counts],
    tiers: tuple[tuple[str, int], ...],
) -> pd.DataFrame:
    begins = dict(tiers)
    if "SQL" in begins and "mql" in found and found["mql"].threshold >= begins["SQL"]:
        begins["MQL"] = begins["SQL"]  # lowered to it
    rows = []
    for name, cuts in found.items():
        table = cuts.table.set_index("threshold")
        above = table[table.index >= begins.get(name.upper(), cuts.threshold)]
        row = {column: above.iloc[0][column] for column in _FROM_TABLE}
        row |= {
            "stage": name.upper(),
            "outcome": outcomes[name],
            "objective": cuts.objective,
            "threshold": cuts.threshold,
            "threshold_ci_lower": cuts.threshold_ci_lower,
            "threshold_ci_upper": cuts.threshold_ci_upper,
            "plateau_lower": cuts.plateau[0],
            "plateau_upper": cuts.plateau[1],
            "cut": begins.get(name.upper()),
            "separates": cuts.separates,
            "n_leads": cuts.n,
            "n_already": counts[name].already,
            "n_unknown": counts[name].unknown,
            "n_undated": counts[name].undated,
            "message": cuts.message,
            "confidence_level": cuts.confidence_level,
        }
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(STAGE_COLUMNS))
    return table.astype({"cut": "Int64"})


def with_stage_tiers(cuts: Thresholds, stages: StageThresholds, scores: pd.DataFrame) -> Thresholds:
    """Return the sweep over customers, cut where the SQL tier begins.

    Parameters
    ----------
    cuts : Thresholds
        Chosen on conversions.
    stages : StageThresholds
    scores : DataFrame
        That the cuts were chosen on.

    Returns
    -------
    Thresholds
        With the tiers of the stages and what they hold of the customers. Threshold, interval,
        plateau, objective and its values are those of the SQL cut, where there is one.
    """
    cells, leads = score_cells(scores), scored_leads(scores)
    level = cuts.confidence_level
    changed: dict[str, Any] = {
        "tiers": stages.tiers,
        "separates": len(stages.tiers) > 1,
        "message": stages.message,
        "_tier_table": tier_table(cells, leads, stages.tiers, confidence_level=level),
    }
    top = stages.cuts.get(stages.tiers[0][0].lower())
    if top is None:
        return replace(cuts, **changed)
    table = cuts.table
    values = top.table.set_index("threshold")["objective_value"]
    table["objective_value"] = values.reindex(table["threshold"]).to_numpy()
    above = table[table["threshold"] >= top.threshold]
    row = above.iloc[0] if len(above) else table.iloc[-1]
    arrivals = replace(
        cuts.arrivals,
        per_week=float(row["leads_per_week"]),
        recent_per_week=float(row["recent_leads_per_week"]),
    )
    kept = ("objective", "threshold", "threshold_ci_lower", "threshold_ci_upper", "plateau")
    changed |= {name: getattr(top, name) for name in kept}
    return replace(cuts, **changed, arrivals=arrivals, _table=table)
