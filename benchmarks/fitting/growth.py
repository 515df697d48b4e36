"""How the cost of a fit grows with leads and with candidates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

import calibrate as cal
from benchmarks.fitting.auc import warm_up
from benchmarks.fitting.company import draw_leads
from benchmarks.fitting.fresh import cost_of, fresh
from benchmarks.fitting.marks import Options, all_met, at_most, said
from benchmarks.studies.study import Study

__all__ = ["exponent", "fit_seconds", "run"]

LEADS, ACTIVITIES = (50_000, 100_000, 200_000), (20, 40, 80)
QUICK_LEADS, QUICK_ACTIVITIES = (2_000, 4_000, 8_000), (20, 40, 80)
N_RULES = 10
N_TIMES = 3
SEED = 8_000
MAX_EXPONENT = 1.1  # 1, and what the timing of a shared machine is off by

SUMMARY = """CPU seconds of `fit_scorecard(obs, max_criteria={rules}, intervals=False)`, median of
{times}, in a process of its own: leads of the simulated company with that many activities, twelve
of them with an effect. *exponent*: slope of the logarithm of the seconds on that of the leads
(first three rows) or of the activities (last three); 1 is as many times the seconds as there are
more. Required: at most {most}."""


def run(options: Options) -> Study:
    """Measure three numbers of leads and three of activities; small ones with `options.quick`."""
    leads, activities = (QUICK_LEADS, QUICK_ACTIVITIES) if options.quick else (LEADS, ACTIVITIES)
    settings = {
        "leads": [(n, activities[1]) for n in leads],
        "activities": [(leads[1], p) for p in activities],
    }
    known: dict[tuple[int, int], float] = {}
    rows, marks = [], []
    for place, (grows, pairs) in enumerate(settings.items()):
        for n, p in pairs:
            if (n, p) not in known:
                known[n, p] = fresh("benchmarks.fitting.growth:fit_seconds", n=n, p=p)
            rows.append({"grows": grows, "leads": n, "activities": p, "CPU seconds": known[n, p]})
        slope = exponent([pair[place] for pair in pairs], [known[pair] for pair in pairs])
        mark = at_most(slope, MAX_EXPONENT)
        rows.append({"grows": grows, "exponent": slope, **said(mark)})
        marks.append(mark)
    return Study(
        name="growth",
        table=pd.DataFrame(rows, dtype=object),
        summary=SUMMARY.format(rules=N_RULES, times=N_TIMES, most=MAX_EXPONENT),
        passed=all_met(marks) or options.quick,
    )


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the slope of log seconds on log size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def fit_seconds(n: int, p: int) -> float:
    """Return the median CPU seconds of a fit to `n` leads with `p` activities."""
    drawn = draw_leads(n, np.random.default_rng([SEED, n, p]), n_activities=p)
    warm_up(drawn.frame, drawn.converted)
    obs = cal.observe(cal.read_history(drawn.table))
    costs = [
        cost_of(lambda: cal.fit_scorecard(obs, max_criteria=N_RULES, intervals=False))[1]
        for _ in range(N_TIMES)
    ]
    return float(np.median([cost.seconds for cost in costs]))
