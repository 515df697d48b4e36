"""The reference of the command line is that of the code."""

from __future__ import annotations

import runpy
from pathlib import Path

import typer

from calibrate.cli.app import app

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
