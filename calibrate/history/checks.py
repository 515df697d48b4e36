"""What was counted while reading: nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

__all__ = ["CHECK_COLUMNS", "Check", "check_table"]

CHECK_COLUMNS = ("table", "check", "n", "rule", "examples")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One count made while reading, and what was done about it.

    Parameters
    ----------
    table : str
        ``leads``, ``outcomes`` or ``activities``.
    check : str
        What was counted.
    n : int
        How many.
    rule : str
        What was done with them.
    examples : str
        Up to three lead ids or values, or an empty text.

    Examples
    --------
    >>> Check(table="leads", check="rows read", n=3, rule="").n
    3
    """

    table: str
    check: str
    n: int
    rule: str
    examples: str = ""


def check_table(checks: Iterable[Check]) -> pd.DataFrame:
    """Return the counts as a table.

    Parameters
    ----------
    checks : iterable of Check
        In the order of the table.

    Returns
    -------
    pandas.DataFrame
        ``table, check, n, rule, examples``.

    Examples
    --------
    >>> check_table([Check(table="leads", check="rows read", n=3, rule="")])["n"].tolist()
    [3]
    """
    rows = [[getattr(check, column) for column in CHECK_COLUMNS] for check in checks]
    return pd.DataFrame(rows, columns=list(CHECK_COLUMNS)).astype({"n": "int64"})
