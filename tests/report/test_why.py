"""The words on the first page that say what was counted, and why a card is to wait."""

from __future__ import annotations

import pytest

from calibrate.display import languages
from calibrate.report import render_html, render_markdown
from calibrate.report.why import why_not
from calibrate.report.words import Words
from tests.report.pages import Page, leadership_of


def _text(run, lang="en"):
    return " ".join(Page(leadership_of(render_html(run, lang=lang))).visible.split())


def _hold(run, **figures):
    run["gate"]["recommendation"] = "hold"
    run["gate"]["figures"] |= {"compared_with": "equal", **figures}
    return run


def test_the_base_of_the_first_page_is_named(run):
    # scorecard.control of the invented run: 310 of 4,300 = 7.2 of 100; fit period Oct to Sep
    said = (
        "Counted on the 4,300 leads of Oct 2022 to Sep 2023 that were still open after 7 days: "
        "310 of them bought, 7.2 of 100."
    )
    assert said in _text(run)
    assert said in render_markdown(run)
    assert "Buys, against 7.2 of 100" in _text(run)
    assert "against 7.2 of 100, the average of these leads" in render_markdown(run)
    assert "4.300 lead (da ott 2022 a set 2023) ancora aperti dopo 7 giorni" in _text(run, "it")


def test_a_promise_about_leads_the_card_was_made_from_is_said_to_flatter(run):
    said = "71 customers among 1,090 leads; 80 came. The card was made from these very leads"
    knew = "The card was made from these very leads"
    assert knew not in _text(run)
    run["backtest_differences"] = [{"card": "current", "period": "2023Q2", "in_sample": True}]
    assert said in _text(run)
    assert f"**80** came. {knew}, so this flatters it." in render_markdown(run)
    assert "La scheda è nata proprio da questi lead" in _text(run, "it")


def test_one_sales_person_is_not_counted(run):
    assert "for each of 4 sales people" in _text(run)
    run["settings"]["thresholds"]["people"] = 1
    assert "for each of" not in _text(run)
    assert "Each sales person" not in _text(run)


def test_a_cut_that_everybody_stands_above_tells_nothing_of_when_it_was_crossed(run):
    run["crossings"] = {
        "n": 80,
        "n_crossed": 80,
        "n_never": 0,
        "threshold": 0,
        "days_median": 10.0,
        "table": [
            {"days_before": 0, "n_others": 300, "above_share": 1.0, "others_above_share": 0.9}
        ],
    }
    assert "80 had reached 0 points" in _text(run)
    run["crossings"]["table"][0]["others_above_share"] = 1.0
    assert "had reached 0 points" not in _text(run)
    assert "had reached 0 points" not in render_markdown(run)


@pytest.mark.slow
def test_the_base_speaks_of_open_leads_only_where_the_closed_were_left_out(run):
    run["settings"]["calibration"]["early"] = "truncate"
    assert "4,300 leads of Oct 2022 to Sep 2023: 310 of them bought" in _text(run)
    run["settings"]["calibration"]["horizon"] = None
    assert "Counted on 4,300 leads: 310 of them bought, 7.2 of 100." in _text(run)
    run["scorecard"]["control"] = None
    assert "Counted on" not in _text(run)


def test_the_pooled_figure_says_over_how_many_quarters(run):
    said = "Over the 3 quarters on which this score could be judged"  # 2023Q1, Q2 and Q3
    assert said in _text(run)
    assert "Nei 3 trimestri in cui" in _text(run, "it")
    run["backtest"] = [row for row in run["backtest"] if row["period"] == "2023Q3"]
    assert "Over the" not in _text(run)
    run["settings"]["calibration"]["horizon"] = None
    assert "this score could be judged" not in _text(run)


def test_hold_gives_its_reasons(run):
    run["scorecard"]["control"]["n_converted"] = 45
    run["backtest"] = []
    _hold(run, candidate_auc=None)
    few, none = "Only 45 customers to learn from; 50 are needed.", "No past quarter can be judged"
    assert f"do not use this card yet. {few} {none}" in _text(run)
    assert few in render_markdown(run)
    assert "solo 45; ne servono 50" in _text(run, "it")
    run["gate"]["recommendation"] = "promote"
    assert few not in _text(run)


def test_an_empty_card_that_would_follow_another_says_so(run):
    run["gate"]["recommendation"] = "hold"
    run["scorecard"]["criteria"] = []
    assert "Stay with the present one. The new card has no lines" in _text(run)
    run["gate"]["figures"]["compared_with"] = "equal"
    assert "The new card has no lines" not in _text(run)  # the page's own words say it


@pytest.mark.parametrize(
    ("figures", "key"),
    [
        ({}, "unjudged"),
        ({"compared_with": "current", "candidate_auc": 0.7}, "uncompared"),
        ({"difference_ci_lower": -0.01, "difference_ci_upper": 0.1}, "chance"),
        (
            {
                "compared_with": "current",
                "difference": -0.02,
                "difference_ci_lower": -0.1,
                "difference_ci_upper": 0.1,
            },
            "worse",
        ),
    ],
)
def test_each_figure_that_fails_has_its_words(run, figures, key):
    run["gate"] = {"recommendation": "hold", "figures": figures}
    assert why_not(run) == [{"key": key}]


def test_it_says_from_when_on_the_two_cards_can_be_compared(run):
    figures = run["gate"]["figures"] | {"compared_with": "current", "first_judged": "2026-12-30"}
    figures |= {"difference_ci_lower": None, "difference_ci_upper": None}
    run["gate"] = {"recommendation": "hold", "figures": figures}
    assert {"key": "uncompared_until", "day": "2026-12-30"} in why_not(run)
    assert "the first can be judged from 30 Dec 2026 on." in _text(run)
    assert "dal 30 dic 2026 in poi." in _text(run, "it")


def test_promises_and_house_rules_have_their_words(run):
    good = {"difference_ci_lower": 0.1, "difference_ci_upper": 0.2}
    slopes = {"bold": (0.3, 0.7), "timid": (1.3, 1.6)}  # wanted: 0.8 to 1.25
    for key, (lower, upper) in slopes.items():
        ends = {"calibration_slope_ci_lower": lower, "calibration_slope_ci_upper": upper}
        run["gate"] = {"recommendation": "hold", "figures": good | ends}
        assert why_not(run) == [{"key": key}]
    reasons = ["it rests on what certainly leaks the outcome: x", "points moved further than"]
    run["gate"] = {"recommendation": "hold", "figures": good, "reasons": reasons}
    assert why_not(run) == [{"key": "leak"}, {"key": "moved"}]
    run["gate"] = {"recommendation": "hold", "figures": {}}
    assert why_not(run, is_wide=True) == [{"key": "untried"}]


def test_a_week_is_said_to_be_filled_only_where_it_is(run):
    cuts = run["thresholds"]
    chosen = next(row for row in cuts["table"] if row["threshold"] == 42)
    # each of the four people takes a quarter of it: what they take together decides
    run["settings"]["thresholds"]["capacity"] = chosen["leads_per_week"] / 4
    cuts["objective"], cuts["capacity"] = "capacity", chosen["leads_per_week"]  # 780 / 52 = 15
    filled, free = "It fills the week", "within the 20 leads a week that sales can take; some"
    assert filled in _text(run)
    cuts["capacity"] = 20.0
    assert filled not in _text(run)
    assert free in _text(run)
    hot, cold = cuts["tier_table"][0], cuts["tier_table"][-1]
    hot["rate_ci_lower"] = cold["rate_ci_upper"]
    assert "best ones is not certain" in _text(run)
    assert "best ones is not certain" in render_markdown(run)


@pytest.mark.parametrize("lang", languages())
def test_one_point_is_singular(run, lang):
    run["scorecard"]["base"] = 1
    run["thresholds"]["threshold"] = 1
    wrong = {"en": "1 points", "it": "1 punti"}[lang]
    assert f" {wrong}" not in _text(run, lang)
    assert f" {wrong.removesuffix('s') if lang == 'en' else '1 punto'}" in _text(run, lang)


def test_whole_months_are_said_as_months():
    words = Words("it")
    assert words.months("2025-04-01..2026-04-01") == "da apr 2025 a mar 2026"
    assert words.months("2025-04-01..2025-05-01") == "apr 2025"
    assert words.months("2025-04-02..2025-05-01") == "dal 2 apr 2025 al 30 apr 2025"
    assert words.months("2025Q4") == "4° trimestre 2025"


def test_findings_are_sentences_in_markdown(run):
    assert "148 of 150 sales. It earns no points." in render_markdown(run)


def test_markdown_shows_no_entities_for_numbers(run):
    for row in run["scorecard"]["expected_rate"]:
        row["rate"], row["rate_ci"] = 0.99996, [0.99996, 0.99999]
    text = render_markdown(run)
    assert ">99.9 (>99.9 to >99.9)" in text  # never 100 unless exact
    assert "&gt;" not in text
