from __future__ import annotations

import html
from types import SimpleNamespace

import pandas as pd

from calibrate.report import explore_thresholds
from tests.report.pages import Page


def _cuts(run):
    part = run["thresholds"]
    return SimpleNamespace(
        table=pd.DataFrame(part["table"]),
        threshold=part["threshold"],
        plateau=tuple(part["plateau"]),
    )


def test_a_notebook_cell_gets_a_page_of_its_own(run):
    shown = explore_thresholds(_cuts(run), people=4)._repr_html_()
    frame = Page(shown)
    assert frame.errors == []
    page = frame.all("iframe")[0]["srcdoc"]
    assert html.unescape(html.escape(page)) == page
    inner = Page(page)
    assert inner.errors == []
    assert 'type="range"' in page
    assert "Each sales person, a week" in inner.visible


def test_unknown_weeks_show_counts(run):
    cuts = _cuts(run)
    cuts.table["leads_per_week"] = float("nan")
    cuts.table["amount"] = float("nan")
    text = Page(explore_thresholds(cuts, lang="it").to_html()).visible
    assert "Lead alla settimana" not in text
    assert "Il loro importo" not in text
    assert "780" in text
