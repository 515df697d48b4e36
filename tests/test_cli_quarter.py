"""The quarter's commands: what a new card changes, and whether the old one still holds."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

import calibrate as cal
from calibrate.__main__ import main
from calibrate.pipeline.comparing import compare_cards, lift_beside
from tests.small_company import company_run, write_company


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company with the folder of a run, and a card that lacks one of its rules."""
    folder = tmp_path_factory.mktemp("quarter") / "company"
    write_company(folder)
    run = company_run()
    cal.write_run(run, folder / "runs" / "one")
    demo, *rest = run.card.criteria
    assert demo.criterion.name == "demo_request"
    old = dataclasses.replace(run.card, criteria=tuple(rest))
    (folder / "old.json").write_text(old.to_json(), encoding="utf-8")
    return folder


@pytest.fixture
def here(company: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(company)
    return company


def test_diff_tells_why_and_who_moves_up(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "old.json", "runs/one", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (new,) = (row for row in told["criteria"] if row["status"] == "new")
    assert new["criterion"] == "demo_request"
    assert new["reason"].startswith("lift now 3.95x")  # that of the run's lift table
    # the open leads that asked for a demo, and no others, gain its points
    run = company_run()
    points = next(c.points for c in run.card.criteria if c.criterion.name == "demo_request")
    assert {row["score_new"] - row["score_old"] for row in told["moved_up"]} <= {points}
    assert told["moved_up"]
    rising = sum(
        row["n"] for row in told["moves"] if (row["tier_old"], row["tier_new"]) == ("cold", "hot")
    )
    assert rising <= len(told["moved_up"])
    assert main(["diff", "old.json", "runs/one"]) == 0
    out = capsys.readouterr().out
    assert f"demo_request: {new['reason']}" in out
    assert "open leads that move up" in out
    assert str(told["moved_up"][0]["lead_id"]) in out


def test_diff_as_markdown_is_what_changes_md_says(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "old.json", "runs/one", "--format", "markdown"]) == 0
    old, new = (
        cal.Scorecard.from_json(path.read_text("utf-8"))
        for path in (here / "old.json", here / "runs" / "one" / "scorecard.json")
    )
    settings = cal.load_settings(here / "calibrate.toml")
    expected = compare_cards(old, new, settings, lift_new=lift_beside(here / "runs" / "one"))
    assert capsys.readouterr().out == expected.to_markdown()
    assert "Open leads that move up:" in expected.to_markdown()


def test_a_dropped_rule_that_no_table_holds_is_measured(here: Path) -> None:
    """Without the folder of the run the lift is that of the leads of the settings."""
    run = company_run()
    fewer = cal.Scorecard.from_json((here / "old.json").read_text("utf-8"))
    changes = compare_cards(run.card, fewer, run.settings)
    (row,) = (r for r in changes.to_dict()["criteria"] if r["status"] == "dropped")
    lift = run.lift.table.set_index("criterion").loc["demo_request", "lift"]
    assert row["reason"].startswith(f"lift now {lift:.2f}x")
    assert lift_beside(here / "old.json") is None


def test_nothing_changed_is_one_sentence(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ([], ["--format", "markdown"]):
        assert main(["diff", "runs/one", "runs/one", *form]) == 0
        assert capsys.readouterr().out == "Nothing changed, nothing to sign.\n"


def test_without_the_leads_the_cards_alone_are_compared(
    here: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cards = [str(here / "old.json"), str(here / "runs" / "one")]
    monkeypatch.chdir(tmp_path)
    assert main(["diff", *cards, "--format", "json"]) == 0  # no settings here
    said = capsys.readouterr()
    assert (json.loads(said.out)["moves"], said.err) == ([], "")
    (tmp_path / "calibrate.toml").write_text('[leads]\nsource = "gone.csv"\n', encoding="utf-8")
    assert main(["diff", *cards, "--format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["moves"] == []
    assert 'note: the leads are not compared: there is no file "gone.csv"' in said.err
    assert main(["diff", *cards, "-c", "calibrate.toml"]) == 1  # they were asked for
    assert capsys.readouterr().err == 'error: there is no file "gone.csv"\n'


def test_monitor_is_asked_about_a_day(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    periods = []
    for day in ("2026-03-01", "2026-03-02"):
        code = main(["monitor", "runs/one", "--as-of", day, "--format", "json"])
        told = json.loads(capsys.readouterr().out)
        periods.append(told["period"])
        assert code == (3 if told["verdict"] == "recalibrate" else 0)
        assert {"reasons", "table", "traits", "n_traits_looked_at"} <= set(told)
    # 2025Q4 is known 60 days after 1 January: 31 + 28 days lie before 1 March, one more is needed
    assert periods == ["2025Q3", "2025Q4"]


def test_monitor_says_who_was_missed_and_whether_anything_sets_them_apart(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["monitor", "old.json"]) in (0, 3)
    out = capsys.readouterr().out
    assert "Low scores that converted all the same: " in out
    assert "leads a week, " in out
    # a quarter has some 20 leads that asked for a demo: fewer than the 30 that are told apart
    assert "Nothing that could be proven sets the customers with low scores apart" in out
