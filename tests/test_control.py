from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from calibrate.config import load_settings
from calibrate.control import control_by_quarter, control_rate
from calibrate.engines import DuckDBEngine
from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.history import history_from_settings
from calibrate.observation import observe, observe_open
from calibrate.stats.intervals import wilson, won_per_lead_interval

REAL = Path(__file__).parent / "real"
DAY0 = dt.datetime(2023, 1, 1)
TIME = pa.timestamp("us")
SCHEMA = pa.schema(
    {
        "lead_row": pa.int64(),
        "lead_id": pa.string(),
        "lead_key": pa.string(),
        "created_at": TIME,
        "outcome": pa.string(),
        "closed_from": TIME,
        "closed_at": TIME,
        "amount": pa.float64(),
        "contact": pa.string(),
        "account": pa.string(),
        "worked": pa.bool_(),
        "first_contacted_at": TIME,
    }
)


class History:
    """The two tables of a history, from (created on day, outcome, closed on day)."""

    activities = ()
    attributes = ()
    has_contacts = False
    timezone = "UTC"

    def __init__(self, leads, *, as_of=None, is_wide=False):
        self.is_wide = is_wide
        self.as_of = None if as_of is None else DAY0 + dt.timedelta(days=as_of)
        self.engine = DuckDBEngine(threads=1)
        rows = []
        for i, (created, outcome, closed) in enumerate(leads):
            row = dict.fromkeys(SCHEMA.names) | {
                "lead_row": i,
                "lead_id": str(i),
                "lead_key": str(i),
                "outcome": outcome,
            }
            if created is not None:
                row["created_at"] = DAY0 + dt.timedelta(days=created)
            if closed is not None:
                row["closed_from"] = row["closed_at"] = DAY0 + dt.timedelta(days=closed)
            rows.append(row)
        self.engine.register("leads", pa.Table.from_pylist(rows, SCHEMA))
        empty = pa.schema(
            {
                "activity_row": pa.int64(),
                "lead_key": pa.string(),
                "activity": pa.string(),
                "occurred_at": TIME,
                "detail": pa.string(),
                "value": pa.float64(),
            }
        )
        self.engine.register("activities", empty.empty_table())


# Two quarters of 2023 (days 0-89 and 90-180). First: 10 leads, 3 won within 30 days, one on
# day 100, six lost. Second: 5 leads of day 100, one of them won after 20 days.
LEADS = [
    (0, "converted", 5), (0, "converted", 12), (10, "converted", 39), (10, "converted", 100),
    *[(20, "lost", 25)] * 6,
    (100, "converted", 120), *[(100, "open", None)] * 4,
]  # fmt: skip


def observed(period="2023Q1", as_of=150, **options):
    given = {"observation_window": "7D", "horizon": "30D"} | options
    return observe(History(LEADS, as_of=as_of), period=period, **given)


def test_a_mature_quarter_by_hand():
    control = control_rate(observed())
    assert (control.method, control.n, control.n_converted) == ("cohort", 10, 3)
    assert control.rate == 0.3
    limits = wilson(3, 10)
    assert (control.rate_ci_lower, control.rate_ci_upper) == (limits.lower, limits.upper)
    assert control.period.label == "2023Q1"
    table = control.table.set_index("method")
    assert table.index.tolist() == ["period", "cohort", "adjusted"]
    # All were watched for 30 days: Kaplan-Meier is the plain rate, Greenwood the binomial.
    assert table.loc["adjusted", "rate"] == pytest.approx(0.3)
    assert table.loc["adjusted", "n_effective"] == pytest.approx(10)
    assert table.loc["cohort", "n_effective"] == 10


def test_a_win_on_the_day_of_the_horizon_is_too_late():
    # Half-open: converted in [landmark, created_at + horizon).
    exactly = History([(0, "converted", 30), (0, "lost", 3)], as_of=60)
    table = control_rate(observe(exactly, observation_window="7D", horizon="30D")).table
    assert table.set_index("method")["rate"][["cohort", "adjusted"]].tolist() == [0.0, 0.0]


def test_the_textbook_ratio_counts_customers_won_in_the_period_whenever_created():
    # Won in the second quarter: on day 100 (created in the first) and on day 120.
    row = control_rate(observed("2023Q2"), method="period")
    assert (row.n_converted, row.n, row.rate) == (2, 5, 0.4)
    expected = won_per_lead_interval(2, 5)
    assert (row.rate_ci_lower, row.rate_ci_upper) == (expected.lower, expected.upper)
    assert np.isnan(row.table["n_effective"].iloc[0])
    # At as_of = day 110 the second of them has not been won yet.
    assert control_rate(observed("2023Q2", as_of=110), method="period").n_converted == 1


def test_a_young_quarter_is_adjusted():
    # As of day 125 the five leads were watched for 25 of 30 days: one of five won on day 20.
    control = control_rate(observed("2023Q2", as_of=125))
    assert control.method == "adjusted"
    assert control.rate == pytest.approx(0.2)
    table = control.table.set_index("method")
    assert "after 25 days" in table.loc["adjusted", "note"]
    assert table.loc["cohort", "n"] == 0
    assert np.isnan(table.loc["cohort", "rate"])


def test_kaplan_meier_by_hand():
    # As of day 40, horizon 30 days: lead a won after 10 days, b was watched 20 days, c won
    # after 25 days, d was watched for 40: 1 - (1 - 1/4)(1 - 1/2) = 0.625.
    leads = [(0, "converted", 10), (20, "open", None), (0, "converted", 25), (0, "lost", 1)]
    control = control_rate(
        observe(History(leads, as_of=40), observation_window="7D", horizon="30D")
    )
    assert control.method == "adjusted"
    assert control.rate == pytest.approx(0.625)
    # cohort: the three mature leads, two won
    assert control.table.set_index("method").loc["cohort", "rate"] == pytest.approx(2 / 3)


def test_nobody_converted():
    control = control_rate(
        observe(
            History([(0, "lost", 5)] * 40 + [(85, "open", None)], as_of=90),
            observation_window="7D",
            horizon="30D",
        )
    )
    assert (control.method, control.rate, control.rate_ci_lower) == ("adjusted", 0.0, 0.0)
    # 40 leads are still watched at day 30.
    assert control.rate_ci_upper == pytest.approx(float(wilson(0, 40).upper))
    assert control.table.set_index("method").loc["period", "rate"] == 0.0


def test_a_wide_table_has_the_cohort_only():
    leads = [(None, "converted", None)] * 300 + [(None, "lost", None)] * 700
    obs = observe(History(leads, is_wide=True))
    control = control_rate(obs)
    assert (control.method, control.rate, control.n) == ("cohort", 0.3, 1000)
    assert control.table["method"].tolist() == ["cohort"]
    with pytest.raises(ConfigError, match="needs created_at"):
        control_rate(obs, method="period")
    assert control_by_quarter(History(leads, is_wide=True), horizon="90D").empty


def test_refusals():
    with pytest.raises(ConfigError, match='did you mean "cohort"'):
        control_rate(observed(), method="cohorts")
    with pytest.raises(NotEnoughDataError, match="2021Q1"):
        control_rate(observed("2021Q1"))
    with pytest.raises(ConfigError, match="open leads"):
        control_rate(observe_open(History(LEADS, as_of=150)))


def test_by_quarter():
    table = control_by_quarter(History(LEADS, as_of=125), horizon="30D")
    assert table["period"].tolist() == ["2023Q1", "2023Q2"]
    assert table["method"].tolist() == ["cohort", "adjusted"]
    assert table["n"].tolist() == [10, 5]
    assert table["n_converted"].tolist() == [3, 1]
    assert table["n_mature"].tolist() == [10, 0]
    assert table["follow_up_days"].tolist() == [30.0, 25.0]
    assert table["rate"].tolist() == [0.3, pytest.approx(0.2)]
    single = control_rate(observed(as_of=125))
    assert table["rate_ci_upper"][0] == single.rate_ci_upper


def test_results_are_values():
    control = control_rate(observed(), confidence_level=0.9)
    changed = control.table
    changed["rate"] = 9.0
    assert control.table["rate"].max() < 1
    assert (control.table["confidence_level"] == 0.9).all()
    assert "2023Q1" in control._repr_html_()


@pytest.mark.real
def test_olist_won_late(real_data):
    # Counted in the two files: 937 leads of 2017Q3, 18 won in the end, none within 90 days.
    settings = load_settings(REAL / "olist_funnel" / "calibrate.toml")
    history = history_from_settings(settings)
    for horizon, n_converted in (("90D", 0), ("500D", 18)):
        table = control_by_quarter(history, horizon=horizon).set_index("period")
        assert table.loc["2017Q3", ["n", "n_converted"]].tolist() == [937, n_converted]


@pytest.mark.real
def test_x_education(real_data):
    # Counted in the file: 3,561 of 9,240 converted (38.54 %).
    settings = load_settings(REAL / "x_education" / "calibrate.toml")
    control = control_rate(observe(history_from_settings(settings)))
    assert (control.method, control.n_converted, control.n) == ("cohort", 3561, 9240)
    assert round(control.rate, 4) == 0.3854
