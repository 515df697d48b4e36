"""Columns that tell nothing, and contacts that have several leads."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.guards.finding import Finding, number, quoted
from calibrate.observation import Observation

__all__ = [
    "ConstantColumns",
    "LeftOutColumns",
    "SharedContacts",
    "constant_columns",
    "left_out_columns",
    "shared_contacts",
]

_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class ConstantColumns(Finding):
    """Columns with the same value for every lead."""

    guard: str = "constant columns"


@dataclass(frozen=True, kw_only=True)
class LeftOutColumns(Finding):
    """Columns that are never rules, for what their names or contents are."""

    guard: str = "never a rule"


@dataclass(frozen=True, kw_only=True)
class SharedContacts(Finding):
    """Contacts that have several leads.

    Parameters
    ----------
    n_contacts, n_leads : int
        Contacts with two leads or more, and their leads.
    """

    guard: str = "contacts with several leads"
    n_contacts: int = 0
    n_leads: int = 0


def constant_columns(obs: Observation) -> list[Finding]:
    """Find columns with the same value for every lead.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of ConstantColumns
        At most one, a ``note``.
    """
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
            what=f"{quoted(names)} {have} the same value for every lead",
            how_sure="counted",
            effect="no rule can be made of it",
            action="nothing, unless the export lost its values",
            columns=tuple(names),
        )
    ]


def left_out_columns(obs: Observation) -> list[Finding]:
    """Name the columns that are never rules by default, each with the reason.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of LeftOutColumns
        At most one, a ``note``. Columns of the settings' ``ignore`` are not among them.
    """
    by_reason: dict[str, list[str]] = {}
    for attribute in obs.attributes:
        if attribute.excluded is not None:
            by_reason.setdefault(attribute.excluded, []).append(attribute.name)
    if not by_reason:
        return []
    said = "; ".join(
        f"{quoted(names, at_most=_SHOWN)} ({reason})" for reason, names in by_reason.items()
    )
    return [
        LeftOutColumns(
            severity="note",
            what=f"never made a rule: {said}",
            how_sure="by their names and contents",
            effect="none: no score is learned from them",
            action="nothing",
            columns=tuple(name for names in by_reason.values() for name in names),
        )
    ]


def shared_contacts(obs: Observation) -> list[Finding]:
    """Count the contacts that have several leads.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of SharedContacts
        At most one, a ``note``.
    """
    table = obs.table.drop_duplicates("lead_id")
    sizes = table["contact"].dropna().value_counts()
    sizes = sizes[sizes > 1]
    if not obs.history.has_contacts or sizes.empty:
        return []
    n_contacts, n_leads = len(sizes), int(sizes.sum())
    return [
        SharedContacts(
            severity="note",
            what=f"{number(n_contacts)} contacts have several leads, {number(n_leads)} together",
            how_sure="counted",
            effect="an activity counts for each lead of its contact that it falls to; such leads "
            "are not independent, and every interval takes them together",
            action="nothing, unless they are the same lead entered twice",
            n_contacts=n_contacts,
            n_leads=n_leads,
        )
    ]
