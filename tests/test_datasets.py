"""The simulated company: an honest event log, planted truth that can be found again, same bytes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from scipy.stats.contingency import relative_risk

from calibrate.config import load_settings
from calibrate.criteria import as_criterion
from calibrate.datasets import Truth, make_leads, write_company
from calibrate.datasets.__main__ import main
from calibrate.datasets.company import company
from calibrate.errors import ConfigError

DATA = Path(__file__).resolve().parents[1] / "data"
Simulated = tuple[pd.DataFrame, pd.DataFrame, Truth]


Landmark = tuple[pd.Series, pd.DataFrame]


@pytest.fixture(scope="module")
def big() -> Simulated:
    return make_leads(40_000, rng=7)


@pytest.fixture(scope="module")
def big_landmark(big: Simulated) -> Landmark:
    return at_landmark(big)


def at_landmark(simulated: Simulated) -> Landmark:
    """Outcome and planted criteria of the mature leads open at their landmark, in plain pandas."""
    leads, activities, truth = simulated
    landmark = leads["created_at"] + truth.observation_window
    end = leads["created_at"] + truth.horizon
    keep = ~(leads["closed_at"] < landmark) & (end <= truth.as_of)
    converted = (leads["outcome"] == "converted") & (leads["closed_at"] < end)
    joined = activities.merge(leads[["lead_id", "created_at"]], on="lead_id")
    seen = joined[
        (joined["occurred_at"] >= joined["created_at"] - truth.lookback)
        & (joined["occurred_at"] < joined["created_at"] + truth.observation_window)
    ]
    columns = {}
    for name, rule in truth.rules.items():
        if "activity" in rule:
            doers = seen.loc[seen["activity"] == rule["activity"], "lead_id"].unique()
            columns[name] = leads["lead_id"].isin(doers)
        elif "in" in rule:
            columns[name] = leads[rule["field"]].isin(rule["in"])
        else:
            columns[name] = leads[rule["field"]] >= rule["at_least"]
    return converted[keep], pd.DataFrame(columns)[keep]


def joint_fit(landmark: Landmark, rows: pd.Series | None = None) -> pd.DataFrame:
    converted, criteria = landmark
    if rows is not None:
        converted, criteria = converted[rows[converted.index]], criteria[rows[converted.index]]
    fit = sm.Logit(converted.astype(float), sm.add_constant(criteria.astype(float))).fit(disp=0)
    return pd.DataFrame({"estimate": fit.params, "error": fit.bse})


# --- the planted truth ---------------------------------------------------------------------


def test_a_joint_logistic_regression_at_the_landmark_finds_every_planted_effect(
    big: Simulated, big_landmark: Landmark
) -> None:
    truth = big[2]
    found = joint_fit(big_landmark)  # statsmodels Logit, maximum likelihood
    planted = pd.Series({"const": truth.intercept, **truth.log_odds})
    z = (found["estimate"] - planted) / found["error"]
    assert z.abs().max() < 3
    # nearly independent standard normals: their sum of squares is about chi-squared
    assert (z**2).sum() < chi2.ppf(0.999, len(z))


def test_null_activities_have_relative_risk_one(big: Simulated, big_landmark: Landmark) -> None:
    converted, criteria = big_landmark
    for activity in big[2].null_activities:
        met = criteria[activity]
        risk = relative_risk(
            int(converted[met].sum()), int(met.sum()), int(converted[~met].sum()), int((~met).sum())
        )
        interval = risk.confidence_interval(0.997)  # three standard errors
        assert interval.low < 1 < interval.high
        assert risk.relative_risk == pytest.approx(1, abs=0.2)


def test_predicted_probabilities_are_those_that_come_true(
    big: Simulated, big_landmark: Landmark
) -> None:
    converted, _ = big_landmark
    probability = big[2].leads["probability"][converted.index]
    error = np.sqrt((probability * (1 - probability)).sum())
    assert abs(converted.sum() - probability.sum()) < 3 * error


def test_rates_and_pace_are_those_of_a_plausible_company(big: Simulated) -> None:
    leads, _, truth = big
    days = (leads["closed_at"] - leads["created_at"]).dt.total_seconds() / 86_400
    mature = leads["created_at"] + truth.horizon <= truth.as_of
    won = leads["outcome"] == "converted"
    assert 0.08 < (won & (days < 90))[mature].mean() < 0.12
    # what "auto" needs to choose 14 and 90 days (DESIGN section 4)
    assert (days[won] < 14).mean() <= 0.25 < (days[won] < 30).mean()
    assert (days[won] < 60).mean() < 0.85 <= (days[won] < 90).mean()
    assert days[won].max() > 180
    assert days[won].median() != pytest.approx(days[leads["outcome"] == "lost"].median(), abs=2)


def test_clickers_convert_36_to_30_and_the_pricing_page_accounts_for_it(
    big: Simulated, big_landmark: Landmark
) -> None:
    _, criteria = big_landmark
    clicked = criteria["email_click"]
    probability = big[2].leads["probability"][criteria.index]
    assert clicked.mean() == pytest.approx(0.36, abs=0.02)
    assert probability[clicked].mean() / probability.mean() == pytest.approx(36 / 30, abs=0.06)
    assert big[2].log_odds["email_click"] == 0


@pytest.mark.slow
def test_after_the_change_a_demo_request_means_nothing() -> None:
    simulated = make_leads(40_000, rng=3, quarters=7, change_at="2026Q1")
    leads, _, truth = simulated
    assert truth.change_at == pd.Timestamp("2026-01-01")
    assert truth.log_odds["demo_request"] == 1.6
    assert truth.log_odds_after["demo_request"] == 0
    late = leads["created_at"] >= truth.change_at
    landmark = at_landmark(simulated)
    before, after = joint_fit(landmark, ~late), joint_fit(landmark, late)
    for found, planted in ((before, 1.6), (after, 0.0)):
        row = found.loc["demo_request"]
        assert abs(row["estimate"] - planted) < 3 * row["error"]


def test_a_change_leaves_everything_before_it_as_it_was() -> None:
    plain = make_leads(2_000, rng=5)
    changed = make_leads(2_000, rng=5, change_at="2026-01-01", changes={"pricing_view": -1.0})
    early = plain[0]["created_at"] < pd.Timestamp("2026-01-01")
    pd.testing.assert_frame_equal(plain[0][early], changed[0][early])
    assert not plain[0][~early].equals(changed[0][~early])


def test_effects_and_intercept_can_be_overridden() -> None:
    nothing = dict.fromkeys(make_leads(10)[2].log_odds, 0.0)
    _, _, truth = make_leads(3_000, rng=1, effects=nothing, intercept=-2.0)
    # 1 / (1 + exp(2)) = 0.1192 for every lead
    assert truth.leads["probability"].to_numpy() == pytest.approx(np.full(3_000, 0.11920292))


# --- the log -------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(1, 400),
    seed=st.integers(0, 2**32 - 1),
    quarters=st.integers(1, 9),
    bots=st.sampled_from([0.0, 0.04, 0.5]),
)
def test_whatever_is_asked_for_the_frames_keep_their_promises(
    n: int, seed: int, quarters: int, bots: float
) -> None:
    leads, activities, truth = make_leads(n, rng=seed, quarters=quarters, bots=bots)
    assert len(leads) == leads["lead_id"].nunique() == n
    assert leads["created_at"].is_monotonic_increasing
    assert activities["occurred_at"].is_monotonic_increasing
    assert leads["created_at"].between(pd.Timestamp("2025-01-01"), truth.as_of, "left").all()
    assert not (activities["occurred_at"] >= truth.as_of).any()
    assert activities["lead_id"].isin(leads["lead_id"]).all()
    closed = leads["outcome"] != "open"
    assert leads["closed_at"].notna().equals(closed)
    assert (leads["closed_at"] > leads["created_at"])[closed].all()
    assert leads["amount"].notna().equals(leads["outcome"] == "converted")
    assert leads.loc[leads["contract_plan"].notna(), "outcome"].eq("converted").all()


def test_the_log_stops_at_closing_but_for_calls_to_new_customers(big: Simulated) -> None:
    leads, activities, _ = big
    joined = activities.merge(leads, on="lead_id")
    after = joined[joined["occurred_at"] >= joined["closed_at"]]
    assert set(after["activity"]) == {"call_answered"}
    assert set(after["outcome"]) == {"converted"}
    assert 0 < len(after) < 0.01 * len(activities)


def test_the_log_begins_more_than_the_lookback_before_the_first_lead(big: Simulated) -> None:
    leads, activities, truth = big
    assert activities["occurred_at"].min() < leads["created_at"].min() - truth.lookback
    weeks = activities["occurred_at"].dt.to_period("W")
    assert weeks.nunique() == (weeks.max() - weeks.min()).n + 1  # no week is missing


def test_people_open_before_they_click_and_scanners_click_at_once(big: Simulated) -> None:
    _, activities, truth = big
    bot = activities["lead_id"].isin(truth.bots)
    first = activities.groupby(["lead_id", "activity"])["occurred_at"].min().unstack("activity")
    people = first[~first.index.isin(truth.bots) & first["email_click"].notna()]
    assert (people["email_sent"] < people["email_open"]).all()
    assert (people["email_open"] < people["email_click"]).all()
    assert people["page_view"].notna().mean() > 0.9  # page views come with clicking
    assert not (activities[bot]["activity"] == "email_open").any()
    clicks = activities[bot & (activities["activity"] == "email_click")]
    sent = activities[bot & (activities["activity"] == "email_sent")]
    matched = pd.merge_asof(
        clicks, sent.assign(sent_at=sent["occurred_at"]), on="occurred_at", by="lead_id"
    )
    delay = (matched["occurred_at"] - matched["sent_at"]).dt.total_seconds()
    assert (delay <= 1).all()
    assert clicks.groupby("lead_id").size().min() >= 2
    assert len(truth.bots) / 40_000 == pytest.approx(0.04, abs=0.01)


def test_without_bots_there_are_none() -> None:
    assert make_leads(2_000, bots=0)[2].bots == ()


def test_activity_has_a_power_law_tail(big: Simulated) -> None:
    _, activities, _ = big
    visits = activities[activities["activity"] == "page_view"].groupby("lead_id").size()
    top = visits.nlargest(len(visits) // 10).sum() / visits.sum()
    assert top > 0.25  # the busiest tenth; under equal Poisson rates it would be about 0.2
    assert visits.max() > 10 * visits.median()


def test_arrivals_have_a_season_and_quiet_weekends(big: Simulated) -> None:
    created = big[0]["created_at"]
    in_2025 = created[created.dt.year == 2025]
    months = in_2025.dt.month.value_counts()
    assert months[8] < 0.6 * months[9]  # planted 0.5 against 1.3
    weekday = created.dt.day_of_week.value_counts()
    assert weekday[6] < 0.4 * weekday[1]  # planted 0.3 against 1.2


def test_the_leak_is_filled_in_only_for_winners(big: Simulated) -> None:
    leads, _, truth = big
    (column,) = truth.leak_columns
    filled = leads[column].notna()
    won = leads["outcome"] == "converted"
    assert not filled[~won].any()
    assert filled[won].mean() == pytest.approx(0.97, abs=0.02)


# --- the value, and what is refused --------------------------------------------------------


def test_the_same_seed_gives_the_same_company() -> None:
    first, again = make_leads(500, rng=11), make_leads(500, rng=np.random.default_rng(11))
    pd.testing.assert_frame_equal(first[0], again[0])
    pd.testing.assert_frame_equal(first[1], again[1])
    assert first[2].bots == again[2].bots
    assert not first[0].equals(make_leads(500, rng=12)[0])


def test_truth_lists_its_criteria_as_rules_that_calibrate_understands() -> None:
    truth = make_leads(50)[2]
    table = truth.table
    assert list(table.columns) == ["criterion", "group", "log_odds", "log_odds_after"]
    assert set(table["group"]) == {"fit", "engagement"}
    for name in table["criterion"]:
        assert as_criterion(truth.rules[name]).measures or as_criterion(truth.rules[name]).fields
    table["log_odds"] = 9.0
    assert truth.table["log_odds"].max() == 1.6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "at least one lead, not 0"),
        ({"quarters": 0}, "at least one quarter, not 0"),
        ({"bots": 1.0}, "below 1, not 1.0"),
        ({"start": "someday"}, '"someday" is not a date'),
        ({"change_at": "later"}, '"later" is not a date'),
        ({"changes": {"email_open": 1.0}}, "change_at"),
        ({"effects": {"email_clik": 1.0}}, 'did you mean "email_click"?'),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        make_leads(**{"n": 10, **arguments})  # type: ignore[arg-type]
    assert message in str(error.value)


# --- data/ ---------------------------------------------------------------------------------


def test_the_files_are_small_and_come_out_the_same_again(tmp_path: Path) -> None:
    written = write_company(tmp_path)
    assert [path.name for path in written] == [
        "leads.csv.gz",
        "activities.parquet",
        "calibrate.toml",
    ]
    again = {path.name: path.read_bytes() for path in write_company(tmp_path)}
    for path in written:
        assert path.read_bytes() == again[path.name]
    assert sum((DATA / path.name).stat().st_size for path in written) < 1_000_000
    assert (DATA / "calibrate.toml").read_bytes() == again["calibrate.toml"]
    _same_leads(again["leads.csv.gz"], (DATA / "leads.csv.gz").read_bytes())
    _same_activities(tmp_path / "activities.parquet", DATA / "activities.parquet")


def _same_leads(new: bytes, kept: bytes) -> None:
    """The same bytes; another zlib may pack the same text differently."""
    assert gzip.decompress(new) == gzip.decompress(kept)
    assert kept[4:8] == b"\0\0\0\0"  # the header's time (RFC 1952)
    assert not kept[3] & 0x08  # and no file name


def _same_activities(new: Path, kept: Path) -> None:
    """The same bytes from the same writer, else the same content."""
    assert pq.read_table(new).equals(pq.read_table(kept))
    if pq.read_metadata(new).created_by == pq.read_metadata(kept).created_by:
        assert new.read_bytes() == kept.read_bytes()


def test_the_files_say_what_the_frames_say() -> None:
    leads, activities, _ = company()
    read = pd.read_csv(
        DATA / "leads.csv.gz", parse_dates=["created_at", "closed_at"], dtype={"lead_id": "str"}
    )
    pd.testing.assert_frame_equal(read, leads, check_dtype=False)
    kept = pq.read_table(DATA / "activities.parquet").to_pandas()
    pd.testing.assert_frame_equal(kept, activities, check_dtype=False)


def test_the_example_is_visible_in_data() -> None:
    converted, criteria = at_landmark(company())
    clicked = criteria["email_click"]
    assert 1.15 < converted[clicked].mean() / converted.mean() < 1.3


def test_the_configuration_can_be_read_and_leaves_out_the_leak() -> None:
    read = load_settings(DATA / "calibrate.toml")
    assert tuple(read.leads.ignore) == ("contract_plan",)
    assert read.calibration.observation_window is not None
    assert read.thresholds.weekly_capacity == 15  # five leads for each of three people


def test_the_command_writes_the_folder_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "new")]) == 0
    assert "activities.parquet" in capsys.readouterr().out
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_readme_counts_what_is_there() -> None:
    text = (DATA / "README.md").read_text("utf-8")
    leads, activities, truth = company()
    joined = activities.merge(leads, on="lead_id")
    after = int((joined["occurred_at"] >= joined["closed_at"]).sum())
    days = (leads["closed_at"] - leads["created_at"]).dt.total_seconds() / 86_400
    won = leads["outcome"] == "converted"
    shares = [(days < 14)[won].mean(), days[won].between(14, 90, "left").mean()]
    converted, criteria = at_landmark((leads, activities, truth))
    clicked = criteria["email_click"]
    for figure in (
        f"{len(leads):,} leads",
        f"{len(activities):,} activities",
        f"{len(truth.bots)} leads sit behind",
        f"{after} calls to new customers",
        f"{shares[0]:.0%}".replace("%", " %") + " of the wins",
        f"{shares[1]:.0%}".replace("%", " %") + " by day 90",
        f"{100 * clicked.mean():.0f} % of the leads, convert at",
        f"convert at {100 * converted[clicked].mean():.1f} %",
        f"all leads at {100 * converted.mean():.1f} %",
        f"Its log odds are {truth.intercept}",
    ):
        assert figure in " ".join(text.split()), figure
    for log_odds in truth.log_odds.values():
        assert f" {log_odds:+.1f} " in text or log_odds == 0
