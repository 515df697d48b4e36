from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.engines import as_doubles
from calibrate.engines.arrow import plain_types, stable_types

DECIMALS = st.lists(
    st.none() | st.decimals(-(10**18), 10**18, places=6, allow_nan=False, allow_infinity=False)
)


@pytest.mark.slow
@settings(deadline=None)
@given(DECIMALS, st.integers(0, 3))
def test_decimals_become_the_nearest_double(values: list[Decimal | None], skipped: int) -> None:
    column = pa.chunked_array([pa.array(values, pa.decimal128(38, 6))[skipped:], []])
    expected = [None if value is None else float(value) for value in values[skipped:]]
    assert as_doubles(column).to_pylist() == expected


def test_tenths_are_tenths() -> None:
    # Arrow's own cast makes 0.09999999999999999 of the first and misses 6 in 20.
    tenths = [Decimal(n) / 10 for n in range(1, 2001)]
    column = pa.chunked_array([pa.array(tenths, pa.decimal128(38, 6))])
    assert as_doubles(column).to_pylist() == [n / 10 for n in range(1, 2001)]


def test_other_numbers_are_cast() -> None:
    assert as_doubles(pa.chunked_array([[1, None]])).to_pylist() == [1.0, None]
    assert as_doubles(pa.chunked_array([[1.5]])).to_pylist() == [1.5]


def test_types_that_every_database_takes() -> None:
    noon = dt.datetime(2024, 3, 31, 12, tzinfo=dt.UTC)
    table = pa.table(
        {
            "a": pa.array(["x", "x"]).dictionary_encode(),
            "b": pa.array([noon, None], pa.timestamp("ns", "Europe/Rome")),
            "c": pa.nulls(2),
            "d": pa.array(["y", None], pa.large_string()),
            "e": pa.array([1, 2], pa.int16()),
            "f": pa.array([Decimal("1.5"), None]),
        }
    )
    assert plain_types(table).schema.types == [
        pa.string(),
        pa.timestamp("us"),
        pa.string(),
        pa.string(),
        pa.int16(),
        pa.decimal128(2, 1),
    ]
    assert plain_types(table)["b"].to_pylist() == [dt.datetime(2024, 3, 31, 12), None]
    stable = stable_types(table)
    assert stable.schema.field("e").type == pa.int64()
    assert stable["f"].to_pylist() == [1.5, None]
