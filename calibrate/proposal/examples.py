"""Examples of a column that may be shown: never whom a name, an address or a number belongs to."""

from __future__ import annotations

import re
from itertools import islice

from calibrate.display import shorten
from calibrate.history.personal import masked
from calibrate.proposal.looks import Column
from calibrate.proposal.words import is_personal_name

__all__ = ["examples_of", "is_personal"]

_HIDDEN = "(not shown: it may name people)"
_FEW, _LONG = 3, 30
_TWO_NAMES = re.compile(r"[A-ZÀ-Þ][a-zà-ÿ'’]+(?: [A-ZÀ-Þ]\.?)?(?: [A-ZÀ-Þ][a-zà-ÿ'’]+)+")


def examples_of(column: Column, *, is_key: bool = False) -> str:
    """Return a few values of a column, or that they are not shown.

    Parameters
    ----------
    column : Column
    is_key : bool
        Whether it is the id of leads, which may be shown unless it is an address.

    Returns
    -------
    str
        Up to three; of words the most frequent ones.

    Examples
    --------
    >>> examples_of(Column.of("Stage", ["Lost", "Won", "Lost", "Lost"] * 5))
    'Lost, Won'
    >>> examples_of(Column.of("Who", ["Ada Lovelace", "Alan Turing"]))
    '(not shown: it may name people)'
    """
    is_shown = column.is_date or column.is_number or column.is_category or is_key
    if is_personal(column) or not is_shown:
        return _HIDDEN
    values = list(islice(column.distinct, _FEW))
    if column.is_date or is_key:
        values = [str(value) for value in column.values[:1]]
    return ", ".join(shorten(masked(value), _LONG) for value in values)


def is_personal(column: Column) -> bool:
    """Whether a column by its name or its values may say who a person is.

    Examples
    --------
    >>> is_personal(Column.of("to", ["ada@example.com", "alan@example.com"]))
    True
    >>> is_personal(Column.of("employees", ["10", "1000"]))
    False
    """
    if is_personal_name(column.name) and not column.is_date and not _counts(column):
        return True
    if column.is_date:
        return False
    sample = [str(value) for value in column.values[:500]]
    hits = sum(masked(text) != text for text in sample)
    if not column.is_number and not column.is_category:
        hits += sum(bool(_TWO_NAMES.fullmatch(text)) for text in sample)
    return hits > 0.02 * len(sample)


def _counts(column: Column) -> bool:
    """Whether it holds small whole numbers, or yes and no, such as how many mails were opened."""
    return column.is_number and all(len(text) <= 4 for text in column.distinct)
