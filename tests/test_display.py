"""Numbers are worded in one place: the rules, by example and as properties."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.display import (
    MISSING,
    format_interval,
    format_table,
    format_value,
    html_table,
    is_numeric_column,
    kind_of,
    languages,
    numbers_of,
    text_table,
)
from calibrate.errors import ConfigError


# Expected texts are the rounding of the value beside them, done by hand.
@pytest.mark.parametrize(
    ("column", "value", "english", "italian"),
    [
        ("rate", 0.36, "36.0%", "36,0%"),
        ("rate", 0.0, "0.0%", "0,0%"),
        ("rate", 1.0, "100.0%", "100,0%"),
        ("rate", 0.0001, "<0.1%", "<0,1%"),
        ("rate", 0.99999, ">99.9%", ">99,9%"),
        ("control_rate", 0.3854, "38.5%", "38,5%"),
        ("lead_share", 0.5, "50.0%", "50,0%"),
        ("rate_ci_lower", 0.037, "3.7%", "3,7%"),
        ("difference", 0.06, "+6.0 pp", "+6,0 pp"),
        ("difference", -0.024, "-2.4 pp", "-2,4 pp"),
        ("difference", 0.0, "0.0 pp", "0,0 pp"),
        ("lift", 1.2, "1.20x", "1,20x"),
        ("lift", 12.34, "12.3x", "12,3x"),
        ("lift", 0.001, "<0.01x", "<0,01x"),
        ("lift", 0.0, "0.00x", "0,00x"),
        ("lift_ci_upper", math.inf, "no limit", "senza limite"),
        ("p_value", 0.00004, "<0.001", "<0,001"),
        ("q_value", 0.99997, ">0.999", ">0,999"),
        ("p_value", 0.0412, "0.041", "0,041"),
        ("n", 1234567, "1,234,567", "1.234.567"),
        ("n_converted", 12.5, "12.5", "12,5"),
        ("points", 14, "+14", "+14"),
        ("points", -24, "-24", "-24"),
        ("points", 0, "0", "0"),
        # sums of money, from 100 on without cents
        ("amount", 849885.9, "849,886", "849.886"),
        ("largest_amount", 99.5, "99.5", "99,5"),
        # what is written as nothing has no sign
        ("effect", -0.04, "0.0", "0,0"),
        ("scale", 0.04, "0.0", "0,0"),
        ("difference", -0.0004, "0.0 pp", "0,0 pp"),
        ("auc", 0.84, "0.840", "0,840"),
        ("leads_per_week", 118.4, "118.4", "118,4"),
        ("lag_days", 7, "7", "7"),
        ("converted", True, "yes", "sì"),
        ("converted", np.bool_(False), "no", "no"),
        ("as_of", "2024-01-01", "1 Jan 2024", "1 gen 2024"),
        ("created_at", dt.datetime(2024, 5, 3, 14, 5), "3 May 2024 14:05", "3 mag 2024 14:05"),
        ("horizon", dt.timedelta(days=90), "90 days", "90 giorni"),
        ("horizon", dt.timedelta(days=1), "1 day", "1 giorno"),
        ("as_of", "2024-13-41", "2024-13-41", "2024-13-41"),
        ("examples", ["a", "b"], "a, b", "a, b"),
        ("settings", {"a": 1}, "a: 1", "a: 1"),
        ("note", None, MISSING, MISSING),
        ("rate", math.nan, MISSING, MISSING),
        ("closed_at", pd.NaT, MISSING, MISSING),
        ("note", "a\nb\x1b[0m", "a b [0m", "a b [0m"),
    ],
)
def test_a_value_reads_as_its_column_says(column, value, english, italian):
    assert format_value(column, value) == english
    assert format_value(column, value, lang="it") == italian


@given(st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True))
def test_a_rate_never_claims_to_be_none_or_all(rate):
    assert format_value("rate", rate) not in {"0.0%", "100.0%"}


@given(st.floats(min_value=0, max_value=1, exclude_min=True))
def test_a_p_value_never_claims_to_be_zero(p):
    assert format_value("p_value", p) != "0.000"


@pytest.mark.slow
@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.text() | st.none())
def test_every_value_has_a_text_on_one_line(value):
    for column in ("rate", "lift", "difference", "p_value", "n", "points", "auc", "x", "as_of"):
        text = format_value(column, value)
        assert isinstance(text, str)
        assert not any(ord(c) < 32 for c in text)


def test_an_interval_needs_both_ends():
    assert format_interval("lift", 1.05, 1.37) == "1.05x to 1.37x"
    assert format_interval("lift", 1.05, None) == MISSING


def test_bounds_are_written_like_what_they_bound():
    for name in ("rate", "lift", "difference", "points", "auc"):
        assert kind_of(f"{name}_ci_lower") == kind_of(f"{name}_ci_upper") == kind_of(name)


def test_languages_have_every_word():
    for lang in languages():
        assert len(numbers_of(lang).months) == 12


def test_an_unknown_language_names_those_there_are():
    with pytest.raises(ConfigError, match=r'no language "itt" \(did you mean "it"\?\)'):
        numbers_of("itt")
    with pytest.raises(ConfigError, match="there are: en, it"):
        numbers_of("../en")


def test_tables_keep_columns_and_index():
    frame = pd.DataFrame({"n": [1200, 3], "rate": [0.36, math.nan]}, index=[4, 9])
    written = format_table(frame)
    assert list(written.index) == [4, 9]
    assert written["rate"].tolist() == ["36.0%", MISSING]
    assert format_table(frame.iloc[:0]).columns.tolist() == ["n", "rate"]


def test_html_is_escaped_and_says_what_it_leaves_out():
    hostile = "<script>alert(1)</script>"
    page = html_table(
        pd.DataFrame({hostile: [hostile] * 3, "n": [1, 2, 3]}), caption=hostile, max_rows=2
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 4
    assert "1 more rows not shown" in page


def test_plain_text_lines_up():
    table = text_table(pd.DataFrame({"criterion": ["clicked", "x" * 60], "n": [1200, 5]}))
    lines = table.splitlines()
    assert lines[1] == "clicked" + " " * 33 + "  1,200"
    assert lines[2].endswith("…      5")


def test_yes_and_no_are_not_numbers():
    frame = pd.DataFrame({"a": [True, False], "b": [1, None], "c": [None, None]})
    assert [is_numeric_column(frame, name) for name in "abc"] == [False, True, False]
