"""Old card against new card."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.changes import diff
from calibrate.criteria import as_criterion
from calibrate.scorecard import Scorecard, ScoredCriterion

CLICK = {"activity": "email_click", "at_least": 1}
DEMO = {"activity": "demo_request", "at_least": 1}
BIG = {"field": "employees", "at_least": 50}


def a_card(
    *lines: tuple[str, dict[str, Any], int],
    base: int = 10,
    rate: float = 0.05,
    slope: float = 0.05,
    tiers: dict[str, int] | None = None,
) -> Scorecard:
    """Log odds of the expected rate rise by `slope` a point: 1/slope points a unit."""
    score = np.arange(101)
    expected = 1 / (1 + np.exp(-(slope * score - 5)))
    rates = pd.DataFrame({"score": score, "rate": expected}).assign(
        rate_ci_lower=0.0, rate_ci_upper=1.0
    )
    card = Scorecard(
        name="card",
        period=None,
        as_of="2024-01-01",
        method="logistic",
        control={"rate": rate},
        base=base,
        criteria=tuple(
            ScoredCriterion(criterion=as_criterion({"name": name, "when": when}), points=points)
            for name, when, points in lines
        ),
        expected_rate=rates,
    )
    return card.with_tiers(tiers or {"hot": 60, "cold": 0})


def rows(changes: Any) -> dict[str, dict[str, Any]]:
    return {row["criterion"]: row for row in changes.table.to_dict(orient="records")}


def test_nothing_changed_is_one_sentence() -> None:
    card = a_card(("clicked", CLICK, 20))
    changes = diff(card, card)
    assert changes.nothing_changed
    assert changes.to_markdown() == "Nothing changed, nothing to sign.\n"
    assert rows(changes)["clicked"]["status"] == "same"


def test_only_a_new_control_rate_still_leaves_nothing_to_sign() -> None:
    line = ("clicked", CLICK, 20)
    changes = diff(a_card(line, rate=0.04), a_card(line, rate=0.05))
    assert changes.summary == "Nothing changed, nothing to sign (control rate 4.0% → 5.0%)."


def test_new_dropped_and_changed() -> None:
    old = a_card(("clicked", CLICK, 20), ("big", BIG, 15), tiers={"hot": 58, "cold": 0})
    new = a_card(("clicked", CLICK, 14), ("asked", DEMO, 30), tiers={"hot": 62, "cold": 0})
    changes = diff(old, new)
    found = rows(changes)
    assert [found[name]["status"] for name in ("clicked", "asked", "big")] == [
        "changed",
        "new",
        "dropped",
    ]
    assert [found[name]["change"] for name in ("clicked", "asked", "big")] == [-6, 30, -15]
    assert pd.isna(found["asked"]["points_old"])
    assert pd.isna(found["big"]["points_new"])
    assert changes.summary == "Criteria: 1 changed, 1 new, 1 dropped; hot from 58 → 62."


def test_a_change_of_scale_alone_is_no_effect() -> None:
    # the same log odds in half as many points: 20 -> 10, all of it scale
    old = a_card(("clicked", CLICK, 20), slope=0.05)  # 20 points a unit of log odds
    new = a_card(("clicked", CLICK, 10), slope=0.10)  # 10 points a unit
    row = rows(diff(old, new))["clicked"]
    assert row["change"] == -10
    assert row["scale"] == pytest.approx(20 * (10 / 20 - 1))
    assert row["effect"] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
@given(st.integers(-50, 50), st.integers(-50, 50), st.sampled_from([0.02, 0.05, 0.1]))
@settings(deadline=None)
def test_effect_and_scale_add_up_to_the_change(before: int, after: int, slope: float) -> None:
    row = rows(diff(a_card(("c", CLICK, before)), a_card(("c", CLICK, after), slope=slope)))["c"]
    assert row["effect"] + row["scale"] == pytest.approx(row["change"])


def test_the_rule_counts_before_the_name() -> None:
    old = a_card(("clicked", CLICK, 20), ("big", BIG, 5))
    new = a_card(("clicked a mail", CLICK, 20), ("big", {"field": "employees", "at_least": 80}, 5))
    found = rows(diff(old, new))
    assert found["clicked a mail"]["status"] == "same"
    assert (found["big"]["status"], found["big"]["note"]) == ("changed", "its rule changed")


def test_an_activity_renamed_in_the_crm_is_not_minus_20() -> None:
    renamed = {"activity": "E-Mail Click", "at_least": 1}
    old, new = a_card(("email_click", CLICK, 20)), a_card(("E-Mail Click", renamed, 21))
    today = ["E-Mail Click", "page_view"]
    row = rows(diff(old, new, activities=today))["E-Mail Click"]
    assert (row["status"], row["change"], row["note"]) == ("renamed", 1, "was email_click")
    # the old name still occurs, or today's names are not known: dropped and new
    for names in ([*today, "email_click"], None):
        statuses = diff(old, new, activities=names).table["status"].tolist()
        assert statuses == ["new", "dropped"]
    # another rule on the new activity is not the same criterion
    other = a_card(("often", {"activity": "E-Mail Click", "at_least": 9}, 21))
    assert diff(old, other, activities=today).table["status"].tolist() == ["new", "dropped"]


def test_who_changes_tier() -> None:
    card = a_card(("clicked", CLICK, 20))
    before = pd.DataFrame(
        {"lead_id": ["a", "b", "c", "d"], "score": [70, 30, 50, 0], "tier": "cold"}
    )
    before["tier"] = ["hot", "cold", "cold", "disqualified"]
    after = before.assign(score=[40, 75, 62, 0], tier=["cold", "hot", "hot", "disqualified"])
    changes = diff(card, card, scores_old=before, scores_new=after.iloc[::-1])
    assert changes.moved_up == ("b", "c")  # 75 before 62
    assert changes.moves.to_numpy().tolist() == [
        ["hot", "cold", 1],
        ["cold", "hot", 2],
        ["disqualified", "disqualified", 1],
    ]


def test_ids_that_one_file_holds_as_numbers_and_another_as_texts_are_the_same() -> None:
    card = a_card(("clicked", CLICK, 20))
    before = pd.DataFrame({"lead_id": [7, 8], "score": [30, 70], "tier": ["cold", "hot"]})
    after = before.assign(lead_id=["7", "8"], score=[70, 70], tier="hot")
    changes = diff(card, card, scores_old=before, scores_new=after)
    assert changes.moves["n"].tolist() == [1, 1]
    assert changes.moved_up == ("7",)


def test_a_tier_that_only_one_card_has_lies_between_its_neighbours() -> None:
    old = a_card(("clicked", CLICK, 20), tiers={"hot": 60, "warm": 40, "cold": 0})
    new = a_card(("clicked", CLICK, 20), tiers={"hot": 60, "mql": 30, "cold": 0})
    before = pd.DataFrame({"lead_id": [1, 2, 3], "score": [45, 30, 45]})
    before["tier"] = ["warm", "cold", "warm"]
    after = before.assign(score=[61, 31, 20], tier=["hot", "mql", "cold"])
    changes = diff(old, new, scores_old=before, scores_new=after)
    assert changes.up.to_numpy().tolist() == [
        [1, "warm", "hot", 45, 61],
        [2, "cold", "mql", 30, 31],
    ]
    assert changes.down.to_numpy().tolist() == [[3, "warm", "cold", 45, 20]]
    assert changes.moved_down == (3,)
    assert "| 3 | warm | cold | 45 | 20 |" in changes.to_markdown()
    assert changes.to_dict()["moved_up"][0] == {
        "lead_id": 1,
        "tier_old": "warm",
        "tier_new": "hot",
        "score_old": 45,
        "score_new": 61,
    }
    assert "| 1 | warm | hot | 45 | 61 |" in changes.to_markdown()


def a_lift(**rows: tuple[float, str, str]) -> pd.DataFrame:
    """Lift tables as `measure_lift` gives them, of the columns that reasons read."""
    told = [(name, lift, lift / 2, lift * 2, *rest) for name, (lift, *rest) in rows.items()]
    columns = ["criterion", "lift", "lift_ci_lower", "lift_ci_upper", "verdict", "reason"]
    return pd.DataFrame(told, columns=columns)


def test_why_a_rule_came_or_went() -> None:
    old = a_card(("clicked", CLICK, 20), ("big", BIG, 15))
    new = a_card(("clicked", CLICK, 14), ("asked", DEMO, 30))
    now = a_lift(
        big=(1.1, "no evidence", "shown to be small"),
        asked=(3.0, "raises", ""),
        clicked=(1.5, "raises", ""),
    )
    before = a_lift(asked=(1.6, "no evidence", "not proven (wide interval)"))
    told = rows(diff(old, new, lift_old=before, lift_new=now))
    assert told["big"]["reason"] == "lift now 1.10x (0.55x to 2.20x): shown to be small"
    assert told["asked"]["reason"] == (
        "lift now 3.00x (1.50x to 6.00x): raises; "
        "before 1.60x (0.80x to 3.20x): not proven (wide interval)"
    )
    assert told["clicked"]["reason"] == ""
    # without the tables nothing is made up; a rule that they do not hold was not looked at
    assert set(diff(old, new).table["reason"]) == {""}
    other = a_lift(other=(1.0, "no evidence", "shown to be small"))
    told = rows(diff(old, new, lift_old=other, lift_new=other))
    assert told["big"]["reason"] == "not among the rules looked at"
    assert told["asked"]["reason"] == "before not among the rules looked at"


def test_a_rule_whose_activity_is_gone_went_for_that() -> None:
    old, new = a_card(("clicked", CLICK, 20)), a_card(("asked", DEMO, 30))
    # demo_request is no new name of email_click: it was in the table of the old run
    before = a_lift(**{"demo_request: 2 times or more": (1.6, "too few", "too few")})
    row = rows(diff(old, new, activities=["demo_request"], lift_old=before))["clicked"]
    assert row["status"] == "dropped"
    assert row["reason"] == "there is no email_click in the log any more"


def test_the_summary_counts_those_who_change_tier() -> None:
    old, new = a_card(("clicked", CLICK, 20)), a_card(("clicked", CLICK, 30))
    before = pd.DataFrame({"lead_id": [1, 2], "score": [50, 80], "tier": ["cold", "hot"]})
    changes = diff(
        old, new, scores_old=before, scores_new=before.assign(score=[60, 90], tier="hot")
    )
    assert changes.summary == ("Criteria: 1 changed. 1 of 2 leads change tier, 1 of them move up.")


def test_the_forms_hold_plain_values_and_escaped_text() -> None:
    old = a_card(("a|b <i>", CLICK, 20))
    new = a_card(("asked", DEMO, 30), base=12)
    changes = diff(old, new)
    assert (
        json.loads(json.dumps(changes.to_dict(), allow_nan=False))["criteria"][0]["points_old"]
        is None
    )
    text = changes.to_markdown()
    assert "a\\|b &lt;i>" in text
    assert "| base | 10 | 12 | +2 |" in text
    assert "<table" in changes._repr_html_()


def test_an_empty_card_has_no_scale() -> None:
    changes = diff(a_card(), a_card(("clicked", CLICK, 40)))
    assert rows(changes)["clicked"]["effect"] == 40
