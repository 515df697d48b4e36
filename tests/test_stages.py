"""MQL and SQL: what a stage is, when it was reached, and the cut for each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibrate import check
from calibrate.config import LeadColumns, Settings, Stages, load_settings
from calibrate.errors import ConfigError, DataError
from calibrate.history import read_history
from calibrate.observation import observe
from calibrate.pipeline.cutting import cut_card, views_part
from calibrate.report import render_html, render_markdown
from calibrate.scorecard import Scorecard
from calibrate.thresholds import choose_stage_thresholds
from tests.handmade import hand_card
from tests.report.invented_run import sample_run

COLUMNS = LeadColumns(outcome="Stage", won=["Won"], lost=["Lost"])
DATED = Stages(
    mql="Nurture",
    sql=["Demo"],
    opportunity="Proposal",
    customer="Won",
    dates={"sql": "SQL Date", "opportunity": "Opp Date"},
)
UNDATED = Stages(mql="Nurture", sql=["Demo"], opportunity="Proposal", customer="Won")
JAN1 = "2023-01-01 00:00:00"
# window 7 days, horizon 90: compared in [2023-01-08, 2023-04-01)
HAND = {
    # stage, closed, SQL date, opportunity date
    "before": ("Demo", None, "2023-01-03 12:00:00", None),
    "at the landmark": ("Demo", None, "2023-01-08 00:00:00", None),
    "at the horizon": ("Demo", None, "2023-04-01 00:00:00", None),
    "customer": ("Won", "2023-02-10 06:00:00", None, None),
    "opportunity first": ("Proposal", None, "2023-05-01 00:00:00", "2023-03-02 06:00:00"),
    "lost": ("Lost", "2023-02-01 00:00:00", None, None),
    "lost after it": ("Lost", "2023-02-01 00:00:00", "2023-01-11 00:00:00", None),
    "too early": ("Demo", None, "2022-12-01 00:00:00", None),
    "planned": ("New", None, "2023-08-01 00:00:00", None),
    "no date": ("Demo", None, None, None),
    "new": ("New", None, None, None),
}


def table_of(rows: dict[str, tuple], created: str = JAN1) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(
        rows, orient="index", columns=["Stage", "closed_at", "SQL Date", "Opp Date"]
    )
    frame.insert(0, "created_at", created)
    return frame.rename_axis("lead_id").reset_index()


def observed(frame: pd.DataFrame, stages: Stages, **how: object):
    history = read_history(frame, leads=COLUMNS, as_of="2023-07-01", stages=stages)
    return observe(history, **({"observation_window": "7D", "horizon": "90D"} | how))


@pytest.fixture(scope="module")
def by_hand():
    return observed(table_of(HAND), DATED)


def test_who_reached_sql_by_hand(by_hand) -> None:
    table = by_hand.reached("sql").table.set_index("lead_id")
    compared = table[table["at_landmark"]]
    # left out: there on 3 January, and on the day of creation (a date before it counts there)
    assert sorted(set(table.index) - set(compared.index)) == ["before", "too early"]
    reached = compared.index[compared["converted"]]
    assert sorted(reached) == [
        "at the landmark",
        "customer",  # it has no SQL date, but bought: a later stage
        "lost after it",  # lost later, accepted all the same
        "no date",  # in the stage now, and the horizon is over
        "opportunity first",  # the earliest date of SQL or a later stage, 2 March
    ]
    days = {"at the landmark": 7, "customer": 40.25, "opportunity first": 60.25, "no date": 90}
    assert compared.loc[list(days), "lag_days"].to_dict() == days
    assert (compared["weight"] == 1).all()


def test_what_is_left_out_is_counted(by_hand) -> None:
    counts = by_hand.reached("sql").counts
    counts = counts[counts["table"] == "stage sql"].set_index("check")["n"]
    assert counts.to_dict() == {
        "at the landmark": 11,
        "there before the landmark": 2,
        "lost, how far not known": 0,  # the date column would say so
        "reached, when not known": 1,
        "reached by the horizon": 5,
    }


def test_reached_opportunity_and_customer_by_hand(by_hand) -> None:
    for stage, expected in (
        ("opportunity", ["customer", "opportunity first"]),
        ("customer", ["customer"]),
    ):
        table = by_hand.reached(stage).table
        assert sorted(table.loc[table["converted"], "lead_id"]) == expected
    converted = by_hand.table.loc[by_hand.table["converted"], "lead_id"]
    assert converted.tolist() == ["customer"]


def test_a_stage_reached_after_as_of_is_not_reached_yet() -> None:
    rows = {
        "accepted later": ("Demo", None, "2023-07-10 12:00:00", None),
        "won later": ("Won", "2023-07-10 12:00:00", None, None),
        "accepted": ("Demo", None, "2023-02-01 12:00:00", None),
    }
    table = observed(table_of(rows), DATED).reached("sql").table
    assert table["at_landmark"].all()
    assert table["converted"].tolist() == [False, False, True]


def test_lost_leads_without_dates_are_not_known() -> None:
    leads = observed(table_of(HAND).drop(columns=["SQL Date", "Opp Date"]), UNDATED).reached("sql")
    table = leads.table.set_index("lead_id")
    assert sorted(table.index[~table["at_landmark"]]) == ["lost", "lost after it"]
    assert (table.loc[["lost", "lost after it"], "weight"] == 0).all()
    # open in a stage before it, or in one that is mapped nowhere: not reached
    assert not table.loc[["new", "planned"], "converted"].any()
    counts = leads.counts.set_index("check")["n"]
    assert counts["lost, how far not known"] == 2
    assert counts["reached, when not known"] == 6  # five in Demo, one in Proposal; the win is dated


def test_lost_leads_are_known_not_to_be_customers() -> None:
    leads = observed(table_of(HAND).drop(columns=["SQL Date", "Opp Date"]), UNDATED)
    customers = leads.reached("customer")
    assert customers.counts.set_index("check").loc["lost, how far not known", "n"] == 0
    columns = ["converted", "weight", "at_landmark"]
    pd.testing.assert_frame_equal(customers.table[columns], leads.table[columns])


def test_dates_without_a_time_count_at_the_end_of_their_day() -> None:
    rows = {
        "7 January": ("Demo", None, "2023-01-07", None),
        "8 January": ("Demo", None, "2023-01-08", None),
        "31 March": ("Demo", None, "2023-03-31", None),
        "1 April": ("Demo", None, "2023-04-01", None),
    }
    table = observed(table_of(rows), DATED).reached("sql").table.set_index("lead_id")
    assert table["at_landmark"].tolist() == [False, True, True, True]
    assert table.loc[table["at_landmark"], "converted"].tolist() == [True, True, False]


@pytest.mark.slow
def test_young_leads_are_weighted_as_for_conversions() -> None:
    # watched for 10, 20, 30, 40 days up to 1 July; horizon 30. The second reached it after 15 days,
    # which three of four were watched for: 4/3. Two of four are mature: 2.
    days = [10, 20, 30, 40]
    created = pd.Timestamp("2023-07-01") - pd.to_timedelta(days, unit="D")
    rows = {str(n): ("New", None, None, None) for n in days}
    frame = table_of(rows).assign(created_at=created)
    frame.loc[1, "SQL Date"] = str(created[1] + pd.Timedelta(days=15))
    seen = observed(frame, DATED, horizon="30D").reached("sql").table
    np.testing.assert_allclose(seen["weight"], [0, 4 / 3, 2, 2])
    # in the stage without a date: known only once the horizon is over
    frame = frame.assign(**{"SQL Date": None}).assign(Stage=["New", "Demo", "Demo", "New"])
    seen = observed(frame, UNDATED, horizon="30D").reached("sql").table
    np.testing.assert_allclose(seen["weight"], [0, 0, 2, 2])
    assert seen["converted"].tolist() == [False, False, True, False]


@pytest.mark.slow
def test_what_happens_after_as_of_changes_nothing() -> None:
    frame = table_of(HAND)
    history = read_history(frame, leads=COLUMNS, as_of="2023-07-01", stages=DATED)
    earlier = observe(history.at("2023-02-15"), observation_window="7D", horizon="40D")
    seen = earlier.reached("sql").table.set_index("lead_id")
    # on 15 February the opportunity of March, and present stages, were not known
    assert sorted(seen.index[seen["converted"]]) == ["at the landmark", "lost after it"]
    later = frame["SQL Date"].fillna("") > "2023-02-15"
    changed = frame.assign(
        Stage=frame["Stage"].replace({"New": "Proposal"}),
        **{"SQL Date": frame["SQL Date"].mask(later, "2023-06-30 00:00:00"), "Opp Date": None},
    )
    history = read_history(changed, leads=COLUMNS, as_of="2023-07-01", stages=DATED)
    again = observe(history.at("2023-02-15"), observation_window="7D", horizon="40D")
    columns = ["lead_id", "at_landmark", "converted", "weight"]
    pd.testing.assert_frame_equal(
        again.reached("sql").table[columns], earlier.reached("sql").table[columns]
    )
    undated = read_history(frame, leads=COLUMNS, as_of="2023-07-01", stages=UNDATED)
    before = observe(undated.at("2023-06-01"), observation_window="7D", horizon="90D")
    with pytest.raises(ConfigError, match=r"not known without its date"):
        before.reached("sql")


@pytest.mark.slow
def test_several_landmarks_are_looked_at_one_by_one() -> None:
    stacked = observed(table_of(HAND), DATED, snapshots=["1D", "7D"]).fitting.reached("sql")
    kept = stacked.table.groupby("snapshot")["at_landmark"].sum()
    # at one day only the one dated before its creation is there already, at seven "before" too
    assert kept.to_dict() == {1.0: 10, 7.0: 9}


def test_a_wide_table_knows_stages_without_times() -> None:
    frame = table_of(HAND).drop(columns=["created_at", "closed_at", "SQL Date", "Opp Date"])
    seen = observe(read_history(frame, leads=COLUMNS, stages=UNDATED)).reached("sql").table
    assert seen["converted"].sum() == 7  # five in Demo, Proposal, Won
    assert (~seen["at_landmark"]).sum() == 2  # the lost


def test_stages_and_their_dates_are_no_criteria_and_are_counted() -> None:
    frame = table_of(HAND).assign(Lifecycle="Demo", size=range(len(HAND)))
    by_column = DATED.model_copy(update={"column": "Lifecycle"})
    history = read_history(frame, leads=COLUMNS, as_of="2023-07-01", stages=by_column)
    assert [attribute.name for attribute in history.attributes] == ["size"]
    history = read_history(frame, leads=COLUMNS, as_of="2023-07-01", stages=DATED)
    told = check(history, observation_window="7D", horizon="90D").table
    reached = told[told["table"] == "stage sql"].set_index("check")["n"]
    assert reached["reached by the horizon"] == 5
    assert "stage opportunity" in set(told["table"])
    counts = told.set_index("check")
    assert counts.loc["stage sql", "n"] == 5
    assert counts.loc["stage mql", "n"] == 0
    assert counts.loc["stage mapped nowhere", "n"] == 4
    assert counts.loc["stage mapped nowhere", "examples"] == "Lost (2), New (2)"
    assert counts.loc["stage mapped nowhere", "rule"].startswith("customers reached every stage")
    assert counts.loc["stage values that do not occur", "examples"] == "Nurture"
    assert counts.loc["sql date before the creation", "n"] == 1
    assert counts.loc["at sql or beyond, without a date", "n"] == 2  # "no date" and the win


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mql": "Demo", "sql": ["Demo"]}, r'"Demo" is mapped to mql and to sql; leave it in one'),
        ({"mql": "Nurture"}, "nothing says which leads sales accepted"),
        ({"sql": "Demo", "sqls": 1}, 'no key "sqls" .did you mean "sql"'),
        ({"sql": "Demo", "dates": {"slq": "x"}}, r"\[stages.dates\] has no key"),
        ({"sql": "Demo", "sql_cut": {"outcome": "mql"}}, r"\[stages.sql_cut\] outcome"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(given, words) -> None:
    with pytest.raises(ConfigError, match=words):
        Stages(**given)


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (Stages(sql="Demmo"), 'no row has the value "Demmo" that .stages. sql names .did you mean'),
        (Stages(sql="Demo", dates={"sql": "SQL Dates"}), 'no column "SQL Dates" for .stages.dates'),
        (Stages(sql="Demo", column="Stages"), 'there is no column "Stages" for .stages. column'),
    ],
)
def test_what_the_data_do_not_have_is_refused(stages, words) -> None:
    with pytest.raises(DataError, match=words):
        read_history(table_of(HAND), leads=COLUMNS, as_of="2023-07-01", stages=stages)


def test_an_unknown_stage_and_no_stages_are_refused(by_hand) -> None:
    with pytest.raises(ConfigError, match=r'no stage "sqll" .did you mean "sql"'):
        by_hand.reached("sqll")
    plain = observe(read_history(table_of(HAND), leads=COLUMNS, as_of="2023-07-01"))
    with pytest.raises(ConfigError, match="no stages are mapped"):
        plain.reached("sql")


# score: leads, of them Demo, Proposal
COUNTS = {0: (100, 4, 1), 40: (50, 20, 5), 100: (20, 4, 12)}
RATES = pd.DataFrame({"score": range(101), "rate": np.linspace(0.01, 0.6, 101)}).assign(
    rate_ci_lower=0.0, rate_ci_upper=1.0
)


def a_card() -> Scorecard:
    once, twice = {"field": "x", "at_least": 1}, {"field": "x", "at_least": 2}
    return hand_card((once, 40), (twice, 60), rates=RATES, n=170, n_converted=17)


def wide_leads() -> pd.DataFrame:
    stages, x = [], []
    for value, (n, n_demo, n_proposal) in enumerate(COUNTS.values()):
        stages += ["Demo"] * n_demo + ["Proposal"] * n_proposal
        stages += ["Won"] * value + ["New"] * (n - n_demo - n_proposal - value)
        x += [value] * n
    return pd.DataFrame({"lead_id": [f"L{i}" for i in range(len(x))], "Stage": stages, "x": x})


@pytest.fixture(scope="module")
def wide():
    return observe(read_history(wide_leads(), leads=COLUMNS, stages=UNDATED))


def test_each_cut_is_chosen_for_its_own_stage(wide) -> None:
    found = choose_stage_thresholds(a_card(), wide)
    # SQL: of 0: 4+1 = 5 of 100; of 40: 20+5+1 = 26 of 50; of 100: 4+12+2 = 18 of 20; 49 and 121.
    # at 40: 44/49 - 26/121 = .683; at 100: 18/49 - 2/121 = .351: the MQL cut is 40.
    # Opportunity: 1, 6, 14; 21 and 149. At 40: 20/21 - 50/149 = .617; at 100: 14/21 - 6/149 = .626.
    assert found.outcomes == {"sql": "opportunity", "mql": "sql"}
    assert found.tiers == (("SQL", 100), ("MQL", 40), ("cold", 0))
    table = found.table.set_index("stage")
    assert table[["threshold", "n", "n_converted"]].values.tolist() == [[100, 20, 14], [40, 70, 44]]
    np.testing.assert_allclose(table["recall"], [14 / 21, 44 / 49])
    np.testing.assert_allclose(table["precision"], [14 / 20, 44 / 70])
    assert not found.crossed


def test_cuts_that_cross_begin_at_one_score(wide) -> None:
    # 18 of 20 reach SQL at 100, 44 of 70 at 40; 20 of 21 opportunities lie at 40 or more
    found = choose_stage_thresholds(a_card(), wide, mql={"precision": 0.8}, sql={"recall": 0.9})
    assert found.table["threshold"].tolist() == [40, 100]
    assert found.crossed
    assert found.tiers == (("SQL", 40), ("cold", 0))
    assert "lowered" in found.message
    mql = found.table.iloc[1]
    assert [mql["cut"], mql["n"], mql["n_converted"]] == [40, 70, 44]  # of the cut, not of 100


def test_what_sales_can_work_counts_the_lost_leads_too() -> None:
    # 30 lost leads at 100, nothing says how far they came: 50 + 20 + 30 at 40 or more in ten
    # weeks, 10 a week; 5 a week at 100. Without them 7 a week would come at 40.
    lost = pd.DataFrame({"lead_id": [f"X{i}" for i in range(30)], "Stage": "Lost", "x": 2})
    leads = pd.concat([wide_leads(), lost], ignore_index=True)
    obs = observe(read_history(leads, leads=COLUMNS, stages=UNDATED))
    found = choose_stage_thresholds(a_card(), obs, sql={"capacity": 8, "weeks": 10})
    sql = found.table.set_index("stage").loc["SQL"]
    assert [sql["threshold"], sql["leads_per_week"], sql["outcome"]] == [100, 5, "customer"]
    assert [sql["n_leads"], sql["n_converted"], sql["n_unknown"]] == [200, 2, 0]
    assert "also 30 lost ones" in found.message
    best = choose_stage_thresholds(a_card(), obs, sql={"recall": 0.9}).table.set_index("stage")
    assert best.loc["SQL", ["outcome", "n_unknown"]].tolist() == ["opportunity", 30]


def test_a_stage_that_nobody_reached_has_no_cut() -> None:
    leads = wide_leads().replace({"Stage": {"Proposal": "Demo", "Won": "Demo"}})
    history = read_history(leads, leads=LeadColumns(outcome="Stage", won=["Won"]), stages=UNDATED)
    found = choose_stage_thresholds(a_card(), observe(history))
    assert found.table["stage"].tolist() == ["MQL"]
    assert found.tiers == (("MQL", 40), ("cold", 0))
    assert "There is no SQL cut" in found.message


@pytest.fixture(scope="module")
def cut(wide):
    card = a_card()
    settings = Settings(leads=COLUMNS, stages=UNDATED)
    return cut_card(settings, wide, card, card.score(wide))


def test_a_run_with_stages_has_sql_and_mql_for_tiers(cut) -> None:
    cuts, card, views = cut
    assert [(tier.name, tier.at_least) for tier in card.tiers] == [
        ("SQL", 100),
        ("MQL", 40),
        ("cold", 0),
    ]
    assert (cuts.threshold, cuts.objective) == (100, "youden")
    assert cuts.tier_table["n_converted"].tolist() == [2, 1, 0]  # customers: 0, 1 and 2 a score
    assert views.stages is not None


def test_the_value_of_a_customer_asks_for_customers(wide) -> None:
    card = a_card()
    settings = Settings(leads=COLUMNS, stages=UNDATED, thresholds={"value": 100, "cost": 1})
    views = cut_card(settings, wide, card, card.score(wide))[2]
    assert views.stages.outcomes["sql"] == "customer"
    asked = UNDATED.model_copy(update={"sql_cut": None, "mql_cut": None})
    assert asked.outcome_of("sql") == "opportunity"


def test_the_report_shows_the_stages(cut) -> None:
    parts = views_part(cut[2])
    run = sample_run() | parts
    page, text = render_html(run), render_markdown(run)
    for shown in (page, text):
        assert "an opportunity" in shown
    assert "un&#39;opportunità" in render_html(run, lang="it")
    assert parts["crossings"]["sentence"].startswith("this table knows no times")
    crossed = parts["stages"] | {"crossed": True}
    crossed["table"] = [row | {"n_unknown": 12} for row in crossed["table"]]
    text = render_markdown(run | {"stages": crossed})
    assert "both begin at one score" in text
    assert "SQL: 12 lost leads are left out" in text


def test_the_settings_file_has_stages(tmp_path) -> None:
    path = tmp_path / "calibrate.toml"
    path.write_text(
        '[leads]\nsource = "leads.csv"\n[stages]\ncolumn = "Lifecycle"\nsql = ["Demo"]\n'
        '[stages.dates]\nsql = "SQL Date"\n[stages.mql_cut]\nrecall = 0.8\n'
        '[stages.sql_cut]\ncapacity = 20\npeople = 2\noutcome = "customer"\n',
        encoding="utf-8",
    )
    stages = load_settings(path).stages
    assert stages is not None
    assert (stages.column, stages.date_column("sql")) == ("Lifecycle", "SQL Date")
    assert stages.sql_cut.keywords["capacity"] == 40  # 20 each of 2
    assert "outcome" not in stages.sql_cut.keywords
    assert stages.outcome_of("sql") == "customer"
