"""The page of every number: each section is whole, and what it names is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from calibrate.lift.measure import LIFT_COLUMNS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "statistics.md").read_text("utf-8")
SECTIONS = {
    part.split("\n", 1)[0]: part for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
}
COMPUTED_BY = sorted(set(re.findall(r"`(calibrate\.[\w.]+)`", PAGE)))


@pytest.mark.parametrize("name", SECTIONS)
def test_each_number_has_its_meaning_formula_paper_and_function(name):
    said = re.findall(r"^- \*\*(\w[\w ]*):\*\*", SECTIONS[name], re.MULTILINE)
    assert said[:4] == ["Says", "Formula", "Paper", "Computed by"]
    computed_by = SECTIONS[name].split("- **Computed by:**")[1]
    assert re.search(r"`calibrate\.[\w.]+`", computed_by)


@pytest.mark.parametrize("name", COMPUTED_BY)
def test_what_the_page_names_can_be_called(name):
    module, _, function = name.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_link_in_the_page_leads_to_a_heading():
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}
    links = re.findall(r"\]\(#([\w-]+)\)", PAGE)
    assert links
    assert [link for link in links if link not in anchors] == []


def test_every_column_of_the_lift_table_is_explained():
    numbers = [name for name in LIFT_COLUMNS if not name.endswith(("_ci_lower", "_ci_upper"))]
    plain = {"criterion", "group", "source", "reason", "confidence_level"}
    words = PAGE.lower().replace("-", "_").replace(" ", "_")
    counts = {name for name in numbers if name in {"n", "n_converted"} or name.startswith("n_")}
    for name in sorted(set(numbers) - plain - (counts - {"n_effective"})):
        assert name in words, name
