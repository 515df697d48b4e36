"""The same lead has the same score from every file that holds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.config import load_settings
from calibrate.errors import ConfigError, DataError
from calibrate.exports import write_scoring
from calibrate.pipeline import history_for_card, score_leads, scoring_of, with_sources
from calibrate.scorecard.values import Tier
from tests.odd_company import card_of

SETTINGS = """\
[leads]
source = "leads.csv"
[activities]
source = "log.csv"
[calibration]
as_of = "2025-01-01"
observation_window = "14D"
horizon = "60D"
"""


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """Leads whose plan, truth values and demo all raise the rate; plan "A" makes plan text."""
    folder = tmp_path_factory.mktemp("company")
    rng = np.random.default_rng(0)
    n = 2000
    plan, trial = rng.choice(["1", "2", "A"], n), rng.random(n) < 0.4
    demo = rng.random(n) < 0.4
    won = rng.random(n) < 0.02 + 0.2 * (plan == "1") + 0.3 * trial + 0.3 * demo
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": "2024-01-01",
            "closed_at": "2024-02-01",
            "outcome": np.where(won, "converted", "lost"),
            "plan": plan,
            "trial": trial,
            "demo": rng.choice(["x", "z"], n),
        }
    )
    log = pd.DataFrame(
        {"lead_id": leads["lead_id"][demo], "activity": "demo", "occurred_at": "2024-01-02 10:00"}
    )
    leads.to_csv(folder / "leads.csv", index=False)
    log.to_csv(folder / "log.csv", index=False)
    (folder / "calibrate.toml").write_text(SETTINGS)
    obs = cal.observe(
        cal.read_history(leads, log, as_of="2025-01-01"), observation_window="14D", horizon="60D"
    )
    rules = [
        {"field": "plan", "in": ["1"]},
        {"field": "trial", "in": ["yes"]},
        {"activity": "activity:demo"},
    ]
    return folder, leads, cal.fit_scorecard(obs, criteria=rules)


def scores(company, leads: pd.DataFrame, name: str, log: str | None = None) -> pd.Series:
    folder, _, card = company
    path = folder / name
    leads.to_parquet(path) if path.suffix == ".parquet" else leads.to_csv(path, index=False)
    told = with_sources(
        load_settings(folder / "calibrate.toml"), path, None if log is None else folder / log
    )
    history = history_for_card(card, told, new_leads=True)
    return score_leads(card, history, told).set_index("lead_id")["score"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["new.csv", "new.parquet"])
def test_a_file_with_fewer_columns_and_levels_gives_the_same_scores(company, name):
    _, leads, card = company
    assert len(card.criteria) == 3
    new = leads.drop(columns=["outcome", "closed_at"])
    every = scores(company, new, name)
    assert every.nunique() > 3
    # without "A" the plans are numbers, and without the column the activity needs no prefix
    some = new[new["plan"] != "A"].drop(columns="demo").head(60)
    typed = some.assign(plan=some["plan"].astype(int))
    for part in (some, typed, some.head(1), some.assign(trial=some["trial"].astype(str))):
        found = scores(company, part, name)
        assert found.to_dict() == every[found.index].to_dict()
        assert len(found) == len(part)


def test_new_leads_that_did_nothing_yet_are_scored(company):
    folder, leads, _ = company
    new = leads.drop(columns=["outcome", "closed_at"]).head(3).assign(lead_id=["n1", "n2", "n3"])
    (folder / "empty.csv").write_text("lead_id,activity,occurred_at\n")
    assert sorted(scores(company, new, "idle.csv").index) == ["n1", "n2", "n3"]
    assert sorted(scores(company, new, "idle.csv", "empty.csv").index) == ["n1", "n2", "n3"]


@pytest.mark.parametrize(
    ("outcomes", "scored"),
    [
        (["converted", "open", "lost", "open"], ["L1", "L3"]),  # customers are not called again
        (["converted", "lost", "lost", "converted"], ["L0", "L1", "L2", "L3"]),  # none is open
    ],
)
def test_of_a_wide_table_the_open_leads_are_scored(tmp_path, outcomes, scored):
    names = [f"L{i}" for i in range(4)]
    leads = pd.DataFrame({"lead_id": names, "outcome": outcomes, "visits": [9, 9, 9, 9]})
    leads.to_csv(tmp_path / "leads.csv", index=False)
    (tmp_path / "calibrate.toml").write_text('[leads]\nsource = "leads.csv"\n')
    many = pd.DataFrame({"lead_id": range(400), "visits": np.arange(400) % 10})
    many["outcome"] = np.where(many["visits"] > 4, "converted", "lost")
    card = cal.fit_scorecard(cal.observe(cal.read_history(many)))
    settings = load_settings(tmp_path / "calibrate.toml")
    scores = score_leads(card, history_for_card(card, settings), settings)
    assert scores["lead_id"].tolist() == scored


# --- leads that are only scored are read as they pass; the numbers are those of reading them all


def wide_leads(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": pd.Timestamp("2024-06-01") + pd.to_timedelta(np.arange(n), "h"),
            "outcome": rng.choice(["open", "converted", "lost"], n),
            "closed_at": pd.Timestamp("2024-06-15") + pd.to_timedelta(np.arange(n), "h"),
            "plan": pd.Series(rng.choice(["1", " A ", "b", "Select", ""], n), dtype=object),
            "seats": pd.Series(rng.choice([1.0, 2.5, np.nan, -1.0], n)),
            "trial": pd.Series(rng.random(n) < 0.5, dtype=object).where(rng.random(n) < 0.8),
            "team": pd.Series(rng.choice(["red", "blue"], n), dtype=object).where(
                rng.random(n) < 0.5
            ),
            "Source": rng.choice(["web", "Test"], n),
        }
    )


PASSING = """\
[leads]
source = "leads.parquet"
null_values = ["Select", "-1"]
exclude = {Source = ["Test"]}
"""
RULES = [
    ({"field": "plan", "in": ["1", "A"]}, 20),
    ({"field": "seats", "at_least": 2}, 9),
    ({"field": "trial", "in": ["yes"]}, 12),
    ({"field": "team", "missing": True}, 4),
]


def both_roads(folder: Path, leads: pd.DataFrame, *, new: bool) -> tuple[pd.DataFrame, bool]:
    """Score a Parquet file of leads as they pass; compare with reading all of it."""
    leads.to_parquet(folder / "leads.parquet")
    (folder / "calibrate.toml").write_text(PASSING)
    settings = load_settings(folder / "calibrate.toml")
    card = card_of(*RULES)
    tables = []
    for in_passing in (False, True):
        history = history_for_card(card, settings, new_leads=new, in_passing=in_passing)
        tables.append(score_leads(card, history, settings))
    pd.testing.assert_frame_equal(tables[1], tables[0])
    found = history.engine.query("SELECT view_name FROM duckdb_views() WHERE view_name = 'leads'")
    return tables[0], found.num_rows == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text ids", "whole ids", "far ids", "wide", "zoned", "days"])
def test_leads_are_scored_as_they_pass(tmp_path, kind):
    leads = wide_leads()
    if kind == "whole ids":
        leads["lead_id"] = np.arange(len(leads)) + 7
    elif kind == "far ids":
        leads["lead_id"] = np.arange(len(leads)) * 10**12
    elif kind == "wide":
        leads = leads.drop(columns=["created_at", "closed_at"])
    elif kind == "zoned":
        leads["created_at"] = leads["created_at"].dt.tz_localize("Europe/Rome")
    elif kind == "days":
        leads["closed_at"] = leads["closed_at"].dt.date
    scores, passed = both_roads(tmp_path, leads, new=False)
    assert passed
    is_open = (leads["outcome"] == "open") & (leads["Source"] != "Test")
    if kind == "wide":
        assert len(scores) == is_open.sum()
    else:  # closings after the last creation are not known yet
        assert len(scores) > is_open.sum()
    assert scores["score"].nunique() > 6


def test_new_leads_are_scored_as_they_pass(tmp_path):
    leads = wide_leads().drop(columns=["outcome", "closed_at"])
    scores, passed = both_roads(tmp_path, leads, new=True)
    assert passed
    assert len(scores) == (leads["Source"] != "Test").sum()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["twice", "dates of text", "numbers of text", "numbers as levels"])
def test_what_is_not_plain_is_read_as_ever(tmp_path, kind):
    leads = wide_leads()
    if kind == "twice":
        leads = pd.concat([leads, leads.head(3)], ignore_index=True)
    elif kind == "dates of text":
        leads["created_at"] = leads["created_at"].astype(str)
    elif kind == "numbers of text":
        leads["seats"] = leads["seats"].map(lambda n: None if np.isnan(n) else f"{n:.1f}")
    else:
        leads["team"] = leads["team"].map({"red": "1", "blue": "n/a"})
    scores, passed = both_roads(tmp_path, leads, new=False)
    assert not passed
    assert scores["lead_id"].is_unique


def test_two_different_leads_of_one_id_are_refused_all_the_same(tmp_path):
    leads = wide_leads()
    leads.loc[1, "lead_id"] = "L0"
    with pytest.raises(DataError, match="stands in row 1 already"):
        both_roads(tmp_path, leads, new=False)
    leads.to_parquet(tmp_path / "leads.parquet")
    settings = load_settings(tmp_path / "calibrate.toml")
    with pytest.raises(DataError, match="stands in row 1 already"):
        history_for_card(card_of(*RULES), settings, in_passing=True)


# --- files


@pytest.mark.parametrize(
    "as_of",
    ["2024-07-01", "2024-07-01T10:30:00", "2024-07-01T10:30:00.25", "2024-07-01T10:30:00.000025"],
)
def test_the_engine_writes_what_a_frame_would(tmp_path, as_of):
    leads = wide_leads(40).assign(lead_id=[f"{'=-@x'[i % 4]}{i}" for i in range(40)])
    leads.loc[3, "lead_id"] = 'a, "b"'
    history = cal.read_history(leads, as_of=as_of)
    card = card_of(*RULES, tiers=(Tier("+hot", 30),))
    scoring = scoring_of(card, history, lookback=pd.Timedelta("90D"))
    for ending in ("csv", "parquet"):
        engine, frame = tmp_path / f"engine.{ending}", tmp_path / f"frame.{ending}"
        n, moved = write_scoring(scoring, engine)
        cal.write_scores(scoring.table, frame)
        assert n == len(scoring.table) > 10
        assert moved is None
        if ending == "csv":
            assert engine.read_bytes() == frame.read_bytes()
        else:
            pd.testing.assert_frame_equal(pd.read_parquet(engine), pd.read_parquet(frame))
    with pytest.raises(ConfigError, match=r"written as \.csv or \.parquet"):
        write_scoring(scoring, tmp_path / "scores.xls")


def test_nothing_half_written_is_left(tmp_path, monkeypatch):
    history = cal.read_history(wide_leads(40), as_of="2024-07-01")
    scoring = scoring_of(card_of(*RULES), history, lookback=pd.Timedelta("90D"))
    path = tmp_path / "scores.parquet"
    path.write_text("last night's")
    monkeypatch.setattr("calibrate.exports.scores._rows_written", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_scoring(scoring, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["scores.parquet"]
    assert path.read_text() == "last night's"


def stopped(*_: object) -> int:
    raise KeyboardInterrupt


def test_last_night_s_scores_stand_beside(tmp_path):
    """The plan of one lead changed from b to 1: 10 becomes 30; one lead is new, one is gone."""
    day = pd.to_datetime(["2024-06-01"] * 3)
    leads = pd.DataFrame({"lead_id": ["a", "b", "c"], "created_at": day, "outcome": "open"})
    card = card_of(({"field": "plan", "in": ["1"]}, 20), tiers=(Tier("hot", 30),))
    path = tmp_path / "scores.parquet"
    nights = [leads.assign(plan=["b", "1", "x"]), leads.assign(plan="1", lead_id=["a", "b", "d"])]
    for previous, night in zip((None, path), nights, strict=True):
        history = cal.read_history(night, as_of="2024-07-01")
        lookback = pd.Timedelta("90D")
        scoring = scoring_of(card, history, lookback=lookback, previous=previous)
        n, moved = write_scoring(scoring, path, compared_with=previous)
        assert n == 3
    assert moved is not None
    assert moved.sentence == (
        "1 up, 0 down, 1 in the same tier, 1 new, 1 no longer scored (1 hot from no tier)"
    )
    scores = pd.read_parquet(path).set_index("lead_id")
    assert scores["previous_score"].fillna(-1).to_dict() == {"a": 10, "b": 30, "d": -1}
    assert scores.loc["b", "previous_tier"] == "hot"
    assert scores.loc[["a", "d"], "previous_tier"].isna().all()
