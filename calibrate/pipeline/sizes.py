"""Cards of other sizes beside the card: the price of fewer rules, and the short card."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from calibrate.fitting import fit_scorecard, parsimony_curve
from calibrate.observation import Observation
from calibrate.scorecard import Scorecard

__all__ = ["SHORT", "other_sizes"]

SHORT = 6


def other_sizes(
    obs: Observation,
    card: Scorecard,
    how: Mapping[str, Any],
    leaks: Collection[str],
    *,
    allow_sensitive: Collection[str],
    confidence_level: float,
) -> dict[str, Any]:
    """Return ``parsimony`` and ``short_card`` of a run.

    Parameters
    ----------
    obs : Observation
    card : Scorecard
    how : mapping
        The keywords of `fit_scorecard` that made it.
    leaks : collection of str
        Columns and activities that the ceiling must not use either.
    allow_sensitive : collection of str
    confidence_level : float

    Returns
    -------
    dict
        ``parsimony`` is None where the card's number of rules was not chosen by
        cross-validation; ``short_card`` where ``max_criteria`` is a number, or chose at most
        six rules.
    """
    if card.parsimony is None:
        return {"parsimony": None, "short_card": None}
    curve = parsimony_curve(
        obs,
        card=card,
        allow_sensitive=allow_sensitive,
        ignore=leaks,
        confidence_level=confidence_level,
        rng=how["rng"],
    )
    if how["max_criteria"] != "auto" or len(card.criteria) <= SHORT:
        return {"parsimony": curve, "short_card": None}
    shorter = {**how, "max_criteria": SHORT, "intervals": False}
    short = fit_scorecard(obs, name=card.name, confidence_level=confidence_level, **shorter)
    return {"parsimony": curve, "short_card": None if short.is_empty else short}
