"""Columns that tell the outcome instead of foretelling it are measured, but earn no points."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from calibrate.criteria import Criterion
from calibrate.history import History

__all__ = ["rests_on", "without_columns"]


def rests_on(criterion: Criterion, names: Collection[str]) -> bool:
    """Whether a criterion looks at one of these columns or activities."""
    activities = (measure.activity for measure in criterion.measures)
    return any(name in names for name in (*criterion.fields, *activities))


def without_columns(history: History, names: Collection[str]) -> History:
    """Return the history with these columns and activities kept out of every criterion."""
    attributes = tuple(
        replace(attribute, excluded="leak") if attribute.name in names else attribute
        for attribute in history.attributes
    )
    activities = tuple(name for name in history.activities if name not in names)
    return replace(history, attributes=attributes, activities=activities)
