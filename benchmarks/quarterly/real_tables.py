"""The quarter on public tables: where all must shout, and where nothing may be recommended."""

from __future__ import annotations

import datetime as dt
import runpy
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

import calibrate as cal
from benchmarks.fitting.marks import Options
from benchmarks.page import PROJECT
from benchmarks.studies.study import Study
from calibrate.config import Settings
from calibrate.control import control_by_quarter
from calibrate.history import history_from_settings
from calibrate.pipeline import prove

__all__ = [
    "TABLES",
    "Row",
    "bank",
    "is_met",
    "olist",
    "opportunities",
    "run",
    "school",
    "settings_of",
]

SETTINGS = PROJECT / "tests" / "real"
ELSEWHERE = "../../../../shared/data"  # where the settings look for the public tables
FIRST_YEAR_KNOWN = dt.datetime(2009, 1, 1)
QUARTERS = ("2009Q1", "2009Q2", "2009Q3", "2009Q4", "2010Q1", "2010Q2", "2010Q3")

SUMMARY = """Public tables, each with the settings of `tests/real`.

`bank_marketing`: within two and a half years the share of those called who subscribe rises from
3.7 % to 50 %. The walk-forward backtest has to come through every quarter. Of the card that was
fitted on what was known at the end of 2008, `monitor` must never say `keep` again, and
`recalibrate` of the second quarter after it (in the first, the level alone has moved).
`crm_opportunities`: a fictitious pipeline in which next to nothing bears on the outcome; the gate
must not recommend its card, and the thresholds have to say that they separate nothing.
`olist_funnel`: the control rate by quarter really moves, and no win was recorded before December
2017, which has to be said beside it. `school_crm`: the deals of 2023Q4 are too young for a walk
forward on 2024-01-01; a card of the deals of 2023Q3, fitted with what was known on that day, is
judged on them by weights, and the page must say that this is no walk-forward."""


class Row(NamedTuple):
    """One thing asked of a table, what came, and whether it is as required."""

    table: str
    asked: str
    came: str
    required: str
    met: bool


def run(options: Options) -> Study:
    """Ask every table."""
    rows = [row for ask in TABLES for row in ask(options.data)]
    table = pd.DataFrame(rows, columns=list(Row._fields))
    table["met"] = table["met"].map({True: "yes", False: "NO"})
    return Study(name="real_tables", table=table, summary=SUMMARY, passed=is_met(rows))


def is_met(rows: list[Row]) -> bool:
    """Whether every row is as required, and there are any."""
    return bool(rows) and all(row.met for row in rows)


@contextmanager
def settings_of(name: str, data: Path) -> Iterator[Settings]:
    """Give the settings of a public table, its sources looked for in `data`."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        text = (SETTINGS / name / "calibrate.toml").read_text(encoding="utf-8")
        (folder / "calibrate.toml").write_text(
            text.replace(ELSEWHERE, data.as_posix()), encoding="utf-8"
        )
        script = SETTINGS / name / "prepare.py"
        if script.is_file():
            prepare = runpy.run_path(str(script))["prepare"]
            prepare(data=data / name, out=folder / "prepared.csv.gz")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", cal.CalibrateWarning)
            yield cal.load_settings(folder / "calibrate.toml")


def bank(data: Path) -> Iterator[Row]:
    """Walk forward, then watch the first card through the years that followed."""
    with settings_of("bank_marketing", data) as settings:
        history = history_from_settings(settings)
        calibration = settings.calibration
        spans: dict[str, Any] = {
            "observation_window": calibration.observation_window,
            "horizon": calibration.horizon,
        }
        proof = prove(settings, history)
        judged = proof.table.query("card == 'candidate'")
        said = f"{len(judged)} quarters judged, AUC {judged['auc'].min():.2f} to "
        said += f"{judged['auc'].max():.2f}; left out: {', '.join(proof.skipped['period'])}"
        yield Row("bank_marketing", "walk-forward", said, "comes through", len(judged) >= 5)
        then = history.at(FIRST_YEAR_KNOWN)
        obs = cal.observe(then, period="2008Q4", fit_period=("2008-04-01", "2009-01-01"), **spans)
        card = cal.fit_scorecard(obs)
        card = card.with_tiers(cal.choose_thresholds(card.score(obs.fitting), recall=0.8))
        for quarter in QUARTERS:
            health = cal.monitor(card, history, period=quarter, **spans)
            level = health.table[health.table["kind"] == "level"].iloc[0]
            said = f"{health.verdict}: {level['expected_rate']:.1%} promised, {level['rate']:.1%}"
            said += f" of {level['n']:,} came"
            required = "recalibrate" if quarter == QUARTERS[1] else "not keep"
            met = health.verdict == required or (
                required == "not keep" and health.verdict != "keep"
            )
            yield Row("bank_marketing", f"monitor {quarter}", said, required, met)


def opportunities(data: Path) -> Iterator[Row]:
    """Recalibrate where there is next to nothing to find."""
    with settings_of("crm_opportunities", data) as settings:
        done = cal.recalibrate(settings)
        gate = f"{done.gate.recommendation}: {'; '.join(done.gate.reasons)}"
        met = done.gate.recommendation != "promote"
        yield Row("crm_opportunities", "gate", gate, "does not recommend", met)
        yield Row(
            "crm_opportunities",
            "thresholds",
            done.cuts.message,
            "separate nothing",
            not done.cuts.separates,
        )


def olist(data: Path) -> Iterator[Row]:
    """Show the control rate by quarter, and what the guards say about its beginning."""
    with settings_of("olist_funnel", data) as settings:
        history = history_from_settings(settings)
        rates = control_by_quarter(history, horizon=settings.calibration.horizon)
        for row in rates.to_dict(orient="records"):
            said = f"{row['rate']:.1%} ({row['rate_ci_lower']:.1%} to {row['rate_ci_upper']:.1%})"
            said += f" of {row['n']:,} leads, {row['n_converted']} won"
            yield Row("olist_funnel", f"control rate {row['period']}", said, "", True)
        horizon = settings.calibration.horizon
        told = [finding.what for finding in cal.check(history, horizon=horizon).findings]
        found = next((what for what in told if "no win is recorded before" in what), "nothing")
        met = "2017-12" in found
        yield Row("olist_funnel", "check", found, "says since when wins are recorded", met)


def school(data: Path) -> Iterator[Row]:
    """Judge the last quarter by weights: too young to be walked forward to, and said to be so."""
    with settings_of("school_crm", data) as settings:
        proof = prove(settings, history_from_settings(settings))
        rows = proof.table.query("card == 'candidate'")
        said = [
            f"{row.period}: AUC {row.auc:.2f} ({row.auc_ci_lower:.2f} to {row.auc_ci_upper:.2f}),"
            f" {row.n_converted:.0f} of {row.n:,.0f} deals whose outcome is known won"
            for row in rows.itertuples()
        ]
        met = rows["period"].tolist() == ["2023Q4 (not walk-forward)"]
        required = "2023Q4, labelled as not walk-forward"
        yield Row("school_crm", "judged by weights", "; ".join(said), required, met)


TABLES = (bank, opportunities, olist, school)
