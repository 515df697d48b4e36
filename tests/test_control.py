from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.config import load_settings
from calibrate.control import control_by_quarter, control_rate, conversion_by_age
from calibrate.engines import DuckDBEngine
from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.history import history_from_settings, read_history
from calibrate.observation import observe, observe_open
from calibrate.stats.intervals import wilson, won_per_lead_interval
from calibrate.stats.survival import share_by

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
    """The two tables of a history, from (created on day, outcome, closed on day[, contact])."""

    activities = ()
    attributes = ()
    timezone = "UTC"

    def __init__(self, leads, *, as_of=None, is_wide=False):
        self.is_wide = is_wide
        self.as_of = None if as_of is None else DAY0 + dt.timedelta(days=as_of)
        self.engine = DuckDBEngine(threads=1)
        rows = []
        self.has_contacts = any(len(lead) > 3 for lead in leads)
        for i, (created, outcome, closed, *contact) in enumerate(leads):
            row = dict.fromkeys(SCHEMA.names) | {
                "lead_row": i,
                "lead_id": str(i),
                "lead_key": str(i),
                "outcome": outcome,
                "contact": contact[0] if contact else None,
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


# Contact a has two leads that both bought on day 5, b two that did not; one lead each bought and
# did not without a contact. Rate 3/6; residuals by contact 1, -1, 1/2, -1/2: V = 2.5 / 36, and
# r (1 - r) / V = 3.6 leads. Kaplan-Meier has the same: influences on log S of -1/6 and 1/6, by
# contact -1/3, 1/3, -1/6, 1/6, so that S^2 G = (1/4)(10/36).
PAIRS = [
    (0, "converted", 5, "a"), (0, "converted", 5, "a"), (0, "lost", 9, "b"), (0, "lost", 9, "b"),
    (0, "converted", 5), (0, "lost", 9),
]  # fmt: skip


def watched(leads, as_of=60, **options):
    given = {"observation_window": "3D", "horizon": "30D"} | options
    return observe(History(leads, as_of=as_of), **given)


def test_contacts_are_the_clusters_by_hand():
    table = control_rate(watched(PAIRS)).table.set_index("method")
    assert table["n"].tolist() == [6, 6, 6]
    assert table["rate"][["cohort", "adjusted"]].tolist() == [0.5, 0.5]
    # Two pairs alike and two single leads, half of each converted: residuals 1, 1, 1/2, 1/2;
    # V = 2 (1 (3/4) / 4)^2 + 2 (1/2 (3/4) / 5)^2, and 1/4 of it the size.
    size = 0.25 / (2 * 0.1875**2 + 2 * 0.075**2)
    assert table["n_effective"][["cohort", "adjusted"]].tolist() == pytest.approx([size, 3.6])
    limits = wilson(size / 2, size)
    found = table.loc["cohort", ["rate_ci_lower", "rate_ci_upper"]].tolist()
    assert found == pytest.approx([float(limits.lower), float(limits.upper)])
    # log-log: 1 - 0.5 ** exp(-+ z sqrt(10/36) / log 2)
    spread = 1.959964 * np.sqrt(10 / 36) / np.log(2)
    found = table.loc["adjusted", ["rate_ci_lower", "rate_ci_upper"]].tolist()
    assert found == pytest.approx([1 - 0.5 ** np.exp(-spread), 1 - 0.5 ** np.exp(spread)], rel=1e-6)
    by_quarter = control_by_quarter(History(PAIRS, as_of=60), horizon="30D")
    assert by_quarter["rate_ci_upper"][0] == table.loc["cohort", "rate_ci_upper"]


def test_contacts_with_one_lead_each_change_nothing():
    named = [(*lead[:3], f"c{i}") for i, lead in enumerate(LEADS)]
    plain, own = (control_rate(watched(leads, 110)).table for leads in (LEADS, named))
    assert plain.equals(own)


def test_contacts_are_the_clusters_where_all_leads_of_each_share_their_fate():
    # Doubling every lead, as two leads of one contact, adds leads but nothing that is known.
    twice = [(*lead, f"c{i}") for i, lead in enumerate(LEADS) for _ in range(2)]
    once, doubled = (
        control_rate(watched(leads, 110)).table.set_index("method") for leads in (LEADS, twice)
    )
    for method in ("cohort", "adjusted"):
        for name in ("rate", "n_effective", "rate_ci_lower", "rate_ci_upper"):
            assert doubled.loc[method, name] == pytest.approx(once.loc[method, name]), name


def test_a_contact_none_of_whose_leads_bought_counts_once_for_the_interval():
    nobody = [(0, "lost", 5, "a"), (0, "lost", 5, "a"), (0, "lost", 5, "b")]
    table = control_rate(watched(nobody)).table.set_index("method")
    # cohort: Kish's size (2 + 1)^2 / (2^2 + 1^2); adjusted: two contacts watched to the end
    assert table.loc["cohort", "rate_ci_upper"] == pytest.approx(float(wilson(0, 9 / 5).upper))
    assert table.loc["adjusted", "rate_ci_upper"] == pytest.approx(float(wilson(0, 2).upper))


@pytest.mark.slow
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_adjusted_equals_cohort_when_every_lead_is_mature(fates):
    leads = [(0, "converted" if won else "lost", day) for won, day in fates]
    table = control_rate(watched(leads, 80)).table.set_index("method")
    assert table.loc["adjusted", "rate"] == pytest.approx(table.loc["cohort", "rate"])
    assert table.loc["adjusted", "n_effective"] == pytest.approx(table.loc["cohort", "n_effective"])


def test_the_methods_are_reconciled_in_one_sentence():
    # 3 of 10 by day 30; won in the first quarter: on days 5, 12 and 39. Wilson's limits of 3 of
    # 10: statsmodels proportion_confint(3, 10, method="wilson") = (0.108, 0.603).
    assert control_rate(observed()).sentence == (
        "3 of 10 leads became customers within 30 days: 30.0% (10.8% to 60.3%); 3 customers were "
        "won in the period, whenever created, for 10 leads created in it: 30.0 per 100"
    )
    # As of day 45: see test_conversion_by_age_by_hand for the 60 %; four leads of days 0 and 10
    # are 30 days old, three of them won within.
    young = control_rate(observed(as_of=45)).sentence
    assert young.startswith(
        "3 of 10 leads became customers so far (30.0%); once the youngest have had their 30 days "
        "we expect 60.0% ("
    )
    assert "; of the 4 that have had them, 3 did (75.0%); " in young
    # As of day 125 the five leads of day 100 were watched for 25 days.
    assert control_rate(observed("2023Q2", as_of=125)).sentence.startswith(
        "1 of 5 leads became customers so far (20.0%); none has had 30 days yet, after 25 days we "
        "expect 20.0% ("
    )


@pytest.mark.parametrize(
    ("method", "start"),
    [
        ("cohort", "no lead has had its 30 days yet, 5 too young are left out; 2 customers were"),
        ("period", "2 customers were won in the period, whenever created, for 5 leads created"),
    ],
)
def test_another_headline_has_its_own_sentence(method, start):
    sentence = control_rate(observed("2023Q2", as_of=125), method=method).sentence
    assert sentence.startswith(start)
    assert "40.0 per 100" in sentence


def test_conversion_by_age_by_hand():
    # As of day 45 the leads of day 0, 0, 10, 10 were watched for 45 and 35 days, six for 25.
    # Won at age 5, 12 and 29: 1 - 9/10 = .1; 1 - 9/10 * 8/9 = .2; at 29 two are still watched,
    # of whom one buys: 1 - .8 / 2 = .6.
    found = conversion_by_age(observed(as_of=45), days=(10, 20))
    table = found.table
    assert table.columns.tolist() == [
        *("days", "n_watched", "n_converted", "rate", "rate_ci_lower", "rate_ci_upper"),
        *("share", "share_ci_lower", "share_ci_upper", "confidence_level"),
    ]
    assert table["days"].tolist() == [10, 20, 30]
    assert table["n_watched"].tolist() == [10, 10, 4]
    assert table["n_converted"].tolist() == [1, 2, 3]
    assert table["rate"].tolist() == pytest.approx([0.1, 0.2, 0.6])
    assert table["share"].tolist() == pytest.approx([1 / 6, 1 / 3, 1])
    assert (found.n, found.n_converted, found.until_days, found.note) == (10, 3, 30, "")
    days = [5, 12, 29, 30, *[25] * 6]
    share = share_by([10, 20], 30, days, [True] * 3 + [False] * 7)
    assert table["share_ci_lower"][:2].tolist() == pytest.approx(share.lower.tolist())
    assert table["share_ci_upper"][:2].tolist() == pytest.approx(share.upper.tolist())


@pytest.mark.parametrize("as_of", [45, 60, 150])
def test_the_last_age_is_the_adjusted_control_rate(as_of):
    last = conversion_by_age(observed(as_of=as_of)).table.iloc[-1]
    adjusted = control_rate(observed(as_of=as_of), method="adjusted")
    for name in ("rate", "rate_ci_lower", "rate_ci_upper", "n_converted"):
        assert last[name] == pytest.approx(getattr(adjusted, name)), name
    assert last[["share", "share_ci_lower", "share_ci_upper"]].tolist() == [1, 1, 1]


def test_who_buys_on_the_day_is_not_yet_counted():
    # Half-open as the horizon: won at 10 days sharp is not within 10 days.
    table = conversion_by_age(watched([(0, "converted", 10), (0, "lost", 3)]), days=(10, 11)).table
    assert table["n_converted"].tolist() == [0, 1, 1]
    assert table["rate"].tolist() == pytest.approx([0, 0.5, 0.5])


def test_a_young_period_ends_at_its_longest_follow_up_and_says_so():
    found = conversion_by_age(observed("2023Q2", as_of=125), days=(10, 21, 28))
    assert found.table["days"].tolist() == [10, 21, 25]
    assert found.table["share"].tolist() == [0, 1, 1]  # the only one bought after 20 days
    assert (found.horizon_days, found.until_days) == (30, 25)
    assert found.note == (
        "no lead was watched for 30 days: shares are of the conversions within 25 days; "
        "left out, beyond the last row: 28 days"
    )


def test_the_curve_is_the_table_drawn_out():
    found = conversion_by_age(observed(as_of=45), days=(10, 20))
    curve = found.curve.set_index("days")
    assert (curve.index[0], curve.index[-1], len(curve)) == (0.0, 30.0, 31)
    for row in found.table.to_dict("records"):
        for name in ("rate", "rate_ci_lower", "rate_ci_upper"):
            assert curve.loc[row["days"], name] == pytest.approx(row[name])
    assert curve["rate"].is_monotonic_increasing
    long = conversion_by_age(observe(History(LEADS, as_of=400), horizon="365D")).curve
    assert (len(long), long["days"].iloc[-1]) == (121, 365)


def test_contacts_are_the_clusters_of_conversion_by_age_too():
    twice = [(*lead, f"c{i}") for i, lead in enumerate(LEADS) for _ in range(2)]
    once, doubled = (conversion_by_age(watched(leads, 110)).table for leads in (LEADS, twice))
    for name in ("rate_ci_lower", "rate_ci_upper", "share_ci_lower", "share_ci_upper"):
        assert doubled[name].tolist() == pytest.approx(once[name].tolist()), name


def test_conversion_by_age_in_a_directors_words():
    # 40 leads of a day: 6 bought within 20 days, 15 within 30. Wilson's limits of 6 of 15:
    # statsmodels proportion_confint(6, 15, method="wilson") = (0.198, 0.643).
    leads = [(0, "converted", 3 + i) for i in range(6)] + [(0, "converted", 25)] * 9
    found = conversion_by_age(watched([*leads, *[(0, "lost", 9)] * 25]), days=[20])
    assert found.sentences == (
        "Of those who will have bought after 30 days, 40 of 100 (20 to 64) have bought after 20.",
    )
    assert conversion_by_age(watched([(0, "lost", 3)]), days=[10]).sentences == ()


def test_conversion_by_age_refuses_what_it_cannot_say():
    wide = observe(History([(None, "converted", None), (None, "lost", None)], is_wide=True))
    with pytest.raises(ConfigError, match="needs created_at"):
        conversion_by_age(wide)
    for wrong in ((0, 30), (-1,), ("x",), (float("nan"),), None):
        with pytest.raises(ConfigError, match="days must be numbers above 0"):
            conversion_by_age(observed(), days=wrong)
    with pytest.raises(NotEnoughDataError, match="2021Q1"):
        conversion_by_age(observed("2021Q1"))
    with pytest.raises(ConfigError, match="open leads"):
        conversion_by_age(observe_open(History(LEADS, as_of=150)))


def test_results_are_values():
    control = control_rate(observed(), confidence_level=0.9)
    changed = control.table
    changed["rate"] = 9.0
    assert control.table["rate"].max() < 1
    assert (control.table["confidence_level"] == 0.9).all()
    assert "2023Q1" in control._repr_html_()
    by_age = conversion_by_age(observed())
    for table in (by_age.table, by_age.curve):
        table["rate"] = 9.0
    assert max(by_age.table["rate"].max(), by_age.curve["rate"].max()) < 1
    assert "2023Q1" in by_age._repr_html_()


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


@pytest.mark.real
def test_olist_by_age(real_data):
    # Counted in the two files: of 8,000 leads 547 were won within 30 days of their first contact,
    # 644 within 60, 691 within 90; all were watched for 90 days (the last of 2018-05-31, the
    # last win of 2018-11-14), so that the shares are 547 / 691 and 644 / 691.
    history = history_from_settings(load_settings(REAL / "olist_funnel" / "calibrate.toml"))
    table = conversion_by_age(observe(history, horizon="90D")).table
    assert table["n_converted"].tolist() == [547, 644, 691]
    assert table["share"].tolist() == pytest.approx([547 / 691, 644 / 691, 1])
    assert table["share_ci_lower"][0] == pytest.approx(float(wilson(547, 691).lower))


def test_an_old_date_costs_no_statement_for_each_quarter_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    created = pd.to_datetime(["1900-01-01", "2025-05-01", "2025-05-02"])
    leads = pd.DataFrame({"lead_id": range(3), "created_at": created, "outcome": "open"})
    history = read_history(leads, as_of="2026-01-01")
    asked: list[str] = []
    query = history.engine.query
    monkeypatch.setattr(
        history.engine, "query", lambda sql, values=(): asked.append(sql) or query(sql, values)
    )
    found = control_by_quarter(history, horizon="30D")
    assert found[["period", "n"]].to_numpy().tolist() == [["1900Q1", 1], ["2025Q2", 2]]
    assert len(asked) < 10
