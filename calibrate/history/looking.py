"""What the columns of the user's tables mean and how they are read, without reading a history.

It is found out by the code that reads them: which column has which meaning, of what kind it is,
how dates and numbers are spelled. Of Parquet files and tables only the columns that a card needs
are looked at; of a log in a database the names and types alone.
"""

from __future__ import annotations

import datetime as dt
import glob
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns, Settings
from calibrate.engines import DuckDBEngine, Engine
from calibrate.errors import ConfigError
from calibrate.history.activities import LogReading, activity_columns, read_log
from calibrate.history.assembling import located, log_as_leads
from calibrate.history.attributes import attribute_name
from calibrate.history.dates import DateReading
from calibrate.history.events import EventTable, event_table
from calibrate.history.joining import look_at_outcomes, open_outcomes
from calibrate.history.leads import LeadsSeen, look_at_leads
from calibrate.history.log import look_at_leads_of_log
from calibrate.history.needs import Needs
from calibrate.history.sources import SourceTable, read_source
from calibrate.history.staging import Staged, stage_in_place
from calibrate.history.tables import DatabaseTable, find_table, read_leads, unread_columns

__all__ = ["Look", "SeenLeads", "SeenLog", "SeenWins", "Whereabouts", "look_at_sources"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Whereabouts:
    """Where a table is.

    Parameters
    ----------
    source : str
        As the settings name it.
    file : str
        The same as a file or a glob, seen from here.
    found : DatabaseTable or None
        The table of the database; None for a file.
    names : tuple of str
        Its columns.
    opened : SourceTable or None
        Its rows; None for a log that stays in its database.
    """

    source: str
    file: str
    found: DatabaseTable | None
    names: tuple[str, ...]
    opened: SourceTable | None

    @property
    def is_text(self) -> bool:
        """Whether it is a file whose cells are all text."""
        return self.opened is not None and self.opened.is_text


@dataclass(frozen=True, eq=False, kw_only=True)
class SeenLeads:
    """What was found out about the leads.

    Parameters
    ----------
    at : Whereabouts
        Where they are.
    columns : LeadColumns
        What means what; of leads made from a log with what the log says.
    staged : Staged
        Their rows, cleaned.
    roles : dict of str to int
        Position of each column with a meaning.
    dates : dict of str to DateReading
        How dates are written.
    seen : LeadsSeen or None
        The rest; None for leads made from a log.
    """

    at: Whereabouts
    columns: LeadColumns
    staged: Staged
    roles: dict[str, int]
    dates: dict[str, DateReading]
    seen: LeadsSeen | None


@dataclass(frozen=True, eq=False, kw_only=True)
class SeenWins:
    """What was found out about a table of wins: as of `SeenLeads`."""

    at: Whereabouts
    columns: OutcomeColumns
    staged: Staged
    roles: dict[str, int]
    closed_at: DateReading | None


@dataclass(frozen=True, eq=False, kw_only=True)
class SeenLog:
    """What was found out about a log.

    Parameters
    ----------
    at : Whereabouts
        Where it is.
    columns : ActivityColumns
        What means what.
    roles : dict of str to int
        Position of each column with a meaning.
    staged : Staged or None
        Its rows, cleaned as they pass; None in a database.
    reading : LogReading or None
        How times and values are written in files.
    placed : EventTable or None
        The log in its database.
    """

    at: Whereabouts
    columns: ActivityColumns
    roles: dict[str, int]
    staged: Staged | None = None
    reading: LogReading | None = None
    placed: EventTable | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Look:
    """What was found out about the tables of the settings; None for one that cannot be opened."""

    leads: SeenLeads | None = None
    wins: SeenWins | None = None
    log: SeenLog | None = None
    unseen: tuple[str, ...] = field(default=())


def look_at_sources(
    settings: Settings,
    needs: Needs,
    private: DuckDBEngine,
    database: Engine | None,
    *,
    as_of: dt.datetime | None,
) -> Look:
    """Find out what the columns of the tables of the settings mean, and how they are read.

    Parameters
    ----------
    settings : Settings
    needs : Needs
        What the card was made with.
    private : DuckDBEngine
        Where leads and wins are looked at.
    database : Engine or None
        Where tables are; None without a database, or if it cannot be reached.
    as_of : datetime.datetime or None
        Nothing after it decides how a column is read.

    Returns
    -------
    Look
        Without the tables that are not there.

    Raises
    ------
    DataError
        As `read_history`, for a table that is there.
    """
    columns, log = settings.leads, settings.activities or ActivityColumns()
    wins = settings.outcomes
    sources: dict[str, object] = {
        "leads": columns.source,
        "outcomes": None if wins is None else wins.source,
        "activities": log.source,
    }
    if columns.from_activities:
        columns, both, of_log = log_as_leads(columns, log, sources["leads"], sources["activities"])
        sources |= {"leads": both, "activities": of_log}
    there = {
        table: _there(str(source), settings, database)
        for table, source in sources.items()
        if source is not None
    }
    asked = _Asked(settings, needs, private, columns.timezone or "UTC", as_of)
    unseen = [str(sources[table]) for table, at in there.items() if at is None]
    place = there.get("leads")
    leads = None
    if place is not None and columns.from_activities and place.found is not None:
        unseen.append(place.source)
    elif place is not None:
        look = _look_at_log_leads if columns.from_activities else _look_at_leads
        leads = look(asked, columns, place)
    place = there.get("outcomes")
    seen_wins = None if place is None else _look_at_wins(asked, columns, place)
    place = there.get("activities")
    seen_log = None if place is None else _look_at_log(asked, columns, log, place)
    return Look(leads=leads, wins=seen_wins, log=seen_log, unseen=tuple(dict.fromkeys(unseen)))


class _Place(NamedTuple):
    """A source as the settings name it, its table, its file seen from here."""

    source: str
    found: DatabaseTable | None
    file: str


@dataclass(frozen=True)
class _Asked:
    settings: Settings
    needs: Needs
    private: DuckDBEngine
    zone: str
    as_of: dt.datetime | None


def _there(source: str, settings: Settings, database: Engine | None) -> _Place | None:
    file = str(located(source, settings.folder))
    try:
        found = find_table(database, source, file=file)
    except ConfigError:
        return None
    is_file = Path(file).is_file() or (glob.has_magic(file) and bool(glob.glob(file)))  # noqa: PTH207
    return _Place(source, found, file) if found is not None or is_file else None


def _look_at_leads(asked: _Asked, columns: LeadColumns, place: _Place) -> SeenLeads:
    source, found, file = place
    needs, settings = asked.needs, asked.settings
    others = settings.activities is not None or settings.outcomes is not None
    if found is None:
        opened = read_source(file, "leads", columns)
    names = tuple(found.columns) if found is not None else opened.names
    needed = {name.strip().casefold() for name in names if attribute_name(name) in needs.fields}
    unneeded = [name for name in names if name.strip().casefold() not in needed]
    narrow = columns.model_copy(update={"ignore": (*columns.ignore, *unneeded)})
    if found is not None:
        opened = read_leads(found, narrow, stages=settings.stages)
    positions = None
    if not opened.is_text:
        unread = unread_columns(names, narrow, settings.stages)
        positions = [place for place, name in enumerate(names) if name not in unread]
    seen = look_at_leads(
        asked.private,
        opened,
        columns,
        zone=asked.zone,
        needs_outcome=settings.outcomes is None,
        needs_id=others,
        allowed=settings.calibration.allow_sensitive,
        as_of=asked.as_of,
        needs=needs,
        stages=settings.stages,
        positions=positions,
    )
    return SeenLeads(
        at=Whereabouts(source=source, file=file, found=found, names=names, opened=opened),
        columns=columns,
        staged=seen.staged,
        roles=seen.roles,
        dates=seen.dates,
        seen=seen,
    )


def _look_at_log_leads(asked: _Asked, columns: LeadColumns, place: _Place) -> SeenLeads:
    source, found, file = place
    opened = read_source(file, "leads", columns)
    staged, roles, dates = look_at_leads_of_log(
        asked.private,
        opened,
        columns,
        zone=asked.zone,
        needs_outcome=asked.settings.outcomes is None,
        as_of=asked.as_of,
    )
    at = Whereabouts(source=source, file=file, found=found, names=opened.names, opened=opened)
    return SeenLeads(at=at, columns=columns, staged=staged, roles=roles, dates=dates, seen=None)


def _look_at_wins(asked: _Asked, leads: LeadColumns, place: _Place) -> SeenWins:
    source, found, file = place
    columns = asked.settings.outcomes or OutcomeColumns()
    opened = open_outcomes(found, file, columns, lead_name=leads.id)
    seen = look_at_outcomes(
        asked.private,
        opened,
        columns,
        zone=asked.zone,
        lead_name=leads.id,
        as_of=asked.as_of,
    )
    return SeenWins(
        at=Whereabouts(source=source, file=file, found=found, names=opened.names, opened=opened),
        columns=columns,
        staged=seen.staged,
        roles=seen.roles,
        closed_at=seen.closed_at,
    )


def _look_at_log(
    asked: _Asked, leads: LeadColumns, columns: ActivityColumns, place: _Place
) -> SeenLog:
    source, found, file = place
    lead_names = (leads.contact, leads.id)
    if found is not None:
        placed = event_table(found, columns, lead_names, asked.zone)
        names = tuple(found.columns)
        roles = {role: names.index(cell.name) for role, cell in placed.cells.items()}
        at = Whereabouts(source=source, file=file, found=found, names=names, opened=None)
        return SeenLog(at=at, columns=columns, roles=roles, placed=placed)
    opened = read_source(file, "activities", columns)
    roles = activity_columns(opened, columns, lead_names=lead_names)
    staged = stage_in_place(asked.private, opened, columns, sorted(set(roles.values())))
    return SeenLog(
        at=Whereabouts(source=source, file=file, found=None, names=opened.names, opened=opened),
        columns=columns,
        roles=roles,
        staged=staged,
        reading=read_log(staged, columns, roles, zone=asked.zone),
    )
