"""The names of rules in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrate.criteria import describe
from calibrate.errors import ConfigError
from calibrate.report.words import Words

__all__ = ["said_in", "translated"]

_COUNTED_BY = "counted by "
_OF_RULES = {
    *("criterion", "name", "rule", "other", "counted_by", "reason", "activity", "disqualify"),
    *("hold", "until"),
}
_DATA = {"head", "campaigns", "missed", "unknown"}  # whose texts are the data's own


def said_in(words: Words, rules: Mapping[str, Any]) -> dict[str, str]:
    """Return what the rules are called in a language, by what they are called in English.

    Parameters
    ----------
    words : Words
        The language.
    rules : mapping of name to ``when``
        ``rules`` of ``run.json``.

    Returns
    -------
    dict of str to str
        The whole wording of each, and the names of those that are called what they say. What
        people called otherwise is called so in every language.

    Examples
    --------
    >>> said_in(Words("it"), {"employees at least 50": {"field": "employees", "at_least": 50}})
    {'employees at least 50': 'employees almeno 50'}
    """
    say = words.phrases
    said = {}
    for name, when in rules.items():
        for full in (False, True):
            english = _described(when, full=full)
            if english is not None and (full or name == english):
                said[english] = describe(when, full=full, say=say)
    return {english: own for english, own in said.items() if english != own}


def translated(view: Any, said: Mapping[str, str]) -> Any:
    """Return what a page shows with the names of rules exchanged, where a rule may stand.

    Parameters
    ----------
    view : any
        Mappings, lists and values, as `leadership` gives them.
    said : mapping of str to str
        As `said_in` returns it.

    Examples
    --------
    >>> rows = [{"name": "a under 2", "n": 3, "reason": "counted by a under 2"}]
    >>> translated(rows, {"a under 2": "a sotto 2"})
    [{'name': 'a sotto 2', 'n': 3, 'reason': 'counted by a sotto 2'}]
    """
    if not said:
        return view
    if isinstance(view, Mapping):
        return {key: _under(key, value, said) for key, value in view.items()}
    if isinstance(view, list):
        return [translated(value, said) for value in view]
    return view


def _under(key: str, value: Any, said: Mapping[str, str]) -> Any:
    if key in _DATA:
        return value
    if key not in _OF_RULES:
        return translated(value, said)
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        return [said.get(text, text) for text in value]
    if not isinstance(value, str):
        return translated(value, said)
    before = _COUNTED_BY if value.startswith(_COUNTED_BY) else ""
    return before + said.get(value.removeprefix(before), value.removeprefix(before))


def _described(when: Any, *, full: bool = False) -> str | None:
    """Return a rule in English; None for one of a newer version, or written by hand."""
    try:
        return describe(when, full=full)
    except ConfigError:
        return None
