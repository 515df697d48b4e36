"""The simulated company of ``data/``: one function writes it, always the same."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from calibrate.datasets.simulation import make_leads
from calibrate.datasets.truth import Truth

__all__ = ["CONFIG", "company", "write_company"]

_LEADS, _SEED = 6_000, 258

CONFIG = """\
# The simulated company, ready to run:  calibrate run -c calibrate.toml
# Lines that start with # are explanations or choices not taken.

[leads]
source = "leads.csv.gz"            # relative to this file
# The columns already carry the names that calibrate knows, so nothing needs to be mapped. In your
# own file you would write, for example:
#   id = "Id"
#   created_at = "Created Time"
#   outcome = "Stage"
#   won = ["Closed Won"]
#   lost = ["Closed Lost"]         # anything else is open
ignore = ["contract_plan"]         # found by `calibrate check`: filled in only for winners, after
                                   # they had signed. Take this line out and see it found again.

[activities]
source = "activities.parquet"

[calibration]
name = "Simulated company"         # what the report is called; default: the period
as_of = "2026-07-01"               # the export was made when June was over
period = "2026Q1"                  # the last quarter whose leads have all had their 90 days
fit_period = ["2025-04-01", "2026-04-01"]   # points are learned from four quarters
observation_window = "14D"         # leads are compared 14 days after they came in
horizon = "90D"                    # and count as customers if they buy within 90
method = "logistic"
max_criteria = 12

[thresholds]
objective = "capacity"
capacity = 5                       # leads a week that one person can call at once
people = 3
"""


def company() -> tuple[pd.DataFrame, pd.DataFrame, Truth]:
    """Return the simulated company of ``data/``: leads, activities and the planted truth.

    Examples
    --------
    >>> leads, activities, truth = company()
    >>> len(leads)
    6000
    """
    return make_leads(_LEADS, rng=_SEED)


def write_company(folder: str | Path) -> tuple[Path, ...]:
    """Write the simulated company into a folder, the same bytes every time.

    Parameters
    ----------
    folder : str or Path
        Where to write; made if it does not exist.

    Returns
    -------
    tuple of Path
        ``leads.csv.gz``, ``activities.parquet`` and ``calibrate.toml``.

    Notes
    -----
    The gzip header carries neither a time nor a name, and the Parquet file no library metadata
    but the writer's version; other versions of zlib or pyarrow may pack the same content
    differently.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    leads, activities, _ = company()
    contents = {
        "leads.csv.gz": _gzipped(
            leads.to_csv(index=False, float_format="%.0f", lineterminator="\n")
        ),
        "activities.parquet": _parquet(activities),
        "calibrate.toml": CONFIG.encode(),
    }
    for name, content in contents.items():
        (target / name).write_bytes(content)
    return tuple(target / name for name in contents)


def _gzipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as packed:
        packed.write(text.encode())
    return buffer.getvalue()


def _parquet(activities: pd.DataFrame) -> bytes:
    schema = pa.schema(
        {
            "lead_id": pa.string(),
            "activity": pa.string(),
            "occurred_at": pa.timestamp("us"),
            "detail": pa.string(),
            "value": pa.float64(),
        }
    )
    table = pa.Table.from_pandas(activities, schema=schema, preserve_index=False)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(None),
        sink,
        version="2.6",
        compression="zstd",
        compression_level=19,
        use_dictionary=["lead_id", "activity", "detail", "value"],
        column_encoding={"occurred_at": "DELTA_BINARY_PACKED"},
        store_schema=False,
    )
    return bytes(sink.getvalue().to_pybytes())
