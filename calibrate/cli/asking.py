"""Asking a person on a terminal: each question once more where the answer is none."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from calibrate.display import clean_text
from calibrate.errors import ConfigError
from calibrate.proposal import Question

__all__ = ["ask", "is_terminal"]


def is_terminal() -> bool:
    """Whether a person is at both ends: what is typed and what is shown."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask(question: Question) -> Any:
    """Ask until there is an answer; Enter takes the default.

    Raises
    ------
    KeyboardInterrupt
        Where the person stops, or closes the terminal's input.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    console.print()
    console.print(Text(clean_text(question.text), style="bold"))
    for number, choice in enumerate(question.choices, start=1):
        console.print(Text(f"  {number:>2}  {clean_text(choice)}"))
    while True:
        console.print(Text(f"[{clean_text(question.shown)}] "), end="")
        try:
            return question.answer(input())
        except EOFError:
            raise KeyboardInterrupt from None
        except ConfigError as error:
            console.print(Text(str(error), style="yellow"))
