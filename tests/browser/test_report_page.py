"""The report in a real browser: opened from a mail attachment, read, moved, printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from calibrate.display import format_value, languages
from calibrate.report import render_html
from calibrate.report.words import Words
from tests.browser.conftest import Opened
from tests.report.campaigns_run import bring_campaigns

Open = Callable[..., Opened]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
LOOKS = {"desk": DESK, "dark phone": PHONE | {"color_scheme": "dark"}}

SHOWN = """() => [
    document.querySelector("input").value,
    document.querySelector(".figures .at").textContent,
    document.querySelector(".nobody").checkVisibility(),
    Object.fromEntries(
        [...document.querySelectorAll("[data-field]")].map(c => [c.dataset.field, c.textContent])
    ),
]"""


def at_cut(run: dict[str, Any], cut: int) -> dict[str, Any] | None:
    """Return the row of ``run.json`` that holds for a cut: the next score that a lead has."""
    rows = [row for row in run["thresholds"]["table"] if row["threshold"] >= cut]
    return min(rows, key=lambda row: row["threshold"]) if rows else None


@pytest.mark.parametrize("lang", languages())
def test_it_opens_without_a_network_and_asks_for_nothing(
    open_page: Open, run: dict[str, Any], lang: str
) -> None:
    told = open_page(render_html(run, lang=lang))
    assert told.asked == [told.page.url]
    assert told.complaints == []
    assert told.page.evaluate("document.documentElement.lang") == lang


@pytest.mark.slow
@pytest.mark.parametrize("lang", languages())
def test_the_slider_moves_by_keyboard_and_shows_the_run_at_every_cut(
    open_page: Open, run: dict[str, Any], lang: str
) -> None:
    told, words = open_page(render_html(run, lang=lang)), Words(lang)
    page = told.page
    recommended = run["thresholds"]["threshold"]
    slider = page.get_by_role("slider")
    assert slider.input_value() == str(recommended)
    slider.focus()
    page.keyboard.press("Home")
    everyone = run["thresholds"]["table"][0]["n_converted"]
    people = run["settings"]["thresholds"]["people"]
    for cut in range(101):
        row = at_cut(run, cut)
        position, at, is_nobody, shown = page.evaluate(SHOWN)
        assert (position, at, is_nobody) == (str(cut), str(cut), row is None)
        if row is None:
            assert set(shown.values()) == {"–"}
        else:
            a_week = row["leads_per_week"]
            assert shown == {
                "leads_per_week": words.one_decimal(a_week),
                "per_person": words.one_decimal(a_week / people),
                "rate": words.of_100(row["rate"]),
                "range": words(
                    "page.bracket",
                    lower=words.of_100(row["rate_ci_lower"]),
                    upper=words.of_100(row["rate_ci_upper"]),
                ),
                "caught": words("explorer.x_of_y", x=row["n_converted"], y=everyone),
                "missed": format_value("n", row["missed"], lang=lang),
                "amount": format_value("amount", row["amount"], lang=lang),
                "expected_value": format_value("amount", row["expected_value"], lang=lang),
            }
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name=words("explorer.to_recommended")).press("Enter")
    assert slider.input_value() == str(recommended)
    assert told.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(open_page: Open, run: dict[str, Any], look: str) -> None:
    page = open_page(render_html(run), **LOOKS[look]).page
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    # a long table is checked by its first rows
    page.evaluate("document.querySelectorAll('tr:nth-child(n + 4)').forEach(row => row.remove())")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(rule["id"], node["html"]) for rule in found for node in rule["nodes"]] == []


@pytest.mark.parametrize("lang", languages())
def test_nothing_runs_off_a_phone(open_page: Open, run: dict[str, Any], lang: str) -> None:
    page = open_page(render_html(run, lang=lang), **PHONE).page
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    # what is too wide for the screen lies in a region that scrolls and can be reached by keyboard
    assert page.eval_on_selector_all(".scroll", "all => all.every(one => one.tabIndex === 0)")


@pytest.mark.parametrize("lang", languages())
def test_no_table_is_cut_off_on_a_desk(open_page: Open, run: dict[str, Any], lang: str) -> None:
    told = bring_campaigns(run)
    told["campaigns"][0]["table"][1]["verdict"] = "fewer hot leads"  # the longest sentence
    page = open_page(render_html(told, lang=lang), **DESK).page
    page.evaluate("document.querySelector('#appendix').remove()")
    cut_off = page.eval_on_selector_all(
        ".scroll",
        "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.ariaLabel)",
    )
    assert cut_off == []


@pytest.mark.parametrize("lang", languages())
def test_the_leadership_part_prints_on_two_pages(
    open_page: Open, run: dict[str, Any], lang: str
) -> None:
    page = open_page(render_html(run, lang=lang)).page
    page.evaluate("document.querySelector('#appendix').remove()")
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b(?!s)", pdf)) == 2


def test_no_table_prints_larger_than_others(open_page: Open, run: dict[str, Any]) -> None:
    page = open_page(render_html(bring_campaigns(run))).page
    page.emulate_media(media="print")
    sizes = page.eval_on_selector_all(
        ":is(#card-lines, #nothing, .campaigns) tbody :is(th, td)",
        "all => [...new Set(all.map(one => getComputedStyle(one).fontSize))]",
    )
    assert max(float(size.removesuffix("px")) for size in sizes) <= 7.5 * 96 / 72  # 7.5 points


@pytest.mark.parametrize("lang", languages())
def test_harmful_names_stay_text(open_page: Open, hostile_run: dict[str, Any], lang: str) -> None:
    told = open_page(render_html(hostile_run, lang=lang), **PHONE)
    assert (told.dialogs, told.complaints) == ([], [])
    assert told.asked == [told.page.url]
    text = told.page.locator("body").inner_text()
    for name in ("<script>alert(1)</script>", '=HYPERLINK("https://evil.example","x")'):
        assert name in text
    assert "x" * 300 in text
    assert told.page.locator("img, iframe, object, form").count() == 0
    # right-to-left text keeps to itself
    assert told.page.locator("bdi").count() > 0
    assert told.page.evaluate("document.documentElement.scrollWidth") <= 390
