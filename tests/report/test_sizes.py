"""What each line adds, what fewer lines would keep, and the short card, on every page."""

from __future__ import annotations

import json

import openpyxl
import pytest

from calibrate.report import render_html, render_markdown, write_workbook
from calibrate.report.card import rule_of, sizes_of
from calibrate.report.notes import notes_of, price_sentences, size_sentences
from calibrate.report.words import Words
from tests.report.pages import Page, leadership_of

WHEN = {"field": "city", "in": ["Rome", "Milan", "Turin", "Bari", "<b>Pisa</b>"]}
NAME = "city: Rome or Milan or Turin or 2 more"
FULL = "city: Rome or Milan or Turin or Bari or <b>Pisa</b>"


def _with_long_rule(run):
    run["scorecard"]["criteria"][0] |= {"name": NAME, "when": WHEN, "n_looked_at": 2**70}
    return run


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_the_price_of_fewer_lines_is_told(run, render):
    text = render(run)
    text = Page(leadership_of(text)).visible if render is render_html else text
    # kept_share .278 / .29 = .959; AUC .790 and .800 of the table of the invented run
    assert "With 5 lines you keep 96 % of what 8 give." in text
    assert "79.0 (77.0 to 81.0) times in 100" in text
    assert "80.0 (78.0 to 82.0) times" in text
    assert "The same in 6 lines" in text
    # the row of six lines: .784 - .790, and .004 on either side
    assert "-0.6 in the right order (-1.0 to -0.2)" in text


def test_italian_says_it_too(run):
    text = Page(leadership_of(render_html(run, lang="it"))).visible
    assert "Con 5 righe si conserva il 96 % di ciò che danno 8." in text
    assert "-0,6 ordinate bene (da -1,0 a -0,2)" in text


def test_runs_without_these_parts_are_shown_as_before(run):
    for name in ("parsimony", "short_card"):
        del run[name]
    for line in run["scorecard"]["criteria"]:
        del line["auc_added"]
    page = Page(render_html(run))
    assert page.errors == []
    for words in ("How many lines", "The same in", "Adds, of 100 pairs", "In full"):
        assert words not in page.visible
        assert words not in render_markdown(run)
    assert sizes_of(run) is None


def test_each_line_says_what_it_adds(run):
    # +31 points were given .031: 3.1 of 100 pairs
    assert "| demo\\_request | +31 (+27 to +36) | 3.1 |" in render_markdown(run)
    assert "so many more are put in the right order" in Page(render_html(run)).visible


def test_a_rule_that_leaves_levels_out_is_given_in_full(run, tmp_path):
    _with_long_rule(run)
    page = Page(render_html(run))
    assert page.errors == []
    assert FULL in page.visible  # "<b>" is text
    assert {"class": "note"} in page.all("details")
    assert "were chosen among many like them" in page.visible
    assert "- city: Rome or Milan or Turin or 2 more: city: Rome or" in render_markdown(run)
    write_workbook(run, tmp_path / "run.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "run.xlsx")["Scorecard"]
    head, first = [[cell.value for cell in row] for row in list(sheet.iter_rows())[:2]]
    assert first[head.index("rule")] == FULL
    assert first[head.index("chosen among")] == pytest.approx(2**70)


def test_the_workbook_has_the_sizes_and_the_short_card(run, tmp_path):
    write_workbook(run, tmp_path / "run.xlsx")
    book = openpyxl.load_workbook(tmp_path / "run.xlsx")
    sizes = list(book["Fewer lines"].iter_rows(values_only=True))
    assert sizes[0][0] == "lines"
    assert [row[0] for row in sizes[1:]] == list(range(10))
    short = list(book["The short card"].iter_rows(values_only=True))
    assert len(short) == 1 + 6


def test_notes_above_the_tables(run):
    words = Words("en")
    said = notes_of("parsimony", run, words)
    assert said[0] == "With 5 lines you keep 96 % of what 8 give."
    assert said[-1].startswith("Each number of lines was tried on leads")
    assert notes_of("short_card", run, words)[0].startswith("Everyone starts with 22 points.")


@pytest.mark.parametrize(
    ("enough", "sentence"),
    [
        (
            {"n_criteria": 3, "kept_share": 1.02, "of": 5},
            "With 3 lines you keep all of what 5 give.",
        ),
        (
            {"n_criteria": 5, "kept_share": 1.0, "of": 5},
            "Fewer than 5 lines would lose more than 5 % of what they give.",
        ),
        (
            {"n_criteria": 3, "kept_share": 0.9999, "of": 5},
            "With 3 lines you keep >99.9 % of what 5 give.",
        ),
        (None, None),
    ],
)
def test_what_fewer_lines_keep(enough, sentence):
    assert size_sentences({"enough": enough}, Words("en")) == ([sentence] if sentence else [])


def test_without_a_price_nothing_is_said_of_it():
    assert price_sentences(None, Words("en")) == []
    assert price_sentences({"n_criteria": 6, "auc_difference": None}, Words("en")) == []


def test_a_rule_that_cannot_be_read_is_shown_by_its_name():
    assert rule_of({"name": "x", "when": {"unheard": "of"}}) is None
    assert rule_of({"name": "x"}) is None
    assert rule_of({"name": "clicked", "when": {"activity": "click"}}) == "click"
    assert rule_of({"name": "click", "when": {"activity": "click"}}) is None


def test_a_run_of_json_gives_the_same_page(run):
    _with_long_rule(run)
    assert render_html(json.loads(json.dumps(run))) == render_html(run)


def test_one_lead_is_added_up(run):
    text = render_markdown(run)
    # 22 + 24 + 11 + 6 points of the invented lead; what it does not meet gives nothing
    assert "Lead L-77 has 63 points: of 100 such leads" in text
    table = text.partition("### One lead, added up")[2].partition("###")[0]
    assert "| everyone starts with | | +22 |\n| pricing\\_view | yes | +24 |" in table
    assert "| demo\\_request | no | – |" in table
    page = Page(render_html(run))
    assert page.errors == []
    # five of eight lines, and the one line that is the same as in the last card
    assert sum(row.get("class") == "unmet" for row in page.all("tr")) == 5 + 1
    run["lead_url"] = "https://crm.example.com/{lead_id}"
    links = [link["href"] for link in Page(render_html(run)).all("a")]
    assert "https://crm.example.com/L-77" in links
    run["example"] = None
    assert "added up" not in render_markdown(run)
