"""One number, three faces: in Python, in ``run.json`` and on the page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from calibrate.display import format_value, languages
from calibrate.pipeline import json_text
from calibrate.report import render_html
from tests.report.pages import Page
from tests.small_company import company_run


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(json_text(company_run().summary()))
    return whole


@pytest.mark.parametrize("lang", languages())
def test_the_lift_of_every_line_is_the_same_on_all_three(
    summary: dict[str, Any], lang: str
) -> None:
    in_python = company_run().lift.table.set_index("criterion")["lift"]
    in_json = {row["criterion"]: row["lift"] for row in summary["lift"]}
    page = render_html(summary, lang=lang)
    card = page[page.index('id="card-lines"') : page.index('id="changes"')]
    rows = [Page(row).visible for row in re.findall(r"<tr.*?</tr>", card, re.DOTALL)]
    lines = summary["scorecard"]["criteria"]
    assert lines
    for line in lines:
        name = line["name"]
        assert in_python[name] == in_json[name] == line["lift"]
        shown = format_value("lift", in_python[name], lang=lang)
        # a name may break after an underscore on the page
        assert any(row.replace("_ ", "_").startswith(name) and shown in row for row in rows), name


def test_the_rate_of_the_headline_is_the_same_on_all_three(summary: dict[str, Any]) -> None:
    control = company_run().control
    assert summary["control"]["rate"] == control.rate
    of_100 = format_value("rate", control.rate).removesuffix("%")
    assert f"<b>{of_100} of 100</b>" in render_html(summary)
