import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.stats.patterns import unique_patterns


@pytest.mark.slow
@given(n=st.integers(0, 40), width=st.sampled_from([0, 1, 5, 62, 63, 70]), seed=st.integers(0, 999))
def test_patterns_give_the_rows_back_in_an_order_of_their_own(n, width, seed):
    rng = np.random.default_rng(seed)
    flags = rng.random((n, width)) < 0.5
    flags[n // 2 :] = flags[: n - n // 2]  # so that rows repeat
    patterns, inverse = unique_patterns(flags)
    assert np.array_equal(patterns[inverse], flags)
    assert len(patterns) == len({row.tobytes() for row in flags})
    shuffled, _ = unique_patterns(flags[rng.permutation(n)])
    assert np.array_equal(shuffled, patterns)


@pytest.mark.parametrize("width", [3, 62, 63])
def test_order_is_that_of_numpy(width):
    flags = np.random.default_rng(0).random((50, width)) < 0.5
    assert np.array_equal(unique_patterns(flags)[0], np.unique(flags, axis=0))
