from __future__ import annotations

import json

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


def test_columns_stand_in_reading_order_whatever_the_order_of_the_file(run, tmp_path):
    write_workbook(json.loads(json.dumps(run, sort_keys=True)), tmp_path / "sorted.xlsx")
    heads = [cell.value for cell in openpyxl.load_workbook(tmp_path / "sorted.xlsx")["Lift"][1]]
    begin = ["criterion", "leads", "customers", "share of leads"]
    rate = ["conversion rate", "conversion rate lower", "conversion rate upper"]
    assert [head for head in heads if head in begin] == begin
    assert heads.index(begin[-1]) < heads.index(rate[0])
    assert heads[heads.index(rate[0]) :][:3] == rate
    assert heads[-1] == "confidence level"


def test_long_names_of_sheets_end_with_a_whole_word(book):
    assert "Expected conversion rate by" in book.sheetnames  # "... by score" is too long
    assert all(name == name.strip() and len(name) <= 31 for name in book.sheetnames)


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
