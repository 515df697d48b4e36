"""What the README, the Makefile and the lock promise."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer

import calibrate as cal
from calibrate.cli.app import app
from calibrate.config import (
    ActivityColumns,
    CalibrationSettings,
    CampaignSettings,
    DatabaseSettings,
    EngineSettings,
    HandMade,
    LeadColumns,
    OutcomeColumns,
    Stages,
    ThresholdSettings,
)
from calibrate.config.columns import Section

PROJECT = Path(__file__).resolve().parents[1]
SECTIONS: list[type[Section]] = [
    LeadColumns,
    OutcomeColumns,
    ActivityColumns,
    Stages,
    CalibrationSettings,
    CampaignSettings,
    HandMade,
    ThresholdSettings,
    DatabaseSettings,
    EngineSettings,
]


def test_every_command_and_no_other_is_in_the_readme() -> None:
    table = re.findall(
        r"^\| `calibrate ([a-z]+)", (PROJECT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    group = typer.main.get_command(app)
    assert sorted(table) == sorted(group.commands)  # type: ignore[attr-defined]


def test_every_file_the_readme_links_to_exists() -> None:
    text = (PROJECT / "README.md").read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (PROJECT / link).exists()] == []


@pytest.mark.parametrize(
    "section",
    SECTIONS,
)
def test_every_setting_and_no_other_is_explained_under_its_table(section: type[Section]) -> None:
    text = (PROJECT / "docs" / "settings.md").read_text("utf-8")
    part = text.split(f"## [{section.toml_name}]\n")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z_]+)` \|", part, re.MULTILINE))
    shared = re.search(r"^and (`.*) as in `\[leads\]`\.$", part, re.MULTILINE)
    named |= set(re.findall(r"`([a-z_]+)`", shared[1])) if shared else set()
    assert named == set(section.model_fields)


def test_every_example_in_the_settings_page_can_be_used() -> None:
    text = (PROJECT / "docs" / "settings.md").read_text("utf-8")
    for section in SECTIONS:
        part = text.split(f"## [{section.toml_name}]\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| `([a-z_]+)` \|.*\| `([^|]+)` \|$", part, re.MULTILINE)
        assert rows
        section(**tomllib.loads("\n".join(f"{key} = {value}" for key, value in rows)))


@pytest.mark.slow
def test_the_clickers_of_the_fit_period_are_those_of_the_report() -> None:
    settings = cal.load_settings(PROJECT / "data" / "calibrate.toml")
    fit = settings.calibration.fit_period
    assert fit is not None
    assert fit.label == "2025-04-01..2026-04-01"  # "April 2025 to March 2026"
    obs = cal.observe(
        cal.history_from_settings(settings),
        fit_period=fit,
        observation_window="14D",
        horizon="90D",
    )
    clicked = cal.measure_lift(obs, [{"activity": "email_click", "at_least": 1}]).table.iloc[0]
    said = f"at {100 * clicked['rate']:.1f} % and {100 * clicked['control_rate']:.1f} %"
    assert said in " ".join((PROJECT / "data" / "README.md").read_text("utf-8").split())


def test_make_lists_every_target() -> None:
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE) == phony[1].split()


def test_the_lock_is_names_and_versions_only() -> None:
    lines = (PROJECT / "requirements.lock").read_text("utf-8").splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+", line)] == []


def test_the_lock_holds_every_direct_dependency() -> None:
    locked = {
        line.split("==")[0]
        for line in (PROJECT / "requirements.lock").read_text("utf-8").splitlines()
    }
    project = (PROJECT / "pyproject.toml").read_text("utf-8")
    block = project[project.index("dependencies = [") : project.index("[project.scripts]")]
    assert set(re.findall(r'^    "([a-z0-9-]+)[>=<]', block, re.MULTILINE)) <= locked
