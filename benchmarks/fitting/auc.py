"""How well the integer score ranks leads it has not seen, beside cards and what is no card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

import calibrate as cal
from benchmarks.fitting.data import TABLES, Split, binarised, split_of
from benchmarks.fitting.fresh import cost_of, fresh
from benchmarks.fitting.marks import Mark, Options, all_met, at_least, said
from benchmarks.fitting.peers import (
    FASTERRISK,
    OPTBINNING,
    SKLEARN,
    Peer,
    PeerMissingError,
    answers_of,
)
from benchmarks.studies.study import Study

__all__ = ["MARKS", "REPORTED", "fit_cards", "run", "warm_up"]

SIZES = (6, 10, 12, 20)
MARKS: Mapping[tuple[str, int], float] = {
    (TABLES[0], 12): 0.904,
    (TABLES[0], 20): 0.909,
    (TABLES[1], 12): 0.865,
    (TABLES[1], 20): 0.868,
    (TABLES[2], 12): 0.776,
    (TABLES[2], 20): 0.790,
}
REPORTED = {  # best integer card, its rules, FasterRisk with 10, gradient boosting
    TABLES[0]: (0.907, 72, 0.895, 0.914),
    TABLES[1]: (0.864, 63, 0.857, 0.868),
    TABLES[2]: (0.776, 50, 0.754, 0.803),
}
BINNING = {"min_prebin_size": 0.01, "max_pvalue": 0.05}

SUMMARY = """Test AUC of the score, `train_test_split(test_size=.3, random_state=0, stratify=y)`.
*X Education* without the ids, `Tags`, `Lead Quality`, the four `Asymmetrique` columns and constant
ones, `Select` missing; *early columns* also without `Lead Profile`, `Last Activity` and `Last
Notable Activity`; *bank* without `duration`. Every fit on one thread, in a process of its own, its
CPU seconds after a small fit that loads what is loaded once.

- *ours*: `ScorecardClassifier(max_criteria=k)`, the same defaults everywhere; *rules* is how many
  the card really has (one that reads two columns is one rule), *columns of the card* how many
  columns they read.
- *FasterRisk* ({fasterrisk}): ten integer weights of 0/1 columns, made from the leads to learn
  from: one a level, one for missing, one "at most t" for every decile of a number (every value
  where there are ten or fewer). All its defaults; the best of its pool by loss.
- *optbinning* ({optbinning}): `BinningProcess` with 1 % pre-bins and `max_pvalue=.05`, logistic
  regression, `Scorecard` rounded to whole points from 0 to 100; *rules* are its bins.
- *logistic regression* (every level, numbers standardised, defaults) and *gradient boosting*
  (`HistGradientBoostingClassifier`, 300 trees of 8 leaves, rate 0.05, columns of text as
  categories) of {sklearn}: no cards.

Measured when the marks were set: {reported}."""


class _Model(NamedTuple):
    """A peer as this section asks it: who, with what options, and what it is given."""

    label: str
    peer: Peer
    options: Mapping[str, Any]
    prepared: Callable[[Split], Split]


def _as_it_is(split: Split) -> Split:
    return split


MODELS = (
    _Model("FasterRisk, k = 10", FASTERRISK, {"k": 10}, binarised),
    _Model("optbinning", OPTBINNING, {"binning": BINNING}, _as_it_is),
    _Model("logistic regression", SKLEARN, {"model": "logistic"}, _as_it_is),
    _Model("gradient boosting", SKLEARN, {"model": "boosting"}, _as_it_is),
)


def run(options: Options) -> Study:
    """Measure all tables, or with `options.quick` two cards and one peer of the first."""
    tables, sizes, models = (
        (TABLES[:1], SIZES[:2], MODELS[-1:]) if options.quick else (TABLES, SIZES, MODELS)
    )
    rows, marks = [], []
    for name in tables:
        split = split_of(options.data, name)
        own, own_marks = _ours(options.data, name, sizes)
        rows += [*own, *_theirs(name, split, models, options)]
        marks += own_marks
    summary = SUMMARY.format(
        fasterrisk=FASTERRISK.pinned,
        optbinning=OPTBINNING.pinned,
        sklearn=SKLEARN.pinned,
        reported="; ".join(_reported(name) for name in tables),
    )
    table = pd.DataFrame(rows, dtype=object)
    passed = all_met(marks) or options.quick
    return Study(name="auc", table=table, summary=summary, passed=passed)


def _reported(name: str) -> str:
    card, rules, fasterrisk, boosting = REPORTED[name]
    return (
        f"{name}, best integer card elsewhere {card} with {rules} rules, FasterRisk {fasterrisk}, "
        f"gradient boosting {boosting}"
    )


def _ours(
    data: Path, name: str, sizes: Sequence[int]
) -> tuple[list[dict[str, object]], list[Mark | None]]:
    rows, marks = [], []
    for card in fresh("benchmarks.fitting.auc:fit_cards", folder=f"{data}", name=name, sizes=sizes):
        limit = MARKS.get((name, card["k"]))
        mark = None if limit is None else at_least(card["auc"], limit)
        row = {"data": name, "model": f"ours, k = {card['k']}", "rules": card["rules"]}
        row |= {"columns of the card": card["columns"], "test AUC": card["auc"]}
        rows.append({**row, "CPU seconds": card["seconds"], **said(mark)})
        marks.append(mark)
    return rows, marks


def _theirs(
    name: str, split: Split, models: Sequence[_Model], options: Options
) -> list[dict[str, object]]:
    rows = []
    for model in models:
        row: dict[str, object] = {"data": name, "model": model.label}
        try:
            (answer,) = answers_of(
                model.peer, [model.prepared(split)], model.options, refresh=options.refresh
            )
            row["rules"] = answer.rules or ""
            row["test AUC"] = float(roc_auc_score(split.test_outcome, answer.scores))
            row["CPU seconds"] = answer.seconds
        except PeerMissingError as missing:
            row["verdict"] = f"not measured: {missing}"
        rows.append(row)
    return rows


def warm_up(frame: pd.DataFrame, outcome: NDArray[Any]) -> None:
    """Fit a card on a few of the leads, so that everything loaded once is loaded."""
    some = np.r_[np.flatnonzero(outcome == 1)[:100], np.flatnonzero(outcome == 0)[:200]]
    cal.ScorecardClassifier(max_criteria=2).fit(frame.iloc[some], outcome[some])


def fit_cards(folder: str, name: str, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Return what a card of each size reaches on a table; runs in a process of its own."""
    split = split_of(Path(folder), name)
    warm_up(split.train, split.train_outcome)
    return [_fit_card(split, k) for k in sizes]


def _fit_card(split: Split, k: int) -> dict[str, Any]:
    model = cal.ScorecardClassifier(max_criteria=k)
    _, cost = cost_of(lambda: model.fit(split.train, split.train_outcome))
    rate = model.predict_proba(split.test)[:, 1]  # one rate a score, strictly increasing
    card = model.scorecard_
    return {
        "k": k,
        "rules": len(card.criteria),
        "columns": len(card.fields),
        "auc": float(roc_auc_score(split.test_outcome, rate)),
        "seconds": cost.seconds,
    }
