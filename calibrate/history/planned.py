"""Closing dates of leads that count as open: plans, or leads that were closed long ago."""

from __future__ import annotations

import datetime as dt

from calibrate.engines import DuckDBEngine
from calibrate.history.checks import Check
from calibrate.history.personal import masked
from calibrate.history.staging import Staged

__all__ = ["OPEN_BUT_PAST", "keep_planned", "past_closings"]

OPEN_BUT_PAST = "open with a closing date that is past"
_TABLE = "planned_closings"


def keep_planned(staged: Staged, outcome: int | None) -> None:
    """Keep the closing dates of open leads until it is known when the data end.

    Parameters
    ----------
    staged : Staged
        The leads, typed in ``typed_leads``.
    outcome : int or None
        Position of their column of outcomes, if they have one.
    """
    value, joined = "CAST(NULL AS VARCHAR)", ""
    if outcome is not None:
        value, joined = staged.text(outcome), f"JOIN {staged.name} AS s ON s.row = t.row "
    staged.engine.execute(
        f"CREATE OR REPLACE TABLE {_TABLE} AS SELECT t.closed_to, {value} AS value "
        f"FROM typed_leads AS t {joined}WHERE t.outcome = 'open' AND t.closed_to IS NOT NULL"
    )


def past_closings(engine: DuckDBEngine, as_of: dt.datetime | None) -> list[Check]:
    """Count the open leads whose closing date is past; the dates that were kept are dropped.

    Parameters
    ----------
    engine : DuckDBEngine
        Where `keep_planned` kept them; nothing where leads have no times.
    as_of : datetime.datetime or None
        When the data end.

    Returns
    -------
    list of Check
        At most one, with the most frequent outcome of these leads; none where there are none.
    """
    if as_of is None:
        return []
    found = engine.query(
        f"SELECT value, count(*) AS n FROM {_TABLE} WHERE closed_to <= ? GROUP BY value "
        "ORDER BY value IS NULL, n DESC, value",
        [as_of],
    ).to_pylist()
    engine.execute(f"DROP TABLE {_TABLE}")
    n = sum(row["n"] for row in found)
    if not n:
        return []
    most = found[0]
    said = f'{most["n"]:,} of them stand at "{masked(most["value"])}"' if most["value"] else ""
    rule = "the date is not used: the lead counts as open"
    return [Check(table="leads", check=OPEN_BUT_PAST, n=n, rule=rule, examples=said)]
