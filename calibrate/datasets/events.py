"""The simulated activity log: Poisson processes, one intensity a lead, and what follows from them.

Times are whole seconds since 1970 throughout; leads and activities are numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from calibrate.datasets.truth import NULL_ACTIVITIES

__all__ = [
    "ACTIVITIES",
    "DAY",
    "PAGES",
    "BoolArray",
    "Events",
    "FloatArray",
    "IntArray",
    "call_seconds",
    "events",
    "simulate",
    "together",
]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

DAY = 86_400
ACTIVITIES = (
    "email_sent",
    "email_open",
    "email_click",
    "page_view",
    "pricing_view",
    "demo_request",
    "webinar_attended",
    "call_answered",
    "unsubscribe",
    *NULL_ACTIVITIES,
)
PAGES = ("/", "/product", "/customers", "/blog", "/about", "/pricing")
_PRICING = PAGES.index("/pricing")

# Before its creation a lead is seen for up to this many days, so that the log is older than the
# first lead by more than the lookback.
_DAYS_BEFORE = 120
_DAYS_AFTER_FOREVER = 720
_POWER, _SMALLEST, _LARGEST = 1.7, 0.4, 12.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Events:
    """Parallel arrays, one entry an event: whose, what, when; page number or -1; value or nan."""

    lead: IntArray
    activity: IntArray
    time: IntArray
    page: IntArray
    value: FloatArray

    def __len__(self) -> int:
        return len(self.lead)

    def where(self, keep: BoolArray | IntArray) -> Events:
        """Return the events chosen by a mask or an order."""
        return Events(
            lead=self.lead[keep],
            activity=self.activity[keep],
            time=self.time[keep],
            page=self.page[keep],
            value=self.value[keep],
        )

    def is_a(self, activity: str) -> BoolArray:
        """Return which events are of this activity."""
        return np.asarray(self.activity == ACTIVITIES.index(activity))

    def done(self, n_leads: int, since: IntArray, until: IntArray) -> dict[str, BoolArray]:
        """Return, per activity, which leads did it within their ``[since, until)``."""
        inside = (self.time >= since[self.lead]) & (self.time < until[self.lead])
        counts = np.bincount(
            self.activity[inside] * n_leads + self.lead[inside],
            minlength=n_leads * len(ACTIVITIES),
        ).reshape(len(ACTIVITIES), n_leads)
        return {activity: counts[code] > 0 for code, activity in enumerate(ACTIVITIES)}


def events(
    lead: IntArray,
    activity: str,
    time: IntArray,
    *,
    page: IntArray | None = None,
    value: FloatArray | None = None,
) -> Events:
    """Return events of one activity."""
    return Events(
        lead=lead,
        activity=np.full(len(lead), ACTIVITIES.index(activity), dtype=np.int64),
        time=time,
        page=np.full(len(lead), -1, dtype=np.int64) if page is None else page,
        value=np.full(len(lead), np.nan) if value is None else value,
    )


def together(parts: Sequence[Events]) -> Events:
    """Return all events of several logs, one after the other."""
    return Events(
        lead=np.concatenate([part.lead for part in parts]),
        activity=np.concatenate([part.activity for part in parts]),
        time=np.concatenate([part.time for part in parts]),
        page=np.concatenate([part.page for part in parts]),
        value=np.concatenate([part.value for part in parts]),
    )


def simulate(rng: np.random.Generator, created: IntArray, scanned: BoolArray) -> Events:
    """Return what every lead would do if it were never closed.

    The intensity of a lead is drawn from a power law (Pareto, exponent 1.7), so that a few leads
    do much and most do little; null activities come at a constant rate, the same for all.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    created : array of int
        Creation times.
    scanned : array of bool
        Leads behind a link scanner: their mails are clicked within a second, and never opened.
    """
    interest = np.minimum(_SMALLEST * (1 + rng.pareto(_POWER, size=len(created))), _LARGEST)
    mails, stopped = _mails(rng, created, interest, scanned)
    visits = _visits(rng, created, interest, mails.where(mails.is_a("email_click")), scanned)
    return together([mails, stopped, visits, _talks(rng, created, interest), _nulls(rng, created)])


def _mails(
    rng: np.random.Generator, created: IntArray, interest: FloatArray, scanned: BoolArray
) -> tuple[Events, Events]:
    """Mails sent, opened and clicked, each a part of the one before; and who unsubscribed."""
    lead, sent = _after(rng, created, expected=np.full(len(created), 6.0), days=30.0)
    stop_lead, stop = _once(*_after(rng, created, expected=np.full(len(created), 0.08), days=25.0))
    stopped_at = np.full(len(created), np.iinfo(np.int64).max)
    stopped_at[stop_lead] = stop
    lead, sent = lead[sent < stopped_at[lead]], sent[sent < stopped_at[lead]]
    human = ~scanned[lead]
    opened = human & (rng.random(len(lead)) < -np.expm1(-0.70 * interest[lead]))
    clicked = opened & (rng.random(len(lead)) < -np.expm1(-0.90 * interest[lead]))
    open_time = sent + _delay(rng, len(lead), shortest=120, mean=6 * 3600)
    click_time = open_time + _delay(rng, len(lead), shortest=5, mean=60)
    machine = np.repeat(np.flatnonzero(~human), 3)
    mails = together(
        [
            events(lead, "email_sent", sent),
            events(lead[opened], "email_open", open_time[opened]),
            events(lead[clicked], "email_click", click_time[clicked]),
            events(lead[machine], "email_click", sent[machine] + rng.integers(0, 2, len(machine))),
        ]
    )
    return mails, events(stop_lead, "unsubscribe", stop)


def _visits(
    rng: np.random.Generator,
    created: IntArray,
    interest: FloatArray,
    clicks: Events,
    scanned: BoolArray,
) -> Events:
    """Visits to the site: some by themselves, one after each click; some reach the pricing page."""
    before_lead, before = _before(rng, created, expected=0.45 * interest, days=25.0)
    after_lead, after = _after(rng, created, expected=0.55 * interest, days=20.0)
    clicks = clicks.where(~scanned[clicks.lead])
    landing = clicks.time + _delay(rng, len(clicks), shortest=2, mean=5)
    lead = np.concatenate([before_lead, after_lead, clicks.lead])
    start = np.concatenate([before, after, landing])
    priced = rng.random(len(lead)) < np.where(
        np.arange(len(lead)) < len(lead) - len(clicks), 0.12, 0.22
    )
    views = np.repeat(np.arange(len(lead)), 1 + rng.poisson(0.6, len(lead)))
    seen = start[views] + np.where(
        np.diff(views, prepend=-1) > 0, 0, _delay(rng, len(views), shortest=10, mean=240)
    )
    page = rng.choice(_PRICING, size=len(views), p=[0.25, 0.3, 0.15, 0.25, 0.05]).astype(np.int64)
    price_time = start[priced] + _delay(rng, int(priced.sum()), shortest=15, mean=120)
    return together(
        [
            events(lead[views], "page_view", seen, page=page),
            events(
                lead[priced],
                "pricing_view",
                price_time,
                page=np.full(len(price_time), _PRICING, dtype=np.int64),
            ),
        ]
    )


def _talks(rng: np.random.Generator, created: IntArray, interest: FloatArray) -> Events:
    """Demos asked for, webinars attended and calls answered, more by those with more interest."""
    demo = _after(rng, created, expected=0.14 * interest**0.5, days=15.0)
    webinar = _after(rng, created, expected=0.24 * interest, days=30.0)
    call_lead, call = _after(rng, created, expected=0.40 * interest**0.5, days=15.0)
    return together(
        [
            events(demo[0], "demo_request", demo[1]),
            events(webinar[0], "webinar_attended", webinar[1]),
            events(call_lead, "call_answered", call, value=call_seconds(rng, len(call))),
        ]
    )


def _nulls(rng: np.random.Generator, created: IntArray) -> Events:
    """Activities without effect: a constant rate from before creation to the end."""
    parts = []
    for share, activity in zip((0.06, 0.12, 0.18, 0.30), NULL_ACTIVITIES, strict=True):
        per_day = -np.log1p(-share) / 104  # `share` of leads in lookback and window, 90 + 14 days
        days = _DAYS_BEFORE + _DAYS_AFTER_FOREVER
        lead = np.repeat(np.arange(len(created)), rng.poisson(per_day * days, len(created)))
        offset = rng.uniform(-_DAYS_BEFORE, _DAYS_AFTER_FOREVER, len(lead)) * DAY
        parts.append(events(lead, activity, created[lead] + np.floor(offset).astype(np.int64)))
    return together(parts)


def call_seconds(rng: np.random.Generator, n: int) -> FloatArray:
    """Return how long calls lasted, in whole seconds."""
    return np.maximum(np.floor(np.exp(rng.normal(np.log(180), 0.9, size=n))), 5.0)


def _after(
    rng: np.random.Generator, created: IntArray, *, expected: FloatArray, days: float
) -> tuple[IntArray, IntArray]:
    """Events of a Poisson process that starts at creation and dies down over `days` on average."""
    lead = np.repeat(np.arange(len(created)), rng.poisson(expected))
    offset = np.minimum(rng.exponential(days, len(lead)), 6 * days)
    return lead, created[lead] + np.floor(offset * DAY).astype(np.int64)


def _before(
    rng: np.random.Generator, created: IntArray, *, expected: FloatArray, days: float
) -> tuple[IntArray, IntArray]:
    """Events of a Poisson process that grows towards creation."""
    lead = np.repeat(np.arange(len(created)), rng.poisson(expected))
    offset = rng.exponential(days, len(lead))
    near = offset < _DAYS_BEFORE
    return lead[near], created[lead[near]] - np.ceil(offset[near] * DAY).astype(np.int64)


def _once(lead: IntArray, time: IntArray) -> tuple[IntArray, IntArray]:
    """Keep each lead's first event."""
    order = np.lexsort((time, lead))
    first = np.diff(lead[order], prepend=-1) > 0
    return lead[order][first], time[order][first]


def _delay(rng: np.random.Generator, n: int, *, shortest: int, mean: float) -> IntArray:
    """Seconds from one event to what follows it."""
    return shortest + np.floor(rng.exponential(mean, size=n)).astype(np.int64)
