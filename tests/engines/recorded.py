"""A company with every oddity, and the statements that all there is to calculate asks of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import calibrate as cal
from calibrate.backtest.folds import quarters_of
from calibrate.config.settings import CalibrationSettings
from calibrate.control.quarters import control_by_quarter
from calibrate.criteria import Measure
from calibrate.engines.arrow import stable_types
from calibrate.observation.searched import which_searched
from calibrate.observation.windows import propose_windows
from calibrate.pipeline.scoring import scoring_of
from calibrate.pipeline.spans import periods_of

PACKAGE = Path(cal.__file__).parent
TABLES = ("leads", "activities", "lead_stages")
AS_OF = dt.datetime(2026, 6, 20, 12, 30, 0, 5)
FIT = ("2025-01-01", "2026-04-01")
SPANS = {"observation_window": "7D", "horizon": "60D"}
MEASURES = [
    Measure("email_click"),
    Measure("email_click", within_days=30),
    Measure("pricing_view", detail="*/pricing*"),
    Measure("pricing_view", detail="*100%*"),
    Measure("pricing_view", detail="*IT_?t*"),
    Measure("pricing_view", detail="*caf\\É*"),
    Measure("pricing_view", detail="*caf\\É*", within_days=14),
    Measure("select", statistic="total"),
    Measure("select", statistic="total", within_days=30),
    Measure("visite d'été", statistic="days"),
    Measure("visite d'été", statistic="recency"),
    Measure(None),
    Measure(None, statistic="days"),
    Measure(None, statistic="recency", within_days=7),
    Measure(None, statistic="total"),
]

_UNSET = CalibrationSettings()


def company() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads and activities: text ids, contacts of several leads, a quarter without leads."""
    effects = {"demo_request": 3.0, "pricing_view": 2.0}
    leads, log, _ = cal.make_leads(1200, rng=7, quarters=6, effects=effects, intercept=-2.6)
    rng = np.random.default_rng(1)
    quarter = leads["created_at"].dt.to_period("Q").astype(str)
    leads = leads[quarter != "2025Q3"].reset_index(drop=True)
    n = len(leads)
    mails = ["ada{}@gmail.com", "bob{}@acme.it", "no mail", "test@test.com", "È{}@Zürich.ch"]
    changed = {
        "select": leads.pop("source"),
        'Città "nuova"': leads.pop("country").where(rng.random(n) < 0.8),
        "email": [mails[i % 5].format(i) for i in range(n)],
        "phone": np.where(np.arange(n) % 3 == 0, "+39 333 1234" + pd.Series(range(n)).map(str), ""),
        "mobile": np.where(np.arange(n) % 4 == 0, np.nan, 39_333_000_000 + np.arange(n) % 50),
        "worked": np.where(np.arange(n) % 7 == 0, "no", "yes"),
        "first_contacted_at": leads["created_at"].where(np.arange(n) % 3 > 0),
        "contact": [f"C{i - (i % 10 == 1)}é" if i % 9 else None for i in range(n)],
        "stage": np.where(np.arange(n) % 4 == 0, "SQL", np.where(np.arange(n) % 3 == 0, "MQL", "")),
        "sql_at": (leads["created_at"] + pd.Timedelta("9D")).where(np.arange(n) % 8 == 0),
    }
    leads = leads.drop(columns="contract_plan").assign(**changed)
    leads.loc[::40, "closed_at"] = pd.NaT
    return leads, _activities(log, leads, rng)


def _activities(log: pd.DataFrame, leads: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    log = log[log["lead_id"].isin(leads["lead_id"])].reset_index(drop=True)
    k = len(log)
    details = ["/Pricing/it_IT", "https://x.it/pricing?a=1", "/100%", "caf\\é", "/ÉTÉ#top", None]
    names = {"chat_opened": "select", "whitepaper_download": "visite d'été"}
    log = log.assign(
        activity=log["activity"].replace(names),
        occurred_at=log["occurred_at"] + pd.to_timedelta(rng.integers(0, 10**6, k), "us"),
        detail=rng.choice(np.array(details, dtype=object), k),
        value=np.where(
            rng.random(k) < 0.7, rng.choice([0.1, 0.7, 1e10 + 0.3, 2.0000005], k), np.nan
        ),
    )
    burst = log.iloc[:200]  # of a machine: twice more within the second
    again = [burst.assign(occurred_at=burst["occurred_at"] + pd.Timedelta(s, "s")) for s in (1, 2)]
    log = pd.concat([log, *again], ignore_index=True)
    contact = leads.set_index("lead_id")["contact"]
    return log.assign(lead_id=log["lead_id"].map(contact)).dropna(subset="lead_id")


@functools.cache
def history() -> cal.History:
    """The company in DuckDB, its activities those of contacts."""
    leads, log = company()
    columns = cal.LeadColumns(
        contact="contact", worked="worked", first_contacted_at="first_contacted_at"
    )
    stages = cal.Stages(
        column="stage", mql=("MQL",), sql=("SQL",), dates=cal.StageDates(sql="sql_at")
    )
    return cal.read_history(leads, log, as_of=AS_OF, leads=columns, stages=stages)


def moved(there: cal.History, engine: Any) -> cal.History:
    """The same history, its tables in another engine."""
    for name in TABLES:
        engine.register(name, there.engine.query(f"SELECT * FROM {name}"))
    return dataclasses.replace(there, engine=engine)


@dataclasses.dataclass
class Recorder:
    """DuckDB that remembers what was asked of it, by whom, and what it answered."""

    engine: Any
    dialect: str = "duckdb"
    tables: dict[str, pa.Table] = dataclasses.field(default_factory=dict)
    asked: dict[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)
    callers: set[str] = dataclasses.field(default_factory=set)

    def register(self, name: str, arrow_table: pa.Table) -> None:
        self.tables[name] = arrow_table
        self.engine.register(name, arrow_table)

    def unregister(self, name: str) -> None:
        self.engine.unregister(name)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        found = self.engine.query(sql, parameters)
        caller = Path(sys._getframe(1).f_code.co_filename)
        self.callers.add(str(caller.relative_to(PACKAGE)))
        tables = {name: table for name, table in self.tables.items() if name in sql}
        kept = sql, tuple(parameters), tables, stable_types(found)
        # an answer without rows proves little
        if sql not in self.asked or not self.asked[sql][3].num_rows:
            self.asked[sql] = kept
        return found


def everything(there: cal.History) -> dict[str, pd.DataFrame]:
    """Ask all there is to ask; the tables of the answers."""
    obs = cal.observe(there, period="2026Q1", fit_period=FIT, **SPANS)
    lift = cal.measure_lift(obs)
    card = cal.fit_scorecard(obs, max_criteria=4)
    scores = card.score(obs)
    cuts = cal.choose_thresholds(scores, objective="youden")
    stages = cal.choose_stage_thresholds(card, obs)
    truncated = cal.observe(there, fit_period=FIT, early="truncate", maturity="drop", **SPANS)
    stacked = cal.observe(there, fit_period=FIT, snapshots=["3D", "14D"], horizon="60D")
    proof = cal.backtest(there, periods=["2026Q1"], current=card, max_criteria=3, **SPANS)
    health = cal.monitor(card, there, period="2025Q4", **SPANS)
    problems = cal.find_problems(obs)
    drawn = which_searched(there, obs.scope, obs.table["lead_id"], 0.4)[1]
    return {
        "history": there.table,
        "observation": obs.table,
        "left out": obs.left_out,
        "measures": obs.features(MEASURES),
        "control": cal.control_rate(obs).table,
        "quarters": control_by_quarter(there, horizon="60D"),
        "lift": lift.table,
        "card": card.table,
        "scores": scores,
        "cuts": cuts.table,
        "stages": stages.table,
        "truncated": truncated.table,
        "stacked": stacked.table.join(stacked.features(MEASURES[1:4])),
        "open": cal.observe_open(there).features(MEASURES),
        "crossings": cal.crossings(card, obs, cuts.threshold).table,
        "backtest": proof.table,
        "health": health.table,
        "readiness": cal.assess_readiness(obs, lift=lift).table,
        "in place": scoring_of(card, there, lookback=dt.timedelta(days=90)).table,
        "problems": pd.DataFrame([dataclasses.asdict(found) for found in problems]).astype(str),
        "proposed": pd.DataFrame([propose_windows(there)]),
        "periods": pd.DataFrame(map(vars, periods_of(there, _UNSET, horizon=obs.horizon))),
        "folds": pd.DataFrame(map(vars, quarters_of(there, None))),
        "drawn": pd.DataFrame(drawn),
    }
