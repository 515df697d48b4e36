"""Run the simulation studies and write what they show: ``python -m benchmarks.truth``."""

from __future__ import annotations

import argparse
import importlib
import platform
import shlex
import sys
import time
import tomllib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

if __package__ in {None, ""}:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.studies.study import Study

__all__ = ["STUDIES", "main", "written"]

STUDIES = (
    "coverage",
    "coverage_weighted",
    "coverage_points",
    "lag",
    "null_company",
    "leaks",
)
PAGE = Path(__file__).with_suffix(".md")
PACKAGES = ("numpy", "pandas", "scipy", "duckdb")
HEAD = """# What the numbers can be trusted for

Simulated companies whose truth is known, measured by the toolkit. Made by `python -m
benchmarks.truth`; every study draws from its own seeds, so the same versions give the same
figures. `--quick` runs small versions and writes nothing.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the studies named (all by default); return 0 if every one of them is passed."""
    options = _parser().parse_args(arguments)
    passed = True
    for name in options.study or STUDIES:
        started = time.perf_counter()
        study = importlib.import_module(f"benchmarks.studies.{name}").run(quick=options.quick)
        seconds = time.perf_counter() - started
        section = written(study, command=_command(name), seconds=seconds)
        print(section, flush=True)
        if not options.quick:
            PAGE.write_text(_replaced(_page(), name, section), encoding="utf-8")
            _write_cells(study)
        passed &= study.passed
    return 0 if passed else 1


def _write_cells(study: Study) -> None:
    if study.cells is not None:
        path = PAGE.with_name(f"{study.name}_cells.csv")
        study.cells.to_csv(path, index=False, float_format="%.4g", lineterminator="\n")


def written(study: Study, *, command: str, seconds: float) -> str:
    """Return the section of a study: what was asked, its table, and how it was made."""
    verdict = "passed" if study.passed else "NOT PASSED"
    made = f"Made by `{command}` in {seconds / 60:.0f} minutes with {_versions()}."
    return "\n\n".join((f"## {study.name}: {verdict}", study.summary, markdown(study.table), made))


def markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table; rates and ratios to four digits, whole numbers as such."""
    head = [str(column) for column in table.columns]
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value == round(value) and abs(value) > 1 else f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _page() -> str:
    return PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD


def _replaced(page: str, name: str, section: str) -> str:
    """Return the page with the section of one study replaced, in the order of the studies."""
    head, *old = page.split("\n## ")
    sections = {part.split(":", 1)[0]: part.rstrip() for part in old}
    sections[name] = section.removeprefix("## ").rstrip()
    ordered = [sections[study] for study in STUDIES if study in sections]
    return "\n\n## ".join([head.rstrip(), *ordered]) + "\n"


def _command(name: str) -> str:
    return shlex.join(["python", "-m", "benchmarks.truth", name])


def _versions() -> str:
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    project = tomllib.loads((PAGE.parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    own = project["project"]["version"]
    return f"calibrate {own}, Python {platform.python_version()}, {packages}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument("study", nargs="*", choices=[*STUDIES, []], help="default: all of them")
    parser.add_argument("--quick", action="store_true", help="small versions; writes nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
