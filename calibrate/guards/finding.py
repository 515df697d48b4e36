"""What a guard says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from calibrate.display import format_value

__all__ = [
    "NOT_KNOWN_THEN",
    "SEVERITIES",
    "Finding",
    "leak_action",
    "leaking_columns",
    "number",
    "percent",
    "points",
    "quoted",
]

SEVERITIES = ("certain", "likely", "note")

# What every leak does.
NOT_KNOWN_THEN = "a score that uses it looks excellent on old leads and fails on new ones"


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


def leak_action(name: str, severity: str) -> str:
    """Return what to do about a leaking column.

    Examples
    --------
    >>> leak_action("Tags", "certain")
    'nothing: a run leaves it out; if it is known in time after all: allow_leaks = ["Tags"]'
    """
    if severity == "certain":
        kept = json.dumps([name], ensure_ascii=False)
        return (
            f"nothing: a run leaves it out; if it is known in time after all: allow_leaks = {kept}"
        )
    return 'find out when it is filled in; if after the outcome is clear, put it in "ignore"'


def number(n: float) -> str:
    """Return a count in words."""
    return format_value("n", int(n))


def percent(rate: float) -> str:
    """Return a rate in words."""
    return format_value("rate", float(rate))


def points(difference: float) -> str:
    """Return a difference of rates in words."""
    return format_value("difference", float(difference))


def quoted(names: Sequence[str], *, at_most: int = 10) -> str:
    """Return names in quotation marks, the first ones of many.

    Examples
    --------
    >>> quoted(["City", "Plan", "Tags"], at_most=2)
    '"City", "Plan" and 1 more'
    """
    shown = ", ".join(f'"{name}"' for name in names[:at_most])
    return shown + (f" and {len(names) - at_most} more" if len(names) > at_most else "")
