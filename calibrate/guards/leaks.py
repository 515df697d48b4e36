"""Columns and activities that tell the outcome instead of foretelling it."""

from __future__ import annotations

from calibrate.guards.deciding import separates_alone, value_decides
from calibrate.guards.filling import filled_by_outcome, filled_for_winners, often_filled
from calibrate.guards.finding import Finding
from calibrate.guards.known_later import known_later, named_only
from calibrate.guards.mature import MatureLeads, at_landmark, mature_leads
from calibrate.guards.meanings import Meaning, meaning_of
from calibrate.observation import Observation

__all__ = ["leaks"]


def leaks(obs: Observation) -> list[Finding]:
    """Find columns, and activities, whose filling, values or ranking give the outcome away.

    Parameters
    ----------
    obs : Observation
        Its mature leads are looked at, converted in the end or not.

    Returns
    -------
    list of Finding
        At most one a column, of the guard that is surest; columns that only their names, or
        a mild filling, speak against share a note. Nothing where fewer than 20 leads
        converted, or fewer than 20 did not.
    """
    leads = mature_leads(obs)
    if not leads.has_both:
        return []
    found: list[Finding] = []
    unsuspected: list[str] = []
    for attribute in obs.attributes:
        if attribute.excluded is None and attribute.kind in {"category", "number"}:
            finding = _leak(attribute.name, leads, meaning_of(attribute.name))
            found.extend([finding] if finding else [])
            unsuspected.extend([] if finding else [attribute.name])
    there = at_landmark(leads)
    for activity in obs.activities:
        finding = separates_alone(activity, there)
        found.extend([finding] if finding else [])
    named = [(name, meaning) for name in unsuspected if (meaning := meaning_of(name)) is not None]
    unnamed = [name for name in unsuspected if meaning_of(name) is None]
    return [*found, *named_only(named), *often_filled(unnamed, leads)]


def _leak(name: str, leads: MatureLeads, meaning: Meaning | None) -> Finding | None:
    if leads.column(name).nunique(dropna=False) <= 1:
        return None
    return (
        filled_for_winners(name, leads)
        or value_decides(name, leads)
        or filled_by_outcome(name, leads, meaning)
        or separates_alone(name, leads, meaning)
        or known_later(name, leads, meaning)
    )
