"""Findings on the page: the surest first, under what that means; notes in the appendix."""

from __future__ import annotations

import pytest

from calibrate.report.html import render_html
from calibrate.report.tables import tables_of

HEADS = {
    "en": ("Certain: left as it is", "Likely: somebody who knows the data"),
    "it": ("Certo: lasciato com", "Probabile: qualcuno che conosce i dati"),
}


def mixed(run):
    """A note, then a likely, then a certain finding, one of them with figures of its own."""
    certain, note = run["findings"]
    likely = certain | {"severity": "likely", "what": "City is filled in late", "n_filled": 12}
    return run | {"findings": [note, likely, certain]}


@pytest.mark.parametrize("lang", ["en", "it"])
def test_findings_are_grouped_by_severity(run, lang):
    page = render_html(mixed(run), lang=lang)
    heads = [page.index(head) for head in HEADS[lang]]
    said = [page.index(part) for part in ("happens at or after the sale in 148", "City is filled")]
    assert heads[0] < said[0] < heads[1] < said[1]
    # a note is counted there, and told in the appendix
    assert "(1)" in page[said[1] : page.index('id="appendix"')]
    assert page.index("log starts 40") > page.index('id="appendix"')
    assert "148 of 150" in page[said[0] :]  # how sure


def test_figures_of_one_guard_are_no_columns_for_all(run):
    (table,) = [part for part in tables_of(mixed(run)) if part.key == "findings"]
    assert list(table.table.columns) == [
        *("severity", "guard", "what", "how_sure", "effect", "action", "columns")
    ]
