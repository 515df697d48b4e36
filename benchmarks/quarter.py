"""Ask the quarter's script what it must say: ``python -m benchmarks.quarter``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __package__ in {None, ""}:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.fitting.marks import Options
from benchmarks.page import PROJECT, Page

__all__ = ["DATA", "ON_PUBLIC_TABLES", "PAGE", "SECTIONS", "main"]

SECTIONS = ("planted_change", "real_tables")
ON_PUBLIC_TABLES = ("real_tables",)
DATA = PROJECT.parent / "shared" / "data"
HEAD = """# Does it say so when a card stops working, and only then

A simulated company in which an activity loses its effect, and public tables. Made by `python -m
benchmarks.quarter` (`make bench-quarter`); every seed is stated, so the same versions give the
same figures. The public tables are not part of the project: `--data` says where they are.
"""
PAGE = Page(
    path=Path(__file__).with_suffix(".md"),
    head=HEAD,
    sections=SECTIONS,
    command="python -m benchmarks.quarter",
    packages=("numpy", "pandas", "scipy", "duckdb"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections named (all by default); return 0 if all is as required."""
    given = PAGE.parser(__doc__, data=DATA).parse_args(arguments)
    options = Options(data=given.data.resolve(), quick=given.quick)
    names = given.section or SECTIONS
    return PAGE.run_package("benchmarks.quarterly", names, options, needing_tables=ON_PUBLIC_TABLES)


if __name__ == "__main__":
    sys.exit(main())
