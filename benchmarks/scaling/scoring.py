"""Scoring many leads from Parquet to Parquet, beside copying the columns that the card reads."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import calibrate as cal
from benchmarks.fitting.marks import Options, all_met, at_most, said
from benchmarks.scaling.floors import Spent, peak, spent
from benchmarks.studies.study import Study
from calibrate.cli import work

__all__ = ["copy_columns", "run", "score_file", "write_leads"]

N_LEADS, N_QUICK, N_LEARNED = 10_000_000, 20_000, 5_000
TIMES = 3.0
COLUMNS = ("lead_id", "industry", "country", "employees", "email_clicks", "page_views", "demo")
_CHUNK = 500_000
_INDUSTRIES = ("software", "retail", "banking", "health", "public", "energy", "food", "other")
_COUNTRIES = ("IT", "FR", "DE", "ES", "GB", "US")

SUMMARY = """`calibrate score LEADS --out FILE` on {leads:,} leads in a Parquet file of {columns}
columns, by a card of {rules} rules, beside DuckDB copying these columns to another Parquet file
with the same compression. Asked for: at most {times:g} times the CPU seconds. The start of Python
and of the libraries is in neither."""


def run(options: Options) -> Study:
    """Measure both; a small file with `options.quick`."""
    n = N_QUICK if options.quick else N_LEADS
    leads = write_leads(options.data, n)
    with tempfile.TemporaryDirectory() as folder:
        names = _card_in(Path(folder), leads)
        module, files = "benchmarks.scaling.scoring", {"leads": f"{leads}", "folder": folder}
        copied = spent(f"{module}:copy_columns", **files)
        scored = spent(f"{module}:score_file", **files)
    mark = at_most(scored.seconds / copied.seconds, TIMES)
    rows = [
        {"what": "copying", "CPU seconds": copied.seconds, "times": 1.0, "GB": copied.gigabytes},
        {
            "what": "scoring",
            "CPU seconds": scored.seconds,
            "times": mark.reached,
            "GB": scored.gigabytes,
            **said(mark),
        },
    ]
    return Study(
        name="scoring",
        table=pd.DataFrame(rows, dtype=object),
        summary=SUMMARY.format(leads=n, columns=len(COLUMNS), rules=len(names), times=TIMES),
        passed=all_met([mark]) or options.quick,
    )


def write_leads(folder: Path, n: int) -> Path:
    """Write a wide table of leads, unless it is there already, and return its place."""
    path = folder / f"wide_{n}.parquet"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    parts = (_drawn(first, min(_CHUNK, n - first)) for first in range(0, n, _CHUNK))
    draft = path.with_suffix(".draft")
    one = next(parts)
    with pq.ParquetWriter(draft, one.schema) as writer:
        writer.write_table(one)
        for part in parts:
            writer.write_table(part)
    draft.rename(path)
    return path


def _drawn(first: int, n: int) -> pa.Table:
    rng = np.random.default_rng([1, first])
    columns = {
        "lead_id": np.arange(first, first + n),
        "industry": np.array(_INDUSTRIES)[rng.integers(0, len(_INDUSTRIES), n)],
        "country": np.array(_COUNTRIES)[rng.integers(0, len(_COUNTRIES), n)],
        "employees": np.exp(rng.normal(4, 1.5, n)).astype(np.int64) + 1,
        "email_clicks": rng.poisson(1, n),
        "page_views": rng.poisson(5, n),
        "demo": rng.random(n) < 0.1,
    }
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def _card_in(folder: Path, leads: Path) -> tuple[str, ...]:
    """Write a card learned from the first leads, and the settings to score by; name its rules."""
    first = pq.ParquetFile(leads).iter_batches(batch_size=N_LEARNED)
    frame = next(first).to_pandas()
    odds = -2 + 1.5 * frame["demo"] + (frame["industry"] == "software") + (frame["employees"] > 100)
    odds += (frame["email_clicks"] >= 2) * 1.0
    won = np.random.default_rng(2).random(len(frame)) < 1 / (1 + np.exp(-odds))
    known = frame.assign(outcome=np.where(won, "converted", "lost"))
    card = cal.fit_scorecard(cal.observe(cal.read_history(known)), intervals=False)
    (folder / "card.json").write_text(card.to_json(), encoding="utf-8")
    settings = f'[leads]\nsource = "{leads}"\nid = "lead_id"\noutcome = "outcome"\n'
    (folder / "calibrate.toml").write_text(settings, encoding="utf-8")
    return tuple(line.criterion.name for line in card.criteria)


def copy_columns(leads: str, folder: str) -> Spent:
    """Copy the columns of the table with plain DuckDB; return what it took."""
    listed = ", ".join(COLUMNS)
    started, waited = time.process_time(), time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {listed} FROM read_parquet('{leads}')) "
            f"TO '{Path(folder, 'copy.parquet')}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return Spent(time.process_time() - started, peak(), time.perf_counter() - waited)


def score_file(leads: str, folder: str) -> Spent:
    """Score the table as the command line does; return what it took."""
    config, card = Path(folder, "calibrate.toml"), Path(folder, "card.json")
    out = Path(folder, "scores.parquet")
    started, waited = time.process_time(), time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):  # what it says is not what we say
        sources = (Path(leads), None)
        work.score(config, sources, card, out=out, table=None, previous=None, show="table")
    return Spent(time.process_time() - started, peak(), time.perf_counter() - waited)
