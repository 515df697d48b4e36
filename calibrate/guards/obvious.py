"""The criteria anybody would look at first, and the segments a company is cut into."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.candidates import NO
from calibrate.criteria import as_criterion
from calibrate.display import clean_text, shorten
from calibrate.history import Attribute
from calibrate.history.personal import masked
from calibrate.observation import Observation

__all__ = ["Obvious", "Segments", "level_words", "obvious_criteria", "segments_of"]

MAX_LEVELS = 5  # levels of one column that are looked at
MAX_SEGMENTS = 8
_LONGEST = 40


@dataclass(frozen=True, eq=False, kw_only=True)
class Obvious:
    """A criterion anybody would look at: its words, its column or activity, who meets it."""

    name: str
    subject: str
    met: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Segments:
    """A column that cuts the leads into parts: its name, its levels, each row's level or -1."""

    name: str
    levels: tuple[str, ...]
    code: NDArray[np.int64]


def level_words(value: object) -> str:
    """Return a value of the data as a finding may show it: short, and no address.

    Examples
    --------
    >>> level_words("gino.paoli@x.it"), level_words("Organic Search")
    ('(e-mail address)', 'Organic Search')
    """
    return shorten(masked(clean_text(value)), _LONGEST)


def obvious_criteria(
    obs: Observation, *, rows: NDArray[np.intp], min_leads: int, ignore: Collection[str] = ()
) -> list[Obvious]:
    """Return the criteria of an observation that anybody would look at.

    Each activity done at least once, the largest levels of each category, each number at its
    median.

    Parameters
    ----------
    obs : Observation
    rows : ndarray of int
        The rows of ``obs.table`` looked at.
    min_leads : int
        So many of them must meet a criterion, and so many must not.
    ignore : collection of str
        Columns and activities left out.

    Returns
    -------
    list of Obvious
        ``met`` is about the rows looked at; of criteria met by the very same leads, or by
        all the others, the first.
    """
    found: list[Obvious] = []
    for attribute in obs.attributes:
        if attribute.excluded is None and attribute.name not in ignore:
            found += _of_attribute(attribute, obs.rows[attribute.name].iloc[rows])
    for activity in obs.activities:
        if activity not in ignore:
            met = obs.rows[activity].to_numpy()[rows] > 0
            name = as_criterion({"activity": activity}).name
            found.append(Obvious(name=name, subject=activity, met=met))
    seen: dict[bytes, Obvious] = {}
    for one in found:
        n = int(one.met.sum())
        if min_leads <= n <= len(rows) - min_leads:
            same = one.met if one.met[0] else ~one.met  # a rule and its opposite are one
            seen.setdefault(np.packbits(same).tobytes(), one)
    return list(seen.values())


def segments_of(
    obs: Observation, *, rows: NDArray[np.intp], min_leads: int, ignore: Collection[str] = ()
) -> list[Segments]:
    """Return the categories of an observation with two levels of enough leads or more."""
    found = []
    for attribute in obs.attributes:
        if attribute.excluded is None and attribute.kind == "category":
            column = obs.rows[attribute.name].iloc[rows]
            levels = _largest(column, MAX_SEGMENTS, min_leads)
            if len(levels) > 1 and attribute.name not in ignore:
                code = pd.Index(levels, dtype=object).get_indexer(column)
                found.append(
                    Segments(
                        name=attribute.name,
                        levels=tuple(level_words(level) for level in levels),
                        code=np.asarray(code, dtype=np.int64),
                    )
                )
    return found


def _of_attribute(attribute: Attribute, column: pd.Series) -> list[Obvious]:
    name = attribute.name
    if attribute.kind == "number":
        values = column.to_numpy(dtype=float)
        known = values[np.isfinite(values)]
        if not known.size or known.min() == known.max():
            return []
        cut = float(f"{np.median(known):.3g}")
        cut = cut if cut > known.min() else float(known[known > known.min()].min())
        return [Obvious(name=f"{name} at least {cut:g}", subject=name, met=values >= cut)]
    if attribute.kind != "category":
        return []
    values = column.to_numpy(dtype=object)
    return [
        Obvious(name=f"{name}: {level_words(level)}", subject=name, met=values == level)
        for level in sorted(_largest(column, MAX_LEVELS, 1), key=_says_no)
    ]


def _says_no(level: object) -> bool:
    return str(level).strip().casefold() in NO


def _largest(column: pd.Series, most: int, min_leads: int) -> list[object]:
    """Return the levels with the most leads, in an order that rows do not decide."""
    counts = column.value_counts(sort=False)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return [level for level, n in ordered[:most] if n >= min_leads]
