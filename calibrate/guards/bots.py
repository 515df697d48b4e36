"""Activity that no person did: link scanners that click within seconds, and never open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.guards.finding import Finding, number, percent
from calibrate.guards.machines import (
    BURST,
    SAME_SECOND,
    SOON,
    MachineEvents,
    machine_events,
    partners,
)
from calibrate.guards.rates import Against, Judged, judged
from calibrate.observation import Observation

__all__ = ["Bots", "bots"]

_MIN_LEADS = 10
_MIN_SHARE = 0.01
_MIN_SHARE_UNOPENED = 0.10
_SENT = ("sent", "send", "deliver", "gesendet", "verschickt", "inviat", "spedit")
_WORDS = {
    BURST: "did it three times or more within 5 seconds",
    SOON: "did it within 5 seconds after the mail was sent",
    SAME_SECOND: "did it in the very second in which ten leads or more did",
}


@dataclass(frozen=True, kw_only=True)
class Bots(Finding):
    """Activity that link scanners did, or an import, not people.

    Attributes
    ----------
    n, difference : int, float
        Leads that did it at least once, and their rate minus the control rate.
    n_without, difference_without : int, float
        The same without the events that no person did.
    """

    guard: str = "bots"
    n: int = 0
    difference: float = float("nan")
    n_without: int = 0
    difference_without: float = float("nan")


@dataclass(frozen=True, eq=False, kw_only=True)
class _Suspects:
    """Which leads of the table are suspected of one activity, and why.

    ``signs`` has the leads with each kind of odd events, where they are enough to be said;
    ``people`` those that did it besides.
    """

    activity: str
    doers: NDArray[np.bool_]
    signs: dict[int, NDArray[np.bool_]]
    unopened: NDArray[np.bool_]
    opens: str
    people: NDArray[np.bool_]


def bots(obs: Observation) -> list[Finding]:
    """Find activities done in bursts, right after a mail was sent, or clicked without an open.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of Bots
        At most one an activity, the most frequent first.

    Notes
    -----
    An activity is named where 1 % of its doers, and ten at least, did it three times within
    five seconds, within five seconds after the mail was sent, or in the same second as ten
    leads or more; or where 10 % clicked without having opened. Activities whose times are
    not known to the second show no such thing. The counterfactual takes the odd events out
    and compares those who still did it at least once with the control rate.
    """
    obs = obs.single
    opens = partners(obs.activities, "click", ("open",))
    sent = partners(obs.activities, "open", _SENT) | partners(obs.activities, "click", _SENT)
    odd = machine_events(obs, sent)
    leads = judged(obs)
    found = []
    for activity in obs.activities:
        if activity in odd or activity in opens:
            suspects = _suspects(obs, activity, odd.get(activity), opens.get(activity, ""))
            if suspects is not None:
                found.append(_finding(leads, suspects))
    return found


def _suspects(
    obs: Observation, activity: str, odd: MachineEvents | None, opens: str
) -> _Suspects | None:
    """Return what is odd about an activity; None where it is too little to be said."""
    table = obs.table
    counts = table[activity].to_numpy(dtype=np.int64)
    doers = counts > 0
    n_doers = int(doers.sum())
    signs = {} if odd is None else {sign: odd.counts(sign) > 0 for sign in _WORDS}
    enough = max(_MIN_LEADS, _MIN_SHARE * n_doers)
    signs = {sign: leads for sign, leads in signs.items() if leads.sum() >= enough}
    unopened = doers & (table[opens].to_numpy() == 0) if opens else np.zeros_like(doers)
    if unopened.sum() < max(_MIN_LEADS, _MIN_SHARE_UNOPENED * n_doers):
        unopened = np.zeros_like(doers)
    if not signs and not unopened.any():
        return None
    people = doers & ~unopened
    if signs and odd is not None:
        people = counts - odd.counts(sum(signs)) > 0
    return _Suspects(
        activity=activity,
        doers=doers,
        signs=signs,
        unopened=unopened,
        opens=opens,
        people=people,
    )


def _finding(leads: Judged, suspects: _Suspects) -> Finding:
    n_doers = int(suspects.doers.sum())
    said: list[str] = []
    for sign, chosen in suspects.signs.items():
        of = f" of {number(n_doers)} leads" if not said else ""
        said.append(
            f"{number(chosen.sum())}{of} ({percent(chosen.sum() / n_doers)}) {_WORDS[sign]}"
        )
    n_unopened = int(suspects.unopened.sum())
    if n_unopened:
        of = f" of {number(n_doers)} leads" if not said else ""
        said.append(
            f"{number(n_unopened)}{of} ({percent(n_unopened / n_doers)}) did it "
            f'without a single "{suspects.opens}"'
        )
    everybody, people = (
        leads.against_control(chosen[leads.rows]) if chosen[leads.rows].any() else None
        for chosen in (suspects.doers, suspects.people)
    )
    return Bots(
        severity="likely" if suspects.signs.keys() & {BURST, SOON} else "note",
        what=f'"{suspects.activity}": {_joined(said)}',
        how_sure=_how_sure(suspects),
        effect=_counterfactual(everybody, people),
        action=(
            "leave these events out of the export, or ask for the tool's own bot filter"
            if suspects.signs.keys() != {SAME_SECOND}
            else "find out whether they were imported together; if so, export when they happened"
        ),
        columns=(suspects.activity,),
        n=everybody.n if everybody else 0,
        difference=everybody.difference if everybody else float("nan"),
        n_without=people.n if people else 0,
        difference_without=people.difference if people else float("nan"),
    )


def _joined(said: list[str]) -> str:
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def _how_sure(suspects: _Suspects) -> str:
    if suspects.signs.keys() & {BURST, SOON}:
        return "link scanners of mail servers do so, people do not"
    if suspects.signs:
        return (
            "people do not act in the same second: a scanner, an automation or an import did; "
            "imported events may be real, but not their times"
        )
    return "link scanners do so, but so do people whose mail program hides that they opened"


def _counterfactual(everybody: Against | None, people: Against | None) -> str:
    """Say what doing it at least once is worth, with these events and without."""
    if everybody is None or people is None:
        return "what is left without them is too little to compare"
    said = (
        f"against the control rate, those who did it at least once are at {everybody.words()}; "
        f"without these events, at {people.words()}"
    )
    proven = everybody.lower > 0 or everybody.upper < 0
    if proven and abs(people.difference) < abs(everybody.difference) / 2:
        return f"{said}: most of what it seems to be worth is not the doing of people"
    if people.lower > everybody.difference:
        return f"{said}: machines hide what it is worth"
    return said
