"""Writing a ``calibrate.toml`` that explains itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Line", "settings_text"]

_HEAD = """\
# Settings of calibrate. Lines that start with # are explanations or choices not taken.
#   calibrate check    shows what was read, and whether it is enough
#   calibrate run      makes the score, the thresholds and the report
"""

_TAIL = """\
[calibration]
# name = "Acme"                    # what the report is called; default: the period
# as_of = "2024-01-01"             # set it to the day of the export; the default is the latest
#                                  # creation or activity in the data (never a closing date)
# period = "2023Q4"                # control rate and headline; default: the last complete quarter
# fit_period = ["2023-01-01", "2024-01-01"]   # default: the last four quarters with known outcomes
observation_window = "auto"        # leads are compared after so long, such as "14D"
horizon = "auto"                   # and count as customers if they buy within, such as "90D"
method = "logistic"                # or "difference", "rate", "log_odds"
max_criteria = 12                  # at most so many rules on the card

[thresholds]
# capacity = 40                    # leads a week that sales can work;
# people = 3                       # if given, multiplies it: so many people, 40 leads each
# value = 5000                     # or: what a customer is worth,
# cost = 30                        # and what contacting a lead costs
"""


@dataclass(frozen=True, kw_only=False)
class Line:
    """One setting with its explanation."""

    key: str
    value: str | list[str]
    comment: str

    @property
    def values(self) -> list[str]:
        """The value or values."""
        return [self.value] if isinstance(self.value, str) else self.value

    @property
    def shown(self) -> str:
        """The value or values, for a person."""
        return ", ".join(self.values)

    @property
    def toml(self) -> str:
        """The line of the file."""
        if isinstance(self.value, str):
            setting = f"{self.key} = {_quoted(self.value)}"
        else:
            setting = f"{self.key} = [{', '.join(map(_quoted, self.value))}]"
        comment = " ".join(part for part in self.comment.split() if part.isprintable())
        return f"{setting:<34} # {comment}"


def settings_text(parts: Mapping[str, Iterable[Line]]) -> str:
    """Return the text of a settings file.

    Parameters
    ----------
    parts : mapping of table to lines
        ``leads``, and perhaps ``outcomes`` or ``activities``.

    Examples
    --------
    >>> text = settings_text({"leads": [Line("source", "leads.csv", "a file")]})
    >>> print(text.splitlines()[5])
    source = "leads.csv"               # a file
    """
    return "\n".join([_HEAD, *(_table(name, lines) for name, lines in parts.items()), _TAIL])


def _table(name: str, lines: Iterable[Line]) -> str:
    return "".join(f"{line}\n" for line in (f"[{name}]", *(line.toml for line in lines)))


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in escaped)
    return f'"{plain}"'
