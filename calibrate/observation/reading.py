"""From the engine's Arrow tables to columns of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.criteria import Measure
from calibrate.engines import as_doubles
from calibrate.observation.statements import Scope, leads_statement
from calibrate.stats.weighting import censoring_weights

if TYPE_CHECKING:
    from calibrate.engines import Engine
    from calibrate.history import Attribute

__all__ = [
    "COUNT",
    "coded",
    "coded_categories",
    "feature_values",
    "lead_frame",
    "lead_labels",
    "observed_leads",
]

COUNT = np.int32  # of events or days of a lead: half the memory of the default
_EARLY = ("converted early", "lost early")
_DAY = np.timedelta64(86_400_000_000, "us")


def observed_leads(engine: Engine, scope: Scope, attributes: Sequence[Attribute]) -> pa.Table:
    """Return the observed leads in file order; the engine in the process has them so already."""
    found = engine.query(*leads_statement(scope, attributes))
    place = np.asarray(found["lead_row"].to_numpy(), dtype=np.int64)
    if np.any(place[1:] < place[:-1]):
        found = found.take(pa.array(np.argsort(place, kind="stable")))
    return found


def coded_categories(found: pa.Table, attributes: Sequence[Attribute]) -> pa.Table:
    """Return the table with its categories numbered, once for all who read it."""
    for attribute in attributes:
        if attribute.kind == "category":
            place = found.schema.get_field_index(attribute.column)
            column = found.column(place).dictionary_encode()
            found = found.set_column(place, attribute.column, column)
    return found


def lead_frame(found: pa.Table, scope: Scope, attributes: Sequence[Attribute]) -> pd.DataFrame:
    """Return the columns of `Observation.table` up to the attributes."""
    created_at, cutoff = _times(found, "created_at"), _times(found, "cutoff")
    closed_at = _times(found, "closed_at")
    converted = found["converted"].to_pandas().astype("boolean" if scope.is_open else bool)
    mature = np.asarray(found["mature"], dtype=bool)
    status = _texts(found["status"])
    compared = ("at landmark", "open", *(_EARLY if scope.truncates else ()))
    won = np.asarray(found["is_win"], dtype=bool) & ~np.isnat(closed_at)
    lag = np.where(won, (closed_at - created_at) / _DAY, np.nan)
    as_of = np.datetime64("NaT") if scope.as_of is None else np.datetime64(scope.as_of, "us")
    follow_up = (as_of - created_at) / _DAY
    weight = mature.astype(float)
    if scope.weights_young and not scope.is_wide:
        weight = censoring_weights(converted.to_numpy(dtype=bool), lag, follow_up, mature).weight
    columns: dict[str, object] = {
        "lead_id": found["lead_id"].to_pandas(),
        "created_at": created_at,
        "cutoff": np.full_like(cutoff, "NaT") if scope.is_wide else cutoff,
        "at_landmark": status.isin(compared),
        "status": status,
        "converted": converted,
        "mature": mature,
        "weight": weight,
        "lag_days": lag,
        "follow_up_days": follow_up,
        "amount": _amounts(found["amount"]),
        "contact": _objects(found["contact"]),
        "closed_at": closed_at,
    }
    for attribute in attributes:
        columns[attribute.name] = _attribute(found[attribute.column], attribute.kind)
    return pd.DataFrame(columns, index=pd.RangeIndex(found.num_rows), copy=False)


def feature_values(found: pa.Table, measures: Sequence[Measure]) -> dict[str, NDArray[np.generic]]:
    """Return the measures ``f0, f1, ...`` under their column names."""
    values: dict[str, NDArray[np.generic]] = {}
    for i, measure in enumerate(measures):
        is_count = measure.statistic in {"count", "days"}
        column = _numbers(found[f"f{i}"])
        values[measure.column] = column.astype(COUNT) if is_count else column
    return values


def lead_labels(found: pa.Table, attributes: Sequence[Attribute]) -> dict[str, pd.Categorical]:
    """Return the categories as numbered levels, for whoever asks for them again and again."""
    return {
        attribute.name: pd.Categorical.from_codes(*coded(found[attribute.column]))
        for attribute in attributes
        if attribute.kind == "category"
    }


def _attribute(column: pa.ChunkedArray, kind: str) -> object:
    if kind == "number":
        return _numbers(column)
    return column.to_pandas() if kind == "date" else _texts(column)


def _texts(column: pa.ChunkedArray) -> pd.Series:
    """Return texts that are one object a level, however many rows have it."""
    codes, levels = coded(column)
    texts = np.array([*levels, None], dtype=object)  # the code of a missing value, -1, is the last
    return pd.Series(texts[codes], dtype=object)


def coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return the number of each row's level, -1 where missing, and the levels."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    if not column.num_chunks:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object)
    codes = [chunk.indices.cast(pa.int32()).fill_null(-1).to_numpy() for chunk in column.chunks]
    levels = column.chunk(0).dictionary.to_numpy(zero_copy_only=False).astype(object)
    return np.concatenate(codes), levels


def _times(found: pa.Table, name: str) -> NDArray[np.datetime64]:
    return np.asarray(found[name].cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return np.asarray(as_doubles(column).to_numpy(), dtype=float)


def _amounts(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return _numbers(column) if column.null_count < len(column) else _repeated(np.nan, len(column))


def _objects(column: pa.ChunkedArray) -> pd.Series:
    if column.null_count == len(column):
        return pd.Series(_repeated(None, len(column)), dtype=object, copy=False)
    return pd.Series(column.to_numpy(zero_copy_only=False), dtype=object)


def _repeated(value: object, n: int) -> NDArray[Any]:
    """Return a column of one value, which takes no memory and must not be written to."""
    kind = object if value is None else type(value)
    return np.broadcast_to(np.array([value], dtype=kind), n)
