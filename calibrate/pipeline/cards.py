"""Finding a scorecard: a file, a run folder, the card in force, the newest run."""

from __future__ import annotations

from pathlib import Path

from calibrate.config import Settings
from calibrate.errors import ConfigError, DataError
from calibrate.registry import card_in_force, newest_run
from calibrate.scorecard import Scorecard

__all__ = ["current_card", "find_card", "read_card", "runs_folder"]

CARD_FILE = "scorecard.json"


def runs_folder(settings: Settings) -> Path:
    """Return the folder of the runs: ``runs`` beside the settings."""
    return settings.folder / "runs"


def current_card(settings: Settings) -> Scorecard | None:
    """Return the card in force, or None where none was promoted."""
    path = card_in_force(runs_folder(settings))
    return None if path is None else read_card(path)


def find_card(settings: Settings, card: str | Path | None = None) -> Scorecard:
    """Return the card asked for; else the card in force, else that of the newest run.

    Parameters
    ----------
    settings : Settings
        Of the company; its ``runs`` are looked into.
    card : path, optional
        A ``scorecard.json`` or a run folder.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if card is not None:
        return read_card(card)
    current = current_card(settings)
    if current is not None:
        return current
    newest = newest_run(runs_folder(settings))
    if newest is None:
        raise ConfigError(
            "there is no scorecard yet; make one with: calibrate run (or name one with --card)"
        )
    return read_card(newest)


def read_card(path: str | Path) -> Scorecard:
    """Read a card from a ``scorecard.json`` or from a run folder.

    Raises
    ------
    ConfigError
        If there is no such file.
    DataError
        If it is no scorecard, or one of a newer schema.
    """
    path = Path(path)
    file = path / CARD_FILE if path.is_dir() else path
    try:
        return Scorecard.from_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = f'there is no scorecard "{path.name}"'
        raise ConfigError(f"{problem}; name a scorecard.json or a run folder") from None
    except (OSError, UnicodeDecodeError):
        raise DataError("cannot be read as a scorecard", file=file.name) from None
