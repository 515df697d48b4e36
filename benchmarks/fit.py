"""Measure the fitted card against its marks and its peers: ``python -m benchmarks.fit``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

if __package__ in {None, ""}:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.fitting.marks import Options
from benchmarks.page import PROJECT, Page, without_tables
from benchmarks.studies.study import Study

__all__ = ["DATA", "ON_PUBLIC_TABLES", "PAGE", "SECTIONS", "main"]

SECTIONS = ("auc", "risk_slim", "small_quarters", "permuted", "cost", "growth")
ON_PUBLIC_TABLES = ("auc", "risk_slim", "permuted", "cost")
DATA = PROJECT.parent / "shared" / "data"
HEAD = """# How good a card of a dozen rules is

Our cards and those of peers on the same leads, each figure beside the mark it has to reach. Made
by `python -m benchmarks.fit` (`make bench-fit`); every fit on one thread, peers in environments of
their own (`benchmarks/peers` pins their packages). The public tables are not part of the project:
`--data` says where they are.
"""
PAGE = Page(
    path=Path(__file__).with_suffix(".md"),
    head=HEAD,
    sections=SECTIONS,
    command="python -m benchmarks.fit",
    packages=("numpy", "pandas", "scipy", "scikit-learn", "duckdb"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections named (all by default); return 0 if every mark is met."""
    given = _parser().parse_args(arguments)
    options = Options(data=given.data.resolve(), quick=given.quick, refresh=given.peers)
    names = list(given.section or SECTIONS)
    left_out = without_tables(names, ON_PUBLIC_TABLES, given.data)

    def study_of(name: str) -> Study:
        found: Study = importlib.import_module(f"benchmarks.fitting.{name}").run(options)
        return found

    asked = [name for name in names if name not in left_out]
    return 0 if PAGE.run(asked, study_of, write=not options.quick) and not left_out else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit", description=__doc__)
    parser.add_argument("section", nargs="*", choices=[*SECTIONS, []], help="default: all of them")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the public tables")
    parser.add_argument("--peers", action="store_true", help="ask the peers again")
    parser.add_argument("--quick", action="store_true", help="small versions; writes nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
