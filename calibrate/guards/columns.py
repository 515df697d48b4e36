"""Columns that tell the outcome instead of foretelling it, and columns that tell nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.guards.finding import Finding, number, percent
from calibrate.guards.levels import fold_of, level_counts, levels_of, separation
from calibrate.observation import Observation
from calibrate.stats.significance import mid_p_fisher

__all__ = [
    "ConstantColumns",
    "FilledByOutcome",
    "SeparatesAlone",
    "ValueDecides",
    "constant_columns",
    "leaks",
]

_TIMES = 5.0  # filled in or not: so many times the conversion rate
_P_VALUE = 1e-6
_MIN_SIDE = 30
_MIN_CONVERTED = 20
_SEPARATES, _SEPARATES_LOWER, _SEPARATES_CERTAINLY = 0.80, 0.75, 0.97
_DECIDES, _DECIDES_LEADS, _DECIDES_BELOW = 0.99, 50, 0.50

_NOT_KNOWN_THEN = "a score that uses it looks excellent on old leads and fails on new ones"
_IGNORE = 'find out when the column is filled in; if after the outcome is clear, put it in "ignore"'


@dataclass(frozen=True, kw_only=True)
class ConstantColumns(Finding):
    """Columns with the same value for every lead."""

    guard: str = "constant columns"


@dataclass(frozen=True, kw_only=True)
class FilledByOutcome(Finding):
    """A column whose filling depends on the outcome."""

    leaks: ClassVar[bool] = True

    guard: str = "filled in by the outcome"


@dataclass(frozen=True, kw_only=True)
class ValueDecides(Finding):
    """A value that all but decides the outcome."""

    leaks: ClassVar[bool] = True

    guard: str = "a value that decides"


@dataclass(frozen=True, kw_only=True)
class SeparatesAlone(Finding):
    """One column, or activity, that separates nearly alone."""

    leaks: ClassVar[bool] = True

    guard: str = "separates alone"


@dataclass(frozen=True, eq=False, kw_only=True)
class _Leads:
    """Mature leads, whether they converted in the end (also after the horizon), their fold."""

    table: pd.DataFrame
    converted: NDArray[np.bool_]
    fold: NDArray[np.int64]


def leaks(obs: Observation) -> list[Finding]:
    """Find columns whose filling, values or ranking give the outcome away."""
    leads = _mature(obs)
    n_converted = int(leads.converted.sum())
    if min(n_converted, len(leads.converted) - n_converted) < _MIN_CONVERTED:
        return []
    found = []
    for attribute in obs.attributes:
        if attribute.excluded is None and attribute.kind in {"category", "number"}:
            finding = _leak(attribute.name, leads)
            found.extend([finding] if finding else [])
    at_landmark = _at_landmark(leads)
    for activity in obs.activities:
        finding = _separates_alone(activity, at_landmark)
        found.extend([finding] if finding else [])
    return found


def constant_columns(obs: Observation) -> list[Finding]:
    """Find columns with the same value for every lead."""
    table = obs.table
    names = [
        attribute.name
        for attribute in obs.attributes
        if attribute.excluded is None and table[attribute.name].nunique(dropna=False) <= 1
    ]
    if not names or table.empty:
        return []
    have = "has" if len(names) == 1 else "have"
    return [
        ConstantColumns(
            severity="note",
            what=f"{_quoted(names)} {have} the same value for every lead",
            how_sure="counted",
            effect="no rule can be made of it",
            action="nothing, unless the export lost its values",
            columns=tuple(names),
        )
    ]


def _mature(obs: Observation) -> _Leads:
    table = obs.table
    table = table[table["mature"].to_numpy()]
    return _Leads(
        table=table,
        converted=(table["converted"] | table["lag_days"].notna()).to_numpy(dtype=bool),
        fold=fold_of(table["lead_id"]),
    )


def _at_landmark(leads: _Leads) -> _Leads:
    chosen = leads.table["at_landmark"].to_numpy()
    return _Leads(
        table=leads.table[chosen],
        converted=leads.converted[chosen],
        fold=leads.fold[chosen],
    )


def _leak(name: str, leads: _Leads) -> Finding | None:
    return (
        _filled_by_outcome(name, leads)
        or _value_that_decides(name, leads)
        or _separates_alone(name, leads)
    )


def _filled_by_outcome(name: str, leads: _Leads) -> Finding | None:
    filled = leads.table[name].notna().to_numpy()
    n, k = level_counts(filled.astype(np.int64), leads.converted, 2)
    if n.min() < _MIN_SIDE:
        return None
    rate = k / n
    high, low = max(rate), min(rate)
    p_value = float(np.asarray(mid_p_fisher(k[1], n[1], k[0], n[0])))
    if high < _TIMES * low or p_value > _P_VALUE:
        return None
    only_winners = rate[1] >= _DECIDES
    among = k / k.sum() - (n - k) / (n - k).sum()  # filled in: winners' share minus the others'
    certain = only_winners or (1 + among[1]) / 2 >= _SEPARATES_CERTAINLY
    return FilledByOutcome(
        severity="certain" if certain else "likely",
        what=(
            f'"{name}" is filled in for {number(n[1])} leads, of which {number(k[1])} '
            f"({percent(rate[1])}) converted; of the {number(n[0])} without it, {number(k[0])} "
            f"({percent(rate[0])}) did"
        ),
        how_sure=(
            "filled in for hardly any lead but those that converted: it was written afterwards"
            if certain
            else "p < 0.000001; it may also be a question that only serious leads answer"
        ),
        effect=_NOT_KNOWN_THEN,
        action=_IGNORE,
        columns=(name,),
    )


def _value_that_decides(name: str, leads: _Leads) -> Finding | None:
    if leads.converted.mean() > _DECIDES_BELOW:
        return None
    codes, names = levels_of(leads.table[name])
    n, k = level_counts(codes, leads.converted, len(names))
    deciding = np.flatnonzero((n >= _DECIDES_LEADS) & (k >= _DECIDES * n))
    if not len(deciding):
        return None
    largest = deciding[np.argmax(n[deciding])]
    return ValueDecides(
        severity="certain",
        what=(
            f'of the {number(n[largest])} leads with "{name}" = {names[largest]}, '
            f"{number(k[largest])} converted; of all leads, {percent(leads.converted.mean())}"
        ),
        how_sure="no group of leads converts like that by itself: the value is part of the outcome",
        effect=_NOT_KNOWN_THEN,
        action=_IGNORE,
        columns=(name,),
    )


def _separates_alone(name: str, leads: _Leads) -> Finding | None:
    codes, _ = levels_of(leads.table[name])
    n_converted = int(leads.converted.sum())
    if min(n_converted, len(codes) - n_converted) < _MIN_CONVERTED or not codes.any():
        return None
    found = separation(codes, leads.converted, leads.fold)
    if found.auc < _SEPARATES or found.lower < _SEPARATES_LOWER:
        return None
    return SeparatesAlone(
        severity="certain" if found.auc >= _SEPARATES_CERTAINLY else "likely",
        what=(
            f'"{name}" alone ranks a converted lead above another in '
            f"{percent(found.auc)} of the pairs (50% is chance)"
        ),
        how_sure="its rates were learned on other leads; a single honest column seldom does so",
        effect=_NOT_KNOWN_THEN,
        action=_IGNORE,
        columns=(name,),
    )


def _quoted(names: list[str]) -> str:
    shown = [f'"{name}"' for name in names[:10]]
    return ", ".join(shown) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
