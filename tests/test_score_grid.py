"""Leads by fit and engagement, A1 to D4."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.report import render_html, render_markdown
from calibrate.stats.shrinkage import beta_binomial_prior
from calibrate.thresholds import score_grid
from tests.small_company import company_run


def frame_of(cells: dict[tuple[int, int], tuple[int, int]]) -> pd.DataFrame:
    """Leads by (fit, engagement): how many, and how many of them converted."""
    rows = [
        (fit, engagement, fit + engagement, place < won)
        for (fit, engagement), (n, won) in cells.items()
        for place in range(n)
    ]
    return pd.DataFrame(rows, columns=["fit", "engagement", "score", "converted"])


CELLS = {(0, 0): (100, 5), (0, 30): (40, 12), (12, 0): (50, 10), (12, 30): (10, 7)}


def test_counts_and_rates_by_hand() -> None:
    grid = score_grid(frame_of(CELLS))
    # between 0 and 12 the roundest whole number is 10; between 0 and 30 it is 20
    assert (grid.fit_cuts, grid.engagement_cuts) == ((10,), (20,))
    table = grid.table.set_index("cell")
    assert table["n"].to_dict() == {"A1": 10, "A2": 50, "B1": 40, "B2": 100}
    assert table["n_converted"].tolist() == [7, 10, 12, 5]
    np.testing.assert_allclose(table["rate"], [0.7, 0.2, 0.3, 0.05])
    np.testing.assert_allclose(table["lead_share"], np.array([10, 50, 40, 100]) / 200)
    np.testing.assert_allclose(table["converted_share"], np.array([7, 10, 12, 5]) / 34)
    assert table["is_thin"].tolist() == [True, False, False, False]
    assert table.loc["B2", "fit_below"] == 10
    assert pd.isna(table.loc["B2", "fit_at_least"])
    # drawn towards the mean of the cells as if the prior were so many leads more
    mean, strength = beta_binomial_prior([7, 10, 12, 5], [10, 50, 40, 100])
    np.testing.assert_allclose(
        table.loc["A1", "shrunken_rate"], (7 + strength * mean) / (10 + strength)
    )
    assert mean < table.loc["A1", "shrunken_rate"] < 0.7
    inside = table["shrunken_rate"].between(
        table["shrunken_rate_ci_lower"], table["shrunken_rate_ci_upper"]
    )
    assert inside.all()
    assert grid.matrix.loc["A", "1"] == table.loc["A1", "shrunken_rate"]
    assert grid.matrix.shape == (2, 2)


@pytest.mark.parametrize(
    ("values", "cuts"),
    [
        (range(1, 9), (7, 5, 3)),  # two each; no round number between neighbours
        ((11, 23, 38, 52), (50, 30, 20)),
        ((-20, -5, 0, 9), (5, 0, -10)),
        ((0, 40, 80), (50, 40)),  # a third each: two of the three quarters coincide
    ],
)
def test_quarters_begin_at_readable_points(values, cuts) -> None:
    frame = pd.DataFrame({"fit": list(values) * 10, "engagement": 0, "score": 0})
    grid = score_grid(frame.assign(converted=np.arange(len(frame)) % 3 == 0))
    assert grid.fit_cuts == cuts
    # what is above a cut is above it whichever whole number of the gap is shown
    counted = [sum(value >= cut for value in values) * 10 for cut in cuts]
    assert grid.table["n"].cumsum().tolist()[:-1] == counted


@pytest.mark.parametrize(
    ("column", "shape", "words"),
    [
        ("fit", (1, 2), "no points for who a lead is: there is one row"),
        ("engagement", (2, 1), "no points for what a lead did: there is one column"),
    ],
)
def test_a_card_of_one_kind_is_one_row_or_one_column(column, shape, words) -> None:
    grid = score_grid(frame_of(CELLS).assign(**{column: 0}))
    assert grid.matrix.shape == shape
    assert words in grid.message


def test_weights_are_respected() -> None:
    frame = frame_of(CELLS)
    young = frame.assign(weight=np.where(frame["converted"], 2.0, 1.0))
    table = score_grid(young).table.set_index("cell")
    # 7 of 10, the seven counting twice: 14 / 17
    assert table.loc["A1", "rate"] == pytest.approx(14 / 17)
    assert table.loc["A1", "n"] == 10
    assert table["n_effective"].sum() != 200
    plain = score_grid(frame.assign(weight=1.0)).table
    pd.testing.assert_frame_equal(plain, score_grid(frame).table)


def test_cells_that_differ_by_chance_only_are_no_surer_than_all_leads_together() -> None:
    even = dict.fromkeys(CELLS, (50, 5))
    table = score_grid(frame_of(even)).table
    np.testing.assert_allclose(table["shrunken_rate"], 0.1, atol=1e-6)
    # a prior worth all 200 leads: half-width about 1.96 sqrt(.1 * .9 / 251) = .037
    half = (table["shrunken_rate_ci_upper"] - table["shrunken_rate_ci_lower"]) / 2
    np.testing.assert_allclose(half, 1.96 * np.sqrt(0.09 / 251), rtol=0.02)


def test_no_conversion_at_all_is_no_error() -> None:
    table = score_grid(frame_of(dict.fromkeys(CELLS, (20, 0)))).table
    assert (table["shrunken_rate"] == 0).all()
    assert table["converted_share"].isna().all()


def test_what_cannot_be_laid_out_is_refused() -> None:
    with pytest.raises(ConfigError, match='no column "fit"'):
        score_grid(pd.DataFrame({"score": [1], "converted": [True]}))
    with pytest.raises(NotEnoughDataError):
        score_grid(frame_of(CELLS).assign(converted=None))


rows = st.lists(
    st.tuples(st.integers(-50, 50), st.integers(0, 60), st.booleans()), min_size=1, max_size=40
)


@pytest.mark.slow
@given(rows)
@settings(max_examples=40, deadline=None)
def test_every_lead_lies_in_one_cell_and_order_does_not_matter(leads) -> None:
    frame = pd.DataFrame(leads, columns=["fit", "engagement", "converted"]).assign(score=0)
    table = score_grid(frame).table
    assert table["n"].sum() == len(frame)
    assert table["n_converted"].sum() == frame["converted"].sum()
    again = score_grid(frame.iloc[::-1].reset_index(drop=True)).table
    pd.testing.assert_frame_equal(again, table)


def test_the_report_shows_the_grid() -> None:
    summary = company_run().summary()
    cells = summary["grid"]["table"]
    assert sum(cell["n"] for cell in cells) > 0
    page, text = render_html(summary), render_markdown(summary)
    if len(cells) > 1:
        assert "Who they are, and what they did" in page
        assert f"({cells[0]['n']:,} leads)" in text
