"""Columns that tell the outcome instead of foretelling it are measured, but earn no points."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from calibrate.config import Constraints, Settings
from calibrate.criteria import Criterion
from calibrate.errors import CalibrateWarning, ConfigError, NotEnoughDataError, did_you_mean
from calibrate.fitting import names_in, resolvable
from calibrate.guards import Finding, find_problems, leaking_columns
from calibrate.history import History
from calibrate.pipeline.spans import observe_as_set

__all__ = [
    "constraints_left",
    "left_out",
    "not_leaking",
    "warn_of_kept",
    "warn_of_leaning",
    "with_allowed",
    "without_columns",
    "without_leaks",
]

LEAK = "leak"
_KEPT = "allow_leaks keeps it: a card that rests on it is held by the gate"


def left_out(findings: Iterable[Finding], allowed: Collection[str]) -> tuple[str, ...]:
    """Return what is certain to leak and not allowed all the same: it earns no points."""
    return tuple(name for name in leaking_columns(findings) if name not in allowed)


def with_allowed(
    findings: Iterable[Finding], allowed: Sequence[str], history: History
) -> tuple[Finding, ...]:
    """Say in the findings which certain leaks are kept, because the settings allow them.

    Parameters
    ----------
    findings : iterable of Finding
    allowed : sequence of str
        ``allow_leaks``: columns and activities.
    history : History

    Returns
    -------
    tuple of Finding
        Those of a certain leak that is kept tell so as their action.

    Raises
    ------
    ConfigError
        If a name is neither a column nor an activity, naming the nearest.
    """
    known = [*(attribute.name for attribute in history.attributes), *history.activities]
    for name in allowed:
        if name not in known:
            near = did_you_mean(name, known)
            raise ConfigError(
                f'[calibration] allow_leaks: there is no column or activity "{name}"{near}'
            )
    return tuple(
        replace(finding, action=_KEPT) if _is_kept(finding, allowed) else finding
        for finding in findings
    )


def warn_of_kept(findings: Iterable[Finding], allowed: Collection[str]) -> None:
    """Warn of each certain leak that is kept."""
    for name in leaking_columns(findings):
        if name in allowed:
            warnings.warn(
                f'"{name}" is kept because allow_leaks names it, though it is certain to tell '
                "the outcome: what a card promises with it will not come true if it is filled "
                "in later",
                CalibrateWarning,
                stacklevel=2,
            )


def warn_of_leaning(criteria: Iterable[Criterion], history: History, whole: History) -> None:
    """Warn of hand-made rules on what `without_columns` left out of the whole history."""
    leaks = [a.name for a in history.attributes if a.excluded == LEAK]
    leaks += [name for name in whole.activities if name not in history.activities]
    for rule in criteria:
        if rule.rests_on(leaks):
            warnings.warn(
                f'the hand-made rule "{rule.name}" looks at what is certain to tell the outcome: '
                "how the hand-made points did on past quarters flatters them",
                CalibrateWarning,
                stacklevel=2,
            )


def without_columns(history: History, names: Collection[str]) -> History:
    """Return the history with these columns and activities kept out of every criterion."""
    attributes = tuple(
        replace(attribute, excluded=LEAK) if attribute.name in names else attribute
        for attribute in history.attributes
    )
    activities = tuple(name for name in history.activities if name not in names)
    return replace(history, attributes=attributes, activities=activities)


def without_leaks(settings: Settings, history: History) -> History:
    """Return the history without what is certain to leak, unless the settings allow it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CalibrateWarning)  # of the periods: said elsewhere
            findings = find_problems(observe_as_set(history, settings.calibration))
    except NotEnoughDataError:
        return history
    return without_columns(history, left_out(findings, settings.calibration.allow_leaks))


def not_leaking(names: Collection[str], history: History) -> tuple[str, ...]:
    """Return those of the names that `without_columns` left to be criteria, if asked for."""
    leaks = {attribute.name for attribute in history.attributes if attribute.excluded == LEAK}
    return tuple(name for name in names if name not in leaks)


def constraints_left(constraints: Constraints, history: History) -> Constraints:
    """Return the constraints without those on activities that `without_columns` left out."""
    return constraints if constraints.is_empty else resolvable(constraints, names_in(history))


def _is_kept(finding: Finding, allowed: Collection[str]) -> bool:
    return any(name in allowed for name in leaking_columns([finding]))
