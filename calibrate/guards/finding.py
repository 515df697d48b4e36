"""What a guard says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from calibrate.display import format_value

__all__ = ["SEVERITIES", "Finding", "leaking_columns", "number", "percent", "points"]

SEVERITIES = ("certain", "likely", "note")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One trap found in the data; each guard has a class of its own.

    A guard's class sets the default of `guard` and may add figures: plain numbers and texts
    with defaults, which go into ``run.json`` as they are.

    Parameters
    ----------
    guard : str
        Which guard speaks.
    severity : {"certain", "likely", "note"}
        ``certain``: the numbers are wrong unless something is done; ``likely``: somebody
        who knows the data should look; ``note``: good to know.
    what : str
        What was found, with its counts.
    how_sure : str
        What speaks for it, and what else it could be.
    effect : str
        What it does to the numbers.
    action : str
        What to do.
    columns : tuple of str
        Columns or activities concerned.

    Attributes
    ----------
    leaks : bool
        Whether the columns tell the outcome instead of foretelling it (of the class).

    Examples
    --------
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Echo(Finding):
    ...     guard: str = "echo"
    ...     leaks: ClassVar[bool] = True
    >>> said = {"what": "", "how_sure": "", "effect": "", "action": ""}
    >>> leaking_columns([Echo(severity="certain", columns=("Signed",), **said)])
    ('Signed',)
    """

    leaks: ClassVar[bool] = False

    guard: str
    severity: str
    what: str
    how_sure: str
    effect: str
    action: str
    columns: tuple[str, ...] = ()


def leaking_columns(findings: Iterable[Finding], *, severity: str = "certain") -> tuple[str, ...]:
    """Return the columns that leak the outcome, at least as surely as asked.

    Parameters
    ----------
    findings : iterable of Finding
    severity : {"certain", "likely"}
        How sure.

    Returns
    -------
    tuple of str
        In the order of the findings.
    """
    wanted = SEVERITIES[: SEVERITIES.index(severity) + 1]
    found = [f for f in findings if f.leaks and f.severity in wanted]
    return tuple(dict.fromkeys(column for f in found for column in f.columns))


def number(n: float) -> str:
    """Return a count in words."""
    return format_value("n", int(n))


def percent(rate: float) -> str:
    """Return a rate in words."""
    return format_value("rate", float(rate))


def points(difference: float) -> str:
    """Return a difference of rates in words."""
    return format_value("difference", float(difference))
