"""What every figure is measured against, and how: each in a process of its own."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np

import calibrate as cal
from benchmarks.fitting.fresh import fresh
from benchmarks.scaling.data import AS_OF, Log

__all__ = ["Spent", "decode", "floor_of", "settings_of", "spent", "whole_run"]

GIGABYTE = 1 << 30
N_FLOORS = 3


class Spent(NamedTuple):
    """CPU seconds of all threads, the largest resident memory in gigabytes, seconds waited.

    ``stages`` has the names of the steps of a run, the CPU seconds of each, and the largest memory
    by its end.
    """

    seconds: float
    gigabytes: float
    waited: float
    stages: Sequence[tuple[str, float, float]] = ()


def spent(function: str, **arguments: Any) -> Spent:
    """Return what ``module:function`` says it took, called in a new process."""
    return Spent(*fresh(function, **arguments))


def floor_of(log: Log) -> float:
    """Return the CPU seconds of decoding the columns needed of the events, median of three."""
    return float(np.median([decode(f"{log.events}") for _ in range(N_FLOORS)]))


def decode(events: str) -> float:
    """Return the CPU seconds that DuckDB takes to decode lead, activity and time of all events."""
    with duckdb.connect() as connection:
        started = time.process_time()
        connection.execute(
            # counts and extremes would be answered from the file's own statistics
            "SELECT last(lead_id), last(activity), last(occurred_at) FROM read_parquet($1)",
            [events],
        ).fetchall()
        return time.process_time() - started


def settings_of(leads: str, events: str, *, memory_limit: str | None = None) -> str:
    """Return the settings of a run on a log, as a user would write them."""
    engine = "" if memory_limit is None else f'[engine]\nmemory_limit = "{memory_limit}"\n'
    return f"""[leads]
source = "{leads}"
id = "lead_id"
created_at = "created_at"
outcome = "outcome"
closed_at = "closed_at"
[activities]
source = "{events}"
lead = "lead_id"
activity = "activity"
occurred_at = "occurred_at"
[calibration]
as_of = "{AS_OF:%Y-%m-%d}"
observation_window = "14D"
horizon = "90D"
backtest_quarters = 1
{engine}"""


def whole_run(leads: str, events: str, *, memory_limit: str | None = None) -> Spent:
    """Do all that ``calibrate run`` does, the run folder included, and return what it took."""
    begun = [("starting Python and the libraries", 0.0, 0.0)]

    def begin(stage: str, _done: float) -> None:
        begun.append((stage.partition(",")[0], time.process_time(), peak()))  # no rows read

    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "calibrate.toml")
        config.write_text(settings_of(leads, events, memory_limit=memory_limit), encoding="utf-8")
        waited = time.perf_counter()
        cal.write_run(cal.recalibrate(config, progress=begin), Path(folder, "run"))
        waited = time.perf_counter() - waited
    seconds, largest = time.process_time(), peak()
    begun[-1] = ("writing the run folder", *begun[-1][1:])  # all else is done
    ends = [*(moment for _, *moment in begun[1:]), [seconds, largest]]
    stages = [
        (name, end - start, memory)
        for (name, start, _), (end, memory) in zip(begun, ends, strict=True)
    ]
    return Spent(seconds, largest, waited, stages)


def peak() -> float:
    """Return the largest resident memory of this process so far, in gigabytes."""
    kilobytes = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobytes / GIGABYTE
