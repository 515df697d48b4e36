"""A run holds what fewer rules would give, and the short card where auto made a longer one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.pipeline.example import example_of
from calibrate.pipeline.lines import with_lifts
from calibrate.pipeline.sizes import other_sizes
from calibrate.pipeline.summary import parsimony_part, short_card_part
from calibrate.report.shape import rows_of
from tests.companies import wide_company
from tests.small_company import company_run


@pytest.fixture(scope="module")
def obs() -> cal.Observation:
    """Nine columns that each raise the odds: about as much each, so that few are not enough."""
    rng = np.random.default_rng(5)
    flags = rng.random((5000, 9)) < 0.4
    log_odds = -5 + flags @ np.full(9, 1.3)
    return wide_company(flags, rng.random(5000) < 1 / (1 + np.exp(-log_odds)))


def how(max_criteria: int | str) -> dict[str, object]:
    return {"max_criteria": max_criteria, "pairs": False, "rng": 0}


def sizes(obs: cal.Observation, card: cal.Scorecard, wanted: int | str) -> dict[str, object]:
    return other_sizes(obs, card, how(wanted), (), allow_sensitive=(), confidence_level=0.95)


@pytest.mark.slow
def test_beside_a_long_card_of_auto_stands_one_of_six_rules(obs: cal.Observation) -> None:
    card = cal.fit_scorecard(obs, max_criteria="auto", pairs=False, intervals=False)
    assert len(card.criteria) == 9
    found = sizes(obs, card, "auto")
    short, curve = found["short_card"], found["parsimony"]
    assert isinstance(short, cal.Scorecard)
    assert isinstance(curve, cal.Parsimony)
    assert len(short.criteria) == 6
    part = short_card_part(short, curve)
    assert part is not None
    row = curve.table.set_index("n_criteria").loc[6]
    assert part["price"]["auc_difference"] == row["auc_difference"] < 0
    assert part["price"]["auc_difference_ci_upper"] < 0  # nine equal effects: six are too few
    assert len(rows_of(part["card"]["criteria"])) == 6
    plain = parsimony_part(curve)
    assert plain is not None
    assert plain["table"][9]["chosen"] is True
    assert plain["ceiling"]["n"] == 5000


@pytest.mark.slow
def test_a_number_asked_for_is_a_number_chosen(obs: cal.Observation) -> None:
    card = cal.fit_scorecard(obs, max_criteria=7, pairs=False, intervals=False)
    assert sizes(obs, card, 7)["short_card"] is None
    assert short_card_part(None, None) is None


def test_methods_that_choose_no_number_have_no_curve(obs: cal.Observation) -> None:
    card = cal.fit_scorecard(obs, method="rate")
    assert sizes(obs, card, "auto") == {"parsimony": None, "short_card": None}
    assert parsimony_part(None) is None


def test_a_run_carries_the_curve_of_its_card() -> None:
    run = company_run()
    assert run.parsimony is not None
    pd.testing.assert_frame_equal(run.parsimony.table, run.card.parsimony)
    part = run.summary()["parsimony"]
    assert part["sentence"] == run.parsimony.sentence
    assert part["ceiling"]["n"] == int(run.observation.fitting.table["at_landmark"].sum())
    assert run.summary()["scorecard"]["parsimony"] == part["table"]
    assert run.short_card is None  # max_criteria = 3


def test_the_card_of_a_run_is_in_its_lift_table() -> None:
    run = company_run()
    names = set(run.lift.table["criterion"])
    assert {line.criterion.name for line in run.card.criteria} <= names


def test_the_example_is_the_lead_just_above_the_cut() -> None:
    run = company_run()
    lead = run.example
    assert lead is not None
    of_period = run.scores[(run.scores["set"] == "period")]
    compared = of_period[run.observation.table["at_landmark"].to_numpy(dtype=bool)]
    above = compared[compared["score"] >= run.card.tiers[0].at_least]
    assert lead["score"] == above["score"].min()
    same = above.loc[above["score"] == lead["score"], "lead_id"]
    assert lead["lead_id"] == same.min()
    assert lead["rules"]["points"].sum() == lead["score"]


def test_without_a_lead_above_the_cut_it_is_the_best_one(obs: cal.Observation) -> None:
    card = cal.fit_scorecard(obs, max_criteria=2, pairs=False, intervals=False)
    inputs = card.inputs(obs)
    some = inputs[card.score_frame(inputs)["score"] < 100]
    compared = pd.Series(data=True, index=some.index)
    best = example_of(card.with_tiers({"hot": 100, "cold": 0}), some, compared)
    assert best is not None
    assert best["score"] == card.score_frame(some)["score"].max()
    assert example_of(card, some.head(0), compared.head(0)) is None


def test_a_lift_is_one_number_on_the_card_and_in_the_table() -> None:
    run = company_run()
    table = run.lift.table.set_index("criterion")
    for line in run.card.criteria:
        row = table.loc[line.criterion.name]
        assert line.lift == row["lift"]
        assert line.lift_ci == (row["lift_ci_lower"], row["lift_ci_upper"])


def test_a_line_whose_lift_cannot_be_told_keeps_its_own(obs: cal.Observation) -> None:
    card = cal.fit_scorecard(obs, max_criteria=2, pairs=False, intervals=False)
    lift = cal.measure_lift(obs, [line.criterion for line in card.criteria])
    blank = lift.table.assign(lift=[np.nan, 2.0], lift_ci_upper=np.nan)
    lines = with_lifts(card, dataclasses.replace(lift, _table=blank)).criteria
    assert (lines[0].lift, lines[0].lift_ci) == (card.criteria[0].lift, card.criteria[0].lift_ci)
    assert (lines[1].lift, lines[1].lift_ci) == (2.0, None)
    elsewhere = cal.measure_lift(obs, [{"field": "x8", "at_least": 7}])
    assert with_lifts(card, elsewhere).criteria == card.criteria
