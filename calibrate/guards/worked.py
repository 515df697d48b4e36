"""Leads that nobody worked: the others are a chosen group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.candidates import NO
from calibrate.criteria import Measure
from calibrate.display import format_interval, format_value
from calibrate.guards.finding import Finding, number, percent, points
from calibrate.guards.obvious import Obvious, obvious_criteria
from calibrate.history.attributes import name_tokens
from calibrate.observation import Observation
from calibrate.observation.reading import lead_frame, observed_leads
from calibrate.stats.intervals import newcombe
from calibrate.stats.significance import holm, mid_p_fisher

__all__ = ["WorkedLeads", "WorkedNotMapped", "lift_bounds", "worked_leads"]

_MIN_LEADS = 30  # on each side
_STRONG = 0.10  # difference of the shares worked
_LEVEL = 0.05
_MOST = 2  # criteria named besides the strongest
_UNTOUCHED = 0.05  # at least, and at most 1 minus so many leads without a contact
_SCORE_WORDS = {"score", "scoring", "punteggio", "rating", "grade", "grading"}
_CONTACT_WORDS = {
    *("contacted", "attempts", "attempt", "touches", "worked", "kontaktiert", "kontaktversuche"),
    *("bearbeitet", "contattato", "lavorato", "tentativi"),
}


@dataclass(frozen=True, kw_only=True)
class WorkedLeads(Finding):
    """Leads that nobody worked are left out; the others are a chosen group.

    Attributes
    ----------
    n, n_worked : int
        Mature leads at their landmark, and those of them that were worked.
    worked_share : float
    criterion : str
        The criterion whose leads were worked most differently from the others; empty where
        none was.
    share_with, share_without : float
        Shares worked of the leads that meet it, and of the others.
    lift, lift_lowest, lift_highest : float
        Lift of that criterion among worked leads, and what it could be among all.
    """

    guard: str = "worked leads"
    n: int = 0
    n_worked: int = 0
    worked_share: float = float("nan")
    criterion: str = ""
    share_with: float = float("nan")
    share_without: float = float("nan")
    lift: float = float("nan")
    lift_lowest: float = float("nan")
    lift_highest: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class WorkedNotMapped(Finding):
    """Something in the data says who was contacted, but not `worked`.

    Attributes
    ----------
    n, n_untouched : int
        Leads, and those without a sign of a contact.
    """

    guard: str = "worked leads not mapped"
    n: int = 0
    n_untouched: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class _Everybody:
    """Mature leads at their landmark, worked or not."""

    obs: Observation
    rows: NDArray[np.intp]
    worked: NDArray[np.bool_]
    converted: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Choice:
    """How often the leads that meet a criterion were worked, and the others."""

    criterion: Obvious
    n: tuple[int, int]
    n_worked: tuple[int, int]
    p_value: float

    @property
    def shares(self) -> tuple[float, float]:
        return self.n_worked[0] / self.n[0], self.n_worked[1] / self.n[1]

    @property
    def difference(self) -> float:
        return self.shares[0] - self.shares[1]

    @property
    def is_strong(self) -> bool:
        return abs(self.difference) >= _STRONG and self.p_value <= _LEVEL


def worked_leads(obs: Observation) -> list[Finding]:
    """See whether sales chose whom to work, and what that does to the lift.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of WorkedLeads or WorkedNotMapped
        At most one.

    Notes
    -----
    Where `worked` is mapped, rates are among worked leads. The share worked is compared, by
    mid-p Fisher tests with Holm's correction, between those who meet a criterion (and the
    upper half of an old score) and the others; a difference of 10 percentage points or more
    is said, with what the lift could be among all leads (`lift_bounds`).
    """
    obs = obs.single
    if _is_mapped(obs, "worked"):
        return _chosen(_everybody(obs))
    return _not_mapped(obs)


def lift_bounds(
    rate: float, rate_without: float, worked: float, worked_without: float, lead_share: float
) -> tuple[float, float]:
    """Return the lowest and highest lift among all leads, some of which nobody worked.

    Parameters
    ----------
    rate, rate_without : float
        Conversion rates of the worked leads that meet the criterion, and of the other ones.
    worked, worked_without : float
        Shares worked of either.
    lead_share : float
        Share of all leads that meets it.

    Returns
    -------
    lowest, highest : float
        ``nan`` where no worked lead without the criterion converted.

    Notes
    -----
    Had they been worked, leads that nobody worked would have converted between never and as
    often as the worked ones like them, since sales chooses the better ones. The rate with the
    criterion then lies in ``[worked * rate, rate]``, likewise without it, and
    ``lift = RR / (s RR + 1 - s)`` rises with the ratio RR of the two.

    References
    ----------
    C. F. Manski (1990), Nonparametric bounds on treatment effects, American Economic Review
    80, 319-323.

    Examples
    --------
    Half of the leads click, all of them are worked, half of the others; 20 % against 10 %:
    RR lies between 2 and 4, the lift between 2 / 1.5 and 4 / 2.5.

    >>> low, high = lift_bounds(0.2, 0.1, 1.0, 0.5, 0.5)
    >>> round(low, 3), round(high, 3)
    (1.333, 1.6)
    """
    if not (rate_without > 0 and worked_without > 0):
        return float("nan"), float("nan")
    ratios = worked * rate / rate_without, rate / (worked_without * rate_without)
    low, high = (ratio / (lead_share * ratio + 1 - lead_share) for ratio in ratios)
    return low, high


def _is_mapped(obs: Observation, column: str) -> bool:
    found = obs.history.engine.query(f"SELECT count(l.{column}) AS n FROM leads AS l")
    return bool(found.to_pylist()[0]["n"])


def _everybody(obs: Observation) -> _Everybody:
    """Observe the leads again, those that nobody worked among them."""
    scope = replace(obs.scope, keeps_unworked=True)
    attributes = obs.history.attributes
    found = observed_leads(obs.history.engine, scope, attributes)
    bare = replace(
        obs, scope=scope, rows=lead_frame(found, scope, attributes), other=None, labels={}
    )
    counts = bare.features(Measure(activity) for activity in obs.activities)
    table = pd.concat([bare.rows, counts], axis=1)
    compared = table["at_landmark"].to_numpy(dtype=bool) & table["mature"].to_numpy(dtype=bool)
    rows = np.flatnonzero(compared)
    chosen = table.iloc[rows]
    return _Everybody(
        obs=replace(bare, rows=table),
        rows=rows,
        worked=chosen["lead_id"].isin(obs.table["lead_id"]).to_numpy(dtype=bool),
        converted=chosen["converted"].to_numpy(dtype=bool, na_value=False),
    )


def _chosen(everybody: _Everybody) -> list[Finding]:
    worked = everybody.worked
    n, n_worked = len(worked), int(worked.sum())
    if n - n_worked < _MIN_LEADS or n_worked < _MIN_LEADS:
        return []
    choices = _choices(everybody)
    strong = sorted(
        (choice for choice in choices if choice.is_strong),
        key=lambda choice: (-abs(choice.difference), choice.criterion.name),
    )
    score = next((c for c in choices if set(name_tokens(c.criterion.subject)) & _SCORE_WORDS), None)
    named = list(dict.fromkeys([*strong[: 1 + _MOST], *([score] if score else [])]))
    said = "".join(f"; {_choice_words(choice)}" for choice in named)
    finding = WorkedLeads(
        severity="likely" if strong else "note",
        what=(
            f"{number(n_worked)} of {number(n)} leads compared ({percent(n_worked / n)}) were "
            f"worked{said}"
        ),
        how_sure=(
            "counted; the differences are beyond chance, after correction for "
            f"{number(len(choices))} criteria looked at"
            if strong
            else f"counted; none of {number(len(choices))} criteria makes a strong difference"
        ),
        effect=(
            "a lead that nobody worked could not convert, so rates, lifts and points are among "
            "worked leads"
        ),
        action=(
            "work some leads of every kind, chosen by lot, so that the score can be learned on "
            "all; until then read the lift as that of leads like those sales chooses"
            if strong
            else "nothing"
        ),
        columns=tuple(dict.fromkeys(choice.criterion.subject for choice in named)),
        n=n,
        n_worked=n_worked,
        worked_share=n_worked / n,
    )
    return [_with_lift(finding, everybody, strong[0]) if strong else finding]


def _choices(everybody: _Everybody) -> list[_Choice]:
    """Compare how often leads were worked, for each criterion anybody would look at."""
    worked = everybody.worked
    found = []
    for one in obvious_criteria(everybody.obs, rows=everybody.rows, min_leads=_MIN_LEADS):
        n = int(one.met.sum()), int((~one.met).sum())
        k = int(worked[one.met].sum()), int(worked[~one.met].sum())
        p = float(mid_p_fisher(k[0], n[0], k[1], n[1]))
        found.append(_Choice(criterion=one, n=n, n_worked=k, p_value=p))
    adjusted = holm([choice.p_value for choice in found]) if found else np.zeros(0)
    return [replace(choice, p_value=float(p)) for choice, p in zip(found, adjusted, strict=True)]


def _choice_words(choice: _Choice) -> str:
    interval = newcombe(choice.n_worked[0], choice.n[0], choice.n_worked[1], choice.n[1])
    return (
        f'with "{choice.criterion.name}" {percent(choice.shares[0])} of '
        f"{number(choice.n[0])}, without it {percent(choice.shares[1])} of {number(choice.n[1])} "
        f"({points(choice.difference)}, 95% interval "
        f"{format_interval('difference', float(interval.lower), float(interval.upper))})"
    )


def _with_lift(finding: WorkedLeads, everybody: _Everybody, choice: _Choice) -> WorkedLeads:
    """Add what the lift of the strongest criterion could be among all leads."""
    met, worked = choice.criterion.met, everybody.worked
    one, two = everybody.converted[met & worked], everybody.converted[~met & worked]
    finding = replace(
        finding,
        criterion=choice.criterion.name,
        share_with=choice.shares[0],
        share_without=choice.shares[1],
    )
    if not (one.size and two.any()):
        return finding
    share = float(met.mean())
    lift = float(one.mean() / np.concatenate([one, two]).mean())
    low, high = lift_bounds(float(one.mean()), float(two.mean()), *choice.shares, share)
    words = [format_value("lift", value) for value in (lift, low, high)]
    return replace(
        finding,
        effect=(
            f'{finding.effect}; the lift of "{choice.criterion.name}" is {words[0]} among them '
            f"and could be {words[1]} to {words[2]} among all, had the others converted "
            "between never and as often as the worked ones like them"
        ),
        lift=lift,
        lift_lowest=low,
        lift_highest=high,
    )


def _not_mapped(obs: Observation) -> list[Finding]:
    """Look for a sign of who was contacted, where `worked` is not mapped."""
    if not obs.history.is_wide and _is_mapped(obs, "first_contacted_at"):
        return _untouched("first_contacted_at", *_without_first_contact(obs))
    for attribute in obs.attributes:
        if set(name_tokens(attribute.name)) & _CONTACT_WORDS and attribute.kind != "text":
            column = obs.rows[attribute.name][obs.is_judged]
            found = _untouched(attribute.name, len(column), int(_says_no(column).sum()))
            if found:
                return found
    return []


def _without_first_contact(obs: Observation) -> tuple[int, int]:
    found = obs.history.engine.query(
        "SELECT l.lead_id, l.first_contacted_at IS NULL AS untouched FROM leads AS l"
    ).to_pandas()
    leads = obs.rows["lead_id"][obs.is_judged & obs.rows["mature"].to_numpy(dtype=bool)]
    untouched = found["lead_id"][found["untouched"].to_numpy(dtype=bool)]
    return len(leads), int(leads.isin(untouched).sum())


def _says_no(column: pd.Series) -> NDArray[np.bool_]:
    """Return which cells are empty, 0 or no."""
    missing: NDArray[np.bool_] = column.isna().to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.asarray(missing | (column.to_numpy(dtype=float) == 0))
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return missing
    words = column.astype(str).str.strip().str.casefold()
    return np.asarray(missing | words.isin(NO).to_numpy(dtype=bool))


def _untouched(name: str, n: int, n_untouched: int) -> list[Finding]:
    if n == 0 or not _UNTOUCHED <= n_untouched / n <= 1 - _UNTOUCHED:
        return []
    return [
        WorkedNotMapped(
            severity="note",
            what=(
                f"{number(n_untouched)} of {number(n)} leads ({percent(n_untouched / n)}) have no "
                f'sign of a contact in "{name}"'
            ),
            how_sure="told by the column's name; an empty cell may also be one nobody filled in",
            effect=(
                "if nobody worked them they could not convert, and count as if they had been "
                "tried: rates are too low, and what sales likes looks like what converts"
            ),
            action=(
                "export a yes/no column that says which leads were worked and map it: "
                'worked = "COLUMN" in [leads]; rates are then among worked leads'
            ),
            columns=(name,),
            n=n,
            n_untouched=n_untouched,
        )
    ]
