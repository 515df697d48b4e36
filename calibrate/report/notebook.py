"""The threshold explorer in a notebook cell."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from calibrate.report.html import explorer_page

__all__ = ["ThresholdExplorer", "explore_thresholds"]

_FRAME_HEIGHT = 640


@dataclass(frozen=True, eq=False)
class ThresholdExplorer:
    """The slider in a notebook cell, of a `Thresholds`.

    Parameters
    ----------
    cuts : Thresholds
        Its ``table``, ``threshold`` and ``plateau`` are shown.
    lang : str
        Language of the words.
    people : int, optional
        Sales people; adds leads a week for each.
    """

    cuts: Any
    lang: str = "en"
    people: int | None = None

    def to_html(self) -> str:
        """Return a page of its own, without anything loaded from elsewhere."""
        table = self.cuts.table.sort_values("threshold")
        rows = [
            {key: None if value != value else value for key, value in row.items()}  # noqa: PLR0124
            for row in table.to_dict("records")
        ]
        low, high = self.cuts.plateau
        cut = {"table": rows, "threshold": self.cuts.threshold, "low": low, "high": high}
        return explorer_page(cut | {"people": self.people}, self.lang)

    def _repr_html_(self) -> str:
        page = html.escape(self.to_html(), quote=True)
        return (
            f'<iframe srcdoc="{page}" title="thresholds" width="100%" '
            f'height="{_FRAME_HEIGHT}" style="border:0"></iframe>'
        )


def explore_thresholds(
    cuts: Any, *, lang: str = "en", people: int | None = None
) -> ThresholdExplorer:
    """Return a slider over every cut, live in a notebook cell.

    Parameters
    ----------
    cuts : Thresholds
        As `choose_thresholds` returns it.
    lang : {"en", "it"}, default "en"
        Language of the words.
    people : int, optional
        Sales people; adds leads a week for each.

    Returns
    -------
    ThresholdExplorer
        Shows itself in Jupyter; ``.to_html()`` is a page of its own.
    """
    return ThresholdExplorer(cuts, lang, people)
