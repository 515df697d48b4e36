"""The price of fewer rules: the parsimony curve and its ceiling."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate import display
from calibrate.config import Constraints
from calibrate.criteria import Criterion
from calibrate.errors import ConfigError
from calibrate.fitting.boosting import MAX_LEADS, boosted
from calibrate.fitting.fit import fit_scorecard
from calibrate.fitting.logistic import FEW_FOLDS, MANY_LEADS, N_FOLDS
from calibrate.fitting.parsimony import ranked_within
from calibrate.fitting.search import balanced_folds, searched_leads
from calibrate.lift import Lift
from calibrate.observation import Sample, sample_of
from calibrate.scorecard import PARSIMONY_COLUMNS, Scorecard
from calibrate.stats.delong import leads_auc_interval
from calibrate.stats.resampling import as_generator

if TYPE_CHECKING:
    from calibrate.observation import Observation

__all__ = ["Parsimony", "parsimony_curve"]

ENOUGH = 0.95  # of what the card's size gives, that a smaller one must keep to be named
TINY = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class Parsimony:
    """What cards with fewer or more rules give on leads they had not seen, and the ceiling.

    Attributes
    ----------
    ceiling : mapping or None
        ``n, n_converted, log_loss, auc, auc_ci_lower, auc_ci_upper, confidence_level`` of
        gradient boosting, cross-validated on the same leads.
    """

    ceiling: Mapping[str, Any] | None
    _table: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a number of rules; columns as `parsimony_curve` describes them."""
        return self._table.copy()

    @property
    def enough(self) -> dict[str, Any] | None:
        """The fewest rules that keep 95 % of what the card gives: ``n_criteria, kept_share, of``.

        None where there is no card, or it is no better than a coin toss.
        """
        some = self._table[self._table["n_criteria"] >= 1]
        keeping = some[some["kept_share"] >= ENOUGH]
        if keeping.empty:
            return None
        row, of = keeping.iloc[0], self._table.loc[self._table["chosen"], "n_criteria"].iloc[0]
        return {
            "n_criteria": int(row["n_criteria"]),
            "kept_share": float(row["kept_share"]),
            "of": int(of),
        }

    @property
    def sentence(self) -> str:
        """Say what fewer rules would keep, in one sentence."""
        found = self.enough
        if found is None:
            return "There is no card whose rules could be fewer."
        n, of = found["n_criteria"], found["of"]
        if n >= of:
            return f"Fewer than the card's {_rules(of)} would lose more than 5 % of what they give."
        kept = found["kept_share"]
        share = "all" if kept >= 1 else f"{min(round(100 * kept), 99)} %"
        return f"With {_rules(n)} you keep {share} of what {of} give."

    def _repr_html_(self) -> str:
        shown = ["n_criteria", "auc", "auc_ci_lower", "auc_ci_upper", "kept_share", "chosen"]
        return display.html_table(self._table[shown], caption=self.sentence)


def parsimony_curve(  # noqa: PLR0913 - as in fit_scorecard
    obs: Observation,
    *,
    card: Scorecard | None = None,
    max_criteria: int = 20,
    pairs: bool = True,
    criteria: Sequence[Criterion | dict[str, Any]] | Lift | None = None,
    allow_sensitive: Collection[str] = (),
    constraints: Constraints | Mapping[str, Any] | None = None,
    current: Scorecard | None = None,
    ignore: Collection[str] = (),
    ceiling: bool = True,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Parsimony:
    """Measure what cards with 0, 1, 2, ... rules give on leads they had not seen.

    Parameters
    ----------
    obs : Observation
    card : Scorecard, optional
        A card fitted on these leads by ``logistic``: its own table is taken, and only the
        ceiling is computed.
    max_criteria : int
        The longest card tried, without `card`.
    pairs, criteria, allow_sensitive, constraints, current
        As in `fit_scorecard`, without `card`. Cards of every size keep to the constraints, and
        have from the start what these put on a card; the ceiling keeps to none.
    ignore : collection of str
        Columns and activities that the ceiling must not use.
    ceiling : bool
        Whether to cross-validate gradient boosting too. It takes seconds.
    confidence_level : float
    rng : int or numpy.random.Generator
        For permutations and folds.

    Returns
    -------
    Parsimony
        Its ``table`` has one row a number of rules:

        - ``n_criteria``, and the counts ``n, n_converted`` of the leads scored;
        - ``log_loss``, and ``log_loss_difference`` (that less the smallest) with its interval;
        - ``auc`` with its interval, and ``auc_difference`` (that less the AUC of the card's
          number of rules) with its interval: the price of fewer rules;
        - ``kept_share``: of what the card is better than a coin toss, so much this size is;
        - ``chosen``: whether the card has so many rules; ``confidence_level``.

        No rows where nothing separates converted from lost leads.

    Raises
    ------
    ConfigError
        If `card` has no such table, or `max_criteria` is under 1.

    Notes
    -----
    Five folds (two of 50,000 leads and more), contacts kept together. Each fold's leads are
    scored by searches of every length on the others. AUC and interval are those of pairs of
    leads in one fold (and landmark), differences are paired, all with weights and clusters.
    ``kept_share = (auc - 1/2) / (auc of the card - 1/2)``. The ceiling is scikit-learn's
    histogram gradient boosting on raw attributes and counts, on at most 100,000 of the leads, in
    as many folds.

    References
    ----------
    E. LeDell, M. Petersen and M. van der Laan (2015), Electronic Journal of Statistics 9,
    1583-1607. M. Stone (1974), Cross-validatory choice and assessment of statistical
    predictions, J. R. Stat. Soc. B 36, 111-147.

    Examples
    --------
    >>> from calibrate.history import read_history
    >>> from calibrate.observation import observe
    >>> leads = pd.DataFrame({"lead_id": range(400), "visits": [0, 5] * 200,
    ...                       "outcome": ["lost", "converted", "lost", "lost"] * 100})
    >>> curve = parsimony_curve(observe(read_history(leads)), ceiling=False)
    >>> curve.table[["n_criteria", "chosen"]].values.tolist()
    [[0, False], [1, True]]
    >>> curve.sentence
    "Fewer than the card's 1 rule would lose more than 5 % of what they give."
    """
    if card is None:
        card = fit_scorecard(
            obs,
            max_criteria=max_criteria,
            pairs=pairs,
            criteria=criteria,
            allow_sensitive=allow_sensitive,
            constraints=constraints,
            current=current,
            confidence_level=confidence_level,
            intervals=False,
            rng=rng,
        )
    elif card.parsimony is None and not card.is_empty:
        raise ConfigError(
            f'the card "{card.name}" has no parsimony table: the number of its rules was not '
            "chosen by cross-validation; leave card out"
        )
    table = card.parsimony
    if table is None:
        table = pd.DataFrame(columns=list(PARSIMONY_COLUMNS)).astype({"chosen": bool})
    best = None
    if ceiling and len(table):
        best = _ceiling(obs.fitting, allow_sensitive, ignore, confidence_level, rng)
    return Parsimony(ceiling=best, _table=table)


def _ceiling(
    obs: Observation,
    allow_sensitive: Collection[str],
    ignore: Collection[str],
    confidence_level: float,
    rng: int | np.random.Generator,
) -> dict[str, Any]:
    """Cross-validate gradient boosting on the leads of the search, in as many folds."""
    obs = obs.searched
    sample = searched_leads(sample_of(obs, ()))
    n_folds = N_FOLDS if sample.n < MANY_LEADS else FEW_FOLDS
    folds = balanced_folds(sample.keys, n_folds, as_generator(rng))
    if sample.n > MAX_LEADS:
        chosen = sample.keys <= np.partition(sample.keys, MAX_LEADS)[MAX_LEADS]
        sample, folds = sample.rows(chosen), folds[chosen]
    leads = obs.compared.loc[sample.labels].assign(weight=sample.weight)
    attributes = [
        a
        for a in obs.attributes
        if (a.excluded is None or a.name in allow_sensitive) and a.name not in ignore
    ]
    activities = [name for name in obs.activities if name not in ignore]
    rates = np.full(sample.n, np.nan)
    for fold in range(n_folds):
        held = folds == fold
        known = leads[~held & (sample.weight > 0)]
        rates[held] = boosted(known, leads[held], attributes=attributes, activities=activities)
    return _figures(np.clip(rates, TINY, 1 - TINY), sample, folds, confidence_level)


def _figures(
    rates: NDArray[np.float64],
    sample: Sample,
    folds: NDArray[np.intp],
    confidence_level: float,
) -> dict[str, Any]:
    area = ranked_within(rates, sample, folds)
    lower, upper = leads_auc_interval(area, confidence_level=confidence_level)
    y = sample.converted
    losses = -(y * np.log(rates) + (1 - y) * np.log1p(-rates))
    return {
        "n": sample.n,
        "n_converted": sample.n_converted,
        "log_loss": float(sample.weight @ losses / sample.weight.sum()),
        "auc": area.auc,
        "auc_ci_lower": float(lower),
        "auc_ci_upper": float(upper),
        "confidence_level": confidence_level,
    }


def _rules(n: int) -> str:
    return f"{n} rule{'' if n == 1 else 's'}"
