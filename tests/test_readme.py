"""What the README, the Makefile and the lock promise."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from calibrate.cli.app import app

PROJECT = Path(__file__).resolve().parents[1]


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
