"""What reading and observing a log costs, beside plain DuckDB on the same files."""

from __future__ import annotations

import time
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd

from benchmarks.fitting.marks import Mark, Options, all_met, at_most, said
from benchmarks.scaling.data import AS_OF, write_log
from benchmarks.scaling.floors import Spent, floor_of, peak, spent
from benchmarks.studies.study import Study
from calibrate.engines import DuckDBEngine
from calibrate.guards import find_problems
from calibrate.history import read_history
from calibrate.observation import Observation, observe
from calibrate.observation.numbers import counts_and_log

__all__ = ["bare", "counting", "problems", "read_and_observe", "run"]

N_LEADS, N_QUICK, N_RUNS = 1_000_000, 10_000, 3
COUNTING, OBSERVING, GIGABYTES, PROBLEMS = 1.6, 2.7, 0.8, 1.5
BARE = """
SELECT l.lead_id, count(*) AS n
FROM read_parquet($1) AS e JOIN read_parquet($2) AS l ON l.lead_id = e.lead_id
WHERE e.occurred_at < l.created_at + INTERVAL 14 DAY
    AND e.occurred_at >= l.created_at - INTERVAL 90 DAY
GROUP BY l.lead_id"""

SUMMARY = """{leads:,} leads with {events:,} events, ids are whole numbers. *bare*: plain DuckDB
SQL on the two files that joins, cuts off and gives one count a lead. *counting*: twelve counts a
lead, of the history that has been read. *read and observe*: `read_history` with every check it
makes, and `observe`. *guards*: `find_problems` on what was observed. CPU seconds of the work,
libraries loaded before, medians of {runs}; memory is that of the whole process. Asked for: counting
at most {counting:g} and read and observe at most {observing:g} times bare, within {gigabytes:g} GB;
the guards were meant to stay at {problems:g} times."""


def run(options: Options) -> Study:
    """Measure all of it; a small log with `options.quick`."""
    log = write_log(options.data, n_leads=N_QUICK if options.quick else N_LEADS)
    floor = floor_of(log)
    costs = {
        name: _median(function, leads=f"{log.leads}", events=f"{log.events}")
        for name, function in (
            ("bare", "bare"),
            ("counting", "counting"),
            ("read and observe", "read_and_observe"),
            ("guards", "problems"),
        )
    }
    plain = costs["bare"].seconds
    marks: dict[str, Mark] = {
        "counting": at_most(costs["counting"].seconds / plain, COUNTING),
        "read and observe": at_most(costs["read and observe"].seconds / plain, OBSERVING),
    }
    memory = at_most(costs["read and observe"].gigabytes, GIGABYTES)
    rows = [
        {
            "work": name,
            "CPU seconds": cost.seconds,
            "times the floor": cost.seconds / floor,
            "times bare": cost.seconds / plain,
            "GB": cost.gigabytes,
            **(said(marks[name]) if name in marks else {}),
        }
        for name, cost in costs.items()
    ]
    rows.append({"work": "memory of read and observe", "GB": memory.reached, **said(memory)})
    return Study(
        name="reading",
        table=pd.DataFrame(rows, dtype=object),
        summary=SUMMARY.format(
            leads=log.n_leads,
            events=log.n_events,
            runs=N_RUNS,
            counting=COUNTING,
            observing=OBSERVING,
            gigabytes=GIGABYTES,
            problems=PROBLEMS,
        ),
        passed=all_met([*marks.values(), memory]) or options.quick,
    )


def _median(function: str, **arguments: object) -> Spent:
    runs = [spent(f"{__name__}:{function}", **arguments) for _ in range(N_RUNS)]
    columns = zip(*(run[:3] for run in runs), strict=True)
    seconds, gigabytes, waited = (float(np.median(column)) for column in columns)
    return Spent(seconds, gigabytes, waited)


def bare(leads: str, events: str) -> Spent:
    """Join, cut off and count in plain SQL on the files."""
    with duckdb.connect() as connection:
        return _spent(lambda: connection.execute(BARE, [events, leads]).to_arrow_table())


def counting(leads: str, events: str) -> Spent:
    """Count twelve activities of each lead of a history that has been read."""
    obs = _observed(leads, events)
    history = obs.history
    names = tuple(history.activities)
    return _spent(lambda: counts_and_log(history.engine, obs.scope, names))


def read_and_observe(leads: str, events: str, *, memory_limit: str | None = None) -> Spent:
    """Read a log and observe all its leads."""
    return _spent(lambda: _observed(leads, events, memory_limit=memory_limit))


def problems(leads: str, events: str) -> Spent:
    """Look for problems in a log that has been observed."""
    obs = _observed(leads, events)
    return _spent(lambda: find_problems(obs))


def _observed(leads: str, events: str, *, memory_limit: str | None = None) -> Observation:
    engine = DuckDBEngine(memory_limit=memory_limit)
    history = read_history(leads, events, as_of=AS_OF, engine=engine)
    return observe(history, observation_window="14D", horizon="90D")


def _spent(work: Callable[[], object]) -> Spent:
    started, waited = time.process_time(), time.perf_counter()
    work()
    return Spent(time.process_time() - started, peak(), time.perf_counter() - waited)
