"""Where the card is cut, and what stands beside the cut: stages, crossings, fit x engagement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from calibrate.config import Settings, Stages
from calibrate.errors import NotEnoughDataError
from calibrate.observation import Observation
from calibrate.pipeline.plain import to_plain
from calibrate.scorecard import Scorecard
from calibrate.thresholds import (
    Crossings,
    ScoreGrid,
    StageThresholds,
    Thresholds,
    choose_stage_thresholds,
    choose_thresholds,
    crossings,
    score_grid,
    with_stage_tiers,
)

__all__ = ["CutViews", "at_one_age", "cut_card", "views_part"]


@dataclass(frozen=True, eq=False, kw_only=True)
class CutViews:
    """What stands beside the cuts of a run.

    Attributes
    ----------
    stages : StageThresholds or None
        MQL and SQL, where stages are mapped and the card is not empty.
    crossings : Crossings or None
        When customers crossed the highest cut; None where that cannot be told.
    grid : ScoreGrid or None
        Fit x engagement; None for an empty card.
    why_no_crossings : str
        The reason in words; empty where there are crossings.
    """

    stages: StageThresholds | None = None
    crossings: Crossings | None = None
    grid: ScoreGrid | None = None
    why_no_crossings: str = ""


def at_one_age(scores: pd.DataFrame, obs: Observation) -> pd.DataFrame:
    """Return the scores at the first landmark, so that each lead counts once."""
    if not obs.parts:
        return scores
    first = scores.index < len(obs.parts[0].rows)
    return scores[first].assign(weight=scores.loc[first, "weight"] * len(obs.parts))


def _choose_cuts(settings: Settings, scores: pd.DataFrame, *, weeks: float | None) -> Thresholds:
    """Choose the thresholds for the objective of the settings."""
    return choose_thresholds(
        scores,
        **settings.thresholds.keywords,
        weeks=weeks,
        confidence_level=settings.calibration.confidence_level,
        rng=settings.calibration.seed,
    )


def cut_card(
    settings: Settings, obs: Observation, card: Scorecard, honest: pd.DataFrame
) -> tuple[Thresholds, Scorecard, CutViews]:
    """Cut a card: at MQL and SQL where stages are mapped, else hot and warm.

    Parameters
    ----------
    settings : Settings
    obs : Observation
        That the card was fitted on.
    card : Scorecard
    honest : DataFrame
        Cross-fitted scores, each lead once.

    Returns
    -------
    Thresholds
    Scorecard
        With its tiers.
    CutViews
    """
    fitting = obs.fitting
    cuts = _choose_cuts(settings, honest, weeks=fitting.weeks)
    if card.is_empty:
        return cuts, card.with_tiers(cuts), CutViews(why_no_crossings="the card is empty")
    stages = _stages(settings, fitting, card, honest)
    if stages is not None:
        cuts = with_stage_tiers(cuts, stages, honest)
    found, why = None, ""
    try:
        found = crossings(card, fitting, cuts.threshold, rng=settings.calibration.seed)
    except NotEnoughDataError as error:
        why = str(error)
    level = settings.calibration.confidence_level
    grid = score_grid(at_one_age(card.score(fitting), fitting), confidence_level=level)
    views = CutViews(stages=stages, crossings=found, grid=grid, why_no_crossings=why)
    return cuts, card.with_tiers(cuts), views


def views_part(views: CutViews) -> dict[str, Any]:
    """Return what stands beside the cuts as plain Python: ``stages, crossings, grid``."""
    stages, found, grid = views.stages, views.crossings, views.grid
    plain: dict[str, Any] = to_plain(
        {
            "stages": stages
            and {
                "message": stages.message,
                "crossed": stages.crossed,
                "tiers": [{"name": name, "at_least": cut} for name, cut in stages.tiers],
                "table": stages.table,
            },
            "crossings": {"sentence": found.sentence, **_figures(found), "table": found.table}
            if found
            else {"sentence": views.why_no_crossings, "table": []},
            "grid": grid
            and {
                "message": grid.message,
                "fit_cuts": grid.fit_cuts,
                "engagement_cuts": grid.engagement_cuts,
                "table": grid.table,
            },
        }
    )
    return plain


def _figures(found: Crossings) -> dict[str, Any]:
    names = ("threshold", "n", "n_crossed", "n_never", "days_p25", "days_median", "days_p75")
    return {name: getattr(found, name) for name in names}


def _stages(
    settings: Settings, fitting: Observation, card: Scorecard, honest: pd.DataFrame
) -> StageThresholds | None:
    stages = fitting.history.stages
    if stages is None:
        return None
    sql = (stages.sql_cut or settings.thresholds).keywords
    return choose_stage_thresholds(
        card,
        fitting,
        scores=honest,
        outcomes={"sql": _sql_outcome(stages, sql)},
        sql=sql,
        mql=stages.mql_cut.keywords if stages.mql_cut else None,
        confidence_level=settings.calibration.confidence_level,
        rng=settings.calibration.seed,
    )


def _sql_outcome(stages: Stages, sql: dict[str, Any]) -> str:
    """Return the stage that SQL should reach; the value of [thresholds] is that of a customer."""
    by_value = sql["objective"] in (None, "expected_value") and sql["value"] is not None
    if stages.sql_cut is None and by_value:
        return "customer"
    return stages.outcome_of("sql")
