"""Rules that the search makes of others, where there is nothing to be found in them.

A search that looks at every set of levels, every range and every pair finds something that
looks good. What it finds must not be called proven, and its interval must hold the truth.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import calibrate as cal
from benchmarks.studies.study import Study
from calibrate.candidates import criteria_of
from calibrate.fitting.combining import combined
from calibrate.fitting.counting import n_looked_at
from calibrate.fitting.search import search_rules
from calibrate.lift import compare_rates
from calibrate.lift.found import found_rows
from calibrate.observation import sample_of

__all__ = ["SETTINGS", "Setting", "is_met", "judged", "make_company", "run", "simulated"]

N_COMPANIES = 120
N_RULES = 6
SEED = 6_000
MOST_PROVEN = 0.05  # of the companies may have a rule called proven
LEAST_COVERED = 0.95
SOURCES = np.array([0.2, 0.15, 0.12, 0.1, 0.1, 0.08, 0.06, 0.06, 0.05, 0.04, 0.02, 0.02])
RAISED = (0, 3, 5)  # sources whose leads buy more often, where any do

SUMMARY = """Leads with a source (12 of them, 20 % to 2 % of the leads), a country (25), a size, two
counts and two yes/no columns; about a tenth buy. In `nothing` none of it has to do with buying; in
`one rule` a yes/no column raises the log odds by 1.2; in `merged` three of the sources, which have
38 % of the leads, raise them by 0.8. {rules} rules are searched on all leads; those made of others
(merged levels, ranges, pairs) are measured on the same leads, as `Lift.with_card` does. Of `one
rule` those that name its column are left out, of `merged` those that name the source are counted
apart.
{companies} companies a setting, seed {seed} plus the setting's position.

Required: at most 5 % of the companies with a rule called `raises` or `lowers` that is neither, and
at least 95 % of the intervals of the lift with the true lift (1) inside. *Taken for rules named
beforehand* (p <= 0.05 without a correction) says what the search would have made one believe;
*found and proven* in how many companies a rule about the sources is called proven where it is."""


class Setting(NamedTuple):
    """What has an effect, its log odds, and how many leads there are."""

    name: str
    effect: float
    n_leads: int


SETTINGS = (
    Setting("nothing", 0.0, 1_500),
    Setting("nothing", 0.0, 5_000),
    Setting("one rule", 1.2, 2_500),
    Setting("merged", 0.8, 2_500),
)


def make_company(setting: Setting, rng: np.random.Generator) -> cal.Observation:
    """Return the leads of a company, observed."""
    n = setting.n_leads
    source = rng.choice(len(SOURCES), n, p=SOURCES)
    columns: dict[str, Any] = {
        "source": [f"s{i}" for i in source],
        "country": [f"c{i}" for i in rng.integers(0, 25, n)],
        "size": rng.lognormal(3, 1, n).round(),
        "visits": rng.poisson(3, n),
        "mails": rng.poisson(1.5, n),
        "demo": np.where(rng.random(n) < 0.2, "yes", "no"),
        "web": np.where(rng.random(n) < 0.5, "yes", "no"),
    }
    raised = columns["demo"] == "yes" if setting.name == "one rule" else np.isin(source, RAISED)
    converted = rng.random(n) < 1 / (1 + np.exp(2.2 - setting.effect * raised))
    leads = pd.DataFrame({"lead_id": np.arange(n), **columns})
    leads["outcome"] = np.where(converted, "converted", "lost")
    history = cal.read_history(leads, leads=cal.LeadColumns(activity_columns=["visits", "mails"]))
    return cal.observe(history)


def judged(obs: cal.Observation, n_rules: int = N_RULES) -> pd.DataFrame:
    """Return the rows of the rules that a search makes, and ``p_alone`` of each."""
    rules = criteria_of(obs, None, detail="many")
    sample = sample_of(obs, rules)
    terms = [term for term in search_rules(sample, n_rules) if not isinstance(term, int)]
    if not terms:
        return pd.DataFrame(columns=["fields", "p_alone", "verdict"])
    part = combined(sample, terms)
    looked_at = [n_looked_at(term, rules, range(len(rules))) for term in terms]
    own = cal.measure_lift(obs).table["p_value"].to_numpy(dtype=float)
    rows = found_rows(part, looked_at, own, n_searched=len(rules), confidence_level=0.95)
    fields = [frozenset(rule.fields) for rule in part.criteria]
    return rows.assign(fields=fields, p_alone=compare_rates(part)["p_value"])


def simulated(setting: Setting, *, n_companies: int, seed: int) -> dict[str, Any]:
    """Return the row of one setting."""
    true = {"one rule": "demo", "merged": "source"}.get(setting.name)
    n_made = n_alone = n_inside = alarms = found = 0
    for number in range(n_companies):
        table = judged(make_company(setting, np.random.default_rng([seed, number])))
        is_true = np.array([true in fields for fields in table["fields"]], dtype=bool)
        proven = table["verdict"].isin(["raises", "lowers"]).to_numpy()
        found += bool(proven[is_true].any())
        alarms += bool(proven[~is_true].any())
        rest = table[~is_true]
        n_made += len(rest)
        n_alone += int((rest["p_alone"] <= 0.05).sum())
        if len(rest):
            n_inside += int(((rest["lift_ci_lower"] <= 1) & (rest["lift_ci_upper"] >= 1)).sum())
    return {
        "what has an effect": setting.name,
        "leads": setting.n_leads,
        "companies": n_companies,
        "rules made of what has none": n_made,
        "taken for rules named beforehand": n_alone,
        "companies with one called proven": alarms,
        "intervals with the truth": n_inside / n_made if n_made else np.nan,
        "found and proven": found if setting.name == "merged" else np.nan,
    }


def is_met(table: pd.DataFrame) -> bool:
    """Whether hardly a rule is called proven that is not, and intervals hold."""
    share = table["companies with one called proven"] / table["companies"]
    covered = table["intervals with the truth"].dropna()
    return bool((share <= MOST_PROVEN).all() and (covered >= LEAST_COVERED).all())


def run(*, quick: bool = False) -> Study:
    """Run the study: 120 companies of each setting, or four of each."""
    n_companies = 4 if quick else N_COMPANIES
    table = pd.DataFrame(
        [
            simulated(setting, n_companies=n_companies, seed=SEED + number)
            for number, setting in enumerate(SETTINGS)
        ]
    )
    return Study(
        name="found_rules",
        table=table,
        summary=SUMMARY.format(rules=N_RULES, companies=n_companies, seed=SEED),
        passed=is_met(table),
    )
