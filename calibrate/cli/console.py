"""What a command shows: tables, CSV or JSON on stdout; progress and remarks on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from calibrate.display import clean_text, format_table, is_numeric_column, text_table
from calibrate.pipeline import json_text
from calibrate.writer import csv_text

__all__ = ["paragraph_width", "place", "progress", "remark", "say", "say_lines", "show_json"]
__all__ += ["show_table"]

CELL = 120  # outside a terminal a table need not fit a screen
PARAGRAPH = 100


def say(text: str) -> None:
    """Write a line for a person on stdout."""
    sys.stdout.write(f"{clean_text(text)}\n")


def say_lines(lines: Iterable[str]) -> None:
    """Write lines that are clean already, indented as they are."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def paragraph_width() -> int:
    """Return how wide a paragraph may be: 100, or the terminal's width where that is less."""
    console = Console()
    return min(console.width, PARAGRAPH) if console.is_terminal else PARAGRAPH


def remark(text: str) -> None:
    """Write a line on stderr, beside the answer."""
    sys.stderr.write(f"{clean_text(text)}\n")


def show_table(
    table: pd.DataFrame, how: str, *, title: str | None = None, max_rows: int | None = None
) -> None:
    """Show a table: worded for a person, or as CSV or JSON at full precision."""
    if how == "csv":
        sys.stdout.write(csv_text(table))
    elif how == "json":
        sys.stdout.write(json_text(table))
    else:
        rest = 0 if max_rows is None else max(len(table) - max_rows, 0)
        _show_words(table if max_rows is None else table.head(max_rows), title)
        if rest:
            say(f"{rest:,} more: --format csv or --out FILE")


def show_json(parts: Mapping[str, Any]) -> None:
    """Show several parts as one JSON object."""
    sys.stdout.write(json_text(dict(parts)))


def _show_words(table: pd.DataFrame, title: str | None) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        sys.stdout.write((f"{title}\n" if title else "") + f"{text_table(table, width=CELL)}\n\n")
        return
    drawn = Table(title=title, title_justify="left")
    for column in table.columns:
        is_number = is_numeric_column(table, column)
        drawn.add_column(Text(str(column)), justify="right" if is_number else "left")
    for row in format_table(table).itertuples(index=False, name=None):
        drawn.add_row(*(Text(str(cell)) for cell in row))
    console.print(drawn)


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Give a function to tell progress to: a bar on a terminal, plain lines elsewhere.

    Each line says how much is done, the step that begins, and after how many seconds.
    """
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        started = time.monotonic()
        yield lambda step, done: remark(
            f"[{done:4.0%}] {step} ({time.monotonic() - started:.0f} s)"
        )
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda step, done: bar.update(task, description=step, completed=done)


def place(path: Path) -> str:
    """Return a path as seen from here where it lies below, else whole."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
