"""Constrained maxima: against scipy's SLSQP, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from calibrate.stats.constrained import fit_constrained, nearest_allowed
from calibrate.stats.logistic import fit_logistic

NO_ROWS = np.zeros((0, 2))


def counts(seed: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = (rng.random((60, size)) < 0.4).astype(float)
    n = rng.integers(5, 60, 60)
    return X, rng.binomial(n, 0.3).astype(float), n.astype(float)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), size=st.integers(2, 7))
def test_it_is_the_maximum_that_scipy_finds(seed: int, size: int) -> None:
    X, won, n = counts(seed, size)
    rng = np.random.default_rng(seed + 1)
    lower = np.where(rng.random(size) < 0.4, 0.0, -np.inf)
    upper = np.where(rng.random(size) < 0.3, 0.3, np.inf)
    rows = np.round(rng.normal(size=(2, size)))
    ours = fit_constrained(X, won, n, lower=lower, upper=upper, rows=rows, l2=0.01)

    def loss(beta: np.ndarray) -> float:
        eta = beta[0] + X @ beta[1:]
        value = n @ np.logaddexp(0, eta) - won @ eta + 0.005 * beta[1:] @ beta[1:]
        return float(value / n.sum())

    # scipy 1.x: minimize(method="SLSQP")
    theirs = minimize(
        loss,
        np.zeros(size + 1),
        method="SLSQP",
        bounds=[(None, None), *zip(lower, upper, strict=True)],
        constraints={"type": "ineq", "fun": lambda beta: rows @ beta[1:]},
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert -ours.log_likelihood / n.sum() == pytest.approx(theirs.fun, abs=1e-9)
    assert ours.coefficients == pytest.approx(theirs.x[1:], abs=2e-5)
    assert (ours.coefficients >= lower).all()
    assert (ours.coefficients <= upper).all()
    assert (rows @ ours.coefficients >= -1e-9).all()


def test_without_constraints_it_is_the_free_maximum() -> None:
    X, won, n = counts(3, 4)
    free = fit_logistic(X, won, n, firth=False)
    ours = fit_constrained(X, won, n, l2=0.0)
    assert ours.intercept == pytest.approx(free.intercept, abs=1e-6)
    assert ours.coefficients == pytest.approx(free.coefficients, abs=1e-6)
    assert ours.score == pytest.approx(np.zeros(5), abs=1e-6)


def test_a_fixed_coefficient_is_an_offset() -> None:
    X, won, n = counts(4, 3)
    ours = fit_constrained(X, won, n, lower=[0.5, -9, -9], upper=[0.5, 9, 9], l2=0.0)
    free = fit_logistic(X[:, 1:], won, n, firth=False, offset=0.5 * X[:, 0])
    assert ours.coefficients[0] == 0.5
    assert ours.coefficients[1:] == pytest.approx(free.coefficients, abs=1e-6)


def test_an_order_makes_equal_what_the_data_turn_round() -> None:
    """Held in order, two rules of different leads share one rate: 10 of 40 against 10 of 100.

    Log odds log(10 / 30) - log(10 / 90) = log 3.
    """
    X = [[1, 0], [0, 1], [0, 0]]
    ours = fit_constrained(X, [7, 3, 10], [20, 20, 100], rows=[[-1, 1]], l2=0.0)
    assert ours.coefficients == pytest.approx([np.log(3), np.log(3)], abs=1e-6)


def test_the_nearest_point_is_nearest_in_the_metric_given() -> None:
    """(1, 1) moved to the line b1 + b2 <= 1 by the metric (1, 3): by hand (1/4, 3/4).

    Lagrange: b1 - 1 = -m, 3 (b2 - 1) = -m and b1 + b2 = 1 give m = 3/4.
    """
    free = np.full(2, np.inf)
    rows = np.array([[-1.0, -1.0, 1.0]])
    held = np.array([-np.inf, -np.inf, 1.0])
    found = nearest_allowed(
        np.array([1.0, 1.0, 1.0]),
        np.diag([1.0, 3.0, 1.0]),
        held,
        np.array([*free, 1.0]),
        rows,
    )
    assert found == pytest.approx([0.25, 0.75, 1.0])


def test_what_contradicts_itself_has_no_answer() -> None:
    one, two = np.array([1.0, 1.0]), np.array([2.0, 2.0])
    assert nearest_allowed(one, np.eye(2), two, one, NO_ROWS) is None
    fixed = np.array([5.0, 3.0])  # the second at least the first
    assert nearest_allowed(one, np.eye(2), fixed, fixed, np.array([[-1.0, 1.0]])) is None
    X, won, n = counts(1, 2)
    assert fit_constrained(X, won, n, lower=[5, -1], upper=[5, 3], rows=[[-1, 1]]) is None
