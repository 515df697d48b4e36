"""The command that measures what size costs, on small logs."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import scale
from benchmarks.fitting.marks import Options
from benchmarks.scaling import scoring, start_up, ten_times, text_ids, whole_run
from benchmarks.scaling.data import write_log
from benchmarks.scaling.floors import Spent, decode, settings_of, spent
from calibrate.config import load_settings

N = 10_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("logs")


@pytest.fixture
def quick(folder):
    return Options(data=folder, quick=True)


def test_a_log_is_the_same_whatever_its_ids_are_called(folder):
    logs = [write_log(folder, n_leads=N, text_ids=text_ids) for text_ids in (False, True)]
    whole, text = (pq.read_table(log.events).drop_columns("lead_id") for log in logs)
    assert whole.equals(text)
    assert 15 * N < logs[0].n_events < 25 * N  # about twenty each
    ids = pq.read_table(logs[1].leads)["lead_id"].to_pylist()
    assert len(set(ids)) == N
    assert {len(name) for name in ids} == {18}


@pytest.mark.slow
def test_the_floor_decodes_every_row(folder):
    """More rows take longer: what the file says of itself would take no time for any number."""
    small, large = (write_log(folder, n_leads=n) for n in (1_000, 20 * N))
    assert decode(f"{large.events}") > 2 * decode(f"{small.events}")


def test_the_settings_ask_for_a_backtest_of_one_quarter_within_the_memory_given(tmp_path):
    path = tmp_path / "calibrate.toml"
    path.write_text(settings_of("leads.parquet", "events.parquet", memory_limit="4GB"))
    settings = load_settings(path)
    assert settings.calibration.backtest_quarters == 1
    assert settings.engine.memory_limit == "4GB"
    path.write_text(settings_of("leads.parquet", "events.parquet"))
    assert load_settings(path).engine.memory_limit is None


@pytest.mark.slow
def test_a_whole_run_in_a_process_of_its_own(folder):
    log = write_log(folder, n_leads=2_000)
    found = spent(
        "benchmarks.scaling.floors:whole_run", leads=f"{log.leads}", events=f"{log.events}"
    )
    assert found.seconds > 0
    assert 0.05 < found.gigabytes < 2  # Python with its libraries takes more than 50 MB
    names, parts, peaks = zip(*found.stages, strict=True)
    assert names[0] == "starting Python and the libraries"
    assert names[-1] == "writing the run folder"
    assert sum(parts) == pytest.approx(found.seconds)
    assert min(parts) >= 0
    assert list(peaks) == sorted(peaks)  # the largest so far
    assert peaks[-1] == found.gigabytes


def told(answers, asked):
    """Return what stands in for a process: the next answer, remembering what was asked."""

    def spent(function, **arguments):
        asked.append((function, arguments))
        return next(answers)

    return spent


@pytest.mark.parametrize(
    ("seconds", "gigabytes", "met"), [(29, 1.9, 2), (31, 1.9, 1), (31, 2.1, 0)]
)
def test_the_whole_run_may_take_thirty_floors_and_two_gigabytes(
    seconds, gigabytes, met, quick, monkeypatch
):
    asked = []
    monkeypatch.setattr(whole_run, "floor_of", lambda _log: 1.0)
    monkeypatch.setattr(whole_run, "spent", told(iter([Spent(seconds, gigabytes, 9)]), asked))
    study = whole_run.run(quick)
    assert (study.table["verdict"] == "met").sum() == met
    assert asked[0][0] == "benchmarks.scaling.floors:whole_run"


@pytest.mark.parametrize(
    ("seconds", "gigabytes", "met"), [(119, 4.4, 2), (121, 4.4, 1), (121, 4.6, 0)]
)
def test_ten_times_the_leads_may_take_twelve_times_as_long(
    seconds, gigabytes, met, quick, monkeypatch
):
    asked, answers = [], iter([Spent(10, 1, 9), Spent(seconds, gigabytes, 9)])
    monkeypatch.setattr(ten_times, "spent", told(answers, asked))
    study = ten_times.run(quick)
    assert (study.table["verdict"] == "met").sum() == met
    assert [arguments["memory_limit"] for _, arguments in asked] == ["4GB", "4GB"]
    small, large = (Path(arguments["leads"]).name for _, arguments in asked)
    assert (small, large) == ("leads_2000_integer.parquet", "leads_20000_integer.parquet")


@pytest.mark.parametrize(("seconds", "verdict"), [(3.9, "met"), (4.2, "missed by 0.1")])
def test_text_ids_may_take_twice_as_long(seconds, verdict, quick, monkeypatch):
    answers = iter([Spent(2, 1, 9), Spent(seconds, 1, 9)])
    monkeypatch.setattr(text_ids, "spent", told(answers, []))
    assert text_ids.run(quick).table["verdict"].tolist()[-1] == verdict


@pytest.mark.slow
def test_scoring_is_measured_beside_copying(quick, monkeypatch):
    monkeypatch.setattr(scoring, "N_QUICK", 6_000)
    study = scoring.run(quick)
    assert study.table["what"].tolist() == ["copying", "scoring"]
    assert (study.table["CPU seconds"] > 0).all()
    assert "6,000 leads" in study.summary


def test_what_a_user_waits_for_is_the_end_of_a_process():
    assert start_up.waited_for("-c", "import time; time.sleep(0.2)", times=1) > 0.2


def test_the_command_runs_the_sections_asked_for(tmp_path, monkeypatch, capsys):
    page, answers = tmp_path / "scale.md", iter([Spent(2, 1, 9), Spent(3, 1, 9)] * 2)
    monkeypatch.setattr(text_ids, "N_LEADS", 1_000)
    monkeypatch.setattr(text_ids, "spent", told(answers, []))
    monkeypatch.setattr(scale, "PAGE", scale.Page(**{**vars(scale.PAGE), "path": page}))
    assert scale.main(["text_ids", "--logs", str(tmp_path)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith(scale.HEAD.rstrip())
    assert "## text_ids: passed" in text
    assert "Made by `python -m benchmarks.scale text_ids` in " in text
    assert "| times | 1.5000 |" in capsys.readouterr().out  # 3 / 2
