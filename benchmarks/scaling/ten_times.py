"""Ten million leads within four gigabytes, and whether ten times the data take as many times."""

from __future__ import annotations

import pandas as pd

from benchmarks.fitting.marks import Options, all_met, at_most, said
from benchmarks.scaling.data import write_log
from benchmarks.scaling.floors import spent
from benchmarks.studies.study import Study

__all__ = ["run"]

N_LEADS, N_QUICK = 10_000_000, 20_000
LIMIT, GIGABYTES, TIMES = "4GB", 4.5, 12.0

SUMMARY = """All that `calibrate run` does, as in *whole_run*, with `memory_limit = "{limit}"` under
`[engine]`: a log of {leads:,} leads with {events:,} events, and its tenth. Asked for: the large one
finishes, takes at most {times:g} times the CPU seconds of the small one, and never holds more than
{gigabytes:g} GB. Below: the steps of the large one, and the largest memory by the end of each."""


def run(options: Options) -> Study:
    """Measure two runs; small ones with `options.quick`."""
    n = N_QUICK if options.quick else N_LEADS
    costs, events = [], 0
    for n_leads in (n // 10, n):
        log = write_log(options.data, n_leads=n_leads)
        events = log.n_events
        function = "benchmarks.scaling.floors:whole_run"
        files = {"leads": f"{log.leads}", "events": f"{log.events}"}
        costs.append(spent(function, **files, memory_limit=LIMIT))
    small, large = costs
    times = at_most(large.seconds / small.seconds, TIMES)
    memory = at_most(large.gigabytes, GIGABYTES)
    rows = [
        {"leads": n // 10, "CPU seconds": small.seconds, "GB": small.gigabytes},
        {"leads": n, "CPU seconds": large.seconds, "GB": large.gigabytes, **said(memory)},
        {"leads": "times", "CPU seconds": large.seconds / small.seconds, **said(times)},
        *(
            {"leads": f"{n:,}: {stage}", "CPU seconds": part, "GB": peak}
            for stage, part, peak in large.stages
        ),
    ]
    return Study(
        name="ten_times",
        table=pd.DataFrame(rows, dtype=object),
        summary=SUMMARY.format(
            limit=LIMIT, leads=n, events=events, times=TIMES, gigabytes=GIGABYTES
        ),
        passed=all_met([times, memory]) or options.quick,
    )
