"""What `assess_readiness` says, in plain sentences with their figures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from calibrate.display import format_number, format_value

__all__ = ["ENOUGH", "LIFT", "Base", "Facts", "Pace", "leads_needed", "message_of"]

ENOUGH = 50  # leads that converted, and leads that did not, that a score takes
LIFT = 1.2  # 36 % where all leads convert at 30 %
_NAMED = 5


class Base(NamedTuple):
    """Leads compared: as counted, and as many as would give as exact a rate."""

    n: int
    n_converted: int
    rate: float
    n_effective: float


class Pace(NamedTuple):
    """Leads that arrive a week, and those of a quarter that get compared."""

    leads_a_week: float
    leads_a_quarter: float


class Facts(NamedTuple):
    """All that a message may speak of; `problem` is why no outcome can be compared yet."""

    base: Base
    pace: Pace
    capacity: float | None
    rows: pd.DataFrame
    problem: str
    power: float


def message_of(verdict: str, said: Facts) -> str:
    """Return the verdict in sentences."""
    if verdict == "not needed":
        return _not_needed(said)
    return _ready(said) if verdict == "ready" else _not_yet(said)


def leads_needed(base: Base, *, have: tuple[int, int] = (0, 0)) -> float:
    """Return the leads that bring 50 conversions and 50 others at the present rate.

    `have` are conversions and others there are already; nan where one of them never comes.
    """
    rates = (base.rate, 1 - base.rate)
    if not min(rates) > 0:
        return float("nan")
    return max((ENOUGH - n) / rate for n, rate in zip(have, rates, strict=True))


def _not_needed(said: Facts) -> str:
    return (
        f"No score is needed: about {_about(said.pace.leads_a_week)} leads arrive a week and sales "
        f"can call {_about(said.capacity)}. Call them all, the newest first."
    )


def _not_yet(said: Facts) -> str:
    base, rest = said.base, "Until then call the newest first."
    if said.problem or not base.n:
        return f"Not yet: {said.problem or 'no outcome of any lead is known'}. {rest}"
    opening = (
        f"Not yet: {_share(base)}, and a score takes {ENOUGH} that did and {ENOUGH} that did not."
    )
    needed, a_quarter = leads_needed(base), said.pace.leads_a_quarter
    if np.isnan(needed):
        return f"{opening} When that will be cannot be said. {rest}"
    leads = f"{format_value('n', int(np.ceil(needed)))} leads like these"
    if np.isnan(a_quarter):
        return f"{opening} That takes about {leads}. {rest}"
    in_all = _quarters(needed / a_quarter)
    have = (base.n_converted, base.n - base.n_converted)
    more = _quarters(leads_needed(base, have=have) / a_quarter)
    return (
        f"{opening} That takes about {leads}, {in_all} at {_about(a_quarter)} a quarter: about "
        f"{more} more. {rest}"
    )


def _ready(said: Facts) -> str:
    half, _, tenth, _ = said.rows["detectable_lift"].iloc[:4]
    often = f"{format_number(100 * said.power)} times in 100"
    parts = [
        f"Ready: {_share(said.base)}.",
        _noticed("half of the leads", half, often),
        _noticed("a tenth of them", tenth, often),
    ]
    of_half, _, of_tenth, _ = said.rows["quarters_needed"].iloc[:4]
    if not np.isnan(of_half):
        parts.append(
            f"To notice {_times(LIFT)} takes {_quarters(of_half)} of leads where half meet it, "
            f"{_quarters(of_tenth)} where a tenth do."
        )
    return " ".join([*parts, *_unjudged(said.rows), *_choice(said)])


def _noticed(who: str, lift: float, often: str) -> str:
    if np.isnan(lift):
        return f"What {who} meet cannot be noticed yet."
    return f"What {who} meet is noticed, {often}, from {_times(lift)} the rate of all leads."


def _unjudged(rows: pd.DataFrame) -> list[str]:
    asked = rows[rows["kind"] == "criterion"]
    names = asked.loc[~asked["judged"], "criterion"].tolist()
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    counted = f"{len(names)} of {len(asked)} criteria cannot be judged yet"
    why = "too few leads meet them, or too few do not"
    return [f"{counted}, {why}: {', '.join(names[:_NAMED])}{more}."]


def _choice(said: Facts) -> list[str]:
    a_week = said.pace.leads_a_week
    if np.isnan(a_week):
        return []
    if said.capacity is None:
        return [f"Where sales can call all {_about(a_week)} leads of a week, no score is needed."]
    can = _about(said.capacity)
    return [
        f"About {_about(a_week)} leads arrive a week and sales can call {can}: it has to choose."
    ]


def _share(base: Base) -> str:
    n, n_converted = format_value("n", base.n), format_value("n", base.n_converted)
    rate = format_value("rate", base.rate)
    if np.isclose(base.rate, base.n_converted / base.n):
        return f"{n_converted} of {n} leads became customers ({rate})"
    return (
        f"{n_converted} of {n} leads at their landmark became customers so far ({rate} of all once "
        "the young ones have had their time)"
    )


def _times(lift: float) -> str:
    return f"{format_number(lift, 2)} times"


def _quarters(quarters: float) -> str:
    whole = int(np.ceil(quarters))
    return f"{format_number(whole)} quarter{'' if whole == 1 else 's'}"


def _about(n: float | None) -> str:
    """Write a mean count: whole from 10 on."""
    value = float("nan") if n is None else n
    return format_number(value, 0 if value >= 10 or value == round(value) else 1)
