"""What other numbers of rules would give, what each rule adds, among how many it was chosen."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.criteria import as_criterion
from calibrate.errors import ConfigError, DataError
from calibrate.fitting.combining import Combination, combined
from calibrate.fitting.counting import n_looked_at
from calibrate.fitting.parsimony import HeldOut, auc_added, parsimony_table
from calibrate.observation import Sample
from calibrate.scorecard import PARSIMONY_COLUMNS, Scorecard
from calibrate.stats.delong import auc_within, leads_auc, paired_auc_difference
from tests.companies import wide_company

CONVERTED = np.array([1, 1, 0, 0, 1, 1, 0, 0], dtype=float)
FOLDS = np.repeat([0, 1], 4)


def sample_with(flags: list[list[int]], **more: object) -> Sample:
    columns = np.array(flags, dtype=bool).T
    given: dict[str, object] = {
        "criteria": tuple(
            as_criterion({"field": f"x{i}", "at_least": 1}) for i in range(len(flags))
        ),
        "flags": columns,
        "converted": CONVERTED,
        "weight": np.ones(8),
        "keys": np.arange(8, dtype=np.uint64),
    }
    return Sample(**(given | more))  # type: ignore[arg-type]


def held_out() -> HeldOut:
    """Return two folds of two customers and two others, and log odds of 0, 1, 2 rules.

    One rule: in the first fold each customer ties with one other and is above one (3 of 4
    pairs, ties half: customers 1, 1; others 1, 0 -> (0.5 + 1) * 2 / 4 = 0.75), in the second
    all pairs are right (1). Two rules rank all pairs rightly.
    """
    zero = np.zeros(8)
    one = np.array([1, 1, 1, 0, 9, 9, 8, 8], dtype=float)
    two = np.array([2, 2, -2, -2, 2, 2, -2, -2], dtype=float)
    return HeldOut(sample_with([[0] * 8]), FOLDS, np.column_stack([zero, one, two, two]))


def test_the_table_is_what_a_hand_counts() -> None:
    table = parsimony_table(held_out(), 1)
    assert tuple(table.columns) == PARSIMONY_COLUMNS
    assert table["n_criteria"].tolist() == [0, 1, 2]  # a third rule changed nothing
    assert table["auc"].tolist() == [0.5, (0.75 + 1) / 2, 1.0]
    assert table["chosen"].tolist() == [False, True, False]
    # of what one rule is above a coin, 0.375: nothing, all, and 0.5
    assert table["kept_share"].tolist() == pytest.approx([0, 1, 0.5 / 0.375])
    # a lead costs the log of 2 without a rule, that of 1 + exp(-2) with two
    assert table["log_loss"].iloc[[0, 2]].tolist() == pytest.approx(
        [np.log(2), np.log1p(np.exp(-2))]
    )
    assert table["log_loss_difference"].iloc[2] == 0
    assert table["auc_difference"].tolist() == pytest.approx([-0.375, 0, 0.125])
    assert set(table["n"]) == {8}
    assert set(table["n_converted"]) == {4}


def test_intervals_of_the_differences_are_paired() -> None:
    rng = np.random.default_rng(0)
    n = 400
    converted = (rng.random(n) < 0.4).astype(float)
    first = converted + rng.normal(size=n)
    second = first + rng.normal(size=n)
    sample = Sample(
        criteria=(),
        flags=np.zeros((n, 0), dtype=bool),
        converted=converted,
        weight=np.ones(n),
        keys=np.arange(n, dtype=np.uint64),
    )
    log_odds = np.column_stack([np.zeros(n), second, first])
    table = parsimony_table(HeldOut(sample, np.zeros(n, dtype=np.intp), log_odds), 2)
    # One fold: DeLong's interval of one score, and of two scores on the same leads.
    paired = paired_auc_difference(second, first, converted.astype(bool))
    row = table.iloc[1]
    assert row["auc"] == pytest.approx(leads_auc(second, converted).auc)
    assert row["auc_difference"] == pytest.approx(paired.difference)
    reach = 1.959963984540054 * paired.standard_error
    assert row["auc_difference_ci_upper"] == pytest.approx(paired.difference + reach)


def test_pairs_of_one_fold_only_are_compared() -> None:
    # The second fold's scores lie above all of the first: across folds they say nothing.
    score = np.array([2, 1, 1, 0, 12, 11, 11, 10], dtype=float)
    found = auc_within(score, CONVERTED, np.ones(8), FOLDS)
    alone = leads_auc(score[:4], CONVERTED[:4])
    assert found.auc == alone.auc == (1 + 1 + 0.5 + 1) / 4
    # Two independent halves alike: half the variance.
    assert found.standard_error == pytest.approx(alone.standard_error / np.sqrt(2))


def test_weights_and_clusters_count_as_in_a_single_fold() -> None:
    rng = np.random.default_rng(1)
    score = rng.integers(0, 20, 500).astype(float)
    converted, weight = rng.random(500) < 0.3, rng.choice([0, 1, 2.5], 500)
    cluster = rng.integers(0, 60, 500)
    one = auc_within(score, converted, weight, np.zeros(500, dtype=int), cluster)
    two = leads_auc(score, converted, weight, cluster)
    assert one[:2] == pytest.approx(two[:2])
    assert one.influence == pytest.approx(two.influence)
    assert one[3:] == pytest.approx(two[3:])


def test_a_fold_without_both_outcomes_is_left_out() -> None:
    found = auc_within([1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 1, 1], np.ones(6), [0] * 4 + [1, 1])
    assert found.auc == 0.75  # the first four: 3 of 4 pairs
    nobody = auc_within([1, 2], [1, 1], np.ones(2), [0, 0])
    assert np.isnan(nobody.auc)
    assert np.isnan(nobody.standard_error)


def test_what_each_rule_adds_to_the_auc() -> None:
    # a: met by both customers of the first fold's four and one other; b: by one customer.
    sample = sample_with([[1, 1, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 0, 0, 0]])
    # Sums 10 10 0 0 5 0 10 0; customers 10 10 5 0, others 0 0 10 0. Customers above others:
    # 10: 3 + .5 each; 5: 3; 0: 1.5 -> 11.5 of 16.
    # Without a: customers 0 0 5 0, others 0: 2 + 2 + 4 + 2 = 10 of 16.
    # Without b: customers 10 10 0 0, others 0 0 10 0: 3.5 + 3.5 + 1.5 + 1.5 = 10 of 16.
    assert auc_added(sample, (10, 5)) == pytest.approx((1.5 / 16, 1.5 / 16))
    # A customer that weighs nothing is no pair's: the last but one with rule b.
    weighted = dataclasses.replace(sample, weight=np.array([1, 1, 1, 1, 0, 1, 1, 1.0]))
    # Customers 10 10 0 (3.5 + 3.5 + 1.5 of 12); without a all tie (6 of 12); without b the same.
    assert auc_added(weighted, (10, 5)) == pytest.approx((2.5 / 12, 0))


def test_leads_of_one_landmark_only_are_compared() -> None:
    flags = [[1, 1, 0, 0, 1, 0, 0, 1]]
    sample = sample_with(flags, stratum=FOLDS, n_strata=2)
    # First landmark: both customers meet it, no other: 1. Second: one of each: 1/2. Pairs 4 and 4.
    assert auc_added(sample, (7,)) == pytest.approx((0.75 - 0.5,))


RULES = [
    *({"field": "plan", "in": [level]} for level in "abcd"),
    *({"field": "size", "at_least": cut} for cut in (10, 50, 200)),
    {"activity": "demo"},
]
CRITERIA = [as_criterion({"when": rule, "source": "found"}) for rule in RULES]


@pytest.mark.parametrize(
    ("term", "n"),
    [
        (7, 8),  # all single rules
        (Combination("any", (0, 2)), 8),  # 2^(4 - 1) ways to part four levels
        (Combination("range", (4, 6)), 3),  # pairs of three cuts
        (Combination("both", (0, 7)), 3 * 8 * 7 // 2),
        (Combination("without", (7, 0)), 3 * 8 * 7 // 2),
        # 8 merges and 3 ranges of the table with 8 single rules, three ways each; a single
        # cut (demo, once) makes no range, a single column's levels are counted above
        (Combination("both", (Combination("any", (0, 2)), 7)), 3 * 11 * 8),
    ],
)
def test_among_how_many_rules_one_was_chosen(term: object, n: int) -> None:
    assert n_looked_at(term, CRITERIA, range(8)) == n  # type: ignore[arg-type]


def test_only_what_was_searched_counts() -> None:
    assert n_looked_at(Combination("any", (0, 2)), CRITERIA, [0, 1, 2, 7]) == 4


def test_rules_with_the_same_short_words_are_told_apart() -> None:
    levels = [as_criterion({"field": "city", "in": [f"city {i}"]}) for i in range(7)]
    sample = sample_with([[0] * 8] * 7, criteria=tuple(levels))
    terms = [Combination("any", (0, 1, 2, 3, 4)), Combination("any", (0, 1, 2, 5, 6)), 3]
    names = [rule.name for rule in combined(sample, terms).criteria]
    first = "city: city 0 or city 1 or city 2 or "
    assert names == [f"{first}city 3 or city 4", f"{first}city 5 or city 6", "city: city 3"]
    assert [rule.name for rule in combined(sample, terms[:1]).criteria] == [f"{first}2 more"]


@pytest.fixture(scope="module")
def company() -> cal.Observation:
    rng = np.random.default_rng(0)
    flags = rng.random((1200, 5)) < 0.4
    log_odds = -2 + flags @ np.array([1.6, 1.2, 0.9, 0, 0])
    return wide_company(flags, rng.random(1200) < 1 / (1 + np.exp(-log_odds)))


@pytest.fixture(scope="module")
def card(company: cal.Observation) -> Scorecard:
    return cal.fit_scorecard(company, max_criteria=4, intervals=False)


def test_a_card_carries_its_table_and_a_copy_is_handed_out(card: Scorecard) -> None:
    table = card.parsimony
    assert table is not None
    assert table.loc[table["chosen"], "n_criteria"].tolist() == [len(card.criteria)]
    table["auc"] = 0.0
    assert card.parsimony is not None
    assert card.parsimony["auc"].max() > 0.7
    again = Scorecard.from_json(card.to_json())
    pd.testing.assert_frame_equal(again.parsimony, card.parsimony)
    assert again.table["auc_added"].tolist() == card.table["auc_added"].tolist()


def test_what_a_rule_adds_is_the_auc_of_the_scores_with_and_without_it(
    company: cal.Observation, card: Scorecard
) -> None:
    scores = card.score(company)
    whole = cal.evaluate(scores)["auc"]
    flags = company.flags([line.criterion for line in card.criteria])
    for line, met in zip(card.criteria, flags.T, strict=True):
        rest = scores.assign(score=scores["score"] - line.points * met)
        assert line.auc_added == pytest.approx(whole - cal.evaluate(rest)["auc"])


@pytest.mark.parametrize("method", ["rate", "difference", "log_odds"])
def test_other_methods_choose_no_number_but_tell_what_each_rule_adds(
    company: cal.Observation, method: str
) -> None:
    other = cal.fit_scorecard(company, method=method)
    assert other.parsimony is None
    assert other.table["auc_added"].notna().all()
    with pytest.raises(ConfigError, match="was not chosen by cross-validation"):
        cal.parsimony_curve(company, card=other)


def test_older_cards_have_neither(card: Scorecard) -> None:
    data = json.loads(card.to_json())
    del data["parsimony"]
    for line in data["criteria"]:
        del line["auc_added"], line["n_looked_at"]
    old = Scorecard.from_json(json.dumps(data))
    assert old.parsimony is None
    assert old.table["auc_added"].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].update(chosen=True), "must mark the size"),
        (lambda rows: rows[0].update(chosen="no"), "must mark the size"),
        (lambda rows: rows.pop(0), "one row for each number"),
        (lambda rows: rows[1].update(auc="high"), "is no number"),
        (lambda rows: rows[1].pop("auc"), "cannot be read: KeyError 'auc'"),
    ],
)
def test_a_damaged_table_is_refused(card: Scorecard, change: object, message: str) -> None:
    data = json.loads(card.to_json())
    change(data["parsimony"])  # type: ignore[operator]
    with pytest.raises(DataError, match=message):
        Scorecard.from_json(json.dumps(data))


def test_the_ceiling_is_cross_validated_on_the_same_leads(
    company: cal.Observation, card: Scorecard
) -> None:
    curve = cal.parsimony_curve(company, card=card)
    assert curve.ceiling is not None
    pd.testing.assert_frame_equal(curve.table, card.parsimony)
    assert (curve.ceiling["n"], curve.ceiling["n_converted"]) == (
        1200,
        int(company.table["converted"].sum()),
    )
    # The truth is a sum of three rules: boosting, too, ranks about as well, and not in-sample.
    best = curve.table.loc[curve.table["chosen"], "auc"].iloc[0]
    assert curve.ceiling["auc"] == pytest.approx(best, abs=0.04)
    assert curve.ceiling["auc_ci_lower"] < curve.ceiling["auc"] < curve.ceiling["auc_ci_upper"]
    blind = cal.parsimony_curve(company, card=card, ignore=[f"x{i}" for i in range(5)])
    assert blind.ceiling is not None
    assert blind.ceiling["auc"] == 0.5  # nothing left to look at


@pytest.mark.parametrize(
    ("areas", "chosen", "sentence"),
    [
        ([0.5, 0.7, 0.79, 0.8], 3, "With 2 rules you keep 97 % of what 3 give."),  # .29 / .30
        ([0.5, 0.81, 0.8], 2, "With 1 rule you keep all of what 2 give."),
        (
            [0.5, 0.6, 0.8],
            2,
            "Fewer than the card's 2 rules would lose more than 5 % of what they give.",
        ),
        ([0.5, 0.6992, 0.7], 2, "With 1 rule you keep 99 % of what 2 give."),  # .9960, not 100
        ([0.5], 0, "There is no card whose rules could be fewer."),
    ],
)
def test_the_price_in_one_sentence(areas: list[float], chosen: int, sentence: str) -> None:
    kept = [(area - 0.5) / ((areas[chosen] - 0.5) or np.nan) for area in areas]
    sizes = range(len(areas))
    table = pd.DataFrame({"n_criteria": sizes, "auc": areas, "kept_share": kept})
    table["chosen"] = table["n_criteria"] == chosen
    ends = table["auc"]
    curve = cal.Parsimony(ceiling=None, _table=table.assign(auc_ci_lower=ends, auc_ci_upper=ends))
    assert curve.sentence == sentence
    assert sentence.replace("'", "&#x27;") in curve._repr_html_()


def test_where_nothing_separates_there_is_no_curve() -> None:
    rng = np.random.default_rng(3)
    curve = cal.parsimony_curve(wide_company(rng.random((400, 3)) < 0.5, np.arange(400) % 4 == 0))
    assert curve.table.empty
    assert curve.ceiling is None
    assert tuple(curve.table.columns) == PARSIMONY_COLUMNS


@pytest.mark.slow
def test_a_curve_keeps_to_constraints(company: cal.Observation) -> None:
    """Without its strongest rule no card ranks as well; a weak one that is required comes first."""
    free = cal.parsimony_curve(company, max_criteria=4, ceiling=False).table
    limits = {"forbidden": ["x0"], "required": ["x4"]}
    curve = cal.parsimony_curve(company, max_criteria=4, ceiling=False, constraints=limits)
    card = cal.fit_scorecard(company, max_criteria=4, intervals=False, constraints=limits)
    pd.testing.assert_frame_equal(curve.table, card.parsimony)
    assert curve.table["auc"].max() < free["auc"].max() - 0.03
    assert curve.table["auc"][1] == pytest.approx(0.5, abs=0.03)  # x4 has no effect
    with pytest.raises(ConfigError, match=r'\[constraints\] forbidden: there is no .* "x9"'):
        cal.parsimony_curve(company, ceiling=False, constraints={"forbidden": ["x9"]})
