"""All guards, one after the other."""

from __future__ import annotations

from calibrate.guards.bots import bots
from calibrate.guards.closings import closing_logged
from calibrate.guards.columns import constant_columns, left_out_columns, shared_contacts
from calibrate.guards.contact import contact_data
from calibrate.guards.finding import SEVERITIES, Finding, leaking_columns
from calibrate.guards.known_later import KnownLater
from calibrate.guards.leaks import leaks
from calibrate.guards.log import activity_after_closing, log_starts_late, weeks_missing
from calibrate.guards.logged import logged_events
from calibrate.guards.outcomes import (
    few_conversions,
    horizon_too_long,
    immature_leads,
    planned_closings,
    unequal_observation,
)
from calibrate.guards.recording import wins_not_recorded
from calibrate.guards.renamed import renamed_activities
from calibrate.guards.segments import sign_flips
from calibrate.guards.spellings import missing_spelled_out, not_leads, sentinels
from calibrate.guards.worked import worked_leads
from calibrate.observation import Observation

__all__ = ["find_problems"]


def find_problems(obs: Observation) -> tuple[Finding, ...]:
    """Look for the traps that make a score better or worse than it is.

    Parameters
    ----------
    obs : Observation
        Leads and activities are judged on its fit period.

    Returns
    -------
    tuple of Finding
        The surest first; empty where nothing was found. Nothing is changed.

    Notes
    -----
    Each guard's own function says what it takes to fire. Thresholds were set beforehand, for
    any data, so that a company without a trap hears nothing.
    """
    fitting = obs.fitting.single
    found = [*constant_columns(fitting), *left_out_columns(fitting), *shared_contacts(fitting)]
    found += [*missing_spelled_out(fitting), *not_leads(fitting), *sentinels(fitting)]
    found += contact_data(fitting)
    if not obs.is_open:
        found += _in_outcomes(obs, fitting)
    if not obs.history.is_wide:
        found += [*planned_closings(obs), *wins_not_recorded(obs)]
    if obs.activities:
        found += bots(fitting)
        if not obs.history.is_wide:
            log = logged_events(obs)
            found += [*activity_after_closing(obs, log), *closing_logged(obs, log)]
            found += [*log_starts_late(obs, log), *weeks_missing(obs, log)]
            found += renamed_activities(fitting, log)
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _in_outcomes(obs: Observation, fitting: Observation) -> list[Finding]:
    """Look for what takes outcomes to see; columns that leak are no criteria for the rest."""
    found = [*leaks(fitting)]
    leaking = {*leaking_columns(found, severity="likely")}
    leaking |= {column for one in found if isinstance(one, KnownLater) for column in one.columns}
    found += [*horizon_too_long(obs), *few_conversions(fitting, ignore=leaking)]
    found += [*immature_leads(obs), *unequal_observation(fitting), *worked_leads(fitting)]
    return [*found, *sign_flips(fitting, ignore=leaking)]
