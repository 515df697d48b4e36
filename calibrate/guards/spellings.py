"""Values that are none: a missing one spelled out, and rows that are not leads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from calibrate.guards.finding import Finding, number, percent, quoted
from calibrate.guards.vocabulary import is_no_lead, says_nothing
from calibrate.observation import Observation

__all__ = [
    "MissingSpelledOut",
    "NotLeads",
    "Sentinel",
    "missing_spelled_out",
    "not_leads",
    "sentinels",
]

_MIN_LEADS = 10
_SHOWN = 6
_MIN_VALUES = 5
_SHARE, _SHARE_NEGATIVE = 0.05, 0.01


class _Spelling(NamedTuple):
    column: str
    value: str
    n: int


@dataclass(frozen=True, kw_only=True)
class MissingSpelledOut(Finding):
    """A missing value written as a word: "Select", "unknown", "-".

    Parameters
    ----------
    spellings : tuple of str
        As in the data, the most frequent first.
    """

    guard: str = "a missing value spelled out"
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sentinel(Finding):
    """One number that stands for "none" in a column of numbers: -1, 999.

    Parameters
    ----------
    value : float
    n : int
        Leads with it.
    """

    guard: str = "a number that means none"
    value: float = 0.0
    n: int = 0


@dataclass(frozen=True, kw_only=True)
class NotLeads(Finding):
    """Rows that are no leads by their own words: tests, duplicates.

    Parameters
    ----------
    n : int
        Rows.
    """

    guard: str = "rows that are not leads"
    n: int = 0


def missing_spelled_out(obs: Observation) -> list[Finding]:
    """Find missing values written as words or dashes.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of MissingSpelledOut
        At most one, about all columns; ``likely`` where a column has empty cells beside the
        word, so that the same is spelled in two ways, else a ``note``.

    Notes
    -----
    Values are compared with a list of words in five languages; at least ten leads each.
    """
    found = list(_found(obs, says_nothing))
    if not found:
        return []
    table = obs.table
    twice = [part for part in found if table[part.column].isna().any()]
    totals = pd.Series([part.n for part in found]).groupby([part.value for part in found]).sum()
    spellings = tuple(sorted(totals.index, key=lambda value: (-totals[value], value)))
    return [
        MissingSpelledOut(
            severity="likely" if twice else "note",
            what=_said(found, "stand for a missing value")
            + (f", beside empty cells in {_columns_of(twice)}" if twice else ""),
            how_sure="by the words; a few of them may be answers in your company",
            effect="no answer counts as an answer of its own, and may earn points",
            action=f"null_values = {_toml(spellings)}",
            columns=tuple(dict.fromkeys(part.column for part in found)),
            spellings=spellings,
        )
    ]


def not_leads(obs: Observation) -> list[Finding]:
    """Find rows whose own words say that they are tests, duplicates or spam.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of NotLeads
        At most one, ``likely``.

    Notes
    -----
    Values are compared with a list of words in five languages; at least ten rows each.
    """
    found = list(_found(obs, is_no_lead, every_column=True))
    if not found:
        return []
    table = obs.table
    rows = np.zeros(len(table), dtype=bool)
    for part in found:
        rows |= (table[part.column] == part.value).to_numpy(dtype=bool, na_value=False)
    n = int(rows.sum())
    excluded: dict[str, list[str]] = {}
    for part in found:
        excluded.setdefault(part.column, []).append(part.value)
    pairs = [f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in excluded.items()]
    return [
        NotLeads(
            severity="likely",
            what=_said(found, "are no leads by their own words"),
            how_sure="by the words; in your company they may mean something else",
            effect=(
                f"{number(n)} of {number(len(table))} rows ({percent(n / len(table))}) hardly can "
                "convert: every rate looks lower than it is"
            ),
            action=f"exclude = {{ {', '.join(pairs)} }}",
            columns=tuple(excluded),
            n=n,
        )
    ]


def sentinels(obs: Observation) -> list[Finding]:
    """Find columns of numbers in which one number stands for "none".

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of Sentinel
        One a column, each a ``note``.

    Notes
    -----
    Either the column holds one negative number only, and at least 1 % of the leads have it;
    or at least 5 % have its lowest or highest number, which lies further from the others than
    these lie from one another. There are at least five other numbers.
    """
    table = obs.table
    found: list[Finding] = []
    for attribute in obs.attributes:
        if attribute.kind != "number" or attribute.excluded is not None:
            continue
        values = table[attribute.name].dropna()
        value = _sentinel(values.to_numpy(dtype=float))
        if value is None:
            continue
        n = int((values == value).sum())
        found.append(
            Sentinel(
                severity="note",
                what=(
                    f'"{attribute.name}" is {value:g} for {number(n)} leads '
                    f"({percent(n / len(table))}), apart from all its other values"
                ),
                how_sure='one number apart from the rest usually means "none" or "never"',
                effect="a rule such as at least or below takes it for a very small or large one",
                action="nothing where such a rule makes sense; else leave it empty in the export",
                columns=(attribute.name,),
                value=value,
                n=n,
            )
        )
    return found


def _sentinel(values: np.ndarray) -> float | None:
    different, n = np.unique(values, return_counts=True)
    if len(different) <= _MIN_VALUES:
        return None
    share = n / n.sum()
    if different[0] < 0 <= different[1] and share[0] >= _SHARE_NEGATIVE:
        return float(different[0])
    for end, rest in ((0, different[1:]), (-1, different[:-1])):
        gap = np.abs(rest - different[end]).min()
        if share[end] >= _SHARE and gap > rest[-1] - rest[0]:
            return float(different[end])
    return None


def _found(
    obs: Observation, is_meant: Callable[[str], bool], *, every_column: bool = False
) -> Iterator[_Spelling]:
    table = obs.table
    for attribute in obs.attributes:
        if attribute.kind != "category" or not (every_column or attribute.excluded is None):
            continue
        counts = table[attribute.name].value_counts()
        for value, n in counts.items():
            if n >= _MIN_LEADS and is_meant(str(value)):
                yield _Spelling(attribute.name, str(value), int(n))


def _said(found: list[_Spelling], what: str) -> str:
    shown = ", ".join(f'"{p.column}" = {p.value} ({number(p.n)})' for p in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{shown}{more} {what}"


def _columns_of(found: list[_Spelling]) -> str:
    return quoted(list(dict.fromkeys(part.column for part in found)))


def _toml(values: Iterable[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
