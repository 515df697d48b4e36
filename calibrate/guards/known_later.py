"""Columns that by their names hold what is known only later, weighed with what the data say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from calibrate.guards.deciding import separation_of
from calibrate.guards.filling import filling_of
from calibrate.guards.finding import NOT_KNOWN_THEN, Finding, leak_action, percent, quoted
from calibrate.guards.mature import MatureLeads
from calibrate.guards.meanings import MEANINGS, STATE, Meaning

__all__ = ["KnownLater", "known_later", "named_only"]

_SEPARATES, _SEPARATES_LOWER = 0.65, 0.60
_TIMES, _MIN_SIDE = 2.0, 30


@dataclass(frozen=True, kw_only=True)
class KnownLater(Finding):
    """A column that, by its name, holds what is known only after a talk or near a sale.

    Parameters
    ----------
    auc : float
        Area under the ROC curve of its cross-fitted rates; 0.5 in a note about several.
    """

    leaks: ClassVar[bool] = True

    guard: str = "known only later"
    auc: float = 0.5


def known_later(name: str, leads: MatureLeads, meaning: Meaning | None) -> KnownLater | None:
    """Find a column whose name and whose data both say that it was filled in later.

    Parameters
    ----------
    name : str
        The column.
    leads : MatureLeads
    meaning : Meaning or None
        The family of its name.

    Returns
    -------
    KnownLater or None
        ``likely``. A name alone is no finding here; `named_only` notes it.

    Notes
    -----
    Beside the name it takes an area under the ROC curve of 0.65 or more with the lower end
    of its interval at 0.60 or more, or a filling that goes with the outcome two to one (mid-p
    Fisher under 1e-6): half way to what would be suspicious without the name. What happened
    last before the export is only noted, however well it ranks (unless it separates alone).
    """
    if meaning is None or meaning is STATE:
        return None
    found = separation_of(name, leads)
    auc = 0.5 if found is None else found.auc
    ranks = found is not None and auc >= _SEPARATES and found.lower >= _SEPARATES_LOWER
    filling = filling_of(name, leads)
    is_filled_so = filling.differs(_TIMES, at_least=_MIN_SIDE)
    if not (ranks or is_filled_so):
        return None
    said = []
    if ranks:
        said.append(
            f'"{name}" alone ranks a converted lead above another in {percent(auc)} of the pairs '
            "(50% is chance)"
        )
    if is_filled_so:
        said.append(filling.said(name))
    return KnownLater(
        severity="likely",
        what="; ".join(said),
        how_sure=f"by its name it is {meaning.what}; no leak if {meaning.unless}",
        effect=NOT_KNOWN_THEN,
        action=leak_action(name, "likely"),
        columns=(name,),
        auc=auc,
    )


def named_only(names: Iterable[tuple[str, Meaning]]) -> list[Finding]:
    """Note the columns that only their names speak against, one note a family.

    Parameters
    ----------
    names : iterable of (str, Meaning)
        Columns that no other guard spoke of.

    Returns
    -------
    list of KnownLater
        Each a ``note``.
    """
    by_family: dict[str, list[str]] = {}
    for name, meaning in names:
        by_family.setdefault(meaning.what, []).append(name)
    found: list[Finding] = []
    for meaning in MEANINGS:
        columns = by_family.get(meaning.what)
        if columns is None:
            continue
        verb = "is, by its name," if len(columns) == 1 else "are, by their names,"
        found.append(
            KnownLater(
                severity="note",
                what=f"{quoted(columns)} {verb} {meaning.what}",
                how_sure=f"by the name alone; no leak if {meaning.unless}",
                effect="where it was written down later, it flatters a score",
                action=leak_action(columns[0], "note"),
                columns=tuple(columns),
            )
        )
    return found
