"""Columns whose filling tells the outcome: written down once it was clear, or nearly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from calibrate.guards.finding import NOT_KNOWN_THEN, Finding, leak_action, number, percent
from calibrate.guards.levels import level_counts
from calibrate.guards.mature import MatureLeads, filled
from calibrate.guards.meanings import ENDED, Meaning
from calibrate.stats.significance import mid_p_fisher

__all__ = [
    "FilledByOutcome",
    "FilledForWinners",
    "Filling",
    "filled_by_outcome",
    "filled_for_winners",
    "filling_of",
    "often_filled",
]

P_VALUE = 1e-6
_ONLY = 0.99
_NEARLY_ALL = 0.97  # area under the ROC curve of "filled in"
_TIMES, _TIMES_NOTED = 5.0, 2.0
_MIN_ONLY, _MIN_SIDE = 10, 30
_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class _FillingTells(Finding):
    leaks: ClassVar[bool] = True

    n_filled: int = 0
    n_converted_filled: int = 0
    n_empty: int = 0
    n_converted_empty: int = 0


@dataclass(frozen=True, kw_only=True)
class FilledForWinners(_FillingTells):
    """A column filled in only for leads that converted, or for all of them and few others.

    Parameters
    ----------
    n_filled, n_converted_filled : int
        Leads with it filled in, and those of them that converted.
    n_empty, n_converted_empty : int
        The same without it.
    """

    guard: str = "filled in only for winners"


@dataclass(frozen=True, kw_only=True)
class FilledByOutcome(_FillingTells):
    """A column whose filling depends on the outcome, if less strictly.

    Parameters
    ----------
    n_filled, n_converted_filled, n_empty, n_converted_empty : int
        As in `FilledForWinners`; 0 in a note about several columns.
    """

    guard: str = "filled in by the outcome"


@dataclass(frozen=True, kw_only=True)
class Filling:
    """Leads with a column filled in and without, and how many of each converted.

    Examples
    --------
    >>> Filling(n=(900, 100), converted=(10, 90)).rate
    (0.011111111111111112, 0.9)
    """

    n: tuple[int, int]
    converted: tuple[int, int]

    @property
    def rate(self) -> tuple[float, float]:
        """Conversion rate without it and with it; 0 where there are no leads."""
        empty, there = (k / n if n else 0.0 for k, n in zip(self.converted, self.n, strict=True))
        return empty, there

    @property
    def auc(self) -> float:
        """Area under the ROC curve of "filled in": under 0.5 where the others have it filled in.

        Notes
        -----
        ``(1 + share of the converted with it - share of the others with it) / 2``.
        """
        others = [n - k for n, k in zip(self.n, self.converted, strict=True)]
        among = self.converted[1] / max(sum(self.converted), 1) - others[1] / max(sum(others), 1)
        return (1 + among) / 2

    def differs(self, times: float, *, at_least: int) -> bool:
        """Whether one rate is so many times the other, by more than chance (p < 1e-6)."""
        if min(self.n) < at_least or max(self.rate) < times * min(self.rate):
            return False
        (empty, there), (n_empty, n_there) = self.converted, self.n
        return float(np.asarray(mid_p_fisher(there, n_there, empty, n_empty))) <= P_VALUE

    @property
    def figures(self) -> dict[str, Any]:
        """The counts, by the names of the finding."""
        return {
            "n_filled": self.n[1],
            "n_converted_filled": self.converted[1],
            "n_empty": self.n[0],
            "n_converted_empty": self.converted[0],
        }

    def said(self, name: str) -> str:
        """Return the counts in words."""
        empty, there = self.rate
        return (
            f'"{name}" is filled in for {number(self.n[1])} leads, of which '
            f"{number(self.converted[1])} ({percent(there)}) converted; of the "
            f"{number(self.n[0])} without it, {number(self.converted[0])} ({percent(empty)}) did"
        )


def filling_of(name: str, leads: MatureLeads) -> Filling:
    """Count a column's filling among mature leads."""
    there = filled(leads.column(name)).astype(np.int64)
    n, k = level_counts(there, leads.converted, 2)
    return Filling(n=(int(n[0]), int(n[1])), converted=(int(k[0]), int(k[1])))


def filled_for_winners(name: str, leads: MatureLeads) -> FilledForWinners | None:
    """Find a column filled in only for leads that converted.

    Parameters
    ----------
    name : str
        The column.
    leads : MatureLeads

    Returns
    -------
    FilledForWinners or None
        ``certain``.

    Notes
    -----
    At least ten leads have it filled in and ten have not, leads with it convert five times
    as often as those without (mid-p Fisher under 1e-6), and either 99 % of the leads with it
    converted, or "filled in" alone ranks the leads with an area under the ROC curve of 0.97:
    all winners have it and hardly anybody else.
    """
    filling = filling_of(name, leads)
    if filling.auc <= 0.5 or not filling.differs(_TIMES, at_least=_MIN_ONLY):
        return None
    if filling.rate[1] < _ONLY and filling.auc < _NEARLY_ALL:
        return None
    return FilledForWinners(
        severity="certain",
        what=filling.said(name),
        how_sure="filled in for hardly any lead but those that converted: written afterwards",
        effect=NOT_KNOWN_THEN,
        action=leak_action(name, "certain"),
        columns=(name,),
        **filling.figures,
    )


def filled_by_outcome(
    name: str, leads: MatureLeads, meaning: Meaning | None = None
) -> FilledByOutcome | None:
    """Find a column whose filling goes with the outcome, if not strictly.

    Parameters
    ----------
    name : str
        The column.
    leads : MatureLeads
    meaning : Meaning, optional
        What its name says that it is.

    Returns
    -------
    FilledByOutcome or None
        ``likely``; ``certain`` where all that did not convert have it, or where its name says
        that it tells why a lead ended.

    Notes
    -----
    One rate, with it or without, is at least five times the other (mid-p Fisher under 1e-6,
    at least 30 leads on each side). A question that serious leads answer more often can get
    there too: then it is no leak if it is asked before the outcome is clear.
    """
    filling = filling_of(name, leads)
    if not filling.differs(_TIMES, at_least=_MIN_SIDE):
        return None
    certain = meaning is ENDED or filling.auc <= 1 - _NEARLY_ALL
    severity = "certain" if certain else "likely"
    sure = "p < 0.000001"
    if meaning is not None:
        sure += f"; by its name it is {meaning.what}"
    elif not certain:
        sure += "; it may also be a question that only serious leads answer"
    return FilledByOutcome(
        severity=severity,
        what=filling.said(name),
        how_sure=sure,
        effect=NOT_KNOWN_THEN,
        action=leak_action(name, severity),
        columns=(name,),
        **filling.figures,
    )


def often_filled(names: Sequence[str], leads: MatureLeads) -> list[Finding]:
    """Name, in one note, the columns whose filling goes with the outcome only mildly.

    Parameters
    ----------
    names : sequence of str
        Columns that no other guard spoke of.
    leads : MatureLeads

    Returns
    -------
    list of FilledByOutcome
        At most one, a ``note``: an honest questionnaire looks like this too.

    Notes
    -----
    One rate is at least twice the other (mid-p Fisher under 1e-6, 30 leads on each side).
    """
    found = {name: filling_of(name, leads) for name in names}
    mild = {k: v for k, v in found.items() if v.differs(_TIMES_NOTED, at_least=_MIN_SIDE)}
    if not mild:
        return []
    shown = [
        f'"{name}" ({percent(filling.rate[1])} of the leads with it converted, '
        f"{percent(filling.rate[0])} of those without)"
        for name, filling in list(mild.items())[:_SHOWN]
    ]
    more = f" and {len(mild) - _SHOWN} more" if len(mild) > _SHOWN else ""
    return [
        FilledByOutcome(
            severity="note",
            what=f"whether it is filled in goes with the outcome: {', '.join(shown)}{more}",
            how_sure=(
                "p < 0.000001; serious leads answer more questions, and sales fills in more "
                "about them: the data cannot tell which"
            ),
            effect="none if they are answered when the lead comes in; else they flatter a score",
            action='ask when each is filled in; if by sales, later, put it in "ignore"',
            columns=tuple(mild),
        )
    ]
