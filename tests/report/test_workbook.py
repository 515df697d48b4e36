from __future__ import annotations

import openpyxl
import pytest

from calibrate.report import write_workbook
from tests.report.invented_run import sample_run


@pytest.fixture
def book(run, tmp_path):
    write_workbook(run, tmp_path / "report.xlsx")
    return openpyxl.load_workbook(tmp_path / "report.xlsx")


def test_numbers_are_numbers_at_full_precision(run, book):
    sheet = book["Lift"]
    heads = [cell.value for cell in sheet[1]]
    first = dict(zip(heads, sheet[2], strict=True))
    assert first["conversion rate"].value == run["lift"][0]["rate"]
    assert first["conversion rate"].number_format == "0.0%"
    assert first["leads"].value == 905
    assert "conversion rate lower" in heads


def test_headers_are_frozen_and_filtered(book):
    for sheet in book:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref
    assert book.sheetnames[0] == "Control rate, three ways"


def test_the_same_run_gives_the_same_bytes(tmp_path):
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook(sample_run(), tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_text_is_never_a_formula(hostile_run, tmp_path):
    write_workbook(hostile_run, tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)
    found = [cell for cell in cells if str(cell.value).startswith("=HYPERLINK")]
    assert found
    assert all(cell.quotePrefix and cell.data_type == "s" for cell in found)
    risky = [cell for cell in cells if str(cell.value)[:1] in "=+-@" and cell.data_type == "s"]
    assert all(cell.quotePrefix for cell in risky if cell.value)


def test_infinite_bounds_and_long_texts_are_written_as_texts(run, tmp_path):
    run["lift"][0]["lift_ci_upper"] = float("inf")
    run["warnings"] = ["y" * 40_000]
    write_workbook(run, tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    texts = [cell.value for cell in book["Lift"][2]]
    assert "no limit" in texts
    assert len(book["Warnings"]["A2"].value) == 32_000


def test_an_empty_run_is_a_workbook_all_the_same(tmp_path):
    write_workbook({}, tmp_path / "report.xlsx", lang="it")
    assert len(openpyxl.load_workbook(tmp_path / "report.xlsx").sheetnames) == 1
