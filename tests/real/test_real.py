"""The whole of ``calibrate run`` on public data, and facts that can be counted by hand.

Each figure was counted straight from the source file, with the line of awk or pandas that
stands beside it (``d`` is the file read with ``dtype=str``).
"""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pandas as pd
import pytest

import calibrate as cal

pytestmark = pytest.mark.real

HERE = Path(__file__).resolve().parent
FILES = {
    "run.json",
    "scorecard.json",
    "lift.csv",
    "thresholds.csv",
    "backtest.csv",
    "funnel.csv",
    "scores.parquet",
    "changes.md",
    "report.html",
    "report.xlsx",
}

RunOf = Callable[[str], cal.Run]


@pytest.fixture
def run_of(
    real_data: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> RunOf:
    """Do what ``calibrate run`` does for the settings of a folder beside this file."""

    def run(name: str) -> cal.Run:
        folder = HERE / name
        if (folder / "prepare.py").exists():
            folder = Path(shutil.copytree(folder, tmp_path / name))
            prepare = runpy.run_path(str(folder / "prepare.py"))["prepare"]
            prepare(data=real_data / name, out=folder / "prepared.csv.gz")
        started = perf_counter()
        done = cal.recalibrate(quickly(cal.load_settings(folder / "calibrate.toml")))
        cal.write_run(done, tmp_path / "run")
        record_property(f"{name} seconds", round(perf_counter() - started, 1))
        assert {path.name for path in (tmp_path / "run").iterdir()} >= FILES
        written = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
        assert written["schema"] == "calibrate.run/1"
        assert written["name"] == name
        page = (tmp_path / "run" / "report.html").read_text("utf-8")
        assert page.startswith(("<!doctype html>", "<!DOCTYPE html>"))
        assert str(tmp_path) not in page
        return done

    return run


def quickly(settings: cal.Settings) -> cal.Settings:
    """Judge the last two quarters only: eight of 45,000 leads each take a minute more."""
    calibration = settings.calibration.model_copy(update={"backtest_quarters": 2})
    return settings.model_copy(update={"calibration": calibration})


def counted(observation: cal.Observation, when: dict[str, object]) -> tuple[int, int]:
    row = cal.measure_lift(observation, [when]).table.iloc[0]
    return int(row["n"]), int(row["n_converted"])


def rows(table: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table


def outcomes(run: cal.Run, where: str = "true") -> dict[str, int]:
    found = run.history.engine.query(
        f"SELECT outcome, count(*) AS n FROM leads WHERE {where} GROUP BY outcome"
    )
    return {row["outcome"]: row["n"] for row in found.to_pylist()}


def fields_used(run: cal.Run) -> set[str]:
    return {field for scored in run.card.criteria for field in scored.criterion.fields}


def test_x_education(run_of: RunOf) -> None:
    run = run_of("x_education")
    # len(d) = 9240; (d["Converted"] == "1").sum() = 3561; 3561 / 9240 = 0.3854
    assert (run.control.n, run.control.n_converted) == (9240, 3561)
    assert run.control.rate == pytest.approx(3561 / 9240)
    # d[d["Last Activity"] == "SMS Sent"]["Converted"].value_counts(): 2745, of them 1727 "1"
    assert counted(run.observation, {"field": "Last Activity", "in": ["SMS Sent"]}) == (2745, 1727)
    assert round(1727 / 2745, 3) == 0.629
    # "Select" is no city: d["City"].isin(["", "Select"]).sum() = 1420 + 2249
    assert counted(run.observation, {"field": "City", "missing": True})[0] == 3669
    assert not fields_used(run) & {"Tags", "Lead Quality", "Lead Profile", "Last Notable Activity"}
    assert len(rows(run.proof.table, card="candidate")) == 5  # folds, since there are no quarters


def test_hillstrom(run_of: RunOf) -> None:
    run = run_of("hillstrom")
    # d.groupby("segment")["visit"]: 2262 of 21306 without mail, 3894 of 21307 with men's,
    # 3238 of 21387 with women's: 10.62 %, 18.28 %, 15.14 %
    arms = {
        "No E-Mail": (21306, 2262),
        "Mens E-Mail": (21307, 3894),
        "Womens E-Mail": (21387, 3238),
    }
    for arm, expected in arms.items():
        assert counted(run.observation, {"field": "segment", "in": [arm]}) == expected
    # 2262 + 3894 + 3238 = 9394
    assert (run.control.n, run.control.n_converted) == (64000, 9394)
    assert not fields_used(run) & {"conversion", "spend", "history_segment"}


def test_olist_funnel(run_of: RunOf) -> None:
    run = run_of("olist_funnel")
    # awk -F, 'substr($2,1,7) >= "2017-07" && substr($2,1,7) <= "2017-09"' leads | wc -l: 937,
    # and 18 of their ids stand in the closed deals
    quarter = "created_at >= TIMESTAMP '2017-07-01' AND created_at < TIMESTAMP '2017-10-01'"
    assert outcomes(run, quarter) == {"converted": 18, "open": 919}
    # the lags of the 18, in days: 130.7, 141.1, then 206.5 ... 427.6; 14 of them below 365
    for horizon, n_converted in (("90D", 0), ("165D", 2), ("365D", 14)):
        seen = cal.observe(run.history, period="2017Q3", observation_window="1h", horizon=horizon)
        control = cal.control_rate(seen, method="cohort")
        assert (control.n, control.n_converted) == (937, n_converted)
    # 2018Q2: 2655 leads, 306 of them won within 165 days
    assert (run.control.n, run.control.n_converted) == (2655, 306)
    # one win is dated two days before its first contact
    assert fields_used(run) <= {"origin", "landing_page_id"}


def test_bank_marketing(run_of: RunOf) -> None:
    run = run_of("bank_marketing")
    # zcat bank-full.csv.gz | grep -c '"yes"$' = 5289, of 45211 rows
    assert outcomes(run) == {"converted": 5289, "lost": 45211 - 5289}
    # rows by month run: jul to sep of the third year hold 308 + 260 + 297 = 865 rows, 449 "yes"
    assert (run.control.n, run.control.n_converted) == (865, 449)
    # may and jun of the first year: 7957 + 4486 = 12443 rows, 459 "yes" (3.7 %)
    first = cal.observe(run.history, period="2008Q2", observation_window="1h", horizon="1D")
    assert (len(first.table), int(first.table["converted"].sum())) == (12443, 459)
    assert not fields_used(run) & {"duration", "day", "month"}


def test_school_crm(run_of: RunOf, real_data: Path) -> None:
    run = run_of("school_crm")
    # d["Lost Reason"] == "Duplicate": 747; d["Source"] == "Test": 38; both: 2; 8020 - 783 = 7237
    assert run.history.n_leads == 7237
    # d["Stage"] == "Payment Done": 178, one of them a duplicate
    assert outcomes(run)["converted"] == 177
    # without those, 579 contacts hold 1295 deals
    several = run.history.engine.query(
        "SELECT count(*) AS contacts, sum(n) AS deals FROM"
        " (SELECT count(*) AS n FROM leads WHERE contact IS NOT NULL GROUP BY contact) WHERE n > 1"
    )
    assert several.to_pylist() == [{"contacts": 579, "deals": 1295}]
    assert run.observation.clusters is not None
    # Deals of 2023Q4: 10669 calls came before the landmark, 9112 of them also before the day
    # of the closing (or the creation, where that is later). `calls_before` counts both.
    seen = run.observation
    assert calls_before(real_data / "school_crm", "landmark") == 10669
    assert calls_before(real_data / "school_crm", "cutoff") == 9112
    assert int(seen.table[list(seen.activities)].to_numpy().sum()) == 9112
    assert not fields_used(run) & {"City", "Quality", "Level of Deutsch", "SLA"}


def calls_before(folder: Path, end: str) -> int:
    """Count the calls of the deals of 2023Q4 by pandas alone."""
    deals = pd.read_csv(folder / "deals.csv.gz", dtype=str)
    deals = deals[deals["Lost Reason"].ne("Duplicate") & deals["Source"].ne("Test")]
    deals["created"] = pd.to_datetime(deals["Created Time"])
    deals = deals[deals["created"] >= "2023-10-01"]
    closing = pd.to_datetime(deals["Closing Date"])
    closing = closing.where(deals["Stage"].isin(["Payment Done", "Lost"]))
    deals["landmark"] = deals["created"] + pd.Timedelta("3D")
    closing = closing.mask(closing < deals["created"], deals["created"])
    deals["cutoff"] = deals["landmark"].mask(closing < deals["landmark"], closing)
    calls = pd.read_parquet(folder / "calls.parquet")
    both = deals.merge(calls, left_on="Contact Name", right_on="CONTACT ID")
    at = both["Call Start Time"]
    return int(((at >= both["created"] - pd.Timedelta("90D")) & (at < both[end])).sum())


def test_crm_opportunities(run_of: RunOf) -> None:
    run = run_of("crm_opportunities")
    # cut -d, -f5 sales_pipeline.csv | sort | uniq -c: 4238 Won, 2473 Lost, 1589 Engaging, and
    # 500 Prospecting without an engage date; 4238 / 6711 = 0.632
    assert outcomes(run) == {"converted": 4238, "lost": 2473, "open": 1589}
    assert round(4238 / (4238 + 2473), 3) == 0.632
    # engaged in 2017Q2: 1246 + 776 + 366 = 2388, of them 1246 won, the slowest after 138 days
    assert (run.control.n, run.control.n_converted) == (2388, 1246)
    assert fields_used(run) <= {"product"}


def test_attribution_sample(run_of: RunOf) -> None:
    run = run_of("attribution_sample")
    # cut -d, -f1 touches.csv | sort -u | wc -l: 7896 visitors; 1642 of them have a row with
    # conversion = 1; 1642 / 7896 = 0.208
    assert outcomes(run) == {"converted": 1642, "open": 7896 - 1642}
    assert round(1642 / 7896, 3) == 0.208
    assert set(run.observation.activities) == {
        "Facebook",
        "Instagram",
        "Online Display",
        "Online Video",
        "Paid Search",
    }
