"""An activity log that stays in its database: a view over it, and what is counted there."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from calibrate.config import ActivityColumns
from calibrate.engines import DuckDBEngine, Engine
from calibrate.errors import DataError
from calibrate.history.activities import MOST_ACTIVITIES, no_lead, too_many
from calibrate.history.attributes import RESERVED_NAMES
from calibrate.history.checks import Check
from calibrate.history.events import EventTable, event_table
from calibrate.history.personal import masked
from calibrate.history.sources import Source
from calibrate.history.tables import DatabaseTable

__all__ = ["PlacedActivities", "place_activities"]

_LISTED = 1000
_KEYS = (
    "keys AS (SELECT l.lead_key, count(*) AS n_leads FROM leads AS l "
    "WHERE l.lead_key IS NOT NULL GROUP BY l.lead_key)"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class PlacedActivities:
    """What is known of a log that stayed in its database.

    Parameters
    ----------
    source : Source
        The table; its hash is of counts (see Notes of `place_activities`).
    checks : tuple of Check
        What was counted.
    names : tuple of str
        Names of activities up to as_of, the most frequent first.
    latest : datetime.datetime or None
        The latest event of a lead.
    """

    source: Source
    checks: tuple[Check, ...]
    names: tuple[str, ...]
    latest: dt.datetime | None


def place_activities(
    found: DatabaseTable,
    columns: ActivityColumns,
    leads: DuckDBEngine,
    *,
    zone: str,
    taken: frozenset[str],
    lead_names: tuple[str | None, ...],
    has_contacts: bool,
    as_of: dt.datetime | None,
    may_be_empty: bool = False,
) -> PlacedActivities:
    """Make the temporary tables ``leads`` and ``activities`` in the database of a log.

    Parameters
    ----------
    found : DatabaseTable
        The log.
    columns : ActivityColumns
        What means what.
    leads : DuckDBEngine
        Holds the typed table ``leads``, and ``lead_stages`` where stages are mapped.
    zone : str
        Time zone of the answer.
    taken : frozenset of str
        Names of attributes; an activity of such a name becomes ``activity:NAME``.
    lead_names : tuple of str or None
        As in `activity_columns`.
    has_contacts : bool
        Whether leads are joined by their contact.
    as_of : datetime.datetime or None
        Where given, activities after it have no name.
    may_be_empty : bool
        Whether it may be that no event belongs to a lead, as for leads that are new.

    Returns
    -------
    PlacedActivities
        What was counted there.

    Raises
    ------
    DataError
        If a column holds no times or no numbers, no event belongs to a lead though one must, or
        there are too many different activities.

    Notes
    -----
    ``leads`` is a temporary table with one row a lead; ``activities`` a temporary view over the
    user's table. The log is read three times: cells, names, repetitions; once more where events
    belong to no lead. The hash of a log is that of its rows, the events that can count, the
    first and the last time, and, an activity each, events, details and values: no single
    event is looked at.
    """
    log = event_table(found, columns, lead_names, zone)
    log, rows, seen, has_times = _overview(log)
    if not rows and not may_be_empty:
        raise DataError("the table has no row", file=found.name)
    checks = list(seen)
    engine, reserved = found.engine, sorted(RESERVED_NAMES | taken)
    events = log.events(has_times=has_times, reserved=reserved)
    engine.unregister("activities")  # a view of an earlier reading rests on its leads
    _register(engine, leads, log, by_contact=has_contacts)
    names = _names(engine, events, as_of)
    shows_keys = not has_contacts
    if has_contacts and not _total(names, "kept"):
        _register(engine, leads, log, by_contact=False)
        names = _names(engine, events, as_of)
        if _total(names, "kept"):
            shows_keys, rule = True, "joined by the lead's id"
            n = _total(names, "kept")
            checks.append(_check("activities that name the lead, not the contact", n, rule))
    total, kept = _total(names, "n"), _total(names, "kept")
    if total and not kept and not may_be_empty:
        raise no_lead(found.name, log.cells["lead"].name, by_contact=not shows_keys)
    shown = _strangers(engine, events) if shows_keys and kept < total else ""
    checks.append(_check("without a lead", total - kept, "left out", shown))
    if _total(names, "names") > MOST_ACTIVITIES:
        raise too_many(_total(names, "names"), found.name, log.cells["activity"].name)
    used = [
        word for word in reserved if any(row["activity"] == f"activity:{word}" for row in names)
    ]
    _create_view(engine, log.events(has_times=has_times, reserved=used), joins_all=kept == total)
    checks += _joined(engine, kept)
    _register_stages(engine, leads)
    source = Source(
        table="activities", name=found.name, rows=rows, sha256=_fingerprint(rows, names)
    )
    return PlacedActivities(
        source=source,
        checks=tuple(checks),
        names=_known(names),
        latest=names[0]["latest"] if names else None,
    )


def _overview(log: EventTable) -> tuple[EventTable, int, list[Check], bool]:
    """Count what is left out row by row, and what there is to clean, in one reading of the log."""
    blank = " AND ".join(f"{cell.text} IS NULL" for cell in log.cells.values())
    flags = [f"e{i}" for i in range(len(log.excluded))]
    conditions = "".join(
        f", {condition} AS {flag}"
        for flag, (_, condition, _) in zip(flags, log.excluded, strict=True)
    )
    counted, here = [], "NOT b"
    for flag in flags:
        counted.append(f"count(*) FILTER (WHERE {here} AND {flag}) AS n_{flag}")
        here += f" AND NOT {flag}"
    for role, cell in log.cells.items():
        counted.append(f"count(*) FILTER (WHERE is_dirty_{role}) AS dirty_{role}")
        conditions += f", {cell.value} IS DISTINCT FROM {cell.raw} AS is_dirty_{role}"
    counts = "".join(f", {count}" for count in counted)
    named = f"{here} AND k IS NOT NULL AND a IS NOT NULL"
    row: dict[str, int] = log.table.engine.query(
        f"SELECT count(*) AS n, count(*) FILTER (WHERE b) AS blank{counts}, "
        f"count(*) FILTER (WHERE {here} AND k IS NULL) AS keyless, "
        f"count(*) FILTER (WHERE {here} AND k IS NOT NULL AND a IS NULL) AS nameless, "
        f"count(*) FILTER (WHERE {named} AND m IS NULL) AS timeless, "
        f"count(*) FILTER (WHERE {named} AND m <> CAST(CAST(m AS DATE) AS TIMESTAMP)) AS timed "
        f"FROM (SELECT {blank} AS b, {log.key} AS k, {log.cells['activity'].text} AS a, "
        f"{log.moment} AS m{conditions} FROM {log.table.sql} AS t) AS r"
    ).to_pylist()[0]
    checks = [_check("rows read", row["n"], "")]
    if row["blank"]:
        checks.append(_check("blank rows", row["blank"], "left out"))
    for flag, (label, _, values) in zip(flags, log.excluded, strict=True):
        check, rule = f'rows excluded by "{label}"', "not counted as activities"
        checks.append(_check(check, row[f"n_{flag}"], rule, values))
    checks.append(_check("without a lead's key", row["keyless"], "left out"))
    checks.append(_check("without a name", row["nameless"], "left out"))
    checks.append(_check("without a time", row["timeless"], "left out"))
    clean = [role for role in log.cells if not row[f"dirty_{role}"]]
    return log.cleaned(clean), row["n"], checks, row["timed"] > 0


def _check(check: str, n: int, rule: str, examples: str = "") -> Check:
    return Check(table="activities", check=check, n=int(n), rule=rule, examples=examples)


def _register(engine: Engine, leads: DuckDBEngine, log: EventTable, *, by_contact: bool) -> None:
    """Hand the typed leads over, with a key of the log's own type."""
    key = "contact" if by_contact else "CAST(lead_id AS VARCHAR)"
    if log.has_integer_keys:  # 007 is no spelling of 7
        whole = f"regexp_full_match({key}, '0|-?[1-9][0-9]*')"
        key = f"CASE WHEN {whole} THEN TRY_CAST({key} AS BIGINT) END"
    table = leads.query(f"SELECT * REPLACE ({key} AS lead_key) FROM leads ORDER BY lead_row")
    engine.register("leads", table)


def _register_stages(engine: Engine, leads: DuckDBEngine) -> None:
    there = leads.query(
        "SELECT 1 FROM duckdb_tables() WHERE table_name = 'lead_stages' AND NOT internal"
    )
    if there.num_rows:
        engine.register("lead_stages", leads.query("SELECT * FROM lead_stages ORDER BY lead_row"))


def _names(engine: Engine, events: str, as_of: dt.datetime | None) -> list[dict[str, Any]]:
    """Return a row an activity, each with the totals of all of them."""
    known, values = ("", []) if as_of is None else (" AND e.occurred_at <= $1", [as_of])
    return list(
        engine.query(
            f"WITH {_KEYS}, named AS (SELECT e.activity, count(*) AS n, "
            "count(k.lead_key) AS kept, "
            f"count(*) FILTER (WHERE k.lead_key IS NOT NULL{known}) AS known, "
            "count(e.detail) AS details, count(e.value) AS numbers, "
            "min(e.occurred_at) AS since, max(e.occurred_at) AS until, "
            "max(CASE WHEN k.lead_key IS NOT NULL THEN e.occurred_at END) AS latest "
            f"FROM ({events}) AS e LEFT JOIN keys AS k ON k.lead_key = e.lead_key "
            "GROUP BY e.activity) "
            "SELECT g.activity, g.n, g.kept, g.known, g.details, g.numbers, "
            "sum(g.n) OVER () AS all_n, sum(g.kept) OVER () AS all_kept, "
            "sum(CASE WHEN g.kept > 0 THEN 1 ELSE 0 END) OVER () AS all_names, "
            "min(g.since) OVER () AS since, max(g.until) OVER () AS until, "
            "max(g.latest) OVER () AS latest, count(*) OVER () AS n_names "
            f'FROM named AS g ORDER BY g.kept DESC, g.activity COLLATE "C" LIMIT {_LISTED}',
            values,
        ).to_pylist()
    )


def _total(names: list[dict[str, Any]], column: str) -> int:
    return int(names[0][f"all_{column}"]) if names else 0


def _known(names: list[dict[str, Any]]) -> tuple[str, ...]:
    ordered = sorted((-row["known"], row["activity"]) for row in names if row["known"])
    return tuple(name for _, name in ordered)


def _strangers(engine: Engine, events: str) -> str:
    """Return three keys of events that belong to no lead, always the same ones."""
    found = engine.query(
        f"WITH {_KEYS} SELECT CAST(e.lead_key AS VARCHAR) AS lead_key FROM ({events}) AS e "
        "LEFT JOIN keys AS k ON k.lead_key = e.lead_key WHERE k.lead_key IS NULL "
        'GROUP BY e.lead_key ORDER BY CAST(e.lead_key AS VARCHAR) COLLATE "C" LIMIT 3'
    )
    return ", ".join(masked(key) for key in found.column(0).to_pylist())


def _create_view(engine: Engine, events: str, *, joins_all: bool) -> None:
    of_leads = "" if joins_all else " WHERE v.lead_key IN (SELECT l.lead_key FROM leads AS l)"
    engine.execute(
        "CREATE OR REPLACE TEMPORARY VIEW activities AS SELECT v.lead_key, v.activity, "
        f"v.occurred_at, v.detail, v.value FROM ({events}) AS v{of_leads}"
    )


def _joined(engine: Engine, kept: int) -> list[Check]:
    row = engine.query(
        f"WITH {_KEYS}, same AS (SELECT a.lead_key, count(*) AS n FROM activities AS a "
        "GROUP BY a.lead_key, a.activity, a.occurred_at, a.detail, a.value), "
        "active AS (SELECT s.lead_key, sum(s.n - 1) AS again FROM same AS s GROUP BY s.lead_key) "
        "SELECT coalesce(sum(d.again), 0) AS again, coalesce(sum(k.n_leads), 0) AS active, "
        "(SELECT count(*) FROM leads) AS n_leads "
        "FROM active AS d JOIN keys AS k ON k.lead_key = d.lead_key"
    ).to_pylist()[0]
    silent = int(row["n_leads"]) - int(row["active"])
    return [
        _check("the same event again", row["again"], "kept: a log may repeat events"),
        _check("leads without any activity", silent, "kept"),
        _check("activities joined to leads", kept, ""),
    ]


def _fingerprint(rows: int, names: list[dict[str, Any]]) -> str:
    told = [str(rows), str(_total(names, "n"))]
    if names:
        told += [names[0][key].isoformat() for key in ("since", "until")]
        told.append(str(names[0]["n_names"]))
    if len(names) < _LISTED:
        told += sorted(
            f"{len(row['activity'])}:{row['activity']} {row['n']} {row['details']} {row['numbers']}"
            for row in names
        )
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
