"""What earns nothing because another line counts it: said as the two lie to each other."""

from __future__ import annotations

from typing import Any

import pytest

from calibrate.report import render_html, render_markdown
from tests.report.pages import Page


def emptied(run: dict[str, Any], meets: bool, also: bool) -> dict[str, Any]:
    """Return the run with one of the four fields of email_open without a lead."""
    for cell in run["overlaps"]:
        if (cell["meets"], cell["meets_other"]) == (meets, also):
            cell |= {"n": 0, "n_converted": 0, "rate": None}
            cell |= {"rate_ci_lower": None, "rate_ci_upper": None}
    return run


def test_the_four_fields_stand_on_the_page(run: dict[str, Any]) -> None:
    page = Page(render_html(run)).visible
    # 228 / 2890 - 310 / 4300 = +0.68 of 100; 1,000 of 2,890 also clicked; 107 / 1,000, 11 / 105
    said = "On its own +0.7 of 100. But 35 in 100 of them also meet"
    assert said in page
    assert "among those 10.7 of 100 buy with it, 10.5 without." in page
    for counts in ("107 of 1,000", "121 of 1,890", "11 of 105", "71 of 1,305"):
        assert counts in page
    assert said in render_markdown(run)


@pytest.mark.parametrize(
    ("empty", "words"),
    [
        ((False, True), "which is a part of it; of the rest 6.4 of 100 buy"),  # 121 / 1,890
        ((True, True), "the other side of"),
    ],
)
def test_a_part_and_the_other_side_are_said_so(
    run: dict[str, Any], empty: tuple[bool, bool], words: str
) -> None:
    assert words in Page(render_html(emptied(run, *empty))).visible
    assert words in render_markdown(run)
