"""The activity log: one row an event, in the engine's table ``activities``."""

from __future__ import annotations

from calibrate.config import ActivityColumns
from calibrate.engines import DuckDBEngine, quote_literal
from calibrate.errors import DataError
from calibrate.history.attributes import RESERVED_NAMES
from calibrate.history.dates import read_dates
from calibrate.history.leads import mapped_columns
from calibrate.history.numbers import only_number
from calibrate.history.personal import masked
from calibrate.history.sources import SourceTable
from calibrate.history.staging import Staged, find_column, stage

__all__ = [
    "ACTIVITY_ROLES",
    "MOST_ACTIVITIES",
    "activity_columns",
    "empty_activities",
    "type_activities",
]

ACTIVITY_ROLES = ("lead", "activity", "occurred_at", "detail", "value")
MOST_ACTIVITIES = 500


def empty_activities(engine: DuckDBEngine) -> None:
    """Create the table ``activities`` without a row.

    Parameters
    ----------
    engine : DuckDBEngine
        Where.
    """
    engine.execute(
        "CREATE OR REPLACE TABLE activities (activity_row BIGINT, lead_key VARCHAR, "
        "activity VARCHAR, occurred_at TIMESTAMP, detail VARCHAR, value DOUBLE)"
    )


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
    """Type the log into the engine's table ``activities``, joined to the table ``leads``.

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
    staged = stage(engine, source, columns, sorted(set(roles.values())))
    staged.drop(f"c{roles['lead']} IS NULL", "without a lead's key", "left out")
    staged.drop(f"c{roles['activity']} IS NULL", "without a name", "left out")
    _type(staged, columns, roles, zone, taken)
    staged.add(
        "without a time",
        int(staged.one("SELECT count(*) FROM typed_activities WHERE occurred_at IS NULL")),
        "left out",
    )
    engine.execute("DELETE FROM typed_activities WHERE occurred_at IS NULL")
    _join(staged, roles, shows_keys=shows_keys, may_be_empty=may_be_empty)
    _refuse_too_many(staged, roles["activity"])
    return staged


def _type(
    staged: Staged,
    columns: ActivityColumns,
    roles: dict[str, int],
    zone: str,
    taken: frozenset[str],
) -> None:
    reading = read_dates(
        staged,
        {"occurred_at": roles["occurred_at"]},
        date_format=columns.date_format,
        zone=columns.timezone or zone,
        into=zone,
    )["occurred_at"]
    value = only_number(staged, roles.get("value"), decimal=columns.decimal)
    detail = staged.text(roles["detail"]) if "detail" in roles else "CAST(NULL AS VARCHAR)"
    name = staged.text(roles["activity"])
    reserved = ", ".join(quote_literal(word) for word in sorted(RESERVED_NAMES | taken))
    staged.engine.execute(
        "CREATE OR REPLACE TABLE typed_activities AS SELECT row, "
        f"{staged.text(roles['lead'])} AS lead_key, "
        f"CASE WHEN {name} IN ({reserved}) THEN 'activity:' || {name} ELSE {name} END AS activity, "
        f"{reading.value} AS occurred_at, {detail} AS detail, {value} AS value "
        f"FROM {staged.name}"
    )
    staged.engine.execute(f"DROP TABLE {staged.name}")


def _join(staged: Staged, roles: dict[str, int], *, shows_keys: bool, may_be_empty: bool) -> None:
    engine = staged.engine
    shows_keys = shows_keys or _rejoined_by_id(staged)
    total = int(staged.one("SELECT count(*) FROM typed_activities"))
    engine.execute(
        "CREATE OR REPLACE TABLE activities AS SELECT row AS activity_row, lead_key, activity, "
        "occurred_at, detail, value FROM typed_activities WHERE lead_key IN "
        "(SELECT lead_key FROM leads WHERE lead_key IS NOT NULL) ORDER BY row"
    )
    kept = int(staged.one("SELECT count(*) FROM activities"))
    if total and not kept and not may_be_empty:
        raise DataError(
            "no activity belongs to a lead: no value of this column is a lead's "
            + ("id" if shows_keys else "contact"),
            file=staged.source.file,
            column=staged.source.names[roles["lead"]],
            fix="is it the log of these leads? else say [activities] lead, or [leads] contact",
        )
    shown = ""
    if shows_keys and kept < total:
        found = engine.query(
            "SELECT lead_key FROM typed_activities WHERE lead_key NOT IN "
            "(SELECT lead_key FROM leads WHERE lead_key IS NOT NULL) "
            "GROUP BY lead_key ORDER BY min(row) LIMIT 3"
        )
        shown = ", ".join(masked(key) for key in found.column(0).to_pylist())
    staged.add("without a lead", total - kept, "left out", shown)
    engine.execute("DROP TABLE typed_activities")
    repeated = staged.one(
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM activities "
        "GROUP BY lead_key, activity, occurred_at, detail, value)"
    )
    staged.add("the same event again", int(repeated), "kept: a log may repeat events")
    silent = staged.one(
        "SELECT count(*) FROM leads WHERE lead_key IS NULL OR lead_key NOT IN "
        "(SELECT lead_key FROM activities)"
    )
    staged.add("leads without any activity", int(silent), "kept")
    staged.add("activities joined to leads", kept, "")


def _rejoined_by_id(staged: Staged) -> bool:
    """Join by the lead's id where no contact of the leads stands in the log, but ids do."""
    matching = "SELECT count(*) FROM typed_activities WHERE lead_key IN (SELECT {} FROM leads)"
    if int(staged.one(matching.format("lead_key"))):
        return False
    n = int(staged.one(matching.format("CAST(lead_id AS VARCHAR)")))
    if n:
        staged.engine.execute("UPDATE leads SET lead_key = CAST(lead_id AS VARCHAR)")
        staged.add("activities that name the lead, not the contact", n, "joined by the lead's id")
    return n > 0


def _refuse_too_many(staged: Staged, position: int) -> None:
    n = int(staged.one("SELECT count(DISTINCT activity) FROM activities"))
    if n > MOST_ACTIVITIES:
        raise DataError(
            f"{n:,} different activities are too many to count each",
            file=staged.source.file,
            column=staged.source.names[position],
            fix="name a column with kinds of activity, and this one as detail",
        )
