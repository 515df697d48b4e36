"""The commands on tables of a database."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from calibrate.__main__ import main
from tests.small_company import tables
from tests.warehouse import in_duckdb

SETTINGS = """\
[leads]
source = '"My crm".leads'
ignore = ["contract_plan"]
[activities]
source = '"My crm".activities'
[calibration]
as_of = "2026-07-01"
observation_window = "14D"
horizon = "60D"
max_criteria = 3
backtest_quarters = 1
[thresholds]
capacity = 5
people = 2
[database]
url = "duckdb://{path}"
[engine]
threads = 1
memory_limit = "1GB"
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import pyarrow as pa

    folder = tmp_path_factory.mktemp("warehouse")
    names = ("leads", "activities")
    rows = {
        name: pa.Table.from_pandas(frame, preserve_index=False)
        for name, frame in zip(names, tables(), strict=True)
    }
    in_duckdb(folder / "secret-place.duckdb", rows).close()
    path = folder / "calibrate.toml"
    path.write_text(SETTINGS.format(path=folder / "secret-place.duckdb"), encoding="utf-8")
    return path


@pytest.mark.slow
def test_check_run_and_score(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-c", str(config), "--format", "json"]) == 0
    said = capsys.readouterr().out
    counts = {(row["table"], row["check"]): row["n"] for row in json.loads(said)["counts"]}
    leads, activities = tables()
    assert counts["leads", "rows read"] == len(leads)
    assert counts["activities", "rows read"] == len(activities)
    assert main(["run", "-c", str(config)]) == 0
    assert main(["score", "-c", str(config), "--out", str(config.parent / "s.parquet")]) == 0
    scored = pd.read_parquet(config.parent / "s.parquet")
    assert len(scored) == (leads["outcome"] == "open").sum()
    told = capsys.readouterr()
    written = [path for path in (config.parent / "runs").rglob("*") if path.suffix == ".json"]
    assert written
    for text in (said, told.out, told.err, *(path.read_text("utf-8") for path in written)):
        assert "secret-place" not in text


def test_a_file_can_be_scored_beside_the_database(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leads, _ = tables()
    leads.head(20).assign(outcome="open", closed_at=None).to_csv(config.parent / "new.csv")
    if not (config.parent / "runs").exists():
        assert main(["run", "-c", str(config)]) == 0
    capsys.readouterr()
    status = main(["score", str(config.parent / "new.csv"), "-c", str(config), "--format", "csv"])
    assert status == 0
    assert len(capsys.readouterr().out.splitlines()) == 21  # and the header


def test_a_missing_table_is_one_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = config.read_text("utf-8").replace("activities'", "activties'")
    wrong = config.parent / "wrong.toml"
    wrong.write_text(text, encoding="utf-8")
    assert main(["check", "-c", str(wrong)]) == 1
    said = capsys.readouterr().err.strip()
    assert 'no table "My crm".activties (did you mean "activities"?)' in said
    assert len(said.splitlines()) == 1
