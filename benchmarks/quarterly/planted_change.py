"""An activity stops meaning anything in quarter 5: does monitoring say so, and only then."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

import calibrate as cal
from benchmarks.fitting.marks import Options
from benchmarks.studies.study import Study
from calibrate.datasets import Truth

__all__ = ["SETTINGS", "Company", "Looks", "Setting", "company_of", "is_met", "looks_at", "run"]

N_SEEDS = 20
MOST_MISSED = 2  # of 20
LOG_ODDS = 1.6
N_QUARTERS = 8
SPARE = 1.06  # leads arrive by chance and by season; so that quarter 5 has as many as is said
CHANGE_AT, AS_OF = "2026Q1", "2027-01-01"
FITTED_ON = dt.datetime(2026, 1, 1)  # the first day of quarter 5
QUARTER_4, QUARTER_5 = dt.datetime(2026, 4, 1), dt.datetime(2026, 7, 1)
LATER = (dt.datetime(2026, 10, 1), dt.datetime(2027, 1, 1))
WINDOW, HORIZON = "14D", "90D"
WEEKS = 365 / 7  # of the leads that the card is fitted on
CAPACITY_SHARE = 0.15  # of the leads that arrive in a week

SUMMARY = f"""The simulated company with one change: the log odds of {LOG_ODDS} of an activity fall
to 0 for all leads created in quarter 5 or later. The card in force was fitted on the first day of
quarter 5 with what was known on it of quarters 1 to 4 (window 14 days, horizon 90). `monitor` is
asked on the first day of every quarter after that: quarter 5 ends on 31 March and can be judged on
1 July, 90 days later; on 1 April it is quarter 4 that is judged. The same company without the
change, same seed, is asked about quarters 4 to 7.

*Searched*: the card is made from all that the toolkit proposes; *planted*: from the rules that
have an effect (quicker). *Done by*: share of the leads of quarters 1 to 4 that do the activity
within 14 days. *Promised*: mean number of conversions that the card promised among the leads of
quarter 5 that do it.

Required, in {N_SEEDS - MOST_MISSED} of {N_SEEDS} seeds or more: *in time*, `recalibrate` for
quarter 5 and not for quarter 4; *never*, no `recalibrate` at any of the four looks without the
change. The last row asks what cannot be had: with 1,000 leads a quarter, an activity that 7 in
100 of them do brings so few conversions that its loss is mostly within chance. It is shown, and
only its *never* is required."""


class Setting(NamedTuple):
    """Which activity loses its effect, in a company of how many leads a quarter."""

    activity: str
    leads: int
    searched: bool
    in_time_required: bool = True


SETTINGS = (
    Setting("email_click", 1_000, searched=True),
    Setting("pricing_view", 2_000, searched=False),
    Setting("demo_request", 4_000, searched=False),
    Setting("demo_request", 1_000, searched=False, in_time_required=False),
)


class Company(NamedTuple):
    """The same company with and without the change, and how many leads did the activity."""

    changed: cal.History
    unchanged: cal.History
    truth: Truth


class Looks(NamedTuple):
    """What monitoring said of a seed."""

    before: bool
    in_quarter_5: bool
    without_change: bool
    done_by: float
    promised: float
    leads_in_quarter_5: int


def company_of(setting: Setting, seed: int) -> Company:
    """Simulate the eight quarters twice; up to the end of quarter 4 they are the same."""
    n = round(setting.leads * N_QUARTERS * SPARE)
    planted = {setting.activity: LOG_ODDS}
    histories = []
    for change_at, after in ((CHANGE_AT, {setting.activity: 0.0}), (None, None)):
        leads, activities, truth = cal.make_leads(
            n,
            rng=seed,
            quarters=N_QUARTERS,
            effects=planted,
            change_at=change_at,
            changes=after,
        )
        columns = cal.LeadColumns(ignore=truth.leak_columns)
        histories.append(cal.read_history(leads, activities, as_of=AS_OF, leads=columns))
    changed, unchanged = histories
    return Company(changed, unchanged, truth)


def looks_at(company: Company, setting: Setting) -> Looks:
    """Fit the card on the first day of quarter 5, and ask on each later first day."""
    obs = cal.observe(
        company.changed.at(FITTED_ON),
        period="2025Q4",
        fit_period="2025",
        observation_window=WINDOW,
        horizon=HORIZON,
    )
    card = _card(obs, None if setting.searched else company.truth)
    before = _asked(card, company.changed, QUARTER_4)
    health = _asked(card, company.changed, QUARTER_5)
    calm = [before, *(_asked(card, company.unchanged, day) for day in (QUARTER_5, *LATER))]
    return Looks(
        before=_is_alarm(before),
        in_quarter_5=_is_alarm(health),
        without_change=any(_is_alarm(one) for one in calm),
        done_by=float(obs.fitting.at_landmark[setting.activity].gt(0).mean()),
        promised=_promised(card, health, setting.activity),
        leads_in_quarter_5=_created_in_quarter_5(company.changed),
    )


def run(options: Options) -> Study:
    """Ask about every setting and seed."""
    settings = SETTINGS[:1] if options.quick else SETTINGS
    seeds = range(2 if options.quick else N_SEEDS)
    rows = []
    for setting in settings:
        looks = [looks_at(company_of(setting, seed), setting) for seed in seeds]
        rows.append(row_of(setting, looks))
    table = pd.DataFrame(rows)
    return Study(name="planted_change", table=table, summary=SUMMARY, passed=is_met(table))


def row_of(setting: Setting, looks: list[Looks]) -> dict[str, object]:
    """Return the row of a setting on the page."""
    return {
        "activity": setting.activity,
        "leads a quarter": setting.leads,
        "fewest in quarter 5": min(look.leads_in_quarter_5 for look in looks),
        "card": "searched" if setting.searched else "planted",
        "done by": float(np.mean([look.done_by for look in looks])),
        "promised": round(float(np.nanmean([look.promised for look in looks])), 1),
        "seeds": len(looks),
        "quarter 5": sum(look.in_quarter_5 for look in looks),
        "too early": sum(look.before for look in looks),
        "in time": sum(look.in_quarter_5 and not look.before for look in looks),
        "never": sum(not look.without_change for look in looks),
        "required": "in time, never" if setting.in_time_required else "never",
    }


def is_met(table: pd.DataFrame) -> bool:
    """Whether every row has what it requires in all but one tenth of its seeds."""
    least = table["seeds"] * (1 - MOST_MISSED / N_SEEDS)
    wanted = [
        (row["in time"] >= most if "in time" in row["required"] else True) and row["never"] >= most
        for (_, row), most in zip(table.iterrows(), least, strict=True)
    ]
    return all(wanted)


def _card(obs: cal.Observation, truth: Truth | None) -> cal.Scorecard:
    rules = None
    if truth is not None:
        rules = [rule for name, rule in truth.rules.items() if truth.log_odds[name]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cal.CalibrateWarning)
        card = cal.fit_scorecard(obs, criteria=rules)
        scores = card.score(obs.fitting)
        capacity = CAPACITY_SHARE * len(scores) / WEEKS
        return card.with_tiers(cal.choose_thresholds(scores, capacity=capacity))


def _asked(card: cal.Scorecard, history: cal.History, day: dt.datetime) -> cal.Health:
    return cal.monitor(card, history.at(day), observation_window=WINDOW, horizon=HORIZON)


def _is_alarm(health: cal.Health) -> bool:
    return health.verdict == "recalibrate"


def _promised(card: cal.Scorecard, health: cal.Health, activity: str) -> float:
    """Return the conversions promised to the doers; nan where no rule speaks of them alone."""
    names = [
        line.criterion.name
        for line in card.criteria
        if line.criterion.when == {"activity": activity, "at_least": 1}
    ]
    found = health.table.loc[health.table["name"].isin(names), "n_expected"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _created_in_quarter_5(history: cal.History) -> int:
    sql = (
        "SELECT count(*) AS n FROM leads WHERE created_at >= TIMESTAMP '2026-01-01'"
        " AND created_at < TIMESTAMP '2026-04-01'"
    )
    return int(history.engine.query(sql).to_pylist()[0]["n"])
