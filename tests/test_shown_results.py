"""What a notebook cell shows of every result: a sentence, then a table that a person reads."""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.display import heading, html_sentences, html_table, languages, view_table
from calibrate.errors import ConfigError
from tests.report.pages import Page
from tests.small_company import company_run

RATES = pd.DataFrame(
    {
        "criterion": ["clicked", "opened"],
        "n": [100, 1900],
        "rate": [0.36, 0.3],
        "rate_ci_lower": [0.2725, np.nan],
        "rate_ci_upper": [0.4576, np.nan],
        "confidence_level": [0.95, 0.95],
        "nothing": [None, None],
    }
)


def cells(shown: str) -> list[list[str]]:
    """Return the texts of a page's rows, the heading first."""
    rows = re.findall(r"<tr>(.*?)</tr>", shown, re.DOTALL)
    texts = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    return [[html.unescape(re.sub(r"<[^>]+>", "", text)) for text in row] for row in texts]


def test_an_interval_stands_beside_its_value_and_empty_columns_are_left_out() -> None:
    shown = html_table(RATES, caption="36 of 100", notes=["Few clickers."])
    assert cells(shown) == [
        ["criterion", "leads", "conversion rate"],
        ["clicked", "100", "36.0%", "(27.3% to 45.8%)"],  # 27.25 and 45.76, rounded
        ["opened", "1,900", "30.0%", ""],
    ]
    assert shown.count('colspan="2"') == 1
    assert shown.index("36 of 100") < shown.index("<table>") < shown.index("Few clickers.")


def test_a_heading_says_what_the_table_calls_it() -> None:
    shown = html_table(RATES)
    assert '<th scope="col" title="n"' in shown
    assert 'title="criterion"' not in shown
    for lang in languages():
        assert heading("n_converted", lang=lang) != "n_converted"
    assert (
        heading("n_converted", lang="it")
        in cells(html_table(pd.DataFrame({"n_converted": [1]}), lang="it"))[0]
    )
    with pytest.raises(ConfigError, match="no language"):
        heading("n", lang="xx")


def test_no_colour_is_set_so_that_light_and_dark_can_be_read() -> None:
    shown = html_sentences("keep", ["as promised"]) + html_table(RATES, caption="a")
    assert set(re.findall(r"[;\"](color|background[a-z-]*):", shown)) == set()


def test_a_view_takes_the_columns_asked_for_and_their_intervals() -> None:
    view = view_table(RATES, columns=["rate", "criterion"], caption="two")
    assert list(view.table.columns) == ["rate", "rate_ci_lower", "rate_ci_upper", "criterion"]
    assert cells(view._repr_html_())[1] == ["36.0%", "(27.3% to 45.8%)", "clicked"]
    assert repr(view).splitlines()[0] == "two"
    assert repr(view_table(RATES[["n"]])).split() == ["n", "100", "1,900"]
    with pytest.raises(KeyError):
        view_table(RATES, columns=["no such"])


def test_an_empty_table_leaves_its_sentence() -> None:
    shown = html_table(RATES.iloc[:0], caption="nobody", notes=["none"])
    assert "<table>" not in shown
    assert "nobody" in shown
    assert "none" in shown


@pytest.fixture(scope="module")
def run() -> cal.Run:
    return company_run()


def results_of(run: cal.Run) -> dict[str, Any]:
    card, obs = run.card, run.observation
    night = run.scores.loc[run.scores["set"] == "open", ["lead_id", "score", "tier"]]
    explained = card.explain(card.inputs(obs).iloc[0])
    return {
        "run": run,
        "history": run.history,
        "check": cal.check(run.history),
        "observation": obs,
        "open": cal.observe_open(run.history),
        "control": run.control,
        "age": run.conversion_by_age,
        "readiness": run.readiness,
        "lift": run.lift,
        "card": card,
        "explanation": explained,
        "cuts": run.cuts,
        "crossings": cal.crossings(card, obs),
        "grid": cal.score_grid(card.score(obs)),
        "backtest": run.proof,
        "gate": run.gate,
        "health": cal.monitor(card, run.history),
        "changes": cal.diff(card, card),
        "tier changes": cal.tier_changes(night, night),
        "campaigns": run.campaigns[0] if run.campaigns else run.control,
    }


@pytest.mark.slow
def test_every_result_opens_with_a_sentence_and_shows_numbers_as_people_write_them(
    run: cal.Run,
) -> None:
    for name, result in results_of(run).items():
        shown = result._repr_html_()
        page = Page(shown)
        assert page.errors == [], name
        assert re.match(r'<p style="[^"]*"><strong>[^<]+</strong></p>', shown), name
        texts = [text for row in cells(shown) for text in row]
        assert not [text for text in texts if re.search(r"\d\.\d{4,}", text)], name
        assert not [text for text in texts if "_ci_" in text or text in ("nan", "None")], name
        for row in re.findall(r"<table>.*?</table>", shown, re.DOTALL):
            widths = {sum(2 if "colspan" in th else 1 for th in re.findall(r"<th [^>]*>", row))}
            widths |= {len(one) for one in cells(row)[1:]}
            assert len(widths) == 1, name
