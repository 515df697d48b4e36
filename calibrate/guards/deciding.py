"""Columns and activities whose values tell the outcome nearly alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from calibrate.guards.finding import NOT_KNOWN_THEN, Finding, leak_action, number, percent
from calibrate.guards.levels import Separation, level_counts, levels_of, separation
from calibrate.guards.mature import MatureLeads
from calibrate.guards.meanings import Meaning

__all__ = ["SeparatesAlone", "ValueDecides", "separates_alone", "separation_of", "value_decides"]

_SEPARATES, _SEPARATES_LOWER, _SEPARATES_CERTAINLY = 0.80, 0.75, 0.97
_DECIDES, _DECIDES_LEADS, _DECIDES_BELOW = 0.99, 50, 0.50


@dataclass(frozen=True, kw_only=True)
class ValueDecides(Finding):
    """A value whose leads all end the same way, the rarer one.

    Parameters
    ----------
    value : str
        The value, or the range of a number.
    n, n_converted : int
        Leads with it, and those of them that converted.
    """

    leaks: ClassVar[bool] = True

    guard: str = "a value that decides"
    value: str = ""
    n: int = 0
    n_converted: int = 0


@dataclass(frozen=True, kw_only=True)
class SeparatesAlone(Finding):
    """One column, or activity, that separates converted leads from others nearly alone.

    Parameters
    ----------
    auc, auc_ci_lower : float
        Area under the ROC curve of its cross-fitted rates, and the lower end of its 95 %
        interval.
    """

    leaks: ClassVar[bool] = True

    guard: str = "separates alone"
    auc: float = 0.5
    auc_ci_lower: float = 0.5


def value_decides(name: str, leads: MatureLeads) -> ValueDecides | None:
    """Find a value that all but decides the outcome.

    Parameters
    ----------
    name : str
        The column.
    leads : MatureLeads

    Returns
    -------
    ValueDecides or None
        ``certain``; the value with the most leads.

    Notes
    -----
    Of at least 50 leads with the value, 99 % converted although fewer than half of all did;
    or 1 % converted although more than half of all did. The other way round proves nothing:
    where 2 % convert, many an honest value has 50 leads and no conversion.
    """
    codes, names = levels_of(leads.column(name))
    n, k = level_counts(codes, leads.converted, len(names))
    overall = float(leads.converted.mean())
    rare = k if overall <= _DECIDES_BELOW else n - k
    deciding = np.flatnonzero((n >= _DECIDES_LEADS) & (rare >= _DECIDES * n))
    if not len(deciding):
        return None
    largest = deciding[np.argmax(n[deciding])]
    return ValueDecides(
        severity="certain",
        what=(
            f'of the {number(n[largest])} leads with "{name}" = {names[largest]}, '
            f"{number(k[largest])} converted; of all leads, {percent(overall)}"
        ),
        how_sure="no group of leads ends like that by itself: the value is part of the outcome",
        effect=NOT_KNOWN_THEN,
        action=leak_action(name, "certain"),
        columns=(name,),
        value=names[largest],
        n=int(n[largest]),
        n_converted=int(k[largest]),
    )


def separation_of(name: str, leads: MatureLeads) -> Separation | None:
    """Return how well a column's values rank the leads; None where it has but one."""
    codes, _ = levels_of(leads.column(name))
    if not leads.has_both or not codes.any():
        return None
    return separation(codes, leads.converted, leads.fold)


def separates_alone(
    name: str, leads: MatureLeads, meaning: Meaning | None = None
) -> SeparatesAlone | None:
    """Find a column, or an activity, that separates nearly alone.

    Parameters
    ----------
    name : str
        The column or activity.
    leads : MatureLeads
    meaning : Meaning, optional
        What its name says that it is.

    Returns
    -------
    SeparatesAlone or None
        ``likely``; ``certain`` from an area of 0.97.

    Notes
    -----
    The conversion rates of its values, learned on the other four fifths of the leads, rank
    with an area under the ROC curve of 0.80 or more, and the lower end of its 95 % interval
    (DeLong) is at least 0.75. Whole scores of a dozen honest columns seldom reach that.

    References
    ----------
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988), Comparing the areas under two
    or more correlated receiver operating characteristic curves, Biometrics 44, 837-845.
    """
    found = separation_of(name, leads)
    if found is None or found.auc < _SEPARATES or found.lower < _SEPARATES_LOWER:
        return None
    severity = "certain" if found.auc >= _SEPARATES_CERTAINLY else "likely"
    sure = "its rates were learned on other leads; a single honest column seldom does so"
    if meaning is not None:
        sure += f"; by its name it is {meaning.what}"
    return SeparatesAlone(
        severity=severity,
        what=(
            f'"{name}" alone ranks a converted lead above another in '
            f"{percent(found.auc)} of the pairs (50% is chance)"
        ),
        how_sure=sure,
        effect=NOT_KNOWN_THEN,
        action=leak_action(name, severity),
        columns=(name,),
        auc=found.auc,
        auc_ci_lower=found.lower,
    )
