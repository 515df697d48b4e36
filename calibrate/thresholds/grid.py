"""Fit against engagement: who a lead is beside what it did, A1 to D4."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.display import format_interval, format_value, html_table
from calibrate.errors import ConfigError
from calibrate.evaluation import ScoredLeads, known_outcomes, rate_intervals, scored_leads
from calibrate.stats.shrinkage import beta_binomial_prior, posterior_interval, shrink

__all__ = ["GRID_COLUMNS", "ScoreGrid", "score_grid"]

GRID_COLUMNS = (
    "cell",
    "fit",
    "engagement",
    "fit_at_least",
    "fit_below",
    "engagement_at_least",
    "engagement_below",
    "n",
    "n_converted",
    "n_effective",
    "lead_share",
    "converted_share",
    "rate",
    "shrunken_rate",
    "shrunken_rate_ci_lower",
    "shrunken_rate_ci_upper",
    "is_thin",
    "confidence_level",
)
_LETTERS, _NUMBERS = ("A", "B", "C", "D"), ("1", "2", "3", "4")
_SHARES = (0.25, 0.5, 0.75)
_THIN = 30
_ROUND = (50, 20, 10, 5, 2)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreGrid:
    """Leads by their points for who they are, and for what they did.

    Attributes
    ----------
    fit_cuts, engagement_cuts : tuple of int
        Points from which a row (a column) begins, highest first; the last one has no lower end.
    message : str
        What the card has no points for, in words; empty where it has both.
    confidence_level : float
    """

    fit_cuts: tuple[int, ...]
    engagement_cuts: tuple[int, ...]
    message: str
    confidence_level: float
    _table: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a cell, A1 first.

        ``cell``, ``fit`` (A the most points), ``engagement`` (1 the most), their bounds in whole
        points (missing where there is none), ``n, n_converted`` (of known outcome, as counted),
        ``n_effective``, shares of all leads and of all conversions, ``rate`` (nan without leads),
        ``shrunken_rate`` with its interval, and ``is_thin`` (under 30 leads).
        """
        return self._table.copy()

    @property
    def matrix(self) -> pd.DataFrame:
        """Shrunken rates, one row a quarter of fit, one column a quarter of engagement."""
        wide = self._table.pivot(index="fit", columns="engagement", values="shrunken_rate")
        return pd.DataFrame(wide)

    def _repr_html_(self) -> str:
        title = "How many of 100 buy in each cell (A and 1: the most points)"
        name = "shrunken_rate"
        told = {
            row["cell"]: f"{format_value(name, row[name])} "
            f"({format_interval(name, row[f'{name}_ci_lower'], row[f'{name}_ci_upper'])}), "
            f"{format_value('n', row['n'])} leads"
            for row in self._table.to_dict("records")
        }
        cells = self._table.assign(told=self._table["cell"].map(told))
        wide = cells.pivot(index="fit", columns="engagement", values="told")
        wide = wide.rename(columns=lambda number: f"engagement {number}").reset_index()
        return html_table(wide, caption=title, notes=[self.message] if self.message else [])


def score_grid(scores: pd.DataFrame, *, confidence_level: float = 0.95) -> ScoreGrid:
    """Lay out leads by quarters of fit points and quarters of engagement points.

    Parameters
    ----------
    scores : DataFrame
        As ``card.score(obs)`` gives it: ``fit, engagement, converted`` and, where there are any,
        ``weight`` and ``cluster``.
    confidence_level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    ScoreGrid

    Raises
    ------
    ConfigError
        If ``fit`` or ``engagement`` is missing.
    NotEnoughDataError
        If no outcome is known.

    Notes
    -----
    Each side is cut between scores that occur, where the share of leads below comes nearest to
    1/4, 2/4 and 3/4; of the whole points that cut alike, the roundest is shown. Few different
    scores make fewer than four quarters, one of them a single row or column.

    A cell's rate is drawn towards that of all cells: the posterior mean of a beta-binomial
    model whose prior is fitted to the cells (maximum likelihood), with equal-tailed limits. The
    prior is worth no more than all the leads there are: their common rate is not known better.
    Counts are effective ones where leads are weighted or clustered.

    References
    ----------
    J. G. Skellam (1948), Journal of the Royal Statistical Society B 10, 257-261.

    Examples
    --------
    >>> frame = pd.DataFrame({"fit": [0, 0, 10, 10], "engagement": [0, 20, 0, 20],
    ...                       "score": [0, 20, 10, 30], "converted": [False, False, False, True]})
    >>> grid = score_grid(frame)
    >>> grid.fit_cuts, grid.engagement_cuts, grid.table["cell"].tolist()
    ((10,), (20,), ['A1', 'A2', 'B1', 'B2'])
    """
    for name in ("fit", "engagement"):
        if name not in scores:
            raise ConfigError(f'the scores have no column "{name}"; take those of card.score(obs)')
    known = known_outcomes(scores, ("score", "fit", "engagement", "cluster"))
    weight = known["weight"].to_numpy(dtype=float)
    fit, fit_cuts = _quarters(known["fit"].to_numpy(), weight)
    engagement, engagement_cuts = _quarters(known["engagement"].to_numpy(), weight)
    leads = scored_leads(known)
    n_rows, n_columns = len(fit_cuts) + 1, len(engagement_cuts) + 1
    cells = [(i, j) for i in range(n_rows) for j in range(n_columns)]
    parts = [leads.part((fit == i) & (engagement == j)) for i, j in cells]
    rates = _rates(parts, confidence_level)
    places = {
        "cell": [_LETTERS[i] + _NUMBERS[j] for i, j in cells],
        "fit": [_LETTERS[i] for i, _ in cells],
        "engagement": [_NUMBERS[j] for _, j in cells],
        **_bounds("fit", fit_cuts, [i for i, _ in cells]),
        **_bounds("engagement", engagement_cuts, [j for _, j in cells]),
    }
    table = pd.DataFrame(places | rates | {"confidence_level": confidence_level})
    return ScoreGrid(
        fit_cuts=fit_cuts,
        engagement_cuts=engagement_cuts,
        message=_message(n_rows, n_columns),
        confidence_level=confidence_level,
        _table=table[list(GRID_COLUMNS)],
    )


def _rates(parts: list[ScoredLeads], confidence_level: float) -> dict[str, NDArray[np.generic]]:
    n = np.array([len(leads.score) for leads in parts])
    weight = np.array([leads.weight.sum() for leads in parts])
    hits = np.array([(leads.weight * leads.converted).sum() for leads in parts])
    rate = np.divide(hits, weight, out=np.full(len(parts), np.nan), where=weight > 0)
    filled = [i for i, count in enumerate(n) if count]
    n_effective = np.zeros(len(parts))
    n_effective[filled] = rate_intervals([parts[i] for i in filled])[0]
    k_effective = np.where(n > 0, np.nan_to_num(rate) * n_effective, 0.0)
    mean, strength = beta_binomial_prior(k_effective, n_effective)
    strength = min(strength, float(n_effective.sum()))
    shrunken = np.asarray(shrink(k_effective, n_effective, mean, strength))
    lower = upper = np.full(len(parts), np.nan)
    if 0 < mean < 1:
        lower, upper = posterior_interval(
            k_effective, n_effective, mean, strength, confidence_level=confidence_level
        )
    total = hits.sum()
    return {
        "n": n,
        "n_converted": np.array([int(leads.converted.sum()) for leads in parts]),
        "n_effective": n_effective,
        "lead_share": weight / weight.sum(),
        "converted_share": hits / total if total else np.full(len(parts), np.nan),
        "rate": rate,
        "shrunken_rate": shrunken,
        "shrunken_rate_ci_lower": np.asarray(lower),
        "shrunken_rate_ci_upper": np.asarray(upper),
        "is_thin": n < _THIN,
    }


def _quarters(
    points: NDArray[np.generic], weight: Floats
) -> tuple[NDArray[np.intp], tuple[int, ...]]:
    """Return the quarter of each lead, 0 the highest, and where they begin, highest first."""
    values, place = np.unique(points.astype(int), return_inverse=True)
    below = np.cumsum(np.bincount(place, weight))[:-1] / weight.sum()
    shares = _SHARES if len(below) else ()
    between = sorted({int(np.argmin(np.abs(below - share))) for share in shares})
    cuts = tuple(_readable(values[i], values[i + 1]) for i in reversed(between))
    rank = np.zeros(len(points), dtype=np.intp)
    for cut in cuts:
        rank += points.astype(int) < cut
    return rank, cuts


def _readable(below: int, least: int) -> int:
    """Return the roundest whole number above one score, up to the next that occurs."""
    for step in _ROUND:
        rounded = int(np.floor(least / step)) * step
        if rounded > below:
            return rounded
    return int(least)


def _bounds(
    side: str, cuts: tuple[int, ...], ranks: list[int]
) -> dict[str, pd.api.extensions.ExtensionArray]:
    lower, upper = [*cuts, None], [None, *cuts]
    return {
        f"{side}_at_least": pd.array([lower[i] for i in ranks], dtype="Int64"),
        f"{side}_below": pd.array([upper[i] for i in ranks], dtype="Int64"),
    }


def _message(n_rows: int, n_columns: int) -> str:
    if n_rows == 1 and n_columns == 1:
        return "The card has no points to tell leads apart: there is one cell."
    if n_rows == 1:
        return "The card has no points for who a lead is: there is one row."
    if n_columns == 1:
        return "The card has no points for what a lead did: there is one column."
    return ""
