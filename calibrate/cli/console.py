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

from calibrate.cli.constants import QUIET
from calibrate.display import clean_text, heading, is_numeric_column, text_lines, with_intervals
from calibrate.pipeline import json_text
from calibrate.writer import csv_text

__all__ = ["paragraph_width", "place", "progress", "remark", "say", "say_lines", "show_json"]
__all__ += ["show_table", "tone_of"]

CELL = 120  # outside a terminal a table need not fit a screen
PARAGRAPH = 100
TONES = {
    **dict.fromkeys(("certain", "retire", "recalibrate"), "red"),
    **dict.fromkeys(("likely", "hold", "watch", "look at this"), "yellow"),
    **dict.fromkeys(("promote", "keep"), "green"),
    "note": "dim",
}


def say(text: str, *, tone: str | None = None) -> None:
    """Write a line for a person on stdout; with a tone, in its colour on a terminal."""
    _write(clean_text(text), tone)


def say_lines(lines: Iterable[str], *, tone: Callable[[str], str | None] | None = None) -> None:
    """Write lines that are clean already, indented as they are, each in its tone."""
    for line in lines:
        _write(line, None if tone is None else tone(line))


def tone_of(line: str) -> str | None:
    """Return the tone of the line that opens a finding, or of a verdict; None of any other."""
    return TONES.get(line.split(":", 1)[0].removeprefix("gate "))


def paragraph_width() -> int:
    """Return how wide a paragraph may be: 100, or the terminal's width where that is less."""
    console = Console()
    return min(console.width, PARAGRAPH) if console.is_terminal else PARAGRAPH


def remark(text: str) -> None:
    """Write a line on stderr, beside the answer; nothing where only the answer is wanted."""
    if not QUIET.get():
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


def _write(line: str, tone: str | None) -> None:
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if tone is None or not console.is_terminal:
        sys.stdout.write(f"{line}\n")
    else:
        console.print(Text(line, style=tone))


def _show_words(table: pd.DataFrame, title: str | None) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    written = with_intervals(table)
    numbers = [column for column in written.columns if is_numeric_column(table, column)]
    levels = table["confidence_level"].dropna().unique() if "confidence_level" in table else []
    if len(levels) == 1:
        title = f"{title or ''} (in brackets: {levels[0]:.0%} intervals)".strip()
    if not console.is_terminal:
        text = text_lines(written.rename(columns=heading), list(map(heading, numbers)), width=CELL)
        sys.stdout.write((f"{title}\n" if title else "") + f"{text}\n\n")
        return
    drawn = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in written.columns:
        drawn.add_column(Text(heading(column)), justify="right" if column in numbers else "left")
    for row in written.itertuples(index=False, name=None):
        drawn.add_row(*(Text(str(cell), style=_points_tone(cell)) for cell in row))
    console.print(drawn)


def _points_tone(cell: object) -> str:
    """Colour of a cell: points and differences have a sign."""
    text = str(cell)
    if text[:1] == "+":
        return "green"
    return "red" if text[:1] in ("-", "\N{MINUS SIGN}") and text[1:2].isdecimal() else ""


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Give a function to tell progress to: a bar on a terminal, plain lines elsewhere, or none.

    Each line says how much is done, the step that begins, and after how many seconds.
    """
    if QUIET.get():
        yield lambda _step, _done: None
        return
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
