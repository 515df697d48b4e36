"""Tables and logs made for one test, and what is proposed for them."""

import numpy as np
import pandas as pd

from calibrate.candidates import propose_criteria
from calibrate.history import read_history
from calibrate.observation import observe

DAY = pd.Timestamp("2024-01-01")


def table(**columns):
    """Return the observation of a wide table with these columns."""
    leads = pd.DataFrame(columns)
    leads.insert(0, "lead_id", [f"L{i}" for i in range(len(leads))])
    leads["outcome"] = np.where(np.arange(len(leads)) % 7 == 0, "converted", "lost")
    return observe(read_history(leads))


def log(n, *events):
    """Return the history of n leads created at once; events: (leads, activity, days, detail)."""
    leads = pd.DataFrame({"lead_id": range(n), "created_at": DAY, "outcome": "lost"})
    leads["closed_at"] = DAY + pd.Timedelta("60D")
    leads.loc[::7, "outcome"] = "converted"
    parts = []
    for who, activity, days, *detail in events:
        part = pd.DataFrame({"lead_id": list(who)}).assign(activity=activity)
        part["occurred_at"] = DAY + pd.to_timedelta(days, unit="D")
        part["detail"] = detail[0] if detail else None
        parts.append(part)
    return read_history(leads, pd.concat(parts), as_of="2025-01-01")


def observed(history):
    """Return its leads at their landmark, seven days after creation."""
    return observe(history, observation_window="7D", horizon="90D")


def whens(obs, **options):
    """Return the rules proposed."""
    return [dict(rule.when) for rule in propose_criteria(obs, **options)]


def shown(obs, **options):
    """Return the names of the criteria proposed, and how many leads meet each."""
    rules = propose_criteria(obs, **options)
    return {rule.name: int(n) for rule, n in zip(rules, obs.flags(rules).sum(axis=0), strict=True)}
