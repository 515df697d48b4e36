"""The page: nothing loaded, nothing executed but its own script, and only numbers of the run."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from calibrate.display import format_value, languages
from calibrate.errors import ConfigError
from calibrate.report import render_html, render_markdown
from calibrate.report.html import _file
from tests.report.invented_run import sample_run
from tests.report.pages import Page, leadership_of

JARGON = re.compile(
    r"q-value|valore q|p-value|\bAUC\b|\bPSI\b|\bKS\b|DeLong|odds ratio|Kaplan|effective n|"
    r"n effettivo|\bWilson\b|calibration slope|pendenza di calibrazione|log.odds|landmark|"
    r"q_value|auc_|None|nan\b|undefined",
    re.IGNORECASE,
)


@pytest.mark.parametrize("lang", languages())
def test_the_page_is_whole_small_and_loads_nothing(run, lang):
    text = render_html(run, lang=lang)
    page = Page(text)
    assert page.errors == []
    assert len(text.encode()) < 600_000
    assert page.all("html") == [{"lang": lang}]
    assert not page.all("link")
    assert not page.all("img")
    assert not any("src" in attrs for _, attrs in page.elements)
    assert "url(" not in text
    assert "@import" not in text
    links = [attrs["href"] for attrs in page.all("a")]
    assert all(link.startswith(("#", "https://crm.example.com/lead/")) for link in links)


def test_the_policy_admits_only_the_page_s_own_script(run):
    page = render_html(run)
    policy = next(
        a["content"] for a in Page(page).all("meta") if "content" in a and "src" in a["content"]
    )
    digest = base64.b64encode(hashlib.sha256(_file("explorer.js").encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert f"<script>{_file('explorer.js')}</script>" in page


@pytest.mark.parametrize("lang", languages())
def test_the_same_run_gives_the_same_bytes(run, lang):
    assert render_html(run, lang=lang) == render_html(sample_run(), lang=lang)


@pytest.mark.parametrize("lang", languages())
def test_leadership_reads_no_jargon(run, lang):
    text = Page(leadership_of(render_html(run, lang=lang))).visible
    assert JARGON.findall(text) == []


def test_the_order_is_the_order_in_which_a_director_asks(run):
    page = render_html(run)
    ids = ["verdict", "sentence", "explorer", "against", "card", "changes", "nothing", "missed"]
    ids += ["unknown", "textbook", "appendix"]
    places = [page.index(f'id="{name}"') for name in ids]
    assert places == sorted(places)


@pytest.mark.parametrize("lang", languages())
def test_harmful_names_appear_as_text(hostile_run, lang):
    page = Page(render_html(hostile_run, lang=lang))
    assert page.errors == []
    assert len(page.all("script")) == 2
    assert not page.all("img")
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    assert not any(a["href"].startswith("javascript") for a in page.all("a"))
    shown = page.visible
    for name in ("<script>alert(1)</script>", '=HYPERLINK("https://evil.example","x")'):
        assert name in shown
    assert "x" * 300 in shown
    assert "{{ 7 * 7 }} {n} ${7*7}" in shown
    assert "\u202eright-to-left" in shown


def test_a_link_to_a_lead_is_quoted_and_never_a_script(hostile_run):
    page = render_html(hostile_run)
    assert 'href="https://crm.example.com/lead/..%2F%3Fa%3D1%26b%3D2%23c"' in page
    hostile_run["lead_url"] = "javascript:alert('{lead_id}')"
    assert "javascript:alert('" not in render_html(hostile_run)


@pytest.mark.parametrize("lang", languages())
def test_the_explorer_shows_the_run_at_every_cut(run, lang):
    page = render_html(run, lang=lang)
    block = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    data = json.loads(block[1])
    table = run["thresholds"]["table"]
    assert data["threshold"] == run["thresholds"]["threshold"]
    assert [row["threshold"] for row in data["rows"]] == [row["threshold"] for row in table]
    for shown, row in zip(data["rows"], table, strict=True):
        assert shown["missed"] == format_value("n", row["missed"], lang=lang)
        assert shown["amount"] == format_value("amount", row["amount"], lang=lang)
        assert shown["caught"].startswith(format_value("n", row["n_converted"], lang=lang))
        assert f"{shown['rate']}%" == format_value("rate", row["rate"], lang=lang)


def test_the_recommended_cut_stands_there_without_a_script(run):
    text = Page(leadership_of(render_html(run))).visible
    assert "The cut that follows: 42 points ." in text
    assert "197 of 310" in text  # run["thresholds"]["table"] at 42: 197 of 310


def test_one_lift_one_number(run):
    row = next(row for row in run["lift"] if row["criterion"] == "pricing_view")
    assert format_value("lift", row["lift"]) == "2.16x"  # (141 / 905) / (310 / 4300) = 2.161
    # card, scorecard table, table of the short card, lift table
    assert Page(render_html(run)).visible.count("2.16x") == 4


def test_an_empty_card_says_so_plainly(run):
    run["scorecard"]["criteria"] = []
    for lang, words in (
        ("en", "There is nothing to score on yet."),
        ("it", "Non c'è ancora nulla"),
    ):
        text = Page(render_html(run, lang=lang)).visible
        assert words in text
        assert 'type="range"' not in render_html(run, lang=lang)


def test_a_score_that_separates_nothing_says_so(run):
    run["thresholds"]["separates"] = False
    page = render_html(run)
    assert "does not separate customers from other leads" in page
    assert 'type="range"' not in page


def test_tiers_whose_ranges_overlap_are_not_said_to_differ(run):
    hot, cold = run["thresholds"]["tier_table"][0], run["thresholds"]["tier_table"][-1]
    hot["rate_ci_lower"] = cold["rate_ci_upper"]
    text = Page(render_html(run)).visible
    assert "The score tells them apart" not in text
    assert "chance alone could account for the gap" in text


def test_a_run_without_dates_speaks_of_neither_days_nor_weeks(run):
    run["period"] = {"label": "all", "start": None, "end": None}
    run["as_of"] = None
    run["settings"]["calibration"]["horizon"] = None
    run["control_by_quarter"] = []
    for row in run["thresholds"]["table"]:
        row["leads_per_week"] = None
    for row in run["backtest"]:
        row["period"] = {"2023Q1": "fold 1", "2023Q2": "fold 2", "2023Q3": "fold 3"}[row["period"]]
    text = Page(leadership_of(render_html(run))).visible
    assert "within" not in text
    assert "a week" not in text
    assert "Part 3" in text
    assert "Every quarter" not in text
    assert "780 of 4,300 leads" in text


@pytest.mark.parametrize("lang", languages())
def test_parts_that_are_not_there_are_left_out(lang):
    bare = {"name": "bare", "scorecard": {"criteria": []}, "thresholds": None}
    assert Page(render_html(bare, lang=lang)).errors == []


@pytest.mark.parametrize("key", sorted(sample_run()))
def test_no_part_is_needed_for_the_others(run, key):
    run[key] = None
    assert Page(render_html(run)).errors == []


def test_numbers_and_dates_are_the_language_s(run):
    text = Page(render_html(run, lang="it")).visible
    assert "1.180 lead" in text
    assert "7,1 su 100" in text
    assert "1 gen 2024" in text


def test_tables_and_pictures_can_be_read_aloud(run):
    page = Page(render_html(run))
    assert all("scope" in attrs for attrs in page.all("th"))
    for attrs in page.all("svg"):
        named = attrs.get("role") == "img" and attrs.get("aria-label")
        assert named or attrs.get("aria-hidden") == "true" or "x" in attrs
    slider = next(attrs for attrs in page.all("input") if attrs.get("type") == "range")
    assert slider["aria-label"]
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_a_long_lift_table_says_what_it_leaves_out(run):
    run["lift"] = [{**run["lift"][0], "criterion": f"c{i}"} for i in range(200)]
    page = render_html(run)
    assert "50 more in lift.csv." in page
    assert len(page.encode()) < 600_000


def test_an_unknown_language_is_refused(run):
    with pytest.raises(ConfigError, match="there is no language"):
        render_html(run, lang="xx")


def _luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    if len(color) == 4:
        color = "#" + "".join(2 * c for c in color[1:])
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_text_colour_has_contrast_in_light_dark_and_print():
    palettes = re.findall(r":root \{(.*?)\}", _file("style.css"), re.DOTALL)
    assert len(palettes) == 3
    for palette in palettes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", palette))
        for ink in ("ink", "soft", "accent", "warn"):
            for paper in ("paper", "wash", "accent-wash"):
                pair = sorted((_luminance(colours[ink]), _luminance(colours[paper])))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (ink, paper)


@pytest.mark.parametrize(("lang", "said"), [("en", "flatters it"), ("it", "la favorisce")])
def test_a_card_that_knew_the_leads_is_marked_and_not_compared(run, lang, said):
    period = next(row["period"] for row in run["backtest"][::-1] if row["card"] == "current")
    assert said not in render_html(run, lang=lang)
    run["backtest_differences"] = [{"card": "current", "period": period, "in_sample": True}]
    page = render_html(run, lang=lang)
    assert said in page
    assert re.search(r"\d\d\*", page)
    assert said in render_markdown(run, lang=lang)
    told = {"en": "Today&#39;s score: ", "it": "Il punteggio di oggi: "}[lang]
    assert page.count(told) == render_html(sample_run(), lang=lang).count(told) - 1
