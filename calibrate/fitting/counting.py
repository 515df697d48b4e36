"""How many rules like it the search could have taken instead of one that it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from calibrate.criteria import Criterion
from calibrate.fitting.combining import Term
from calibrate.fitting.space import cut_of, level_of

__all__ = ["n_like", "n_looked_at"]


def n_like(term: Term, n_single: int) -> int:
    """Return how many rules of a kind a search looks at, merges and ranges as single rules.

    Parameters
    ----------
    term : int or Combination
    n_single : int
        Single rules that are searched.

    Examples
    --------
    >>> from calibrate.fitting.combining import Combination
    >>> n_like(0, 10), n_like(Combination("without", (0, 1)), 10)
    (10, 135)
    """
    if isinstance(term, int) or term.kind in {"any", "range"}:
        return n_single
    return 3 * n_single * (n_single - 1) // 2


def n_looked_at(term: Term, criteria: Sequence[Criterion], searched: Sequence[int]) -> int:
    """Return the number of rules among which a search took this one.

    Parameters
    ----------
    term : int or Combination
    criteria : sequence of Criterion
        Rules that terms are made of, by position.
    searched : sequence of int
        Positions of those that were searched.

    Returns
    -------
    int
        Of a single rule: the rules searched. Of levels merged: every set of the column's levels
        and its opposite as one, ``2^(L - 1)``, because the order in which levels are merged
        looks at the outcome too. Of a range: pairs of cuts of the number. Of a pair, where A
        and B, A without B and B without A are three: ``3 m (m - 1) / 2`` of single rules; for
        a part that is itself made of rules, all merges and ranges of any column in place of m.

    Examples
    --------
    Four levels of a column: 8 ways to part them in two.

    >>> from calibrate.criteria import as_criterion
    >>> from calibrate.fitting.combining import Combination
    >>> rules = [as_criterion({"field": "plan", "in": [level]}) for level in "abcd"]
    >>> n_looked_at(Combination("any", (0, 2)), rules, range(4))
    8
    >>> n_looked_at(Combination("both", (0, 2)), rules, range(4))
    18
    """
    if isinstance(term, int):
        return max(n_like(term, len(searched)), 1)
    if term.kind == "any":
        fields = [level_of(criteria[i]) for i in searched]
        return int(2 ** max(fields.count(level_of(_first(term, criteria))) - 1, 1))
    if term.kind == "range":
        chains = [cut_of(criteria[i]) for i in searched]
        n_cuts = chains.count(cut_of(_first(term, criteria)))
        return max(n_cuts * (n_cuts - 1) // 2, 1)
    if all(isinstance(part, int) for part in term.parts):
        return max(n_like(term, len(searched)), 1)
    single, made = max(len(searched), 1), _n_made(criteria, searched)
    first, second = (single if isinstance(part, int) else made for part in term.parts)
    return 3 * first * second


def _n_made(criteria: Sequence[Criterion], searched: Sequence[int]) -> int:
    """Return the number of merges and ranges of all columns and activities."""
    columns = Counter(level_of(criteria[i]) for i in searched)
    chains = Counter(cut_of(criteria[i]) for i in searched)
    merges = sum(2 ** (n - 1) for column, n in columns.items() if column is not None)
    return int(merges + sum(n * (n - 1) // 2 for chain, n in chains.items() if chain is not None))


def _first(term: Term, criteria: Sequence[Criterion]) -> Criterion:
    return criteria[term] if isinstance(term, int) else _first(term.parts[0], criteria)
