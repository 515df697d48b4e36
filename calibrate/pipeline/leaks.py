"""Columns that tell the outcome instead of foretelling it are measured, but earn no points."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from calibrate.history import History

__all__ = ["not_leaking", "without_columns"]

LEAK = "leak"


def without_columns(history: History, names: Collection[str]) -> History:
    """Return the history with these columns and activities kept out of every criterion."""
    attributes = tuple(
        replace(attribute, excluded=LEAK) if attribute.name in names else attribute
        for attribute in history.attributes
    )
    activities = tuple(name for name in history.activities if name not in names)
    return replace(history, attributes=attributes, activities=activities)


def not_leaking(names: Collection[str], history: History) -> tuple[str, ...]:
    """Return those of the names that `without_columns` left to be criteria, if asked for."""
    leaks = {attribute.name for attribute in history.attributes if attribute.excluded == LEAK}
    return tuple(name for name in names if name not in leaks)
