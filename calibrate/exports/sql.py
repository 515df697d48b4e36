"""A card as one SELECT over the user's own tables, in the dialect of their warehouse.

The statement is that of scoring in place; before it stand table expressions that clean the
user's columns and give them the canonical names. It can be read, scheduled or made a view
without this package.
"""

from __future__ import annotations

import datetime as dt
from pathlib import PurePath

from calibrate.config import Settings, parse_moment
from calibrate.criteria import Term
from calibrate.display import clean_text
from calibrate.engines import DIALECTS, Engine, quote_literal, transpiled
from calibrate.errors import ConfigError, did_you_mean
from calibrate.exports.canonical import CRM_TABLES, expressions
from calibrate.exports.parts import Found, find_parts
from calibrate.scorecard import Scorecard
from calibrate.scorecard.sql import Literals, open_leads, scoring_sql

__all__ = ["export_sql"]

_NOW = "CAST(CURRENT_TIMESTAMP AS TIMESTAMP)"
_NOW_IN = "CAST(CURRENT_TIMESTAMP AT TIME ZONE {} AS TIMESTAMP)"
_NAMES = {
    "duckdb": "DuckDB",
    "postgres": "PostgreSQL",
    "spark": "Spark",
    "snowflake": "Snowflake",
    "bigquery": "BigQuery",
    "databricks": "Databricks",
}
_NOT_RUN = ("snowflake", "bigquery", "databricks")


def export_sql(
    card: Scorecard,
    settings: Settings,
    *,
    dialect: str | None = None,
    as_of: str | dt.date | None = None,
    engine: Engine | None = None,
) -> str:
    """Return a card as one SELECT that scores the open leads of the user's own tables.

    Parameters
    ----------
    card : Scorecard
    settings : Settings
        The tables and the names of their columns.
    dialect : {"duckdb", "postgres", "spark", "snowflake", "bigquery", "databricks"}, optional
        Default: that of the database, else ``duckdb``.
    as_of : date, optional
        Score with what was known then; default whenever the statement is run.
    engine : Engine, optional
        Where the tables are; default the database of the settings.

    Returns
    -------
    str
        A comment that says what it is and what it rests on, then the statement: ``lead_id,
        score, expected_rate, tier, fit, engagement, cutoff``, the highest score first.

    Raises
    ------
    ConfigError
        If the dialect is not known, or cannot read a column as `read_history` does.
    DataError
        As `read_history`, where a table that is there cannot be read.

    Notes
    -----
    The tables are looked at, by the code that reads them: which column means what, of what type
    it is, how dates and numbers are spelled; then the scores are those of `Scorecard.score`.
    Where they cannot be opened, the statement rests on the settings, and says so. For Snowflake,
    BigQuery and Databricks it was never executed.
    """
    dialect = dialect or _dialect_of(settings, engine)
    if dialect not in _NAMES:
        near = did_you_mean(dialect, _NAMES)
        raise ConfigError(f'there is no dialect "{dialect}"{near}; there are {", ".join(_NAMES)}')
    zone = settings.leads.timezone or "UTC"
    moment = None if as_of is None else parse_moment(as_of, timezone=zone)
    found = find_parts(card, settings, dialect=dialect, as_of=moment, engine=engine)
    statement = _statement(card, settings, found, moment)
    if dialect in DIALECTS:
        statement = transpiled(statement, dialect, collation=found.collation, pretty=True)
    return f"{_header(card, settings, dialect, moment, found)}{statement};\n"


def _statement(card: Scorecard, settings: Settings, found: Found, as_of: dt.datetime | None) -> str:
    zone = quote_literal(settings.leads.timezone or "UTC")
    values = Literals(now=_NOW if found.unseen else _NOW_IN.format(zone))
    leads = found.parts.leads
    scope = open_leads(
        as_of,
        lookback=settings.calibration.lookback,
        is_open=leads.worked is None,
        is_wide=leads.created_at is None,
    )
    fields = {
        name: Term(f"x{place}", leads.fields[name][1])
        for place, name in enumerate(card.fields)
        if name in leads.fields
    }
    columns = {name: term.sql for name, term in fields.items()}
    return scoring_sql(
        card,
        scope,
        fields,
        values,
        activities=found.activities,
        first=expressions(found.parts, columns, found.measures),
        tables=CRM_TABLES,
    )


def _dialect_of(settings: Settings, engine: Engine | None) -> str:
    """Return the dialect of the database; DuckDB reads files."""
    if engine is not None:
        return engine.dialect
    kind = "" if settings.database is None else settings.database.url.partition("://")[0].lower()
    return {"postgresql": "postgres", "postgres": "postgres", "spark": "spark"}.get(kind, "duckdb")


def _header(
    card: Scorecard,
    settings: Settings,
    dialect: str,
    as_of: dt.datetime | None,
    found: Found,
) -> str:
    made = f" of {card.period[0]} to {card.period[1]}" if card.period else ""
    known = f", fitted with what was known on {card.as_of}" if card.as_of else ""
    name = _NAMES[dialect]
    lines = [f"{card.name}: scores of the open leads, in the SQL of {name}", ""]
    lines.append(f"The card was made from leads{made}{known}.")
    lines += _told_of_time(settings, dialect, as_of, found)
    lines += _told_of_tables(settings, dialect, found)
    lines += [
        "Use: run it, or put CREATE VIEW lead_scores AS (or CREATE TABLE ... AS) in front.",
        "Each lead has one row: lead_id, score (0 to 100), expected_rate (share of leads with this",
        "score that convert), tier, fit and engagement (points of either group), cutoff.",
    ]
    if dialect in _NOT_RUN:
        lines.append(
            f"Generated, not executed: calibrate is not tested on {name}; look at some leads first."
        )
    return "".join(f"-- {clean_text(line)}".rstrip() + "\n" for line in lines)


def _told_of_time(
    settings: Settings, dialect: str, as_of: dt.datetime | None, found: Found
) -> list[str]:
    if found.parts.leads.created_at is None:
        return ["The table knows no times: leads are scored as they stand in it."]
    days = settings.calibration.lookback / dt.timedelta(days=1)
    moment = "the moment it is run" if as_of is None else f"{as_of:%Y-%m-%d %H:%M:%S}"
    zone = settings.leads.timezone or "UTC"
    lines = [f"as_of: {moment}; what a lead did counts from {days:g} days before its creation on."]
    if found.unseen:
        lines.append(
            f"Times without a zone are taken to be in {zone}; run it in a session of that zone."
        )
    elif dialect in ("spark", "databricks"):
        lines.append(
            f"Times are those of {zone}; run it in a session of UTC (SET TIME ZONE 'UTC')."
        )
    else:
        lines.append(f"Times are those of {zone}, whatever the zone of the session.")
    return lines


def _told_of_tables(settings: Settings, dialect: str, found: Found) -> list[str]:
    lines = []
    sources = (settings.leads, settings.outcomes, settings.activities)
    files = [PurePath(part.source).name for part in sources if part and part.source]
    if settings.database is None and not found.in_database and dialect != "duckdb":
        lines.append(
            f"Tables are named like your files ({', '.join(files)}): put in your own names."
        )
    if found.unseen:
        shown = ", ".join(PurePath(source).name for source in found.unseen)
        lines += [
            f"Columns were not looked at: {shown} could not be opened. Assumed: columns that no",
            "setting names have no meaning (no contact, no closing); times are times, and a",
            "closing at midnight is a day without a time; ids are spelled alike in all tables;",
            "activities name the contact where [leads] contact is set.",
        ]
    if found.numbers:
        lines.append(f"These columns must hold numbers: {', '.join(found.numbers)}.")
    if found.times:
        lines.append(f"These columns must hold times: {', '.join(found.times)}.")
    return lines
