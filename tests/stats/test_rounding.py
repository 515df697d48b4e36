"""Whole numbers chosen together: against every vector of whole numbers there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.stats.constrained import nearest_allowed
from calibrate.stats.rounding import rounding_loss, whole_points

WIDTH = 12


def width(points: np.ndarray) -> np.ndarray:
    """Of yes/no rules that do not depend on each other: the sum of the sizes."""
    return np.abs(points).sum(axis=1)


def problem(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(40, size))
    return 0.8 * rng.normal(size=size), design.T @ design


def every_vector(size: int) -> np.ndarray:
    steps = range(-WIDTH, WIDTH + 1)
    vectors = np.array(list(itertools.product(steps, repeat=size)))
    return vectors[(width(vectors) == WIDTH) & (vectors != 0).all(axis=1)]


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), size=st.integers(2, 4))
def test_no_other_whole_numbers_lose_less(seed: int, size: int) -> None:
    target, information = problem(seed, size)
    start = WIDTH * target / np.abs(target).sum()
    found = whole_points(target, information, start=start, span=width, wanted=WIDTH)
    best = rounding_loss(every_vector(size), target, information).min()
    assert rounding_loss(found[None, :], target, information)[0] == pytest.approx(best, abs=1e-6)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), size=st.integers(2, 4))
def test_under_bounds_and_an_order_no_others_lose_less_either(seed: int, size: int) -> None:
    target, information = problem(seed, size)
    lower, upper = np.full(size, -np.inf), np.full(size, np.inf)
    lower[0], upper[-1] = -8, 10
    row = np.zeros((1, size))
    row[0, :2] = -1, 1  # the second is worth at least what the first is
    start = nearest_allowed(WIDTH * target / np.abs(target).sum(), information, lower, upper, row)
    found = whole_points(
        target,
        information,
        start=start,
        lower=lower,
        upper=upper,
        rows=row,
        span=width,
        wanted=WIDTH,
    )
    every = every_vector(size)
    allowed = (every >= lower).all(axis=1) & (every <= upper).all(axis=1)
    every = every[allowed & (every @ row[0] >= 0)]
    best = rounding_loss(every, target, information).min()
    assert (found >= lower).all()
    assert (found <= upper).all()
    assert found[1] >= found[0]
    # exchange moves may stop short of the best where the bounds cut off what is between
    assert rounding_loss(found[None, :], target, information)[0] <= 1.1 * best + 1e-6


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), size=st.integers(2, 3))
def test_on_a_given_scale_no_other_whole_numbers_are_nearer(seed: int, size: int) -> None:
    target, information = problem(seed, size)
    target = 4 * target
    found = whole_points(target, information, start=target, scaled=True, zero=np.ones(size, bool))
    around = np.array(list(itertools.product(range(-4, 5), repeat=size))) + np.rint(target)
    best = rounding_loss(around, target, information, scaled=True).min()
    loss = rounding_loss(found[None, :], target, information, scaled=True)[0]
    assert loss == pytest.approx(best, abs=1e-6)


def test_the_loss_is_that_of_the_formula() -> None:
    target, information = problem(3, 3)
    points = np.array([5.0, -2.0, 1.0])
    factors = np.linspace(0, 1, 200_001)[:, None]
    apart = factors * points - target
    by_search = np.einsum("ci,ij,cj->c", apart, information, apart).min()
    assert rounding_loss([points], target, information)[0] == pytest.approx(by_search, rel=1e-6)


def test_correlated_rules_are_rounded_in_opposite_directions() -> None:
    """Two rules that nearly the same leads meet: 1.5 + 1.5 is 1 + 2, not 2 + 2 or 1 + 1.

    With I = [[1, .9], [.9, 1]] an error (e1, e2) costs e1^2 + e2^2 + 1.8 e1 e2: for (-.5, .5)
    .25 + .25 - .45 = .05, for (.5, .5) .95.
    """
    information = np.array([[1.0, 0.9], [0.9, 1.0]])
    found = whole_points([1.5, 1.5], information, start=[1.5, 1.5], scaled=True)
    assert sorted(found.tolist()) == [1, 2]
    assert rounding_loss([[1, 2]], [1.5, 1.5], information, scaled=True)[0] == pytest.approx(0.05)


def test_fixed_numbers_stay_and_none_is_0() -> None:
    found = whole_points(
        [1.0, 0.01, 0.5],
        np.eye(3),
        start=[80.0, 0.4, 20.0],
        lower=[-np.inf, -np.inf, 7],
        upper=[np.inf, np.inf, 7],
        span=width,
        wanted=100,
    )
    assert found[2] == 7
    assert width(found[None, :])[0] == 100
    assert (found != 0).all()


def test_where_nothing_fits_there_is_no_answer() -> None:
    assert (
        whole_points(
            [1.0, 1.0],
            np.eye(2),
            start=[5.0, 5.0],
            lower=[0, 0],
            upper=[9, 9],
            span=width,
            wanted=100,
        )
        is None
    )
    row = [[-1.0, 1.0]]  # the second at least the first, which is 5, though it may be 3 at most
    assert (
        whole_points(
            [1.0, 1.0],
            np.eye(2),
            start=[5.0, 3.0],
            scaled=True,
            lower=[5, 0],
            upper=[5, 3],
            rows=row,
        )
        is None
    )


def test_of_what_loses_hardly_more_the_preferred_is_taken() -> None:
    """10.4 and -10.2 are nearest to 10 and -10, which tie the leads that meet both or neither.

    With the information 1 these lose .4^2 + .2^2 = .20, and (11, -10) loses .6^2 + .2^2 = .40: by
    .20 more, where 0.2 % of 10.4^2 + 10.2^2 = 212, which is .42, is hardly more.
    """
    target = np.array([10.4, -10.2])

    def apart(points: np.ndarray) -> np.ndarray:
        return (points.sum(axis=1) != 0).astype(float)

    best = whole_points(target, np.eye(2), start=target, scaled=True)
    assert best.tolist() == [10, -10]
    preferred = whole_points(target, np.eye(2), start=target, scaled=True, prefer=apart)
    assert preferred.tolist() == [11, -10]
