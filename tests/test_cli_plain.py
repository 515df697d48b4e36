"""What the command line adds to a run in plain words; completion in the shell."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from calibrate.cli.plain import note_lines, unproven_line
from calibrate.proposal import propose_settings
from tests.small_company import company_run

PROJECT = Path(__file__).resolve().parents[1]


def test_where_no_activity_earns_points_it_says_what_to_do() -> None:
    run = company_run()
    assert unproven_line(run) == ""  # demo_request has points
    fit = tuple(line for line in run.card.criteria if line.criterion.group == "fit")
    said = unproven_line(replace(run, card=replace(run.card, criteria=fit)))
    assert said.startswith("no activity is proven yet: add quarters")


def test_lines_that_are_not_settled_are_told_with_how_often() -> None:
    table = pd.DataFrame(
        {
            "criterion": ["a", "b", "c"],
            "selection_frequency": [0.95, 0.24, 0.6],
            "attribute_frequency": [1.0, 0.9, float("nan")],
        }
    )
    notes = ("unstable, b and c", "base 20")
    said = note_lines(SimpleNamespace(card=SimpleNamespace(notes=notes, table=table)))
    assert said[0] == "base 20"
    assert said[1].startswith("not settled: ")
    assert said[3:] == ["  b: 24; some line about the same: 90", "  c: 60"]
    settled = SimpleNamespace(notes=("base 20",), table=table.head(1))
    assert note_lines(SimpleNamespace(card=settled)) == ["base 20"]


def test_a_zone_is_asked_for_where_only_some_times_say_theirs(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01 09:30", periods=60, freq="D")
    leads = pd.DataFrame(
        {
            "Id": [f"L{i}" for i in range(60)],
            "Created": days,
            "Status": ["Won", "Lost", "Open"] * 20,
        }
    )
    leads.to_csv(tmp_path / "leads.csv", index=False)
    log = pd.DataFrame({"Lead Id": leads["Id"], "Activity": ["open", "click", "call"] * 20})
    answers = {"leads.timezone": "Europe/Vienna"}
    for zone, asked in (("", 0), ("+02:00", 1)):
        log.assign(Time=[f"{day:%Y-%m-%dT%H:%M:%S}{zone}" for day in days]).to_csv(
            tmp_path / "log.csv", index=False
        )
        keys: list[str] = []
        proposal = propose_settings(tmp_path / "leads.csv", tmp_path / "log.csv").asked(
            lambda q, keys=keys: (keys.append(q.key), q.answer(answers.get(q.key, "")))[1]
        )
        assert keys.count("leads.timezone") == asked
        assert ('timezone = "Europe/Vienna"' in proposal.text) == bool(asked)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("calibrate sc", "score"), ("calibrate score --form", "--format"), ("calibrate z", "")],
)
def test_the_shell_completes_commands_and_options(typed: str, completed: str) -> None:
    place = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "calibrate"],
        cwd=PROJECT,
        env=os.environ | place | {"_CALIBRATE_COMPLETE": "complete_bash"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == completed.split()
