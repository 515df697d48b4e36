"""The commands on tables of a database."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import duckdb
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


def scores_in(config: Path, table: str) -> pd.DataFrame:
    with duckdb.connect(str(config.parent / "secret-place.duckdb"), read_only=True) as connection:
        return connection.execute(f'SELECT * FROM "My crm".{table}').df()


@pytest.mark.slow
def test_scores_into_a_table_and_who_moved_since(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (config.parent / "runs").exists():
        assert main(["run", "-c", str(config)]) == 0
    assert main(["score", "-c", str(config), "--out", str(config.parent / "s.parquet")]) == 0
    wanted = pd.read_parquet(config.parent / "s.parquet")
    capsys.readouterr()
    gc.collect()  # a run of this process may still have the file open
    into = ["score", "-c", str(config), "--table", '"My crm".scores']
    assert main(into) == 0
    assert capsys.readouterr().out == f'wrote {len(wanted):,} scores to "My crm".scores\n'
    pd.testing.assert_frame_equal(scores_in(config, "scores"), wanted, check_dtype=False)
    assert main(into) == 0
    said = f"0 up, 0 down, {len(wanted):,} in the same tier, 0 new, 0 no longer scored"
    assert said in capsys.readouterr().out
    assert len(scores_in(config, "scores")) == len(wanted)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--table", '"My crm".leads'], "holds something else (it has a column"),
        (["--table", "nowhere.scores"], "has no schema for the table nowhere.scores"),
        (["--table", "scores", "--out", "s.csv"], "goes without --out and --previous"),
        (["new.csv", "--table", "scores"], "write those of other leads into a file with --out"),
        (["--table", "a.b.scores"], "cannot be the name of a table to write"),
        (["--table", '"My crm".seen'], "is no plain table"),
        (["--table", '"My crm".narrow'], 'its column "score" is VARCHAR, not '),
    ],
)
def test_no_other_table_is_written_over(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    if not (config.parent / "runs").exists():
        assert main(["run", "-c", str(config)]) == 0
    gc.collect()
    with duckdb.connect(str(config.parent / "secret-place.duckdb")) as connection:
        connection.execute('CREATE OR REPLACE VIEW "My crm".seen AS SELECT * FROM "My crm".leads')
        columns = "lead_id VARCHAR, score VARCHAR, expected_rate DOUBLE, tier VARCHAR"
        columns += ", fit BIGINT, engagement BIGINT, cutoff TIMESTAMP"
        connection.execute(f'CREATE TABLE IF NOT EXISTS "My crm".narrow ({columns})')
    before = scores_in(config, "leads")
    capsys.readouterr()
    assert main(["score", "-c", str(config), *arguments]) == 1
    said = capsys.readouterr().err.strip()
    assert words in said
    assert len(said.splitlines()) == 1
    pd.testing.assert_frame_equal(scores_in(config, "leads"), before)


def test_without_a_database_there_is_no_table_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "calibrate.toml").write_text('[leads]\nsource = "deals.csv"\n', encoding="utf-8")
    assert main(["score", "-c", str(tmp_path / "calibrate.toml"), "--table", "scores"]) == 1
    assert "say url = ... in [database], or write a file with --out" in capsys.readouterr().err
