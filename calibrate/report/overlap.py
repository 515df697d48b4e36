"""A criterion that earns nothing beside the rule that counts it: four fields of leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrate.report.shape import Row, rows_of

__all__ = ["overlap_of"]


def overlap_of(run: Mapping[str, Any], criterion: str) -> Row | None:
    """Return the four fields of a criterion, None where the run has none.

    Parameters
    ----------
    run : mapping
        ``run.json``.
    criterion : str
        Name of a row of ``lift``.

    Returns
    -------
    dict or None
        ``other`` (the rule that counts it), ``also`` (share of its leads that meet that rule),
        ``rows``: with the criterion and without it, of each the field with the other rule and
        that without; ``with`` and ``without``, the two fields with the other rule, and ``rest``,
        with the criterion alone; ``text``: how the two lie, as the language files name it.

    Examples
    --------
    >>> overlap_of({}, "email_open") is None
    True
    """
    cells = [row for row in rows_of(run.get("overlaps")) if row["criterion"] == criterion]
    if len(cells) != 4:  # two by two
        return None
    fields = {(cell["meets"], cell["meets_other"]): cell for cell in cells}
    return {
        "other": cells[0]["counted_by"],
        "also": cells[0]["also_share"],
        "rows": [[fields[meets, other] for other in (True, False)] for meets in (True, False)],
        "text": _text(fields),
        "with": fields[True, True],
        "without": fields[False, True],
        "rest": fields[True, False],
    }


def _text(fields: Mapping[tuple[bool, bool], Row]) -> str:
    """Name how two rules lie: apart, the other within the criterion, or across each other."""
    if not fields[True, True]["n"]:
        return "counted_apart"
    return "counted" if fields[False, True]["n"] else "counted_inside"
