"""From the words of a rule, as a card or a person writes them, to the rule."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from types import MappingProxyType
from typing import Any

from calibrate.criteria import describe
from calibrate.errors import ConfigError
from calibrate.fitting.constraints.reading import mentions

__all__ = ["rule_called"]

When = dict[str, Any]

MOST_JOINTS = 8  # places where words may be joined
_NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_DAYS = r"(\d+(?:\.\d+)?) days?"
_FIELD_ENDINGS = (
    (rf" at least {_NUMBER}", ("at_least",)),
    (rf" under {_NUMBER}", ("below",)),
    (rf" {_NUMBER} to under {_NUMBER}", ("at_least", "below")),
)
_ACTIVITY_ENDINGS = (
    ("", ()),
    (rf": {_NUMBER} times or more", ("at_least",)),
    (rf" adding up to {_NUMBER} or more", ("total",)),
    (rf" on {_DAYS} or more", ("days",)),
    (rf", the last one within {_DAYS}", ("last_within_days",)),
)
_SPANS = (  # what is held from one bound to another; the step is from the last to the next
    (r": exactly (once)", "at_least", 1),
    (rf": exactly {_NUMBER} times", "at_least", 1),
    (rf": {_NUMBER} to {_NUMBER} times", "at_least", 1),
    (rf" on exactly {_DAYS}", "days", 1),
    (rf" on {_NUMBER} to {_DAYS}", "days", 1),
    (rf" adding up to {_NUMBER} or more, under {_NUMBER}", "total", 0),
)
_DENIALS = (  # and the words of what is denied
    (r"no (.+) in the last (.+)", r"\1, the last one within \2"),
    (r"no (.+)", r"\1"),
    (r"not only (.+)", r"only \1"),
    (r"(.+): fewer than (.+) times", r"\1: \2 times or more"),
    (r"(.+) adding up to less than (.+)", r"\1 adding up to \2 or more"),
    (r"(.+) on fewer than (.+)", r"\1 on \2 or more"),
    (r"(.+) under (.+ % of .+) \(or of fewer than (.+)\)", r"\1 at least \2 (of \3 or more)"),
    (r"(.+): not (.+)", r"\1: \2"),
    (r"(.+) under (.+) or at least (.+) or not filled in", r"\1 \2 to under \3"),
    (r"(.+) under (.+) or not filled in", r"\1 at least \2"),
    (r"(.+) at least (.+) or not filled in", r"\1 under \2"),
)
_JOINT = re.compile(r",? (?:and|but) ")
_SAYS_MORE = re.compile(
    r", |\b(?:and|but|or|not|none of|other than|exactly|fewer than|\d+ days?)\b"
)


def rule_called(
    text: str,
    columns: Sequence[str],
    activities: Sequence[str],
    levels: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> When | None:
    """Return the rule that is described by these words, or None.

    Parameters
    ----------
    text : str
        As `calibrate.criteria.describe` says it.
    columns, activities : sequence of str
    levels : mapping of column to its levels, optional
        As far as they are known.

    Notes
    -----
    Where words can be read in several ways, the one that names the fewest unknown levels is
    meant; then the one with the fewest new levels, and details of events, that themselves say
    "and", "or" or "not".

    Examples
    --------
    >>> rule_called("employees 10 to under 50", ["employees"], [])
    {'field': 'employees', 'at_least': 10.0, 'below': 50.0}
    >>> rule_called("click and job: student", ["job"], ["click"])
    {'all': [{'activity': 'click'}, {'field': 'job', 'in': ['student']}]}
    >>> rule_called("job: not student", ["job"], [])
    {'not': {'field': 'job', 'in': ['student']}}
    >>> rule_called("job: not known", ["job"], [], {"job": ["not known", "student"]})
    {'field': 'job', 'in': ['not known']}
    """
    return _Reader(columns, activities, levels).read(text)


@dataclass(frozen=True, eq=False)
class _Reader:
    columns: Sequence[str]
    activities: Sequence[str]
    levels: Mapping[str, Collection[str]]

    def read(self, text: str) -> When | None:
        """Return the likeliest rule that is said in these words."""
        return self._likeliest(text, chain(self._readings(text), self._joined(text)))

    def _likeliest(self, text: str, readings: Iterable[When]) -> When | None:
        return min((w for w in readings if _said(w) == text), key=self._doubts, default=None)

    def _doubts(self, when: When) -> tuple[int, int]:
        """Return how many levels of a reading are unknown, and how many texts say "and"."""
        parts = [part.when for part in mentions(when)]
        named = [(part["field"], level) for part in parts for level in part.get("in", ())]
        new = [(column, x) for column, x in named if x not in self.levels.get(column, ())]
        texts = [level for _, level in new] + [p["detail"] for p in parts if "detail" in p]
        unknown = sum(column in self.levels for column, _ in new)
        return unknown, sum(bool(_SAYS_MORE.search(said)) for said in texts)

    def _joined(self, text: str) -> Iterator[When]:
        """Yield the rules that all have to hold, the words parted at some joints."""
        joints = [match.span() for match in _JOINT.finditer(text)][:MOST_JOINTS]
        for size in range(1, len(joints) + 1):
            for chosen in combinations(joints, size):
                starts, ends = [0, *(b for _, b in chosen)], [*(a for a, _ in chosen), len(text)]
                said = [text[start:end] for start, end in zip(starts, ends, strict=True)]
                parts = [self._likeliest(words, self._readings(words)) for words in said]
                known = [when for when in parts if when is not None]
                if len(known) == len(parts):
                    yield {"all": [part for when in known for part in when.get("all", [when])]}

    def _readings(self, text: str) -> Iterator[When]:
        yield from self._held(text)
        for pattern, said in _DENIALS:
            match = re.fullmatch(pattern, text)
            if match:
                yield from ({"not": when} for when in self._held(match.expand(said)))

    def _held(self, text: str) -> Iterator[When]:
        for column in sorted(self.columns, key=len, reverse=True):
            if text.startswith(column):
                yield from _of_column(column, text.removeprefix(column))
        for activity in sorted(self.activities, key=len, reverse=True):
            if text.startswith(activity):
                yield from _of_activity(activity, text.removeprefix(activity))
            if text == f"only {activity}":
                yield {"only": activity}


def _said(when: When) -> str | None:
    try:
        return describe(when)
    except ConfigError:
        return None


def _of_column(column: str, rest: str) -> Iterator[When]:
    about: When = {"field": column}
    for levels in _listed(rest.removeprefix(": none of ")) if ": none of " in rest else ():
        yield {"not": about | {"in": levels}}
    for levels in _listed(rest.removeprefix(": other than ")) if ": other than " in rest else ():
        yield {"all": [{"not": about | {"in": levels}}, about | {"missing": False}]}
    if rest.startswith(": "):
        yield about | {"in": [rest[2:]]}
        yield about | {"in": rest[2:].split(" or ")}
    yield from _with_numbers(about, rest, _FIELD_ENDINGS)
    for words, missing in ((" not filled in", True), (" filled in", False)):
        if rest == words:
            yield about | {"missing": missing}


def _listed(words: str) -> Iterator[list[str]]:
    """Yield the lists that "A, B or C" can be."""
    yield [words]
    first, _, last = words.rpartition(" or ")
    if first:
        yield [first, last]
        yield [*first.split(", "), last]


def _of_activity(activity: str, rest: str) -> Iterator[When]:
    about: When = {"activity": activity}
    share = re.fullmatch(
        rf"(?: within {_DAYS})? at least {_NUMBER} % of (.+) \(of (.+) or more\)", rest
    )
    if share:
        within, percent, whole, minimum = share.groups()
        days = {} if within is None else {"within_days": float(within)}
        level = {"at_least": float(percent) / 100, "minimum": float(minimum)}
        yield about | {"share_of": whole} | level | days
    detail = re.fullmatch(r" on (.+?)((?::| adding| on \d| within|, the last).*)?", rest)
    if detail and not re.match(rf"{_DAYS} or more", detail[1]):
        yield from _of_measure(about | {"detail": detail[1]}, detail[2] or "")
    yield from _of_measure(about, rest)


def _of_measure(about: When, rest: str) -> Iterator[When]:
    within = re.match(rf" within {_DAYS}(.*)", rest)
    if within:
        days = {"within_days": float(within[1])}
        yield from _of_numbers(about | days, within[2])
    yield from _of_numbers(about, rest)


def _of_numbers(about: When, rest: str) -> Iterator[When]:
    yield from _with_numbers(about, rest, _ACTIVITY_ENDINGS)
    for pattern, key, step in _SPANS:
        match = re.fullmatch(pattern, rest)
        if match:
            bounds = [1.0 if said == "once" else float(said) for said in match.groups()]
            low, high = about | {key: bounds[0]}, about | {key: bounds[-1] + step}
            yield {"all": [low, {"not": high}]}


def _with_numbers(
    about: When, rest: str, endings: Iterable[tuple[str, tuple[str, ...]]]
) -> Iterator[When]:
    for pattern, keys in endings:
        match = re.fullmatch(pattern, rest)
        if match:
            yield about | dict(zip(keys, map(float, match.groups()), strict=True))
