"""Points that people agreed on without counting, as a rival."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from calibrate.config import HandMade
from calibrate.criteria import Criterion, as_criterion
from calibrate.errors import ConfigError
from calibrate.fitting import names_in
from calibrate.fitting.constraints import Names
from calibrate.history import History
from calibrate.observation import Observation

__all__ = ["HandMadeCard", "hand_made_card"]

_COMPARED = re.compile(r"(?P<named>.+?)\s*(?P<sign>>=|<=|==|!=|=|<|>)\s*(?P<value>.+)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class HandMadeCard:
    """Rules and their points, any whole numbers; the score is their sum.

    Attributes
    ----------
    criteria : tuple of Criterion
    points : tuple of int
    threshold : int or None
        The sum from which a lead goes to sales.
    """

    criteria: tuple[Criterion, ...]
    points: tuple[int, ...]
    threshold: int | None = None

    def score(self, obs: Observation) -> pd.Series:
        """Return the sum of the points that each lead has at its landmark."""
        sums = obs.flags(self.criteria).astype(np.int64) @ np.array(self.points, dtype=np.int64)
        return pd.Series(sums, index=obs.rows.index)


def hand_made_card(
    history: History, given: HandMade | HandMadeCard | Mapping[str, Any] | None
) -> HandMadeCard | None:
    """Return hand-made points with their rules found in a history.

    Parameters
    ----------
    history : History
    given : HandMade, mapping or None
        Rules and their points, as in ``[hand_made]``.

    Returns
    -------
    HandMadeCard or None
        None where there are no points.

    Raises
    ------
    ConfigError
        If a rule looks at what is not there, naming the nearest.

    Notes
    -----
    A rule is the name of an activity (it was done at all), a rule as a card calls it, or a
    comparison: ``NAME >= 3`` and ``NAME < 3`` of a number or of how often an activity was done,
    ``NAME = VALUE`` of a column.

    Examples
    --------
    >>> from calibrate.history import read_history
    >>> leads = pd.DataFrame({"outcome": ["converted", "lost", "lost"], "visits": [5, 1, 4]})
    >>> card = hand_made_card(read_history(leads), {"visits >= 3": 10})
    >>> card.criteria[0].when, card.points
    ({'field': 'visits', 'at_least': 3.0}, (10,))
    """
    if given is None or isinstance(given, HandMadeCard):
        return given
    points = HandMade.of(given)
    if points.is_empty:
        return None
    names = replace(names_in(history), table="hand_made")
    return HandMadeCard(
        criteria=tuple(_rule(named, names) for named, _ in points.given),
        points=tuple(value for _, value in points.given),
        threshold=points.threshold,
    )


def _rule(named: str | Mapping[str, Any], names: Names) -> Criterion:
    where = f'"{named}"' if isinstance(named, str) else "rules"
    compared = _COMPARED.fullmatch(named) if isinstance(named, str) else None
    if compared is None or named in names.activities:
        return names.rule(named, where)
    subject = names.subject(compared["named"], where)
    sign, value = compared["sign"], compared["value"].strip("\"' ")
    when = _when(subject.kind, str(subject.name), sign, value)
    if when is None:
        allowed = ">= or <" if subject.kind == "activity" else ">=, < or ="
        number = "" if sign in ("=", "==") else " and a number"
        raise ConfigError(
            f'[{names.table}] {where}: a comparison of "{subject.name}" is written with '
            f"{allowed}{number}"
        )
    return as_criterion({"name": named, "when": when})


def _when(kind: str, name: str, sign: str, value: str) -> dict[str, Any] | None:
    if kind == "field" and sign in ("=", "=="):
        return {"field": name, "in": [value]}
    if not _NUMBER.fullmatch(value) or sign not in (">=", "<"):
        return None
    if kind == "field":
        return {"field": name, ("at_least" if sign == ">=" else "below"): float(value)}
    done = {"activity": name, "at_least": float(value)}
    return done if sign == ">=" else {"not": done}
