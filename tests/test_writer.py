"""Folders and files: whole or not at all, the same bytes, no formulas."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import calibrate as cal
from calibrate import writer
from calibrate.errors import ConfigError, DataError
from tests.killed import killed_everywhere
from tests.small_company import company_run

FILES = {
    *("run.json", "scorecard.json", "lift.csv", "thresholds.csv", "backtest.csv", "funnel.csv"),
    *("scores.parquet", "changes.md", "report.html", "report.md", "report.xlsx"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cal.write_run(company_run(), tmp_path_factory.mktemp("runs") / "one")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_folder_is_whole(folder: Path) -> None:
    run = company_run()
    assert {path.name for path in folder.iterdir()} == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["one"]  # nothing left beside it
    assert json.loads((folder / "run.json").read_text("utf-8")) == run.summary()
    card = cal.Scorecard.from_json((folder / "scorecard.json").read_text("utf-8"))
    assert card.to_json() == run.card.to_json()
    lift = pd.read_csv(folder / "lift.csv")
    assert lift["rate"].tolist() == run.lift.table["rate"].tolist()  # at full precision
    scores = pq.read_table(folder / "scores.parquet")
    assert scores.column_names == list(run.scores.columns)
    assert scores["score"].to_pylist() == run.scores["score"].tolist()
    assert b"pandas" not in (scores.schema.metadata or {})
    assert (folder / "changes.md").read_text("utf-8") == "No card was in force before.\n"


def test_written_again_it_is_the_same_to_the_byte(folder: Path, tmp_path: Path) -> None:
    assert contents(cal.write_run(company_run(), tmp_path / "two")) == contents(folder)


@pytest.mark.slow
def test_an_empty_folder_and_an_earlier_run_are_used_anything_else_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "run"
    target.mkdir()
    cal.write_run(company_run(), target)
    (target / ".DS_Store").write_text("left by looking at it")
    cal.write_run(company_run(), target)
    assert contents(target) == contents(folder)
    (target / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r'"run" holds "notes\.txt" beside a run'):
        cal.write_run(company_run(), target)
    assert contents(target) == contents(folder) | {"notes.txt": b"mine"}
    (target / "notes.txt").unlink()
    (target / "sub").mkdir()
    with pytest.raises(ConfigError, match='"run" holds "sub" beside a run'):
        cal.write_run(company_run(), target)
    other = tmp_path / "photos"
    other.mkdir()
    (other / "photo.txt").write_text("mine")
    with pytest.raises(ConfigError, match='"photos" holds other files than a run'):
        cal.write_run(company_run(), other)
    assert contents(other) == {"photo.txt": b"mine"}
    with pytest.raises(ConfigError, match=r'"photo\.txt" is a file'):
        cal.write_run(company_run(), other / "photo.txt")


@pytest.mark.slow
def test_when_writing_fails_nothing_is_left_and_the_earlier_run_stays(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = cal.write_run(company_run(), tmp_path / "runs" / "run")

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "write_workbook", fail)
    with pytest.raises(OSError, match="No space left"):
        cal.write_run(company_run(), target)
    with pytest.raises(OSError, match="No space left"):
        cal.write_run(company_run(), tmp_path / "runs" / "new")
    assert [path.name for path in target.parent.iterdir()] == ["run"]
    assert contents(target) == contents(folder)


@pytest.mark.slow
def test_a_run_cut_off_between_two_renamings_is_put_back(folder: Path, tmp_path: Path) -> None:
    old = cal.write_run(company_run(), tmp_path / ".run.123.old")
    (tmp_path / ".run.123.new").mkdir()
    writer.refuse_other_content(tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert contents(tmp_path / "run") == contents(folder)
    (tmp_path / "run").rename(old)
    assert writer.holds_same_run(company_run(), tmp_path / "run")


def a_small_run(number: int) -> Any:
    """What the writer asks of a run, without the figures."""
    table = pd.DataFrame({"n": [number]})
    return SimpleNamespace(
        summary=lambda: {"schema": "calibrate.run/1", "number": number},
        changes=None,
        card=SimpleNamespace(to_json=lambda: json.dumps({"number": number})),
        lift=SimpleNamespace(table=table),
        cuts=SimpleNamespace(table=table),
        proof=SimpleNamespace(table=table),
        funnel=table,
        scores=table,
    )


@pytest.fixture
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and Parquet as plain text: what matters here is when they are written."""

    def pages(summary: dict[str, Any], folder: Path, *, lang: str) -> tuple[str, ...]:
        for name in ("report.html", "report.md", "report.xlsx"):
            (folder / name).write_text(f"{lang} {summary['number']}")
        return ("report.html", "report.md", "report.xlsx")

    monkeypatch.setattr(writer, "_write_pages", pages)
    monkeypatch.setattr(writer, "_write_parquet", writer._write_csv)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process it has forked")
@pytest.mark.usefixtures("plain_pages")
def test_killed_at_any_moment_the_folder_is_the_earlier_run_or_the_new_one(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "run"
    earlier = contents(cal.write_run(a_small_run(1), target))
    new = contents(cal.write_run(a_small_run(2), tmp_path / "elsewhere" / "run"))
    n_earlier = n_new = 0
    for _step in killed_everywhere(lambda: cal.write_run(a_small_run(2), target)):
        writer.refuse_other_content(target)  # what every command that writes does first
        found = contents(target)
        assert found in (earlier, new)
        n_earlier, n_new = n_earlier + (found == earlier), n_new + (found == new)
        cal.write_run(a_small_run(1), target)  # the next one starts from the same
        assert [path.name for path in target.parent.iterdir()] == ["run"]  # and nothing is left
    assert contents(target) == new
    # eleven files and a folder are written before the first renaming; then the old is removed
    assert n_earlier > 12
    assert n_new > 11


@pytest.mark.usefixtures("plain_pages")
def test_runs_written_at_once_do_not_spoil_each_other(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "run"
    whole = [contents(cal.write_run(a_small_run(n), tmp_path / str(n) / "run")) for n in range(4)]
    workers = [
        threading.Thread(target=cal.write_run, args=(a_small_run(n), target)) for n in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert contents(target) in whole
    assert [path.name for path in target.parent.iterdir()] == ["run"]


def test_the_default_folder_has_period_and_hash() -> None:
    run = company_run()
    path = writer.default_folder(run)
    assert path.parent == run.settings.folder / "runs"
    assert path.name == f"2026Q2-{run.inputs_hash[:10]}"


def test_the_same_run_is_recognised(folder: Path, tmp_path: Path) -> None:
    assert writer.holds_same_run(company_run(), folder)
    assert not writer.holds_same_run(company_run(), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "key", "value"),
    [("control", "rate", None), ("thresholds", "threshold", None), (None, "rules", [1])],
)
def test_a_damaged_run_is_one_line_and_leaves_the_pages(
    tmp_path: Path, part: str | None, key: str, value: object
) -> None:
    copy = cal.write_run(company_run(), tmp_path / "run")
    told = json.loads((copy / "run.json").read_text("utf-8"))
    held = told if part is None else told[part]
    if value is None:
        del held[key]
    else:
        held[key] = value
    (copy / "run.json").write_text(json.dumps(told), "utf-8")
    before = contents(copy)
    with pytest.raises(DataError, match=r"^run\.json.*: .*run again$"):
        writer.rewrite_report(copy)
    assert contents(copy) == before


@pytest.mark.slow
def test_pages_are_written_again_from_the_folder_alone(folder: Path, tmp_path: Path) -> None:
    copy = cal.write_run(company_run(), tmp_path / "run")
    before = contents(copy)
    assert writer.rewrite_report(copy) == tuple(
        copy / name for name in ("report.html", "report.md", "report.xlsx")
    )
    assert contents(copy) == before
    writer.rewrite_report(copy, lang="it")
    after = contents(copy)
    pages = {"report.html", "report.md", "report.xlsx"}
    assert {name for name in FILES if after[name] != before[name]} == pages


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "is not a run folder"),
        ("{", "run.json: is damaged"),
        ("[]", "run.json: is damaged"),
        ("null", "run.json: is damaged"),
        ("[" * 100_000, "run.json: is damaged"),
        ('{"schema": 5}', "run.json: is damaged"),
        ('{"schema": "calibrate.run/1", "lift": [{}]}', 'lift.*has no "criterion"'),
        ('{"schema": "calibrate.run/1", "lift": {"a": 1}}', "lift.*is no table"),
        ('{"schema": "calibrate.run/1", "control": []}', "control.*is no object"),
        ('{"schema": "calibrate.run/10"}', '"calibrate.run/10" was written by a newer calibrate'),
        ('{"schema": "calibrate.run/2"}', '"calibrate.run/2" was written by a newer calibrate'),
    ],
)
def test_what_is_no_run_folder_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataError, match=message):
        writer.rewrite_report(tmp_path)


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_no_cell_of_a_csv_is_a_formula_and_numbers_keep_every_digit(
    text: str, number: float
) -> None:
    written = writer.csv_text(pd.DataFrame({"criterion": [text], "rate": [number]}))
    assert not written.split("\n", 1)[1].lstrip('"').startswith(("=", "+", "-", "@"))
    assert float(written.rstrip("\n").rsplit(",", 1)[1]) == number


def test_what_is_wrong_is_said_of_the_file_asked_for(tmp_path: Path) -> None:
    asked = tmp_path / "no such folder" / "card.sql"
    with pytest.raises(FileNotFoundError) as refused:
        writer.write_whole(asked, "SELECT 1;\n")
    assert refused.value.filename == str(asked)


def test_scores_are_written_by_their_ending(tmp_path: Path) -> None:
    scores = company_run().scores
    assert len(pd.read_csv(cal.write_scores(scores, tmp_path / "s.csv"))) == len(scores)
    assert pq.read_table(cal.write_scores(scores, tmp_path / "s.parquet")).num_rows == len(scores)
    with pytest.raises(ConfigError, match=r'as .csv or .parquet, not "s.xls"'):
        cal.write_scores(scores, tmp_path / "s.xls")
    assert {path.name for path in tmp_path.iterdir()} == {"s.csv", "s.parquet"}


def test_ids_of_several_types_are_written_as_text(tmp_path: Path) -> None:
    mixed = pd.DataFrame({"lead_id": pd.Series([1, "a"], dtype=object), "score": [3, 4]})
    written = pq.read_table(cal.write_scores(mixed, tmp_path / "s.parquet"))
    assert written["lead_id"].to_pylist() == ["1", "a"]


def test_the_demo_does_not_write_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match="holds other files; name a new folder"):
        writer.write_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
