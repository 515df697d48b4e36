"""Leads made from a log: the first event is the creation."""

from __future__ import annotations

import datetime as dt

from calibrate.config import LeadColumns
from calibrate.engines import DuckDBEngine
from calibrate.history.dates import DateReading, read_dates, with_dates
from calibrate.history.leads import mapped_columns
from calibrate.history.numbers import only_number
from calibrate.history.outcomes import closing_interval, outcome_value
from calibrate.history.sources import SourceTable
from calibrate.history.staging import Staged, find_column, stage
from calibrate.history.typed import TypedLeads

__all__ = ["look_at_leads_of_log", "type_leads_of_log"]

_ROLES = ("id", "created_at", "outcome", "closed_at", "amount")


def look_at_leads_of_log(
    engine: DuckDBEngine,
    source: SourceTable,
    columns: LeadColumns,
    *,
    zone: str,
    needs_outcome: bool,
    as_of: dt.datetime | None = None,
) -> tuple[Staged, dict[str, int], dict[str, DateReading]]:
    """Find out what the columns of a log that leads are made of mean, and how they are read.

    Parameters
    ----------
    engine, source, columns, zone, needs_outcome, as_of
        As in `type_leads_of_log`.

    Returns
    -------
    Staged
        Its rows, cleaned, without those without an id.
    dict of str to int
        Position of each column with a meaning.
    dict of str to DateReading
        How its dates are written.
    """
    roles = mapped_columns(source, columns, _ROLES)
    needed = ["created_at", "id", *(["outcome"] if needs_outcome else [])]
    for role in needed:
        if role not in roles:
            name = "lead_id" if role == "id" else role
            find_column(source.names, name, file=source.file, key=f"[leads] {role}")
    staged = stage(engine, source, columns, sorted(set(roles.values())), as_of=as_of)
    staged.drop(f"c{roles['id']} IS NULL", "without an id", "left out")
    dates = read_dates(
        staged,
        {role: roles[role] for role in ("created_at", "closed_at") if role in roles},
        date_format=columns.date_format,
        zone=columns.timezone or zone,
        into=zone,
    )
    return staged, roles, dates


def type_leads_of_log(
    engine: DuckDBEngine,
    source: SourceTable,
    columns: LeadColumns,
    *,
    zone: str,
    needs_outcome: bool,
    as_of: dt.datetime | None = None,
) -> TypedLeads:
    """Make one lead of all rows with the same id, in the engine's table ``typed_leads``.

    Parameters
    ----------
    engine : DuckDBEngine
        Where to.
    source : SourceTable
        The log.
    columns : LeadColumns
        Its id, time (`created_at`) and, where rows say so, outcome, closing and amount.
    zone : str
        Time zone of the answer.
    needs_outcome : bool
        Whether a column of outcomes must exist.
    as_of : datetime.datetime, optional
        Closings after it have no say in how a column is read.

    Returns
    -------
    TypedLeads
        Without attributes. A lead is created at its first event, and converted (or lost) with
        the first row that says so, at that row's time unless `closed_at` is mapped.
    """
    staged, roles, dates = look_at_leads_of_log(
        engine, source, columns, zone=zone, needs_outcome=needs_outcome, as_of=as_of
    )
    table, dates = with_dates(staged, dates)
    start, end = closing_interval(dates.get("closed_at", dates["created_at"]))
    outcome = outcome_value(staged, roles["outcome"], columns) if "outcome" in roles else "'open'"
    amount = only_number(staged, roles.get("amount"), decimal=columns.decimal)
    engine.execute(
        f"CREATE OR REPLACE TABLE log_rows AS SELECT row, c{roles['id']} AS lead_id, "
        f"{staged.text(roles['id'])} AS id_text, {dates['created_at'].value} AS created_at, "
        f"{outcome} AS outcome, {start} AS closed_from, {end} AS closed_to, {amount} AS amount "
        f"FROM {table}"
    )
    engine.execute(_GROUPED)
    engine.execute("DROP TABLE log_rows")
    leads = int(staged.one("SELECT count(*) FROM typed_leads"))
    staged.add("leads made from events", leads, "created at the first event")
    return TypedLeads(staged=staged, attributes=(), is_wide=False, has_contacts=False)


_GROUPED = """
CREATE OR REPLACE TABLE typed_leads AS
SELECT min(l.row) AS row, arg_min(l.lead_id, l.row) AS lead_id, l.id_text,
    CAST(NULL AS VARCHAR) AS contact, CAST(NULL AS VARCHAR) AS account,
    min(l.created_at) AS created_at,
    CASE WHEN any_value(w.id_text) IS NOT NULL THEN 'converted'
         WHEN any_value(s.id_text) IS NOT NULL THEN 'lost' ELSE 'open' END AS outcome,
    any_value(coalesce(w.closed_from, s.closed_from)) AS closed_from,
    any_value(coalesce(w.closed_to, s.closed_to)) AS closed_to,
    any_value(CASE WHEN w.id_text IS NOT NULL THEN w.amount ELSE s.amount END) AS amount,
    CAST(NULL AS BOOLEAN) AS worked, CAST(NULL AS TIMESTAMP) AS first_contacted_at
FROM log_rows AS l
LEFT JOIN (SELECT * FROM log_rows WHERE outcome = 'converted' QUALIFY row_number() OVER
    (PARTITION BY id_text ORDER BY closed_from NULLS LAST, row) = 1) AS w ON w.id_text = l.id_text
LEFT JOIN (SELECT * FROM log_rows WHERE outcome = 'lost' QUALIFY row_number() OVER
    (PARTITION BY id_text ORDER BY closed_from NULLS LAST, row) = 1) AS s
    ON s.id_text = l.id_text AND w.id_text IS NULL
GROUP BY l.id_text ORDER BY row
"""
