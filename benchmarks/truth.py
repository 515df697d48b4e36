"""Run the simulation studies and write what they show: ``python -m benchmarks.truth``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

if __package__ in {None, ""}:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.page import Page
from benchmarks.studies.study import Study

__all__ = ["PAGE", "STUDIES", "main"]

STUDIES = (
    "coverage",
    "coverage_weighted",
    "coverage_points",
    "paired",
    "lag",
    "null_company",
    "found_rules",
    "leaks",
)
HEAD = """# What the numbers can be trusted for

Simulated companies whose truth is known, measured by the toolkit. Made by `python -m
benchmarks.truth`; every study draws from its own seeds, so the same versions give the same
figures. `--quick` runs small versions and writes nothing.
"""
PAGE = Page(
    path=Path(__file__).with_suffix(".md"),
    head=HEAD,
    sections=STUDIES,
    command="python -m benchmarks.truth",
    packages=("numpy", "pandas", "scipy", "duckdb"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the studies named (all by default); return 0 if every one of them is passed."""
    options = PAGE.parser(__doc__).parse_args(arguments)

    def study_of(name: str) -> Study:
        found: Study = importlib.import_module(f"benchmarks.studies.{name}").run(
            quick=options.quick
        )
        return found

    return 0 if PAGE.run(options.section or STUDIES, study_of, write=not options.quick) else 1


if __name__ == "__main__":
    sys.exit(main())
