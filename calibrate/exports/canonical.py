"""The user's tables under the names that statements know: leads and their activities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns, Settings
from calibrate.criteria import Measure, Term
from calibrate.engines import quote_identifier
from calibrate.history.attributes import RESERVED_NAMES
from calibrate.history.outcomes import CONVERTED_WORDS, LOST_WORDS
from calibrate.history.staging import spelled
from calibrate.observation.statements import Parameters

__all__ = ["CRM_TABLES", "Tables", "activities_sql", "leads_sql", "plain_name"]

CRM_TABLES = ("crm_leads", "crm_activities")
"""What the table expressions are called; no user has a table of such a name."""
_FIELD, _ACTIVITY = "field:", "activity:"
Columns = LeadColumns | OutcomeColumns | ActivityColumns


@dataclass(frozen=True, kw_only=True)
class Tables:
    """How the user's tables are named in a statement; empty where there is none."""

    leads: str
    outcomes: str
    activities: str


def plain_name(name: str) -> str:
    """Return the column of an attribute, as the data calls it.

    Examples
    --------
    >>> plain_name("field:score"), plain_name("Industry")
    ('score', 'Industry')
    """
    bare = name.removeprefix(_FIELD)
    return bare if bare in RESERVED_NAMES else name


def leads_sql(
    settings: Settings,
    tables: Tables,
    fields: Mapping[str, Term],
    values: Parameters,
    *,
    is_wide: bool,
) -> str:
    """Return the table expression ``crm_leads``: one row a lead, with the columns of a card.

    Parameters
    ----------
    settings : Settings
    tables : Tables
    fields : mapping of str to Term
        The columns wanted, and what each is called here.
    values : Parameters
    is_wide : bool
        Whether there is no creation time.
    """
    leads = settings.leads
    if leads.from_activities:
        return _leads_of_log_sql(settings, tables, values)
    key = quote_identifier(leads.id or "lead_id")
    created = "CAST(NULL AS TIMESTAMP)"
    if not is_wide:
        created = _time(leads.created_at or "created_at", "d")
    outcome, closed_at = _outcome(settings, values)
    cells = {
        "lead_row": f"d.{key}",
        "lead_id": f"d.{key}",
        "lead_key": _text(f"d.{quote_identifier(leads.contact)}" if leads.contact else f"d.{key}"),
        "created_at": created,
        "outcome": outcome,
        "closed_at": closed_at,
        **{term.sql: _cell(name, term, leads, values) for name, term in fields.items()},
    }
    listed = ",\n        ".join(f"{value} AS {name}" for name, value in cells.items())
    kept = [f"d.{key} IS NOT NULL", *_excluded(leads, "d", values)]
    return f"""crm_leads AS (
    SELECT
        {listed}
    FROM {tables.leads} AS d{_wins_joined(settings, tables, f"d.{key}", values)}
    WHERE {" AND ".join(kept)}
)"""


def activities_sql(
    settings: Settings, tables: Tables, measures: Sequence[Measure], values: Parameters
) -> str:
    """Return the table expression ``crm_activities``: one row an event.

    Parameters
    ----------
    settings : Settings
    tables : Tables
    measures : sequence of Measure
        What is taken from the log; columns that none needs are not read.
    values : Parameters
    """
    log, leads = settings.activities or ActivityColumns(), settings.leads
    lead = f"a.{quote_identifier(log.lead or leads.contact or leads.id or 'lead_id')}"
    activity = f"a.{quote_identifier(log.activity or 'activity')}"
    detail, value = "CAST(NULL AS VARCHAR)", "CAST(NULL AS DOUBLE)"
    if any(measure.detail is not None for measure in measures):
        detail = _cleaned(f"a.{quote_identifier(log.detail or 'detail')}", log, values)
    if any(measure.statistic == "total" for measure in measures):
        value = f"CAST(a.{quote_identifier(log.value or 'value')} AS DOUBLE)"
    kept = [f"{lead} IS NOT NULL", *_excluded(log, "a", values)]
    return f"""crm_activities AS (
    SELECT
        {_text(lead)} AS lead_key,
        {_activity_name(_text(activity), measures, values)} AS activity,
        {_time(log.occurred_at or "occurred_at", "a")} AS occurred_at,
        {detail} AS detail,
        {value} AS value
    FROM {tables.activities} AS a
    WHERE {" AND ".join(kept)}
)"""


def _activity_name(cell: str, measures: Sequence[Measure], values: Parameters) -> str:
    """Return an activity's name; one that a column of the leads has is ``activity:NAME``."""
    names = dict.fromkeys(str(m.activity) for m in measures if m.activity is not None)
    prefixed = [name for name in names if name.startswith(_ACTIVITY)]
    bands = "".join(
        f" WHEN {values.text(name.removeprefix(_ACTIVITY))} THEN {values.text(name)}"
        for name in prefixed
    )
    return f"CASE {cell}{bands} ELSE {cell} END" if bands else cell


def _leads_of_log_sql(settings: Settings, tables: Tables, values: Parameters) -> str:
    """Return ``crm_leads`` made from the log: the first event is the creation."""
    leads, log = settings.leads, settings.activities or ActivityColumns()
    key = f"d.{quote_identifier(leads.id or log.lead or 'lead_id')}"
    created = _time(leads.created_at or log.occurred_at or "occurred_at", "d")
    outcome = "'open'"
    if leads.outcome is not None:
        said = _outcome_of(leads.outcome, leads, values)
        outcome = "CASE " + " ".join(
            f"WHEN max(CASE WHEN {said} = '{word}' THEN 1 ELSE 0 END) = 1 THEN '{word}'"
            for word in ("converted", "lost")
        )
        outcome += " ELSE 'open' END"
    return f"""crm_leads AS (
    SELECT
        {key} AS lead_row,
        {key} AS lead_id,
        {_text(key)} AS lead_key,
        min({created}) AS created_at,
        {outcome} AS outcome,
        CAST(NULL AS TIMESTAMP) AS closed_at
    FROM {tables.leads or tables.activities} AS d
    WHERE {" AND ".join([f"{key} IS NOT NULL", *_excluded(leads, "d", values)])}
    GROUP BY {key}
)"""


def _outcome(settings: Settings, values: Parameters) -> tuple[str, str]:
    """Return the SQL of a lead's outcome and of its closing."""
    leads, wins = settings.leads, settings.outcomes
    outcome, closed_at = "'open'", "CAST(NULL AS TIMESTAMP)"
    if leads.outcome is not None or wins is None:
        outcome = _outcome_of(leads.outcome or "outcome", leads, values)
    if leads.closed_at is not None:
        closed_at = _time(leads.closed_at, "d")
    if wins is not None:
        outcome = f"CASE WHEN w.lead_key IS NOT NULL THEN 'converted' ELSE {outcome} END"
        closed_at = f"CASE WHEN w.lead_key IS NOT NULL THEN w.closed_at ELSE {closed_at} END"
    return outcome, closed_at


def _outcome_of(name: str, leads: LeadColumns, values: Parameters) -> str:
    cell = _text(f"d.{quote_identifier(name)}")
    won = [text.lower() for text in _spellings(leads.won)]
    lost = [text.lower() for text in _spellings(leads.lost)]
    if not won and not lost:
        won, lost = list(CONVERTED_WORDS), list(LOST_WORDS)
    bands = "".join(
        f" WHEN lower({cell}) IN ({_listed(words, values)}) THEN '{name}'"
        for name, words in (("converted", won), ("lost", lost))
        if words
    )
    return f"CASE{bands} ELSE 'open' END"


def _wins_joined(settings: Settings, tables: Tables, key: str, values: Parameters) -> str:
    wins = settings.outcomes
    if wins is None:
        return ""
    lead = _text(f"o.{quote_identifier(wins.lead or settings.leads.id or 'lead_id')}")
    closed_at = "CAST(NULL AS TIMESTAMP)"
    if wins.closed_at is not None:
        closed_at = f"min({_time(wins.closed_at, 'o')})"
    kept = [f"{lead} IS NOT NULL", *_excluded(wins, "o", values)]
    return f"""
    LEFT JOIN (
        SELECT {lead} AS lead_key, {closed_at} AS closed_at
        FROM {tables.outcomes} AS o
        WHERE {" AND ".join(kept)}
        GROUP BY {lead}
    ) AS w ON w.lead_key = {_text(key)}"""


def _cell(name: str, term: Term, leads: LeadColumns, values: Parameters) -> str:
    """Return the SQL of a column that rules read: a number, or a text without null spellings."""
    column = f"d.{quote_identifier(plain_name(name))}"
    if term.kind != "number":
        return _cleaned(column, leads, values)
    number = f"CAST({column} AS DOUBLE)"
    for null in leads.null_values:
        if _is_number(null):
            number = f"nullif({number}, {values.bind(float(null), 'DOUBLE')})"
    return number


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e300
    except ValueError:
        return False


def _cleaned(column: str, columns: Columns, values: Parameters) -> str:
    cell = f"nullif({_text(column)}, '')"
    for null in _spellings(columns.null_values):
        cell = f"nullif({cell}, {values.text(null)})"
    return cell


def _excluded(columns: Columns, table: str, values: Parameters) -> list[str]:
    return [
        f"NOT coalesce({_text(f'{table}.{quote_identifier(name)}')} IN "
        f"({_listed(_spellings(excluded), values)}), FALSE)"
        for name, excluded in columns.exclude.items()
    ]


def _spellings(settings: Sequence[object]) -> list[str]:
    """Return values of the settings as cells spell them; a column of decimals says 5.0 for 5."""
    texts = [spelled(value) for value in settings]
    return [text for one in texts for text in ([one, f"{one}.0"] if _is_whole(one) else [one])]


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdigit()


def _text(column: str) -> str:
    return f"trim(CAST({column} AS VARCHAR))"


def _time(name: str, table: str) -> str:
    return f"CAST({table}.{quote_identifier(name)} AS TIMESTAMP)"


def _listed(texts: Iterable[str], values: Parameters) -> str:
    return ", ".join(values.text(text) for text in texts)
