"""What is planted in the simulated leads: the part of the answer that real data never gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import pandas as pd

from calibrate.errors import ConfigError, did_you_mean

__all__ = [
    "EFFECTS",
    "HORIZON",
    "INTERCEPT",
    "LEAK_COLUMNS",
    "LOOKBACK",
    "NULL_ACTIVITIES",
    "RULES",
    "WINDOW",
    "Truth",
    "override",
]

WINDOW = timedelta(days=14)
HORIZON = timedelta(days=90)
LOOKBACK = timedelta(days=90)
INTERCEPT = -3.4

NULL_ACTIVITIES = ("chat_opened", "forum_visit", "social_follow", "whitepaper_download")
LEAK_COLUMNS = ("contract_plan",)

# criterion -> (its rule, its log odds); a mail that is opened, a click and a page view do nothing
# by themselves: whatever lift they show comes from the pricing page that clicking leads to.
_PLANTED: dict[str, tuple[dict[str, Any], float]] = {
    "employees >= 50": ({"field": "employees", "at_least": 50}, 0.6),
    "industry = software": ({"field": "industry", "in": ["software"]}, 0.5),
    "industry = public sector": ({"field": "industry", "in": ["public sector"]}, -0.7),
    "job_level = director": ({"field": "job_level", "in": ["director"]}, 0.8),
    "job_level = student": ({"field": "job_level", "in": ["student"]}, -1.5),
    "source = referral": ({"field": "source", "in": ["referral"]}, 0.7),
    "email_type = free": ({"field": "email_type", "in": ["free"]}, -0.5),
    **{
        activity: ({"activity": activity, "at_least": 1}, log_odds)
        for activity, log_odds in {
            "demo_request": 1.6,
            "pricing_view": 0.9,
            "call_answered": 0.5,
            "webinar_attended": 0.5,
            "unsubscribe": -1.0,
            "email_sent": 0.0,
            "email_open": 0.0,
            "email_click": 0.0,
            "page_view": 0.0,
            **dict.fromkeys(NULL_ACTIVITIES, 0.0),
        }.items()
    },
}
EFFECTS: Mapping[str, float] = MappingProxyType({name: b for name, (_, b) in _PLANTED.items()})
RULES: Mapping[str, dict[str, Any]] = MappingProxyType(
    {name: w for name, (w, _) in _PLANTED.items()}
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Truth:
    """The planted truth behind a set of simulated leads.

    For a lead that is still open at its landmark (``created_at + observation_window``), the
    probability of converting in ``[landmark, created_at + horizon)`` is exactly
    ``1 / (1 + exp(-(intercept + sum of log_odds of the criteria met)))``, where activities count
    if they lie in ``[created_at - lookback, landmark)``. A joint logistic regression at the
    landmark therefore estimates `log_odds` without bias.

    Parameters
    ----------
    log_odds : Mapping[str, float]
        Log odds ratio of every criterion, 0 for those without an effect of their own.
    log_odds_after : Mapping[str, float]
        The same for leads created from `change_at` on; equal to `log_odds` without a change.
    change_at : datetime or None
        From when on `log_odds_after` holds.
    intercept : float
        Log odds of a lead that meets no criterion.
    rules : Mapping[str, dict]
        Each criterion as a rule, ``{"activity": "demo_request", "at_least": 1}``.
    null_activities : tuple of str
        Activities at a constant rate, the same for all leads: their relative risk is 1, not only
        their log odds.
    leak_columns : tuple of str
        Columns that are filled in only for winners, after the fact.
    bots : tuple of str
        Ids of the leads whose e-mail clicks were made by a link scanner.
    observation_window, horizon, lookback : timedelta
        The times for which the log odds hold.
    as_of : datetime
        End of the simulation; nothing after it exists.
    leads : DataFrame
        One row a lead, in the order of the leads: ``lead_id``, ``log_odds`` and ``probability``
        of converting between landmark and horizon if open at the landmark.
    """

    log_odds: Mapping[str, float]
    log_odds_after: Mapping[str, float]
    change_at: datetime | None
    intercept: float
    rules: Mapping[str, dict[str, Any]]
    null_activities: tuple[str, ...]
    leak_columns: tuple[str, ...]
    bots: tuple[str, ...]
    observation_window: timedelta
    horizon: timedelta
    lookback: timedelta
    as_of: datetime
    leads: pd.DataFrame

    @property
    def table(self) -> pd.DataFrame:
        """One row a criterion: ``criterion``, ``group``, ``log_odds``, ``log_odds_after``."""
        names = list(self.log_odds)
        return pd.DataFrame(
            {
                "criterion": names,
                "group": ["fit" if "field" in self.rules[name] else "engagement" for name in names],
                "log_odds": [self.log_odds[name] for name in names],
                "log_odds_after": [self.log_odds_after[name] for name in names],
            }
        )


def override(effects: Mapping[str, float], changes: Mapping[str, float] | None) -> dict[str, float]:
    """Return `effects` with some values replaced; a criterion that is not planted is refused.

    Examples
    --------
    >>> override(EFFECTS, {"demo_request": 0.0})["demo_request"]
    0.0
    """
    for name in changes or {}:
        if name not in effects:
            raise ConfigError(
                f'make_leads plants no criterion "{name}"{did_you_mean(name, effects)}'
            )
    return {**effects, **{name: float(value) for name, value in (changes or {}).items()}}
