"""What `diff` answers, and its forms: sentence, Markdown, plain data, HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from calibrate import display
from calibrate.changes.moves import Moves

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
    "reason",
)
MOVED_SHOWN = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Changes:
    """What a new card changes against the old one.

    Attributes
    ----------
    summary : str
        The change in one or two sentences.
    nothing_changed : bool
        Whether base, points and thresholds are all the same.
    """

    summary: str
    nothing_changed: bool
    _table: pd.DataFrame = field(repr=False)
    _figures: pd.DataFrame = field(repr=False)
    _moves: Moves = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a criterion of either card.

        ``criterion, group, status`` (new, dropped, changed, same, renamed), ``points_old,
        points_new, change``, and the change split into ``effect`` (the criterion is worth more
        or less) and ``scale`` (a point is); ``note`` (what it was called, or that its rule
        changed); ``reason``, why it came or went, where the lift tables of the runs were given.
        Points are whole numbers or missing.
        """
        return self._table.copy()

    @property
    def figures(self) -> pd.DataFrame:
        """Base, control rate and thresholds: ``figure, old, new, change``."""
        return self._figures.copy()

    @property
    def figures_worded(self) -> pd.DataFrame:
        """The figures as texts, each written as its kind is: the control rate in percent."""
        return _worded(self._figures)

    @property
    def moves(self) -> pd.DataFrame:
        """Leads by tier under the old and the new card: ``tier_old, tier_new, n``."""
        return self._moves.counts.copy()

    @property
    def up(self) -> pd.DataFrame:
        """Leads whose tier rises: ``lead_id, tier_old, tier_new, score_old, score_new``.

        The highest new score first.
        """
        return self._moves.up.copy()

    @property
    def down(self) -> pd.DataFrame:
        """Leads whose tier falls, with the columns of `up`.

        The highest old score first.
        """
        return self._moves.down.copy()

    @property
    def moved_up(self) -> tuple[Any, ...]:
        """Ids of the leads whose tier rises, the highest new score first."""
        return tuple(self._moves.up["lead_id"].tolist())

    @property
    def moved_down(self) -> tuple[Any, ...]:
        """Ids of the leads whose tier falls, the highest old score first."""
        return tuple(self._moves.down["lead_id"].tolist())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values, missing ones as None."""
        return {
            "summary": self.summary,
            "nothing_changed": self.nothing_changed,
            "criteria": display.plain_rows(self._table),
            "figures": display.plain_rows(self._figures),
            "moves": display.plain_rows(self._moves.counts),
            "moved_up": display.plain_rows(self._moves.up),
            "moved_down": display.plain_rows(self._moves.down),
        }

    def to_markdown(self) -> str:
        """Return the summary and the tables that say something, as Markdown."""
        parts = [self.summary]
        if self.nothing_changed:
            return f"{self.summary}\n"
        parts += [_markdown(self._table), _markdown(self.figures_worded)]
        if len(self._moves.counts):
            parts.append(_markdown(self._moves.counts))
        parts += [*_moved("up", self._moves.up), *_moved("down", self._moves.down)]
        return "\n\n".join(parts) + "\n"

    def _repr_html_(self) -> str:
        return display.html_table(self._table.drop(columns="group"), caption=self.summary)


def _moved(where: str, leads: pd.DataFrame) -> list[str]:
    """Return the parts on the leads that move up, or down; none where there are none."""
    if leads.empty:
        return []
    rest = len(leads) - MOVED_SHOWN
    more = [f"And {display.format_value('n', rest)} more."] if rest > 0 else []
    return [f"Open leads that move {where}:", _markdown(leads.head(MOVED_SHOWN)), *more]


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
