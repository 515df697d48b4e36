"""The table [constraints]: what it takes, what it refuses, and that a run keeps to it."""

from __future__ import annotations

from pathlib import Path

import pytest

import calibrate as cal
from calibrate.config import Constraints, FixedPoints, load_settings
from calibrate.errors import ConfigError
from tests.small_company import write_company

TOML = """
[constraints]
sign = { email_click = "+", unsubscribed = "-" }
order = [["newsletter_signup", "email_open", "email_click"]]
increasing = "employees"
fixed = { "asked for a quote" = 20 }
caps = { engagement = 60 }
required = ["industry", { field = "employees", at_least = 50 }]
forbidden = "webinar"
max_change = 5
one_per_column = true
"""


def test_the_table_is_read_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "calibrate.toml"
    path.write_text('[leads]\nsource = "leads.csv"\n' + TOML, encoding="utf-8")
    found = load_settings(path).constraints
    assert found == Constraints(
        sign={"email_click": "+", "unsubscribed": "-"},
        order=[["newsletter_signup", "email_open", "email_click"]],
        increasing=["employees"],
        fixed=[{"rule": "asked for a quote", "points": 20}],
        caps={"engagement": 60},
        required=["industry", {"field": "employees", "at_least": 50}],
        forbidden=["webinar"],
        max_change=5,
        one_per_column=True,
    )
    assert found.fixed == (FixedPoints(rule="asked for a quote", points=20),)
    assert Constraints(**found.model_dump()) == found


def test_without_the_table_nothing_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "calibrate.toml"
    path.write_text('[leads]\nsource = "leads.csv"\n', encoding="utf-8")
    assert load_settings(path).constraints.is_empty


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sign": {"a": "++"}}, "sign"),
        ({"order": [["a"]]}, "two or more different names"),
        ({"order": [["a", "b", "a"]]}, "two or more different names"),
        ({"fixed": {"a": 0}}, "other than 0, not 0"),
        ({"fixed": {"a": 101}}, "from -100 to 100"),
        ({"fixed": {"a": 1.5}}, "valid integer"),
        ({"fixed": [{"rule": "a"}]}, 'needs "points"'),
        ({"caps": {"behaviour": 3}}, "'fit' or 'engagement'"),
        ({"caps": {"fit": 0}}, "greater than or equal to 1"),
        ({"max_change": -1}, "greater than or equal to 0"),
        ({"max_change": True}, "valid integer"),
        ({"monotone": ["a"]}, 'has no key "monotone"'),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Constraints(**given)
    assert str(refused.value).startswith("[constraints]")
    assert said in str(refused.value)


@pytest.mark.slow
def test_a_run_keeps_to_them_and_says_so(tmp_path: Path) -> None:
    path = write_company(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "[thresholds]", "backtest_quarters = 1\n[thresholds]"
        )
        + '\n[constraints]\nfixed = { "email_click" = 13 }\nforbidden = ["demo_request"]\n',
        encoding="utf-8",
    )
    run = cal.recalibrate(path)
    points = {line.criterion.name: line.points for line in run.card.criteria}
    assert points["email_click"] == 13
    assert not any(line.criterion.rests_on(["demo_request"]) for line in run.card.criteria)
    assert any("by agreement" in note for note in run.card.notes)
    told = run.lift.table.set_index("criterion")
    proven = told.index[told["verdict"].eq("raises") & told.index.str.startswith("demo_request")]
    assert len(proven)
    assert set(told.loc[proven, "reason"]) == {"constraint"}
    settings = run.summary()["settings"]["constraints"]
    assert settings["forbidden"] == ["demo_request"]
    assert settings["fixed"] == [{"rule": "email_click", "points": 13, "name": None}]
