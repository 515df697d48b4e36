"""What a criterion is worth once the rule that counts it is held fixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import calibrate as cal
from calibrate.lift import OVERLAP_COLUMNS, overlap_table
from tests.companies import wide_company

# Opened and clicked, leads and customers of each: who clicks has opened, and only clicking pays.
#              both        opened only   clicked only   neither
CELLS = {(1, 1): (900, 270), (1, 0): (1100, 110), (0, 1): (100, 30), (0, 0): (1900, 190)}


@pytest.fixture(scope="module")
def measured() -> tuple[cal.Lift, pd.DataFrame]:
    flags = np.repeat(np.array(list(CELLS), dtype=float), [n for n, _ in CELLS.values()], axis=0)
    converted = np.concatenate([np.arange(n) < won for n, won in CELLS.values()])
    obs = wide_company(flags, converted)
    opened, clicked = ({"field": f"x{i}", "at_least": 1} for i in range(2))
    card = cal.fit_scorecard(obs, criteria=[clicked])
    lift = cal.measure_lift(obs, [opened, clicked]).with_card(card, obs)
    return lift, overlap_table(lift, card, obs)


def test_four_cells_by_hand(measured: tuple[cal.Lift, pd.DataFrame]) -> None:
    lift, table = measured
    assert list(table.columns) == list(OVERLAP_COLUMNS)
    opened = lift.table.iloc[0]
    assert opened["reason"] == f"counted by {table['counted_by'][0]}"
    assert list(zip(table["meets"], table["meets_other"], strict=True)) == list(CELLS)
    assert list(zip(table["n"], table["n_converted"], strict=True)) == list(CELLS.values())
    # 270 / 900 and 30 / 100: among those who clicked, having opened adds nothing
    assert table["rate"].tolist() == pytest.approx([0.3, 0.1, 0.3, 0.1])
    assert table["also_share"].tolist() == pytest.approx([900 / 2000] * 4)
    wilson = binomtest(270, 900).proportion_ci(method="wilson")  # scipy 1.17
    assert table.loc[0, ["rate_ci_lower", "rate_ci_upper"]].tolist() == pytest.approx([*wilson])


def test_only_what_a_rule_of_the_card_counts(measured: tuple[cal.Lift, pd.DataFrame]) -> None:
    lift, table = measured
    assert table["criterion"].unique().tolist() == [lift.table["criterion"][0]]


def test_a_card_that_counts_nothing() -> None:
    obs = wide_company(np.zeros((200, 1)), np.arange(200) < 60)
    card = cal.fit_scorecard(obs)
    lift = cal.measure_lift(obs, [{"field": "x0", "at_least": 1}]).with_card(card, obs)
    table = overlap_table(lift, card, obs)
    assert table.empty
    assert list(table.columns) == list(OVERLAP_COLUMNS)
