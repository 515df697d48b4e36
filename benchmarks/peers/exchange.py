"""How data go to a peer and its answer comes back: needs only numpy and pandas, of any age.

A peer is run as ``python peer.py OPTIONS TRAIN TEST OUT [TRAIN TEST OUT ...]``, in its own
environment, with OPTIONS a JSON object, the tables as `save_table` writes them, and OUT as
`load_answer` reads it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

__all__ = ["Answer", "load_answer", "load_table", "save_table", "serve", "timed"]


class Answer(NamedTuple):
    """What a peer made of one table.

    Attributes
    ----------
    scores : ndarray, shape (test leads,)
    rules : int
        Lines of the card; 0 where it is no card.
    seconds : float
        CPU seconds of the fit.
    points : ndarray
        Points of each column of the table where they were asked for, else empty.
    """

    scores: np.ndarray
    rules: int
    seconds: float
    points: np.ndarray = np.empty(0)


def save_table(path: Any, frame: pd.DataFrame, outcome: np.ndarray) -> None:
    """Write numbers as they are and everything else as text, empty where missing."""
    arrays = {"outcome": np.asarray(outcome, dtype=np.int8)}
    arrays["names"] = np.array([str(name) for name in frame.columns])
    for number, name in enumerate(frame.columns):
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column.dtype):
            arrays[f"column_{number}"] = column.to_numpy()
        else:
            arrays[f"column_{number}"] = np.array(column.astype(object).fillna(""), dtype=str)
    np.savez_compressed(path, **arrays)


def load_table(path: Any) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the table and its 0/1 outcome; text that is missing is None."""
    with np.load(path, allow_pickle=False) as arrays:
        columns = {}
        for number, name in enumerate(arrays["names"]):
            values = arrays[f"column_{number}"]
            if values.dtype.kind == "U":
                values = np.where(values == "", None, values.astype(object))
            columns[str(name)] = values
        return pd.DataFrame(columns), arrays["outcome"]


def load_answer(path: Any) -> Answer:
    """Return what a peer wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        rules, seconds = int(arrays["rules"]), float(arrays["seconds"])
        return Answer(arrays["scores"], rules, seconds, arrays["points"])


def timed(fit: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `fit` returns and the CPU seconds that it took."""
    started = time.process_time()
    fitted = fit()
    return fitted, time.process_time() - started


def serve(answer: Callable[..., Answer]) -> None:
    """Answer every job of the command line by ``answer(X, y, X_test, **options)``."""
    options, *paths = sys.argv[1:]
    for train, test, out in zip(paths[::3], paths[1::3], paths[2::3], strict=True):
        frame, outcome = load_table(train)
        given = answer(frame, outcome, load_table(test)[0], **json.loads(options))
        np.savez_compressed(out, **given._asdict())
