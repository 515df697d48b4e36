"""The leads that criteria are searched on, where there are many: drawn by the MD5 of their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.engines import DuckDBEngine
from calibrate.observation.statements import Parameters, Scope, units_sql

if TYPE_CHECKING:
    from calibrate.history import History

__all__ = [
    "FEW_LEADS",
    "MOST_SEARCHED",
    "leads_searched",
    "share_searched",
    "which_searched",
]

MOST_SEARCHED = 1_000_000  # whatever the rate: the search must fit into a laptop's memory
FEW_LEADS = 100_000  # always searched
ENOUGH = 5_000  # conversions, and leads that did not convert, that a search wants to see
_DIGITS = 12  # of the MD5, in hexadecimal: shares are exact to one lead in 10^14


def leads_searched(n: int, n_converted: int) -> int:
    """Return how many leads criteria are searched on.

    Parameters
    ----------
    n, n_converted : int
        Leads compared, and those of them that converted.

    Returns
    -------
    int
        All up to 100,000; else about as many as hold 5,000 of those that converted, or did not,
        whichever are rarer: from 100,000 to 1,000,000.

    Examples
    --------
    At 2 % conversion 250,000 leads hold 5,000 customers.

    >>> [leads_searched(n, n // 50) for n in (80_000, 200_000, 9_000_000)]
    [80000, 200000, 250000]
    >>> leads_searched(9_000_000, 9_000)
    1000000
    """
    rarer = max(min(n_converted, n - n_converted), 1)
    return min(n, max(FEW_LEADS, min(-(-ENOUGH * n // rarer), MOST_SEARCHED)))


def share_searched(rows: pd.DataFrame) -> float | None:
    """Return which share of an observation's leads is searched; None where all are.

    A hundredth is left off, so that the draw, whose size varies by chance, keeps below.
    """
    compared = rows["at_landmark"].to_numpy(dtype=bool)
    n = int(compared.sum())
    if n <= FEW_LEADS:
        return None
    known = compared & (rows["weight"].to_numpy(dtype=float) > 0)
    n_known = int(known.sum())
    n_won = int(rows["converted"].to_numpy(dtype=bool)[known].sum())
    most = leads_searched(n, round(n * n_won / max(n_known, 1)))
    return None if most >= n else 0.99 * most / n


def which_searched(
    history: History, scope: Scope, lead_ids: pd.Series, share: float
) -> tuple[str, NDArray[np.bool_]]:
    """Draw leads: those whose MD5 is small.

    Parameters
    ----------
    history : History
    scope : Scope
        Of the observation.
    lead_ids : Series
        Of its rows, in the order of the file.
    share : float

    Returns
    -------
    str
        What the MD5 of an id, in hexadecimal, must be below (`Scope.md5_below`).
    ndarray of bool
        Which rows are drawn.

    Notes
    -----
    A lead is drawn or not by its own id and the share alone: the order of the file and the other
    leads have no say. Where there is a log, the engine that holds it draws, as it will have to
    again for each number taken from it.
    """
    below = f"{int(share * 16**_DIGITS):0{_DIGITS}x}"
    parameters = Parameters()
    if history.activities:
        statement = f"""
WITH {units_sql(scope, parameters)}
SELECT md5(CAST(l.lead_id AS VARCHAR)) < {parameters.text(below)} AS inside
FROM units AS u JOIN leads AS l ON l.lead_row = u.lead_row
ORDER BY u.lead_row"""
        found = history.engine.query(statement, parameters.values)
    else:
        found = _of_ids(lead_ids, below, parameters)
    return below, np.asarray(found["inside"].to_numpy(zero_copy_only=False), dtype=bool)


def _of_ids(lead_ids: pd.Series, below: str, parameters: Parameters) -> pa.Table:
    engine = DuckDBEngine()
    try:
        ids = {"place": np.arange(len(lead_ids)), "lead_id": pa.array(lead_ids)}
        engine.register("ids", pa.table(ids))
        return engine.query(
            f"SELECT md5(CAST(i.lead_id AS VARCHAR)) < {parameters.text(below)} AS inside"
            " FROM ids AS i ORDER BY i.place",
            parameters.values,
        )
    finally:
        engine.close()
