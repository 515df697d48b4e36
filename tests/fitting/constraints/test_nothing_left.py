"""Where constraints keep out all that separates, what is left by chance gets no points."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate as cal
from tests.companies import wide_company

NOTE = "nothing that the constraints allow separates converted from lost leads"


def company(seed: int, second: float = 0.0):
    """Six yes/no columns: the first with a strong effect, the second with one or none."""
    rng = np.random.default_rng(seed)
    flags = rng.random((1200, 6)) < 0.4
    log_odds = -2 + 1.8 * flags[:, 0] + second * flags[:, 1]
    return wide_company(flags, rng.random(1200) < 1 / (1 + np.exp(-log_odds)))


@pytest.mark.parametrize("constraints", [{"forbidden": ["x0"]}, {"sign": {"x0": "-"}}])
@pytest.mark.parametrize("seed", range(4))
def test_a_card_of_chance_is_no_card(seed, constraints) -> None:
    card = cal.fit_scorecard(company(seed), intervals=False, constraints=constraints)
    assert card.is_empty
    assert card.notes[0].startswith(NOTE)


@pytest.mark.parametrize("constraints", [{"forbidden": ["x0"]}, {"sign": {"x0": "-"}}])
def test_what_else_there_is_is_found(constraints) -> None:
    card = cal.fit_scorecard(company(0, 1.2), intervals=False, constraints=constraints)
    assert "x1 at least 1" in {line.criterion.name for line in card.criteria}


def test_what_must_be_on_the_card_is_there_alone() -> None:
    constraints = {"forbidden": ["x0"], "required": ["x3 at least 1"]}
    card = cal.fit_scorecard(company(1), intervals=False, constraints=constraints)
    assert [line.criterion.name for line in card.criteria] == ["x3 at least 1"]
