"""What a cut is for: each objective turns the counts above every cut into one number.

To add an objective, write a function of a `Sweep` and a `Target` and give it a line in
`OBJECTIVES`, and its name to `ThresholdSettings.objective`, which refuses any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.errors import ConfigError, did_you_mean

__all__ = ["OBJECTIVES", "Objective", "Sweep", "Target", "choose_objective", "expected_value"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Sweep:
    """Leads and conversions (weighted) at or above each cut, cuts rising along the last axis.

    More axes are resamples.
    """

    n: Floats
    n_converted: Floats
    weeks: float

    @property
    def recall(self) -> Floats:
        """Share of all conversions at or above the cut."""
        return _ratio(self.n_converted, self.n_converted[..., :1])

    @property
    def precision(self) -> Floats:
        """Share of the leads at or above the cut that converted."""
        return _ratio(self.n_converted, self.n)

    @property
    def false_positive_rate(self) -> Floats:
        """Share of the leads that did not convert at or above the cut."""
        others = self.n - self.n_converted
        return _ratio(others, others[..., :1])

    @property
    def leads_per_week(self) -> Floats:
        """Leads at or above the cut a week; nan where the weeks are not known."""
        return self.n / self.weeks


@dataclass(frozen=True, kw_only=True)
class Target:
    """The figures an objective may need, as `choose_thresholds` was given them."""

    value: float | None = None
    cost: float | None = None
    capacity: float | None = None
    beta: float = 1.0
    precision: float | None = None
    recall: float | None = None


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One objective: its value at each cut (nan: the cut is not allowed) and its words."""

    name: str
    values: Callable[[Sweep, Target], Floats]
    needs: tuple[str, ...] = ()
    words: str
    unreachable: str = "no cut is allowed"


def expected_value(sweep: Sweep, target: Target) -> Floats:
    """Value of the wins at or above each cut less the cost of contacting those leads."""
    if target.value is None or target.cost is None:
        return np.full_like(sweep.n, np.nan)
    return target.value * sweep.n_converted - target.cost * sweep.n


def _youden(sweep: Sweep, _: Target) -> Floats:
    return sweep.recall - sweep.false_positive_rate


def _f_beta(sweep: Sweep, target: Target) -> Floats:
    square = target.beta**2
    return _ratio((1 + square) * sweep.n_converted, square * sweep.n_converted[..., :1] + sweep.n)


def _capacity(sweep: Sweep, target: Target) -> Floats:
    volume = sweep.leads_per_week
    return np.where(volume <= _or_nan(target.capacity), volume, np.nan)


def _precision(sweep: Sweep, target: Target) -> Floats:
    return np.where(_reaches(sweep.precision, target.precision), sweep.recall, np.nan)


def _recall(sweep: Sweep, target: Target) -> Floats:
    spared = 1 - _ratio(sweep.n, sweep.n[..., :1])
    return np.where(_reaches(sweep.recall, target.recall), spared, np.nan)


OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective(
            name="youden",
            values=_youden,
            words="the best split (recall minus false alarms, Youden's J)",
        ),
        Objective(name="f_beta", values=_f_beta, words="the highest F score (beta {beta:g})"),
        Objective(
            name="expected_value",
            values=expected_value,
            needs=("value", "cost"),
            words="the highest expected value ({value:g} a win, {cost:g} a contact)",
        ),
        Objective(
            name="capacity",
            values=_capacity,
            needs=("capacity",),
            words="the lowest cut within {capacity:g} leads a week",
            unreachable="even the highest score holds more than {capacity:g} leads a week",
        ),
        Objective(
            name="precision",
            values=_precision,
            needs=("precision",),
            words="the lowest cut above which at least {precision:.4g} convert",
            unreachable="no cut reaches a precision of {precision:.4g}",
        ),
        Objective(
            name="recall",
            values=_recall,
            needs=("recall",),
            words="the highest cut that keeps at least {recall:.4g} of the conversions",
        ),
    )
}


def choose_objective(name: str | None, target: Target) -> Objective:
    """Return the objective asked for, or the one that the given figures imply.

    Without a name: ``expected_value`` if a value and a cost are given, ``capacity``,
    ``precision`` or ``recall`` if that figure is, else ``youden``.

    Raises
    ------
    ConfigError
        For an unknown name, a figure that is missing or one out of range.

    Examples
    --------
    >>> choose_objective(None, Target(capacity=120)).name
    'capacity'
    """
    _validate(target)
    if name is None:
        implied = ("expected_value", "capacity", "precision", "recall")
        given = [key for key in implied if not _missing(OBJECTIVES[key], target)]
        name = given[0] if given else "youden"
        if name == "youden" and (target.value is None) != (target.cost is None):
            name = "expected_value"
    if name not in OBJECTIVES:
        message = (
            f'unknown objective "{name}"{did_you_mean(name, OBJECTIVES)}; '
            f"there are {', '.join(OBJECTIVES)}"
        )
        raise ConfigError(message)
    missing = _missing(OBJECTIVES[name], target)
    if missing:
        message = f'the objective "{name}" needs {" and ".join(missing)}'
        raise ConfigError(message)
    return OBJECTIVES[name]


def _missing(objective: Objective, target: Target) -> list[str]:
    return [need for need in objective.needs if getattr(target, need) is None]


def _validate(target: Target) -> None:
    for name in ("value", "capacity", "beta"):
        figure = getattr(target, name)
        if figure is not None and not 0 < figure < float("inf"):
            message = f"{name} = {figure} must be greater than 0"
            raise ConfigError(message)
    if target.cost is not None and not 0 <= target.cost < float("inf"):
        message = f"cost = {target.cost} must not be negative"
        raise ConfigError(message)
    for name in ("precision", "recall"):
        figure = getattr(target, name)
        if figure is not None and not 0 < figure <= 1:
            message = f"{name} = {figure} must be a share between 0 and 1, such as 0.8"
            raise ConfigError(message)


def _reaches(share: Floats, wanted: float | None) -> NDArray[np.bool_]:
    reached: NDArray[np.bool_] = share >= _or_nan(wanted) - 1e-12  # 0.8 of 5 is 4, not 4.000...1
    return reached


def _or_nan(figure: float | None) -> float:
    return float("nan") if figure is None else figure


def _ratio(part: Floats, whole: Floats) -> Floats:
    whole = np.broadcast_to(whole, part.shape)
    ratio: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return ratio
