"""The study of two cards on the same leads, small."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.studies import paired

PLAIN = paired.Cell("plain", "two rules", 1_500, 0.2)
CONTACTS = paired.Cell("contacts", "two rules", 1_500, 0.2)


def test_the_truth_is_the_difference_on_fresh_leads():
    leads = paired.draw(PLAIN, paired.N_FRESH, np.random.default_rng([5, 0]))
    areas = [
        roc_auc_score(leads.converted, leads.traits @ paired.POINTS[card])
        for card in ("candidate", "two rules")
    ]
    expected = areas[0] - areas[1]
    assert paired.truth(PLAIN, np.random.default_rng([5, 0])) == pytest.approx(expected)
    assert expected > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "pooled", "contacts", "young"])
def test_the_interval_holds_the_truth(kind: str) -> None:
    row = paired.simulated(PLAIN._replace(kind=kind), n_samples=120, seed=3)
    # binomial(120, 0.95): under .89 or over .993 five times in 1,000 (scipy: binom.cdf, sf)
    assert 0.89 <= row["coverage"] <= 0.993
    assert abs(row["bias"]) < 0.01


def test_taking_deals_of_a_contact_for_independent_does_not(monkeypatch) -> None:
    """Were each deal a lead for itself, the interval would be too narrow."""
    row = paired.simulated(CONTACTS, n_samples=40, seed=4)
    scores = paired._scores
    monkeypatch.setattr(
        paired, "_scores", lambda *given: scores(*given).drop(columns="cluster", errors="ignore")
    )
    alone = paired.simulated(CONTACTS, n_samples=40, seed=4)
    assert alone["half width"] < 0.95 * row["half width"]


def test_the_requirement_can_fail() -> None:
    row = {"conversions": 100, "coverage": 0.95, "samples": 2_000}
    assert paired.is_met(pd.DataFrame([row]))
    for coverage in (0.91, 0.985):
        assert not paired.is_met(pd.DataFrame([row, row | {"coverage": coverage}]))
    assert not paired.is_met(pd.DataFrame([row | {"conversions": 10}]))
