"""A card put to use: scores of open leads today, and why one lead has its score."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from calibrate.changes import score_relation
from calibrate.config import ActivityColumns, Settings
from calibrate.criteria import Term, kinds_needed
from calibrate.display import format_value, html_sentences
from calibrate.engines import Engine
from calibrate.errors import DataError, did_you_mean
from calibrate.history import History, Needs, history_from_settings, history_in_passing
from calibrate.observation import Observation, observe_open
from calibrate.observation.statements import Parameters
from calibrate.pipeline.spans import observe_as_set
from calibrate.scorecard import Explanation, Scorecard
from calibrate.scorecard.sql import open_leads, scoring_sql

__all__ = [
    "LeadExplanation",
    "Scoring",
    "explain_lead",
    "history_for_card",
    "needs_of",
    "score_leads",
    "scoring_of",
    "with_sources",
]

_PREVIOUS = "previous_scores"
_MOMENTS = {"at landmark": "landmark", "converted early": "closing", "lost early": "closing"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Scoring:
    """The statement that scores the open leads of a history in its engine.

    Attributes
    ----------
    engine : Engine
    sql : str
        One SELECT in DuckDB's SQL: ``lead_id, score, expected_rate, tier, fit, engagement,
        cutoff`` and, beside earlier scores, ``previous_score, previous_tier``; the highest score
        first, equals in file order.
    parameters : tuple
        Its values.
    """

    engine: Engine
    sql: str
    parameters: tuple[object, ...]

    @property
    def table(self) -> pd.DataFrame:
        """The scores, as a frame."""
        found = self.engine.query(self.sql, self.parameters).to_pandas()
        for name in ("tier", "previous_tier"):
            if name in found:
                texts = found[name].astype(object)
                found[name] = texts.where(texts.notna(), None)
        return found.assign(cutoff=found["cutoff"].astype("datetime64[us]"))


def scoring_of(
    card: Scorecard,
    history: History,
    *,
    lookback: dt.timedelta,
    previous: object = None,
) -> Scoring:
    """Return the statement that scores every open lead with all that is known of it at as_of.

    Parameters
    ----------
    card : Scorecard
    history : History
    lookback : timedelta
        How far before creation activities count.
    previous : path or frame, optional
        Earlier scores, to stand beside.

    Returns
    -------
    Scoring
        The numbers of ``card.score(observe_open(history))``. A wide table without any open
        lead: all of them that somebody worked.
    """
    engine, parameters = history.engine, Parameters()
    is_open = not history.is_wide or bool(
        engine.query("SELECT lead_row FROM leads WHERE outcome = 'open' LIMIT 1").num_rows
    )
    scope = open_leads(history.as_of, lookback=lookback, is_open=is_open, is_wide=history.is_wide)
    fields = {part.name: Term(part.column, part.kind) for part in history.attributes}
    before = None if previous is None else f"({score_relation(engine, previous, _PREVIOUS)})"
    sql = scoring_sql(
        card, scope, fields, parameters, activities=history.activities, previous=before
    )
    return Scoring(engine=engine, sql=sql, parameters=tuple(parameters.values))


def score_leads(card: Scorecard, history: History, settings: Settings) -> pd.DataFrame:
    """Score every open lead with all that is known of it at as_of.

    Parameters
    ----------
    card : Scorecard
    history : History
    settings : Settings
        For the lookback.

    Returns
    -------
    DataFrame
        ``lead_id, score, expected_rate, tier, fit, engagement, cutoff``, the highest score
        first, equals in file order. A wide table without any open lead: all of them.
    """
    return scoring_of(card, history, lookback=settings.calibration.lookback).table


def with_sources(
    settings: Settings, leads: str | Path | None, activities: str | Path | None = None
) -> Settings:
    """Return the settings with other files in the same columns, given relative to here.

    New files are as new as their latest row, so that the as_of of the settings does not hold
    for them.
    """
    if leads is None:
        return settings
    changed: dict[str, object] = {
        "leads": settings.leads.model_copy(update={"source": str(Path(leads).absolute())}),
        "calibration": settings.calibration.model_copy(update={"as_of": None}),
    }
    if activities is not None:
        columns = settings.activities or ActivityColumns()
        source = {"source": str(Path(activities).absolute())}
        changed["activities"] = columns.model_copy(update=source)
    return settings.model_copy(update=changed)


def history_for_card(
    card: Scorecard,
    settings: Settings,
    *,
    new_leads: bool = False,
    and_card: Scorecard | None = None,
    in_passing: bool = False,
) -> History:
    """Read the history so that columns and activities mean what they meant to the card.

    Parameters
    ----------
    card : Scorecard
    settings : Settings
    new_leads : bool, default False
        As in `history_from_settings`.
    and_card : Scorecard, optional
        Another card that is to be put to the same leads.
    in_passing : bool, default False
        Whether a history that holds what the card reads will do, nothing else looked at
        (`history_in_passing`).

    Returns
    -------
    History
        A column that the card's rules take for text is text, one they compare is a number,
        whatever the values of these files alone would suggest.
    """
    needs = needs_of(card) if and_card is None else needs_of(card, and_card)
    found = history_in_passing(settings, needs, new_leads=new_leads) if in_passing else None
    return found or history_from_settings(settings, new_leads=new_leads, needs=needs)


def needs_of(*cards: Scorecard) -> Needs:
    """Return the kinds of columns and the activities that cards were made with.

    Parameters
    ----------
    *cards : Scorecard
        To be put to the same leads.

    Returns
    -------
    Needs
    """
    names = (measure.activity for card in cards for measure in card.measures)
    return Needs(
        fields=kinds_needed([rule for card in cards for rule in card.rules]),
        activities=tuple(dict.fromkeys(name for name in names if name is not None)),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class LeadExplanation:
    """Why a lead has its score, and when it was looked at.

    Attributes
    ----------
    lead_id : str
    moment : str
        ``as_of`` for an open lead; for a closed one ``landmark``, or ``closing`` where that
        was sooner.
    cutoff : Timestamp
        What was known by then counts; missing for a wide table.
    explanation : Explanation
    """

    lead_id: str
    moment: str
    cutoff: pd.Timestamp
    explanation: Explanation

    def _repr_html_(self) -> str:
        when = "" if pd.isna(self.cutoff) else f", as of {format_value('as_of', self.cutoff)}"
        return html_sentences(f"lead {self.lead_id}{when}") + self.explanation._repr_html_()


def explain_lead(card: Scorecard, settings: Settings, lead_id: str) -> LeadExplanation:
    """Say which rules of the card a lead meets, and what they are worth.

    Parameters
    ----------
    card : Scorecard
    settings : Settings
    lead_id : str
        As in the leads table.

    Returns
    -------
    LeadExplanation
        At as_of for an open lead, at its landmark or its closing for one that is closed.

    Raises
    ------
    DataError
        If there is no such lead.
    """
    history = history_for_card(card, settings)
    still_open = observe_open(history, lookback=settings.calibration.lookback)
    found = _explained(card, still_open, lead_id)
    if found is None:
        closed = observe_as_set(history, settings.calibration, everything=True)
        found = _explained(card, closed, lead_id)
        if found is None:
            ids = [*still_open.table["lead_id"], *closed.table["lead_id"]]
            near = did_you_mean(lead_id, map(str, ids))
            raise DataError(f"is no lead of these{near}", value=lead_id)
    return found


def _explained(card: Scorecard, obs: Observation, lead_id: str) -> LeadExplanation | None:
    inputs = card.inputs(obs, every_lead=True)
    rows = inputs[inputs["lead_id"].astype(str) == lead_id]
    if rows.empty:
        return None
    lead = obs.table.loc[rows.index[0]]
    return LeadExplanation(
        lead_id=lead_id,
        moment=_MOMENTS.get(lead["status"], "as_of"),
        cutoff=lead["cutoff"],
        explanation=card.explain(rows.iloc[0]),
    )
