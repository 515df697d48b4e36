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
    assert "| demo\\_request | +31 (+27 to +36) | 310 | 3.31x (2.75x to 3.92x) |" in text
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
