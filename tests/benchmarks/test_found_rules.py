"""Rules made by a search where there is nothing to find, small; and what would be believed."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import found_rules

NOTHING, _, _, MERGED = found_rules.SETTINGS


@pytest.mark.slow
def test_what_a_search_makes_of_nothing_is_not_proven_but_looks_so():
    tables = [
        found_rules.judged(found_rules.make_company(NOTHING, np.random.default_rng(seed)), 4)
        for seed in range(4)
    ]
    table = pd.concat(tables)
    assert len(table) >= 4
    assert not table["verdict"].isin(["raises", "lowers"]).any()
    assert (table["p_alone"] <= 0.05).mean() > 0.5  # the requirement would not be met by these


def test_what_is_there_is_proven():
    table = found_rules.judged(found_rules.make_company(MERGED, np.random.default_rng(0)), 4)
    about = [fields for fields, verdict in zip(table["fields"], table["verdict"], strict=True)
             if verdict == "raises"]  # fmt: skip
    assert frozenset({"source"}) in about


@pytest.mark.parametrize(
    ("change", "met"),
    [
        ({}, True),
        ({"companies with one called proven": 7}, False),
        ({"intervals with the truth": 0.94}, False),
        ({"intervals with the truth": np.nan}, True),  # no rule was made
    ],
)
def test_the_requirement_can_fail(change, met):
    good = {
        "companies": 120,
        "companies with one called proven": 6,
        "intervals with the truth": 0.95,
    }
    assert found_rules.is_met(pd.DataFrame([good, good | change])) is met
