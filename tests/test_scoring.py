"""The same lead has the same score from every file that holds it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.config import load_settings
from calibrate.pipeline import history_for_card, score_leads, with_sources

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
