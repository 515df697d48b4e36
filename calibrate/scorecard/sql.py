"""A scorecard as one statement: the whole numbers of `Scorecard.score`, made where the leads are.

The statement reads the canonical tables ``leads`` and ``activities``. With `Parameters` its
values are bound; with `Literals` they stand in the text, for people and warehouses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calibrate.criteria import Measure, Term
from calibrate.engines import quote_literal
from calibrate.errors import DataError, did_you_mean
from calibrate.observation.statements import (
    Parameters,
    Scope,
    by_day_sql,
    by_lead_sql,
    span_sql,
    unworked_sql,
)
from calibrate.scorecard.card import DISQUALIFIED, Scorecard

__all__ = ["Literals", "open_leads", "scoring_sql"]

_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass
class Literals(Parameters):
    """Values written into the text of a statement.

    Parameters
    ----------
    now : str
        SQL of the moment that a missing one stands for.
    """

    now: str = "CAST(NULL AS TIMESTAMP)"

    def bind(self, value: object, kind: str) -> str:
        """Return a literal of an SQL type of DuckDB."""
        if isinstance(value, dt.timedelta):
            return _interval(value)
        text = value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)
        if kind == "VARCHAR":
            return quote_literal(text)
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return f"CAST({quote_literal(text)} AS {kind})"

    def moment(self, value: dt.datetime | None) -> str:
        """Return a moment; `now` for a missing one."""
        return self.now if value is None else super().moment(value)


def _interval(span: dt.timedelta) -> str:
    if span % dt.timedelta(days=1):
        return f"INTERVAL '{span // _MICROSECOND}' MICROSECOND"
    return f"INTERVAL '{span.days}' DAY"


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """What the statement calls columns (of ``seen``), numbers (of ``events``, ``days``), values."""

    fields: Mapping[str, Term]
    measures: Sequence[Measure]
    log: Sequence[str]
    parameters: Parameters
    tables: tuple[str, str]

    def field(self, name: str) -> Term:
        if name in self.fields:
            column = self.fields[name]
            return Term(f"s.{column.sql}", column.kind)
        if Measure(name) in self.measures:  # how often it was done, as in `Observation.table`
            return Term(self.measure(Measure(name)), "number")
        near = did_you_mean(name, [*self.fields, *self.log])
        raise DataError("is missing", column=name, fix=f"the rules need it{near}")

    def measure(self, measure: Measure) -> str:
        table = _table(measure)
        column = f"{table}.f{self.of_table(table).index(measure)}"
        if measure.statistic == "recency":
            return column
        if measure.statistic == "total":
            column = f"CAST({column} AS DOUBLE)"
        return f"coalesce({column}, 0)"

    def bind(self, value: object, kind: str) -> str:
        return self.parameters.bind(value, kind)

    def of_table(self, name: str) -> list[Measure]:
        """Return the measures that stand in one table."""
        return [measure for measure in self.measures if _table(measure) == name]


_TABLES = {"events": by_lead_sql, "days": by_day_sql}


def _table(measure: Measure) -> str:
    return "days" if measure.statistic == "days" else "events"


def open_leads(
    as_of: dt.datetime | None, *, lookback: dt.timedelta, is_open: bool, is_wide: bool
) -> Scope:
    """Return which leads are scored, and what counts: those open, with all they did until then.

    Parameters
    ----------
    as_of : datetime or None
        None for a wide table.
    lookback : timedelta
        How far before creation activities count.
    is_open : bool
        False for a wide table without an open lead: all that somebody worked.
    is_wide : bool
        Whether the table knows no times.

    Returns
    -------
    Scope
    """
    nothing = dt.timedelta(0)
    return Scope(
        as_of=as_of,
        start=None,
        end=None,
        window=nothing,
        horizon=nothing,
        lookback=lookback,
        is_open=is_open,
        is_wide=is_wide,
    )


def scoring_sql(
    card: Scorecard,
    scope: Scope,
    fields: Mapping[str, Term],
    parameters: Parameters,
    *,
    activities: Sequence[str] = (),
    first: Sequence[str] = (),
    tables: tuple[str, str] = ("leads", "activities"),
    previous: str | None = None,
) -> str:
    """Return the statement that scores leads by a card.

    Parameters
    ----------
    card : Scorecard
    scope : Scope
        From `open_leads`.
    fields : mapping of str to Term
        Columns of ``leads`` by the name that rules know them by.
    parameters : Parameters
        Where values are bound, or `Literals`.
    activities : sequence of str
        Names in the log; a rule on a field of such a name is about how often it was done.
    first : sequence of str
        Common table expressions that come first.
    tables : (str, str)
        What ``leads`` and ``activities`` are called.
    previous : str, optional
        A table of earlier scores (``lead_id`` as text, ``score``, ``tier``), whose score and
        tier are given beside.

    Returns
    -------
    str
        One SELECT in DuckDB's SQL: ``lead_id, score, expected_rate, tier, fit, engagement,
        cutoff`` (missing for a wide table) and, if asked for, ``previous_score,
        previous_tier``; the highest score first, equals by ``lead_row``.

    Raises
    ------
    DataError
        If a column that the card reads is missing.

    Notes
    -----
    Only the columns and activities that the card reads are looked at. Points of a group are
    added up and capped, base and groups kept within 0 and 100, then lowered to the ceiling of
    each hold that stands; who is disqualified has 0.
    """
    counted = [name for name in card.fields if name not in fields and name in activities]
    measures = dict.fromkeys([*card.measures, *(Measure(name) for name in counted)])
    terms = _Terms(
        fields=fields,
        measures=list(measures),
        log=activities,
        parameters=parameters,
        tables=tables,
    )
    parts = [*first, _seen_sql(card, scope, terms)]
    parts += [
        f"{name} AS ({make(_events_sql(scope, asked, terms), asked, parameters)}\n)"
        for name, make in _TABLES.items()
        if (asked := terms.of_table(name))
    ]
    parts += [_points_sql(card, terms), _scored_sql(card), _rates_sql(card, parameters)]
    joined = ",\n".join(parts)
    cutoff = "CAST(NULL AS TIMESTAMP)" if scope.is_wide else "s.cutoff"
    before, beside = "", ""
    if previous is not None:
        before = ",\n    b.score AS previous_score, b.tier AS previous_tier"
        beside = f"\nLEFT JOIN {previous} AS b ON b.lead_id = CAST(s.lead_id AS VARCHAR)"
    return f"""WITH {joined}
SELECT s.lead_id, CAST(s.score AS BIGINT) AS score, r.rate AS expected_rate,
    {_tier_sql(card, parameters)} AS tier,
    CAST(s.fit AS BIGINT) AS fit, CAST(s.engagement AS BIGINT) AS engagement,
    {cutoff} AS cutoff{before}
FROM scored AS s
JOIN rates AS r ON r.score = s.score{beside}
ORDER BY s.score DESC, s.lead_row"""


def _seen_sql(card: Scorecard, scope: Scope, terms: _Terms) -> str:
    parameters = terms.parameters
    as_of = parameters.moment(scope.as_of)
    if not scope.is_wide:
        wanted = f"l.created_at <= {as_of} AND (l.outcome = 'open' OR l.closed_at > {as_of})"
    elif scope.is_open:
        wanted = "l.outcome = 'open'"
    else:
        wanted = f"NOT {unworked_sql(scope, parameters)}"
    columns = [terms.fields[name].sql for name in card.fields if name in terms.fields]
    if terms.measures:
        columns = ["lead_key", "created_at", *columns]
    until = f", {as_of} + INTERVAL 1 MICROSECOND AS until" if terms.measures else ""
    listed = "".join(f", l.{column}" for column in dict.fromkeys(columns))
    return f"""seen AS (
    SELECT l.lead_row, l.lead_id, {as_of} AS cutoff{until}{listed}
    FROM {terms.tables[0]} AS l
    WHERE {wanted}
)"""


def _events_sql(scope: Scope, measures: Sequence[Measure], terms: _Terms) -> str:
    parameters = terms.parameters
    where = span_sql(scope, parameters)
    names = [measure.activity for measure in measures]
    if None not in names:
        listed = ", ".join(parameters.text(str(name)) for name in dict.fromkeys(names))
        where += f" AND a.activity IN ({listed})"
    return f"seen AS u JOIN {terms.tables[1]} AS a ON a.lead_key = u.lead_key WHERE {where}"


def _points_sql(card: Scorecard, terms: _Terms) -> str:
    groups = ",\n        ".join(
        f"{_group_sql(card, group, terms)} AS {group}" for group in ("fit", "engagement")
    )
    ceilings = ", ".join(
        f"CASE WHEN {hold.rule.sql(terms)} AND NOT {hold.until.sql(terms)}"
        f" THEN {hold.at_most} ELSE 100 END"
        for hold in card.hold
    )
    out = " OR ".join(rule.sql(terms) for rule in card.disqualify) or "FALSE"
    joined = "".join(
        f"\n    LEFT JOIN {name} ON {name}.lead_row = s.lead_row"
        for name in _TABLES
        if terms.of_table(name)
    )
    return f"""points AS (
    SELECT s.lead_row, s.lead_id, s.cutoff,
        {groups},
        {f"least({ceilings}, 100)" if ceilings else "100"} AS ceiling,
        {out} AS is_out
    FROM seen AS s{joined}
)"""


def _group_sql(card: Scorecard, group: str, terms: _Terms) -> str:
    lines = [
        f"CASE WHEN {line.criterion.sql(terms)} THEN {line.points} ELSE 0 END"
        for line in card.criteria
        if line.criterion.group == group
    ]
    total = "\n        + ".join(lines) or "0"
    cap = card.caps.get(group)
    return total if cap is None else f"least({total}, {cap})"


def _scored_sql(card: Scorecard) -> str:
    total = f"{card.base} + p.fit + p.engagement"
    return f"""scored AS (
    SELECT p.lead_row, p.lead_id, p.cutoff, p.fit, p.engagement, p.is_out,
        CASE WHEN p.is_out THEN 0 ELSE least(greatest({total}, 0), p.ceiling) END AS score
    FROM points AS p
)"""


def _rates_sql(card: Scorecard, parameters: Parameters) -> str:
    rows = ",\n    ".join(
        f"({score}, {parameters.bind(float(rate), 'DOUBLE')})"
        for score, rate in enumerate(card.expected_rate["rate"])
    )
    return f"""rates AS (
    SELECT v.score, v.rate FROM (VALUES
    {rows}
    ) AS v(score, rate)
)"""


def _tier_sql(card: Scorecard, parameters: Parameters) -> str:
    bands = "".join(
        f" WHEN s.score >= {tier.at_least} THEN {parameters.text(tier.name)}" for tier in card.tiers
    )
    return f"CASE WHEN s.is_out THEN '{DISQUALIFIED}'{bands} END"
