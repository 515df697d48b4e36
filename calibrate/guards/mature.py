"""The leads that leaks are looked for on: old enough, with what became of them in the end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.guards.levels import fold_of
from calibrate.guards.vocabulary import says_nothing
from calibrate.observation import Observation

__all__ = ["MatureLeads", "at_landmark", "filled", "mature_leads"]

MIN_CONVERTED = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class MatureLeads:
    """Mature leads, whether they converted in the end (also after the horizon), their fold.

    Attributes
    ----------
    obs : Observation
    rows : ndarray of int
        Their places in its table.
    converted : ndarray of bool
    fold : ndarray of int
        0 to 4, by the lead's id.
    """

    obs: Observation
    rows: NDArray[np.intp]
    converted: NDArray[np.bool_]
    fold: NDArray[np.int64]

    def column(self, name: str) -> pd.Series:
        """Return a column of the table for them; all columns at once would take much memory."""
        return self.obs.rows[name].iloc[self.rows]

    @property
    def has_both(self) -> bool:
        """Whether at least 20 converted, and 20 did not."""
        n_converted = int(self.converted.sum())
        return min(n_converted, len(self.converted) - n_converted) >= MIN_CONVERTED


def mature_leads(obs: Observation) -> MatureLeads:
    """Return the mature leads of an observation, each once.

    Parameters
    ----------
    obs : Observation
        With several snapshots of a lead, the first is taken.

    Returns
    -------
    MatureLeads
    """
    table = obs.table
    chosen = table["mature"].to_numpy(dtype=bool)
    if obs.parts:
        chosen &= ~table["lead_id"].duplicated().to_numpy()
    converted = table["converted"].to_numpy(dtype=bool, na_value=False)
    converted = converted | table["lag_days"].notna().to_numpy(dtype=bool)
    rows = np.flatnonzero(chosen)
    return MatureLeads(
        obs=obs, rows=rows, converted=converted[rows], fold=fold_of(table["lead_id"].iloc[rows])
    )


def at_landmark(leads: MatureLeads) -> MatureLeads:
    """Return those of them still open at their landmark."""
    chosen = leads.column("at_landmark").to_numpy(dtype=bool)
    return replace(
        leads,
        rows=leads.rows[chosen],
        converted=leads.converted[chosen],
        fold=leads.fold[chosen],
    )


def filled(column: pd.Series) -> NDArray[np.bool_]:
    """Return in which rows a column says something; "unknown" and the like say nothing.

    Examples
    --------
    >>> filled(pd.Series(["Berlin", None, "-", "unknown"])).tolist()
    [True, False, False, False]
    """
    there = np.asarray(column.notna(), dtype=bool)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return there
    silent = [value for value in column[there].unique() if says_nothing(str(value))]
    return np.asarray(there & ~column.isin(silent).to_numpy(dtype=bool))
