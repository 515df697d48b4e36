"""Which leads meet which criteria, some leads after others where their log is large."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria import Criterion, Measure
from calibrate.errors import DataError
from calibrate.stats.packed import PackedFlags

if TYPE_CHECKING:
    from calibrate.history import Attribute

__all__ = ["flags_of", "packed_flags_of"]

_AT_ONCE = 32  # columns of flags written together: one alone touches every line


class Looked(Protocol):
    """What is asked of an observation."""

    @property
    def rows(self) -> pd.DataFrame:
        """One a lead."""
        ...

    @property
    def attributes(self) -> Sequence[Attribute]:
        """Of the leads."""
        ...

    def column(self, name: str) -> pd.Series:
        """Return a column of the rows."""
        ...

    def feature_passes(self, measures: Iterable[Measure]) -> Iterator[tuple[slice, pd.DataFrame]]:
        """Yield numbers of the log, some rows at a time."""
        ...


def flags_of(obs: Looked, criteria: Sequence[Criterion]) -> NDArray[np.bool_]:
    """Return which rows of an observation meet which criterion; see `Observation.flags`."""
    flags = np.zeros((len(obs.rows), len(criteria)), dtype=np.bool_)
    for rows, some in _passes(obs, criteria):
        flags[rows] = some
    return flags


def packed_flags_of(obs: Looked, criteria: Sequence[Criterion]) -> PackedFlags:
    """Return which rows of an observation meet which criterion, eight criteria to a byte."""
    flags = PackedFlags.empty(len(obs.rows), len(criteria))
    for rows, some in _passes(obs, criteria):
        flags[rows] = some
    return flags


def _passes(
    obs: Looked, criteria: Sequence[Criterion]
) -> Iterator[tuple[slice, NDArray[np.bool_]]]:
    """Yield which of some rows meet which criterion, some rows after others."""
    measures = list(dict.fromkeys(m for criterion in criteria for m in criterion.measures))
    fields = dict.fromkeys(f for criterion in criteria for f in criterion.fields)
    taken = {measure.column for measure in measures}
    _refuse_namesakes(obs, fields, taken)
    own = [name for name in fields if name in obs.rows.columns and name not in taken]
    columns = pd.DataFrame(
        {name: obs.column(name) for name in own}, index=obs.rows.index, copy=False
    )
    for rows, features in obs.feature_passes(measures):
        frame = pd.concat([columns.iloc[rows], features], axis=1)
        flags = np.empty((len(frame), len(criteria)), dtype=np.bool_)
        for first in range(0, len(criteria), _AT_ONCE):
            some = [criterion.meets(frame) for criterion in criteria[first : first + _AT_ONCE]]
            flags[:, first : first + _AT_ONCE] = np.array(some).T
        yield rows, flags


def _refuse_namesakes(obs: Looked, fields: Container[str], taken: Container[str]) -> None:
    for attribute in obs.attributes:
        if attribute.name in fields and attribute.name in taken:
            raise DataError(
                "is named like a number that rules take from the log",
                file="leads",
                column=attribute.name,
                fix="rename the column, or ignore it",
            )
