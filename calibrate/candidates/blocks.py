"""What a criterion is about."""

from __future__ import annotations

from calibrate.criteria import Criterion

__all__ = ["criterion_block", "is_level"]


def criterion_block(criterion: Criterion) -> tuple[str, ...]:
    """Return what a criterion is about; criteria with the same answer are one attribute.

    Returns
    -------
    tuple of str
        Sorted names of its columns and activities.
    """
    columns = [f"field {name}" for name in criterion.fields]
    return tuple(sorted({*columns, *(f"activity {m.activity}" for m in criterion.measures)}))


def is_level(criterion: Criterion) -> bool:
    """Whether a criterion is a level of a column: its levels exclude each other, cuts nest."""
    return "in" in criterion.when or "missing" in criterion.when
