"""The study of a planted change, one seed of it, and the command that writes the page."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks import quarter
from benchmarks.fitting.marks import Options
from benchmarks.quarterly import planted_change, real_tables
from benchmarks.quarterly.real_tables import Row
from benchmarks.studies.study import Study

SETTING = planted_change.Setting("email_click", 1_000, searched=False)


@pytest.mark.slow
def test_one_seed_says_so_in_time_and_only_with_the_change():
    company = planted_change.company_of(SETTING, seed=0)
    looks = planted_change.looks_at(company, SETTING)
    assert looks.in_quarter_5
    assert not looks.before
    assert not looks.without_change
    # the log odds that were planted, before the change and after it
    assert company.truth.log_odds["email_click"] == 1.6
    row = planted_change.row_of(SETTING, [looks])
    assert (row["in time"], row["never"], row["seeds"]) == (1, 1, 1)


def test_up_to_the_change_both_companies_are_the_same():
    company = planted_change.company_of(SETTING, seed=3)
    sql = (
        "SELECT lead_id, outcome, closed_at FROM leads"
        " WHERE created_at < TIMESTAMP '2026-01-01' ORDER BY lead_id"
    )
    changed, unchanged = (
        history.engine.query(sql).to_pandas() for history in (company.changed, company.unchanged)
    )
    pd.testing.assert_frame_equal(changed, unchanged)


@pytest.mark.parametrize(
    ("change", "met"),
    [
        ({}, True),
        ({"in time": 17}, False),
        ({"never": 17}, False),
        ({"in time": 0, "required": "never"}, True),
    ],
)
def test_the_requirement_can_fail(change, met):
    good = {"seeds": 20, "in time": 18, "never": 18, "required": "in time, never"}
    assert planted_change.is_met(pd.DataFrame([good, good | change])) is met


def test_a_row_of_a_public_table_that_is_not_as_required_fails():
    row = Row("bank_marketing", "monitor 2009Q2", "keep: 5 %", "recalibrate", met=False)
    assert not real_tables.is_met([row])
    assert real_tables.is_met([row._replace(met=True)])
    assert not real_tables.is_met([])


@pytest.mark.parametrize("passed", [True, False])
def test_the_page_is_written_and_the_exit_code_says_whether_all_is_as_required(
    passed, tmp_path, monkeypatch
):
    study = Study(
        name="planted_change", table=pd.DataFrame({"a": [1]}), summary="Asked.", passed=passed
    )
    asked = []
    monkeypatch.setattr(planted_change, "run", lambda options: asked.append(options) or study)
    page = tmp_path / "quarter.md"
    monkeypatch.setattr(quarter, "PAGE", quarter.Page(**{**vars(quarter.PAGE), "path": page}))
    assert quarter.main(["planted_change", "--quick"]) == (0 if passed else 1)
    assert not page.exists()
    assert quarter.main(["planted_change", "--data", str(tmp_path)]) == (0 if passed else 1)
    assert asked[1] == Options(data=tmp_path.resolve())
    assert page.read_text("utf-8").startswith(quarter.HEAD.rstrip())


def test_without_the_public_tables_it_says_so_and_fails(tmp_path, capsys):
    assert quarter.main(["real_tables", "--data", str(tmp_path)]) == 1
    assert "real_tables is left out: the public tables are not in" in capsys.readouterr().out


def test_the_committed_page_has_every_section():
    _, *sections = quarter.PAGE.path.read_text(encoding="utf-8").split("\n## ")
    assert [part.split(":", 1)[0] for part in sections] == list(quarter.SECTIONS)
    assert all("passed\n" in part for part in sections)


def test_the_sources_are_looked_for_where_the_tables_are(tmp_path):
    with real_tables.settings_of("crm_opportunities", tmp_path) as settings:
        name = "crm_opportunities/sales_pipeline.csv"
        assert settings.leads.source == (tmp_path / name).as_posix()
