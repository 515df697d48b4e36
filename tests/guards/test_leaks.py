"""Columns that tell the outcome: each guard fires on its trap, and keeps quiet beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibrate.guards import SeparatesAlone, ValueDecides, find_problems, leaking_columns
from calibrate.guards.bots import Bots
from calibrate.guards.levels import fold_of, levels_of, separation
from calibrate.observation import observe

N = 1_000


def history_of(hand_history, hand_attribute, columns, converted, kinds=None):
    """A wide table of leads with the columns given."""
    attributes = [
        hand_attribute(name, f"x{j}", (kinds or {}).get(name, "category"))
        for j, name in enumerate(columns)
    ]
    leads = [
        {"lead_id": f"L{i}", "outcome": "converted" if converted[i] else "lost"}
        | {f"x{j}": columns[name][i] for j, name in enumerate(columns)}
        for i in range(len(converted))
    ]
    return hand_history(leads, as_of=None, is_wide=True, attributes=attributes)


def found_in(history, **options):
    return {finding.guard: finding for finding in find_problems(observe(history, **options))}


@pytest.fixture(scope="module")
def outcome():
    """100 of 1,000 leads converted."""
    return np.arange(N) % 10 == 0


def test_a_column_filled_in_only_for_winners(hand_history, hand_attribute, outcome):
    plan = ["basic" if won and i % 3 else None for i, won in enumerate(outcome)]
    found = found_in(history_of(hand_history, hand_attribute, {"plan": plan}, outcome))
    finding = found.pop("filled in only for winners")
    assert finding.severity == "certain"
    assert (finding.n_filled, finding.n_converted_filled) == (66, 66)
    assert (finding.n_empty, finding.n_converted_empty) == (934, 34)
    assert 'allow_leaks = ["plan"]' in finding.action
    assert finding.columns == ("plan",)
    # i = 0, 10, 20, ...: a third of the 100 winners (i divisible by 30: 34) has no plan.
    assert finding.what == (
        '"plan" is filled in for 66 leads, of which 66 (100.0%) converted; '
        "of the 934 without it, 34 (3.6%) did"
    )
    assert not found


def test_a_column_filled_in_mostly_for_winners(hand_history, hand_attribute, outcome):
    # 90 of 100 winners, 90 of 900 others: 90 / 180 = 50 % against 10 / 820 = 1.2 %.
    rank = np.where(outcome, np.arange(N) // 10, np.arange(N))
    there = np.where(outcome, rank % 10 > 0, rank % 9 == 1)
    assert (there[outcome].sum(), there[~outcome].sum()) == (90, 100)
    city = ["Berlin" if filled else None for filled in there]
    finding = found_in(history_of(hand_history, hand_attribute, {"city": city}, outcome))[
        "filled in by the outcome"
    ]
    assert finding.severity == "likely"
    assert leaking_columns([finding]) == ()
    assert leaking_columns([finding], severity="likely") == ("city",)


def test_a_question_that_serious_leads_answer_more_often_is_no_leak(
    hand_history, hand_attribute, outcome
):
    # Filled in for 60 of 100 winners and 300 of 900 others: 16.7 % against 6.3 %, 2.7 times.
    rank = np.arange(N) // 10
    there = np.where(outcome, rank % 10 < 6, np.arange(N) % 3 == 1)
    assert (there[outcome].sum(), there[~outcome].sum()) == (60, 300)
    size = [50.0 if filled else None for filled in there]
    history = history_of(hand_history, hand_attribute, {"size": size}, outcome, {"size": "number"})
    finding = found_in(history)["filled in by the outcome"]
    assert finding.severity == "note"
    assert "(16.7% of the leads with it converted, 6.2% of those without)" in finding.what
    assert leaking_columns([finding], severity="likely") == ()


def test_a_question_that_everybody_answers_alike_is_not_even_noted(
    hand_history, hand_attribute, outcome
):
    # Filled in for 50 of 100 winners and 360 of 900 others: 12.2 % against 8.5 %.
    rank = np.arange(N) // 10
    there = np.where(outcome, rank % 2 == 0, np.arange(N) % 5 < 2)
    size = [50.0 if filled else None for filled in there]
    history = history_of(hand_history, hand_attribute, {"size": size}, outcome, {"size": "number"})
    assert found_in(history) == {}


def test_a_column_filled_in_for_all_but_the_winners(hand_history, hand_attribute, outcome):
    reason = [None if won else f"reason {i % 7}" for i, won in enumerate(outcome)]
    history = history_of(hand_history, hand_attribute, {"why": reason}, outcome)
    finding = found_in(history)["a value that decides"]
    assert (finding.severity, finding.value, finding.n) == ("certain", "(empty)", 100)


def test_a_column_filled_in_for_nearly_all_but_the_winners(hand_history, hand_attribute, outcome):
    # Empty for the 100 winners and 45 of the 900 others: AUC of "filled in" = .025.
    empty = outcome | (np.arange(N) % 20 == 1) & (np.arange(N) < 900)
    assert (empty & ~outcome).sum() == 45
    reason = [None if none else "price" for none in empty]
    finding = found_in(history_of(hand_history, hand_attribute, {"why": reason}, outcome))[
        "filled in by the outcome"
    ]
    assert finding.severity == "certain"


def test_the_reason_of_a_loss_is_certain_by_its_name(hand_history, hand_attribute, outcome):
    # Empty for 90 winners and 90 others: 50 % against 10 of 820, 1.2 %.
    rank = np.where(outcome, np.arange(N) // 10, np.arange(N))
    empty = np.where(outcome, rank % 10 > 0, rank % 10 == 1)
    reason = [None if none else "price" for none in empty]
    columns = {"Verlustgrund": reason, "Weather": reason}
    found = find_problems(observe(history_of(hand_history, hand_attribute, columns, outcome)))
    assert [(f.severity, f.columns) for f in found] == [
        ("certain", ("Verlustgrund",)),
        ("likely", ("Weather",)),
    ]


def test_a_missing_value_spelled_out_is_not_filled_in(hand_history, hand_attribute, outcome):
    plan = ["basic" if won else "unknown" for won in outcome]
    finding = found_in(history_of(hand_history, hand_attribute, {"plan": plan}, outcome))[
        "filled in only for winners"
    ]
    assert finding.n_filled == 100


def test_a_value_that_decides(hand_history, hand_attribute, outcome):
    stage = ["signed" if won and i % 3 else "talking" for i, won in enumerate(outcome)]
    finding = found_in(history_of(hand_history, hand_attribute, {"stage": stage}, outcome))[
        "a value that decides"
    ]
    assert finding.severity == "certain"
    assert finding.what == (
        'of the 66 leads with "stage" = signed, 66 converted; of all leads, 10.0%'
    )


def test_a_value_that_decides_against(hand_history, hand_attribute, outcome):
    # Turned round: 900 of 1,000 converted, and none of the 100 that are "dead".
    stage = ["dead" if lost else "talking" for lost in outcome]
    finding = found_in(history_of(hand_history, hand_attribute, {"x": stage}, ~outcome))[
        "a value that decides"
    ]
    assert (finding.value, finding.n, finding.n_converted) == ("dead", 100, 0)


def test_a_small_group_that_never_converts_is_no_leak(hand_history, hand_attribute, outcome):
    # 60 leads of 1,000 of which none converted, where 10 % do: an honest "not our country".
    country = ["there" if i % 15 == 1 else "here" for i in range(N)]
    found = found_in(history_of(hand_history, hand_attribute, {"country": country}, outcome))
    assert "a value that decides" not in found


def test_one_column_that_separates_nearly_alone(hand_history, hand_attribute, outcome):
    rng = np.random.default_rng(1)
    # Two normals two standard deviations apart: AUC = Phi(2 / sqrt(2)) = 0.92.
    duration = (rng.normal(size=N) + 2 * outcome).tolist()
    noise = rng.normal(size=N).tolist()
    history = history_of(
        hand_history,
        hand_attribute,
        {"duration": duration, "noise": noise},
        outcome,
        {"duration": "number", "noise": "number"},
    )
    found = find_problems(observe(history))
    assert [(f.guard, f.columns) for f in found] == [("separates alone", ("duration",))]
    assert found[0].severity == "likely"


def test_an_id_separates_nothing(outcome):
    """Every lead its own level: learned on the other folds, it ranks nobody."""
    ids = pd.Series([f"L{i}" for i in range(N)], dtype=object)
    codes, names = levels_of(ids)
    assert len(names) == N
    assert separation(codes, outcome, fold_of(ids)).auc == 0.5


def test_a_perfect_column_separates_perfectly(outcome):
    ids = pd.Series([f"L{i}" for i in range(N)])
    codes, names = levels_of(pd.Series(np.where(outcome, "yes", "no"), dtype=object))
    assert names == ["no", "yes"]
    assert separation(codes, outcome, fold_of(ids)).auc == 1.0


def test_numbers_are_cut_at_their_twentieths():
    codes, names = levels_of(pd.Series([float(i) for i in range(100)] + [np.nan] * 5))
    counts = np.bincount(codes)
    assert names[-1] != "(empty)"  # names are in alphabetical order
    assert counts[names.index("(empty)")] == 5
    assert sorted(counts)[:3] == [1, 4, 5]  # the minimum stands alone
    assert len(names) == 22


def test_excluded_columns_are_not_judged(hand_history, hand_attribute, outcome):
    attribute = hand_attribute("owner", "x0", "category", "fit", "owner column")
    leads = [
        {"lead_id": f"L{i}", "outcome": "converted" if won else "lost", "x0": "A" if won else None}
        for i, won in enumerate(outcome)
    ]
    history = hand_history(leads, as_of=None, is_wide=True, attributes=[attribute])
    (finding,) = find_problems(observe(history))
    assert finding.guard == "never a rule"
    assert finding.what == 'never made a rule: "owner" (owner column)'
    assert leaking_columns([finding], severity="likely") == ()


def test_an_activity_that_is_the_sale_by_another_name(hand_history, outcome):
    leads = [
        {
            "lead_id": f"L{i}",
            "created_at": 0,
            "outcome": "converted" if won else "open",
            "closed_at": 20 if won else None,
        }
        for i, won in enumerate(outcome)
    ]
    signed = [
        {"lead_key": f"L{i}", "activity": "contract_signed", "occurred_at": 5}
        for i in np.flatnonzero(outcome)
    ]
    found = found_in(hand_history(leads, signed), observation_window="7D", horizon="30D")
    assert found["separates alone"].columns == ("contract_signed",)
    assert found["separates alone"].severity == "certain"


def test_constant_columns(hand_history, hand_attribute, outcome):
    columns = {"same": ["x"] * N, "empty": [None] * N, "two": ["a", "b"] * (N // 2)}
    found = found_in(history_of(hand_history, hand_attribute, columns, outcome))
    assert found["constant columns"].what == '"same", "empty" have the same value for every lead'
    assert found["constant columns"].columns == ("same", "empty")


def test_the_surest_comes_first():
    parts = {"what": "", "how_sure": "", "effect": "", "action": ""}
    findings = [
        SeparatesAlone(severity="likely", columns=("a",), **parts),
        ValueDecides(severity="certain", columns=("b", "a"), **parts),
        Bots(severity="certain", columns=("c",), **parts),
    ]
    assert leaking_columns(findings, severity="likely") == ("a", "b")
    assert leaking_columns(findings) == ("b", "a")
