"""Gradient boosting: columns of many values are cut at their weighted quantiles, at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.fitting import boosting
from calibrate.fitting.boosting import MOST_VALUES, _bin, _cuts, _quantiles, boosted


@pytest.mark.slow
@given(seed=st.integers(0, 1000))
def test_each_share_of_the_weight_has_its_quantile(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, weight = rng.integers(0, 900, 600).astype(float), rng.gamma(2.0, size=600)
    cuts = _quantiles(values, weight)
    assert (np.diff(cuts) > 0).all()
    below = np.array([weight[values < cut].sum() for cut in cuts])
    up_to = np.array([weight[values <= cut].sum() for cut in cuts])
    for share in np.arange(1, MOST_VALUES) / MOST_VALUES * weight.sum():
        assert ((below <= share + 1e-9) & (share <= up_to + 1e-9)).any()


def test_columns_are_binned_where_they_have_too_many_values() -> None:
    few, many = np.arange(300.0) % 10, np.arange(300.0)
    X, weight = np.column_stack([few, many]), np.ones(300)
    X[3, 1] = np.nan
    others = np.array([[4.5, -1.0], [np.nan, np.nan], [9.0, 1e6]])
    before = X.copy()
    cuts = [_cuts(column, weight) for column in X.T]
    for values in (X, others):
        _bin(values, cuts)
    assert np.array_equal(X[:, 0], before[:, 0])  # 10 values
    assert np.array_equal(others[:, 0], [4.5, np.nan, 9.0], equal_nan=True)
    bins = X[~np.isnan(X[:, 1]), 1]
    assert np.isnan(X[3, 1])
    assert (np.diff(bins) >= 0).all()  # the order of the 299 values is kept
    assert len(np.unique(bins)) == MOST_VALUES
    assert others[0, 1] == 0
    assert others[2, 1] == bins.max()
    assert np.isnan(others[1, 1])


def test_leads_that_weigh_nothing_cut_nothing() -> None:
    weight = (np.arange(400) < 200).astype(float)
    assert _cuts(np.arange(400.0), weight) is None  # 200 values weigh something
    assert _cuts(np.arange(400.0), np.ones(400)) is not None


def test_rates_worked_out_block_by_block_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    leads = pd.DataFrame({"visits": rng.integers(0, 400, 900), "weight": 1.0})
    leads["converted"] = rng.random(900) < leads["visits"] / 500
    at_once = boosted(leads, leads, attributes=[], activities=["visits"])
    monkeypatch.setattr(boosting, "BLOCK", 70)
    assert np.array_equal(at_once, boosted(leads, leads, attributes=[], activities=["visits"]))


@pytest.mark.parametrize("n", [256, 1000])
def test_equal_weights_may_be_anything(n: int) -> None:
    values = np.random.default_rng(n).permutation(n).astype(float)
    twice = _quantiles(values, np.full(n, 2.0))
    assert np.array_equal(_quantiles(values, np.ones(n)), twice)
