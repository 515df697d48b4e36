"""Measure what size costs, in times of reading the data: ``python -m benchmarks.scale``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __package__ in {None, ""}:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.fitting.marks import Options
from benchmarks.page import PROJECT, Page

__all__ = ["DATA", "PAGE", "SECTIONS", "main"]

SECTIONS = ("reading", "text_ids", "whole_run", "ten_times", "scoring", "start_up")
DATA = PROJECT / ".bench" / "scale"
HEAD = """# What size costs

Made-up logs of any size (`benchmarks/scaling/data.py`: seed fixed, power-law activity, twelve
activities), each figure beside the floor measured in the same run on the same machine: what DuckDB
takes to decode the needed Parquet columns. Ratios are comparable between machines; seconds are not.
Made by `python -m benchmarks.scale` (`make bench-scale`); everything timed runs in a process of its
own, in CPU seconds of all its threads.
"""
PAGE = Page(
    path=Path(__file__).with_suffix(".md"),
    head=HEAD,
    sections=SECTIONS,
    command="python -m benchmarks.scale",
    packages=("numpy", "pandas", "pyarrow", "duckdb"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections named (all by default); return 0 if every mark is met."""
    parser = PAGE.parser(__doc__)
    parser.add_argument("--logs", type=Path, default=DATA, help="where the made-up logs are kept")
    given = parser.parse_args(arguments)
    options = Options(data=given.logs.resolve(), quick=given.quick)
    names = given.section or SECTIONS
    return PAGE.run_package("benchmarks.scaling", names, options, needing_tables=())


if __name__ == "__main__":
    sys.exit(main())
