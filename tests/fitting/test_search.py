from dataclasses import replace

import numpy as np
import pytest

from calibrate.criteria import as_criterion
from calibrate.fitting.combining import Combination, combined
from calibrate.fitting.permutation import anything_to_score_on
from calibrate.fitting.proposing import opposite_levels
from calibrate.fitting.search import balanced_folds, choose_rules, search_rules
from calibrate.fitting.space import space_of
from calibrate.observation import Sample


def sample_from(flags, converted, keys=None, **more):
    """Leads that count once each."""
    n = len(converted)
    return Sample(
        criteria=tuple(
            as_criterion({"when": {"activity": f"a{i}"}, "source": "found"})
            for i in range(flags.shape[1])
        ),
        flags=flags,
        converted=np.asarray(converted, dtype=float),
        weight=np.ones(n),
        keys=np.arange(n, dtype=np.uint64) if keys is None else keys,
        **more,
    )


def company(rng, n=3000, effects=(1.5, -1.0, 0.8), null=20):
    flags = rng.random((n, len(effects) + null)) < 0.3
    log_odds = -2.0 + flags[:, : len(effects)] @ np.array(effects)
    converted = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float)
    return flags, converted


def test_planted_rules_are_found_strongest_first():
    flags, converted = company(np.random.default_rng(1))
    assert search_rules(sample_from(flags, converted), 3)[0] == 0
    assert set(search_rules(sample_from(flags, converted), 3)) == {0, 1, 2}


@pytest.mark.slow
def test_cross_validation_keeps_most_null_rules_out():
    rng = np.random.default_rng(2)
    false = []
    for _ in range(10):
        flags, converted = company(rng)
        folds = balanced_folds(np.arange(len(converted), dtype=np.uint64), 5, rng)
        choice = choose_rules(sample_from(flags, converted), folds, 12, fewest=True)
        assert {0, 1} <= set(choice.terms)
        false.append(len(set(choice.terms) - {0, 1, 2}))
    assert np.mean(false) < 1


def test_a_copy_of_a_rule_is_not_taken_twice():
    flags, converted = company(np.random.default_rng(3))
    doubled = np.hstack([flags, flags[:, :1]])
    chosen = search_rules(sample_from(doubled, converted), 5)
    assert 0 in chosen
    assert flags.shape[1] not in chosen


def test_order_of_leads_does_not_matter():
    rng = np.random.default_rng(4)
    flags, converted = company(rng, n=800)
    keys = rng.integers(0, 2**60, 800).astype(np.uint64)
    order = rng.permutation(800)
    first = balanced_folds(keys, 5, np.random.default_rng(0))
    second = balanced_folds(keys[order], 5, np.random.default_rng(0))
    assert (first[order] == second).all()
    sample = sample_from(flags, converted)
    one = choose_rules(sample, first, 6)
    other = choose_rules(sample_from(flags[order], converted[order]), second, 6)
    assert one.terms == other.terms
    assert one.shrinkage == other.shrinkage
    assert one.held_out[order] == pytest.approx(other.held_out)


def test_leads_of_one_key_share_a_fold():
    folds = balanced_folds(np.array([7, 7, 9, 9, 1], dtype=np.uint64), 2, np.random.default_rng(0))
    assert folds[0] == folds[1]
    assert folds[2] == folds[3]


@pytest.mark.slow
def test_nothing_is_found_where_there_is_nothing():
    """At p <= 0.01 at most 1 of 100 permuted companies should pass; 5 would be p < 0.004."""
    rng = np.random.default_rng(5)
    passed = sum(
        anything_to_score_on(sample_from(rng.random((400, 30)) < 0.3, rng.random(400) < 0.2), rng)
        for _ in range(100)
    )
    assert passed < 5


def test_something_is_found_where_there_is_something():
    rng = np.random.default_rng(6)
    assert anything_to_score_on(sample_from(*company(rng)), rng)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_cannot_be_scored_on(outcome):
    flags, _ = company(np.random.default_rng(7), n=50)
    sample = sample_from(flags, np.full(50, outcome))
    assert not anything_to_score_on(sample, np.random.default_rng(0))


@pytest.mark.slow
def test_shrinkage_is_1_with_many_leads_and_less_with_few():
    """One weak rule of 41 on 300 leads: what is chosen is mostly noise; strong ones stay."""
    rng = np.random.default_rng(8)

    def shrinkage(n, effects, null):
        flags, converted = company(rng, n=n, effects=effects, null=null)
        folds = balanced_folds(np.arange(n, dtype=np.uint64), 5, rng)
        return choose_rules(sample_from(flags, converted), folds, 12).shrinkage

    assert np.mean([shrinkage(300, (0.5,), 40) for _ in range(8)]) < 0.7
    assert shrinkage(20_000, (1.5, -1.0, 0.8), 20) > 0.98


@pytest.mark.slow
def test_an_interaction_is_found_as_a_pair():
    """Only leads with both 3 and 4 convert more often: log odds +2; each alone means nothing."""
    rng = np.random.default_rng(9)
    flags = rng.random((4000, 12)) < 0.4
    log_odds = -2.5 + 2.0 * (flags[:, 3] & flags[:, 4]) + 0.8 * flags[:, 0]
    sample = sample_from(flags, rng.random(4000) < 1 / (1 + np.exp(-log_odds)))
    folds = balanced_folds(sample.keys, 5, rng)
    choice = choose_rules(sample, folds, 6)
    assert Combination("both", (3, 4)) in choice.terms
    assert choose_rules(sample, folds, 6, pairs=False).terms == [
        term for term in choose_rules(sample, folds, 6, pairs=False).terms if isinstance(term, int)
    ]
    (rule,) = combined(sample, [Combination("both", (3, 4))]).criteria
    assert rule.when == {"all": [{"activity": "a3"}, {"activity": "a4"}]}


@pytest.mark.slow
def test_pairs_are_left_out_where_they_do_not_pay():
    rng = np.random.default_rng(10)
    joined = 0
    for _ in range(10):
        sample = sample_from(*company(rng))
        choice = choose_rules(sample, balanced_folds(sample.keys, 5, rng), 8)
        joined += any(isinstance(term, Combination) for term in choice.terms)
    assert joined <= 2


def test_levels_alike_are_merged():
    """Ten levels; those numbered 0 to 3 convert at 40 %, the others at 10 %: one rule says it."""
    rng = np.random.default_rng(11)
    level = rng.integers(0, 10, 5000)
    flags = level[:, None] == np.arange(10)
    converted = (rng.random(5000) < np.where(level < 4, 0.4, 0.1)).astype(float)
    sample = sample_from(flags, converted)
    named = [{"field": "source", "in": [f"s{i}"]} for i in range(10)]
    rules = tuple(as_criterion({"when": when, "source": "found"}) for when in named)
    sample = replace(sample, criteria=rules)
    (term,) = search_rules(sample, 1)
    (rule,) = combined(sample, [term]).criteria
    alike = {"s0", "s1", "s2", "s3"}
    assert set(rule.when["in"]) in (alike, {f"s{i}" for i in range(10)} - alike)


def test_given_rules_are_not_joined():
    rng = np.random.default_rng(12)
    flags = rng.random((4000, 4)) < 0.4
    log_odds = -2.5 + 2.0 * (flags[:, 0] & flags[:, 1])
    sample = sample_from(flags, rng.random(4000) < 1 / (1 + np.exp(-log_odds)))
    given = tuple(replace(rule, source="given") for rule in sample.criteria)
    assert all(isinstance(term, int) for term in search_rules(replace(sample, criteria=given), 3))


def xor_company(rng, n=3000):
    """Leads with exactly one of two traits convert at 30 %, the others at 10 %."""
    flags = rng.random((n, 10)) < 0.5
    rate = np.where(flags[:, 0] ^ flags[:, 1], 0.3, 0.1)
    return sample_from(flags, rng.random(n) < rate)


def test_an_interaction_without_any_single_effect_can_be_scored_on():
    """The traits by themselves say nothing: half of either side has the other trait."""
    rng = np.random.default_rng(13)
    sample = xor_company(rng)
    assert anything_to_score_on(sample, rng, space=space_of(sample))


@pytest.mark.slow
def test_pairs_find_nothing_where_there_is_nothing():
    """At p <= 0.01 at most 1 of 100 companies should pass; 5 would be p < 0.004."""
    rng = np.random.default_rng(14)
    passed = 0
    for _ in range(100):
        sample = sample_from(rng.random((400, 30)) < 0.3, rng.random(400) < 0.2)
        passed += anything_to_score_on(sample, rng, space=space_of(sample))
    assert passed < 5


def test_contacts_count_once_in_the_test_of_pairs():
    """Five leads a contact, alike in all: their 400 independent outcomes say nothing."""
    rng = np.random.default_rng(15)
    passed = 0
    for _ in range(40):
        flags = np.repeat(rng.random((400, 12)) < 0.4, 5, axis=0)
        converted = np.repeat(rng.random(400) < 0.2, 5)
        cluster = np.repeat(np.arange(400), 5)
        sample = sample_from(flags, converted, keys=cluster.astype(np.uint64), cluster=cluster)
        passed += anything_to_score_on(sample, rng, space=space_of(sample))
    assert passed < 4


def named_levels(rng, effects, n=6000):
    """One column with a level a log odds, as many leads at each, on top of -1."""
    level = rng.integers(0, len(effects), n)
    flags = level[:, None] == np.arange(len(effects))
    rate = 1 / (1 + np.exp(1 - np.array(effects)[level]))
    sample = sample_from(flags, rng.random(n) < rate)
    named = [{"field": "source", "in": [f"s{i}"]} for i in range(len(effects))]
    rules = tuple(as_criterion({"when": when, "source": "found"}) for when in named)
    return replace(sample, criteria=rules)


def test_the_shorter_side_of_a_column_is_named():
    """One level of four differs: the rule names it, and not the three others."""
    sample = named_levels(np.random.default_rng(16), (0.0, 0.0, 2.0, 0.0))
    assert search_rules(sample, 1) == [2]
    assert opposite_levels(space_of(sample), Combination("any", (0, 1, 3))) == 2
    assert opposite_levels(space_of(sample), Combination("any", (0, 1))) is None


def test_rules_about_one_column_are_nested_or_apart():
    """A level named by two rules that overlap in part has no worth that anybody could tell."""
    effects = (1.5, 1.2, 0.8, 0.3, 0.0, -0.4, -0.8, -1.5)
    terms = search_rules(named_levels(np.random.default_rng(17), effects), 5)
    sets = [{term} if isinstance(term, int) else set(term.parts) for term in terms]
    for i, one in enumerate(sets):
        for other in sets[:i]:
            assert len(one & other) in (0, len(one), len(other))
