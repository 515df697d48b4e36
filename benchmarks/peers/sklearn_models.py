"""What is no card: gradient boosting, and a logistic regression on every level."""

import numpy as np
import pandas as pd
from exchange import Answer, serve, timed
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def answer(X, y, X_test, *, model):
    """Fit `model`: "boosting" (300 trees of 8 leaves, rate 0.05) or "logistic" (defaults)."""
    table, test = _TABLES[model](X, X), _TABLES[model](X, X_test)
    text = [name for name in X.columns if not pd.api.types.is_numeric_dtype(X[name].dtype)]
    fitted, seconds = timed(lambda: _MODELS[model](text).fit(table, y))
    return Answer(fitted.predict_proba(test)[:, 1], 0, seconds)


def _boosting(text):
    return HistGradientBoostingClassifier(
        max_iter=300,
        max_leaf_nodes=8,
        learning_rate=0.05,
        categorical_features=text or None,
        random_state=0,
    )


def _logistic(text):
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    filled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    columns = make_column_transformer((levels, text), remainder=filled)
    return make_pipeline(columns, LogisticRegression(max_iter=2_000))


def _with_gaps(X, table):
    """Return text as it is, NaN where missing."""
    return table.assign(
        **{
            name: table[name].astype(object).where(table[name].notna(), np.nan)
            for name in table.columns
            if not pd.api.types.is_numeric_dtype(X[name].dtype)
        }
    )


def _numbered(X, table):
    """Return the levels of a text as numbers, NaN where missing or never seen in X."""
    numbered = table.copy()
    for name in X.columns:
        if not pd.api.types.is_numeric_dtype(X[name].dtype):
            levels = {
                level: number for number, level in enumerate(sorted(X[name].dropna().unique()))
            }
            numbered[name] = table[name].map(levels).astype(float)
    return numbered


_MODELS = {"boosting": _boosting, "logistic": _logistic}
_TABLES = {"boosting": _numbered, "logistic": _with_gaps}

if __name__ == "__main__":
    serve(answer)
