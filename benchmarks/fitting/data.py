"""The public tables of the benchmark, split as everybody who is measured on them gets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, train_test_split

__all__ = ["RISK_SLIM", "TABLES", "Split", "binarised", "folds_of", "read_table", "split_of"]

IDS = ("Prospect ID", "Lead Number")
LATER = ("Tags", "Lead Quality")  # written when the outcome was clear
ASYMMETRIQUE = tuple(
    f"Asymmetrique {part}"
    for part in ("Activity Index", "Profile Index", "Activity Score", "Profile Score")
)
LAST = ("Lead Profile", "Last Activity", "Last Notable Activity")
TABLES = ("X Education", "X Education, early columns", "bank")
RISK_SLIM = ("adult", "breastcancer", "mammo", "mushroom", "spambase")
N_FOLDS = 5
DECILES = np.linspace(0.1, 0.9, 9)


class Split(NamedTuple):
    """Leads to learn from and leads to be judged on."""

    train: pd.DataFrame
    train_outcome: NDArray[np.int8]
    test: pd.DataFrame
    test_outcome: NDArray[np.int8]


def read_table(folder: Path, name: str) -> tuple[pd.DataFrame, NDArray[np.int8]]:
    """Return the columns to learn from and the 0/1 outcome of one of `TABLES` or `RISK_SLIM`."""
    if name in RISK_SLIM:
        table = pd.read_csv(folder / "risk_slim" / f"{name}_data.csv.gz")
        return table.iloc[:, 1:], table.iloc[:, 0].to_numpy(dtype=np.int8)
    if name == "bank":
        table = pd.read_csv(folder / "bank_marketing" / "bank-full.csv.gz", sep=";")
        return table.drop(columns=["duration", "y"]), _yes(table["y"] == "yes")
    table = pd.read_csv(folder / "x_education" / "leads.csv.gz", na_values=["Select"])
    outcome = _yes(table["Converted"] == 1)
    dropped = ["Converted", *IDS, *LATER, *ASYMMETRIQUE, *(LAST if name != TABLES[0] else ())]
    table = table.drop(columns=dropped)
    return table.loc[:, table.nunique(dropna=False) > 1], outcome


def split_of(folder: Path, name: str) -> Split:
    """Return the stratified random split of a table, 70 % to learn from."""
    X, y = read_table(folder, name)
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    return Split(train.reset_index(drop=True), y_train, test.reset_index(drop=True), y_test)


def folds_of(folder: Path, name: str) -> Iterator[Split]:
    """Yield the five stratified folds of a table."""
    X, y = read_table(folder, name)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(X, y)
    for train, test in folds:
        learnt, judged = X.iloc[train], X.iloc[test]
        yield Split(learnt.reset_index(drop=True), y[train], judged.reset_index(drop=True), y[test])


def binarised(split: Split) -> Split:
    """Return the split as 0/1 columns, made from the leads to learn from alone.

    One column a level of a category, one for "missing", and one for each number "at most t", t
    each of its values where there are ten or fewer, else each of its deciles.
    """
    columns: dict[str, tuple[NDArray[np.int8], NDArray[np.int8]]] = {}
    for name in split.train.columns:
        for label, flags in _flags(split.train[name], split.test[name]):
            if 0 < flags[0].sum() < len(flags[0]):
                columns[f"{name} {label}"] = flags
    train, test = (pd.DataFrame({k: v[side] for k, v in columns.items()}) for side in (0, 1))
    return Split(train, split.train_outcome, test, split.test_outcome)


def _flags(train: pd.Series, test: pd.Series) -> Iterator[tuple[str, tuple[NDArray[np.int8], ...]]]:
    def both(rule: str, *arguments: object) -> tuple[NDArray[np.int8], ...]:
        return tuple(_yes(getattr(side, rule)(*arguments)) for side in (train, test))

    yield "missing", both("isna")
    if not pd.api.types.is_numeric_dtype(train.dtype):
        for level in sorted(train.dropna().unique()):
            yield f"= {level}", both("eq", level)
        return
    known = train.dropna()
    values = np.unique(known)
    cuts = values if len(values) <= len(DECILES) + 1 else np.unique(known.quantile(DECILES))
    for cut in cuts:
        yield f"<= {cut:g}", both("le", cut)


def _yes(said: pd.Series) -> NDArray[np.int8]:
    return np.asarray(said, dtype=np.int8)
