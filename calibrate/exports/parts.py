"""What a statement needs of the user's tables: looked at where they can be opened, else assumed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from calibrate.config import ActivityColumns, Settings
from calibrate.criteria import Measure, kinds_needed
from calibrate.engines import DuckDBEngine, Engine, engine_of, quote_literal
from calibrate.errors import CalibrateError, ConfigError
from calibrate.exports.assumed import assumed_leads, assumed_log, assumed_wins
from calibrate.exports.building import lead_parts, log_parts, win_parts
from calibrate.exports.canonical import (
    CRM_TABLES,
    LeadParts,
    LogParts,
    Parts,
    WinParts,
    expressions,
    plain_name,
)
from calibrate.exports.looked import looked_leads, looked_log, looked_wins
from calibrate.exports.relations import Saying, named
from calibrate.history.assembling import log_as_leads
from calibrate.history.looking import Look, look_at_sources
from calibrate.pipeline import needs_of
from calibrate.scorecard import Scorecard

__all__ = ["Found", "find_parts"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """What a statement needs of the tables, and what was assumed of them.

    Parameters
    ----------
    parts : Parts
    measures : tuple of Measure
        What is taken from the log.
    activities : tuple of str
        Rules on fields of such names are about activities.
    unseen : tuple of str
        Tables that could not be opened.
    numbers, times : tuple of str
        Columns that must hold numbers, or times, whose types were not seen.
    in_database : bool
        Whether tables were found in a database.
    collation : str or None
        That of PostgreSQL which knows capitals.
    """

    parts: Parts
    measures: tuple[Measure, ...]
    activities: tuple[str, ...]
    unseen: tuple[str, ...]
    numbers: tuple[str, ...]
    times: tuple[str, ...]
    in_database: bool
    collation: str | None


@dataclass(frozen=True, eq=False, kw_only=True)
class _Task:
    """What is to be found out, and where."""

    card: Scorecard
    settings: Settings
    look: Look
    private: DuckDBEngine
    database: Engine | None

    @property
    def kinds(self) -> dict[str, str | None]:
        return kinds_needed(self.card.rules)

    @property
    def zone(self) -> str:
        return self.settings.leads.timezone or "UTC"

    @property
    def in_database(self) -> bool:
        return self.settings.database is not None or self.database is not None


def find_parts(
    card: Scorecard,
    settings: Settings,
    *,
    dialect: str,
    as_of: dt.datetime | None,
    engine: Engine | None = None,
) -> Found:
    """Return what a statement needs of the user's tables.

    Parameters
    ----------
    card : Scorecard
    settings : Settings
    dialect : str
        Of the statement.
    as_of : datetime or None
        Nothing after it decides how a column is read.
    engine : Engine, optional
        Where the tables are; default the database of the settings, if it can be reached.

    Returns
    -------
    Found
    """
    database = engine if engine is not None else _opened(settings)
    private = DuckDBEngine()
    try:
        look = look_at_sources(settings, needs_of(card), private, database, as_of=as_of)
        task = _Task(card=card, settings=settings, look=look, private=private, database=database)
        return _found(task, dialect)
    finally:
        private.close()
        if engine is None and database is not None:
            database.close()


def _opened(settings: Settings) -> Engine | None:
    """Return the database of the settings; None where it cannot be reached from here."""
    if settings.database is None:
        return None
    try:
        return engine_of(settings.database.url)
    except CalibrateError:
        return None


def _found(task: _Task, dialect: str) -> Found:
    card, look = task.card, task.look
    measures = list(card.measures)
    lead_parts = _leads(task, dialect, is_here=False)
    counted = [name for name in card.fields if name not in lead_parts.fields]
    measures += [measure for name in counted if (measure := Measure(name)) not in measures]
    if measures and not _log_source(task.settings):
        if card.measures:
            raise ConfigError("the card counts activities: name the log under [activities] source")
        measures, counted = [], []
    parts = Parts(
        leads=lead_parts,
        wins=_wins(task, dialect, is_here=False),
        log=_log(task, dialect, measures, is_here=False) if measures else None,
    )
    if look.log is not None:
        counted = [name for name in counted if _is_logged(task, name, measures)]
    if _is_by_id(task, parts, measures):
        parts = replace(parts, by_contact=False)
    numbers, times = _of_types_unseen(task, dialect, lead_parts)
    engine = task.database
    return Found(
        parts=parts,
        measures=tuple(measures),
        activities=tuple(counted),
        unseen=look.unseen,
        numbers=numbers,
        times=times,
        in_database=engine is not None,
        collation=getattr(engine, "collation", None),
    )


def _log_source(settings: Settings) -> str | None:
    log = settings.activities
    if log is not None and log.source is not None:
        return log.source
    return settings.leads.source if settings.leads.from_activities else None


def _saying(task: _Task, dialect: str, *, is_here: bool) -> Saying:
    return Saying(dialect=dialect, zone=task.zone, private=task.private, is_here=is_here)


def _leads(task: _Task, dialect: str, *, is_here: bool) -> LeadParts:
    settings, seen = task.settings, task.look.leads
    if seen is not None:
        wanted, saying = task.kinds, _saying(task, dialect, is_here=is_here)
        parts = lead_parts(looked_leads(seen, saying, wanted, with_worked=False), wanted)
        if parts.created_at is None and not _has_open(seen.staged.engine, parts, seen.staged.name):
            parts = lead_parts(looked_leads(seen, saying, wanted, with_worked=True), wanted)
            parts = replace(parts, worked=parts.worked or "CAST(NULL AS BOOLEAN)")
        return parts
    columns = settings.leads
    source: object = columns.source
    if columns.from_activities:
        columns, source, _ = log_as_leads(
            columns,
            settings.activities or ActivityColumns(),
            columns.source,
            _log_source(settings),
        )
    is_wide = (
        columns.created_at is None and task.card.period is None and not columns.from_activities
    )
    table = assumed_leads(
        columns,
        named(str(source), dialect, in_database=task.in_database),
        is_wide=is_wide,
        has_wins=settings.outcomes is not None,
        dialect=dialect,
    )
    return lead_parts(table, task.kinds)


def _has_open(engine: DuckDBEngine, parts: LeadParts, staged: str) -> bool:
    sql = f"SELECT 1 AS n FROM {staged} WHERE {parts.outcome} = 'open' LIMIT 1"
    return bool(engine.query(sql).num_rows)


def _wins(task: _Task, dialect: str, *, is_here: bool) -> WinParts | None:
    columns = task.settings.outcomes
    if columns is None or columns.source is None:
        return None
    if task.look.wins is not None:
        return win_parts(looked_wins(task.look.wins, _saying(task, dialect, is_here=is_here)))
    relation = named(columns.source, dialect, in_database=task.in_database)
    return win_parts(assumed_wins(columns, relation, task.settings.leads, dialect=dialect))


def _log(task: _Task, dialect: str, measures: Sequence[Measure], *, is_here: bool) -> LogParts:
    takes, settings = _taken(measures), task.settings
    if task.look.log is not None:
        saying = _saying(task, dialect, is_here=is_here)
        return log_parts(looked_log(task.look.log, saying, takes=takes), takes=takes)
    columns = settings.activities or ActivityColumns()
    relation = named(str(_log_source(settings)), dialect, in_database=task.in_database)
    return log_parts(assumed_log(columns, relation, settings.leads, dialect=dialect), takes=takes)


def _taken(measures: Sequence[Measure]) -> list[str]:
    """Return which of the columns of a log, beside the first three, are read."""
    has_detail = any(measure.detail is not None for measure in measures)
    has_total = any(measure.statistic == "total" for measure in measures)
    return [name for name, is_read in (("detail", has_detail), ("value", has_total)) if is_read]


def _here(task: _Task, *, with_leads: bool) -> Engine | None:
    """Return the engine that can read the log, and the leads, where there is one."""
    seen = [task.look.log, task.look.leads] if with_leads else [task.look.log]
    places = {None if part is None else part.at.found is not None for part in seen}
    if None in places or len(places) > 1:
        return None
    return task.database if True in places else task.private


def _asked_here(
    task: _Task, engine: Engine, measures: Sequence[Measure], condition: str, *, by_contact: bool
) -> bool:
    """Whether some event meets a condition, asked of the tables themselves."""
    dialect = engine.dialect
    leads = _leads(task, dialect, is_here=True)
    parts = Parts(
        leads=leads,
        wins=None,
        log=_log(task, dialect, measures, is_here=True),
        by_contact=by_contact,
    )
    first = ",\n".join(expressions(parts, {}, measures))
    sql = f"WITH {first} SELECT 1 AS n FROM {CRM_TABLES[1]} AS a WHERE {condition} LIMIT 1"
    return bool(engine.query(sql).num_rows)


def _is_logged(task: _Task, name: str, measures: Sequence[Measure]) -> bool:
    engine = _here(task, with_leads=True)
    if engine is None:
        return True
    condition = f"a.activity = {quote_literal(name)}"
    return _asked_here(task, engine, measures, condition, by_contact=False)


def _is_by_id(task: _Task, parts: Parts, measures: Sequence[Measure]) -> bool:
    """Whether the log names leads, though leads have a contact that it could name."""
    if parts.leads.contact is None or not measures:
        return False
    engine = _here(task, with_leads=True)
    if engine is None:
        return False
    of_lead = f"a.lead_key IN (SELECT l.lead_key FROM {CRM_TABLES[0]} AS l)"
    of_lead += " AND a.occurred_at IS NOT NULL"
    by_contact = _asked_here(task, engine, measures, of_lead, by_contact=True)
    return not by_contact and _asked_here(task, engine, measures, of_lead, by_contact=False)


def _of_types_unseen(
    task: _Task, dialect: str, leads: LeadParts
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that must hold numbers and times, where their types were not seen."""
    seen, log = task.look.leads, task.look.log
    numbers: list[str] = []
    times: list[str] = []
    if seen is None or (seen.at.is_text and dialect != "duckdb"):
        kinds: Mapping[str, tuple[str, str]] = leads.fields
        numbers = [plain_name(name) for name, (_, kind) in kinds.items() if kind == "number"]
    if seen is not None and seen.at.is_text and dialect != "duckdb":
        times += [seen.at.names[seen.roles[role]] for role in seen.dates if role in seen.roles]
    if log is not None and log.at.is_text and dialect != "duckdb":
        times.append(log.at.names[log.roles["occurred_at"]])
    wins = task.look.wins
    if wins is not None and wins.at.is_text and dialect != "duckdb" and "closed_at" in wins.roles:
        times.append(wins.at.names[wins.roles["closed_at"]])
    return tuple(numbers), tuple(times)
