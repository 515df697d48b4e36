"""What a study hands back."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["Study"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Study:
    """The outcome of one simulation study.

    Attributes
    ----------
    name : str
        As given on the command line, e.g. ``coverage``.
    table : DataFrame
        The figures, one row a setting; printed as they are.
    summary : str
        What was asked, how, and what came out, in Markdown.
    passed : bool
        Whether every requirement of the study is met.
    cells : DataFrame or None
        Every single cell, where the table sums many up; written beside the page.
    """

    name: str
    table: pd.DataFrame
    summary: str
    passed: bool
    cells: pd.DataFrame | None = None
