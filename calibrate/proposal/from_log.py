"""Settings where there is no table of leads: its events are all that is known of a lead."""

from __future__ import annotations

from calibrate.errors import DataError
from calibrate.proposal.calibration import Times
from calibrate.proposal.examples import examples_of
from calibrate.proposal.leads import format_lines, source_line, url_line
from calibrate.proposal.looks import Column, TableLook
from calibrate.proposal.moments import where
from calibrate.proposal.questions import Ask
from calibrate.proposal.second import Events, activity_lines, deal_lines, events_of, joined_by
from calibrate.proposal.text import Line, Table

__all__ = ["closings", "deals_table", "of_log", "without_outcome"]


def of_log(
    look: TableLook, deals: TableLook | None, ask: Ask
) -> tuple[list[Table], Times, list[str]]:
    """Return the tables for a log, whose first event is the creation of each lead.

    Parameters
    ----------
    look : TableLook
        The log.
    deals : TableLook or None
        The deals that were won; else they are events of the log.
    ask : callable

    Returns
    -------
    list of Table, Times, list of str
        [leads], [activities] and [outcomes]; the columns of times; what to look at.

    Raises
    ------
    DataError
        If nothing tells which leads became customers.
    """
    events = events_of(look)
    if deals is None and not events.sales:
        raise without_outcome(look, is_log=True)
    spelled, doubts = format_lines(look, "activities", ask)
    n = len(events.lead.counts)
    first = "a lead's first event is its creation"
    leads = [Line("from_activities", True, first, examples=f"{n:,} leads"), url_line(None, ask)]
    fixed = {"activity": events.activity, "occurred_at": events.occurred_at}
    log = [*_head(look, events), *activity_lines(look, events.lead, fixed=fixed)]
    log += _exclusion(events, events.sales, "a sale is no activity")
    tables = [
        Table(name="leads", lines=leads),
        Table(name="activities", lines=[*log, *spelled]),
    ]
    if deals is None:
        tables.append(Table(name="outcomes", lines=[*_sales(look, events), *spelled]))
        closed = [(events.days_of_sales, look.date_order)]
    else:
        joined = joined_by(deals, look, events.lead)
        table, more = deals_table(deals, joined.lead.name, events.lead.name, ask)
        tables.append(table)
        doubts += more
        closed = closings(deals)
    said = f'"{look.file}" has several rows for each "{events.lead.name}": it is taken for a log'
    seen = [(events.occurred_at, look.date_order)]
    return tables, Times(columns=[*seen, *closed], is_known=look.is_whole), [said, *doubts]


def deals_table(deals: TableLook, lead: str, by: str, ask: Ask) -> tuple[Table, list[str]]:
    """Return [outcomes] for a file of won deals, and what to look at."""
    spelled, doubts = format_lines(deals, "outcomes", ask)
    named = Line("lead", lead, f'the same values as "{by}" of the leads')
    lines = [source_line(deals, "sales"), named, *deal_lines(deals), *spelled]
    return Table(name="outcomes", lines=lines), doubts


def closings(deals: TableLook) -> list[tuple[Column | None, str | None]]:
    """Return the column of the closings of a file of won deals, with its order."""
    name = next((line.shown for line in deal_lines(deals) if line.key == "closed_at"), None)
    return [(deals.column(name), deals.date_order)]


def without_outcome(look: TableLook, *, is_log: bool = False) -> DataError:
    """Return the error that nothing tells which leads became customers."""
    fix = (
        'export a column like "converted" (yes/no) or the stage of the deal, or name the '
        "file of closed deals as the second file"
    )
    if is_log:
        fix = (
            "it looks like a log of activities: is it the second file? name the leads first: "
            f"calibrate init LEADS {look.file}; or name the file of closed deals as the second"
        )
    return DataError("no column tells which leads became customers", file=look.file, fix=fix)


def _head(look: TableLook, events: Events) -> list[Line]:
    shown = examples_of(events.lead, is_key=True)
    return [source_line(look, "events"), Line("lead", events.lead.name, "whose", examples=shown)]


def _sales(look: TableLook, events: Events) -> list[Line]:
    when = "a sale; of several of a lead the first counts"
    only = where(events.occurred_at, events.marker, events.sales)
    shown = "" if only is None else f"{only.filled:,} sales"
    moment = Line("closed_at", events.occurred_at.name, when, examples=shown)
    worth = [line for line in deal_lines(look) if line.key == "amount"]
    return [*_head(look, events), moment, *worth, *_exclusion(events, events.others, "not sales")]


def _exclusion(events: Events, values: tuple[str, ...], why: str) -> list[Line]:
    if events.marker is None or not values:
        return []
    return [Line("exclude", {events.marker.name: values}, why)]
