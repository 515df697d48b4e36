"""Sources and campaigns on the pages: every figure from run.json, names as text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from calibrate.report import render_html, render_markdown, write_workbook
from calibrate.report.campaigns import campaigns_of
from tests.report.campaigns_run import a_row, bring_campaigns

Row = dict[str, Any]


@pytest.fixture
def with_campaigns(run: Row) -> Row:
    return bring_campaigns(run)


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("<wbr>", "")))


def test_a_leader_reads_which_source_is_worth_it(with_campaigns: Row) -> None:
    page = plain(render_html(with_campaigns))
    assert "Which Lead Source brings leads that are worth it" in page
    assert "4,300 leads, of which 7.2 of 100 buy on average." in page
    line = page.split("What to think")[1].split("paid search")[0]
    assert "fair 1,200 25.0 (20.0 to 31.0) 133 130" in line
    assert "10.8 (8.7 to 14.1) 1,234,567 Brings more customers than the average." in line
    text = render_markdown(with_campaigns)
    assert (
        "| fair | 1,200 | 25.0 | 133 | 130 | 10.8 (8.7 to 14.1) | Brings more customers than the"
        " average. |"
    ) in text


def test_an_average_that_is_not_the_cards_says_why(with_campaigns: Row) -> None:
    """7.2 of 100 is the rate the card was made on, unless young leads are allowed for apart."""
    with_campaigns["scorecard"]["control"] = {"n": 4300, "n_converted": 310, "rate": 0.072}
    own = "allowed for group by group here"
    assert own not in render_markdown(with_campaigns)
    with_campaigns["campaigns"][0]["control_rate"] = 0.069
    for page in (plain(render_html(with_campaigns)), render_markdown(with_campaigns)):
        lead = page.split("of which 6.9 of 100 buy on average.")[1][:350]
        assert own in lead
        assert "the 7.2 of 100 of the card" in lead


def test_in_italian(with_campaigns: Row) -> None:
    assert "Quali valori di « Lead Source » portano lead che valgono" in plain(
        render_html(with_campaigns, lang="it")
    )
    assert "Porta più clienti della media." in render_markdown(with_campaigns, lang="it")


def test_without_hot_leads_or_amounts_there_are_no_columns_of_them(with_campaigns: Row) -> None:
    part = with_campaigns["campaigns"][0]
    part |= {"hot_share": None, "amount": None}
    page = plain(render_html(with_campaigns)).split("worth it")[1].split("That some bring")[0]
    assert "Of 100, hot" not in page
    assert "Amount won" not in page


def test_the_highest_tier_has_its_name(with_campaigns: Row) -> None:
    part = with_campaigns["campaigns"][0]
    part["hot_tier"] = "SQL"
    part["table"][0]["verdict"] = "more hot leads"
    page = plain(render_html(with_campaigns))
    assert "Of 100, SQL" in page
    assert "Brings more SQL leads; not yet shown to bring more customers." in page
    assert "di fascia SQL" in render_markdown(with_campaigns, lang="it")


def test_a_column_of_which_nothing_can_be_said_is_not_shown(with_campaigns: Row) -> None:
    for row in with_campaigns["campaigns"][0]["table"]:
        row["verdict"] = "too few"
    assert campaigns_of(with_campaigns) == []
    assert "worth it" not in render_markdown(with_campaigns)


def test_long_tables_end_with_a_count_of_the_rest(with_campaigns: Row) -> None:
    part = with_campaigns["campaigns"][0]
    part["table"] = [a_row(f"s{i}", 100, 9, "no difference shown") for i in range(15)]
    (shown,) = campaigns_of(with_campaigns)
    assert (len(shown["rows"]), shown["rest"]) == (8, 15 - 8)


def test_the_leads_it_was_wrong_about_are_in_the_markdown_too(run: Row) -> None:
    text = render_markdown(run)
    assert "## Where the score was wrong" in text
    for row in run["missed"]:
        assert f"| {row['lead_id']} |" in text
    assert "Where the score was wrong" not in render_markdown(run | {"missed": []})


def test_names_are_texts(with_campaigns: Row) -> None:
    part = with_campaigns["campaigns"][0]
    part["column"] = "<script>alert(1)</script>"
    part["table"][0]["value"] = "a|b {n} <img src=x>"
    page, text = render_html(with_campaigns), render_markdown(with_campaigns)
    assert "<script>alert" not in page + text
    assert "<img" not in page + text
    assert "a\\|b \\{n\\}" in text


def test_the_workbook_has_a_sheet_of_them(with_campaigns: Row, tmp_path: Path) -> None:
    write_workbook(with_campaigns, tmp_path / "run.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "run.xlsx")["Sources and campaigns"]
    head, first, *_ = sheet.iter_rows(values_only=True)
    found = dict(zip(head, first, strict=True))
    assert found["column"] == "Lead Source"
    assert found["value"] == "fair"
    assert found["customers promised"] == pytest.approx(133.4)
