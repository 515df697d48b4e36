"""The one composition: what it decides by itself, what it refuses, what it hands on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import json
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.config import CalibrationSettings, LeadColumns, Settings
from calibrate.criteria import as_criterion
from calibrate.errors import CalibrateWarning, ConfigError, DataError, NotEnoughDataError
from calibrate.pipeline import (
    compose,
    explain_lead,
    find_card,
    json_text,
    judging,
    prove,
    read_card,
    score_leads,
    to_plain,
    with_sources,
)
from calibrate.pipeline.leaks import without_columns
from calibrate.pipeline.plain import records
from calibrate.pipeline.spans import observe_as_set, periods_of, require_leads, warn_if_young
from calibrate.pipeline.summary import conversion_part
from calibrate.pipeline.textbook import textbook_example
from tests.small_company import SETTINGS, company_run, tables, write_company

KEYS = {
    *("schema", "name", "period", "as_of", "versions", "inputs", "inputs_hash", "settings"),
    *(
        "checks",
        "findings",
        "control",
        "control_by_quarter",
        "funnel",
        "lift",
        "overlaps",
        "rules",
        "scorecard",
    ),
    *("conversion_by_age", "readiness", "parsimony", "short_card", "example"),
    *("thresholds", "backtest", "backtest_differences", "backtest_skipped", "missed"),
    *("monitoring", "changes", "gate", "campaigns", "grid", "crossings", "stages"),
    *("textbook", "lead_url", "currency", "warnings", "may_differ"),
}


@pytest.fixture(scope="module")
def history() -> cal.History:
    leads, activities = tables()
    return cal.read_history(leads, activities, as_of="2026-07-01")


def settings_of(folder: Path, **calibration: object) -> Settings:
    settings = cal.load_settings(write_company(folder))
    changed = settings.calibration.model_dump() | calibration
    return settings.model_copy(update={"calibration": CalibrationSettings(**changed)})


def test_a_run_holds_what_the_steps_give_one_by_one() -> None:
    run = company_run()
    settings = run.settings
    history = cal.history_from_settings(settings)
    obs = cal.observe(
        history,
        period="2026Q2",
        fit_period=("2025-04-01", "2026-07-01"),
        observation_window="14D",
        horizon="60D",
    )
    pd.testing.assert_frame_equal(obs.table, run.observation.table)
    assert cal.control_rate(obs).rate == run.control.rate
    assert {"demo_request", "pricing_view"} <= {line.criterion.name for line in run.card.criteria}
    of_period = run.scores[run.scores["set"] == "period"]
    expected = run.card.score(obs)
    compared = obs.table["at_landmark"].to_numpy()
    assert of_period.loc[compared, "score"].tolist() == expected["score"].tolist()
    of_open = run.scores[run.scores["set"] == "open"]
    assert set(of_open["lead_id"]) == set(cal.observe_open(history).table["lead_id"])
    assert of_open["cutoff"].eq(pd.Timestamp("2026-07-01")).all()
    assert settings.name is None
    assert run.card.name == run.observation.period.label  # and nothing of where it lies
    assert [(tier.name, tier.at_least) for tier in run.card.tiers] == list(run.cuts.tiers)


def test_every_lead_of_the_period_and_every_open_lead_has_a_score() -> None:
    run = company_run()
    scores, table = run.scores, run.observation.table
    of_period, of_open = (scores[scores["set"] == name] for name in ("period", "open"))
    # The index of the first part is that of the table: all its leads, in its order.
    for name in ("lead_id", "cutoff", "converted"):
        assert of_period[name].tolist() == table[name].tolist()
    assert set(table["status"]) == {
        *("at landmark", "before landmark", "converted early", "lost early")
    }
    assert scores["cutoff"].max() == pd.Timestamp("2026-07-01")  # as_of
    # Before its landmark a lead is scored as it is at as_of: like any open lead.
    young = of_period[table["status"].eq("before landmark").to_numpy()].set_index("lead_id")
    still_open = of_open.set_index("lead_id").loc[young.index]
    assert young["score"].tolist() == still_open["score"].tolist()


def test_the_backtest_is_told_all_that_makes_a_card(
    tmp_path: Path, history: cal.History, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, object] = {}

    def listen(_history: cal.History, **given: object) -> SimpleNamespace:
        told.update(given)
        return SimpleNamespace(table=["a quarter"])

    monkeypatch.setattr(judging, "backtest", listen)
    given = {"early": "truncate", "scale": "fit", "allow_sensitive": ["owner", "industry"]}
    prove(settings_of(tmp_path, **given), without_columns(history, ["industry"]))
    # All that the backtest takes but the quarters, among it all that a fit takes.
    taken = set(inspect.signature(cal.backtest).parameters)
    assert set(told) == taken - {"history", "periods"}
    assert set(inspect.signature(cal.fit_scorecard).parameters) - taken == {
        *("obs", "name", "criteria", "intervals")
    }
    assert (told["early"], told["scale"]) == ("truncate", "fit")
    assert told["allow_sensitive"] == ("owner",)  # industry was found to be a leak


@pytest.mark.parametrize("given", [{"horizon": "7D"}, {"observation_window": "100D"}])
def test_a_proposal_gives_way_to_what_the_settings_say(
    history: cal.History, given: dict[str, str]
) -> None:
    expected = cal.observe(history, **given)
    found = observe_as_set(history, CalibrationSettings(**given))
    assert found.observation_window == expected.observation_window
    assert found.horizon == expected.horizon


def test_periods_are_in_the_zone_of_the_data(history: cal.History) -> None:
    in_rome = dataclasses.replace(history, timezone="Europe/Rome")
    third = ("2025-07-01T00:00+02:00", "2025-10-01T00:00+02:00")
    calibration = CalibrationSettings(period=third, fit_period=third)
    found = periods_of(in_rome, calibration, horizon=dt.timedelta(days=60))
    assert found == (cal.parse_period("2025Q3"), cal.parse_period("2025Q3"))


def test_default_periods(history: cal.History) -> None:
    horizon = dt.timedelta(days=60)
    period, fit_period = periods_of(history, CalibrationSettings(), horizon=horizon)
    assert period.label == "2026Q2"  # the last one complete on 1 July 2026
    # A horizon before that is 2 May: the last four quarters by then are 2025Q2 to 2026Q1.
    assert fit_period.label == "2025-04-01..2026-07-01"
    given = CalibrationSettings(period="2025Q3", fit_period="2025")
    assert [p.label for p in periods_of(history, given, horizon=horizon)] == ["2025Q3", "2025"]
    # 300 days before 1 July 2026 is 4 September 2025: four quarters from 2024Q3 on, of which
    # the first two hold no leads.
    long = periods_of(history, CalibrationSettings(), horizon=dt.timedelta(days=300))
    assert long[1].label == "2025-01-01..2026-07-01"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"period": "2019Q1"}, "in the period 2019Q1"),
        ({"period": "2026Q2", "fit_period": "2019"}, "in the fit_period 2019"),
    ],
)
def test_a_period_without_a_lead_is_refused_saying_from_when_there_are_some(
    history: cal.History, given: dict[str, str], said: str
) -> None:
    obs = observe_as_set(history, CalibrationSettings(**given))
    first, last = (tables()[0]["created_at"].agg(end) for end in ("min", "max"))
    with pytest.raises(NotEnoughDataError) as error:
        require_leads(obs)
    assert str(error.value) == (
        f"no lead was created {said}; those known on 2026-07-01 were created "
        f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    )
    require_leads(observe_as_set(history, CalibrationSettings()))


def test_a_default_period_of_young_leads_is_warned_of(history: cal.History) -> None:
    def look(**given: str) -> None:
        calibration = CalibrationSettings(observation_window="14D", **given)
        warn_if_young(observe_as_set(history, calibration), calibration)

    # on 1 July 2026 the leads of 2026Q2 that are 90 days old came on 1 April, or 2 April at 0:00
    created = tables()[0]["created_at"]
    quarter = created[(created >= "2026-04-01") & (created < "2026-07-01")]
    n_mature = int((quarter <= pd.Timestamp("2026-07-01") - pd.Timedelta(days=90)).sum())
    said = f"{n_mature} of the {len(quarter)} leads of 2026Q2 have had their 90 days: .+2026Q1"
    with pytest.warns(CalibrateWarning, match=said):
        look(horizon="90D")
    look(horizon="60D")  # a third of them
    look(horizon="90D", period="2026Q2")  # somebody wants it so


def test_without_leads_in_the_last_quarter_the_latest_with_leads_is_taken() -> None:
    leads, activities = tables()
    history = cal.read_history(leads, activities, as_of="2027-02-01")
    with pytest.warns(CalibrateWarning, match="no lead was created in 2026Q4, .*2026Q2 is used"):
        period, _ = periods_of(history, CalibrationSettings(), horizon=dt.timedelta(days=60))
    assert period.label == "2026Q2"


def test_weeks_count_only_the_time_in_which_mature_leads_came(history: cal.History) -> None:
    windows = {"period": "2026Q2", "observation_window": "14D", "horizon": "60D"}
    obs = observe_as_set(history, CalibrationSettings(**windows, maturity="drop"))
    first = obs.table["created_at"].min()
    # weighted, the leads stand for all that came until the export of 1 July
    weighted = observe_as_set(history, CalibrationSettings(**windows))
    assert weighted.weeks == (pd.Timestamp("2026-07-01") - first) / pd.Timedelta(weeks=1)
    # mature until 60 days before 1 July 2026, which is 2 May
    assert obs.weeks == (pd.Timestamp("2026-05-02") - first) / pd.Timedelta(weeks=1)


def test_a_summary_is_plain_json_and_says_everything() -> None:
    run = company_run()
    summary = run.summary()
    assert set(summary) == KEYS
    text = json.dumps(summary, allow_nan=False)
    assert json.loads(text) == summary
    assert {row["criterion"] for row in summary["lift"]} <= set(summary["rules"])
    named = {line["name"]: line["when"] for line in summary["scorecard"]["criteria"]}
    assert named.items() <= summary["rules"].items()
    assert summary["settings"]["calibration"]["horizon"] == 60
    assert summary["settings"]["calibration"]["fit_period"]["label"] == "2025-04-01..2026-07-01"
    assert summary["settings"]["leads"]["source"] == "leads.csv"
    assert summary["period"] == {
        "label": "2026Q2",
        "start": "2026-04-01T00:00:00",
        "end": "2026-07-01T00:00:00",
    }
    assert {row["table"] for row in summary["inputs"]} == {"leads", "activities"}
    assert summary["monitoring"] is None
    assert summary["changes"] is None
    assert str(run.settings.folder) not in text
    lift = {row["criterion"]: row for row in summary["lift"]}
    assert lift["demo_request"]["rate"] == float(
        run.lift.table.set_index("criterion").loc["demo_request", "rate"]
    )


def test_a_run_carries_how_old_leads_are_when_they_buy_and_whether_it_is_time() -> None:
    run = company_run()
    summary = run.summary()
    obs, by_age = run.observation, summary["conversion_by_age"]
    assert by_age["table"] == records(cal.conversion_by_age(obs).table)
    assert by_age["table"][-1]["rate"] == pytest.approx(
        cal.control_rate(obs, method="adjusted").rate
    )
    told, asked = summary["readiness"], cal.assess_readiness(obs)
    assert (told["verdict"], told["message"]) == (asked.verdict, run.readiness.message)
    assert told["n_unjudged"] == len(asked.not_yet)
    assert {row["criterion"]: row["n"] for row in told["table"]} == dict(
        zip(asked.table["criterion"], asked.table["n"], strict=True)
    )
    assert conversion_part(None) is None


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    again = cal.recalibrate(write_company(tmp_path / company_run().settings.folder.name))
    assert json_text(again.summary()) == json_text(company_run().summary())


def test_the_hash_knows_settings_but_no_folder(tmp_path: Path) -> None:
    run = company_run()
    assert len(run.inputs_hash) == 64
    settings = settings_of(tmp_path / run.settings.folder.name, horizon="61D")
    other = run.__class__(**{**vars_of(run), "settings": settings})
    assert other.inputs_hash == run.inputs_hash  # the windows used stand in the observation
    settings = settings_of(tmp_path / run.settings.folder.name, seed=1)
    assert run.__class__(**{**vars_of(run), "settings": settings}).inputs_hash != run.inputs_hash


def vars_of(run: cal.Run) -> dict[str, object]:
    return {name: getattr(run, name) for name in run.__dataclass_fields__}


def test_each_stage_of_the_funnel_is_part_of_the_one_before() -> None:
    run = company_run()
    funnel = run.funnel
    assert funnel["n"].is_monotonic_decreasing
    assert funnel["n"].iloc[0] == len(run.observation.table)
    assert funnel["share"].iloc[0] == 1
    assert funnel["stage"].tolist()[-2:] == ["hot", "of these, converted by the horizon"]


def test_the_textbook_takes_the_most_common_criterion_that_raises() -> None:
    run = company_run()
    example = textbook_example(run.lift, run.card)
    table = run.lift.table
    raising = table[(table["group"] == "engagement") & (table["verdict"] == "raises")]
    row = raising.sort_values("n").iloc[-1]
    assert example is not None
    assert example["activity"] == row["criterion"]
    assert example["points_rate"] == round(100 * row["rate"])
    assert example["points_difference"] == round(100 * (row["rate"] - row["control_rate"]))


def one_sided(folder: Path, outcome: str) -> Path:
    path = write_company(folder)
    leads, _ = tables()
    keep = leads[leads["outcome"].isin([outcome])]
    keep.to_csv(folder / "leads.csv", index=False)
    return path


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ("lost", r"none of the [\d,]+ leads of .* converted within 60 days; take a longer horizon"),
        ("converted", r"every one of the [\d,]+ leads of .* converted"),
    ],
)
def test_one_outcome_alone_teaches_nothing(tmp_path: Path, outcome: str, message: str) -> None:
    if outcome == "converted":  # and all of them in time
        text = SETTINGS.replace('horizon = "60D"', 'horizon = "720D"')
        text = text.replace('as_of = "2026-07-01"', 'as_of = "2029-07-01"\nperiod = "2025"')
        path = one_sided(tmp_path, outcome)
        path.write_text(text, encoding="utf-8")
    else:
        path = one_sided(tmp_path, outcome)
    with pytest.raises(NotEnoughDataError, match=message) as caught:
        cal.recalibrate(path)
    assert "calibrate check" in str(caught.value)


def test_no_mature_lead_is_said_as_such(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, horizon="720D")
    with pytest.raises(NotEnoughDataError, match="nothing is extrapolated; take an earlier period"):
        cal.recalibrate(settings)


def test_without_weights_no_mature_lead_is_said_as_such(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, horizon="720D", maturity="drop")
    with pytest.raises(NotEnoughDataError, match="is old enough; take an earlier fit_period"):
        cal.recalibrate(settings)


@pytest.mark.slow
def test_a_run_learns_from_several_landmarks_if_asked_to(tmp_path: Path) -> None:
    quick = {"horizon": "60D", "backtest_quarters": 1}
    run = cal.recalibrate(settings_of(tmp_path, snapshots=["3D", "14D"], **quick))
    assert run.observation.fitting.at_landmark["snapshot"].unique().tolist() == [3, 14]
    assert not run.card.is_empty
    plain = cal.recalibrate(settings_of(tmp_path, observation_window="3D", **quick))
    # Leads are counted once, at the first of their ages.
    assert run.cuts.n == plain.cuts.n
    assert run.card.control["n_converted"] == plain.card.control["n_converted"]
    volumes = [r.cuts.table["leads_per_week"].max() for r in (run, plain)]
    assert volumes[0] == pytest.approx(volumes[1], rel=0.02)
    assert "learned from each lead at several ages (3, 14 days)" in " ".join(run.card.notes)
    assert set(run.summary()) == set(plain.summary())


def test_progress_is_told_in_order(tmp_path: Path) -> None:
    told: list[float] = []
    path = one_sided(tmp_path, "lost")
    with pytest.raises(NotEnoughDataError):
        cal.recalibrate(path, progress=lambda _step, done: told.append(done))
    assert told == sorted(told)
    assert told[0] == 0


@pytest.mark.slow
def test_a_leak_is_measured_but_earns_no_points(tmp_path: Path) -> None:
    path = write_company(tmp_path, SETTINGS.replace('ignore = ["contract_plan"]', ""))
    run = cal.recalibrate(path)
    assert any("contract_plan" in finding.columns for finding in run.findings)
    assert not any("contract_plan" in line.criterion.fields for line in run.card.criteria)
    table = run.lift.table
    leaking = table[table["criterion"].str.startswith("contract_plan")]
    assert set(leaking["reason"]) == {"leak"}
    # the backtest cannot use it either: with it, its ranking would be nearly perfect
    auc = run.proof.table.set_index("card").loc["candidate", "auc"]
    assert np.max(auc) < 0.95


def test_columns_kept_out_of_every_criterion(history: cal.History) -> None:
    bare = without_columns(history, ["industry", "email_open"])
    assert "email_open" not in bare.activities
    assert {a.name: a.excluded for a in bare.attributes}["industry"] == "leak"
    clicked = as_criterion({"activity": "email_click", "at_least": 1})
    assert clicked.rests_on(["email_click"])
    assert not clicked.rests_on(["email_open"])


@pytest.mark.slow
def test_scores_of_open_leads_are_those_of_python() -> None:
    run = company_run()
    scores = score_leads(run.card, run.history, run.settings)
    expected = run.card.score(cal.observe_open(run.history)).set_index("lead_id")["score"]
    assert scores.set_index("lead_id")["score"].to_dict() == expected.to_dict()
    assert scores["score"].is_monotonic_decreasing


@pytest.mark.slow
def test_an_explanation_adds_up_to_the_score() -> None:
    run = company_run()
    open_lead = run.scores[run.scores["set"] == "open"].sort_values("score").iloc[-1]
    found = explain_lead(run.card, run.settings, str(open_lead["lead_id"]))
    assert found.moment == "as_of"
    assert found.explanation.score == open_lead["score"]
    assert found.explanation.table["points"].sum() == open_lead["score"]
    of_period = run.scores[run.scores["set"] == "period"]
    table = run.observation.table
    won = of_period["converted"].eq(True) & table["at_landmark"].to_numpy()
    closed = of_period[won].iloc[0]
    found = explain_lead(run.card, run.settings, str(closed["lead_id"]))
    assert found.moment == "landmark"
    assert found.explanation.score == closed["score"]
    early = table["status"].eq("converted early").to_numpy()
    lead = of_period[early].iloc[0]
    found = explain_lead(run.card, run.settings, str(lead["lead_id"]))
    assert (found.moment, found.explanation.score) == ("closing", lead["score"])


def test_an_unknown_lead_is_named() -> None:
    run = company_run()
    with pytest.raises(DataError, match='"L99999" is no lead of these'):
        explain_lead(run.card, run.settings, "L99999")


def test_other_files_are_read_with_the_same_columns() -> None:
    settings = company_run().settings
    assert with_sources(settings, None) is settings
    other = with_sources(settings, "new.csv", "log.csv")
    assert Path(str(other.leads.source)).is_absolute()
    assert Path(str(other.leads.source)).name == "new.csv"
    assert other.calibration.as_of is None
    assert other.activities is not None


def test_cards_are_found_by_file_folder_or_run(tmp_path: Path) -> None:
    settings = Settings(leads=LeadColumns(source="leads.csv"), folder=tmp_path)
    with pytest.raises(ConfigError, match="there is no scorecard yet"):
        find_card(settings)
    with pytest.raises(ConfigError, match='no scorecard "nowhere"'):
        read_card(tmp_path / "nowhere")
    text = company_run().card.to_json()
    folder = tmp_path / "runs" / "2026Q2-1"
    folder.mkdir(parents=True)
    (folder / "scorecard.json").write_text(text, encoding="utf-8")
    for card in (find_card(settings), find_card(settings, folder), read_card(folder)):
        assert card.to_json() == text
    (folder / "scorecard.json").write_text(text.replace("scorecard/1", "scorecard/9"), "utf-8")
    with pytest.raises(DataError, match=r"newer|scorecard/9"):
        find_card(settings)


def test_plain_values() -> None:
    table = pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "t": [pd.NaT, pd.Timestamp(0)]})
    assert to_plain(table) == [{"n": 1, "t": None}, {"n": None, "t": "1970-01-01T00:00:00"}]
    assert to_plain({"a": np.float64("inf"), "b": np.bool_(True), "c": (1, np.int64(2))}) == {
        "a": None,
        "b": True,
        "c": [1, 2],
    }
    assert json_text({"b": 0.1, "a": "è"}) == '{\n "a": "è",\n "b": 0.1\n}\n'


def wide_history() -> cal.History:
    clicked = np.arange(400) % 4 == 0
    won = np.where(clicked, np.arange(400) % 8 == 0, np.arange(400) % 10 == 1)
    return cal.read_history(
        pd.DataFrame(
            {
                "lead_id": [f"L{i}" for i in range(400)],
                "outcome": np.where(won, "yes", "no"),
                "clicked": np.where(clicked, "yes", "no"),
            }
        )
    )


def test_a_wide_table_has_no_quarters_and_no_weeks() -> None:
    history = wide_history()
    horizon = dt.timedelta(days=90)
    periods = periods_of(history, CalibrationSettings(), horizon=horizon)
    assert [period.label for period in periods] == ["all", "all"]
    assert observe_as_set(history, CalibrationSettings()).weeks is None


def test_without_limits_everything_is_learned_from(history: cal.History) -> None:
    horizon = dt.timedelta(days=60)
    periods = periods_of(history, CalibrationSettings(period="all"), horizon=horizon)
    assert [period.label for period in periods] == ["all", "all"]


def test_before_the_first_lead_there_is_nothing() -> None:
    leads, activities = tables()
    history = cal.read_history(leads, activities, as_of="2024-06-01")
    with pytest.raises(NotEnoughDataError, match="no lead was created before 2024-06-01"):
        periods_of(history, CalibrationSettings(), horizon=dt.timedelta(days=60))


def test_the_textbook_without_engagement_and_without_criteria() -> None:
    obs = cal.observe(wide_history())
    lift = cal.measure_lift(obs)
    card = cal.fit_scorecard(obs)
    example = textbook_example(lift, card)
    assert example is not None
    assert example["activity"] == "clicked: yes"
    # of the 100 numbers divisible by 4, the 50 divisible by 8 were won
    assert example["n"] == 100
    assert example["rate"] == 0.5
    empty = dataclasses.replace(lift, criteria=(), _table=lift.table.head(0))
    assert textbook_example(empty, card) is None


def test_settings_of_a_call_go_before_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Settings] = []

    def stop(settings: Settings) -> None:
        seen.append(settings)
        raise NotEnoughDataError("stop")

    monkeypatch.setattr(compose, "history_from_settings", stop)
    with pytest.raises(NotEnoughDataError, match="stop"):
        cal.recalibrate(write_company(tmp_path), period="2025Q3", as_of="2026-01-01T00:00Z")
    assert seen[0].calibration.period == cal.parse_period("2025Q3")
    assert seen[0].calibration.as_of == dt.datetime(2026, 1, 1)


def test_warnings_of_others_are_passed_on() -> None:
    def warned() -> list[str]:
        with compose.noted() as notes:
            warnings.warn("ours", CalibrateWarning, stacklevel=1)
            warnings.warn("theirs", UserWarning, stacklevel=1)
        return notes

    with pytest.warns(UserWarning, match="theirs"):
        notes = warned()
    assert notes == ["ours"]
