"""Hand-made points and the card of dated criteria beside the candidate, on the same leads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from calibrate.backtest import Backtest, backtest, hand_made_card
from calibrate.backtest.run import _missed
from calibrate.config import HandMade, load_settings
from calibrate.errors import ConfigError
from calibrate.fitting.boosting import _levels
from calibrate.gate import recommend
from calibrate.history import Attribute, History, read_history
from calibrate.observation import observe
from tests.small_company import SETTINGS, write_company
from tests.test_backtest import WINDOWS, company, read

OPTIONS: dict[str, Any] = {"max_criteria": 2, **WINDOWS}
POINTS = {"demo >= 1": 10, "level = director": 25, "clicks": -5, "threshold": 20}


@pytest.fixture(scope="module")
def history() -> History:
    """The company of the backtest; half of the leads visit, a third click, both for nothing."""
    leads, log = company(n=1800)
    rng = np.random.default_rng(9)
    noise = [
        leads.loc[rng.random(len(leads)) < share, ["lead_id", "created_at"]].assign(activity=name)
        for name, share in (("visits", 0.5), ("clicks", 0.3))
    ]
    more = pd.concat(noise)
    more["occurred_at"] = more.pop("created_at") + pd.Timedelta(days=1)
    return read(leads, pd.concat([log, more], ignore_index=True))


@pytest.fixture(scope="module")
def proof(history: History) -> Backtest:
    return backtest(history, periods=["2023Q2", "2023Q3"], hand_made=POINTS, **OPTIONS)


def sums(history: History, period: str) -> pd.DataFrame:
    """10 for a demo, 25 for a director, -5 for a click, counted from the table of leads."""
    leads = observe(history, period=period, **WINDOWS).at_landmark
    demo, click = (leads[name] >= 1 for name in ("demo", "clicks"))
    return leads.assign(sum=10 * demo + 25 * (leads["level"] == "director") - 5 * click)


def test_hand_made_points_are_judged_on_the_same_leads(proof: Backtest, history: History) -> None:
    table = proof.table.set_index(["period", "card"])
    for period in ("2023Q2", "2023Q3"):
        leads = sums(history, period)
        row = table.loc[(period, "hand_made")]
        assert row["n"] == table.loc[(period, "candidate"), "n"] == len(leads)
        assert row["auc"] == pytest.approx(roc_auc_score(leads["converted"], leads["sum"]))
        above = leads["sum"] >= 20
        assert row["volume"] == above.sum()
        assert row["recall"] == pytest.approx(above[leads["converted"].astype(bool)].mean())
        assert np.isnan(row["calibration_slope"])  # they promise nothing


def test_the_difference_to_them_is_paired(proof: Backtest, history: History) -> None:
    rows = proof.differences.query("card == 'hand_made'").set_index("period")
    auc = proof.table.pivot_table(index="period", columns="card", values="auc")
    gap = auc["candidate"] - auc["hand_made"]
    assert rows.loc["2023Q2", "difference"] == pytest.approx(gap["2023Q2"])
    assert rows.index.tolist() == ["2023Q2", "2023Q3", "all"]
    assert not rows["in_sample"].any()
    assert "hand_made" in set(proof.pooled["card"])


def test_without_a_threshold_they_have_the_candidates_volume(history: History) -> None:
    done = backtest(history, periods=["2023Q3"], hand_made={"demo": 1}, **OPTIONS)
    volume = done.table.set_index("card")["volume"]
    assert volume["hand_made"] == volume["candidate"]


def test_the_gate_shows_the_difference_to_them(proof: Backtest, history: History) -> None:
    from tests.test_gate import a_card

    gate = recommend(proof, candidate=a_card())
    row = proof.differences.query("card == 'hand_made' and period == 'all'").iloc[0]
    assert gate.figures["hand_made_difference"] == pytest.approx(row["difference"])
    assert any("against the hand-made points: AUC" in reason for reason in gate.reasons)
    none = backtest(history, periods=["2023Q3"], **OPTIONS)
    assert recommend(none, candidate=a_card()).figures["hand_made_difference"] is None


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("demos >= 1", 'there is no column or activity "demos" (did you mean "demo"?)'),
        ("demos", 'there is no column, activity or rule "demos" (did you mean "demo"?)'),
        ("demo > 1", 'a comparison of "demo" is written with >= or < and a number'),
        ("level >= many", 'a comparison of "level" is written with >=, < or = and a number'),
        ("level", '"level" is a column, not a rule'),
    ],
)
def test_an_unknown_rule_is_refused_in_one_line(history: History, rule: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        hand_made_card(history, {rule: 5})
    assert str(caught.value).startswith(f'[hand_made] "{rule}": ')
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_way_to_write_a_rule(history: History) -> None:
    given = {
        "demo": 1,
        "demo >= 2": 2,
        "demo < 1": 4,
        "level = director": 8,
        "level: clerk": 16,
        "rules": [{"rule": {"activity": "clicks", "within_days": 30}, "points": 32}],
    }
    card = hand_made_card(history, given)
    assert card is not None
    whens = [rule.when for rule in card.criteria]
    assert whens[1] == {"activity": "demo", "at_least": 2.0}
    assert whens[2] == {"not": {"activity": "demo", "at_least": 1.0}}
    assert whens[3] == {"field": "level", "in": ["director"]}
    obs = observe(history, period="2023Q3", **WINDOWS)
    found = card.score(obs)
    rows = obs.table
    demo, level = rows["demo"], rows["level"]
    expected = 1 * (demo >= 1) + 2 * (demo >= 2) + 4 * (demo < 1)
    expected += 8 * (level == "director") + 16 * (level == "clerk") + 32 * (rows["clicks"] >= 1)
    assert found.tolist() == expected.tolist()
    assert hand_made_card(history, None) is None
    assert hand_made_card(history, {}) is None
    assert hand_made_card(history, card) is card


def test_the_table_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "calibrate.toml"
    table = '[hand_made]\n"email_click >= 1" = 10\ndemo_request = 25\nthreshold = 30\n'
    path.write_text(f'[leads]\nsource = "leads.csv"\n{table}', encoding="utf-8")
    found = load_settings(path).hand_made
    assert found == HandMade(points={"email_click >= 1": 10, "demo_request": 25}, threshold=30)
    assert HandMade(**found.model_dump()) == found
    path.write_text('[leads]\nsource = "leads.csv"\n[hand_made]\nx = 1.5\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r'"x" has a whole number of points, not "1\.5"'):
        load_settings(path)
    with pytest.raises(ConfigError, match="given as a mapping"):
        HandMade.of([1])  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_run_judges_the_points_of_the_settings(tmp_path: Path) -> None:
    import calibrate as cal

    points = '[hand_made]\ndemo_request = 20\n"contract_plan = monthly" = 50\n'
    settings = SETTINGS.replace('ignore = ["contract_plan"]\n', "") + points
    run = cal.recalibrate(write_company(tmp_path, settings))
    cards = {row["card"] for row in run.summary()["backtest"]}
    assert "hand_made" in cards
    # filled in for customers only: no criterion, but the points in use rest on it
    assert any("hand-made rule" in note and "flatters" in note for note in run.warnings)
    page = cal.write_run(run, tmp_path / "run")
    assert "Points agreed by hand" in (Path(page) / "report.html").read_text("utf-8")


def test_a_card_of_dated_criteria_alone(proof: Backtest, history: History) -> None:
    """Without the column of the level only the demo is left: its AUC by hand."""
    auc = proof.table.pivot_table(index="period", columns="card", values="auc")
    for period in ("2023Q2", "2023Q3"):
        leads = sums(history, period)
        alone = roc_auc_score(leads["converted"], leads["demo"] >= 1)
        assert auc.loc[period, "dated"] == pytest.approx(alone, abs=0.03)
        assert auc.loc[period, "dated"] < auc.loc[period, "candidate"]


def test_where_no_column_counts_the_dated_card_is_the_card_itself() -> None:
    leads, log = company(n=1500)
    rng = np.random.default_rng(4)
    leads = leads.drop(columns="level").assign(shoe=rng.choice(["a", "b"], len(leads)))
    noise = [log]
    for name in ("visits", "clicks"):
        some = leads[["lead_id", "created_at"]].sample(frac=0.4, random_state=1)
        days = pd.Timedelta(days=1)
        noise.append(some.assign(activity=name, occurred_at=some.pop("created_at") + days))
    history = read_history(leads, pd.concat(noise, ignore_index=True), as_of="2024-01-15")
    done = backtest(history, periods=["2023Q3"], **OPTIONS)
    table = done.table.set_index("card")
    same = ["n", "auc", "ks", "calibration_slope"]
    assert table.loc["dated", same].tolist() == table.loc["candidate", same].tolist()


def test_without_columns_there_is_nothing_to_do_without() -> None:
    leads, log = company(n=1500)
    history = read_history(leads.drop(columns="level"), log, as_of="2024-01-15")
    done = backtest(history, periods=["2023Q3"], **OPTIONS)
    assert "dated" not in set(done.table["card"])


@pytest.mark.slow
def test_constraints_on_columns_do_not_bind_the_dated_card(history: History) -> None:
    constraints = {"required": ["level"], "sign": {"clicks": "+"}, "max_change": 3}
    done = backtest(history, periods=["2023Q3"], constraints=constraints, **OPTIONS)
    assert {"candidate", "dated"} <= set(done.table["card"])


def test_of_equal_scores_the_leads_shown_do_not_hang_on_the_order_of_the_file() -> None:
    scores = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(10)],
            "converted": [True] * 5 + [False] * 5,
            "score": 20,
            "expected_rate": 0.1,
            "period": "2023Q3",
        }
    )
    shown = ["L0", "L1", "L2", "L5", "L6", "L7"]
    assert _missed([scores])["lead_id"].tolist() == shown
    assert _missed([scores[::-1]])["lead_id"].tolist() == shown


def test_levels_as_frequent_are_numbered_by_name() -> None:
    leads = pd.DataFrame({"source": ["b", "a", "c", "c"]})
    source = Attribute(name="source", column="x0", kind="category")
    assert _levels([source], leads) == {"source": ["c", "a", "b"]}
    assert _levels([source], leads[::-1]) == {"source": ["c", "a", "b"]}
