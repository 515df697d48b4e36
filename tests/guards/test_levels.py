"""Levels of a column: what is missing is one, and numbers of many values are cut."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calibrate.guards.levels import levels_of


def test_texts_are_numbered_in_alphabetical_order() -> None:
    codes, names = levels_of(pd.Series(["b", None, "a", "b", "(empty)"], dtype=object))
    assert names == ["(empty)", "a", "b"]  # missing, and so spelled, are one level
    assert codes.tolist() == [2, 0, 1, 2, 0]


def test_few_numbers_are_levels_as_they_stand() -> None:
    codes, names = levels_of(pd.Series([10.0, 9.0, np.nan, 10.0]))
    assert names == ["(empty)", "10.0", "9.0"]  # in the order of the texts
    assert codes.tolist() == [1, 2, 0, 1]


def test_many_numbers_are_cut_at_their_twentieths() -> None:
    codes, names = levels_of(pd.Series([*range(100), np.nan]))
    # quantiles 0, 0.05, ... of 0 to 99 are 99 k / 20: 0, 4.95, ..., 94.05
    assert len(names) == 22
    assert {"0", "above 0", "above 4.95", "above 94.05", "(empty)"} <= set(names)
    assert names[codes[0]] == "0"
    assert names[codes[4]] == "above 0"
    assert names[codes[5]] == "above 4.95"
    assert names[codes[99]] == "above 94.05"
    assert names[codes[100]] == "(empty)"


def test_a_column_without_rows_has_no_levels() -> None:
    codes, names = levels_of(pd.Series([], dtype=float))
    assert (len(codes), names) == (0, [])
