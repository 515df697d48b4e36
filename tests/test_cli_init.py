"""`calibrate init`: what is asked on a terminal, and what is written; colours; --quiet."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from calibrate.__main__ import main
from calibrate.cli.constants import QUIET
from calibrate.errors import ConfigError
from calibrate.proposal import Question, propose_settings, take_default
from calibrate.proposal.examples import examples_of
from calibrate.proposal.looks import Column
from calibrate.proposal.moments import last_day
from calibrate.proposal.questions import address, choose, choose_one, day, number, yes_or_no, zone
from calibrate.writer import write_run
from tests.small_company import company_run, write_company
from tests.stoppable import CALIBRATE

PROJECT = Path(__file__).resolve().parents[1]
N = 60


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file of leads, in which the command is given."""
    stages = ["Proposal", "Demo", "MQL", "Closed Won", "Closed Lost", "New"]
    pd.DataFrame(
        {
            "Record ID": [f"R{i:03d}" for i in range(N)],
            "Full Name": ["Ada Lovelace", "Alan Turing"] * (N // 2),
            "Email": [f"p{i}@example.com" for i in range(N)],
            "Phone": [f"+39 333 12345{i:02d}" for i in range(N)],
            "Created": pd.date_range("2024-01-01", periods=N),
            "Closed": pd.date_range("2024-02-01", periods=N),
            "Became SQL on": pd.date_range("2024-01-15", periods=N),
            "Stage": [stages[i % 6] for i in range(N)],
            "Lead Source": ["Fair", "Web", "Test"] * (N // 3),
        }
    ).to_csv(tmp_path / "leads.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(folder: Path) -> dict[str, dict[str, object]]:
    return tomllib.loads((folder / "calibrate.toml").read_text("utf-8"))


def test_stages_campaigns_and_tests_are_recognised(company: Path) -> None:
    assert main(["init", "leads.csv"]) == 0
    told = settings(company)
    assert told["stages"] == {
        "mql": ["MQL"],
        "sql": ["Demo"],
        "opportunity": ["Proposal"],
        "customer": ["Closed Won"],
        "dates": {"sql": "Became SQL on"},
    }
    assert told["campaigns"] == {"columns": ["Lead Source"]}
    assert told["leads"]["exclude"] == {"Lead Source": ["Test"]}
    assert told["thresholds"] == {}


def test_no_contact_data_is_shown(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("table", "json"):
        assert main(["init", "leads.csv", "--force", "--format", form]) == 0
    told = capsys.readouterr()
    shown = told.out + told.err + (company / "calibrate.toml").read_text("utf-8")
    assert "R000" in shown
    for part in ("Ada", "Turing", "@", "333"):
        assert part not in shown


def test_init_as_json(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "leads.csv", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["written"] == "calibrate.toml"
    meanings = {row["meaning"]: row["column"] for row in told["table"]}
    assert (meanings["id"], meanings["won"]) == ("Record ID", "Closed Won")


def test_enter_everywhere_is_the_file_written_without_a_terminal(company: Path) -> None:
    proposal = propose_settings("leads.csv")
    asked: list[str] = []

    def ask(question: Question) -> object:
        asked.append(question.key)
        return question.answer("")

    assert proposal.asked(ask).text == proposal.asked(take_default).text == proposal.text
    assert asked == [
        *("leads.won", "leads.lost", "leads.exclude", "leads.lead_url"),
        *("calibration.as_of", "thresholds.people", "thresholds.capacity"),
    ]


def test_answers_stand_in_the_file(company: Path) -> None:
    answers = {
        "leads.won": "closed won, Proposal",
        "leads.lead_url": "https://crm.example.com/x/R007?tab=1",
        "calibration.as_of": "2024-05-01",
        "thresholds.people": "3",
        "thresholds.capacity": "40",
        "leads.exclude": "no",
    }
    text = propose_settings("leads.csv").asked(lambda q: q.answer(answers.get(q.key, ""))).text
    told = tomllib.loads(text)
    assert told["leads"]["won"] == ["Closed Won", "Proposal"]
    assert told["leads"]["lead_url"] == "https://crm.example.com/x/{lead_id}?tab=1"
    assert told["calibration"]["as_of"] == "2024-05-01"
    assert told["thresholds"] == {"capacity": 40, "people": 3}
    assert "exclude" not in told["leads"]


@pytest.mark.parametrize(
    ("question", "typed", "said"),
    [
        (choose("k", "?", {"Won": 1}, []), "Wom", 'did you mean "Won"'),
        (choose("k", "?", {"Won": 1}, []), "2", "give their numbers"),
        (choose_one("k", "?", {",": "comma", ".": "point"}, ","), "x", "none of them"),
        (yes_or_no("k", "?", default=True), "maybe", "yes or no"),
        (number("k", "?"), "0", "whole number"),
        (number("k", "?"), "many", "whole number"),
        (day("k", "?", default="2024-01-01"), "1/2/24", "2024-01-31"),
        (zone("k", "?"), "Europe/Rom", 'did you mean "Europe/Rome"'),
        (address("k", "?", ["L1"]), "crm", "https://"),
        (address("k", "?", ["L1"]), "https://crm.example.com/L2", "no id of these leads"),
    ],
)
def test_what_is_no_answer_is_said(question: Question, typed: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        question.answer(typed)


def test_a_log_and_its_deals_are_settings(tmp_path: Path) -> None:
    log = pd.DataFrame(
        {
            "visitor_id": [f"V{i % 20}" for i in range(100)],
            "time": pd.date_range("2024-01-01", periods=100, freq="D", tz="UTC"),
            "channel": ["Paid", "Social"] * 50,
        }
    )
    log.to_csv(tmp_path / "log.csv", index=False)
    won = {"visitor_id": [f"V{i}" for i in range(5)], "won_date": ["2024-06-30"] * 5}
    pd.DataFrame(won).to_csv(tmp_path / "won.csv", index=False)
    told = tomllib.loads(propose_settings(tmp_path / "log.csv", tmp_path / "won.csv").text)
    assert told["leads"] == {"from_activities": True}
    assert told["activities"]["activity"] == "channel"
    assert told["outcomes"]["lead"] == "visitor_id"
    assert told["calibration"]["as_of"] == "2024-07-01"  # the day after the last sale


def test_a_date_far_after_all_others_is_not_the_day_of_the_export() -> None:
    days = pd.date_range("2024-01-01", periods=2000, freq="h").astype(str)
    assert str(last_day(Column.of("at", [*days, "2099-01-01"]))) == "2024-03-24"  # 2000 h on


def test_examples_hide_who_it_is() -> None:
    assert examples_of(Column.of("Owner", ["Ada Lovelace", "Alan Turing"])).startswith("(not shown")
    assert examples_of(Column.of("Lead ID", ["a@b.example"] * 2), is_key=True).startswith("(not")
    assert examples_of(Column.of("n", ["3", "4", "3"])) == "3, 4"


def on_a_terminal(
    folder: Path, arguments: list[str], typed: str | None = "", **env: str
) -> tuple[int, str]:
    """Run a command on a pseudo-terminal; what is typed is repeated Enters where empty."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    surroundings = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [*CALIBRATE, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env={**surroundings, "PYTHONPATH": str(PROJECT), "TERM": "xterm-256color", **env},
        start_new_session=True,
    )
    os.close(slave)
    shown, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        ready, _, _ = select.select([master], [], [], 0.2)
        try:
            part = os.read(master, 65536) if ready else b""
        except OSError:
            break
        shown += part
        if part.rstrip(b" ").endswith(b"]") and typed is not None:
            os.write(master, typed.encode() + b"\n")
        elif part.rstrip(b" ").endswith(b"]"):
            process.send_signal(signal.SIGINT)
            typed = ""
        if not ready and process.poll() is not None:
            break
    os.close(master)
    return process.wait(timeout=20), shown.decode()


@pytest.mark.slow
def test_on_a_terminal_questions_are_asked_and_enter_takes_the_default(company: Path) -> None:
    code, shown = on_a_terminal(company, ["init", "leads.csv"])
    assert code == 0
    assert 'Which values of "Stage" are won?' in shown
    assert "How many sales people call new leads?" in shown
    assert "\x1b[" in shown  # bold, colours
    assert (company / "calibrate.toml").read_text("utf-8") == propose_settings("leads.csv").text
    code, shown = on_a_terminal(company, ["init", "leads.csv", "--force", "--yes"], NO_COLOR="1")
    assert code == 0
    assert "are won?" not in shown
    assert not re.search(r"\x1b\[(?:\d+;)*3[0-7]m", shown)


@pytest.mark.slow
def test_ctrl_c_at_a_question_writes_nothing(company: Path) -> None:
    code, _ = on_a_terminal(company, ["init", "leads.csv"], None)
    assert code == 130
    assert not (company / "calibrate.toml").exists()


@pytest.mark.slow
def test_quiet_leaves_only_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_company(tmp_path / "company")
    monkeypatch.chdir(tmp_path / "company")
    for arguments in (["-q", "run", "--format", "json"], ["run", "--quiet", "--format", "json"]):
        assert main(arguments) == 0
        said = capsys.readouterr()
        assert said.err == ""
        assert json.loads(said.out)["gate"]["recommendation"] == "promote"
    assert QUIET.get() is False
    assert main(["-q", "check", "-c", "none.toml"]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_promote_says_which_runs_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_company(tmp_path / "company")
    monkeypatch.chdir(tmp_path / "company")
    signed = ["--who", "Ada", "--why", "better"]
    assert main(["promote", "runs/2026Q1", *signed]) == 1
    assert capsys.readouterr().err.endswith("make a run with: calibrate run\n")
    assert main(["promote", *signed]) == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "name the run to promote, or --rollback; make a run with: calibrate run" in said
    write_run(company_run(), tmp_path / "company" / "runs" / "one")
    assert main(["promote", "runs/two", *signed]) == 1
    assert capsys.readouterr().err.endswith("; there are: one\n")
    assert main(["promote", *signed]) == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "name the run to promote: one; or --rollback" in said
    assert main(["promote", "runs/one", *signed]) == 0
    assert "to undo: calibrate promote --rollback" in capsys.readouterr().out
