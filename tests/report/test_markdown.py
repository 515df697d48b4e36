from __future__ import annotations

import pytest

from calibrate.display import languages
from calibrate.report import render_markdown
from tests.report.invented_run import sample_run


@pytest.mark.parametrize("lang", languages())
def test_tables_have_as_many_cells_as_headings(run, lang):
    widths: set[int] = set()
    for line in [*render_markdown(run, lang=lang).splitlines(), ""]:
        if line.startswith("|"):
            widths.add(line.replace("\\|", "").count("|"))
        else:
            assert len(widths) <= 1
            widths = set()


def test_it_says_what_the_page_says(run):
    text = render_markdown(run)
    assert text.startswith("# sample (invented)\n\nLeads from Q3 2023")
    assert "**84 became customers** within 90 days: **7.1 of 100**" in text
    assert "| demo\\_request | +31 (+27 to +36) | 3.1 | 310 | 3.31x (2.75x to 3.92x) |" in text
    assert "\n\n\n" not in text


def test_harmful_names_stay_text(hostile_run):
    text = render_markdown(hostile_run)
    assert "<script" not in text
    assert "<img" not in text
    assert "\\[d\\](javascript" in text


def test_an_empty_card_says_so(run):
    run["scorecard"]["criteria"] = []
    assert "**There is nothing to score on yet.**" in render_markdown(run)


@pytest.mark.parametrize("key", sorted(sample_run()))
def test_no_part_is_needed_for_the_others(run, key):
    run[key] = None
    assert render_markdown(run).startswith("#")


@pytest.mark.parametrize(("again", "is_marked"), [(0.54, True), (0.8, False), (None, False)])
def test_a_line_that_is_seldom_found_again_is_marked(again, is_marked):
    """Under 80 times in 100 the search would not have brought it."""
    run = sample_run()
    run["scorecard"]["base_ci"] = [8, 15]
    run["scorecard"]["criteria"][0] |= {"selection_frequency": again, "attribute_frequency": 0.95}
    text = render_markdown(run)
    assert ("not settled: found again 54 times in 100" in text) == is_marked
    assert ("Not settled: had other leads" in text) == is_marked
    assert "(8 to 15). Add the points" in text


def test_counts_so_far_are_not_given_as_the_rate():
    """36 of 100 so far and a rate of 45 %: the page says what has happened and what will have."""
    run = sample_run()
    run["textbook"] |= {"n": 100, "n_converted": 36, "rate": 0.45}
    run["scorecard"]["control"] |= {"n": 1000, "n_converted": 100, "rate": 0.14}
    text = render_markdown(run)
    assert "of 100 leads who did it, 36 bought so far" in text
    assert "100 of them bought so far; once the youngest have had their time, 14.0 of 100" in text
