"""Writing a ``calibrate.toml`` that explains itself."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calibrate.display import clean_text

__all__ = ["Line", "Table", "Value", "settings_text"]

Value = str | bool | int | float | Sequence[str] | Mapping[str, Sequence[str]]

_WIDTH = 100
_HEAD = """\
# Settings of calibrate. Lines that start with # are explanations or choices not taken.
#   calibrate check    shows what was read, and whether it is enough
#   calibrate run      makes the score, the thresholds and the report
"""


@dataclass(frozen=True, kw_only=False)
class Line:
    """One setting with its explanation.

    Parameters
    ----------
    key : str
    value : str, bool, number, sequence of str, or mapping of str to sequence of str
    comment : str
        Why, or what it is.
    taken : bool
        Whether it is in force, or written behind ``#`` as a choice not taken.
    examples : str
        What the data hold; shown to a person, not written.
    """

    key: str
    value: Value
    comment: str
    taken: bool = True
    examples: str = ""

    @property
    def values(self) -> list[str]:
        """The value or values, as text."""
        if isinstance(self.value, Mapping):
            return [f"{key}: {', '.join(some)}" for key, some in self.value.items()]
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return list(self.value)
        return [str(self.value)]

    @property
    def shown(self) -> str:
        """The value or values, for a person."""
        return ", ".join(self.values)

    @property
    def toml(self) -> str:
        """The line of the file; with a comment that is too long for it above it."""
        setting = f"{self.key} = {_written(self.value)}"
        if not self.taken:
            setting = f"# {setting}"
        comment = " ".join(clean_text(self.comment).split())
        whole = f"{setting:<34} # {comment}"
        if not comment:
            return setting
        if len(whole) <= _WIDTH:
            return whole
        above = [f"# {line}" for line in textwrap.wrap(comment, _WIDTH - 2)]
        return "\n".join([*above, setting])


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of the file: its lines, and what stands above it.

    Parameters
    ----------
    name : str
        Such as ``leads``.
    lines : sequence of Line
    note : str
        Lines of explanation, written behind ``#``.
    taken : bool
        Whether the table is in force; else all of it stands behind ``#``.
    """

    name: str
    lines: Sequence[Line]
    note: str = ""
    taken: bool = True

    @property
    def toml(self) -> str:
        """The table as it stands in the file."""
        note = [f"# {line}".rstrip() for line in self.note.splitlines()]
        head = f"[{self.name}]" if self.taken else f"# [{self.name}]"
        lines = [line.toml for line in self.lines]
        return "\n".join([*note, head, *lines]) + "\n"


def settings_text(tables: Iterable[Table]) -> str:
    """Return the text of a settings file.

    Parameters
    ----------
    tables : iterable of Table
        In the order of the file.

    Examples
    --------
    >>> leads = Table(name="leads", lines=[Line("source", "leads.csv", "a file")])
    >>> print(settings_text([leads]).splitlines()[5])
    source = "leads.csv"               # a file
    """
    return "\n".join([_HEAD, *(table.toml for table in tables)])


def _written(value: Value) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        parts = [f"{_quoted(key)} = {_written(list(some))}" for key, some in value.items()]
        return "{ " + ", ".join(parts) + " }"
    return f"[{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in escaped)
    return f'"{plain}"'
