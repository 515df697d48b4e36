"""Whether the two files were named the wrong way round."""

from __future__ import annotations

from pathlib import Path

from calibrate.errors import DataError
from calibrate.proposal.looks import Column, TableLook
from calibrate.proposal.roles import best, roles_of
from calibrate.proposal.words import name_rank

__all__ = ["refuse_swapped"]

_REPEATED = 0.7
_HALF = 0.5


def refuse_swapped(first: TableLook, second: TableLook | None) -> None:
    """Refuse a log of activities as the first file where the second holds its leads.

    Parameters
    ----------
    first, second : TableLook
        In the order they were named.

    Raises
    ------
    DataError
        With the command that names them the right way round.

    Notes
    -----
    The first is a log by its columns: an activity, a time, and ids of leads that come again. The
    second holds its leads if at least half of them have a row of their own there, with an
    outcome: deals that were won are fewer.
    """
    key = _lead_of_log(first)
    if second is None or key is None:
        return
    roles = roles_of(second)
    if roles.id is None or roles.outcome is None or not roles.id.is_unique:
        return
    common = sum(value in roles.id.distinct for value in key.distinct)
    if common >= _HALF * len(key.distinct):
        raise DataError(
            "it looks like a log of activities: is it the second file?",
            file=first.file,
            fix=f"say: calibrate init {_named(second)} {_named(first)}",
        )


def _lead_of_log(look: TableLook) -> Column | None:
    """Return the column that names the leads of a log; None where the table is no log."""
    words = [c for c in look.columns if not (c.is_date or c.is_number)]
    repeated = [c for c in look.columns if not c.is_date and len(c.counts) <= _REPEATED * c.rows]
    key = best("lead", repeated)
    others = [column for column in words if column is not key and not column.is_unique]
    own = roles_of(look).id
    of_events = own is None or own is key or name_rank("activity", own.name) is not None
    return key if look.dates and of_events and best("activity", others) is not None else None


def _named(look: TableLook) -> str:
    name = Path(look.source).name
    return f'"{name}"' if " " in name else name
