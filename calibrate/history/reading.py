"""Reading a history: sources, columns, joins, in this order."""

from __future__ import annotations

import datetime as dt
import glob
from collections.abc import Sequence
from pathlib import Path

from calibrate.config import (
    ActivityColumns,
    LeadColumns,
    OutcomeColumns,
    Settings,
    Stages,
    parse_moment,
)
from calibrate.engines import DuckDBEngine
from calibrate.errors import ConfigError, DataError
from calibrate.history.activities import activity_columns, empty_activities, type_activities
from calibrate.history.checks import Check
from calibrate.history.history import History
from calibrate.history.joining import create_leads, join_outcomes, type_outcomes
from calibrate.history.leads import TypedLeads, type_leads
from calibrate.history.log import type_leads_of_log
from calibrate.history.needs import Needs
from calibrate.history.sources import Source, SourceTable, read_source

__all__ = ["history_from_settings", "read_history"]


def read_history(  # noqa: PLR0913 - one keyword a table and one a question of reading it
    lead_source: object,
    activity_source: object = None,
    outcome_source: object = None,
    /,
    *,
    as_of: object = None,
    leads: LeadColumns | None = None,
    activities: ActivityColumns | None = None,
    outcomes: OutcomeColumns | None = None,
    stages: Stages | None = None,
    engine: DuckDBEngine | None = None,
    allow_sensitive: Sequence[str] = (),
    new_leads: bool = False,
    needs: Needs | None = None,
) -> History:
    """Read leads, their activities and, where they stand apart, their wins.

    Parameters
    ----------
    lead_source, activity_source, outcome_source : path, glob or frame
        CSV (any delimiter, also gz), Parquet, the first sheet of an xlsx workbook, a glob of
        these, or a pandas, polars or Arrow frame. Without outcomes a column of the leads says
        what became of them.
    as_of : date, optional
        The moment of the export; default the latest creation or activity in the data.
    leads, activities, outcomes : LeadColumns, ActivityColumns, OutcomeColumns, optional
        Which column means what, and how cells are spelled; default the canonical names.
    stages : Stages, optional
        Which values and dates of the leads mean MQL, SQL, opportunity and customer.
    engine : DuckDBEngine, optional
        Where the tables go; default a new one.
    allow_sensitive : names
        Sensitive columns that may be criteria.
    new_leads : bool, default False
        Whether these are leads to be scored: then outcome, closing, amount and ignored columns
        may be missing, and none need have an activity yet.
    needs : Needs, optional
        What the card that will score them was made with: its kinds of columns hold, whatever
        the values of this file suggest.

    Returns
    -------
    History
        With every count of what was left out or changed in ``.table``.

    Raises
    ------
    DataError
        If something cannot be read as it stands; one line names file, column, row and value.

    Notes
    -----
    Dates without a time are whole days. Times with a zone are converted to the `timezone` of
    `leads` (default UTC); times without one are taken to be in the `timezone` of their own
    table. Text is trimmed; a cell that is empty or one of `null_values` is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> deals = pd.DataFrame({"Id": [1, 2], "Stage": ["Won", "New"], "Industry": ["a", "b"]})
    >>> history = read_history(deals, leads=LeadColumns(id="Id", outcome="Stage", won=["Won"]))
    >>> history.table.query("n > 0")[["check", "n"]].to_dict("records")[:2]
    [{'check': 'rows read', 'n': 2}, {'check': 'outcome is neither won nor lost', 'n': 1}]
    """
    columns = leads or LeadColumns()
    zone = columns.timezone or "UTC"
    told = None if as_of is None else parse_moment(as_of, timezone=zone)
    engine = engine or DuckDBEngine()
    log_columns = activities or ActivityColumns()
    if columns.from_activities:
        columns, lead_source, activity_source = _of_log(
            columns, log_columns, lead_source, activity_source
        )
    opened = read_source(lead_source, "leads", columns)
    typed = _typed(
        engine,
        opened,
        columns,
        zone=zone,
        needs_outcome=outcome_source is None and not new_leads,
        needs_id=activity_source is not None or outcome_source is not None,
        is_new=new_leads,
        allowed=allow_sensitive,
        as_of=told,
        needs=needs,
        stages=stages,
    )
    sources: list[Source] = list(opened.sources)
    checks: list[Check] = []
    if outcome_source is not None:
        wins = outcomes or OutcomeColumns()
        second = read_source(outcome_source, "outcomes", wins)
        joined = type_outcomes(engine, second, wins, zone=zone, lead_name=columns.id, as_of=told)
        join_outcomes(typed, joined)
        sources.extend(second.sources)
        checks.extend(joined.checks)
    create_leads(typed)
    empty_activities(engine)
    if activity_source is not None:
        third = read_source(activity_source, "activities", log_columns, may_be_empty=new_leads)
        staged = type_activities(
            engine,
            third,
            log_columns,
            activity_columns(third, log_columns, lead_names=(columns.contact, columns.id)),
            zone=zone,
            taken=_taken(typed, needs),
            shows_keys=not typed.has_contacts,
            may_be_empty=new_leads,
        )
        checks.extend(staged.checks)
        sources.extend(third.sources)
    moment = told or _latest(engine, is_wide=typed.is_wide)
    return _history(engine, typed, moment, columns, sources, checks)


def _history(
    engine: DuckDBEngine,
    typed: TypedLeads,
    as_of: dt.datetime | None,
    columns: LeadColumns,
    sources: Sequence[Source],
    checks: Sequence[Check],
) -> History:
    return History(
        engine=engine,
        as_of=as_of,
        is_wide=typed.is_wide,
        attributes=typed.attributes,
        activities=_activity_names(engine, as_of),
        lead_url=columns.lead_url,
        sources=tuple(sources),
        has_contacts=typed.has_contacts,
        checks=(*typed.staged.checks, *checks),
        timezone=columns.timezone or "UTC",
        stages=typed.stage_columns.stages if typed.stage_columns else None,
    )


def history_from_settings(
    settings: Settings, *, new_leads: bool = False, needs: Needs | None = None
) -> History:
    """Read the history that a ``calibrate.toml`` describes.

    Parameters
    ----------
    settings : Settings
        From `load_settings`.
    new_leads : bool, default False
        As in `read_history`.
    needs : Needs, optional
        As in `read_history`.

    Returns
    -------
    History
        As `read_history` gives it.

    Raises
    ------
    ConfigError
        If it names a database: files are what can be read today.
    """
    if settings.database is not None:
        raise ConfigError("[database] cannot be read yet; export the tables to files")
    outcomes, activities = settings.outcomes, settings.activities
    return read_history(
        _located(settings.leads.source, settings.folder),
        _located(activities.source if activities else None, settings.folder),
        _located(outcomes.source if outcomes else None, settings.folder),
        as_of=settings.calibration.as_of,
        leads=settings.leads,
        activities=activities,
        outcomes=outcomes,
        stages=settings.stages,
        allow_sensitive=settings.calibration.allow_sensitive,
        new_leads=new_leads,
        needs=needs,
    )


def _located(source: str | None, folder: Path) -> str | None:
    """Return a source of a settings file, seen from here; only its own part may be a glob."""
    if source is None or "://" in source or Path(source).is_absolute():
        return source
    path = folder / source
    if path.is_file() or not glob.has_magic(source):
        return str(path)
    return str(Path(glob.escape(str(folder))) / source)


def _of_log(
    columns: LeadColumns,
    log_columns: ActivityColumns,
    lead_source: object,
    activity_source: object,
) -> tuple[LeadColumns, object, object]:
    """Fill in what a log says about its leads: one source, its key, its time, its spelling."""
    filled: dict[str, object] = {
        "id": columns.id or log_columns.lead,
        "created_at": columns.created_at or log_columns.occurred_at,
    }
    if lead_source is None:
        for name in ("null_values", "date_format", "decimal", "encoding", "delimiter"):
            filled[name] = getattr(columns, name) or getattr(log_columns, name)
    both = lead_source if lead_source is not None else activity_source
    log = activity_source if activity_source is not None else lead_source
    return columns.model_copy(update=filled), both, log


def _typed(  # noqa: PLR0913 - what read_history was asked, handed on
    engine: DuckDBEngine,
    opened: SourceTable,
    columns: LeadColumns,
    *,
    zone: str,
    needs_outcome: bool,
    needs_id: bool,
    is_new: bool,
    allowed: Sequence[str],
    as_of: dt.datetime | None,
    needs: Needs | None,
    stages: Stages | None,
) -> TypedLeads:
    if columns.from_activities:
        if stages is not None:
            raise ConfigError("[stages] needs a table of leads; leads made from a log have none")
        return type_leads_of_log(
            engine, opened, columns, zone=zone, needs_outcome=needs_outcome, as_of=as_of
        )
    return type_leads(
        engine,
        opened,
        columns,
        zone=zone,
        needs_outcome=needs_outcome,
        needs_id=needs_id,
        is_new=is_new,
        allowed=allowed,
        as_of=as_of,
        needs=needs,
        stages=stages,
    )


def _taken(typed: TypedLeads, needs: Needs | None) -> frozenset[str]:
    """Names that an activity cannot have: those of attributes, here or where a card was made."""
    here = frozenset(attribute.name for attribute in typed.attributes)
    return here if needs is None else here | needs.prefixed


def _latest(engine: DuckDBEngine, *, is_wide: bool) -> dt.datetime | None:
    found = engine.query(
        "SELECT max(moment) AS latest FROM (SELECT max(created_at) AS moment FROM leads "
        "UNION ALL SELECT max(occurred_at) FROM activities)"
    )
    latest: dt.datetime | None = found.column(0)[0].as_py()
    if latest is None and not is_wide:
        raise DataError("no time in the data says when it ends", fix="say as_of")
    return latest


def _activity_names(engine: DuckDBEngine, as_of: dt.datetime | None) -> tuple[str, ...]:
    known, values = ("", []) if as_of is None else ("WHERE occurred_at <= ?", [as_of])
    found = engine.query(
        f"SELECT activity FROM activities {known} GROUP BY activity "
        "ORDER BY count(*) DESC, activity",
        values,
    )
    return tuple(found.column(0).to_pylist())
