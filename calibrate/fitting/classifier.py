"""The scorecard with scikit-learn's manners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    assert_all_finite,
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from calibrate.config import Constraints
from calibrate.criteria import kinds_needed
from calibrate.fitting.fit import fit_scorecard
from calibrate.fitting.plain import observed_numbers, plain_columns
from calibrate.history import LEAD_COLUMNS, Needs, read_history
from calibrate.observation import observe

if TYPE_CHECKING:
    from calibrate.observation import Observation
    from calibrate.scorecard import Scorecard

__all__ = ["ScorecardClassifier"]


class ScorecardClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A whole-number scorecard as a binary classifier.

    Parameters
    ----------
    max_criteria : int or "auto"
        Ceiling of the number of rules (`calibrate.fit_scorecard`).
    method : {"logistic", "rate", "difference", "log_odds"}
    pairs : bool
        Whether rules may be joined in pairs, where that pays.
    constraints : Constraints or mapping, optional
        What the card must keep to, whatever the data say.
    intervals : bool
        Whether points get intervals, and each rule how often resamples choose it again. A
        classifier is fitted for its predictions, and these take most of the time.
    random_state : int
        For folds, permutations and resamples.

    Attributes
    ----------
    scorecard_ : Scorecard
    classes_ : ndarray of shape (2,)
        The second class is the one that counts as converted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only where ``X`` has column names that are all text.

    Examples
    --------
    >>> X = pd.DataFrame({"visits": [0, 5] * 200})
    >>> model = ScorecardClassifier(max_criteria=1).fit(X, [0, 1, 0, 1, 0, 0, 1, 1] * 50)
    >>> model.scorecard_.table[["criterion", "points"]].values.tolist()
    [['visits at least 5', 100]]
    >>> model.predict(X.head(2)).tolist()
    [0, 1]
    """

    def __init__(
        self,
        *,
        max_criteria: int | str = 12,
        method: str = "logistic",
        pairs: bool = True,
        constraints: Constraints | Mapping[str, Any] | None = None,
        intervals: bool = False,
        random_state: int = 0,
    ) -> None:
        self.max_criteria = max_criteria
        self.method = method
        self.pairs = pairs
        self.constraints = constraints
        self.intervals = intervals
        self.random_state = random_state

    def fit(self, X: ArrayLike | pd.DataFrame, y: ArrayLike) -> ScorecardClassifier:
        """Fit the card.

        Parameters
        ----------
        X : DataFrame or array_like, shape (leads, columns)
            Numbers, categories and missing values as they are; of pandas, polars or Arrow. Every
            column is a feature, also one called ``amount`` or ``created_at`` (in rules
            ``field:amount``).
        y : array_like, shape (leads,)
            Two classes.

        Raises
        ------
        ValueError
            If `y` has not two classes, or the lengths differ.
        """
        if y is None:
            raise ValueError("This estimator requires y to be passed, but the target y is None")
        target = column_or_1d(y, warn=True)
        assert_all_finite(target)
        frame = self._checked(X, target)
        check_classification_targets(target)
        self.classes_ = np.unique(target)
        if len(self.classes_) != 2:
            message = (
                "Only binary classification is supported"
                if len(self.classes_) > 2
                else ("Classifier can't train when only one class is present")
            )
            raise ValueError(f"{message}: y has {len(self.classes_)} class(es)")
        converted = np.asarray(target == self.classes_[1], dtype=bool)
        obs = observed_numbers(frame, converted)
        if obs is None:
            obs = _observed(frame, np.where(converted, "converted", "lost"))
        self.scorecard_: Scorecard = fit_scorecard(
            obs,
            method=self.method,
            max_criteria=self.max_criteria,
            pairs=self.pairs,
            constraints=self.constraints,
            intervals=self.intervals,
            allow_sensitive=[attribute.name for attribute in obs.attributes],
            rng=self.random_state,
        )
        return self

    def predict_proba(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Return the expected rates of both classes, shape (leads, 2)."""
        rate = np.asarray(self._scores(X)["expected_rate"], dtype=float)
        return np.column_stack([1 - rate, rate])

    def decision_function(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Return the log odds of the second class, shape (leads,)."""
        rates = self.predict_proba(X)
        return np.asarray(np.log(rates[:, 1]) - np.log(rates[:, 0]))

    def predict(self, X: ArrayLike | pd.DataFrame) -> NDArray[Any]:
        """Return the more probable class, shape (leads,)."""
        second = self.predict_proba(X)[:, 1] > 0.5
        return np.asarray(self.classes_[second.astype(int)])

    def _scores(self, X: ArrayLike | pd.DataFrame) -> pd.DataFrame:
        check_is_fitted(self, "scorecard_")
        frame = self._checked(X)
        # columns are what they were in fit, whatever the rows of this batch suggest
        kinds = kinds_needed(line.criterion for line in self.scorecard_.criteria)
        plain = plain_columns(frame, kinds)
        if plain is not None:
            return self.scorecard_.score_frame(plain)
        read = [name for name in frame if name in kinds or f"field:{name}" in kinds]
        observed = _observed(frame[read], np.full(len(frame), "open"), Needs(fields=kinds))
        return self.scorecard_.score(observed)

    def _checked(self, X: Any, y: NDArray[Any] | None = None) -> pd.DataFrame:
        """Return X as a frame with one column a feature, named alike in fit and predict."""
        if not isinstance(X, pd.DataFrame) and _is_arrow(X):
            X = pd.DataFrame.from_arrow(X)
        named = isinstance(X, pd.DataFrame)
        table = X if named else check_array(X, dtype=None, ensure_all_finite="allow-nan")
        if y is None:
            validate_data(self, table, reset=False, skip_check_array=True)
        else:
            validate_data(self, table, y, skip_check_array=True)
            check_consistent_length(table, y)
        frame = table.reset_index(drop=True) if named else pd.DataFrame(table)
        return frame.set_axis([_name_of(name) for name in frame.columns], axis=1)

    def __sklearn_tags__(self) -> Any:
        """Say what data it takes."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def _is_arrow(X: object) -> bool:
    """Whether it is a table of polars or Arrow."""
    return hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__")


def _name_of(name: object) -> str:
    """Return the name of a feature; in X no column is the id, the outcome or the contact."""
    text = f"{name}"
    return f"field:{text}" if text.strip().casefold() in LEAD_COLUMNS else text


def _observed(
    frame: pd.DataFrame, outcome: NDArray[Any], needs: Needs | None = None
) -> Observation:
    leads = frame.copy()
    leads["lead_id"], leads["outcome"] = np.arange(len(frame)), outcome
    return observe(read_history(leads, needs=needs))
