"""The figures of a campaign view."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.campaigns.columns import attribute_called
from calibrate.campaigns.values import CAMPAIGN_COLUMNS, CampaignView
from calibrate.criteria import Criterion, as_criterion, level_text
from calibrate.errors import NotEnoughDataError
from calibrate.lift import MIN_LEADS, compare_rates
from calibrate.lift.adjusted import MIN_LEVELS, PRIOR_STRENGTH
from calibrate.lift.compare import MAX_Q_VALUE
from calibrate.observation import sample_of
from calibrate.stats.intervals import wilson
from calibrate.stats.shrinkage import beta_binomial_prior, shrink
from calibrate.stats.significance import benjamini_hochberg

if TYPE_CHECKING:
    from calibrate.observation import Observation, Sample
    from calibrate.scorecard import Scorecard

__all__ = ["campaign_view"]

Floats = NDArray[np.float64]
EMPTY = "not filled in"
MOST_VALUES = 50  # named in a table; the others, less frequent, are put together


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Leads of one value, of several rare ones, or of none."""

    name: str
    rule: Criterion
    is_value: bool = True


def campaign_view(
    card: Scorecard,
    obs: Observation,
    column: str,
    *,
    min_leads: int = MIN_LEADS,
    allow_sensitive: Collection[str] = (),
    confidence_level: float = 0.95,
) -> CampaignView:
    """Compare what the leads of each source or campaign promised with what they brought.

    Measured on the leads of ``obs.fitting`` that are compared at their landmark, as
    `measure_lift` does; where there are several landmarks, at the last.

    Parameters
    ----------
    card : Scorecard
        With its tiers, for the share of hot leads.
    obs : Observation
    column : str
        An attribute, such as "Lead Source"; it need not be a criterion.
    min_leads : int, default 30
        Values with fewer leads are put together as "other (n values)".
    allow_sensitive : collection of str
        Sensitive columns that may be looked at all the same.
    confidence_level : float, default 0.95

    Returns
    -------
    CampaignView
        ``table`` has one row a value, the most frequent first, those put together and the
        leads without a value last:

        - ``value``; ``n, n_converted`` as counted (conversions so far); ``n_effective``, leads
          that would give as exact a rate; ``lead_share``, share of the leads;
        - ``hot_share`` with interval: share in the card's highest tier, of all its leads;
        - ``n_expected``: conversions that the scores promise; ``n_observed``: ``n`` times
          `rate`, the conversions themselves where all leads are mature; ``n_difference``, the
          second less the first, with interval;
        - ``expected_rate, rate`` with interval, ``control_rate`` (of all these leads),
          ``shrunken_rate``;
        - ``amount``: won, weighted; nan where no amount is known, or the rate is not;
        - ``p_value, q_value``: conversions with against without; ``hot_q_value``: share of hot
          leads with against without;
        - ``verdict``: ``more customers, fewer customers`` (q <= 0.05), else ``more hot leads,
          fewer hot leads`` (q <= 0.05), ``no difference shown``, ``too few`` (under 30 leads or
          5 expected conversions with or without), ``too young``.

    Raises
    ------
    ConfigError
        If there is no such column, or it is personal, or sensitive and not allowed.
    NotEnoughDataError
        If there is no lead, no conversion or nothing but conversions.

    Notes
    -----
    Rates, their intervals and p are those of `measure_lift`: weighted for the young leads,
    Wilson's interval, mid-p of Fisher's test. The q values are Benjamini and Hochberg's [1]_
    over both questions asked of every value. The interval of ``n_difference`` takes the
    promise as given: ``n`` times the ends of the rate's interval, less ``n_expected``.
    Shrunken rates are drawn towards the mean of a beta-binomial distribution fitted to the
    values (where there are four or more; else towards control with the weight of 50 leads).

    A card fitted on these very leads that has a rule about the column promises what they
    brought: their difference is then near 0 by construction, and the rates tell. A rate above
    control is no proof that the campaign caused it: it may bring leads that would have come.

    References
    ----------
    .. [1] Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300.
    """
    fitting = obs.fitting.single
    attribute = attribute_called(fitting, column, allow_sensitive=allow_sensitive)
    groups = _groups(fitting, attribute.name, min_leads)
    sample = sample_of(fitting, [group.rule for group in groups])
    if not 0 < sample.n_converted < sample.n:
        raise NotEnoughDataError(
            f"campaigns cannot be compared: {sample.n_converted} of {sample.n} leads of "
            f"{fitting.period.label} converted; take an earlier fit_period or another horizon"
        )
    scores = card.scores_of(fitting).loc[sample.labels]
    hot = _highest_tier(card)
    is_hot = None if hot is None else np.asarray(scores["tier"] == hot, dtype=bool)
    table = _rates(sample, groups, confidence_level)
    table = table.assign(**_hot(sample, is_hot, confidence_level))
    table = table.assign(**_promised(sample, scores["expected_rate"].to_numpy(float), table))
    won = _amounts(fitting, sample)
    table["amount"] = np.nan if won is None else won @ sample.flags
    table["amount"] = table["amount"].where(table["rate"].notna())  # too young: nobody knows yet
    table = _judged(table)
    return CampaignView(
        column=attribute.name,
        n=sample.n,
        n_converted=sample.n_converted,
        control_rate=sample.rate,
        hot_share=float("nan") if is_hot is None else float(is_hot.mean()),
        hot_tier=hot,
        n_expected=float(scores["expected_rate"].sum()),
        amount=float("nan") if won is None else float(won.sum()),
        confidence_level=confidence_level,
        _table=table[list(CAMPAIGN_COLUMNS)],
    )


def _groups(obs: Observation, column: str, min_leads: int) -> list[_Group]:
    """Return the values with enough leads, the most frequent first, the others together."""
    values = obs.compared[column]
    counts: dict[str, int] = {}
    for value, n in values.value_counts().items():
        counts[level_text(value)] = counts.get(level_text(value), 0) + int(n)
    known = sorted((-n, value) for value, n in counts.items() if n)
    named = [value for n, value in known if -n >= min_leads][:MOST_VALUES]
    rest = [value for _, value in known if value not in named]
    if len(rest) == 1:
        named, rest = [*named, *rest], []
    groups = [_Group(name=value, rule=_rule(column, value)) for value in named]
    if rest:
        rule = as_criterion({"field": column, "in": rest})
        groups.append(_Group(name=f"other ({len(rest)} values)", rule=rule, is_value=False))
    if values.isna().any():
        rule = as_criterion({"field": column, "missing": True})
        groups.append(_Group(name=EMPTY, rule=rule))
    return groups


def _rule(column: str, value: str) -> Criterion:
    return as_criterion({"name": f"{column}: {value}", "when": {"field": column, "in": [value]}})


def _rates(sample: Sample, groups: list[_Group], confidence_level: float) -> pd.DataFrame:
    table = compare_rates(sample, confidence_level=confidence_level)
    table = table.assign(value=[group.name for group in groups])
    n = table["n_effective"].to_numpy(dtype=float)
    n_converted = n * table["rate"].to_numpy(dtype=float, na_value=0.0)
    levels = np.array([group.is_value for group in groups], dtype=bool) & (n > 0)
    prior = sample.rate, PRIOR_STRENGTH
    if levels.sum() >= MIN_LEVELS:
        prior = beta_binomial_prior(n_converted[levels], n[levels])
    return table.assign(shrunken_rate=shrink(n_converted, n, *prior))


def _highest_tier(card: Scorecard) -> str | None:
    """Return the name of the highest tier; a single one, of all leads, is not a high one."""
    return card.tiers[0].name if len(card.tiers) > 1 else None


def _hot(
    sample: Sample, is_hot: NDArray[np.bool_] | None, confidence_level: float
) -> dict[str, object]:
    """Return the share of hot leads: all of them are scored, so that each counts once."""
    n = sample.flags.sum(axis=0)
    columns: dict[str, object]
    if is_hot is None:
        missing = np.full(len(n), np.nan)
        columns = dict.fromkeys(("hot_share", "hot_share_ci_lower", "hot_share_ci_upper"), missing)
        return columns | {"hot_p_value": missing, "hot_verdict": "too few"}
    if not 0 < is_hot.sum() < len(is_hot):  # all alike: nothing to compare
        lower, upper = wilson(is_hot @ sample.flags, n, confidence_level=confidence_level)
        share = np.full(len(n), float(is_hot[0]))
        columns = {"hot_share": share, "hot_share_ci_lower": lower, "hot_share_ci_upper": upper}
        return columns | {"hot_p_value": np.full(len(n), np.nan), "hot_verdict": "no evidence"}
    of_all = replace(sample, converted=is_hot.astype(float), weight=np.ones(sample.n), mature=None)
    shares = compare_rates(of_all, confidence_level=confidence_level)
    return {
        "hot_share": shares["rate"],
        "hot_share_ci_lower": shares["rate_ci_lower"],
        "hot_share_ci_upper": shares["rate_ci_upper"],
        "hot_p_value": shares["p_value"],
        "hot_verdict": shares["verdict"],
    }


def _promised(sample: Sample, expected: Floats, table: pd.DataFrame) -> dict[str, object]:
    n, promised = table["n"], expected @ sample.flags
    return {
        "n_expected": promised,
        "expected_rate": promised / n,
        "n_observed": n * table["rate"],
        "n_difference": n * table["rate"] - promised,
        "n_difference_ci_lower": n * table["rate_ci_lower"] - promised,
        "n_difference_ci_upper": n * table["rate_ci_upper"] - promised,
    }


def _amounts(obs: Observation, sample: Sample) -> Floats | None:
    """Return the amount that each lead won, weighted; None where none is known."""
    amount = obs.rows["amount"].loc[sample.labels].astype(float)
    if amount.isna().all():
        return None
    return np.asarray(sample.weight * sample.converted * amount.fillna(0.0).to_numpy(dtype=float))


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """Add q values over both questions, and the verdict: customers before hot leads."""
    asked = np.concatenate([table["p_value"], table["hot_p_value"]]).astype(float)
    q_value, hot_q_value = np.split(benjamini_hochberg(asked), 2)
    table = table.assign(q_value=q_value, hot_q_value=hot_q_value)
    few, few_hot = table["verdict"] == "too few", table["hot_verdict"] == "too few"
    proven = ~few & (table["q_value"] <= MAX_Q_VALUE)
    proven_hot = ~few_hot & (table["hot_q_value"] <= MAX_Q_VALUE)
    above = table["rate"] > table["control_rate"]
    hot = (table["hot_share"] * table["n"]).sum() / table["n"].sum()
    above_hot = table["hot_share"] > hot
    verdict = np.select(
        [
            proven & above,
            proven,
            proven_hot & above_hot,
            proven_hot,
            few & (table["reason"] == "too young"),
            few,
        ],
        [
            "more customers",
            "fewer customers",
            "more hot leads",
            "fewer hot leads",
            "too young",
            "too few",
        ],
        "no difference shown",
    )
    return table.assign(verdict=verdict)
