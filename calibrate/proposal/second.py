"""The table beside the leads: a log of activities, or the deals that were won."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.errors import DataError
from calibrate.proposal.examples import examples_of
from calibrate.proposal.looks import Column, TableLook
from calibrate.proposal.moments import where
from calibrate.proposal.roles import MAX_OUTCOMES, amount_of, best, key_of_log
from calibrate.proposal.text import Line
from calibrate.proposal.words import known_values, name_rank

__all__ = [
    "Events",
    "Joined",
    "activity_lines",
    "deal_lines",
    "events_of",
    "joined_by",
    "moment_of",
]

_MAX_ACTIVITIES = 300
_SALES = frozenset({"conversion", "purchase", "order", "sale", "won", "acquisto", "kauf"})


@dataclass(frozen=True, eq=False, kw_only=True)
class Joined:
    """What the second table has in common with the leads.

    Parameters
    ----------
    lead : Column
        Its column that names leads.
    by : Column
        The column of the leads with the same values.
    """

    lead: Column
    by: Column


@dataclass(frozen=True, eq=False, kw_only=True)
class Events:
    """A log that holds everything: whose, what, when, and which events are sales.

    Parameters
    ----------
    lead, activity, occurred_at : Column
    marker : Column or None
        Tells sales from other events; None where nothing does.
    sales, others : tuple of str
        Its values.
    """

    lead: Column
    activity: Column
    occurred_at: Column
    marker: Column | None
    sales: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def days_of_sales(self) -> Column | None:
        """The times of the sales."""
        return where(self.occurred_at, self.marker, self.sales)


def joined_by(log: TableLook, look: TableLook, identity: Column | None) -> Joined:
    """Return how the second table names the leads.

    Raises
    ------
    DataError
        If it does not.
    """
    keys = [c for c in look.columns if len(c.counts) > 0.1 * c.rows and not c.is_date]
    keys.sort(key=lambda column: column is not identity)
    found: tuple[float, Joined] | None = None
    for column in log.columns:
        if identity is None or column.is_date or len(column.counts) < 2:
            continue
        for key in keys:
            share = _common(column, key)
            rank = share - (name_rank("lead", column.name) is None) * 0.01
            if share > 0.2 and (found is None or rank > found[0] + 0.02):
                found = (rank, Joined(lead=column, by=key))
    if found is None:
        raise DataError(
            "no column of it names the leads",
            file=log.file,
            fix="is it the log of these leads? their ids must be in it",
        )
    return found[1]


def activity_lines(
    log: TableLook, lead: Column, *, fixed: dict[str, Column] | None = None
) -> list[Line]:
    """Return what the columns of a log mean; those fixed are known already."""
    known = {} if fixed is None else fixed
    texts = [c for c in log.columns if c is not lead and not c.is_date]
    activity = known.get("activity") or _kind(texts)
    rest = [column for column in texts if column is not activity]
    found = (
        ("activity", activity, "what was done"),
        ("occurred_at", known.get("occurred_at") or moment_of(log), "when"),
        ("detail", _detail(rest), "such as the page that was viewed"),
        ("value", _value(texts), "such as seconds"),
    )
    return [Line(key, c.name, why, examples=examples_of(c)) for key, c, why in found if c]


def deal_lines(log: TableLook) -> list[Line]:
    """Return what the columns of a table of won deals mean."""
    closed = best("closed_at", log.dates) or next(iter(log.dates), None)
    amount = amount_of(log.columns)
    found = (("closed_at", closed, "when it was won"), ("amount", amount, "what it was worth"))
    return [Line(key, c.name, why, examples=examples_of(c)) for key, c, why in found if c]


def events_of(log: TableLook) -> Events:
    """Return what the columns of a log mean that is all there is.

    Raises
    ------
    DataError
        If no column tells what was done.
    """
    lead, moment = key_of_log(log), moment_of(log)
    words = [c for c in log.columns if not (c is lead or c.is_date) and len(c.counts) >= 2]
    few = [c for c in words if len(c.counts) <= _MAX_ACTIVITIES]
    marker = _marker(few)
    sales: tuple[str, ...] = ()
    if marker is not None:
        sales = tuple(known_values(marker.distinct, "won") or _sales(marker))
    kinds = [c for c in few if not (c is marker or c.is_number or _says(c, marker, sales))]
    activity = _kind(kinds) or (None if marker is None or marker.is_number else marker)
    if lead is None or moment is None or activity is None:
        raise DataError(
            "no column tells what was done",
            file=log.file,
            fix='export a column such as "activity" or "channel"',
        )
    others = () if marker is None else tuple(v for v in marker.distinct if v not in sales)
    return Events(
        lead=lead, activity=activity, occurred_at=moment, marker=marker, sales=sales, others=others
    )


def _marker(columns: list[Column]) -> Column | None:
    """Column that tells sales from other events."""
    few = [c for c in columns if len(c.counts) <= MAX_OUTCOMES]
    told = [c for c in few if known_values(c.distinct, "won")]
    named = [c for c in few if _sales(c)]
    return best("outcome", told) or next(iter(named), None)


def _sales(column: Column) -> list[str]:
    return [value for value in column.distinct if value.casefold() in _SALES]


def _says(column: Column, marker: Column | None, sales: tuple[str, ...]) -> bool:
    """Whether a column says again which events are sales."""
    if marker is None or len(column.counts) > MAX_OUTCOMES:
        return False
    among = where(column, marker, sales)
    return among is not None and all(n == column.counts[v] for v, n in among.counts.items())


def _kind(columns: list[Column]) -> Column | None:
    kinds = [c for c in columns if not c.is_number and len(c.counts) <= _MAX_ACTIVITIES]
    return best("activity", kinds) or min(kinds, key=lambda c: len(c.counts), default=None)


def moment_of(log: TableLook) -> Column | None:
    """Return the column that says when an event was."""
    return best("occurred_at", log.dates) or next(iter(log.dates), None)


def _value(columns: list[Column]) -> Column | None:
    numbers = [column for column in columns if column.is_number]
    return best("value", [column for column in numbers if column is not amount_of(numbers)])


def _detail(columns: list[Column]) -> Column | None:
    return best("detail", [column for column in columns if not column.is_number])


def _common(column: Column, key: Column) -> float:
    common = sum(value in key.distinct for value in column.distinct)
    return common / min(len(column.distinct), len(key.distinct))
