"""All guards, one after the other."""

from __future__ import annotations

from calibrate.guards.bots import bots
from calibrate.guards.columns import constant_columns, leaks
from calibrate.guards.finding import SEVERITIES, Finding
from calibrate.guards.log import activity_after_closing, log_starts_late, weeks_missing
from calibrate.guards.outcomes import (
    few_conversions,
    immature_leads,
    planned_closings,
    unequal_observation,
)
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
    A column leaks where leads with it filled in convert five times as often as those
    without, or the other way round (p < 1e-6), where one of its values converts in 99 %
    of 50 leads or more, or where its cross-fitted rates rank with an area under the ROC
    curve of 0.80 or more. An activity is suspected of bots where 1 % of its doers did it
    three times within five seconds.
    """
    fitting = obs.fitting
    found = [*constant_columns(fitting)]
    if not obs.is_open:
        found += [*leaks(fitting), *few_conversions(fitting)]
        found += [*immature_leads(obs), *unequal_observation(fitting)]
    if not obs.history.is_wide:
        found += planned_closings(obs)
    if obs.activities:
        found += bots(fitting)
        if not obs.history.is_wide:
            found += [*activity_after_closing(obs), *log_starts_late(obs), *weeks_missing(obs)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))
