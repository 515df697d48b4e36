"""The card in force: atomic, logged, undone."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from calibrate.errors import CalibrateError, DataError
from calibrate.registry import (
    card_in_force,
    newest_run,
    one_writer,
    promote,
    put_back,
    read_log,
    rollback,
)
from calibrate.scorecard import Scorecard
from tests.killed import killed_everywhere

SIGNED = {"who": "M. Rossi", "when": "2024-01-08", "why": "the gate recommends it"}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name, as_of in (("2023Q3-a", "2023-10-01"), ("2023Q4-b", "2024-01-01")):
        rate = [(score + 1) / 200 for score in range(101)]
        rates = pd.DataFrame({"score": range(101), "rate": rate}).assign(
            rate_ci_lower=0.0, rate_ci_upper=1.0
        )
        card = Scorecard(
            name=name,
            period=None,
            as_of=as_of,
            method="rate",
            control={"rate": 0.1},
            base=0,
            criteria=(),
            expected_rate=rates,
        )
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "scorecard.json").write_text(card.to_json(), encoding="utf-8")
    return tmp_path / "runs"


def test_nothing_is_in_force_before_the_first_promotion(runs: Path) -> None:
    assert card_in_force(runs) is None
    assert card_in_force(runs / "nowhere") is None
    assert read_log(runs) == []


def test_the_newest_run_is_that_of_the_latest_as_of(runs: Path) -> None:
    (runs / ".unfinished").mkdir()
    (runs / "empty").mkdir()
    assert newest_run(runs) == runs / "2023Q4-b"
    assert newest_run(runs / "nowhere") is None


def test_promote_and_roll_back(runs: Path) -> None:
    first = promote(runs, "2023Q3-a", **SIGNED)
    second = promote(runs, runs / "2023Q4-b", **SIGNED)
    assert card_in_force(runs) == second == runs / "2023Q4-b" / "scorecard.json"
    assert rollback(runs, **SIGNED) == first == card_in_force(runs)
    with pytest.raises(CalibrateError, match="nothing to roll back to"):
        rollback(runs, **SIGNED)
    log = read_log(runs)
    assert [(line["action"], line["was"], line["run"]) for line in log] == [
        ("promote", None, "2023Q3-a"),
        ("promote", "2023Q3-a", "2023Q4-b"),
        ("rollback", "2023Q4-b", "2023Q3-a"),
    ]
    assert {key: log[0][key] for key in SIGNED} == SIGNED


def test_promoting_what_is_in_force_changes_nothing(runs: Path) -> None:
    promote(runs, "2023Q3-a", **SIGNED)
    before = {path.name: path.read_bytes() for path in runs.iterdir() if path.is_file()}
    promote(runs, "2023Q3-a", **SIGNED)
    assert {path.name: path.read_bytes() for path in runs.iterdir() if path.is_file()} == before


def test_what_cannot_be_promoted(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(CalibrateError, match='there is no run "2022Q1"'):
        promote(runs, "2022Q1", **SIGNED)
    with pytest.raises(CalibrateError, match="needs to know who"):
        promote(runs, "2023Q3-a", **{**SIGNED, "who": " "})
    with pytest.raises(CalibrateError, match="does not lie in runs"):
        promote(runs, tmp_path / "elsewhere" / "2023Q3-a", **SIGNED)
    (runs / "2023Q3-a" / "scorecard.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError):
        promote(runs, "2023Q3-a", **SIGNED)
    with pytest.raises(CalibrateError, match='no folder "nowhere"'):
        rollback(runs / "nowhere", **SIGNED)
    assert card_in_force(runs) is None


def test_a_process_killed_before_its_log_line_loses_nothing(runs: Path) -> None:
    promote(runs, "2023Q3-a", **SIGNED)
    promote(runs, "2023Q4-b", **SIGNED)
    log = runs / "log.jsonl"
    whole = log.read_text(encoding="utf-8")
    log.write_text(whole.splitlines()[0] + '\n{"half', encoding="utf-8")  # killed while writing
    rollback(runs, **SIGNED)
    assert [line["action"] for line in read_log(runs)] == ["promote", "promote", "rollback"]
    assert log.read_text(encoding="utf-8").startswith(whole)


def test_a_process_killed_before_the_rename_leaves_the_old_state(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(runs, "2023Q3-a", **SIGNED)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        promote(runs, "2023Q4-b", **SIGNED)
    monkeypatch.undo()
    assert card_in_force(runs) == runs / "2023Q3-a" / "scorecard.json"
    promote(runs, "2023Q4-b", **SIGNED)
    assert card_in_force(runs) == runs / "2023Q4-b" / "scorecard.json"
    assert len(read_log(runs)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="holds the lock through fcntl")
def test_two_at_once_do_not_spoil_each_other(runs: Path) -> None:
    holder = (
        "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(runs / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(CalibrateError, match="another process"):
            promote(runs, "2023Q3-a", **SIGNED)
        process.kill()
    promote(runs, "2023Q3-a", **SIGNED)  # the lock died with its holder
    assert card_in_force(runs) is not None


def test_a_card_that_is_gone_or_a_state_that_is_spoilt_is_said(runs: Path) -> None:
    promote(runs, "2023Q3-a", **SIGNED)
    (runs / "2023Q3-a" / "scorecard.json").unlink()
    with pytest.raises(DataError, match="names the run 2023Q3-a, which is not there"):
        card_in_force(runs)
    (runs / "current.json").write_text(json.dumps({"schema": "other/9"}), encoding="utf-8")
    with pytest.raises(DataError, match="schema"):
        card_in_force(runs)
    (runs / "current.json").write_text("[", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        card_in_force(runs)
    (runs / "log.jsonl").write_text("{\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 1"):
        read_log(runs)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process it has forked")


@needs_fork
def test_killed_at_any_moment_a_promotion_happened_or_did_not(runs: Path) -> None:
    promote(runs, "2023Q3-a", **SIGNED)
    seen = set()
    for _step in killed_everywhere(lambda: promote(runs, "2023Q4-b", **SIGNED)):
        card = card_in_force(runs)
        assert card is not None
        log = read_log(runs)
        seen.add(card.parent.name)
        # what is in force is what the log says last, whenever the process died
        assert log[-1]["run"] == card.parent.name
        assert [line["action"] for line in log] == ["promote"] * len(log)
        if card.parent.name == "2023Q4-b":  # done, but for its log line: again for the next
            (runs / "current.json").unlink()
            (runs / "log.jsonl").unlink()
            promote(runs, "2023Q3-a", **SIGNED)
    assert seen == {"2023Q3-a", "2023Q4-b"}
    assert card_in_force(runs) == runs / "2023Q4-b" / "scorecard.json"
    assert [line["was"] for line in read_log(runs)] == [None, "2023Q3-a"]


@needs_fork
def test_killed_at_any_moment_a_roll_back_happened_or_did_not(runs: Path) -> None:
    promote(runs, "2023Q3-a", **SIGNED)
    promote(runs, "2023Q4-b", **SIGNED)
    for _step in killed_everywhere(lambda: rollback(runs, **SIGNED)):
        card = card_in_force(runs)
        assert card is not None
        assert read_log(runs)[-1]["run"] == card.parent.name
        if card.parent.name == "2023Q3-a":
            promote(runs, "2023Q4-b", **SIGNED)
    assert card_in_force(runs) == runs / "2023Q3-a" / "scorecard.json"


def test_many_promotions_at_once_leave_one_of_them_and_a_whole_log(runs: Path) -> None:
    names = ("2023Q3-a", "2023Q4-b")
    told: list[str] = []

    def sign(name: str) -> None:
        for _ in range(10):
            try:
                promote(runs, name, **SIGNED)
            except CalibrateError as error:
                told.append(str(error))

    workers = [threading.Thread(target=sign, args=(name,)) for name in names * 2]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(said.startswith("another process is changing the card in force") for said in told)
    log = read_log(runs)
    assert [line["number"] for line in log] == list(range(1, len(log) + 1))
    assert all(line["was"] == before["run"] for before, line in itertools.pairwise(log))
    card = card_in_force(runs)
    assert card is not None
    assert log[-1]["run"] == card.parent.name


def test_a_run_set_aside_by_a_killed_process_is_found_again(runs: Path) -> None:
    promote(runs, "2023Q3-a", **SIGNED)
    (runs / "2023Q3-a").rename(runs / ".2023Q3-a.123.old")
    assert card_in_force(runs) == runs / "2023Q3-a" / "scorecard.json"
    (runs / "2023Q4-b").rename(runs / ".2023Q4-b.77.old")
    assert newest_run(runs) == runs / "2023Q4-b"
    put_back(runs / "2023Q4-b")  # nothing to do
    assert sorted(entry.name for entry in runs.iterdir() if entry.is_dir()) == [
        "2023Q3-a",
        "2023Q4-b",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="locks a folder through fcntl")
def test_one_writes_while_the_others_wait(runs: Path) -> None:
    order: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with one_writer(runs):
            order.append("second")

    worker = threading.Thread(target=second)
    with one_writer(runs):
        worker.start()
        begun.wait()
        worker.join(timeout=0.2)  # it would be through long since
        order.append("first")
    worker.join()
    assert order == ["first", "second"]
    assert not [entry for entry in runs.iterdir() if entry.is_file()]  # no file is made for it
