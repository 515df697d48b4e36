"""What is certain to leak is left out of a card, unless the settings allow it; then it is said."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import calibrate as cal
from calibrate.cli.app import main
from calibrate.errors import ConfigError
from calibrate.guards import leaking_columns
from calibrate.pipeline.leaks import left_out, with_allowed, without_columns
from tests.small_company import SETTINGS, company_run, tables, write_company

ONE_QUARTER = SETTINGS.replace("max_criteria = 3", "max_criteria = 3\nbacktest_quarters = 1")
LEAKING = ONE_QUARTER.replace('ignore = ["contract_plan"]', "")
ALLOWED = LEAKING.replace("max_criteria = 3", 'max_criteria = 3\nallow_leaks = ["contract_plan"]')


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> cal.Run:
    return cal.recalibrate(write_company(tmp_path_factory.mktemp("allowed"), ALLOWED))


@pytest.fixture(scope="module")
def findings() -> tuple[cal.Finding, ...]:
    leads, activities = tables()
    history = cal.read_history(leads, activities, as_of="2026-07-01")
    return cal.find_problems(cal.observe(history, observation_window="14D", horizon="60D"))


def test_an_allowed_leak_earns_points_and_the_gate_holds_the_card(run: cal.Run) -> None:
    assert any("contract_plan" in line.criterion.fields for line in run.card.criteria)
    assert run.gate.recommendation == "hold"
    assert "it rests on what certainly leaks the outcome: contract_plan" in run.gate.reasons
    # The backtest used it too: it ranks nearly perfectly, which no honest column does.
    auc = run.proof.pooled.set_index("card").loc["candidate", "auc"]
    assert auc > 0.95


def test_that_it_was_kept_is_said_twice(run: cal.Run) -> None:
    (finding,) = [f for f in run.findings if "contract_plan" in f.columns]
    assert finding.severity == "certain"
    assert finding.action.startswith("allow_leaks keeps it")
    assert any(text.startswith('"contract_plan" is kept') for text in run.warnings)
    plain = run.summary()
    assert plain["settings"]["calibration"]["allow_leaks"] == ["contract_plan"]
    (told,) = [f for f in plain["findings"] if f["columns"] == ["contract_plan"]]
    assert told["n_converted_filled"] == told["n_filled"] > 0  # the figures go into run.json


def test_what_is_not_allowed_is_left_out(findings: tuple[cal.Finding, ...]) -> None:
    assert leaking_columns(findings) == ("contract_plan",)
    assert left_out(findings, ()) == ("contract_plan",)
    assert left_out(findings, ("contract_plan",)) == ()
    assert left_out(findings, ("industry",)) == ("contract_plan",)
    (finding,) = [f for f in findings if f.leaks]
    assert finding.action.startswith("nothing: a run leaves it out")


def test_an_unknown_name_is_refused(findings: tuple[cal.Finding, ...]) -> None:
    leads, activities = tables()
    history = cal.read_history(leads, activities, as_of="2026-07-01")
    assert with_allowed(findings, ["industry", "email_click"], history) == findings
    wanted = r'allow_leaks: there is no column or activity "contract_plans" \(did you mean'
    with pytest.raises(ConfigError, match=wanted):
        with_allowed(findings, ["contract_plans"], history)


@pytest.mark.slow
def test_check_knows_what_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_company(tmp_path, ALLOWED)
    monkeypatch.chdir(tmp_path)
    assert main(["check"]) == 0
    said = capsys.readouterr().out
    assert "allow_leaks keeps it" in said
    assert "to leave these out" not in said
    assert said.index("certain:") < said.index("note:")


@pytest.mark.slow
def test_monitor_and_backtest_leave_it_out_too(
    run: cal.Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_company(tmp_path, LEAKING)
    (tmp_path / "leaning.json").write_text(run.card.to_json(), encoding="utf-8")
    (tmp_path / "card.json").write_text(company_run().card.to_json(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["backtest", "--format", "json"]) == 0
    table = json.loads(capsys.readouterr().out)["table"]
    assert max(row["auc"] for row in table) < 0.95
    assert main(["monitor", "leaning.json", "--format", "json"]) in (0, 3)
    told = json.loads(capsys.readouterr().out)
    assert any("contract_plan" in row["name"] for row in told["table"])  # scored as it stands
    assert main(["monitor", "card.json", "--format", "json"]) in (0, 3)
    told = json.loads(capsys.readouterr().out)
    assert told["n_traits_looked_at"] > 0
    assert not any("contract_plan" in row["criterion"] for row in told["traits"])


def test_a_card_whose_activity_leaks_is_monitored_all_the_same() -> None:
    leads, activities = tables()
    history = cal.read_history(
        leads, activities, as_of="2026-07-01", leads=cal.LeadColumns(ignore=["contract_plan"])
    )
    obs = cal.observe(history, observation_window="14D", horizon="60D")
    demo = [{"activity": "demo_request", "at_least": 1}]
    card = cal.fit_scorecard(obs, criteria=demo, intervals=False)
    usable = without_columns(history, ["demo_request"])
    how = {"observation_window": "14D", "horizon": "60D", "period": "2026Q1"}
    pd.testing.assert_frame_equal(
        cal.monitor(card, usable, **how).table, cal.monitor(card, history, **how).table
    )
