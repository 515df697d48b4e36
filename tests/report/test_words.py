from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import calibrate.report
from calibrate.display import languages
from calibrate.report.words import HtmlWords, MarkdownWords, Words

FOLDER = Path(calibrate.report.__file__).parent / "languages"


def _file(lang: str) -> dict:
    return tomllib.loads((FOLDER / f"{lang}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("lang", languages())
def test_every_language_has_every_text_with_the_same_gaps(lang):
    ours, english = _file(lang), _file("en")
    assert set(ours) == set(english)
    for table in set(english) - {"columns", "definitions", "methods", "numbers"}:
        assert set(ours[table]) == set(english[table]), table
        for key, text in english[table].items():
            gaps = [set(re.findall(r"\{(\w+)\}", words)) for words in (ours[table][key], text)]
            assert gaps[0] == gaps[1], (table, key)
    for table in ("definitions", "methods"):
        assert len(ours[table]) == len(english[table])


@pytest.mark.parametrize(
    ("label", "english", "italian"),
    [
        ("2023Q4", "Q4 2023", "4° trimestre 2023"),
        ("2023-07-01..2024-01-01", "1 Jul 2023 to 31 Dec 2023", "dal 1 lug 2023 al 31 dic 2023"),
        ("fold 2", "Part 2", "Parte 2"),
        ("all", "all periods", "tutti i periodi"),
        (
            "2023Q4 (not walk-forward)",
            "Q4 2023, not walk-forward",
            "4° trimestre 2023, non in avanti nel tempo",
        ),
        ("2023-10", "2023-10", "2023-10"),
        ("x..y", "x to y", "dal x al y"),
    ],
)
def test_periods_are_said_as_people_say_them(label, english, italian):
    assert Words("en").period(label) == english
    assert Words("it").period(label) == italian


@pytest.mark.parametrize(
    ("value", "of_100", "times"),
    [
        (0.0712, "7.1", "7"),
        (0.0001, "<0.1", "<0.1"),
        (0.99996, ">99.9", ">99.9"),
        (0.0, "0", "0"),
        (1.0, "100", "100"),
        (0.84, "84.0", "84"),
        (None, "–", "–"),
    ],
)
def test_shares_of_a_hundred_never_claim_none_or_all(value, of_100, times):
    words = Words("en")
    assert words.of_100(value) == of_100
    assert words.times_in_100(value) == times


def test_reasons_become_sentences():
    words = Words("en")
    assert words.reason("not proven (wide interval)", "no evidence").startswith("Could be worth")
    assert "“email_click”" in words.reason("counted by email_click", "raises")
    assert words.reason("", "no evidence").startswith("No difference")
    assert words.reason("something new", None) == "something new"
    assert words.reason(None, None) == ""


def test_values_are_escaped_where_they_are_put_in():
    assert "&lt;i&gt;" in HtmlWords("en").reason("counted by <i>", "raises")
    assert "&lt;i&gt; \\*" in MarkdownWords("en").reason("counted by <i> *", "raises")
    assert HtmlWords("en")("sentence.cut", points=Words("en").points(1), objective="<b>") == (
        "The cut that follows: <b>1 point</b>. &lt;b&gt;"
    )
