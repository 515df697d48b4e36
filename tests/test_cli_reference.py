"""The reference of the command line is that of the code."""

from __future__ import annotations

import runpy
from pathlib import Path

import typer

from calibrate.cli.app import Format, app

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_the_reference_is_what_the_code_says() -> None:
    page = (DOCS / "reference.md").read_text("utf-8")
    assert page == runpy.run_path(str(DOCS / "make_reference.py"))["reference"]()


def test_every_command_and_option_is_in_the_reference() -> None:
    page = (DOCS / "reference.md").read_text("utf-8")
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        part = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            named = parameter.opts if parameter.opts[0].startswith("-") else [parameter.metavar]
            assert [option for option in named if f"`{option}`" not in part] == []


def test_every_command_that_shows_numbers_gives_them_as_json() -> None:
    """What each then says is tested beside the command; this is that none is forgotten."""
    assert "json" in [form.value for form in Format]
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    gives = {
        name
        for name, command in commands.items()
        for parameter in command.params
        if "--format" in parameter.opts
    }
    # the rest write files: a card's SQL, a run's pages, the card in force
    assert set(commands) - gives == {"export", "report", "promote"}
