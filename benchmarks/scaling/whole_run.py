"""The whole ``calibrate run`` on a million leads, beside what decoding their events costs."""

from __future__ import annotations

import pandas as pd

from benchmarks.fitting.marks import Options, all_met, at_most, said
from benchmarks.scaling.data import write_log
from benchmarks.scaling.floors import floor_of, spent
from benchmarks.studies.study import Study

__all__ = ["run"]

N_LEADS, N_QUICK = 1_000_000, 10_000
TIMES, GIGABYTES = 30.0, 2.0

SUMMARY = """All that `calibrate run` does, from the files to the run folder, on {leads:,} leads
with {events:,} events: reading, guards, control rate, lift, card with intervals, thresholds, a
backtest of one quarter (`backtest_quarters = 1`), scores of all leads of the period and of all open
ones, report. The floor is what DuckDB takes to decode the three columns needed of the events. Asked
for: at most {times:g} times the floor, and {gigabytes:g} GB. The start of Python and of the
libraries, some three seconds, is in it. *of it*: the steps that a run tells of, and the largest
memory by the end of each."""


def run(options: Options) -> Study:
    """Measure one run; a small one with `options.quick`."""
    log = write_log(options.data, n_leads=N_QUICK if options.quick else N_LEADS)
    floor = floor_of(log)
    cost = spent(
        "benchmarks.scaling.floors:whole_run", leads=f"{log.leads}", events=f"{log.events}"
    )
    times, memory = at_most(cost.seconds / floor, TIMES), at_most(cost.gigabytes, GIGABYTES)
    rows = [
        {"what": "decoding", "CPU seconds": floor, "times the floor": 1.0},
        {
            "what": "`calibrate run`",
            "CPU seconds": cost.seconds,
            "times the floor": cost.seconds / floor,
            **said(times),
        },
        {"what": "its largest memory, GB", "GB": cost.gigabytes, **said(memory)},
        *(
            {
                "what": f"of it {stage}",
                "CPU seconds": part,
                "times the floor": part / floor,
                "GB": memory,
            }
            for stage, part, memory in cost.stages
        ),
    ]
    return Study(
        name="whole_run",
        table=pd.DataFrame(rows, dtype=object),
        summary=SUMMARY.format(
            leads=log.n_leads, events=log.n_events, times=TIMES, gigabytes=GIGABYTES
        ),
        passed=all_met([times, memory]) or options.quick,
    )
