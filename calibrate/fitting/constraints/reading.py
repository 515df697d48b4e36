"""What a rule is about, part by part, and in which direction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from calibrate.criteria import Criterion

__all__ = ["Mention", "Subject", "Target", "canonical", "directions", "mentions", "subjects_of"]

When = Mapping[str, Any]


class Subject(NamedTuple):
    """A column (``field``) or an activity; the activity None is "any other"."""

    kind: str
    name: str | None


Target = Subject | str
"""What a constraint names: a column or activity, or one rule by its `canonical` form."""


class Mention(NamedTuple):
    """One part of a rule: what it is about, its own ``when``, and its direction.

    ``sign`` is 1 for "more of it" or "this level", -1 for the opposite, 0 where it is neither.
    """

    subject: Subject
    when: When
    sign: int


def mentions(when: When, sign: int = 1) -> Iterator[Mention]:
    """Yield the parts of a rule.

    Examples
    --------
    >>> rule = {"all": [{"activity": "click"}, {"not": {"field": "size", "at_least": 5}}]}
    >>> [(part.subject.name, part.sign) for part in mentions(rule)]
    [('click', 1), ('size', -1)]
    """
    if "all" in when:
        for part in when["all"]:
            yield from mentions(part, sign)
    elif "not" in when:
        yield from mentions(when["not"], -sign)
    elif "only" in when:
        yield Mention(Subject("activity", str(when["only"])), when, sign)
        yield Mention(Subject("activity", None), when, -sign)
    elif "activity" in when:
        yield Mention(Subject("activity", str(when["activity"])), when, sign)
        if "share_of" in when:
            yield Mention(Subject("activity", str(when["share_of"])), when, 0)
    else:
        yield Mention(Subject("field", str(when["field"])), when, sign * _direction(when))


def _direction(when: When) -> int:
    if "missing" in when:
        return -1 if when["missing"] else 1
    return -1 if "below" in when and "at_least" not in when else 1


def subjects_of(criterion: Criterion) -> frozenset[Subject]:
    """Return the columns and activities that a rule is about."""
    return frozenset(part.subject for part in mentions(criterion.when))


def canonical(when: When) -> str:
    """Return the same text for rules that mean the same by their form.

    Examples
    --------
    >>> canonical({"activity": "click"}) == canonical({"at_least": 1.0, "activity": "click"})
    True
    """
    return json.dumps(_plain(when), sort_keys=True, ensure_ascii=False)


def _plain(when: When) -> Any:
    if "all" in when:
        parts = [_plain(part) for part in when["all"]]
        return {"all": sorted(parts, key=lambda part: json.dumps(part, sort_keys=True))}
    if "not" in when:
        return {"not": _plain(when["not"])}
    plain = {key: _value(value) for key, value in when.items() if value is not None}
    if "activity" in plain and not {"at_least", "total", "days", "last_within_days"} & set(plain):
        plain["at_least"] = 1.0
    return plain


def _value(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return sorted(str(part) for part in value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else value


def directions(criterion: Criterion, target: Target) -> frozenset[int]:
    """Return in which directions a rule speaks of a target; none where it does not.

    A rule speaks of another where it is that rule, holds it as a part, or lists a level that
    the other lists.
    """
    if isinstance(target, Subject):
        return frozenset(part.sign for part in mentions(criterion.when) if _is(part, target))
    found = {1} if canonical(criterion.when) == target else set[int]()
    named = json.loads(target)
    for part in mentions(criterion.when):
        if _speaks_of(part, target, named):
            found.add(part.sign)
    return frozenset(found)


def _is(part: Mention, target: Subject) -> bool:
    if part.subject == target:
        return True
    any_other = part.subject == Subject("activity", None) and target.kind == "activity"
    return any_other and part.when.get("only") != target.name


def _speaks_of(part: Mention, target: str, named: Mapping[str, Any]) -> bool:
    if canonical(part.when) == target:
        return True
    if "in" not in part.when or "in" not in named or part.when["field"] != named["field"]:
        return False
    return bool({str(level) for level in part.when["in"]} & set(named["in"]))
