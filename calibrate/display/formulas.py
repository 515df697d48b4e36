"""Cells that a spreadsheet would take for a formula, and how they are written so that it does not.

One apostrophe goes in front of a formula, and in front of what looks like a formula so written:
taking one away again gives every text back.
"""

from __future__ import annotations

__all__ = ["FORMULA_STARTS", "WRITTEN_FORMULA", "without_formula"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula."""
WRITTEN_FORMULA = "^'+[=+@\\t\\r-]"
"""Regular expression of a cell that `without_formula` put an apostrophe before."""


def without_formula(text: str) -> str:
    """Return a cell's text so that no spreadsheet calculates it.

    Parameters
    ----------
    text : str
        Of a cell.

    Returns
    -------
    str
        The same, with an apostrophe before a formula.

    Examples
    --------
    >>> [without_formula(text) for text in ("=1+1", "'=1+1", "'tis")]
    ["'=1+1", "''=1+1", "'tis"]
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text
