from __future__ import annotations

import pytest

from calibrate.report.html import render_html
from calibrate.report.notes import notes_of
from calibrate.report.words import HtmlWords, Words

EN, IT = Words("en"), Words("it")


def test_a_director_reads_how_old_leads_are_when_they_buy(run):
    # 35 and 68 of the 84 who bought: 42 and 81 of 100; Wilson's limits of 35 of 84 are 31.7 %
    # and 52.3 % (statsmodels proportion_confint(35, 84, method="wilson")), of 68 of 84 71.3 %
    # and 87.9 %.
    assert notes_of("conversion_by_age", run, EN) == [
        "Of 100 who will have bought after 90 days, 42 have bought after 30 (32 to 52).",
        "Of 100 who will have bought after 90 days, 81 have bought after 60 (71 to 88).",
    ]
    assert notes_of("conversion_by_age", run, IT)[0] == (
        "Di 100 che avranno comprato dopo 90 giorni, 42 hanno comprato dopo 30 (da 32 a 52)."
    )


def test_a_follow_up_that_ends_before_the_horizon_is_said_first(run):
    part = run["conversion_by_age"]
    part["until_days"] = 71.5
    assert notes_of("conversion_by_age", run, EN)[0] == (
        "No lead has been watched for 90 days yet: this counts who has bought after 71.5."
    )


def test_a_share_that_is_not_known_is_not_said(run):
    for row in run["conversion_by_age"]["table"]:
        row["share"] = None
    assert notes_of("conversion_by_age", run, EN) == []


def test_ready_says_what_can_be_noticed(run):
    said = notes_of("readiness", run, EN)
    assert said[0].startswith("There are leads enough for a score: 310 of 4,300")
    assert "7.2 of 100" in said[0]  # 310 / 4300
    lifts = [f"{row['detectable_lift']:.2f}x" for row in run["readiness"]["table"][:3:2]]
    assert all(lift in said[1] for lift in lifts)
    assert said[3].startswith("1 of 14 criteria cannot be judged yet")
    assert said[4] == "Where sales can call all 90 leads of a week, no score is needed."
    run["readiness"]["capacity_leads_a_week"] = 40.0
    assert "sales can call 40" in notes_of("readiness", run, EN)[4]


@pytest.mark.parametrize(
    ("verdict", "english", "italian"),
    [
        ("not yet", "Not yet: 12 of 300 leads bought", "Non ancora: 12 lead su 300"),
        ("not needed", "No score is needed: about 23 leads", "Non serve un punteggio: arrivano"),
    ],
)
def test_the_other_verdicts(run, verdict, english, italian):
    part = run["readiness"]
    part |= {"verdict": verdict, "n": 300, "n_converted": 12, "leads_a_week": 23.1}
    part |= {"capacity_leads_a_week": 40.0, "quarters_needed": 4.166, "leads_a_quarter": 300.0}
    assert notes_of("readiness", run, EN)[0].startswith(english)
    assert notes_of("readiness", run, IT)[0].startswith(italian)
    if verdict == "not yet":  # 50 / (12 / 300) = 1,250 leads
        assert "4.2 quarters" in notes_of("readiness", run, EN)[1]
        part["quarters_needed"] = None
        assert len(notes_of("readiness", run, EN)) == 1


def test_what_a_run_does_not_hold_is_not_said(run):
    assert notes_of("funnel", run, EN) == []
    assert notes_of("conversion_by_age", {"conversion_by_age": None}, EN) == []
    assert notes_of("conversion_by_age", {"conversion_by_age": {"table": []}}, EN) == []
    assert notes_of("readiness", {"readiness": {"verdict": "<b>"}}, HtmlWords("en")) == []
    run["readiness"] |= {"minimal_lift": None, "n_unjudged": 0, "leads_a_week": None}
    assert len(notes_of("readiness", run, EN)) == 1


@pytest.mark.parametrize("lang", ["en", "it"])
def test_the_page_has_them_above_their_tables(run, lang):
    page = render_html(run, lang=lang)
    for key in ("conversion_by_age", "readiness"):
        after = page.split(f'<h3 id="t-{key}">')[1].split("<table>")[0]
        for note in notes_of(key, run, HtmlWords(lang)):
            assert f"<p>{note}</p>" in after
