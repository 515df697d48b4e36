from __future__ import annotations

import numpy as np
import pytest

from calibrate.errors import ConfigError
from calibrate.stats.resampling import as_generator, resampled_weights


def test_every_resample_has_as_many_clusters():
    weights = resampled_weights(40, 500, 0)
    assert weights.shape == (500, 40)
    assert (weights.sum(axis=1) == 40).all()
    # A multinomial count has mean 1 and variance 1 - 1/40.
    assert weights.mean() == 1
    assert weights.var() == pytest.approx(1 - 1 / 40, abs=0.03)


def test_the_same_seed_gives_the_same_resamples():
    np.testing.assert_array_equal(resampled_weights(9, 4, 7), resampled_weights(9, 4, 7))
    assert (resampled_weights(9, 40, 7) != resampled_weights(9, 40, 8)).any()


def test_a_generator_is_used_as_it_is():
    generator = np.random.default_rng(1)
    assert as_generator(generator) is generator
    assert as_generator(np.int64(3)).integers(1000) == as_generator(3).integers(1000)


@pytest.mark.parametrize("rng", [None, -1, True, 1.5, "0"])
def test_anything_else_is_refused(rng):
    with pytest.raises(ConfigError, match="rng"):
        as_generator(rng)


def test_no_clusters():
    assert resampled_weights(0, 3, 0).shape == (3, 0)
