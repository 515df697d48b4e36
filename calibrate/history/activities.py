"""The activity log: one row an event, in the engine's table ``activities``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from calibrate.config import ActivityColumns
from calibrate.engines import DuckDBEngine
from calibrate.errors import DataError
from calibrate.history.attributes import RESERVED_NAMES
from calibrate.history.checks import Check
from calibrate.history.dates import DateReading, read_dates
from calibrate.history.encoding import (
    Broken,
    Log,
    broken_events,
    create_view,
    names_of,
    store_events,
)
from calibrate.history.leads import mapped_columns
from calibrate.history.loading import text_of
from calibrate.history.numbers import only_number
from calibrate.history.personal import masked
from calibrate.history.repeats import count_repeats_and_silent
from calibrate.history.sources import SourceTable
from calibrate.history.staging import Staged, find_column, stage_in_place

__all__ = [
    "ACTIVITY_ROLES",
    "MOST_ACTIVITIES",
    "LogReading",
    "activity_columns",
    "empty_activities",
    "no_lead",
    "read_log",
    "too_many",
    "type_activities",
]

ACTIVITY_ROLES = ("lead", "activity", "occurred_at", "detail", "value")
MOST_ACTIVITIES = 500


def empty_activities(engine: DuckDBEngine) -> None:
    """Create the view ``activities`` without a row.

    Parameters
    ----------
    engine : DuckDBEngine
        Where.
    """
    create_view(engine)


def activity_columns(
    source: SourceTable, columns: ActivityColumns, *, lead_names: tuple[str | None, ...] = ()
) -> dict[str, int]:
    """Return the position of each column of the log that has a meaning.

    Parameters
    ----------
    source : SourceTable
        The log.
    columns : ActivityColumns
        The names.
    lead_names : tuple of str or None
        Names of the contact and id columns of the leads: a column of the same name joins.

    Returns
    -------
    dict of str to int
        Lead, activity and time at least.

    Raises
    ------
    DataError
        If one of the three is missing.
    """
    roles = mapped_columns(source, columns, ACTIVITY_ROLES)
    for name in lead_names:
        if "lead" not in roles and name is not None and name in source.names:
            roles["lead"] = source.names.index(name)
    for role, canonical in (("lead", "lead_id"), ("activity", ""), ("occurred_at", "")):
        if role not in roles:
            key = f"[activities] {role}"
            find_column(source.names, canonical or role, file=source.file, key=key)
    return roles


def type_activities(
    engine: DuckDBEngine,
    source: SourceTable,
    columns: ActivityColumns,
    roles: dict[str, int],
    *,
    zone: str,
    taken: frozenset[str],
    shows_keys: bool,
    may_be_empty: bool = False,
) -> Staged:
    """Type the log into the engine's view ``activities``, joined to the table ``leads``.

    Parameters
    ----------
    engine : DuckDBEngine
        Where; the table ``leads`` must exist.
    source : SourceTable
        The log.
    columns : ActivityColumns
        What means what.
    roles : dict of str to int
        From `activity_columns`.
    zone : str
        Time zone of the answer.
    taken : frozenset of str
        Names of attributes; an activity of such a name becomes ``activity:NAME``.
    shows_keys : bool
        Whether keys are lead ids, which may be shown (contacts may be e-mail addresses).
    may_be_empty : bool
        Whether it may be that no event belongs to a lead, as for leads that are new.

    Returns
    -------
    Staged
        With what was counted.

    Raises
    ------
    DataError
        If no event belongs to a lead though one must, or there are too many different activities.
    """
    staged = stage_in_place(engine, source, columns, sorted(set(roles.values())))
    read = read_log(staged, columns, roles, zone=zone)
    log = Log(
        staged=staged,
        lead=roles["lead"],
        activity=roles["activity"],
        moment=read.occurred_at.value,
        extra=read.extra,
        taken=RESERVED_NAMES | taken,
    )
    counted = _stored(log, by_contact=not shows_keys, may_be_empty=may_be_empty)
    if counted.rejoined:
        engine.execute("UPDATE leads SET lead_key = CAST(lead_row AS INTEGER)")
    _note(log, read.checks, counted)
    has_details = bool(log.extra)
    repeated, silent = count_repeats_and_silent(engine, has_details=has_details)
    staged.add("the same event again", repeated, "kept: a log may repeat events")
    staged.add("leads without any activity", silent, "kept")
    staged.add("activities joined to leads", counted.broken.joined, "")
    engine.execute(f"DROP VIEW {staged.name}")
    if staged.raw is not None:
        staged.raw.close()
    return staged


@dataclass(frozen=True, eq=False, kw_only=True)
class LogReading:
    """How the columns of a log are read.

    Parameters
    ----------
    occurred_at : DateReading
        The times.
    extra : dict of str to str
        SQL of ``detail`` and ``value``, where the log has them.
    checks : tuple of Check
        What was counted.
    """

    occurred_at: DateReading
    extra: dict[str, str]
    checks: tuple[Check, ...]


def read_log(
    staged: Staged, columns: ActivityColumns, roles: dict[str, int], *, zone: str
) -> LogReading:
    """Find out how times and values are written, on the events with a key and a name.

    Parameters
    ----------
    staged : Staged
        The log.
    columns : ActivityColumns
        The settings.
    roles : dict of str to int
        From `activity_columns`.
    zone : str
        Time zone of the answer.

    Returns
    -------
    LogReading
    """
    lead, activity = roles["lead"], roles["activity"]
    named = f"(SELECT * FROM {staged.name} WHERE c{lead} IS NOT NULL AND c{activity} IS NOT NULL)"
    looked_at = replace(staged, name=named, checks=[])
    reading = read_dates(
        looked_at,
        {"occurred_at": roles["occurred_at"]},
        date_format=columns.date_format,
        zone=columns.timezone or zone,
        into=zone,
    )["occurred_at"]
    extra = {}
    if "detail" in roles:
        extra["detail"] = staged.text(roles["detail"])
    if "value" in roles:
        extra["value"] = only_number(looked_at, roles["value"], decimal=columns.decimal)
    return LogReading(occurred_at=reading, extra=extra, checks=tuple(looked_at.checks))


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """What became of the events, whose keys they have, and examples of keys without a lead."""

    broken: Broken
    rejoined: bool
    shown: str


def _stored(log: Log, *, by_contact: bool, may_be_empty: bool) -> _Counted:
    """Store the events: by contact where some lead's stands in the log, else by the lead's id."""
    broken = _stored_by(log, by_contact=by_contact)
    rejoined = False
    if by_contact and not broken.joined:
        by_id = _stored_by(log, by_contact=False)
        rejoined = by_id.joined > 0
        broken = by_id if rejoined else broken
        by_contact = not rejoined
    if broken.without_lead and not broken.joined and not may_be_empty:
        source = log.staged.source
        raise no_lead(source.file, source.names[log.lead], by_contact=by_contact)
    shown = "" if by_contact or not broken.without_lead else _without_lead(log)
    return _Counted(broken=broken, rejoined=rejoined, shown=shown)


def _stored_by(log: Log, *, by_contact: bool) -> Broken:
    """Store the events as their keys stand in the source; cleaned, if that finds more leads."""
    names = names_of(log, by_contact=by_contact, most=MOST_ACTIVITIES)
    if isinstance(names, int):
        source = log.staged.source
        raise too_many(names, source.file, source.names[log.activity])
    stored = store_events(log, names, by_contact=by_contact, is_raw=True)
    left_out = sum(check.n for check in log.staged.checks[1:])
    if stored == log.staged.source.rows - left_out:
        return Broken(joined=stored)
    broken = broken_events(log, by_contact=by_contact)
    if broken.joined != stored:
        store_events(log, names, by_contact=by_contact, is_raw=False)
    return broken


def no_lead(file: str, column: str, *, by_contact: bool) -> DataError:
    """Return the error that no event belongs to a lead.

    Parameters
    ----------
    file, column : str
        The log, and its column of keys.
    by_contact : bool
        Whether leads are joined by their contact; else by their id.

    Returns
    -------
    DataError
    """
    return DataError(
        "no activity belongs to a lead: no value of this column is a lead's "
        + ("contact" if by_contact else "id"),
        file=file,
        column=column,
        fix="is it the log of these leads? else say [activities] lead, or [leads] contact",
    )


def too_many(n: int, file: str, column: str) -> DataError:
    """Return the error that a log has more different activities than `MOST_ACTIVITIES`.

    Parameters
    ----------
    n : int
        How many.
    file, column : str
        The log, and its column of names.

    Returns
    -------
    DataError
    """
    return DataError(
        f"{n:,} different activities are too many to count each",
        file=file,
        column=column,
        fix="name a column with kinds of activity, and this one as detail",
    )


def _without_lead(log: Log) -> str:
    """Return up to three ids of the log that no lead has."""
    staged = log.staged
    key = text_of(f"s.c{log.lead}", staged.types[log.lead])
    found = staged.engine.query(
        f"SELECT {key} AS key FROM {log.joined(by_contact=False, keeps_all=True)} "
        f"WHERE k.lead_key IS NULL AND s.c{log.lead} IS NOT NULL "
        f"AND s.c{log.activity} IS NOT NULL AND {log.moment} IS NOT NULL "
        "GROUP BY 1 ORDER BY min(s.row) LIMIT 3"
    )
    return ", ".join(masked(key) for key in found["key"].to_pylist())


def _note(log: Log, read: Sequence[Check], counted: _Counted) -> None:
    """Note what was left out, in the order in which a reader of the file would."""
    staged, broken = log.staged, counted.broken
    if staged.source.is_text or broken.blank:
        check = Check(table=staged.table, check="blank rows", n=broken.blank, rule="left out")
        staged.checks.insert(1, check)
    staged.add("without a lead's key", broken.without_key, "left out")
    staged.add("without a name", broken.without_name, "left out")
    staged.checks.extend(read)
    staged.add("without a time", broken.without_time, "left out")
    if counted.rejoined:
        label, rule = "activities that name the lead, not the contact", "joined by the lead's id"
        staged.add(label, broken.joined, rule)
    staged.add("without a lead", broken.without_lead, "left out", counted.shown)
