"""Sums by the rules taken tell what the leads themselves tell."""

import numpy as np
import pytest

from calibrate.criteria import as_criterion
from calibrate.fitting.model import model_of
from calibrate.fitting.space import space_of
from calibrate.fitting.tally import taken_in_turn, tally_of
from calibrate.observation import Sample

N, N_RULES = 600, 7


@pytest.fixture(scope="module", params=["one landmark", "three landmarks, weights"])
def leads(request):
    """Leads of which some are drawn several times, some never; the last rule is never met."""
    rng = np.random.default_rng(5)
    flags = rng.random((N, N_RULES)) < [0.5, 0.3, 0.2, 0.4, 0.9, 0.1, 0]
    converted = rng.random(N) < 0.1 + 0.3 * flags[:, 0] + 0.3 * flags[:, 2] * flags[:, 3]
    plain = request.param == "one landmark"
    more = {} if plain else {"stratum": rng.integers(0, 3, N), "n_strata": 3}
    sample = Sample(
        criteria=tuple(as_criterion({"field": f"a{i}", "in": ["x"]}) for i in range(N_RULES)),
        flags=flags,
        converted=converted.astype(float),
        weight=np.ones(N) if plain else rng.uniform(0.5, 1.5, N),
        keys=np.arange(N, dtype=np.uint64),
        **more,
    )
    return sample, rng.multinomial(N, np.full(N, 1 / N))


def tally_and_model(sample, copies):
    again = sample.rows(np.repeat(np.arange(N), copies))
    scale = again.effective_weight.sum() / again.weight.sum()
    flags = np.column_stack([sample.flags, np.ones(N)]).astype(np.float32)
    weight = copies * sample.weight * scale
    tally = tally_of(flags, weight, sample.converted, sample.strata_flags)
    return tally, model_of(space_of(again, joins=False))


def test_statistics_are_those_of_the_model_on_the_leads_drawn(leads):
    tally, model = tally_and_model(*leads)
    for rule in (2, 0, 5):
        statistics, beta = tally.statistics(None)
        expected = model.statistics_of(model.space.X)
        assert statistics == pytest.approx(expected, rel=1e-3, abs=1e-3)  # sums of 32 bits
        assert beta == pytest.approx([model.intercept, *model.coefficients], abs=1e-5)
        tally, model = tally.with_rule(rule), model.with_term(rule)
    assert len(tally.design) == len(model.design)
    assert tally.sums[:, -1].sum() == pytest.approx(tally.weight.sum(), rel=1e-6)


def test_forward_selection_takes_what_adds_most_beyond_its_penalty(leads):
    tally, model = tally_and_model(*leads)
    found = taken_in_turn(tally, np.zeros(N_RULES), N_RULES)
    assert N_RULES - 1 not in found
    for place, rule in enumerate(found):
        statistics = model.statistics_of(model.space.X)
        statistics[found[:place]] = 0
        assert rule == np.argmax(statistics)
        model = model.with_term(rule)
    assert taken_in_turn(tally, np.full(N_RULES, 1e6), N_RULES) == []
    dear = np.where(np.arange(N_RULES) == found[0], 1e6, 0)
    assert found[0] not in taken_in_turn(tally, dear, N_RULES)
