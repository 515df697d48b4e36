"""Free-mail and implausible contact data: who can be reached, and who is nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.guards.addresses import ContactColumn, contact_columns
from calibrate.guards.finding import Finding, number, percent
from calibrate.guards.rates import Judged, judged
from calibrate.observation import Observation

__all__ = ["FreeMail", "ImplausibleContacts", "contact_data"]

_MIN_SHARE = 0.05
_MIN_LEADS = 30
_SAME = 5  # leads on one address or telephone number
_MANY = 0.01  # share of leads from which nobodies are more than a note
_PROVEN = 0.05


@dataclass(frozen=True, kw_only=True)
class FreeMail(Finding):
    """Leads with an address of a free-mail provider.

    Attributes
    ----------
    n, n_free : int
        Leads with a plausible address, and with a free one.
    free_rate, other_rate : float
        Conversion rates of those and of the others.
    """

    guard: str = "free-mail addresses"
    n: int = 0
    n_free: int = 0
    free_rate: float = float("nan")
    other_rate: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class ImplausibleContacts(Finding):
    """Leads whose contact data belong to nobody: tests, throw-away addresses, one for many.

    Attributes
    ----------
    n, n_implausible : int
        Leads, and those with implausible contact data.
    rate, other_rate : float
        Conversion rates of those and of the others.
    """

    guard: str = "implausible contact data"
    n: int = 0
    n_implausible: int = 0
    rate: float = float("nan")
    other_rate: float = float("nan")


def contact_data(obs: Observation) -> list[Finding]:
    """Find free-mail addresses and contact data that belong to nobody.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of FreeMail and ImplausibleContacts
        Kinds and counts only: no address, number or name is ever read out.

    Notes
    -----
    Columns that reading found to hold personal data are told by their content (more than
    half of the cells are e-mail addresses, or telephone numbers) or their name. Implausible
    are addresses such as test@, asdf@ or at example.com, of throw-away providers, cells that
    are no address, numbers such as 0000000 or 123456, one address or number on five leads or
    more, and names such as "test". Free addresses are told of where they, and others, are 5 %
    of the addresses or more.
    """
    obs = obs.single
    columns = contact_columns(obs)
    leads = judged(obs)
    return [*_free(columns, leads), *_implausible(columns, leads, len(obs.table))]


def _free(columns: Sequence[ContactColumn], leads: Judged) -> list[Finding]:
    """Compare free addresses with others, on the e-mail column that is filled most."""
    mails = [column for column in columns if column.holds == "mail"]
    if not mails:
        return []
    column = max(mails, key=lambda one: int(one.is_a("plain", "free").sum()))
    free, plain = (column.is_a(kind) for kind in ("free", "plain"))
    n_free, n = int(free.sum()), int((free | plain).sum())
    if min(n_free, n - n_free) < max(_MIN_LEADS, _MIN_SHARE * n):
        return []
    one, others = leads.rate(free[leads.rows]), leads.rate(plain[leads.rows])
    enough = min(one.n, others.n) >= _MIN_LEADS
    p_value = leads.p_value(free[leads.rows], plain[leads.rows]) if enough else 1.0
    proven = p_value <= _PROVEN
    return [
        FreeMail(
            severity="note",
            what=(
                f"{number(n_free)} of the {number(n)} leads with an e-mail address in "
                f'"{column.name}" ({percent(n_free / n)}) have one of a free-mail provider'
            ),
            how_sure="told by the provider's name; a small firm may use a free address, too",
            effect=_free_effect(one.words(), others.words(), enough=enough, proven=proven),
            action=_FREE_ACTION if proven else "nothing",
            columns=(column.name,),
            n=n,
            n_free=n_free,
            free_rate=one.rate,
            other_rate=others.rate,
        )
    ]


_FREE_ACTION = (
    "export the kind of address (free, company) as a column of its own: it can earn points, "
    "an address cannot"
)


def _free_effect(one: str, others: str, *, enough: bool, proven: bool) -> str:
    if not enough:
        return "too few leads on one side to say whether they convert otherwise"
    said = f"of those with a free address {one} converted, of the others {others}"
    if proven:
        return f"{said}; addresses are personal, so no criterion is made of them by themselves"
    return f"{said}: no evidence of a difference"


def _implausible(columns: Sequence[ContactColumn], leads: Judged, n: int) -> list[Finding]:
    """Count leads whose contact data belong to nobody, by what is wrong with them."""
    signs = [sign for column in columns for sign in _signs(column)]
    signs = [(words, chosen) for words, chosen in signs if chosen.any()]
    if not signs:
        return []
    anyone = np.logical_or.reduce([chosen for _, chosen in signs])
    n_anyone = int(anyone.sum())
    inside = anyone[leads.rows]
    one, others = leads.rate(inside), leads.rate(~inside)
    said = "; ".join(f"{number(chosen.sum())} with {words}" for words, chosen in signs)
    names = dict.fromkeys(c.name for c in columns if any(chosen.any() for _, chosen in _signs(c)))
    return [
        ImplausibleContacts(
            severity="likely" if n_anyone >= _MANY * n else "note",
            what=(
                f"{number(n_anyone)} of {number(n)} leads ({percent(n_anyone / n)}) have contact "
                f"data that are hardly a person's: {said}"
            ),
            how_sure="told by their form; a real person may be among them",
            effect=(
                f"of these leads {one.words()} converted, of the others {others.words()}: they "
                "count as leads without being any"
                if one.n and others.n
                else "none of them is among the leads compared"
            ),
            action=(
                "mark tests and duplicates in the CRM and leave them out with "
                '"exclude = { COLUMN = [VALUE] }"; then look again'
            ),
            columns=tuple(names),
            n=n,
            n_implausible=n_anyone,
            rate=one.rate,
            other_rate=others.rate,
        )
    ]


def _signs(column: ContactColumn) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return what can be wrong with a column's cells, in words, and where it is."""
    what = {"mail": "an address", "phone": "a telephone number", "name": "a name"}[column.holds]
    where = f'in "{column.name}"'
    known = column.is_a("plain", "free", "test", "disposable")
    return [
        (f"{what} made up for a test {where}", column.is_a("test")),
        (f"{what} of a throw-away provider {where}", column.is_a("disposable")),
        (f"something that is not {what} {where}", column.is_a("malformed")),
        (f"{what} shared by {_SAME} leads or more {where}", known & (column.n_same >= _SAME)),
    ]
