"""The SQL of the observation; values are always bound, never pasted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calibrate.criteria import Measure
from calibrate.engines.duckdb import quote_identifier

if TYPE_CHECKING:
    from calibrate.history import Attribute

__all__ = [
    "UNDATED_WIN",
    "Parameters",
    "Scope",
    "aggregate_sql",
    "by_day_sql",
    "by_lead_sql",
    "counted_for",
    "features_statement",
    "filter_sql",
    "leads_statement",
    "like_pattern",
    "seen_sql",
    "span_sql",
    "units_sql",
    "until_sql",
    "unworked_sql",
]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which leads are observed, from when to when.

    Parameters
    ----------
    as_of : datetime or None
        Nothing after it exists. None only for wide tables.
    start, end : datetime or None
        Leads created in ``[start, end)``.
    window, horizon, lookback : timedelta
        Landmark and horizon count from creation, lookback before it.
    is_open : bool
        Leads open at ``as_of``, cut off there, instead of at their landmark.
    is_wide : bool
        The table knows no times: every lead, nothing cut off.
    truncates : bool
        Leads closed before their landmark are kept, with what was seen until then.
    weights_young : bool
        Leads of known outcome stand in for those too young to be judged.
    keeps_unworked : bool
        Leads that nobody worked are seen like any other.
    moments : str or None
        Table of the engine whose rows are looked at instead: a lead at a moment each.
    md5_below : str or None
        Only leads the MD5 of whose id, in hexadecimal, is below (`observation.searched`).
    """

    as_of: dt.datetime | None
    start: dt.datetime | None
    end: dt.datetime | None
    window: dt.timedelta
    horizon: dt.timedelta
    lookback: dt.timedelta
    is_open: bool = False
    is_wide: bool = False
    truncates: bool = False
    weights_young: bool = False
    keeps_unworked: bool = False
    moments: str | None = None
    md5_below: str | None = None


@dataclass
class Parameters:
    """Values of one statement, in the order of their placeholders."""

    values: list[object] = field(default_factory=list)

    def bind(self, value: object, kind: str) -> str:
        """Remember a value and return its typed placeholder."""
        self.values.append(value)
        return f"CAST(${len(self.values)} AS {kind})"

    def moment(self, value: dt.datetime | None) -> str:
        """Bind a moment."""
        return self.bind(value, "TIMESTAMP")

    def span(self, value: dt.timedelta) -> str:
        """Bind a length of time."""
        return self.bind(value, "INTERVAL")

    def text(self, value: str) -> str:
        """Bind a text."""
        return self.bind(value, "VARCHAR")


def like_pattern(wildcard: str) -> str:
    r"""Return the ``LIKE`` pattern (escape ``\``) of a wildcard with ``*`` and ``?``.

    Examples
    --------
    >>> like_pattern("*/pricing*")
    '%/pricing%'
    >>> like_pattern("100%_?")
    '100\\%\\__'
    """
    literal = wildcard.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return literal.replace("*", "%").replace("?", "_")


def leads_statement(scope: Scope, attributes: Sequence[Attribute]) -> tuple[str, list[object]]:
    """Return the statement for the observed leads, in any order, and its parameters."""
    parameters = Parameters()
    carried = [quote_identifier(attribute.column) for attribute in attributes]
    extra = "".join(f", u.{column}" for column in carried)
    statement = f"""
WITH {units_sql(scope, parameters, carried=("lead_id", "amount", "contact", *carried))}
SELECT u.lead_row, u.lead_id, u.created_at, u.cutoff, u.status, u.is_win, u.converted, u.mature,
    u.amount, u.contact, u.closed_at{extra}
FROM units AS u"""
    return statement, parameters.values


def features_statement(scope: Scope, measures: Sequence[Measure]) -> tuple[str, list[object]]:
    """Return the statement for measures ``f0, f1, ...`` in file order, and its parameters.

    Distinct days are counted in a statement of their own: first by lead and day, then by
    lead, which is several times faster than distinct counts beside each other.
    """
    parameters = Parameters()
    units = units_sql(scope, parameters)
    span = span_sql(scope, parameters)
    events = f"units AS u JOIN activities AS a ON a.lead_key = u.lead_key WHERE {span}"
    by_day = any(measure.statistic == "days" for measure in measures)
    features = (by_day_sql if by_day else by_lead_sql)(events, measures, parameters)
    shown = ", ".join(
        f"f.f{i}" if measure.statistic == "recency" else f"coalesce(f.f{i}, 0) AS f{i}"
        for i, measure in enumerate(measures)
    )
    statement = f"""
WITH {units},
features AS ({features}
)
SELECT {shown}
FROM units AS u
LEFT JOIN features AS f ON f.lead_row = u.lead_row
ORDER BY u.lead_row"""
    return statement, parameters.values


def by_lead_sql(events: str, measures: Sequence[Measure], parameters: Parameters) -> str:
    """Return the query for measures ``f0, f1, ...`` of each lead with an event."""
    columns = "".join(
        f",\n        {aggregate_sql(measure, parameters)} AS f{i}"
        for i, measure in enumerate(measures)
    )
    return f"""
    SELECT u.lead_row{columns}
    FROM {events}
    GROUP BY u.lead_row"""


def by_day_sql(events: str, measures: Sequence[Measure], parameters: Parameters) -> str:
    """Return the same for measures that count days."""
    happened = "".join(
        f",\n            count(*){filter_sql(measure, parameters)} AS d{i}"
        for i, measure in enumerate(measures)
    )
    columns = "".join(f", count(*) FILTER (WHERE d.d{i} > 0) AS f{i}" for i in range(len(measures)))
    return f"""
    SELECT d.lead_row{columns}
    FROM (
        SELECT u.lead_row, CAST(a.occurred_at AS DATE) AS day{happened}
        FROM {events}
        GROUP BY u.lead_row, CAST(a.occurred_at AS DATE)
    ) AS d
    GROUP BY d.lead_row"""


def units_sql(scope: Scope, parameters: Parameters, *, carried: Sequence[str] = ()) -> str:
    """Return the common table expressions that end in ``units``, one row a lead.

    Columns of the leads that are to be in it are carried along: no join brings them later.
    """
    if scope.moments is not None:
        return f"units AS (SELECT * FROM {quote_identifier(scope.moments)})"
    if scope.is_wide:
        return _wide_units_sql(scope, parameters, carried)
    known = _known_sql(scope, parameters, carried)
    units = _open_units_sql if scope.is_open else _units_sql
    return f"{known},\n{units(scope, parameters, carried)}"


def _carried_sql(alias: str, carried: Sequence[str]) -> str:
    return "".join(f", {alias}.{column}" for column in carried)


def _known_sql(scope: Scope, parameters: Parameters, carried: Sequence[str]) -> str:
    # What was known at as_of. A closing never lies before the creation (lag 0).
    closed = f"(l.outcome <> 'open' AND l.closed_at <= {parameters.moment(scope.as_of)})"
    landmark = f"l.created_at + {parameters.span(scope.window)}"
    due = f"l.created_at + {parameters.span(scope.horizon)}"
    never = UNDATED_WIN
    if not scope.is_open:
        never = f"({UNDATED_WIN} OR {unworked_sql(scope, parameters)})"
    return f"""known AS (
    SELECT l.lead_row, l.lead_key, l.created_at, l.outcome,
        CASE WHEN NOT {closed} OR l.closed_at IS NULL THEN NULL
            WHEN l.closed_at < l.created_at THEN l.created_at ELSE l.closed_at END AS closed_at,
        CASE WHEN NOT {closed} OR l.closed_from IS NULL THEN NULL
            WHEN l.closed_from < l.created_at THEN l.created_at ELSE l.closed_from END
            AS closed_from,
        {landmark} AS landmark, {due} AS due,
        {due} <= {parameters.moment(scope.as_of)} AS mature{_carried_sql("l", carried)}
    FROM leads AS l
    WHERE {seen_sql(scope, parameters)} AND NOT {never}
)"""


# A win without a date could have been won at any time.
UNDATED_WIN = "(l.outcome = 'converted' AND l.closed_at IS NULL)"


def unworked_sql(scope: Scope, parameters: Parameters) -> str:
    """Return the condition that nobody worked a lead (``l``), which could not convert then.

    One that is known at as_of to have converted was worked, whatever the column says.
    """
    if scope.keeps_unworked:
        return "FALSE"
    won = "l.outcome = 'converted'"
    if not scope.is_wide:
        won += f" AND coalesce(l.closed_at <= {parameters.moment(scope.as_of)}, TRUE)"
    return f"(NOT ({won}) AND coalesce(NOT l.worked, FALSE))"


def seen_sql(scope: Scope, parameters: Parameters) -> str:
    """Return the condition that a lead (``l``) existed at as_of and is of the period."""
    conditions = [f"l.created_at <= {parameters.moment(scope.as_of)}"]
    if scope.start is not None:
        conditions.append(f"l.created_at >= {parameters.moment(scope.start)}")
    if scope.end is not None:
        conditions.append(f"l.created_at < {parameters.moment(scope.end)}")
    return " AND ".join(conditions) + _drawn_sql(scope, parameters)


def _drawn_sql(scope: Scope, parameters: Parameters) -> str:
    if scope.md5_below is None:
        return ""
    return f" AND md5(CAST(l.lead_id AS VARCHAR)) < {parameters.text(scope.md5_below)}"


def _units_sql(scope: Scope, parameters: Parameters, carried: Sequence[str]) -> str:
    # Converted at the end of the closing's interval, features cut at its start. Before its
    # landmark a lead is seen as it is at as_of, what happens at that very moment included.
    as_of = parameters.moment(scope.as_of)
    sooner = "coalesce(k.closed_from, k.landmark), k.landmark"
    more = _carried_sql("k", carried)
    return f"""units AS (
    SELECT k.lead_row, k.lead_key, k.created_at, k.closed_at, k.mature,
        least({sooner}, {as_of}) AS cutoff, least({sooner}, {_just_after(as_of)}) AS until,
        CASE WHEN NOT coalesce(k.closed_at < k.landmark, FALSE) THEN
                CASE WHEN k.landmark <= {as_of} THEN 'at landmark' ELSE 'before landmark' END
            WHEN k.outcome = 'converted' THEN 'converted early' ELSE 'lost early' END AS status,
        coalesce(k.outcome = 'converted' AND k.closed_at IS NOT NULL, FALSE) AS is_win,
        coalesce(k.outcome = 'converted' AND k.closed_at < k.due, FALSE) AS converted{more}
    FROM known AS k
)"""


def _open_units_sql(scope: Scope, parameters: Parameters, carried: Sequence[str]) -> str:
    # Lost without a date is lost; lost or won with a date after as_of is still open.
    as_of = parameters.moment(scope.as_of)
    more = _carried_sql("k", carried)
    return f"""units AS (
    SELECT k.lead_row, k.lead_key, k.created_at, CAST(NULL AS TIMESTAMP) AS closed_at,
        FALSE AS mature, {as_of} AS cutoff, {_just_after(as_of)} AS until,
        FALSE AS is_win, 'open' AS status, CAST(NULL AS BOOLEAN) AS converted{more}
    FROM known AS k
    JOIN leads AS l ON l.lead_row = k.lead_row
    WHERE k.outcome = 'open' OR (l.closed_at IS NOT NULL AND k.closed_at IS NULL)
)"""


def _just_after(moment: str) -> str:
    return f"{moment} + INTERVAL 1 MICROSECOND"


def _wide_units_sql(scope: Scope, parameters: Parameters, carried: Sequence[str]) -> str:
    nothing = "CAST(NULL AS TIMESTAMP)"
    status = "'open'" if scope.is_open else "'at landmark'"
    converted = "CAST(NULL AS BOOLEAN)" if scope.is_open else "l.outcome = 'converted'"
    mature = "FALSE" if scope.is_open else "TRUE"
    wanted = "l.outcome = 'open'" if scope.is_open else f"NOT {unworked_sql(scope, parameters)}"
    return f"""units AS (
    SELECT l.lead_row, l.lead_key, {nothing} AS created_at, {nothing} AS closed_at,
        {mature} AS mature, {parameters.moment(scope.as_of)} AS cutoff,
        FALSE AS is_win, {status} AS status, {converted} AS converted{_carried_sql("l", carried)}
    FROM leads AS l
    WHERE {wanted}{_drawn_sql(scope, parameters)}
)"""


def span_sql(scope: Scope, parameters: Parameters) -> str:
    """Return the condition that an event (``a``) counts for a lead (``u``)."""
    if scope.is_wide:
        if scope.as_of is None:
            return "TRUE"
        return f"a.occurred_at <= {parameters.moment(scope.as_of)}"
    since = f"a.occurred_at >= u.created_at - {parameters.span(scope.lookback)}"
    return f"{since} AND {until_sql(scope, parameters)}"


def counted_for(scope: Scope, parameters: Parameters) -> tuple[str, str]:
    """Return the SQL of the lead that an event counts for, and of all events with their leads.

    No condition leaves out the events outside the span of their lead, since it would slow the
    join down: they count for no lead (NULL).
    """
    units = "units AS u"
    if scope.is_wide:
        inside = span_sql(scope, parameters)
    else:  # when a span starts is computed once a lead, not once an event
        since = f"u.created_at - {parameters.span(scope.lookback)}"
        units = f"(SELECT u.*, {since} AS since FROM units AS u) AS u"
        inside = f"a.occurred_at >= u.since AND {until_sql(scope, parameters)}"
    lead = f"CASE WHEN {inside} THEN u.lead_row END"
    return lead, f"{units} JOIN activities AS a ON a.lead_key = u.lead_key"


def until_sql(scope: Scope, parameters: Parameters) -> str:
    """Return the condition that an event (``a``) is before the cutoff of a lead (``u``)."""
    return f"a.occurred_at < u.until AND a.occurred_at <= {parameters.moment(scope.as_of)}"


def aggregate_sql(measure: Measure, parameters: Parameters) -> str:
    """Return the aggregate over events (``a``) of a lead (``u``) that is a measure."""
    happened = filter_sql(measure, parameters)
    if measure.statistic == "count":
        return f"count(*){happened}"
    if measure.statistic == "total":
        # Added as decimals, exactly: a floating sum would depend on threads and file order.
        return f"sum(TRY_CAST(a.value AS DECIMAL(24, 6))){happened}"
    last = f"max(a.occurred_at){happened}"
    return f"date_diff('microsecond', {last}, max(u.cutoff)) / 86400000000.0"


def filter_sql(measure: Measure, parameters: Parameters) -> str:
    """Return the ``FILTER`` of the events that a measure counts; nothing where it counts all."""
    conditions = []
    if measure.activity is not None:
        conditions.append(f"a.activity = {parameters.text(measure.activity)}")
    if measure.detail is not None:
        pattern = parameters.text(like_pattern(measure.detail))
        conditions.append(f"a.detail ILIKE {pattern} ESCAPE '\\'")
    if measure.within_days is not None:
        span = parameters.span(dt.timedelta(days=measure.within_days))
        conditions.append(f"a.occurred_at >= u.cutoff - {span}")
    return f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""
