"""The command that runs the studies, and the page it writes."""

import dataclasses

import pandas as pd
import pytest

from benchmarks import truth
from benchmarks.page import replaced
from benchmarks.studies import coverage, lag
from benchmarks.studies.study import Study

STUDY = Study(
    name="lag",
    table=pd.DataFrame({"leads": [1_300], "bias": [0.0125], "days": [90.0]}),
    summary="What was asked.",
    passed=False,
)


def test_a_section_says_whether_it_passed_and_how_it_was_made():
    section = truth.PAGE.section(STUDY, seconds=121)
    assert section.startswith("## lag: NOT PASSED\n\nWhat was asked.\n\n| leads | bias | days |")
    assert "| 1,300 | 0.0125 | 90 |" in section
    assert "Made by `python -m benchmarks.truth lag` in 2 minutes with calibrate" in section


def test_the_page_keeps_the_other_studies_in_their_order():
    order = truth.STUDIES
    page = replaced(truth.HEAD, "null_company", "## null_company: passed\n\nOld", order=order)
    page = replaced(page, "lag", "## lag: passed\n\nNew", order=order)
    page = replaced(page, "null_company", "## null_company: passed\n\nNewer", order=order)
    assert page.startswith(truth.HEAD.rstrip())
    assert page.index("## lag") < page.index("## null_company: passed\n\nNewer")
    assert "Old" not in page


def test_every_section_of_the_committed_page_says_which_command_made_it():
    _, *sections = truth.PAGE.path.read_text(encoding="utf-8").split("\n## ")
    names = [section.split(":", 1)[0] for section in sections]
    assert names == list(truth.STUDIES)
    assert all(section.split("\n", 1)[0].endswith(": passed") for section in sections)
    for name, section in zip(names, sections, strict=True):
        assert f"Made by `python -m benchmarks.truth {name}` in " in section


@pytest.mark.parametrize("passed", [True, False])
def test_every_study_named_is_run_and_written_and_one_that_fails_tells(
    passed, tmp_path, monkeypatch, capsys
):
    asked = []
    for module in (lag, coverage):
        study = dataclasses.replace(
            STUDY, name=module.__name__.rsplit(".", 1)[-1], passed=passed or module is coverage
        )
        monkeypatch.setattr(module, "run", lambda study=study, **how: asked.append(how) or study)
    page = tmp_path / "truth.md"
    monkeypatch.setattr(truth, "PAGE", dataclasses.replace(truth.PAGE, path=page))
    assert truth.main(["lag", "coverage", "--quick"]) == (0 if passed else 1)
    assert not page.exists()
    assert truth.main(["lag", "coverage"]) == (0 if passed else 1)
    assert asked == [{"quick": True}] * 2 + [{"quick": False}] * 2
    text = page.read_text(encoding="utf-8")
    assert text.index("## coverage: passed") < text.index("## lag: ")
    assert capsys.readouterr().out.count("## lag: ") == 2
