import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

from calibrate.fitting.classifier import ScorecardClassifier

# All of scikit-learn's checks but the one on array-API input, which it skips itself
# unless SCIPY_ARRAY_API is set.
CHECKS = [
    pytest.param(estimator, check, id=getattr(check, "func", check).__name__)
    for estimator, check in estimator_checks_generator(ScorecardClassifier())
    if "array_api" not in getattr(check, "func", check).__name__
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_it_has_the_manners_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def company():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "industry": rng.choice(["software", "retail", None], 3000),
            "visits": rng.poisson(2, 3000),
            "is student": rng.random(3000) < 0.2,
            "age": np.where(rng.random(3000) < 0.1, np.nan, rng.integers(20, 60, 3000)),
        }
    )
    log_odds = -2 + 1.2 * (X["industry"] == "software") + 0.5 * X["visits"] - 2 * X["is student"]
    return X, np.where(rng.random(3000) < 1 / (1 + np.exp(-log_odds)), "won", "lost")


def test_categories_missing_values_and_names(company):
    X, y = company
    model = ScorecardClassifier(max_criteria=6).fit(X, y)
    assert model.feature_names_in_.tolist() == list(X.columns)
    assert model.classes_.tolist() == ["lost", "won"]
    assert len(model.scorecard_.criteria) <= 6
    rates = model.predict_proba(X)
    assert np.allclose(rates.sum(axis=1), 1)
    assert rates[:, 1].mean() == pytest.approx((y == "won").mean(), abs=0.01)
    # rows alone score as they do together
    assert np.array_equal(model.predict_proba(X.iloc[5:8]), rates[5:8])


def test_it_works_in_a_pipeline_and_in_cross_validation(company):
    X, y = company
    model = make_pipeline(FunctionTransformer(), ScorecardClassifier(max_criteria=6))
    areas = cross_val_score(model, X, y, scoring="roc_auc", cv=3)
    # the planted log odds themselves rank at .77; chance is .50
    assert areas.mean() > 0.7


def test_a_batch_does_not_change_the_kind_of_a_column(company):
    X, y = company
    X = X.assign(industry=X["industry"].map({"software": "1", "retail": "A"}))
    X["visits"] = X["visits"].astype(str)
    model = ScorecardClassifier(max_criteria=4).fit(X, y)
    assert {"industry", "visits"} <= set(model.scorecard_.fields)
    rates = model.predict_proba(X)
    rows = np.flatnonzero((X["industry"] == "1") & (X["visits"] == "3"))[:3]
    assert np.array_equal(model.predict_proba(X.iloc[rows]), rates[rows])
    assert np.array_equal(model.predict_proba(X.iloc[rows[:1]]), rates[rows[:1]])
    beside = pd.concat([X.iloc[rows], X.iloc[:1].assign(visits="003")], ignore_index=True)
    assert np.array_equal(model.predict_proba(beside)[:3], rates[rows])
