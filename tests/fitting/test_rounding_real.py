"""What whole numbers cost on real leads."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import calibrate as cal
from benchmarks.fitting.data import TABLES, split_of
from calibrate.fitting.classifier import _observed
from calibrate.observation import sample_of

pytestmark = pytest.mark.real


@pytest.mark.parametrize("table", TABLES[:2])
def test_rounding_costs_less_than_a_two_thousandth_of_auc(real_data, table) -> None:
    split = split_of(real_data, table)
    card = cal.ScorecardClassifier(max_criteria=12).fit(split.train, split.train_outcome).scorecard_
    outcome = np.where(np.asarray(split.train_outcome) == 1, "converted", "lost")
    obs = _observed(split.train.reset_index(drop=True), outcome)
    sample = sample_of(obs, [line.criterion for line in card.criteria])
    points = np.array([line.points for line in card.criteria])
    weights = sample.grouped().fit().coefficients
    whole = roc_auc_score(sample.converted, sample.flags @ points)
    exact = roc_auc_score(sample.converted, sample.flags @ weights)
    assert exact - whole < 0.0005
    assert (points != 0).all()
