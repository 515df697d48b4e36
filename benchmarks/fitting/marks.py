"""A requirement, what was reached, and how the page says so."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Mark", "Options", "all_met", "at_least", "at_most", "said"]


class Options(NamedTuple):
    """How a section is run.

    Attributes
    ----------
    data : Path
        The folder of the public tables.
    quick : bool
        A small version, for tests.
    refresh : bool
        Ask the peers again, whatever they answered before.
    """

    data: Path
    quick: bool = False
    refresh: bool = False


class Mark(NamedTuple):
    """What was reached and what must be."""

    reached: float
    limit: float
    sign: int

    @property
    def met(self) -> bool:
        """Whether it is reached; a figure that could not be measured is not."""
        return bool(self.sign * (self.reached - self.limit) >= 0)

    @property
    def wanted(self) -> str:
        """The requirement in words."""
        return f"{'at least' if self.sign > 0 else 'at most'} {self.limit:g}"

    @property
    def verdict(self) -> str:
        """Whether it is met, or by how much it is missed."""
        return "met" if self.met else f"missed by {abs(self.reached - self.limit):.2g}"


def at_least(reached: float, limit: float) -> Mark:
    """Return the mark of a figure that must not be smaller."""
    return Mark(reached, limit, 1)


def at_most(reached: float, limit: float) -> Mark:
    """Return the mark of a figure that must not be larger."""
    return Mark(reached, limit, -1)


def said(mark: Mark | None) -> dict[str, str]:
    """Return the columns ``required`` and ``verdict`` of a row."""
    if mark is None:
        return {"required": "", "verdict": ""}
    return {"required": mark.wanted, "verdict": mark.verdict}


def all_met(marks: Iterable[Mark | None]) -> bool:
    """Whether every mark is met, and there are any."""
    given = [mark for mark in marks if mark is not None]
    return bool(given) and all(mark.met for mark in given)
