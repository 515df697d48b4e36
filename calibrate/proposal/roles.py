"""Which column of the leads means what, by its name and by what it holds.

What a certain CRM calls its columns would be asked before this: a function from a `TableLook`
to `Roles`, in a module of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from calibrate.history.attributes import name_tokens
from calibrate.proposal.examples import is_personal
from calibrate.proposal.looks import Column, TableLook
from calibrate.proposal.words import (
    NOT_THE_SALE,
    PLAIN_OUTCOMES,
    known_values,
    name_rank,
)

__all__ = ["MAX_OUTCOMES", "Roles", "amount_of", "best", "is_log", "key_of_log", "roles_of"]

MAX_OUTCOMES = 25
_NEARLY_UNIQUE = 0.98


@dataclass(frozen=True, eq=False, kw_only=True)
class Roles:
    """The columns of the leads that mean something; None where there is none.

    Parameters
    ----------
    id, created_at, outcome, closed_at, amount, contact, account : Column or None
    """

    id: Column | None = None
    created_at: Column | None = None
    outcome: Column | None = None
    closed_at: Column | None = None
    amount: Column | None = None
    contact: Column | None = None
    account: Column | None = None

    @property
    def outcome_is_plain(self) -> bool:
        """Whether the outcome's values need no words: converted, lost, yes, no, 1, 0."""
        values = [] if self.outcome is None else self.outcome.distinct
        return {value.casefold() for value in values} <= PLAIN_OUTCOMES


def roles_of(look: TableLook) -> Roles:
    """Return what the columns of a table of leads mean.

    Parameters
    ----------
    look : TableLook

    Returns
    -------
    Roles
        A date whose name says nothing is the creation where it is the only one.
    """
    dates = look.dates
    closed = best("closed_at", dates)
    created = best("created_at", (column for column in dates if column is not closed))
    if created is None and closed is not None and name_rank("created_at", closed.name) is not None:
        created, closed = closed, None
    if created is None and len(dates) == 1 and closed is None:
        created = dates[0]
    found = Roles(created_at=created, closed_at=closed, outcome=_outcome(look))
    taken = [found.outcome, created, closed]
    rest = [column for column in look.columns if column not in taken]
    found = replace(found, id=_identity(rest))
    rest = [column for column in rest if column is not found.id]
    return replace(
        found,
        amount=amount_of(rest),
        contact=best("contact", (c for c in rest if _names_several(c))),
        account=best("account", (c for c in rest if _names_companies(c))),
    )


def best(meaning: str, columns: Iterable[Column]) -> Column | None:
    """Return the column whose name fits a meaning best, or None."""
    ranked = [(name_rank(meaning, column.name), column) for column in columns]
    known = [(rank, column) for rank, column in ranked if rank is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def amount_of(columns: Iterable[Column]) -> Column | None:
    """Return the number that by its name says what a sale was worth, or None."""
    sale = (c for c in columns if c.is_number and not NOT_THE_SALE & set(name_tokens(c.name)))
    return best("amount", sale)


def is_log(look: TableLook) -> bool:
    """Whether the rows are events of leads and not leads: each id has several, and a time."""
    return bool(look.dates) and _identity(look.columns) is None and key_of_log(look) is not None


def key_of_log(look: TableLook) -> Column | None:
    """Return the column that names the lead of each event."""
    several = (c for c in look.columns if not c.is_date and len(c.counts) > 0.02 * c.rows)
    return best("lead", (column for column in several if len(column.counts) <= 0.7 * column.rows))


def _identity(columns: Iterable[Column]) -> Column | None:
    """Column that tells rows apart; by its name, else by being different everywhere."""
    able = [column for column in columns if not column.is_date and not _is_fraction(column)]
    unique = [column for column in able if column.is_unique]
    impersonal = [column for column in unique if not is_personal(column)]
    nearly = [c for c in able if c.filled == c.rows and len(c.counts) >= _NEARLY_UNIQUE * c.rows]
    return (
        best("id", impersonal)
        or best("id", nearly)
        or next(iter(impersonal), None)
        or next(iter(unique), None)
    )


def _is_fraction(column: Column) -> bool:
    return column.is_number and any("." in t or "," in t for t in list(column.distinct)[:1000])


def _outcome(look: TableLook) -> Column | None:
    """Column that tells what became of a lead."""
    few = [c for c in look.columns if not c.is_date and 2 <= len(c.distinct) <= MAX_OUTCOMES]
    told = [c for c in few if known_values(c.distinct, "won")]
    said = [c for c in told if not c.is_number and not _is_yes_or_no(c)]
    return best("outcome", told) or next(iter(said), None) or best("outcome", few)


def _is_yes_or_no(column: Column) -> bool:
    return {value.casefold() for value in column.distinct} <= PLAIN_OUTCOMES | {"sì", "si", "ja"}


def _names_several(column: Column) -> bool:
    """Whether it can name the person behind each lead, some of them behind several."""
    return not (column.is_date or column.is_unique) and len(column.counts) > 0.1 * column.rows


def _names_companies(column: Column) -> bool:
    """Whether it can name companies: words that come again, and too many to be classes of them."""
    return column.is_category and len(column.counts) > min(MAX_OUTCOMES, 0.1 * column.rows)
