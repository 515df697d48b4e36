"""What kind of column rules need: text for values, numbers for ranges."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real

from calibrate.criteria.conditions import NO_LEVEL
from calibrate.criteria.criterion import Criterion

__all__ = ["kinds_needed"]


def kinds_needed(rules: Iterable[Criterion]) -> dict[str, str | None]:
    """Return the kind of every column that rules read.

    Parameters
    ----------
    rules : iterable of Criterion

    Returns
    -------
    dict of str to str or None
        ``category`` where a rule names text, ``number`` where all name numbers only, None
        where either will do (a missing value, a truth value).

    Examples
    --------
    >>> from calibrate.criteria import as_criterion
    >>> rules = [{"field": "plan", "in": ["1"]}, {"field": "seats", "at_least": 5}]
    >>> kinds_needed(as_criterion(rule) for rule in rules)
    {'plan': 'category', 'seats': 'number'}
    """
    kinds: dict[str, str | None] = {}
    for rule in rules:
        for name in rule.fields:
            values = [value for value in rule.probes[name] if value != NO_LEVEL]
            if any(isinstance(value, str) for value in values):
                kinds[name] = "category"
            elif any(isinstance(v, Real) and not isinstance(v, bool) for v in values):
                kinds[name] = kinds.get(name) or "number"
            else:
                kinds.setdefault(name, None)
    return kinds
