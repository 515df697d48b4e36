"""A criterion beside the rule of the card that counts it: four cells of leads and their rates."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from calibrate.criteria import Criterion
from calibrate.lift.compare import compare_rates
from calibrate.lift.found import COUNTED_BY
from calibrate.observation import sample_of

if TYPE_CHECKING:
    from calibrate.lift.measure import Lift
    from calibrate.observation import Observation, Sample
    from calibrate.scorecard import Scorecard

__all__ = ["OVERLAP_COLUMNS", "overlap_table"]

OVERLAP_COLUMNS = (
    "criterion",
    "counted_by",
    "meets",
    "meets_other",
    "also_share",
    "n",
    "n_converted",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
)
_CELLS = tuple(product((True, False), repeat=2))


def overlap_table(
    lift: Lift, card: Scorecard, obs: Observation, *, max_criteria: int = 12
) -> pd.DataFrame:
    """Return what criteria without points are worth once the rule that counts them is held fixed.

    Parameters
    ----------
    lift : Lift
        With the reasons of `Lift.with_card`.
    card : Scorecard
    obs : Observation
        Of which `lift` is.
    max_criteria : int, default 12
        Of those *counted by* a rule of the card, the most common.

    Returns
    -------
    DataFrame
        Four rows a criterion, ``criterion, counted_by, meets, meets_other``: leads that meet
        both, the criterion alone, the rule alone, neither; ``also_share``, the weighted share
        of the leads with the criterion that meet the rule too; ``n, n_converted`` as counted;
        ``rate`` with its interval (Wilson, at the effective number of leads), weighted; NaN
        where there is no lead.

    Notes
    -----
    Rates are those of `measure_lift` on the same leads. Where the rate with the criterion is
    that without it among the leads that meet the rule, the criterion adds nothing to it.
    """
    table = lift.table
    counted = table[table["reason"].str.startswith(COUNTED_BY)]
    common = counted.sort_values(["n", "criterion"], ascending=[False, True]).head(max_criteria)
    holders = {line.criterion.name: line.criterion for line in card.criteria}
    pairs = [
        (lift.criteria[row], holders[reason.removeprefix(COUNTED_BY)])
        for row, reason in zip(common.index, common["reason"], strict=True)
    ]
    if not pairs:
        return pd.DataFrame(columns=list(OVERLAP_COLUMNS))
    rules = [rule for pair in pairs for rule in pair]
    fitting = obs.fitting
    # Weighted given all of them, as the table's own rows are, unless leads are too many.
    beside = lift.criteria if fitting.searched is fitting else ()
    sample = sample_of(fitting, (*beside, *rules))
    first = len(sample.criteria) - len(rules)
    cells = [
        _cells(sample.columns((at, at + 1)), *pair, lift.confidence_level)
        for at, pair in zip(range(first, len(sample.criteria), 2), pairs, strict=True)
    ]
    return pd.concat(cells, ignore_index=True)


def _cells(
    sample: Sample, criterion: Criterion, other: Criterion, confidence_level: float
) -> pd.DataFrame:
    own, beside = sample.flags.T
    flags = np.column_stack([(own == meets) & (beside == also) for meets, also in _CELLS])
    of_cells = replace(sample, criteria=(criterion,) * len(_CELLS), flags=flags)
    rates = compare_rates(of_cells, confidence_level=confidence_level)
    share = rates["lead_share"]
    meets, also = (list(column) for column in zip(*_CELLS, strict=True))
    return rates.assign(
        criterion=criterion.name,
        counted_by=other.name,
        meets=meets,
        meets_other=also,
        also_share=share[0] / (share[0] + share[1]),
    )[list(OVERLAP_COLUMNS)]
