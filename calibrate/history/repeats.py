"""Events that stand twice in the log, and leads without any: counted in bounded memory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.engines import DuckDBEngine

__all__ = ["count_repeats_and_silent"]

_SLICE = 1_000_000  # events looked at together
_SAME = "same_hash"


def count_repeats_and_silent(engine: DuckDBEngine, *, has_details: bool) -> tuple[int, int]:
    """Count the events that stood in the log before, and the leads without an event.

    Parameters
    ----------
    engine : DuckDBEngine
        With ``leads`` and ``activities``.
    has_details : bool
        Whether events have more than a name and a time.

    Returns
    -------
    int
        Events equal to an earlier one in every column.
    int
        Leads.

    Notes
    -----
    An event is a hash of 64 bits; equal ones stand together once they are sorted, and only
    those events are compared column by column. Slices are leads in a row, so that all memory
    needed is that of one slice.
    """
    leads = engine.query("SELECT lead_key FROM leads ORDER BY lead_row")["lead_key"]
    keys = np.asarray(leads.fill_null(-1).to_numpy(), dtype=np.int64)
    n_events = int(engine.query("SELECT count(*) AS n FROM activities")["n"][0].as_py())
    bounds = _bounds(len(keys), n_events)
    seen = np.zeros(len(keys) + 1, dtype=np.bool_)  # the last is that of leads without a key
    columns = "lead_key, activity, occurred_at" + (", detail, value" if has_details else "")
    repeated = 0
    for first, last in pairwise(bounds):
        inside = "TRUE" if len(bounds) == 2 else f"lead_key >= {first} AND lead_key < {last}"
        repeated += _look_at_slice(engine, seen, columns, inside)
    return repeated, int((~seen[keys]).sum())


def _bounds(n_leads: int, n_events: int) -> list[int]:
    n_slices = max(1, -(-n_events // _SLICE))
    return [n_leads * place // n_slices for place in range(n_slices + 1)]


def _look_at_slice(engine: DuckDBEngine, seen: NDArray[np.bool_], columns: str, inside: str) -> int:
    found = engine.query(f"SELECT lead_key, hash({columns}) AS h FROM activities WHERE {inside}")
    for chunk in found["lead_key"].chunks:
        seen[chunk.to_numpy()] = True
    hashes = np.asarray(found["h"].to_numpy(), dtype=np.uint64).copy()
    del found
    hashes.sort()
    same = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    if not len(same):
        return 0
    engine.register(_SAME, pa.table({"h": pa.array(same)}))
    try:
        exact = engine.query(
            f"SELECT coalesce(sum(n - 1), 0) AS n FROM (SELECT count(*) AS n FROM activities "
            f"WHERE {inside} AND hash({columns}) IN (SELECT h FROM {_SAME}) GROUP BY {columns})"
        )
    finally:
        engine.unregister(_SAME)
    return int(exact["n"][0].as_py())
