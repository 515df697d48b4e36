"""The slider in a notebook cell, in a real browser: as kept in the notebook, and of any cuts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calibrate import explore_thresholds
from calibrate.report.words import Words
from calibrate.thresholds import Thresholds, choose_thresholds
from tests.browser.conftest import Opened

Open = Callable[..., Opened]
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02_your_own_export.ipynb"
PEOPLE = 3
PAGE = "<!doctype html><html lang='en'><meta charset='utf-8'><title>notebook</title><body>{}"
CELLS = """() => Object.fromEntries(
    [...document.querySelectorAll("[data-field]")].map(c => [c.dataset.field, c.textContent])
)"""
ROWS = """() => [...document.querySelectorAll("details table tbody tr")].map(
    row => [...row.cells].map(c => c.textContent)
)"""


@pytest.fixture(scope="module")
def cuts() -> Thresholds:
    rng = np.random.default_rng(5)
    score = rng.integers(0, 101, size=400)
    scores = pd.DataFrame({"score": score, "converted": rng.random(400) < score / 200})
    scores["created_at"] = pd.date_range("2026-01-01", periods=400, freq="5h")
    return choose_thresholds(scores, capacity=5)


def in_a_cell(shown: str) -> str:
    """Return a page with an output as an exported notebook has it."""
    return PAGE.format(f'<div class="output_html rendered_html">{shown}</div>')


def frame_of(told: Opened) -> Any:
    frame = told.page.frame_locator("iframe")
    frame.get_by_role("slider").wait_for()
    return next(one for one in told.page.frames if one != told.page.main_frame)


def at_cut(table: pd.DataFrame, cut: int) -> dict[str, Any] | None:
    """Return the row of the thresholds that holds for a cut: the next score that a lead has."""
    rows = table[table["threshold"] >= cut].sort_values("threshold")
    return None if rows.empty else dict(rows.iloc[0])


@pytest.mark.slow
def test_the_slider_moves_by_keyboard_and_shows_the_thresholds_at_every_cut(
    open_page: Open, cuts: Thresholds
) -> None:
    told, words = (
        open_page(in_a_cell(explore_thresholds(cuts, people=PEOPLE)._repr_html_())),
        Words("en"),
    )
    frame = frame_of(told)
    slider = frame.get_by_role("slider")
    assert slider.input_value() == str(cuts.threshold)
    slider.focus()
    told.page.keyboard.press("Home")
    table = cuts.table
    everyone = int(table.sort_values("threshold")["n_converted"].iloc[0])
    for cut in range(101):
        row, shown = at_cut(table, cut), frame.evaluate(CELLS)
        if row is None:
            assert set(shown.values()) == {"–"}
        else:
            assert shown["leads_per_week"] == words.one_decimal(row["leads_per_week"])
            assert shown["per_person"] == words.one_decimal(row["leads_per_week"] / PEOPLE)
            assert shown["rate"] == words.of_100(row["rate"])
            assert shown["range"] == words(
                "page.bracket",
                lower=words.of_100(row["rate_ci_lower"]),
                upper=words.of_100(row["rate_ci_upper"]),
            )
            assert shown["caught"] == words(
                "explorer.x_of_y", x=int(row["n_converted"]), y=everyone
            )
            assert shown["missed"].split()[0] == str(everyone - int(row["n_converted"]))
        told.page.keyboard.press("ArrowRight")
    frame.get_by_role("button").press("Enter")
    assert slider.input_value() == str(cuts.threshold)
    assert told.complaints == []


def test_nothing_leaves_the_page(open_page: Open, cuts: Thresholds) -> None:
    told = open_page(in_a_cell(explore_thresholds(cuts)._repr_html_()))
    frame_of(told)
    assert [url for url in told.asked if url not in (told.page.url, "about:srcdoc")] == []


def test_the_kept_notebook_is_live_without_a_kernel_or_a_network(open_page: Open) -> None:
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    shown = ["".join(output.get("data", {}).get("text/html", [])) for output in outputs]
    told = open_page(in_a_cell("".join(shown)))
    frame = frame_of(told)
    rows = frame.evaluate(ROWS)
    slider = frame.get_by_role("slider")
    slider.focus()
    for key in ("ArrowRight", "ArrowRight", "PageUp", "Home", "ArrowLeft"):
        told.page.keyboard.press(key)
        cut = int(slider.input_value())
        row = next((row for row in rows if int(row[0]) >= cut), None)
        values = frame.evaluate(CELLS)
        told_there = {f"{values['rate']} {values['range']}", values["caught"], values["missed"]}
        assert told_there <= set(row or ["– –", "–"])
    assert told.complaints == []
    assert [url for url in told.asked if url not in (told.page.url, "about:srcdoc")] == []
