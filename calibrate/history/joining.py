"""From typed rows to the engine's table ``leads``: wins of a second table, closing rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calibrate.config import OutcomeColumns
from calibrate.engines import DuckDBEngine
from calibrate.errors import DataError
from calibrate.history.dates import DateReading, read_dates, with_dates
from calibrate.history.leads import mapped_columns, no_lead_left
from calibrate.history.numbers import only_number
from calibrate.history.outcomes import closing_interval
from calibrate.history.personal import masked
from calibrate.history.planned import keep_planned
from calibrate.history.sources import SourceTable, read_source
from calibrate.history.stages import create_lead_stages
from calibrate.history.staging import Staged, find_column, stage
from calibrate.history.tables import DatabaseTable, read_table
from calibrate.history.typed import TypedLeads

__all__ = [
    "OutcomesSeen",
    "create_leads",
    "join_outcomes",
    "look_at_outcomes",
    "open_outcomes",
    "type_outcomes",
]

_ROLES = ("lead", "closed_at", "amount")
# A win without a date has the lead's own only if the lead is won there too: the date of an open
# lead is a plan, that of a lost one is the loss.
_CLOSED = (
    "CASE WHEN o.id_text IS NULL THEN l.{0} WHEN o.{0} IS NOT NULL THEN o.{0} "
    "WHEN l.outcome = 'converted' THEN l.{0} END"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class OutcomesSeen:
    """What was found out about a table of wins.

    Parameters
    ----------
    staged : Staged
        Its rows, cleaned.
    roles : dict of str to int
        Position of each column with a meaning.
    closed_at : DateReading or None
        How its dates are written, where it has some.
    """

    staged: Staged
    roles: dict[str, int]
    closed_at: DateReading | None


def open_outcomes(
    found: DatabaseTable | None,
    source: object,
    columns: OutcomeColumns,
    *,
    lead_name: str | None,
) -> SourceTable:
    """Return a table of wins, ready to be read.

    Parameters
    ----------
    found : DatabaseTable or None
        The table of the database, where it is one.
    source : object
        A file or a frame, where it is none.
    columns : OutcomeColumns
        What means what.
    lead_name : str or None
        Name of the leads' id column: a column of the same name is the id here.

    Returns
    -------
    SourceTable
    """
    if found is None:
        return read_source(source, "outcomes", columns)
    place = _outcome_columns(found.header("outcomes"), columns, lead_name)["lead"]
    return read_table(found, "outcomes", columns, key=list(found.columns)[place])


def _outcome_columns(
    source: SourceTable, columns: OutcomeColumns, lead_name: str | None
) -> dict[str, int]:
    """Return the position of each column that has a meaning; that of the lead is always there."""
    roles = mapped_columns(source, columns, _ROLES)
    if "lead" not in roles:
        wanted = lead_name if lead_name in source.names else "lead_id"
        roles["lead"] = find_column(
            source.names, wanted or "lead_id", file=source.file, key="[outcomes] lead"
        )
    return roles


def look_at_outcomes(
    engine: DuckDBEngine,
    source: SourceTable,
    columns: OutcomeColumns,
    *,
    zone: str,
    lead_name: str | None,
    as_of: dt.datetime | None = None,
) -> OutcomesSeen:
    """Find out what the columns of a table of wins mean, and how they are read.

    Parameters
    ----------
    engine, source, columns, zone, lead_name, as_of
        As in `type_outcomes`.

    Returns
    -------
    OutcomesSeen
        The rows stand in the engine.
    """
    roles = _outcome_columns(source, columns, lead_name)
    staged = stage(engine, source, columns, sorted(set(roles.values())), as_of=as_of)
    staged.drop(f"c{roles['lead']} IS NULL", "without a lead's id", "left out")
    closed_at = None
    if "closed_at" in roles:
        closed_at = read_dates(
            staged,
            {"closed_at": roles["closed_at"]},
            date_format=columns.date_format,
            zone=columns.timezone or zone,
            into=zone,
        )["closed_at"]
    return OutcomesSeen(staged=staged, roles=roles, closed_at=closed_at)


def type_outcomes(
    engine: DuckDBEngine,
    source: SourceTable,
    columns: OutcomeColumns,
    *,
    zone: str,
    lead_name: str | None,
    as_of: dt.datetime | None = None,
) -> Staged:
    """Type a table of wins into the engine's table ``typed_outcomes``, one row a lead.

    Parameters
    ----------
    engine : DuckDBEngine
        Where to.
    source : SourceTable
        Where from.
    columns : OutcomeColumns
        What means what.
    zone : str
        Time zone of the answer.
    lead_name : str or None
        Name of the leads' id column: a column of the same name is the id here.
    as_of : datetime.datetime, optional
        Wins after it have no say in how a column is read.

    Returns
    -------
    Staged
        With what was counted; of a lead's several wins the earliest stays.
    """
    seen = look_at_outcomes(engine, source, columns, zone=zone, lead_name=lead_name, as_of=as_of)
    staged, roles = seen.staged, seen.roles
    table, start, end = staged.name, "CAST(NULL AS TIMESTAMP)", "CAST(NULL AS TIMESTAMP)"
    if seen.closed_at is not None:
        table, dates = with_dates(staged, {"closed_at": seen.closed_at})
        start, end = closing_interval(dates["closed_at"])
    amount = only_number(staged, roles.get("amount"), decimal=columns.decimal)
    key = staged.text(roles["lead"])
    engine.execute(
        f"CREATE OR REPLACE TABLE typed_outcomes AS SELECT row, {key} AS id_text, "
        f"{start} AS closed_from, {end} AS closed_to, {amount} AS amount FROM {table} "
        f"QUALIFY row_number() OVER (PARTITION BY {key} "
        f"ORDER BY {start} NULLS LAST, row) = 1 ORDER BY row"
    )
    again = staged.count("row NOT IN (SELECT row FROM typed_outcomes)")
    shown = staged.examples(key, "row NOT IN (SELECT row FROM typed_outcomes)", distinct=True)
    staged.add("a lead won again", again, "the earliest win counts", shown)
    return staged


def join_outcomes(leads: TypedLeads, outcomes: Staged) -> None:
    """Mark the leads that stand in the table of wins as converted.

    Parameters
    ----------
    leads : TypedLeads
        The leads; `typed_leads` is rewritten.
    outcomes : Staged
        From `type_outcomes`; its table is dropped.

    Raises
    ------
    DataError
        If no win belongs to a lead.
    """
    engine = leads.staged.engine
    unknown = "id_text NOT IN (SELECT id_text FROM typed_leads)"
    total = int(outcomes.one("SELECT count(*) FROM typed_outcomes"))
    lost = int(outcomes.one(f"SELECT count(*) FROM typed_outcomes WHERE {unknown}"))
    if total and lost == total:
        raise DataError(
            "no win belongs to a lead: no id of it is a lead's id",
            file=outcomes.source.file,
            fix="are these the wins of these leads? else say [outcomes] lead",
        )
    shown = engine.query(f"SELECT id_text FROM typed_outcomes WHERE {unknown} ORDER BY row LIMIT 3")
    examples = ", ".join(masked(value) for value in shown.column(0).to_pylist())
    outcomes.add("wins without a lead", lost, "left out", examples)
    only_leads = int(
        outcomes.one(
            "SELECT count(*) FROM typed_leads WHERE outcome = 'converted' AND id_text NOT IN "
            "(SELECT id_text FROM typed_outcomes)"
        )
    )
    if only_leads:
        outcomes.add("converted in the leads, but no win here", only_leads, "kept as converted")
    engine.execute(
        "CREATE OR REPLACE TABLE joined_leads AS SELECT l.* REPLACE ("
        "CASE WHEN o.id_text IS NOT NULL THEN 'converted' ELSE l.outcome END AS outcome, "
        f"{_CLOSED.format('closed_from')} AS closed_from, {_CLOSED.format('closed_to')} "
        "AS closed_to, coalesce(o.amount, l.amount) AS amount) "
        "FROM typed_leads AS l LEFT JOIN typed_outcomes AS o ON o.id_text = l.id_text "
        "ORDER BY l.row"
    )
    engine.execute("DROP TABLE typed_leads")
    engine.execute("ALTER TABLE joined_leads RENAME TO typed_leads")
    engine.execute(f"DROP TABLE {outcomes.name}")


def create_leads(leads: TypedLeads) -> None:
    """Create the engine's table ``leads`` from ``typed_leads``, by the rules of closing.

    Parameters
    ----------
    leads : TypedLeads
        The typed rows.

    Notes
    -----
    ``lead_key`` joins a lead to its activities: the number of the lead, or that of the first
    lead of its contact. Leads without a creation time are left out (unless no lead has one: a
    wide table). Closing counts only for converted and lost leads, never before the creation:
    an earlier one is a lag of 0. A date without a time is its whole day. All of it is counted.

    Raises
    ------
    DataError
        If no lead is left.
    """
    staged, engine = leads.staged, leads.staged.engine
    if not leads.is_wide:
        _count(staged, "created_at IS NULL", "without a creation time", "left out")
        engine.execute("DELETE FROM typed_leads WHERE created_at IS NULL")
        _count_closings(staged)
        keep_planned(staged, leads.outcome)
    if not int(staged.one("SELECT count(*) FROM typed_leads")):
        raise no_lead_left(staged.source.file)
    closed = "outcome <> 'open' AND closed_from IS NOT NULL"
    start = "greatest(closed_from, coalesce(created_at, closed_from))"
    end = "greatest(closed_to, coalesce(created_at, closed_to))"
    attributes = "".join(f", {attribute.column}" for attribute in leads.attributes)
    number = "row_number() OVER () - 1"  # rows stand in their order: nothing is sorted
    engine.execute(f"DROP TABLE {staged.name}")
    engine.execute(
        f"CREATE OR REPLACE TABLE leads AS SELECT CAST({number} AS BIGINT) AS lead_row, lead_id, "
        f"CAST({number} AS INTEGER) AS lead_key, created_at, outcome, "
        f"CASE WHEN {closed} THEN {start} END AS closed_from, "
        f"CASE WHEN {closed} THEN {end} END AS closed_at, amount, contact, "
        f"account, worked, first_contacted_at{attributes} FROM typed_leads"
    )
    if leads.has_contacts:
        _number_contacts(engine)
    if leads.stage_columns is not None:
        create_lead_stages(staged, leads.stage_columns)
    engine.execute("DROP TABLE typed_leads")
    for outcome in ("converted", "lost", "open"):
        n = int(staged.one("SELECT count(*) FROM leads WHERE outcome = ?", [outcome]))
        staged.add(f"leads {outcome}", n, "as exported")
    won = "FROM leads WHERE outcome = 'converted' AND amount IS"
    if int(staged.one(f"SELECT count(*) {won} NOT NULL")):
        n = int(staged.one(f"SELECT count(*) {won} NULL"))
        staged.add("converted without an amount", n, "counted as 0 where amounts are added up")


def _number_contacts(engine: DuckDBEngine) -> None:
    """Give all leads of a contact the number of its first one, those without a contact none."""
    engine.execute(
        "UPDATE leads SET lead_key = c.lead_key FROM (SELECT contact, "
        "CAST(min(lead_row) AS INTEGER) AS lead_key FROM leads WHERE contact IS NOT NULL "
        "GROUP BY contact) AS c WHERE c.contact = leads.contact AND c.lead_key <> leads.lead_key"
    )
    engine.execute("UPDATE leads SET lead_key = NULL WHERE contact IS NULL")


def _count_closings(staged: Staged) -> None:
    _count(
        staged,
        "outcome = 'converted' AND closed_from IS NULL",
        "converted without a date",
        "left out of every number that needs time",
    )
    _count(
        staged,
        "outcome = 'lost' AND closed_from IS NULL",
        "lost without a date",
        "not converted; observed for the whole window",
    )
    _count(
        staged,
        "outcome = 'open' AND closed_from IS NOT NULL",
        "open with a closing date",
        "the date is a plan and not used",
    )
    known = "outcome <> 'open' AND closed_from IS NOT NULL"
    _count(
        staged,
        f"{known} AND closed_from < created_at AND closed_to >= created_at",
        "closed on the day of creation, without a time",
        "closed at the end of that day, not before the creation",
    )
    _count(
        staged,
        f"{known} AND closed_to < created_at",
        "closed before the creation",
        "taken as closed at the creation (lag 0)",
    )


def _count(staged: Staged, condition: str, check: str, rule: str) -> None:
    n = int(staged.one(f"SELECT count(*) FROM typed_leads WHERE {condition}"))
    found = staged.engine.query(
        f"SELECT id_text FROM typed_leads WHERE {condition} ORDER BY row LIMIT 3"
    )
    staged.add(check, n, rule, ", ".join(found.column(0).to_pylist()))
