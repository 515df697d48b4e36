"""What few conversions can still say: rates drawn towards the control rate, with intervals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.display import format_interval
from calibrate.guards.finding import number, percent
from calibrate.guards.obvious import obvious_criteria
from calibrate.guards.rates import Judged
from calibrate.lift.adjusted import PRIOR_STRENGTH
from calibrate.observation import Observation
from calibrate.stats.shrinkage import posterior_interval, shrink

__all__ = ["PooledRate", "pooled_rates", "pooled_words"]

_MIN_LEADS = 10
_LEVEL = 0.95
_MOST = 3


@dataclass(frozen=True, kw_only=True)
class PooledRate:
    """Rate of the leads that meet a criterion, drawn towards the control rate.

    Attributes
    ----------
    criterion, subject : str
        Its words, and its column or activity.
    n, n_converted : int
    rate, rate_ci_lower, rate_ci_upper : float
        Posterior mean and 95 % credible interval.
    side : {-1, 0, 1}
        Whether that interval lies below or above the control rate, or holds it.
    holds : bool
        Whether the interval does so, too, that has the probability ``1 - 0.05 / m``, m being
        the number of criteria looked at.
    """

    criterion: str
    subject: str
    n: int
    n_converted: int
    rate: float
    rate_ci_lower: float
    rate_ci_upper: float
    side: int
    holds: bool

    def words(self) -> str:
        """Say the criterion, its rate with the interval, and its leads."""
        interval = format_interval("rate", self.rate_ci_lower, self.rate_ci_upper)
        return f'"{self.criterion}" {percent(self.rate)} ({interval}, n = {number(self.n)})'


def pooled_rates(
    obs: Observation, leads: Judged, *, ignore: Collection[str] = ()
) -> list[PooledRate]:
    """Return the rates of the obvious criteria, drawn towards the control rate.

    Parameters
    ----------
    obs : Observation
    leads : Judged
        Its leads; some converted, some did not.
    ignore : collection of str
        Columns that leak.

    Returns
    -------
    list of PooledRate
        Each activity done at least once, the largest levels of each category, each number at
        its median; the largest difference from control first.

    Notes
    -----
    The prior is a beta distribution around the control rate worth 50 leads, as for the
    shrunken rate of the lift table; the posterior is beta with the (effective) conversions
    added, see `calibrate.stats.shrinkage.posterior_interval`.

    References
    ----------
    A. Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 2.4.
    """
    criteria = obvious_criteria(obs, rows=leads.rows, min_leads=_MIN_LEADS, ignore=ignore)
    control = leads.rate(np.ones(len(leads.rows), dtype=bool)).rate
    found = []
    for one in criteria:
        group = leads.rate(one.met)
        prior = (group.hits, group.n_effective, control, PRIOR_STRENGTH)
        wide = posterior_interval(*prior, confidence_level=1 - (1 - _LEVEL) / len(criteria))
        usual = posterior_interval(*prior, confidence_level=_LEVEL)
        found.append(
            PooledRate(
                criterion=one.name,
                subject=one.subject,
                n=group.n,
                n_converted=group.n_converted,
                rate=float(shrink(*prior)),
                rate_ci_lower=float(usual.lower),
                rate_ci_upper=float(usual.upper),
                side=int(usual.lower > control) - int(usual.upper < control),
                holds=not wide.lower <= control <= wide.upper,
            )
        )
    return sorted(found, key=lambda rate: (-abs(rate.rate - control), rate.criterion))


def pooled_words(rates: Sequence[PooledRate]) -> str:
    """Say which criteria stand out from the control rate, and which only may.

    Examples
    --------
    >>> pooled_words([])
    'there is no criterion to compare'
    """
    if not rates:
        return "there is no criterion to compare"
    proven = [rate for rate in rates if rate.holds]
    maybe = [rate for rate in rates if rate.side and not rate.holds]
    said = (
        f"of {number(len(rates))} criteria, each drawn towards the control rate as if by "
        f"{PRIOR_STRENGTH:g} more leads, "
    )
    if proven:
        said += f"{number(len(proven))} {_stand(proven)} out: {_listed(proven)}"
    else:
        said += "none stands out"
    if maybe:
        said += f"; worth watching, but chance does as much: {_listed(maybe)}"
    return said


def _stand(rates: Sequence[PooledRate]) -> str:
    return "stands" if len(rates) == 1 else "stand"


def _listed(rates: Sequence[PooledRate]) -> str:
    more = f" and {number(len(rates) - _MOST)} more" if len(rates) > _MOST else ""
    return ", ".join(rate.words() for rate in rates[:_MOST]) + more
