"""Write ``docs/reference.md``: every command and option, from the code.

python docs/make_reference.py
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from calibrate.cli import app

PAGE = Path(__file__).with_name("reference.md")
HEAD = """\
# Every command and option

Written from the code by `python docs/make_reference.py`; a test holds the two together.
The keys of `calibrate.toml` are in [`settings.md`](settings.md).

CARD is a `scorecard.json` or a run folder; left out, it is the card in force, else that of the
newest run. Exit codes: 0 done; 1 something is wrong in a file or a setting, said in one line on
stderr; 2 wrong usage; 3 a gate tripped (the new card is not better, or monitoring says
recalibrate), with everything written all the same; 130 stopped by Ctrl-C, nothing half-written.

Answers go to stdout, progress and remarks to stderr. On a terminal there are colours and a progress
bar; `NO_COLOR=1` switches the colours off, `--quiet` the progress and the remarks. `--format json`
and `--format csv` give the numbers at full precision.

Completion of commands and options: `calibrate --install-completion` (bash, zsh, fish), then open a
new shell.
"""


def reference() -> str:
    """Return the page."""
    group: Any = typer.main.get_command(app)
    parts = [HEAD, "## calibrate\n", *_table(group.params)]
    for name, command in group.commands.items():
        usage = " ".join(["calibrate", name, *_usage(command.params)])
        said = inspect.cleandoc(command.help or "")
        parts += [f"\n## {name}\n", f"```\n{usage}\n```\n", f"{said}\n", *_table(command.params)]
    return "\n".join(parts).rstrip() + "\n"


def _usage(parameters: Iterable[Any]) -> list[str]:
    words = [p.metavar for p in parameters if p.param_type_name == "argument"]
    words += [
        f"{p.opts[0]} {_metavar(p)}" for p in parameters if p.required and p.opts[0].startswith("-")
    ]
    return [*words, "[OPTIONS]"]


def _table(parameters: Iterable[Any]) -> list[str]:
    rows = [f"| {_named(p)} | {_said(p)} | {_default(p)} |" for p in parameters]
    return ["| | what it does | default |", "|---|---|---|", *rows] if rows else []


def _named(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar}`"
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    metavar = _metavar(parameter)
    return f"{names} {metavar}".strip() if metavar else names


def _metavar(parameter: Any) -> str:
    kind = getattr(parameter.default, "__class__", None)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "\\|".join(str(choice.value) for choice in kind)
    return str(parameter.metavar or "").replace("|", "\\|")


def _said(parameter: Any) -> str:
    return str(getattr(parameter, "help", None) or "").replace("|", "\\|")


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "needed"
    if value is None or value is False:
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
