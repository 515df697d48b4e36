"""Results as plain Python: what JSON can hold, at full precision, in a fixed order."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from calibrate.config import Period

__all__ = ["json_text", "records", "sha256_of", "to_plain"]


def to_plain(value: Any) -> Any:
    """Return `value` as dicts, lists, text, numbers, booleans and None.

    Missing values, not-a-number and infinite numbers become None, tables become lists of
    rows, periods ``{label, start, end}``, lengths of time days.

    Examples
    --------
    >>> to_plain({"rate": float("nan"), "window": dt.timedelta(days=7), "ci": (0.1, 0.2)})
    {'rate': None, 'window': 7.0, 'ci': [0.1, 0.2]}
    """
    if isinstance(value, pd.DataFrame):
        return records(value)
    if isinstance(value, Period):
        ends = {"start": value.start, "end": value.end}
        return to_plain({"label": value.label, **ends})
    if isinstance(value, Mapping):
        return {str(key): to_plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, np.ndarray, pd.Series)):
        return [to_plain(part) for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: to_plain(getattr(value, field.name)) for field in fields}
    return _plain_scalar(value)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain dicts.

    Examples
    --------
    >>> records(pd.DataFrame({"n": [1], "rate": [None]}))
    [{'n': 1, 'rate': None}]
    """
    names = [str(name) for name in table.columns]
    columns = [[_plain_scalar(v) for v in table[name].tolist()] for name in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def json_text(value: Any) -> str:
    """Return canonical JSON: sorted keys, full precision, no not-a-number."""
    plain = to_plain(value)
    text = json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n"


def sha256_of(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, in hexadecimal."""
    return hashlib.sha256(json_text(value).encode()).hexdigest()


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value / dt.timedelta(days=1)
    if isinstance(value, (list, tuple, dict)):
        return to_plain(value)
    return str(value)
