"""Rules and findings in the language of the page."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import calibrate.guards
from calibrate.criteria import ENGLISH, describe
from calibrate.display import languages
from calibrate.guards.finding import Finding
from calibrate.report import render_html, render_markdown
from calibrate.report.rules import said_in, translated
from calibrate.report.words import Words
from tests.report.pages import Page, leadership_of

CLICKS = {"activity": "click", "within_days": 7}
WHENS = [
    {"field": "employees", "at_least": 50},
    {"field": "employees", "at_least": 10, "below": 50.5},
    {"not": {"field": "employees", "at_least": 10, "below": 50}},
    {"field": "country", "in": ["IT", "FR"]},
    {"not": {"field": "country", "in": ["IT", "FR", "DE", "ES", "AT", "CH"]}},
    {"field": "phone", "missing": False},
    {"all": [CLICKS | {"at_least": 2}, {"not": CLICKS | {"at_least": 3}}]},
    {"not": {"activity": "click"}},
    {"activity": "call", "total": 100},
    {"activity": "visit", "days": 1},
    {"activity": "visit", "last_within_days": 2.5},
    {"activity": "click", "share_of": "open", "at_least": 0.25, "minimum": 3},
    {"all": [{"only": "click"}, {"not": {"field": "country", "in": ["IT"]}}]},
]
# Words that only English rules have, wherever they stand.
ENGLISH_WORDS = re.compile(
    r"\b(at least|under|filled in|none of|more|within|exactly|adding up|fewer|days?|only|but|and"
    r"|or|no|not|last one)\b"
)


def test_english_is_the_language_of_the_names() -> None:
    assert Words("en").phrases.texts == dict(ENGLISH.texts)
    assert said_in(Words("en"), {describe(when): when for when in WHENS}) == {}


def test_italian_rules_hold_no_english_word() -> None:
    said = said_in(Words("it"), {describe(when): when for when in WHENS})
    assert len(said) >= len(WHENS)  # of those with many levels the whole wording, too
    for english, own in said.items():
        assert ENGLISH_WORDS.search(english), english
        assert not ENGLISH_WORDS.search(own), own


@pytest.mark.parametrize(
    ("when", "italian"),
    [
        (WHENS[1], "employees da 10 a meno di 50,5"),
        (WHENS[4], "country: nessuno tra IT, FR, DE o altri 3"),
        (WHENS[6], "click entro 7 giorni: esattamente 2 volte"),
        (WHENS[9], "visit in 1 giorno o più"),
        (WHENS[12], "soltanto click ma country: non IT"),
    ],
)
def test_rules_are_said_as_italians_say_them(when: dict[str, object], italian: str) -> None:
    assert describe(when, say=Words("it").phrases) == italian


def test_a_rule_that_people_named_keeps_its_name() -> None:
    rules = {"Grandi aziende": {"field": "employees", "at_least": 50}, "odd": {"unheard": "of"}}
    # what it says in full is shown beside it
    assert said_in(Words("it"), rules) == {"employees at least 50": "employees almeno 50"}


def test_only_rules_are_exchanged_not_data_that_read_like_one() -> None:
    said = {"a under 2": "a meno di 2"}
    view = {
        "head": {"name": "a under 2"},
        "campaigns": [{"rows": [{"value": "a under 2"}]}],
        "missed": {"wins": [{"lead_id": "a under 2"}]},
        "nothing": {"rows": [{"criterion": "a under 2", "reason": "counted by a under 2"}]},
        "card": {"disqualify": ["a under 2"], "tier": "a under 2"},
    }
    own = {"criterion": "a meno di 2", "reason": "counted by a meno di 2"}
    expected = view | {
        "nothing": {"rows": [own]},
        "card": {"disqualify": ["a meno di 2"], "tier": "a under 2"},
    }
    assert translated(view, said) == expected


def test_leaders_read_rules_in_their_language_and_the_tables_keep_their_names(run) -> None:
    when = {"field": "employees", "at_least": 50}
    old = run["scorecard"]["criteria"][0]["name"]
    for rows, key in ((run["lift"], "criterion"), (run["scorecard"]["criteria"], "name")):
        for row in rows:
            if row[key] == old:
                row[key] = "employees at least 50"
    run["scorecard"]["criteria"][0]["when"] = when
    run["rules"] = {"employees at least 50": when}
    page = render_html(run, lang="it")
    head = Page(leadership_of(page)).visible.replace("\u200b", "")
    assert "employees almeno 50" in head
    assert "employees at least 50" not in head
    assert "employees at least 50" in Page(page).visible  # as in lift.csv and scorecard.json
    assert "employees almeno 50" in render_markdown(run, lang="it")
    assert "employees at least 50" in Page(leadership_of(render_html(run))).visible


def guards() -> set[str]:
    names = [module.name for module in pkgutil.iter_modules(calibrate.guards.__path__)]
    modules = [importlib.import_module(f"calibrate.guards.{name}") for name in names]
    values = [value for module in modules for value in vars(module).values()]
    kinds = [kind for kind in values if isinstance(kind, type) and issubclass(kind, Finding)]
    return {kind.guard for kind in kinds if hasattr(kind, "guard")}


@pytest.mark.parametrize("lang", languages())
def test_every_finding_says_in_the_language_what_it_is_about(lang: str, run) -> None:
    table = Words(lang).table("guards")
    assert set(table) == guards()
    assert all(table.values()) == (lang != "en")  # English findings say it themselves
    run["findings"] = [
        {"severity": "likely", "what": "w", "effect": "e", "action": "a", "guard": "bots"}
    ]
    page = render_html(run, lang=lang)
    assert page.count('<span lang="en">') >= 2  # details, and what to do
    assert ("Attività di macchine" in Page(page).visible) == (lang == "it")
