"""What a fit costs, in CPU seconds and in memory above the data; each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import calibrate as cal
from benchmarks.fitting.auc import warm_up
from benchmarks.fitting.company import Leads, draw_leads
from benchmarks.fitting.data import TABLES, split_of
from benchmarks.fitting.fresh import Cost, cost_of, fresh
from benchmarks.fitting.marks import Mark, Options, all_met, at_most
from benchmarks.studies.study import Study

__all__ = ["MEASURED", "fit_million", "fit_table", "run"]

N_MANY, N_QUICK_MANY = 1_000_000, 20_000
N_RULES = 10
SEED = 7_000
CLASSIFIER, CARD, QUICK_CARD = (
    "`ScorecardClassifier.fit`",
    "`fit_scorecard(obs)`",
    "`fit_scorecard(obs, intervals=False)`",
)
READ, RIVAL = "`read_history` and `observe`", "`LogisticRegression.fit`"
SCORE_FRAME, SCORE, PREDICT = "`card.score_frame`", "`card.score(obs)`", "`predict_proba`"
TABLE_LIMITS = {TABLES[0]: 2.0, TABLES[2]: 10.0}
SECONDS, MEGABYTES, SCORING_SECONDS = 6.0, 460.0, 1.0

SUMMARY = """CPU seconds of all threads, and megabytes of the peak above what the process held with
the data loaded, each line in a process of its own, on one thread of linear algebra, after a small
fit that loads what is loaded once. At most {rules} rules. *many*: {many:,} leads of the simulated
company, thirty activities as a frame of 0/1 bytes. Where two lines of *many* lead to a card, the
reading is timed by itself; the intervals of the points (resamples of the leads) are part of
`fit_scorecard` unless left out. Scikit-learn's plain `LogisticRegression` is fitted to the same
frame.

Asked for: X Education under 2 seconds, bank under 10 (FasterRisk: 38 and 285 when the marks were
set), many under 6 seconds and 460 MB above the data, scoring as many under 1 second."""


def run(options: Options) -> Study:
    """Measure two public tables and a million simulated leads, or 20,000 with `options.quick`."""
    rows, marks = [], []

    def add(data: str, what: str, cost: Cost, seconds: float | None, megabytes: float | None):
        row, row_marks = _row(data, what, cost, seconds, megabytes)
        rows.append(row)
        marks.extend(row_marks)

    for name, limit in TABLE_LIMITS.items():
        for what in (CLASSIFIER, READ, CARD, QUICK_CARD):
            cost = _fresh("fit_table", folder=f"{options.data}", name=name, what=what)
            add(name, what, cost, None if what == READ else limit, None)
    n = N_QUICK_MANY if options.quick else N_MANY
    for what in MEASURED:
        cost = _fresh("fit_million", n=n, what=what)
        fits, scores = what in {CLASSIFIER, CARD, QUICK_CARD}, what in {SCORE, SCORE_FRAME, PREDICT}
        seconds = SECONDS if fits else SCORING_SECONDS if scores else None
        add("many", what, cost, seconds, MEGABYTES if fits else None)
    return Study(
        name="cost",
        table=pd.DataFrame(rows),
        summary=SUMMARY.format(rules=N_RULES, many=n),
        passed=all_met(marks) or options.quick,
    )


def _fresh(function: str, **arguments: Any) -> Cost:
    return Cost(*fresh(f"benchmarks.fitting.cost:{function}", **arguments))


def _row(
    data: str, what: str, cost: Cost, seconds: float | None, megabytes: float | None
) -> tuple[dict[str, object], list[Mark]]:
    row: dict[str, object] = {"data": data, "what": what}
    marks, wanted, verdicts = [], [], []
    for reached, limit, unit in ((cost.seconds, seconds, "s"), (cost.megabytes, megabytes, "MB")):
        if limit is not None:
            mark = at_most(reached, limit)
            marks.append(mark)
            wanted.append(f"{mark.wanted} {unit}")
            verdicts.append(mark.verdict if mark.met else f"{mark.verdict} {unit}")
    row |= {"CPU seconds": round(cost.seconds, 2), "MB": round(cost.megabytes)}
    return row | {"required": ", ".join(wanted), "verdict": ", ".join(verdicts)}, marks


def fit_table(folder: str, name: str, what: str) -> Cost:
    """Return what one step on the leads to learn from of a public table costs."""
    split = split_of(Path(folder), name)
    warm_up(split.train, split.train_outcome)
    outcome = np.where(split.train_outcome == 1, "converted", "lost")
    table = split.train.assign(lead_id=np.arange(len(outcome)), outcome=outcome)
    if what == CLASSIFIER:
        model = cal.ScorecardClassifier(max_criteria=N_RULES)
        return cost_of(lambda: model.fit(split.train, split.train_outcome))[1]
    obs, cost = cost_of(lambda: _observed(table))
    return cost if what == READ else cost_of(lambda: _fitted(obs, what))[1]


def _observed(table: pd.DataFrame) -> cal.Observation:
    return cal.observe(cal.read_history(table))


def _fitted(obs: cal.Observation, what: str) -> cal.Scorecard:
    return cal.fit_scorecard(obs, max_criteria=N_RULES, intervals=what != QUICK_CARD)


def _classified(leads: Leads) -> Callable[[], Any]:
    frame, model = leads.frame, cal.ScorecardClassifier(max_criteria=N_RULES)
    return lambda: model.fit(frame, leads.converted)


def _read(leads: Leads) -> Callable[[], Any]:
    table = leads.table
    return lambda: _observed(table)


def _card(what: str) -> Callable[[Leads], Callable[[], Any]]:
    def prepared(leads: Leads) -> Callable[[], Any]:
        obs = _observed(leads.table)
        return lambda: _fitted(obs, what)

    return prepared


def _rival(leads: Leads) -> Callable[[], Any]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only in this process

    LogisticRegression().fit(leads.frame[:1_000], leads.converted[:1_000])
    frame = leads.frame
    return lambda: LogisticRegression().fit(frame, leads.converted)


def _small_card(leads: Leads) -> cal.ScorecardClassifier:
    few = slice(0, 20_000)
    model = cal.ScorecardClassifier(max_criteria=N_RULES)
    return model.fit(leads.frame[few], leads.converted[few])


def _predicted(leads: Leads) -> Callable[[], Any]:
    model, frame = _small_card(leads), leads.frame
    return lambda: model.predict_proba(frame)


def _scored_frame(leads: Leads) -> Callable[[], Any]:
    card, frame = _small_card(leads).scorecard_, leads.frame
    return lambda: card.score_frame(frame)


def _scored(leads: Leads) -> Callable[[], Any]:
    card, obs = _small_card(leads).scorecard_, _observed(leads.table)
    return lambda: card.score(obs)


MEASURED: dict[str, Callable[[Leads], Callable[[], Any]]] = {
    CLASSIFIER: _classified,
    READ: _read,
    CARD: _card(CARD),
    QUICK_CARD: _card(QUICK_CARD),
    RIVAL: _rival,
    SCORE_FRAME: _scored_frame,
    SCORE: _scored,
    PREDICT: _predicted,
}


def fit_million(n: int, what: str) -> Cost:
    """Return what one of `MEASURED` costs on `n` simulated leads."""
    leads = draw_leads(n, np.random.default_rng(SEED))
    warm_up(leads.frame[:20_000], leads.converted[:20_000])
    return cost_of(MEASURED[what](leads))[1]
