"""What `diff` answers, and its forms: sentence, Markdown, plain data, HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from calibrate import display

__all__ = ["CHANGE_COLUMNS", "Changes"]

CHANGE_COLUMNS = (
    "criterion",
    "group",
    "status",
    "points_old",
    "points_new",
    "change",
    "effect",
    "scale",
    "note",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Changes:
    """What a new card changes against the old one.

    Attributes
    ----------
    summary : str
        The change in one or two sentences.
    nothing_changed : bool
        Whether base, points and thresholds are all the same.
    moved_up : tuple
        Ids of the leads whose tier rises, where scores were given.
    """

    summary: str
    nothing_changed: bool
    moved_up: tuple[Any, ...]
    _table: pd.DataFrame = field(repr=False)
    _figures: pd.DataFrame = field(repr=False)
    _moves: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a criterion of either card.

        ``criterion, group, status`` (new, dropped, changed, same, renamed), ``points_old,
        points_new, change``, and the change split into ``effect`` (the criterion is worth more
        or less) and ``scale`` (a point is); ``note``. Points are whole numbers or missing.
        """
        return self._table.copy()

    @property
    def figures(self) -> pd.DataFrame:
        """Base, control rate and thresholds: ``figure, old, new, change``."""
        return self._figures.copy()

    @property
    def moves(self) -> pd.DataFrame:
        """Leads by tier under the old and the new card: ``tier_old, tier_new, n``."""
        return self._moves.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values, missing ones as None."""
        return {
            "summary": self.summary,
            "nothing_changed": self.nothing_changed,
            "criteria": _plain_rows(self._table),
            "figures": _plain_rows(self._figures),
            "moves": _plain_rows(self._moves),
            "moved_up": [display.plain_value(lead) for lead in self.moved_up],
        }

    def to_markdown(self) -> str:
        """Return the summary and the tables that say something, as Markdown."""
        parts = [self.summary]
        if not self.nothing_changed:
            parts += [_markdown(self._table), _markdown(_worded(self._figures))]
        if len(self._moves):
            parts.append(_markdown(self._moves))
        return "\n\n".join(parts) + "\n"

    def _repr_html_(self) -> str:
        return display.html_table(self._table, caption=self.summary)


def _worded(figures: pd.DataFrame) -> pd.DataFrame:
    """Write each figure as its kind is written: the control rate as a percentage."""
    rows = []
    for row in figures.itertuples(index=False):
        kind = "rate" if row.figure == "control rate" else "n"
        change = "difference" if kind == "rate" else "points"
        rows.append(
            (
                row.figure,
                display.format_value(kind, row.old),
                display.format_value(kind, row.new),
                display.format_value(change, row.change),
            )
        )
    return pd.DataFrame(rows, columns=list(figures.columns))


def _markdown(table: pd.DataFrame) -> str:
    text = display.format_table(table)
    lines = [list(text.columns), ["---"] * len(text.columns), *text.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: object) -> str:
    return str(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): display.plain_value(value) for name, value in row.items()}
        for row in table.to_dict(orient="records")
    ]
