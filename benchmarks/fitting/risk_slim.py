"""The five tables of the integer-score literature: ours and FasterRisk with as many rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

import calibrate as cal
from benchmarks.fitting.auc import warm_up
from benchmarks.fitting.data import RISK_SLIM, Split, binarised, folds_of
from benchmarks.fitting.fresh import cost_of, fresh
from benchmarks.fitting.marks import Options
from benchmarks.fitting.peers import FASTERRISK, PeerMissingError, answers_of
from benchmarks.studies.study import Study

__all__ = ["fit_folds", "is_met", "run"]

SIZES = (5, 10)

SUMMARY = """Mean test AUC over five folds, `StratifiedKFold(5, shuffle=True, random_state=0)`,
at the same number of rules k. *ours*: `ScorecardClassifier(max_criteria=k)` on the table as it is;
*rules* is how many its cards have on average. *FasterRisk* ({fasterrisk}, defaults): k integer
weights of 0/1 columns; `adult` and `mushroom` are 0/1 already, in the others every number becomes
"at most t" for its deciles (its values where there are ten or fewer), from the leads to learn from.
*Numbers as they are*: the same with k weights of the columns as they are, where one weight times a
number of ten values counts as one "rule": no yes/no card, for comparison only. *difference* is ours
less FasterRisk's on 0/1 columns, *folds* in how many of the five ours is above; CPU seconds a fold.

Required: on none of the {rows} rows a mean difference below 0, on most above."""


def run(options: Options) -> Study:
    """Measure five tables at five and ten rules, or one table with `options.quick`."""
    names, sizes = (("mammo",), SIZES[:1]) if options.quick else (RISK_SLIM, SIZES)
    rows = []
    for name in names:
        own = fresh(
            "benchmarks.fitting.risk_slim:fit_folds",
            folder=f"{options.data}",
            name=name,
            sizes=sizes,
        )
        folds = list(folds_of(options.data, name))
        rows += [_row(name, k, own[f"{k}"], folds, options) for k in sizes]
    table = pd.DataFrame(rows, dtype=object)
    summary = SUMMARY.format(fasterrisk=FASTERRISK.pinned, rows=len(rows))
    passed = is_met(table["difference"].astype(float)) or options.quick
    return Study(name="risk_slim", table=table, summary=summary, passed=passed)


def is_met(difference: pd.Series) -> bool:
    """Whether no difference is below 0 and most are above; one not measured is not met."""
    return bool((difference >= 0).all() and 2 * (difference > 0).sum() > len(difference))


def _row(
    name: str, k: int, own: dict[str, Any], folds: Sequence[Split], options: Options
) -> dict[str, object]:
    row: dict[str, object] = {"data": name, "k": k, "rules": own["rules"]}
    row["ours"] = float(np.mean(own["aucs"]))
    binary, plain = [binarised(split) for split in folds], list(folds)
    same = all(a.train.shape == b.train.shape for a, b in zip(binary, plain, strict=True))
    try:
        theirs, seconds = _fasterrisk(binary, k, options)
        row["FasterRisk"] = float(np.mean(theirs))
        difference = np.array(own["aucs"]) - theirs
        row["difference"] = float(difference.mean())
        row["folds"] = int((difference > 0).sum())
        row["verdict"] = "met" if row["difference"] >= 0 else "missed"
        if not same:
            as_it_is, _ = _fasterrisk(plain, k, options)
            row["numbers as they are"] = float(np.mean(as_it_is))
        row["CPU seconds, FasterRisk"] = seconds
    except PeerMissingError as missing:
        row |= {"difference": np.nan, "verdict": f"not measured: {missing}"}
    row["CPU seconds, ours"] = float(np.mean(own["seconds"]))
    return row


def _fasterrisk(splits: Sequence[Split], k: int, options: Options) -> tuple[np.ndarray, float]:
    answers = answers_of(FASTERRISK, splits, {"k": k}, refresh=options.refresh)
    aucs = [
        roc_auc_score(split.test_outcome, answer.scores)
        for split, answer in zip(splits, answers, strict=True)
    ]
    return np.array(aucs), float(np.mean([answer.seconds for answer in answers]))


def fit_folds(folder: str, name: str, sizes: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return what cards of each size reach in every fold; runs in a process of its own."""
    reached: dict[str, dict[str, Any]] = {}
    for k in sizes:
        aucs, seconds, rules = [], [], []
        for split in folds_of(Path(folder), name):
            if not reached and not aucs:
                warm_up(split.train, split.train_outcome)
            model = cal.ScorecardClassifier(max_criteria=k)
            _, cost = cost_of(lambda: model.fit(split.train, split.train_outcome))  # noqa: B023
            rate = model.predict_proba(split.test)[:, 1]
            aucs.append(float(roc_auc_score(split.test_outcome, rate)))
            seconds.append(cost.seconds)
            rules.append(len(model.scorecard_.criteria))
        reached[f"{k}"] = {"aucs": aucs, "seconds": seconds, "rules": float(np.mean(rules))}
    return reached
