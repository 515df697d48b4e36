"""A made-up log of any size: power-law activity, twelve activities, a planted effect of some."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

__all__ = ["ACTIVITIES", "AS_OF", "Log", "write_log"]

ACTIVITIES = (
    "email_open",
    "page_view",
    "email_click",
    "blog_view",
    "pricing_view",
    "webinar",
    "download",
    "form_submit",
    "chat",
    "call_answered",
    "demo_request",
    "quote_request",
)
"""The most common first; the k-th is as common as 1/k."""
AS_OF = dt.datetime(2026, 1, 1)
_START = dt.datetime(2024, 1, 1)
_DAY = 86_400_000_000
_CHUNK = 50_000  # leads drawn at a time: about a million events
_EFFECT = {"pricing_view": 0.5, "demo_request": 1.2, "quote_request": 1.5, "email_click": 0.3}
_INDUSTRIES = ("software", "retail", "banking", "health", "public", "energy", "food", "other")
_COUNTRIES = ("IT", "FR", "DE", "ES", "GB", "US")


@dataclass(frozen=True, kw_only=True)
class Log:
    """The two files of a made-up log.

    Attributes
    ----------
    leads, events : Path
        Parquet.
    n_leads, n_events : int
    """

    leads: Path
    events: Path
    n_leads: int
    n_events: int


def write_log(folder: Path, *, n_leads: int, text_ids: bool = False, seed: int = 0) -> Log:
    """Write leads and about twenty events each, unless they are there already.

    Parameters
    ----------
    folder : Path
    n_leads : int
        Created evenly over 2024 and 2025.
    text_ids : bool, default False
        Ids of 18 characters, as CRMs give them, instead of whole numbers.
    seed : int, default 0

    Returns
    -------
    Log

    Notes
    -----
    Events a lead: a Lomax draw (shape 1.5, scale 11.4, cut off at 2,000), of mean near 20. An
    event comes an exponential time (mean 20 days) after the creation. A lead converts by its
    events of the first 14 days, an exponential time (mean 30 days) later.
    """
    kind = "text" if text_ids else "integer"
    leads, events = (folder / f"{name}_{n_leads}_{kind}.parquet" for name in ("leads", "events"))
    if not leads.exists():
        folder.mkdir(parents=True, exist_ok=True)
        parts = _chunks(n_leads, text_ids=text_ids, seed=seed)
        _write(parts, leads, events)
    rows = pq.read_metadata(events).num_rows
    return Log(leads=leads, events=events, n_leads=n_leads, n_events=rows)


def _write(parts: Iterator[tuple[pa.Table, pa.Table]], leads: Path, events: Path) -> None:
    writers: list[pq.ParquetWriter] = []
    draft = leads.with_suffix(".draft")
    for lead_part, event_part in parts:
        if not writers:
            writers.append(pq.ParquetWriter(draft, lead_part.schema))
            writers.append(pq.ParquetWriter(events, event_part.schema))
        writers[0].write_table(lead_part)
        writers[1].write_table(event_part)
    for writer in writers:
        writer.close()
    draft.rename(leads)  # leads are there only where both files are whole


def _chunks(n_leads: int, *, text_ids: bool, seed: int) -> Iterator[tuple[pa.Table, pa.Table]]:
    span = (AS_OF - _START) / dt.timedelta(microseconds=1)
    for number, first in enumerate(range(0, n_leads, _CHUNK)):
        rng = np.random.default_rng([seed, number])
        n = min(_CHUNK, n_leads - first)
        place = np.arange(first, first + n)
        created = (_micros(_START) + (place + rng.random(n)) / n_leads * span).astype(np.int64)
        yield _drawn(rng, place, created, text_ids=text_ids)


def _drawn(
    rng: np.random.Generator,
    place: NDArray[np.int64],
    created: NDArray[np.int64],
    *,
    text_ids: bool,
) -> tuple[pa.Table, pa.Table]:
    n = len(place)
    industry, country = rng.integers(0, len(_INDUSTRIES), n), rng.integers(0, len(_COUNTRIES), n)
    employees = np.exp(rng.normal(4, 1.5, n)).astype(np.int64) + 1
    events = np.minimum(11.4 * rng.pareto(1.5, n), 2000).astype(np.int64)
    owner = np.repeat(np.arange(n), events)
    share = 1 / np.arange(1, len(ACTIVITIES) + 1)
    what = rng.choice(len(ACTIVITIES), len(owner), p=share / share.sum()).astype(np.int8)
    after = rng.exponential(20 * _DAY, len(owner)).astype(np.int64)
    early = after < 14 * _DAY
    logit = -4.5 + 0.4 * (industry == 0) + 0.3 * (employees > 200)
    for name, effect in _EFFECT.items():
        done = owner[early & (what == ACTIVITIES.index(name))]
        logit = logit + effect * (np.bincount(done, minlength=n) > 0)
    wins = rng.random(n) < 1 / (1 + np.exp(-logit))
    lost = ~wins & (rng.random(n) < 0.5)
    closed = created + 14 * _DAY + rng.exponential(30 * _DAY, n).astype(np.int64)
    happened = created[owner] + after
    order = np.argsort(happened, kind="stable")
    order = order[happened[order] <= _micros(AS_OF)]
    outcome = np.where(wins, "converted", np.where(lost, "lost", "open"))
    leads = pa.table(
        {
            "lead_id": _ids(place, text_ids=text_ids),
            "created_at": _times(created),
            "outcome": pa.array(outcome, pa.string()),
            "closed_at": _times(closed, mask=~(wins | lost)),
            "industry": pa.array(np.array(_INDUSTRIES)[industry], pa.string()),
            "country": pa.array(np.array(_COUNTRIES)[country], pa.string()),
            "employees": pa.array(employees),
        }
    )
    log = pa.table(
        {
            "lead_id": _ids(place[owner[order]], text_ids=text_ids),
            "activity": pa.DictionaryArray.from_arrays(
                pa.array(what[order]), pa.array(ACTIVITIES)
            ).cast(pa.string()),
            "occurred_at": _times(happened[order]),
        }
    )
    return leads, log


def _ids(place: NDArray[np.int64], *, text_ids: bool) -> pa.Array:
    if not text_ids:
        return pa.array(place)
    digits = np.char.zfill((place * 7_919 % 10_000_019).astype("U8"), 8)
    return pa.array(np.char.add(np.char.add("00Q", digits), np.char.zfill(place.astype("U7"), 7)))


def _times(micros: NDArray[np.int64], mask: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(micros, pa.int64(), mask=mask).cast(pa.timestamp("us"))


def _micros(moment: dt.datetime) -> int:
    return (moment - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
