"""What only a person knows: each question with the answer that Enter takes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from calibrate.errors import ConfigError, did_you_mean

__all__ = [
    "Ask",
    "Question",
    "address",
    "choose",
    "choose_one",
    "day",
    "number",
    "take_default",
    "yes_or_no",
    "zone",
]

_YES = frozenset({"y", "yes", "j", "ja", "s", "si", "sì"})
_NO = frozenset({"n", "no", "nein"})


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question about the data.

    Parameters
    ----------
    key : str
        The setting that it is about, such as ``leads.won``.
    text : str
        As it is asked.
    default : object
        What is taken where nothing is answered; None leaves the setting out.
    shown : str
        The default, in words.
    parse : callable
        A text -> the answer; raises ConfigError, in one line, where it is none.
    choices : sequence of str
        What can be answered, where that is a list; each may be named by its number.
    """

    key: str
    text: str
    default: Any
    shown: str
    parse: Callable[[str], Any]
    choices: Sequence[str] = ()

    def answer(self, typed: str) -> Any:
        """Return the answer that a person typed; the default for nothing.

        Raises
        ------
        ConfigError
            If it is no answer to this.
        """
        typed = typed.strip()
        return self.parse(typed) if typed else self.default


Ask = Callable[[Question], Any]


def take_default(question: Question) -> Any:
    """Answer as Enter does."""
    return question.default


def choose(
    key: str,
    text: str,
    counts: Mapping[str, int],
    default: Sequence[str],
    *,
    notes: Mapping[str, str] | None = None,
) -> Question:
    """Ask which of the values of a column mean something.

    Parameters
    ----------
    key, text : str
    counts : mapping of str to int
        How many leads have each value.
    default : sequence of str
    notes : mapping of str to str, optional
        What is shown beside the number of a value.

    Examples
    --------
    >>> question = choose("leads.won", "which are won?", {"Open": 7, "Paid": 2}, ["Paid"])
    >>> question.answer("2"), question.answer("paid, open"), question.answer("")
    (['Paid'], ['Paid', 'Open'], ['Paid'])
    """
    values = list(counts)
    more = {value: f", {note}" for value, note in (notes or {}).items()}

    def parse(typed: str) -> list[str]:
        if typed.casefold() in {"none", "-"}:
            return []
        if _known(typed, values) is not None:  # a value may hold a comma
            return [str(_known(typed, values))]
        return list(dict.fromkeys(_one_of(part.strip(), values) for part in typed.split(",")))

    return Question(
        key=key,
        text=text,
        default=list(default),
        shown=", ".join(default) or "none",
        parse=parse,
        choices=[f"{value} ({n:,}{more.get(value, '')})" for value, n in counts.items()],
    )


def choose_one(key: str, text: str, words: Mapping[str, str], default: str) -> Question:
    """Ask for one of a few settings, each with its words.

    Examples
    --------
    >>> question = choose_one("x", "decimals?", {",": "a comma", ".": "a point"}, ",")
    >>> question.answer("2"), question.answer("a comma"), question.shown
    ('.', ',', 'a comma')
    """
    values = {words[value]: value for value in words}
    return Question(
        key=key,
        text=text,
        default=default,
        shown=words[default],
        parse=lambda typed: values[_one_of(typed, list(values))],
        choices=list(values),
    )


def yes_or_no(key: str, text: str, *, default: bool) -> Question:
    """Ask for yes or no."""

    def parse(typed: str) -> bool:
        if typed.casefold() not in _YES | _NO:
            raise ConfigError(f'answer yes or no, not "{typed}"')
        return typed.casefold() in _YES

    return Question(
        key=key, text=text, default=default, shown="yes" if default else "no", parse=parse
    )


def number(key: str, text: str) -> Question:
    """Ask for a whole number above 0; nothing leaves it out.

    Examples
    --------
    >>> number("thresholds.people", "How many?").answer(" 3 ")
    3
    """

    def parse(typed: str) -> int:
        if not re.fullmatch(r"[1-9]\d{0,8}", typed):
            raise ConfigError(f'answer with a whole number such as 40, not "{typed}"')
        return int(typed)

    return Question(key=key, text=text, default=None, shown="not known", parse=parse)


def day(key: str, text: str, *, default: str) -> Question:
    """Ask for a day."""

    def parse(typed: str) -> str:
        try:
            return dt.date.fromisoformat(typed).isoformat()
        except ValueError:
            raise ConfigError(f'write the day like 2024-01-31, not "{typed}"') from None

    return Question(key=key, text=text, default=default, shown=default, parse=parse)


def zone(key: str, text: str) -> Question:
    """Ask for a time zone."""
    known = available_timezones()

    def parse(typed: str) -> str:
        if typed not in known:
            near = did_you_mean(typed, sorted(known))
            raise ConfigError(f'no time zone is called "{typed}"{near}; such as Europe/Rome')
        return typed

    return Question(key=key, text=text, default=None, shown="UTC", parse=parse)


def address(key: str, text: str, ids: Sequence[str]) -> Question:
    """Ask for the address of a lead; an id of the data that stands in it becomes ``{lead_id}``.

    Examples
    --------
    >>> address("leads.lead_url", "?", ["L1", "L17"]).answer("https://crm.example.com/L17/show")
    'https://crm.example.com/{lead_id}/show'
    """
    known = frozenset(ids)

    def parse(typed: str) -> str:
        if not typed.startswith(("https://", "http://")):
            raise ConfigError(f'an address starts with https://, and "{typed}" does not')
        if "{lead_id}" in typed:
            return typed
        parts = re.split(r"([/?&=#])", typed)
        found = [place for place, part in enumerate(parts) if part in known]
        if not found:
            raise ConfigError("no id of these leads stands in it; write {lead_id} in its place")
        parts[found[-1]] = "{lead_id}"
        return "".join(parts)

    return Question(key=key, text=text, default=None, shown="no links", parse=parse)


def _known(typed: str, values: Sequence[str]) -> str | None:
    if typed in values:
        return typed
    return next((value for value in values if value.casefold() == typed.casefold()), None)


def _one_of(typed: str, values: Sequence[str]) -> str:
    """Return the value that was typed, or named by its number."""
    found = _known(typed, values)
    if found is not None:
        return found
    if typed.isdecimal() and 1 <= int(typed) <= len(values):
        return values[int(typed) - 1]
    near = did_you_mean(typed, values)
    raise ConfigError(f'"{typed}" is none of them{near}; name them, or give their numbers')
