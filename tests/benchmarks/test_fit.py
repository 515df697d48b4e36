"""The command that measures our cards, its marks, and the page it writes."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks import fit
from benchmarks.fitting import growth, risk_slim, small_quarters
from benchmarks.fitting.fresh import cost_of, fresh
from benchmarks.fitting.marks import Options, all_met, at_least, at_most, said
from benchmarks.studies.study import Study


def test_a_mark_says_whether_it_is_met_or_by_how_much_it_is_missed():
    assert said(at_least(0.9046, 0.904)) == {"required": "at least 0.904", "verdict": "met"}
    assert at_least(0.9016, 0.904).verdict == "missed by 0.0024"  # .904 - .9016
    assert at_most(0.8, 0.8).met
    assert at_most(1.1, 0.8).verdict == "missed by 0.3"
    assert said(None) == {"required": "", "verdict": ""}


def test_what_could_not_be_measured_meets_no_mark():
    assert not at_most(float("nan"), 1).met
    assert not at_least(float("nan"), 1).met
    assert not all_met([None])
    assert all_met([None, at_most(1, 2)])
    assert not all_met([at_most(1, 2), at_most(3, 2)])


def test_without_the_public_tables_it_says_so_and_fails(tmp_path, capsys):
    assert fit.main(["auc", "--data", str(tmp_path)]) == 1
    assert "auc is left out: the public tables are not in" in capsys.readouterr().out


@pytest.mark.parametrize("passed", [True, False])
def test_the_page_is_written_and_the_exit_code_says_whether_all_is_met(
    passed, tmp_path, monkeypatch, capsys
):
    study = Study(name="growth", table=pd.DataFrame({"a": [1]}), summary="Asked.", passed=passed)
    asked = []
    monkeypatch.setattr(growth, "run", lambda options: asked.append(options) or study)
    page = tmp_path / "fit.md"
    monkeypatch.setattr(fit, "PAGE", fit.Page(**{**vars(fit.PAGE), "path": page}))
    assert fit.main(["growth", "--quick"]) == (0 if passed else 1)
    assert not page.exists()
    assert fit.main(["growth", "--data", str(tmp_path), "--peers"]) == (0 if passed else 1)
    assert asked[1] == Options(data=tmp_path.resolve(), quick=False, refresh=True)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(fit.HEAD.rstrip())
    assert f"## growth: {'passed' if passed else 'NOT PASSED'}\n\nAsked." in text
    assert "Made by `python -m benchmarks.fit growth` in 0 seconds with calibrate" in text


def test_the_committed_page_has_every_section_and_says_which_command_made_it():
    _, *sections = fit.PAGE.path.read_text(encoding="utf-8").split("\n## ")
    names = [section.split(":", 1)[0] for section in sections]
    assert names == list(fit.SECTIONS)
    for name, section in zip(names, sections, strict=True):
        assert f"Made by `python -m benchmarks.fit {name}` in " in section


def test_a_function_runs_in_a_process_of_its_own_with_one_thread():
    assert fresh("os:getenv", key="OPENBLAS_NUM_THREADS") == "1"
    with pytest.raises(RuntimeError, match="os:listdir failed"):
        fresh("os:listdir", path="no such folder")


def test_the_cost_of_a_call_is_the_peak_above_what_was_there_before():
    held = bytearray(60_000_000)
    returned, cost = cost_of(lambda: len(bytearray(100_000_000)))
    assert (returned, len(held)) == (100_000_000, 60_000_000)
    assert 90 < cost.megabytes < 130  # 10^8 bytes are 95.4 MB of 2^20 bytes
    _, nothing = cost_of(lambda: sum(range(1_000_000)))
    assert nothing.megabytes < 20
    assert nothing.seconds > 0


def test_the_exponent_is_the_power_by_which_the_seconds_grow():
    assert growth.exponent([1, 2, 4], [3, 6, 12]) == pytest.approx(1)
    assert growth.exponent([10, 20, 40], [1, 4, 16]) == pytest.approx(2)


def test_not_below_on_any_table_and_above_on_most():
    assert risk_slim.is_met(pd.Series([0.01, 0.02, 0.0]))
    assert not risk_slim.is_met(pd.Series([0.01, 0.02, -0.001]))
    assert not risk_slim.is_met(pd.Series([0.01, 0.0, 0.0]))
    assert not risk_slim.is_met(pd.Series([0.01, 0.02, float("nan")]))


def test_the_marks_of_small_quarters_are_those_of_the_issue():
    # 5,000: at most 0.8 false, 0.9 missed, change 0.80, AUC .783 where the oracle had .785;
    # 2,000: 1 false, 2.7 missed, AUC .774 where the oracle had .781.
    assert {n: list(marks.values()) for n, marks in small_quarters.MARKS.items()} == {
        5_000: [0.8, 0.9, 0.8, pytest.approx(0.002)],
        2_000: [1.0, 2.7, pytest.approx(0.007)],
    }
