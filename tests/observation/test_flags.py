"""Which leads meet which criterion."""

import pandas as pd
import pytest

import calibrate as cal
from calibrate.criteria import as_criterion
from calibrate.errors import DataError


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("click within 7 days", {"activity": "click", "within_days": 7}),
        ("any activity", {"only": "click"}),
        ("click, total", {"activity": "click", "total": 5}),
    ],
)
def test_a_column_named_like_a_number_of_the_log_is_not_mistaken_for_it(name, rule) -> None:
    day = pd.to_datetime("2024-01-01")
    leads = pd.DataFrame(
        {
            "lead_id": ["a", "b", "c"],
            "created_at": [day] * 3,
            "outcome": "open",
            name: [5, 0, 5],
        }
    )
    log = pd.DataFrame(
        {"lead_id": ["b"], "activity": "click", "occurred_at": [day + pd.Timedelta("1D")]}
    )
    history = cal.read_history(leads, log, as_of="2024-06-01")
    obs = cal.observe(history, observation_window="3D", horizon="30D")
    of_column = as_criterion({"field": name, "at_least": 5})
    assert obs.flags([of_column])[:, 0].tolist() == [True, False, True]
    with pytest.raises(DataError, match=f'column "{name}": is named like a number that rules take'):
        obs.flags([of_column, as_criterion(rule)])
