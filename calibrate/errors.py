"""Errors and warnings: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "CalibrateError",
    "CalibrateWarning",
    "ConfigError",
    "DataError",
    "NotEnoughDataError",
    "did_you_mean",
]


class CalibrateError(Exception):
    """Base of every expected error; its text is one line, ready for a person."""

    def __str__(self) -> str:
        """Return the message on one line."""
        return " ".join(super().__str__().split())


class ConfigError(CalibrateError):
    """A setting or argument that cannot be used."""


class DataError(CalibrateError):
    """Data that cannot be used, located as exactly as it is known.

    Parameters
    ----------
    problem : str
        What is wrong, e.g. ``"is not a date"``.
    file, column : str, optional
        Where it stands.
    row : int, optional
        Row of the file, counted from 1 without the header (from 2 with it, as a
        spreadsheet shows it, where the file has one).
    value : object, optional
        The offending value.
    fix : str, optional
        What to do.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        column: str | None = None,
        row: int | None = None,
        value: object = None,
        fix: str | None = None,
    ) -> None:
        place = [file] if file else []
        if column is not None:
            place.append(f'column "{column}"')
        if row is not None:
            place.append(f"row {row}")
        subject = problem if value is None else f'"{_shorten(value)}" {problem}'
        text = f"{', '.join(place)}: {subject}" if place else subject
        super().__init__(f"{text}; {fix}" if fix else text)


class NotEnoughDataError(CalibrateError):
    """Too little is known for the answer asked for."""


class CalibrateWarning(UserWarning):
    """Something the reader of a result should know."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``' (did you mean "x"?)'`` for the nearest choice, or an empty text.

    Examples
    --------
    >>> did_you_mean("Create Time", ["Created Time", "Stage"])
    ' (did you mean "Created Time"?)'
    >>> did_you_mean("zzz", ["Stage"])
    ''
    """
    names = {choice.casefold(): choice for choice in choices}
    found = get_close_matches(word.casefold(), list(names), n=1, cutoff=0.6)
    return f' (did you mean "{names[found[0]]}"?)' if found else ""


def _shorten(value: object, length: int = 60) -> str:
    text = str(value)
    return text if len(text) <= length else f"{text[: length - 1]}…"
