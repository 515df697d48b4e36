"""What a user waits for: the help of the command line, and a run on ten thousand leads."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.fitting.fresh import ONE_THREAD
from benchmarks.fitting.marks import Options, all_met, at_most, said
from benchmarks.scaling.data import write_log
from benchmarks.scaling.floors import settings_of
from benchmarks.studies.study import Study

__all__ = ["run", "waited_for"]

N_LEADS, N_QUICK = 10_000, 2_000
N_TIMES = 5
HELP, RUN = 0.5, 10.0

SUMMARY = """Seconds waited, the start of Python and of the libraries included. `calibrate --help`,
median of {times}, beside the start of Python itself. `calibrate run`, once, on {leads:,} leads with
{events:,} events, with a backtest of one quarter. Asked for: {help:g} and {run:g} seconds."""


def run(options: Options) -> Study:
    """Measure all three; a smaller log with `options.quick`."""
    log = write_log(options.data, n_leads=N_QUICK if options.quick else N_LEADS)
    python, shown = waited_for("-c", "pass"), waited_for("-m", "calibrate", "--help")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "calibrate.toml")
        config.write_text(settings_of(f"{log.leads}", f"{log.events}"), encoding="utf-8")
        done = waited_for("-m", "calibrate", "run", "-c", f"{config}", times=1)
    helped, ran = at_most(shown, HELP), at_most(done, RUN)
    rows = [
        {"what": "`python -c pass`", "seconds": python},
        {"what": "`calibrate --help`", "seconds": shown, **said(helped)},
        {"what": "`calibrate run`", "seconds": done, **said(ran)},
    ]
    return Study(
        name="start_up",
        table=pd.DataFrame(rows, dtype=object),
        summary=SUMMARY.format(
            times=N_TIMES, leads=log.n_leads, events=log.n_events, help=HELP, run=RUN
        ),
        passed=all_met([helped, ran]) or options.quick,
    )


def waited_for(*arguments: str, times: int = N_TIMES) -> float:
    """Return the median seconds until Python, started with these arguments, has ended."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run(  # noqa: S603 - our own command
            [sys.executable, *arguments], env=ONE_THREAD, capture_output=True, check=True
        )
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))
