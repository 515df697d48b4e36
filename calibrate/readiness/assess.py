"""Whether a lead score is needed, and whether there are leads enough for one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from calibrate.candidates import criteria_of
from calibrate.criteria import Criterion, as_criterion
from calibrate.display import html_sentences, html_table
from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.lift import Lift
from calibrate.lift.compare import too_few
from calibrate.observation import Observation, Sample, sample_of
from calibrate.observation.statements import Parameters, seen_sql
from calibrate.readiness.words import ENOUGH, LIFT, Base, Facts, Pace, leads_needed, message_of
from calibrate.stats.power import detectable_lift, lift_sample_size

__all__ = ["Readiness", "assess_readiness"]

SHARES = (0.5, 0.25, 0.1, 0.05)
_SAID = ("half", "a quarter", "a tenth", "a twentieth")
_COLUMNS = ("criterion", "kind", "lead_share", "n", "judged", "detectable_lift", "quarters_needed")
_QUARTER_WEEKS = 365.25 / 4 / 7


@dataclass(frozen=True, eq=False, kw_only=True)
class Readiness:
    """Whether a score is needed, and whether the data are enough for one.

    Made by `assess_readiness`.

    Attributes
    ----------
    verdict : {"ready", "not yet", "not needed"}
    message : str
        The same in plain sentences, with its figures.
    n, n_converted : int
        Leads at their landmark as counted, young ones included, and those of them that converted
        so far.
    rate : float
        Their conversion rate, young leads stood in for.
    minimal_lift, minimal_lift_tenth : float
        Smallest lift that would be noticed now where half, or a tenth, of the leads meet the
        criterion; nan where none would.
    power, alpha : float
        How often it would be noticed, and the level of the test.
    leads_a_week, leads_a_quarter : float
        Leads that arrive a week, and those a quarter that are compared at their landmark; nan
        where the table has no times.
    capacity_leads_a_week : float or None
        Leads a week that sales can call, where given.
    quarters_needed : float
        Quarters of leads, in all, that bring 50 conversions and 50 other leads; nan where
        that cannot be said.
    """

    verdict: str
    message: str
    n: int
    n_converted: int
    rate: float
    minimal_lift: float
    minimal_lift_tenth: float
    power: float
    alpha: float
    leads_a_week: float
    leads_a_quarter: float
    capacity_leads_a_week: float | None
    quarters_needed: float
    rows: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """What can be judged now: four shares of the leads, then each criterion.

        Returns
        -------
        DataFrame
            ``criterion, kind`` (``share`` or ``criterion``)``, lead_share, n`` (leads that
            meet it)``, judged`` (at least 30 leads and 5 expected conversions with and
            without)``, detectable_lift`` (the smallest noticed now)``, quarters_needed``
            (quarters of leads, in all, until a lift of 1.2 is noticed; nan where it cannot
            be: more than 1 / 1.2 of the leads meet it).
        """
        return self.rows.copy()

    @property
    def not_yet(self) -> tuple[str, ...]:
        """Names of the criteria that cannot be judged yet."""
        rows = self.rows[(self.rows["kind"] == "criterion") & ~self.rows["judged"].astype(bool)]
        return tuple(rows["criterion"])

    def _repr_html_(self) -> str:
        first, *rest = self.message.rstrip(".").split(". ")
        sentences = [f"{sentence}." for sentence in rest]
        return html_sentences(f"{first}.", sentences) + html_table(self.rows, max_rows=20)


def assess_readiness(
    obs: Observation,
    *,
    capacity: float | None = None,
    criteria: Sequence[Criterion] | None = None,
    lift: Lift | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> Readiness:
    """Say whether a lead score is needed, and whether there are leads enough for one.

    Parameters
    ----------
    obs : Observation
        The leads of its fit period count; how many arrive a week is taken from its period.
    capacity : float, optional
        Leads a week that sales can call, all people together.
    criteria : sequence of Criterion, optional
        Whose leads are counted; by default those proposed from the data.
    lift : Lift, optional
        A lift table already measured on `obs`, instead of counting its criteria again.
    power, alpha : float
        How often a real lift is to be noticed, at which two-sided level.

    Returns
    -------
    Readiness
        ``not needed`` where no more leads arrive than sales can call; else ``not yet`` under
        50 conversions or 50 other leads; else ``ready``. Nothing but the rate of all leads is
        taken from the outcomes.

    Raises
    ------
    ConfigError
        If `capacity` is not above 0, `power` or `alpha` is no share, or the leads are open.

    Notes
    -----
    A lift L of a criterion met by the share s at control rate r means the rates ``L r`` with
    and ``r (1 - s L) / (1 - s)`` without; the leads that takes are those of the score test of
    two rates [1]_ (`calibrate.stats.power`): 36 % with against 30 % without takes 963 leads
    each. Young leads and contacts with several leads count for the leads that would give as
    exact a rate. Many criteria looked at together need larger lifts than one alone: the
    q-value of the lift table takes that into account, this figure does not.

    References
    ----------
    .. [1] J. L. Fleiss, B. Levin and M. C. Paik (2003), Statistical Methods for Rates and
       Proportions, 3rd ed., chapter 4.

    Examples
    --------
    >>> from calibrate.history import read_history
    >>> from calibrate.observation import observe
    >>> leads = pd.DataFrame({"outcome": ["converted"] * 12 + ["lost"] * 288})
    >>> found = assess_readiness(observe(read_history(leads.rename_axis("lead_id").reset_index())))
    >>> found.verdict
    'not yet'
    """
    if capacity is not None and not capacity > 0:
        raise ConfigError(f"capacity must be leads a week, above 0, not {capacity}")
    if obs.is_open:
        raise ConfigError("the outcomes of open leads are not known; use observe()")
    part = obs.fitting.single
    if criteria is not None:
        lift = None
    if lift is not None and obs.fitting.parts:  # it counts each lead at several landmarks
        criteria, lift = lift.criteria, None
    pace = _pace(obs)
    try:
        sample, problem = sample_of(part, _criteria(part, criteria, lift)), ""
    except NotEnoughDataError as error:
        sample, problem = None, str(error)
    base = _base_of(sample)
    rows = _table(base, sample, lift, pace, power=power, alpha=alpha)
    facts: dict[str, float | int] = {
        "n": base.n,
        "n_converted": base.n_converted,
        "rate": base.rate,
        "minimal_lift": float(rows["detectable_lift"].iloc[SHARES.index(0.5)]),
        "minimal_lift_tenth": float(rows["detectable_lift"].iloc[SHARES.index(0.1)]),
        "leads_a_week": pace.leads_a_week,
        "leads_a_quarter": pace.leads_a_quarter,
        "quarters_needed": leads_needed(base) / pace.leads_a_quarter,
    }
    verdict = _verdict(base, pace, capacity)
    said = Facts(base, pace, capacity, rows, problem, power)
    return Readiness(
        verdict=verdict,
        message=message_of(verdict, said),
        power=power,
        alpha=alpha,
        capacity_leads_a_week=capacity,
        rows=rows,
        **facts,  # type: ignore[arg-type]
    )


def _criteria(
    obs: Observation, criteria: Sequence[Criterion] | None, lift: Lift | None
) -> tuple[Criterion, ...]:
    """Return the criteria to count here.

    Those given; else those proposed, unless a lift table has them, and activities too rare to be
    proposed.
    """
    if criteria is not None:
        return tuple(criteria)
    told = lift.criteria if lift is not None else criteria_of(obs, None)
    counted = {m.activity for criterion in told for m in criterion.measures}
    doers = obs.rows[[*obs.activities]][obs.is_judged] > 0
    rare = [name for name in obs.activities if name not in counted and doers[name].any()]
    rare = [name for name in rare if not doers[name].all()]
    extra = tuple(as_criterion({"activity": name, "at_least": 1}) for name in rare)
    return extra if lift is not None else (*told, *extra)


def _base_of(sample: Sample | None) -> Base:
    if sample is None or not sample.n:
        return Base(0, 0, float("nan"), 0.0)
    return Base(sample.n, sample.n_converted, sample.rate, float(sample.effective_weight.sum()))


def _pace(obs: Observation) -> Pace:
    """Count the leads that arrived in the period, worked or not."""
    unknown = Pace(float("nan"), float("nan"))
    as_of, start, end = obs.history.as_of, obs.period.start, obs.period.end
    if obs.history.is_wide or as_of is None:
        return unknown
    parameters = Parameters()
    found = obs.history.engine.query(
        "SELECT count(*) AS n, min(l.created_at) AS first, max(l.created_at) AS last"
        f" FROM leads AS l WHERE {seen_sql(obs.scope, parameters)}",
        parameters.values,
    )
    n, first, last = (found[name][0].as_py() for name in ("n", "first", "last"))
    if not n:
        return unknown
    begun = first if start is None else max(start, first)
    until = last if end is None else min(end, as_of)
    a_week = n / max((until - begun) / dt.timedelta(weeks=1), 1.0)
    rows = obs.single.table
    seen = rows[rows["status"] != "before landmark"]
    compared = float(seen["at_landmark"].mean()) * len(rows) / n if len(seen) else 0.0
    return Pace(a_week, a_week * _QUARTER_WEEKS * compared or float("nan"))


def _table(
    base: Base,
    sample: Sample | None,
    lift: Lift | None,
    pace: Pace,
    *,
    power: float,
    alpha: float,
) -> pd.DataFrame:
    shares = pd.DataFrame(
        {
            "criterion": [f"whatever {said} of the leads meet" for said in _SAID],
            "kind": "share",
            "n": [round(share * base.n) for share in SHARES],
            "lead_share": SHARES,
        }
    )
    table = pd.concat([shares, *_counted(sample, lift)], ignore_index=True)
    counted_rate = base.n_converted / max(base.n, 1)
    table["judged"] = ~too_few(table["n"], base.n - table["n"], counted_rate)
    how = {"power": power, "alpha": alpha}
    table["detectable_lift"] = detectable_lift(
        base.n_effective, base.rate, table["lead_share"], **how
    )
    needed = lift_sample_size(LIFT, base.rate, table["lead_share"], **how)
    table["quarters_needed"] = _finite(needed / pace.leads_a_quarter)
    return table[list(_COLUMNS)]


def _counted(sample: Sample | None, lift: Lift | None) -> list[pd.DataFrame]:
    """Return the leads that meet each criterion: counts only."""
    parts = []
    if lift is not None:
        parts.append(lift.table[["criterion", "n", "lead_share"]])
    if sample is not None and sample.criteria:
        met = {
            "criterion": [rule.name for rule in sample.criteria],
            "n": sample.flags.sum(axis=0),
            "lead_share": sample.weight @ sample.flags / sample.weight.sum(),
        }
        parts.append(pd.DataFrame(met))
    return [part.assign(kind="criterion") for part in parts]


def _verdict(base: Base, pace: Pace, capacity: float | None) -> str:
    if capacity is not None and pace.leads_a_week <= capacity:
        return "not needed"
    return "ready" if min(base.n_converted, base.n - base.n_converted) >= ENOUGH else "not yet"


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=float)
    return np.where(np.isfinite(found), found, np.nan)
