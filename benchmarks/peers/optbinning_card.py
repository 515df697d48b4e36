"""optbinning's scorecard: every column in optimal bins, a logistic regression, rounded points."""

import numpy as np
import pandas as pd
from exchange import Answer, serve, timed
from optbinning import BinningProcess, Scorecard
from sklearn.linear_model import LogisticRegression


def answer(X, y, X_test, *, binning, flags=False):
    """Fit a card of 0 to 100 points, rounded as optbinning rounds them.

    `binning` are options of the binning (empty: its defaults). `flags`: the columns are 0/1, and
    what a 1 is worth more than a 0 is wanted for each.
    """
    names = list(X.columns)
    text = [name for name in names if X[name].dtype == object or str(X[name].dtype) == "str"]
    process = BinningProcess(
        names,
        categorical_variables=text,
        **binning,
    )
    card = Scorecard(
        binning_process=process,
        estimator=LogisticRegression(max_iter=1_000),
        scaling_method="min_max",
        scaling_method_params={"min": 0, "max": 100},
        reverse_scorecard=True,  # a higher score for a higher rate of conversion
        rounding=True,
    )
    card, seconds = timed(lambda: card.fit(X, y))
    table = card.table(style="detailed")
    bins = table[table["Count"] > 0].groupby("Variable").size()
    rules = int(bins[bins > 1].sum())  # a column in one bin says nothing
    points = np.empty(0)
    if flags:
        ends = [card.score(_lead(names, name)) - card.score(_lead(names)) for name in names]
        points = np.concatenate(ends)
    return Answer(np.asarray(card.score(X_test), dtype=float), rules, seconds, points)


def _lead(names, done=None):
    return pd.DataFrame({name: [int(name == done)] for name in names})


if __name__ == "__main__":
    serve(answer)
