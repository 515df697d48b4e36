"""One history in files, in a DuckDB file, in PostgreSQL and in Spark: the same numbers."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import calibrate as cal
from calibrate.config import Settings
from calibrate.exports import write_scoring_table
from calibrate.history import History, reading
from calibrate.pipeline import scoring_of
from calibrate.pipeline.plain import to_plain
from tests.twice_told import Company, by_number, by_text
from tests.warehouse import in_duckdb, in_postgres, in_spark, name_in

pytestmark = pytest.mark.xdist_group("engines")
COMPANIES = {"text": by_text, "number": by_number}


class Told:
    """What is computed of one history, each thing once."""

    def __init__(self, history: History) -> None:
        self.history = history

    @cached_property
    def obs(self) -> cal.Observation:
        return cal.observe(
            self.history, period="2025Q4", fit_period=("2025-01-01", "2026-01-01"), horizon="60D"
        )

    @cached_property
    def lift(self) -> cal.LiftTable:
        return cal.measure_lift(self.obs)

    @cached_property
    def card(self) -> cal.Scorecard:
        return cal.fit_scorecard(self.obs, max_criteria=3)

    @cached_property
    def scores(self) -> pd.DataFrame:
        return self.card.score(self.obs)


# Each statement takes Spark a while: what asks many of them is asked of one company there, by a
# whole run.
QUICK = [(dialect, name) for dialect in ("duckdb", "postgres") for name in COMPANIES]
FEW = [*QUICK, ("spark", "text")]
ALL = [*FEW, ("spark", "number")]


@pytest.fixture(scope="module", params=ALL, ids="-".join)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Told, Told]]:
    dialect, name = request.param
    company: Company = COMPANIES[name]()
    if dialect == "duckdb":
        path = tmp_path_factory.mktemp("warehouse") / f"{name}.duckdb"
        engine = in_duckdb(path, company.tables)
    elif dialect == "postgres":
        engine = in_postgres(request.getfixturevalue("postgres_url"), company.tables)
    else:
        engine = in_spark(request.getfixturevalue("spark_session"), company.tables)
    sources = [name_in(dialect, table) for table in company.tables]
    files = cal.read_history(company.leads, company.events, company.wins, **company.how)
    there = cal.read_history(*sources, **company.how, engine=engine)
    yield Told(files), Told(there)
    engine.close()


@pytest.mark.slow
def test_everything_that_was_counted(both: tuple[Told, Told]) -> None:
    files, there = (told.history for told in both)
    assert_frame_equal(there.table, files.table)
    for part in ("as_of", "activities", "attributes", "n_leads", "n_activities", "is_wide"):
        assert getattr(there, part) == getattr(files, part), part


OBSERVED: dict[str, Callable[[Told], pd.DataFrame]] = {
    "leads": lambda told: told.obs.table,
    "counts": lambda told: told.obs.counts,
    "leads to learn from": lambda told: told.obs.fitting.table,
    "control": lambda told: cal.control_rate(told.obs).table,
}
LEARNED: dict[str, Callable[[Told], pd.DataFrame]] = {
    "lift": lambda told: told.lift.table,
    "points": lambda told: told.card.table,
    "scores": lambda told: told.scores,
    "open leads": lambda told: told.card.score(cal.observe_open(told.history)),
    "thresholds": lambda told: cal.choose_thresholds(told.scores).table,
}


@pytest.mark.slow
@pytest.mark.parametrize("what", OBSERVED)
def test_what_is_observed(both: tuple[Told, Told], what: str) -> None:
    files, there = (OBSERVED[what](told) for told in both)
    assert len(files) > 0
    assert_frame_equal(there, files, check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("both", QUICK, ids="-".join, indirect=True)
@pytest.mark.parametrize("what", LEARNED)
def test_what_is_learned(both: tuple[Told, Told], what: str) -> None:
    files, there = (LEARNED[what](told) for told in both)
    assert len(files) > 0
    assert_frame_equal(there, files, check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("both", QUICK, ids="-".join, indirect=True)
def test_every_finding(both: tuple[Told, Told]) -> None:
    files, there = (to_plain(cal.find_problems(told.obs)) for told in both)
    assert there == files
    assert len(files) > 0


@pytest.mark.parametrize("both", QUICK, ids="-".join, indirect=True)
def test_the_health_of_a_card(both: tuple[Told, Told]) -> None:
    files, there = (cal.monitor(told.card, told.history, period="2025Q4") for told in both)
    assert_frame_equal(there.table, files.table, check_exact=True)
    assert (there.verdict, there.reasons) == (files.verdict, files.reasons)


def hashes(history: History) -> list[tuple[str, int, str]]:
    return [(source.table, source.rows, source.sha256) for source in history.sources]


def test_the_hash_of_the_inputs(both: tuple[Told, Told], tmp_path: Path) -> None:
    name = "number" if len(both[0].history.sources) == 3 else "text"
    company = COMPANIES[name]()
    engine = in_duckdb(tmp_path / "again.duckdb", company.tables)
    sources = [name_in("duckdb", table) for table in company.tables]
    again = cal.read_history(*sources, **company.how, engine=engine)
    assert hashes(again) == hashes(both[1].history)
    engine.close()


def settings_of(company: Company, sources: list[str], **more: Any) -> Settings:
    how = company.how
    columns = {
        "leads": how["leads"].model_copy(update={"source": sources[0]}),
        "activities": how["activities"].model_copy(update={"source": sources[1]}),
    }
    if company.wins is not None:
        columns["outcomes"] = cal.OutcomeColumns(source=sources[2])
    calibration = {"max_criteria": 3, "backtest_quarters": 1, "horizon": "60D"}
    calibration |= {"as_of": how["as_of"]} if "as_of" in how else {}
    return Settings(**columns, calibration=calibration, **more)


def plain(run: cal.Run) -> dict[str, Any]:
    """What run.json says, but for what names the sources."""
    summary = json.loads(json.dumps(run.summary()))
    assert [part["rows"] for part in summary.pop("inputs")]
    del summary["inputs_hash"]  # of the bytes of files, of the rows of tables
    for table in ("leads", "activities", "outcomes"):
        summary["settings"].get(table, {}).pop("source", None)
    return summary


@pytest.fixture(scope="module")
def runs_of_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, cal.Run]:
    """The run of each company, from Parquet files."""
    runs = {}
    for name, make in COMPANIES.items():
        folder, tables = tmp_path_factory.mktemp(name), make().tables
        for table, rows in tables.items():
            pq.write_table(rows, folder / f"{table}.parquet")
        sources = [f"{table}.parquet" for table in tables]
        runs[name] = cal.recalibrate(settings_of(make(), sources, folder=folder))
    return runs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dialect", "name"), [("duckdb", "text"), ("postgres", "text"), ("postgres", "number")]
)
def test_a_whole_run(
    dialect: str,
    name: str,
    runs_of_files: dict[str, cal.Run],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    company = COMPANIES[name]()
    if dialect == "duckdb":
        url = f"duckdb://{tmp_path / 'crm.duckdb'}"
        in_duckdb(tmp_path / "crm.duckdb", company.tables).close()
    else:
        url = request.getfixturevalue("postgres_url")
        in_postgres(url, company.tables).close()
    sources = [name_in(dialect, table) for table in company.tables]
    there = cal.recalibrate(settings_of(company, sources, database={"url": url}))
    files = runs_of_files[name]
    assert plain(there) == plain(files)
    assert_frame_equal(there.scores, files.scores, check_exact=True)
    there.history.engine.close()


@pytest.mark.slow
def test_a_whole_run_on_spark(
    runs_of_files: dict[str, cal.Run], spark_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = COMPANIES["text"]()
    engine = in_spark(spark_session, company.tables)
    monkeypatch.setattr(reading, "engine_of", lambda _url: engine)
    sources = [name_in("spark", table) for table in company.tables]
    there = cal.recalibrate(settings_of(company, sources, database={"url": "spark://local"}))
    files = runs_of_files["text"]
    assert plain(there) == plain(files)
    assert_frame_equal(there.scores, files.scores, check_exact=True)
    engine.close()


@pytest.mark.slow
@pytest.mark.parametrize("both", FEW, ids="-".join, indirect=True)
def test_scores_written_into_a_table(both: tuple[Told, Told]) -> None:
    files, there = both
    lookback = dt.timedelta(days=90)
    wanted = scoring_of(files.card, files.history, lookback=lookback).table
    engine = there.history.engine
    scoring = scoring_of(files.card, there.history, lookback=lookback)
    name = name_in(engine.dialect, f"scores_of_{len(wanted)}")
    assert write_scoring_table(scoring, name) == (len(wanted), None)
    found = engine.query(f"SELECT * FROM {engine.qualified(name)}").to_pandas()
    order = ["score", "lead_id"]
    assert_frame_equal(
        found.sort_values(order, ignore_index=True),
        wanted.sort_values(order, ignore_index=True),
        check_dtype=False,
        check_exact=True,
    )
    n, moved = write_scoring_table(scoring, name)
    assert moved is not None
    assert (moved.n_same, moved.n_up, moved.n_new, moved.n_gone) == (n, 0, 0, 0)
