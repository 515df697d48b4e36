"""A card in the form that another system takes: one target a file."""

from __future__ import annotations

from collections.abc import Callable

from calibrate.config import Settings
from calibrate.errors import ConfigError, did_you_mean
from calibrate.exports.scores import write_scoring, write_scoring_table
from calibrate.exports.sql import export_sql
from calibrate.scorecard import Scorecard

__all__ = ["TARGETS", "export_card", "export_sql", "write_scoring", "write_scoring_table"]

TARGETS: dict[str, Callable[..., str]] = {"sql": export_sql}
"""What a card can be exported to, by name."""


def export_card(
    card: Scorecard,
    settings: Settings,
    target: str,
    *,
    dialect: str | None = None,
    as_of: str | None = None,
) -> str:
    """Return the text of a card for another system.

    Parameters
    ----------
    card : Scorecard
    settings : Settings
        The names of the user's columns.
    target : str
        A key of `TARGETS`.
    dialect, as_of : str, optional
        As in `export_sql`.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        If there is no such target; it names those there are.
    """
    if target not in TARGETS:
        near = did_you_mean(target, TARGETS)
        raise ConfigError(f'there is no export to "{target}"{near}; there is: {", ".join(TARGETS)}')
    return TARGETS[target](card, settings, dialect=dialect, as_of=as_of)
