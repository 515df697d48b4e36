import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

from calibrate.fitting.classifier import ScorecardClassifier
from calibrate.fitting.plain import observed_numbers
from calibrate.history import LEAD_COLUMNS

# All of scikit-learn's checks but the one on array-API input, which it skips itself
# unless SCIPY_ARRAY_API is set.
CHECKS = [
    pytest.param(estimator, check, id=getattr(check, "func", check).__name__)
    for estimator, check in estimator_checks_generator(ScorecardClassifier())
    if "array_api" not in getattr(check, "func", check).__name__
]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_it_works_in_a_pipeline_and_in_cross_validation(company):
    X, y = company
    model = make_pipeline(FunctionTransformer(), ScorecardClassifier(max_criteria=6))
    areas = cross_val_score(model, X, y, scoring="roc_auc", cv=3)
    # the planted log odds themselves rank at .77; chance is .50
    assert areas.mean() > 0.7


@pytest.mark.slow
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


def test_it_is_cloned_and_set_like_any_other(company):
    X, y = company
    constraints = {"sign": {"visits": "+"}, "forbidden": ["age"]}
    model = ScorecardClassifier(max_criteria=3, pairs=False, constraints=constraints)
    twin = clone(model).set_params(max_criteria=4)
    assert twin.get_params() == {
        "max_criteria": 4,
        "method": "logistic",
        "pairs": False,
        "constraints": constraints,
        "intervals": False,
        "random_state": 0,
    }
    assert model.max_criteria == 3
    card = twin.fit(X, y).scorecard_
    assert "age" not in card.fields
    visits = [line.points for line in card.criteria if "visits" in line.criterion.fields]
    assert visits
    assert min(visits) > 0
    assert all("all" not in line.criterion.when for line in card.criteria)


@pytest.mark.slow
def test_intervals_are_there_on_request_and_change_nothing_else(company):
    X, y = company
    quick = ScorecardClassifier(max_criteria=3).fit(X, y)
    sure = ScorecardClassifier(max_criteria=3, intervals=True).fit(X, y)
    assert all(line.points_ci is None for line in quick.scorecard_.criteria)
    assert all(
        a <= line.points <= b for line in sure.scorecard_.criteria for a, b in [line.points_ci]
    )
    assert np.array_equal(quick.predict_proba(X), sure.predict_proba(X))


@pytest.mark.slow
def test_a_grid_search_over_the_number_of_rules(company):
    X, y = company
    grid = {"scorecardclassifier__max_criteria": [1, 5]}
    model = make_pipeline(FunctionTransformer(), ScorecardClassifier())
    search = GridSearchCV(model, grid, scoring="roc_auc", cv=3).fit(X, y)
    assert search.best_params_ == {"scorecardclassifier__max_criteria": 5}
    best = search.best_estimator_[-1]
    assert best.feature_names_in_.tolist() == list(X.columns)
    assert 1 < len(best.scorecard_.criteria) <= 5


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_text_is_text_whatever_holds_it(company, dtype):
    X, y = company
    plain = ScorecardClassifier(max_criteria=4).fit(X, y)
    typed = X.astype({"industry": dtype})
    model = ScorecardClassifier(max_criteria=4).fit(typed, y)
    assert model.scorecard_.table.equals(plain.scorecard_.table)
    assert np.array_equal(model.predict_proba(typed), plain.predict_proba(X))


@pytest.mark.slow
def test_a_level_not_seen_before_and_missing_values_are_scored(company):
    X, y = company
    model = ScorecardClassifier(max_criteria=4).fit(X.astype({"industry": "category"}), y)
    new = X.head(3).assign(industry=["mining", None, "software"], age=np.nan, visits=0)
    new = new.astype({"is student": float}).assign(**{"is student": 0.0})
    rates = model.predict_proba(new.astype({"industry": "category"}))[:, 1]
    assert rates[0] == rates[1] < rates[2]  # only software is on the card


@pytest.mark.slow
def test_numbers_score_as_the_engine_reads_them(company, monkeypatch):
    X, y = company
    rng = np.random.default_rng(1)
    numbers = pd.DataFrame(
        {
            "zip": np.where(X["industry"] == "software", 39100, rng.integers(39000, 39009, 3000)),
            "score": X["visits"].astype(np.int8),
            "student": X["is student"].astype(bool),
            "age": (X["age"] / 10).astype(np.float32),
        }
    )
    y = np.where(X["age"].to_numpy() > 45, "won", y)
    model = ScorecardClassifier(max_criteria=8).fit(numbers, y)
    rules = [line.criterion for line in model.scorecard_.criteria]
    assert {"zip", "field:score", "student", "age"} == {name for r in rules for name in r.fields}
    assert {"in", "at_least"} <= {key for rule in rules for key in rule.when}
    numbers.iloc[0, 3], numbers.iloc[1, 3] = np.inf, -np.inf
    rates = model.predict_proba(numbers)
    text = model.predict_proba(numbers.astype({"zip": "object"}))
    assert np.array_equal(text, rates)
    monkeypatch.setattr("calibrate.fitting.classifier.plain_columns", lambda *_: None)
    assert np.array_equal(model.predict_proba(numbers), rates)


@pytest.mark.slow
@pytest.mark.parametrize("column", [None, "zip", "contact", "amount", "text"])
def test_many_numbers_are_learned_from_as_the_engine_reads_them(company, monkeypatch, column):
    X, y = company
    order = np.argsort(y, kind="stable")  # the first leads are all of one class
    X, y = X.iloc[order].reset_index(drop=True), y[order]
    numbers = pd.DataFrame(
        {
            "score": X["visits"].astype(np.int8),
            "employees": (X["age"] * 1.7).astype(np.float32),
            "industry": (X["industry"] == "software").astype(np.uint8),
        }
    )
    if column is not None:
        of_text = np.where(numbers["industry"] == 1, "a", "b")
        numbers[column] = of_text if column == "text" else np.arange(3000) % 7
    monkeypatch.setattr("calibrate.fitting.plain.MANY", 1_000)
    observed = observed_numbers(numbers, y == "won")
    assert (observed is None) == (column is not None)
    model = ScorecardClassifier(max_criteria=4).fit(numbers, y)
    monkeypatch.setattr("calibrate.fitting.plain.MANY", 10_000)
    by_engine = ScorecardClassifier(max_criteria=4).fit(numbers, y)
    assert model.scorecard_.to_json() == by_engine.scorecard_.to_json()
    assert "field:score" in model.scorecard_.fields


@pytest.mark.slow
@pytest.mark.parametrize("name", [*LEAD_COLUMNS, "Amount", " Worked "])
def test_every_column_is_a_feature_whatever_it_is_called(company, name):
    X, y = company[0][["visits"]].head(800), company[1][:800]
    plain = ScorecardClassifier(max_criteria=2).fit(X, y)
    named = X.rename(columns={"visits": name})
    model = ScorecardClassifier(max_criteria=2).fit(named, y)
    assert model.scorecard_.fields == (f"field:{name}",)
    if name != "lead_id":  # the numbers of ids are names, not amounts
        assert np.array_equal(model.predict_proba(named), plain.predict_proba(X))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pl.from_pandas, pa.Table.from_pandas, pa.RecordBatch.from_pandas])
def test_tables_of_polars_and_arrow_keep_their_names(company, kind):
    X, y = company
    plain = ScorecardClassifier(max_criteria=4).fit(X, y)
    model = ScorecardClassifier(max_criteria=4).fit(kind(X), y)
    assert model.feature_names_in_.tolist() == list(X.columns)
    assert model.scorecard_.to_json() == plain.scorecard_.to_json()
    assert np.array_equal(model.predict_proba(kind(X.head(9))), plain.predict_proba(X.head(9)))
