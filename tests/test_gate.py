"""When a new card is recommended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calibrate.backtest import Backtest
from calibrate.backtest.values import DIFFERENCE_COLUMNS, POOLED_COLUMNS
from calibrate.criteria import as_criterion
from calibrate.gate import recommend
from calibrate.guards import FilledByOutcome
from calibrate.scorecard import Scorecard, ScoredCriterion

CLICK = {"activity": "email_click", "at_least": 1}


def a_card(points: int | None = 20) -> Scorecard:
    score = np.arange(101)
    rates = pd.DataFrame({"score": score, "rate": (score + 1) / 200})
    line = ScoredCriterion(
        criterion=as_criterion({"name": "clicked", "when": CLICK}), points=points or 0
    )
    return Scorecard(
        name="card",
        period=("2023-01-01", "2023-10-01"),
        as_of="2024-01-01",
        method="logistic",
        control={"rate": 0.1, "n": 1000},
        base=0,
        criteria=() if points is None else (line,),
        expected_rate=rates.assign(rate_ci_lower=0.0, rate_ci_upper=1.0),
    )


def a_proof(
    *,
    difference: tuple[float, float, float] | None = (0.02, -0.005, 0.045),
    against_chance: tuple[float, float, float] = (0.2, 0.15, 0.25),
    slope: tuple[float, float] = (0.85, 1.1),
    current_auc: tuple[float, float] | None = (0.6, 0.7),
    hand_made: tuple[float, float, float] | None = None,
) -> Backtest:
    """A backtest with just the pooled figures that the gate reads."""

    def row(card: str, figures: tuple[float, float, float]) -> dict[str, Any]:
        names = ("difference", "difference_ci_lower", "difference_ci_upper")
        known = dict(zip(names, figures, strict=True))
        return {"period": "all", "card": card, "n": 2000, "n_converted": 100, **known}

    differences = [row("equal", against_chance)]
    pooled: list[dict[str, Any]] = [
        {
            "card": "candidate",
            "auc": 0.7,
            "auc_ci_lower": 0.65,
            "auc_ci_upper": 0.75,
            "calibration_slope": sum(slope) / 2,
            "calibration_slope_ci_lower": slope[0],
            "calibration_slope_ci_upper": slope[1],
        }
    ]
    if difference is not None:
        differences.append(row("current", difference))
    if hand_made is not None:
        differences.append(row("hand_made", hand_made))
    if current_auc is not None:
        pooled.append(
            {"card": "current", "auc_ci_lower": current_auc[0], "auc_ci_upper": current_auc[1]}
        )
    empty = pd.DataFrame()
    return Backtest(
        confidence_level=0.95,
        _table=empty,
        _skipped=empty,
        _missed=empty,
        _differences=pd.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
        _pooled=pd.DataFrame(pooled, columns=list(POOLED_COLUMNS)),
        _scores=empty,
    )


def test_a_card_no_worse_and_well_calibrated_is_promoted() -> None:
    gate = recommend(a_proof(), candidate=a_card(), current=a_card(15))
    assert gate.recommendation == "promote"
    assert "AUC +0.020 (-0.005 to +0.045) over 2,000 leads" in gate.reasons[0]
    assert gate.figures["difference"] == 0.02
    assert gate.table["figure"].iloc[0] == "compared_with"


@pytest.mark.parametrize(
    ("difference", "recommendation"),
    [
        ((-0.01, -0.03, 0.01), "promote"),  # exactly the margin, interval not wholly below 0
        ((-0.011, -0.03, 0.01), "hold"),  # below the margin
        ((-0.005, -0.009, -0.001), "hold"),  # within the margin, but surely worse
        (None, "hold"),  # nothing after both cards' as_of to compare them on
    ],
)
def test_the_margin_against_the_current_card(
    difference: tuple[float, float, float] | None, recommendation: str
) -> None:
    gate = recommend(a_proof(difference=difference), candidate=a_card(), current=a_card())
    assert gate.recommendation == recommendation


def test_it_says_from_when_on_the_two_cards_can_be_compared() -> None:
    # the card in force is of 2024-01-01: it knew leads of the quarter before
    waiting = (("2023-10-01", "2024-03-30"), ("2024-01-01", "2024-06-29"))
    proof = replace(a_proof(difference=None), waiting=waiting)
    gate = recommend(proof, candidate=a_card(), current=a_card())
    assert gate.reasons[0] == (
        "no quarter since 2024-01-01 can be judged yet: the two cards are not compared; the first "
        "can be from 2024-06-29 on"
    )
    assert gate.figures["first_judged"] == "2024-06-29"


@pytest.mark.parametrize(
    ("slope", "recommendation"),
    [
        ((0.5, 0.79), "hold"),
        ((0.5, 0.8), "promote"),
        ((1.25, 1.5), "promote"),
        ((1.26, 1.5), "hold"),
        ((np.nan, np.nan), "hold"),
    ],
)
def test_the_calibration_slope_must_meet_its_range(
    slope: tuple[float, float], recommendation: str
) -> None:
    gate = recommend(a_proof(slope=slope), candidate=a_card(), current=a_card())
    assert gate.recommendation == recommendation


def test_without_a_current_card_it_must_beat_chance() -> None:
    assert recommend(a_proof(), candidate=a_card()).recommendation == "promote"
    null = recommend(a_proof(against_chance=(0.02, -0.01, 0.05)), candidate=a_card())
    assert null.recommendation == "hold"
    assert "does not rank better than chance" in null.reasons[0]


def test_it_must_not_be_surely_worse_than_the_hand_made_points() -> None:
    worse = recommend(a_proof(hand_made=(-0.05, -0.09, -0.01)), candidate=a_card())
    assert worse.recommendation == "hold"
    (reason,) = worse.reasons
    assert reason == (
        "the candidate ranks worse than the hand-made points: AUC -0.050 (-0.090 to -0.010) over "
        "2,000 leads"
    )
    unsure = recommend(a_proof(hand_made=(-0.05, -0.11, 0.01)), candidate=a_card())
    assert unsure.recommendation == "promote"
    assert unsure.figures["hand_made_difference"] == -0.05
    # a card in force has replaced them
    beside = recommend(
        a_proof(hand_made=(-0.05, -0.09, -0.01)), candidate=a_card(), current=a_card()
    )
    assert beside.recommendation == "promote"


def test_what_was_not_walked_forward_is_no_proof() -> None:
    proof = replace(a_proof(), is_walk_forward=False, _table=pd.DataFrame({"period": ["2023Q4"]}))
    gate = recommend(proof, candidate=a_card(), current=a_card())
    assert gate.recommendation == "hold"
    assert gate.reasons[0].startswith("not walk-forward: tried on 2023Q4 only")
    assert recommend(a_proof(), candidate=a_card()).figures["is_walk_forward"] is True


def test_every_condition_has_its_figures() -> None:
    gate = recommend(a_proof(), candidate=a_card(30), current=a_card(15), max_change=20)
    expected = {"least_difference": -0.01, "least_slope": 0.8, "most_slope": 1.25, "leaks": []}
    assert expected.items() <= gate.figures.items()
    assert (gate.figures["largest_change"], gate.figures["max_change"]) == (15, 20)
    alone = recommend(a_proof(), candidate=a_card())
    assert (alone.figures["largest_change"], alone.figures["max_change"]) == (None, None)


def test_an_empty_candidate_is_never_promoted() -> None:
    gate = recommend(a_proof(), candidate=a_card(None))
    assert gate.recommendation == "hold"
    assert "empty" in gate.reasons[0]


def test_a_current_card_that_is_worth_nothing_is_retired() -> None:
    proof = a_proof(current_auc=(0.48, 0.55), slope=(0.1, 0.5))
    gate = recommend(proof, candidate=a_card(), current=a_card())
    assert gate.recommendation == "retire"
    assert "current card does not rank" in gate.reasons[0]
    # a good candidate replaces it instead
    better = recommend(a_proof(current_auc=(0.48, 0.55)), candidate=a_card(), current=a_card())
    assert better.recommendation == "promote"


@pytest.mark.parametrize(
    ("severity", "column", "recommendation"),
    [
        ("certain", "email_click", "hold"),
        ("likely", "email_click", "promote"),
        ("certain", "contract_plan", "promote"),  # a leak that the card does not use
    ],
)
def test_a_certain_leak_that_the_card_rests_on(
    severity: str, column: str, recommendation: str
) -> None:
    finding = FilledByOutcome(
        severity=severity,
        what=f"{column} is filled in for winners only",
        how_sure="",
        effect="",
        action="",
        columns=(column,),
    )
    gate = recommend(a_proof(), candidate=a_card(), findings=[finding])
    assert gate.recommendation == recommendation


def test_points_that_move_further_than_allowed() -> None:
    wide = recommend(a_proof(), candidate=a_card(30), current=a_card(15), max_change=10)
    assert wide.recommendation == "hold"
    assert "clicked +15" in wide.reasons[0]
    near = recommend(a_proof(), candidate=a_card(25), current=a_card(15), max_change=10)
    assert near.recommendation == "promote"


def test_a_backtest_without_a_single_quarter_proves_nothing() -> None:
    empty = pd.DataFrame()
    proof = Backtest(
        confidence_level=0.95,
        _table=empty,
        _skipped=empty,
        _missed=empty,
        _differences=pd.DataFrame(columns=list(DIFFERENCE_COLUMNS)),
        _pooled=pd.DataFrame(columns=list(POOLED_COLUMNS)),
        _scores=empty,
    )
    gate = recommend(proof, candidate=a_card())
    assert gate.recommendation == "hold"
    assert len(gate.reasons) == 2
    assert gate.figures["difference"] is None
