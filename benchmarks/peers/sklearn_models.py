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
    """Fit `model`, "boosting" or "logistic", with scikit-learn's defaults."""
    text = [name for name in X.columns if not pd.api.types.is_numeric_dtype(X[name].dtype)]
    numbers = [name for name in X.columns if name not in text]
    table = _plain(X, text)
    fitted, seconds = timed(lambda: _MODELS[model](text, numbers).fit(table, y))
    return Answer(fitted.predict_proba(_plain(X_test, text))[:, 1], 0, seconds)


def _boosting(text, numbers):
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer((levels, text), ("passthrough", numbers))
    return make_pipeline(columns, HistGradientBoostingClassifier(random_state=0))


def _logistic(text, numbers):
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    filled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    columns = make_column_transformer((levels, text), (filled, numbers))
    return make_pipeline(columns, LogisticRegression(max_iter=2_000))


def _plain(X, text):
    plain = X.copy()
    plain[text] = X[text].astype(object).where(X[text].notna(), np.nan)
    return plain


_MODELS = {"boosting": _boosting, "logistic": _logistic}

if __name__ == "__main__":
    serve(answer)
