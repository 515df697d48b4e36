"""From sources to a history: what is read, typed, joined and counted, in this order."""

from __future__ import annotations

import datetime as dt
import glob
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns, Stages, parse_moment
from calibrate.engines import DuckDBEngine, Engine
from calibrate.errors import ConfigError, DataError
from calibrate.history.activities import activity_columns, empty_activities, type_activities
from calibrate.history.checks import Check
from calibrate.history.history import History
from calibrate.history.in_place import PlacedActivities, place_activities
from calibrate.history.joining import create_leads, join_outcomes, open_outcomes, type_outcomes
from calibrate.history.leads import look_at_leads
from calibrate.history.log import type_leads_of_log
from calibrate.history.needs import Needs
from calibrate.history.planned import past_closings
from calibrate.history.sources import Source, SourceTable, read_source
from calibrate.history.staging import Staged
from calibrate.history.tables import DatabaseTable, find_table, read_leads
from calibrate.history.typed import TypedLeads, type_leads

__all__ = ["Asked", "Sources", "assemble", "located", "log_as_leads"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """What `read_history` was asked, defaults filled in.

    Parameters
    ----------
    leads, activities, outcomes, stages, as_of, allow_sensitive, new_leads, needs
        As in `read_history`.
    """

    leads: LeadColumns
    activities: ActivityColumns
    outcomes: OutcomeColumns
    stages: Stages | None
    as_of: object
    allow_sensitive: tuple[str, ...]
    new_leads: bool
    needs: Needs | None

    @property
    def zone(self) -> str:
        """Time zone of every time."""
        return self.leads.timezone or "UTC"

    @property
    def moment(self) -> dt.datetime | None:
        """The moment of the export, where it was given."""
        return None if self.as_of is None else parse_moment(self.as_of, timezone=self.zone)


Sources = tuple[object, object, object]
"""Of the leads, the activities and the wins."""


def assemble(
    sources: Sources,
    asked: Asked,
    database: Engine | None,
    private: DuckDBEngine | None,
    *,
    folder: Path | None = None,
) -> History:
    """Read, type, join and count.

    Parameters
    ----------
    sources : Sources
        Files, frames and tables.
    asked : Asked
        How they are read.
    database : Engine or None
        Has the tables.
    private : DuckDBEngine or None
        Where leads are typed, and where activities of files go; default a new one.
    folder : pathlib.Path, optional
        What relative files are relative to.

    Returns
    -------
    History
        In the database if the activities are there, else in the private engine.
    """
    lead_source, activity_source, outcome_source = sources
    if asked.leads.from_activities:
        columns, lead_source, activity_source = log_as_leads(
            asked.leads, asked.activities, lead_source, activity_source
        )
        asked = replace(asked, leads=columns)
    lead_table, lead_source = _found(database, lead_source, folder)
    win_table, outcome_source = _found(database, outcome_source, folder)
    log_table, activity_source = _found(database, activity_source, folder)
    if lead_table is not None and asked.leads.from_activities:
        raise ConfigError(
            f"{lead_table.name}: leads are not made from a log that stands in a database; "
            "make a view there with a row a lead, and leave from_activities out"
        )
    if private is None or (private is database and (lead_table or win_table or log_table)):
        private = DuckDBEngine()
    if lead_table is None:
        opened = read_source(lead_source, "leads", asked.leads)
    else:
        opened = read_leads(lead_table, asked.leads, stages=asked.stages)
    typed = _typed(
        private,
        opened,
        asked,
        needs_outcome=outcome_source is None and not asked.new_leads,
        needs_id=activity_source is not None or outcome_source is not None,
    )
    staged = [typed.staged]
    if outcome_source is not None:
        staged.append(_join_outcomes(private, win_table, outcome_source, asked, typed))
    create_leads(typed)
    empty_activities(private)
    engine: Engine = private
    placed = None
    if log_table is not None:
        engine = log_table.engine
        placed = _placed(log_table, private, typed, asked)
    elif activity_source is not None:
        staged.append(_typed_activities(private, activity_source, asked, typed))
    moment = asked.moment or _latest(private, placed, is_wide=typed.is_wide)
    if not typed.is_wide:
        typed.staged.checks.extend(past_closings(private, moment))
    names = _activity_names(private, moment) if placed is None else placed.names
    origins = [origin for part in staged for origin in part.source.sources]
    checks = [check for part in staged for check in part.checks]
    if placed is not None:
        origins.append(placed.source)
        checks.extend(placed.checks)
        private.close()
    return _history(engine, typed, asked, moment, names, origins, checks)


def _found(
    database: Engine | None, source: object, folder: Path | None
) -> tuple[DatabaseTable | None, object]:
    """Return the table that a source names, if it names one, and where it is as a file."""
    file = source if folder is None else located(source, folder)
    return find_table(database, source, file=file), file


def _join_outcomes(
    engine: DuckDBEngine,
    found: DatabaseTable | None,
    source: object,
    asked: Asked,
    typed: TypedLeads,
) -> Staged:
    columns, lead_name = asked.outcomes, asked.leads.id
    opened = open_outcomes(found, source, columns, lead_name=lead_name)
    joined = type_outcomes(
        engine, opened, columns, zone=asked.zone, lead_name=lead_name, as_of=asked.moment
    )
    join_outcomes(typed, joined)
    return joined


def _typed_activities(
    engine: DuckDBEngine, source: object, asked: Asked, typed: TypedLeads
) -> Staged:
    columns = asked.activities
    opened = read_source(source, "activities", columns, may_be_empty=asked.new_leads)
    return type_activities(
        engine,
        opened,
        columns,
        activity_columns(opened, columns, lead_names=(asked.leads.contact, asked.leads.id)),
        zone=asked.zone,
        taken=_taken(typed, asked.needs),
        shows_keys=not typed.has_contacts,
        may_be_empty=asked.new_leads,
    )


def _placed(
    found: DatabaseTable, engine: DuckDBEngine, typed: TypedLeads, asked: Asked
) -> PlacedActivities:
    return place_activities(
        found,
        asked.activities,
        engine,
        zone=asked.zone,
        taken=_taken(typed, asked.needs),
        lead_names=(asked.leads.contact, asked.leads.id),
        has_contacts=typed.has_contacts,
        as_of=asked.moment,
        may_be_empty=asked.new_leads,
    )


def _history(
    engine: Engine,
    typed: TypedLeads,
    asked: Asked,
    as_of: dt.datetime | None,
    names: tuple[str, ...],
    sources: Sequence[Source],
    checks: Sequence[Check],
) -> History:
    return History(
        engine=engine,
        as_of=as_of,
        is_wide=typed.is_wide,
        attributes=typed.attributes,
        activities=names,
        lead_url=asked.leads.lead_url,
        sources=tuple(sources),
        has_contacts=typed.has_contacts,
        checks=tuple(checks),
        timezone=asked.zone,
        stages=typed.stage_columns.stages if typed.stage_columns else None,
    )


def located(source: object, folder: Path) -> object:
    """Return a source of a settings file, seen from here; only its own part may be a glob."""
    if not isinstance(source, str) or "://" in source or Path(source).is_absolute():
        return source
    path = folder / source
    if path.is_file() or not glob.has_magic(source):
        return str(path)
    return str(Path(glob.escape(str(folder))) / source)


def log_as_leads(
    columns: LeadColumns,
    log_columns: ActivityColumns,
    lead_source: object,
    activity_source: object,
) -> tuple[LeadColumns, object, object]:
    """Fill in what a log says about its leads: one source, its key, its time, its spelling.

    Parameters
    ----------
    columns, log_columns : LeadColumns, ActivityColumns
        As in the settings.
    lead_source, activity_source : source or None
        Either will do.

    Returns
    -------
    LeadColumns, object, object
        Filled in; the source of the leads, that of the log.
    """
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


def _typed(
    engine: DuckDBEngine,
    opened: SourceTable,
    asked: Asked,
    *,
    needs_outcome: bool,
    needs_id: bool,
) -> TypedLeads:
    if asked.leads.from_activities:
        if asked.stages is not None:
            raise ConfigError("[stages] needs a table of leads; leads made from a log have none")
        return type_leads_of_log(
            engine,
            opened,
            asked.leads,
            zone=asked.zone,
            needs_outcome=needs_outcome,
            as_of=asked.moment,
        )
    seen = look_at_leads(
        engine,
        opened,
        asked.leads,
        zone=asked.zone,
        needs_outcome=needs_outcome,
        needs_id=needs_id,
        is_new=asked.new_leads,
        allowed=asked.allow_sensitive,
        as_of=asked.moment,
        needs=asked.needs,
        stages=asked.stages,
    )
    # a funnel can be learnt from before anybody has bought
    must_win = needs_outcome and asked.needs is None and asked.stages is None
    return type_leads(seen, asked.leads, must_win=must_win)


def _taken(typed: TypedLeads, needs: Needs | None) -> frozenset[str]:
    """Names that an activity cannot have: those of attributes, here or where a card was made."""
    here = frozenset(attribute.name for attribute in typed.attributes)
    return here if needs is None else here | needs.prefixed


def _latest(
    engine: DuckDBEngine, placed: PlacedActivities | None, *, is_wide: bool
) -> dt.datetime | None:
    found = engine.query(
        "SELECT max(moment) AS latest FROM (SELECT max(created_at) AS moment FROM leads "
        "UNION ALL SELECT max(occurred_at) FROM activities)"
    )
    moments = [found.column(0)[0].as_py(), placed.latest if placed else None]
    known = [moment for moment in moments if moment is not None]
    if not known and not is_wide:
        raise DataError("no time in the data says when it ends", fix="say as_of")
    return max(known, default=None)


def _activity_names(engine: DuckDBEngine, as_of: dt.datetime | None) -> tuple[str, ...]:
    known, values = ("", []) if as_of is None else ("WHERE occurred_at <= ?", [as_of])
    found = engine.query(
        f"SELECT activity FROM activities {known} GROUP BY activity "
        "ORDER BY count(*) DESC, activity",
        values,
    )
    return tuple(found.column(0).to_pylist())
