"""The quarter on public tables: what can be judged, what cannot, and that it says so."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import calibrate as cal
from calibrate.backtest import Backtest, backtest
from calibrate.config import Settings, load_settings
from calibrate.control import control_by_quarter
from calibrate.gate import recommend
from calibrate.history import history_from_settings
from calibrate.pipeline import prove
from calibrate.report import render_html
from tests.report.invented_run import sample_run

pytestmark = pytest.mark.real

HERE = Path(__file__).resolve().parent / "real"


def settings_of(name: str, **calibration: Any) -> Settings:
    settings = load_settings(HERE / name / "calibrate.toml")
    found = settings.calibration.model_copy(update={"max_criteria": 3, **calibration})
    return settings.model_copy(update={"calibration": found})


@pytest.fixture(scope="module")
def school(real_data: Path) -> tuple[Settings, cal.History]:
    del real_data
    settings = settings_of("school_crm")
    return settings, history_from_settings(settings)


@pytest.fixture(scope="module")
def first_look(school: tuple[Settings, cal.History]) -> Backtest:
    return prove(*school)


def test_school_has_no_quarter_to_walk_forward(school: tuple[Settings, cal.History]) -> None:
    settings, history = school
    spans = {"observation_window": "3D", "horizon": settings.calibration.horizon}
    done = backtest(history, max_criteria=3, **spans)
    assert done.table.empty
    reasons = dict(done.skipped.itertuples(index=False))
    assert reasons["2023Q3"] == "not enough known: no leads before it"
    # 2023Q4 ends on 2024-01-01; its last leads are mature 60 days later
    assert reasons["2023Q4"].startswith("cannot be judged before 2024-03-01")


def test_school_is_judged_by_weights_and_labelled_so(first_look: Backtest) -> None:
    """Fitted on the deals of 2023Q3 as known on 2024-01-01, judged on those of 2023Q4."""
    assert not first_look.is_walk_forward
    table = first_look.table.set_index("card")
    assert set(table["period"]) == {"2023Q4 (not walk-forward)"}
    # age tells whose outcome is known: "newest first" would look better than all
    assert "newest" not in table.index
    assert table.loc["candidate", "auc"] == pytest.approx(0.59, abs=0.05)
    assert {"dated", "rate", "equal", "gradient_boosting"} <= set(table.index)
    # leads of known outcome stand in for the others: those at the landmark are some 3,300
    scores = first_look.scores
    assert scores["weight"].sum() > 2.5 * len(scores) > 2_500
    assert first_look.skipped["period"].tolist() == ["2023Q3", "2023Q4"]


def test_school_is_not_promoted_on_that(
    school: tuple[Settings, cal.History], first_look: Backtest
) -> None:
    settings, history = school
    calibration = settings.calibration
    obs = cal.observe(
        history,
        period="2023Q3",
        observation_window=calibration.observation_window,
        horizon=calibration.horizon,
    )
    card = cal.fit_scorecard(obs, max_criteria=3)
    gate = recommend(first_look, candidate=card)
    assert gate.recommendation == "hold"
    assert gate.figures["is_walk_forward"] is False
    (said,) = [reason for reason in gate.reasons if reason.startswith("not walk-forward")]
    assert "2023Q4 (not walk-forward) only" in said
    run = sample_run() | {
        "gate": {"recommendation": gate.recommendation, "reasons": list(gate.reasons)},
        "backtest": first_look.table.astype(object)
        .where(first_look.table.notna(), None)
        .to_dict("records"),
    }
    page = render_html(run)
    assert "Q4 2023, not walk-forward" in page
    assert "a first look, no proof" in page


def test_school_campaigns(school: tuple[Settings, cal.History]) -> None:
    _, history = school
    obs = cal.observe(history, period="2023Q3", observation_window="3D", horizon="60D")
    card = cal.fit_scorecard(obs, max_criteria=3).with_tiers({"hot": 60, "cold": 0})
    view = cal.campaign_view(card, obs, "Source")
    leads = obs.at_landmark
    counts = leads["Source"].value_counts()
    named = view.table.set_index("value")
    for source in counts.index[:4]:
        assert named.loc[source, "n"] == counts[source]
        won = leads.loc[leads["Source"] == source, "converted"].astype(bool).sum()
        assert named.loc[source, "n_converted"] == won
    assert named["n"].sum() == len(leads)


def test_olist_months_can_be_judged_and_the_cut_off_beginning_is_said(real_data: Path) -> None:
    settings = settings_of("olist_funnel")
    history = history_from_settings(settings)
    rates = control_by_quarter(history, horizon=settings.calibration.horizon).set_index("period")
    # pandas, from the two files: leads by first_contact_date, won_date - first_contact_date
    # under 165 days; no win is recorded before 2017-12, so of the leads of 2017Q2 few are
    assert rates.loc["2018Q1", "rate"] > 4 * rates.loc["2017Q3", "rate"]
    said = [finding.what for finding in cal.check(history, horizon="165D").findings]
    assert any("no win is recorded before" in what and "2017-12" in what for what in said)
    months = ["2018-04", "2018-05"]
    spans = {"observation_window": "1h", "horizon": "165D"}
    done = backtest(history, periods=months, max_criteria=2, **spans)
    judged = done.table.query("card == 'candidate'")
    assert judged["period"].tolist() == months
    assert (judged["auc_ci_lower"] > 0.5).all()


def test_opportunities_are_not_recommended_and_nothing_separates_them(real_data: Path) -> None:
    run = cal.recalibrate(settings_of("crm_opportunities"))
    assert run.gate.recommendation != "promote"
    assert not run.cuts.separates
    assert run.card.is_empty or run.proof.table.empty or not run.proof.is_walk_forward


def test_bank_comes_through_and_monitoring_shouts(real_data: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(HERE / "bank_marketing", tmp_path / "bank"))
    prepare = runpy.run_path(str(folder / "prepare.py"))["prepare"]
    prepare(data=real_data / "bank_marketing", out=folder / "prepared.csv.gz")
    settings = load_settings(folder / "calibrate.toml")
    history = history_from_settings(settings)
    spans = {"observation_window": "1h", "horizon": "1D"}
    done = backtest(history, periods=["2009Q2", "2010Q2"], max_criteria=3, **spans)
    judged = done.table.query("card == 'candidate'").set_index("period")
    assert judged.index.tolist() == ["2009Q2", "2010Q2"]
    # d[(d.year == 2010) & d.month.isin(["apr", "may", "jun"])].y.eq("yes").mean() is near one half
    rate = judged["n_converted"] / judged["n"]
    assert rate["2010Q2"] > 0.35
    then = history.at(pd.Timestamp("2009-01-01").to_pydatetime())
    obs = cal.observe(then, period=("2008-04-01", "2009-01-01"), **spans)
    card = cal.fit_scorecard(obs, max_criteria=3).with_tiers({"hot": 50, "cold": 0})
    health = cal.monitor(card, history, period="2009Q2", **spans)
    assert health.verdict != "keep"
    assert any(reason.startswith("The level has shifted") for reason in health.reasons)
    level = health.table[health.table["kind"] == "level"].iloc[0]
    assert level["rate"] > 2 * level["expected_rate"]
