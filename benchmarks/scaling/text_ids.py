"""Ids of eighteen characters, as CRMs give them, beside whole numbers."""

from __future__ import annotations

import time

import pandas as pd

import calibrate as cal
from benchmarks.fitting.marks import Options, all_met, at_most, said
from benchmarks.scaling.data import AS_OF, write_log
from benchmarks.scaling.floors import Spent, floor_of, peak, spent
from benchmarks.studies.study import Study

__all__ = ["read_and_observe", "run"]

N_LEADS, N_QUICK = 1_000_000, 10_000
TIMES = 2.0

SUMMARY = """`read_history` and `observe` on {leads:,} leads with {events:,} events whose ids are
whole numbers, and on the same ones with ids of eighteen characters. *times the floor*: of decoding
the columns needed of the events of either file. Asked for: text takes at most {times:g} times the
CPU seconds of whole numbers."""


def run(options: Options) -> Study:
    """Measure both; small ones with `options.quick`."""
    n_leads = N_QUICK if options.quick else N_LEADS
    rows, seconds, n_events = [], [], 0
    for text_ids in (False, True):
        log = write_log(options.data, n_leads=n_leads, text_ids=text_ids)
        n_events = log.n_events
        floor = floor_of(log)
        cost = spent(
            "benchmarks.scaling.text_ids:read_and_observe",
            leads=f"{log.leads}",
            events=f"{log.events}",
        )
        seconds.append(cost.seconds)
        rows.append(
            {
                "ids": "text" if text_ids else "whole numbers",
                "CPU seconds": cost.seconds,
                "times the floor": cost.seconds / floor,
                "GB": cost.gigabytes,
            }
        )
    mark = at_most(seconds[1] / seconds[0], TIMES)
    rows.append({"ids": "times", "CPU seconds": seconds[1] / seconds[0], **said(mark)})
    return Study(
        name="text_ids",
        table=pd.DataFrame(rows, dtype=object),
        summary=SUMMARY.format(leads=n_leads, events=n_events, times=TIMES),
        passed=all_met([mark]) or options.quick,
    )


def read_and_observe(leads: str, events: str) -> Spent:
    """Read a log and observe all its leads; return what it took, libraries loaded before."""
    import calibrate.observation  # noqa: F401, PLC0415 - loaded before the clock starts

    started, waited = time.process_time(), time.perf_counter()
    history = cal.read_history(leads, events, as_of=AS_OF)
    cal.observe(history, observation_window="14D", horizon="90D")
    return Spent(time.process_time() - started, peak(), time.perf_counter() - waited)
