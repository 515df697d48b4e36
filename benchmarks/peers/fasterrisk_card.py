"""FasterRisk's integer card on a table of numbers, as its authors call it: all defaults but k."""

import numpy as np
from exchange import Answer, serve, timed
from fasterrisk.fasterrisk import RiskScoreOptimizer


def answer(X, y, X_test, *, k):
    """Fit k integer weights, each within -5 to 5, and take the best of its pool by loss."""
    design, sign = X.to_numpy(dtype=float), np.where(y == 1, 1.0, -1.0)

    def fit():
        optimizer = RiskScoreOptimizer(X=design, y=sign, k=k)
        optimizer.optimize()
        return optimizer.get_models(model_index=0)[2]

    weights, seconds = timed(fit)
    scores = X_test.to_numpy(dtype=float) @ weights
    return Answer(scores, int(np.count_nonzero(weights)), seconds, np.asarray(weights, dtype=float))


if __name__ == "__main__":
    serve(answer)
