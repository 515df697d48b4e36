"""Outcomes that belong to other leads: a card must say that there is nothing to score on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import calibrate as cal
from benchmarks.fitting.data import TABLES, read_table
from benchmarks.fitting.fresh import fresh
from benchmarks.fitting.marks import Options, all_met, at_least, said
from benchmarks.studies.study import Study

__all__ = ["fit_permuted", "run"]

N_TRIES, N_QUICK_TRIES = 100, 10
MIN_SHARE = 0.95
MAX_CRITERIA = 12
SEED = 6_000

SUMMARY = """X Education as above, all {leads:,} leads, with the outcomes dealt out at random:
`ScorecardClassifier(max_criteria={most})`, {tries} tries, try k with `default_rng([{seed}, k])`.
*says so*: of the empty cards, those whose notes say that nothing separates converted from lost
leads. Built for 99 of 100."""


def run(options: Options) -> Study:
    """Deal the outcomes out 100 times, or ten times with `options.quick`."""
    tries = N_QUICK_TRIES if options.quick else N_TRIES
    reached = fresh(
        "benchmarks.fitting.permuted:fit_permuted", folder=f"{options.data}", tries=tries
    )
    empty = at_least(reached["empty"], MIN_SHARE * tries)
    says_so = at_least(reached["says so"], reached["empty"])
    rows = [
        {"cards": "empty", "of": tries, "reached": reached["empty"], **said(empty)},
        {"cards": "says so", "of": reached["empty"], "reached": reached["says so"]} | said(says_so),
    ]
    summary = SUMMARY.format(leads=reached["leads"], most=MAX_CRITERIA, tries=tries, seed=SEED)
    passed = all_met([empty, says_so])
    return Study(name="permuted", table=pd.DataFrame(rows), summary=summary, passed=passed)


def fit_permuted(folder: str, tries: int) -> dict[str, Any]:
    """Count the empty cards and those that say why; runs in a process of its own."""
    X, y = read_table(Path(folder), TABLES[0])
    cards = []
    for number in range(tries):
        dealt = np.random.default_rng([SEED, number]).permutation(y)
        model = cal.ScorecardClassifier(max_criteria=MAX_CRITERIA).fit(X, dealt)
        cards.append(model.scorecard_)
    empty = [card for card in cards if card.is_empty]
    says_so = [card for card in empty if "nothing separates" in " ".join(card.notes)]
    return {"leads": len(X), "empty": len(empty), "says so": len(says_so)}
