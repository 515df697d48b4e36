"""Measure the fitted card against its marks and its peers: ``python -m benchmarks.fit``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __package__ in {None, ""}:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.fitting.marks import Options
from benchmarks.page import PROJECT, Page

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
    parser = PAGE.parser(__doc__, data=DATA)
    parser.add_argument("--peers", action="store_true", help="ask the peers again")
    given = parser.parse_args(arguments)
    options = Options(data=given.data.resolve(), quick=given.quick, refresh=given.peers)
    names = given.section or SECTIONS
    return PAGE.run_package("benchmarks.fitting", names, options, needing_tables=ON_PUBLIC_TABLES)


if __name__ == "__main__":
    sys.exit(main())
