"""The page that a benchmark writes: one section a study, each replaced by itself."""

from __future__ import annotations

import argparse
import importlib
import platform
import shlex
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.fitting.marks import Options
from benchmarks.studies.study import Study

__all__ = ["PROJECT", "Page", "markdown", "replaced", "without_tables", "written"]

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where a benchmark writes what it shows.

    Attributes
    ----------
    path : Path
    head : str
        What stands above the sections.
    sections : tuple of str
        Names of the studies, in the order of the page.
    command : str
        Runs the benchmark, e.g. ``python -m benchmarks.truth``.
    packages : tuple of str
        Those whose versions decide the figures.
    """

    path: Path
    head: str
    sections: tuple[str, ...]
    command: str
    packages: tuple[str, ...]

    def run(self, names: Iterable[str], study_of: Callable[[str], Study], *, write: bool) -> bool:
        """Run studies, show each and put it on the page; return whether all are passed.

        Parameters
        ----------
        names : iterable of str
        study_of : callable
            Runs the study of a name.
        write : bool
            Whether the page is written.
        """
        passed = True
        for name in names:
            started = time.perf_counter()
            study = study_of(name)
            section = self.section(study, seconds=time.perf_counter() - started)
            print(section, flush=True)
            if write:
                self.put(study, section)
            passed &= study.passed
        return passed

    def run_package(
        self, package: str, names: Sequence[str], options: Options, *, needing_tables: Iterable[str]
    ) -> int:
        """Run the studies of a package, each the module of its name; return 0 if all are passed.

        Parameters
        ----------
        package : str
        names : sequence of str
        options : Options
            With `quick` the page is not written.
        needing_tables : iterable of str
            Studies that are left out, and not passed, where the public tables are missing.
        """
        left_out = without_tables(names, needing_tables, options.data)

        def study_of(name: str) -> Study:
            found: Study = importlib.import_module(f"{package}.{name}").run(options)
            return found

        asked = [name for name in names if name not in left_out]
        passed = self.run(asked, study_of, write=not options.quick)
        return 0 if passed and not left_out else 1

    def parser(
        self, description: str | None, *, data: Path | None = None
    ) -> argparse.ArgumentParser:
        """Return the options that every benchmark has, ``--data`` where it reads public tables."""
        parser = argparse.ArgumentParser(prog=self.command, description=description)
        choices = [*self.sections, []]
        parser.add_argument("section", nargs="*", choices=choices, help="default: all of them")
        parser.add_argument("--quick", action="store_true", help="small versions; writes nothing")
        if data is not None:
            parser.add_argument(
                "--data", type=Path, default=data, help="folder of the public tables"
            )
        return parser

    def section(self, study: Study, *, seconds: float) -> str:
        """Return the section of a study as it stands on the page."""
        command = shlex.join([*shlex.split(self.command), study.name])
        return written(study, command=command, seconds=seconds, packages=self.packages)

    def put(self, study: Study, section: str) -> None:
        """Write the section of a study, and its single cells where it has any."""
        page = self.path.read_text(encoding="utf-8") if self.path.exists() else self.head
        page = replaced(page, study.name, section, order=self.sections)
        self.path.write_text(page, encoding="utf-8")
        if study.cells is not None:
            path = self.path.with_name(f"{study.name}_cells.csv")
            study.cells.to_csv(path, index=False, float_format="%.4g", lineterminator="\n")


def without_tables(names: Iterable[str], needing: Iterable[str], data: Path) -> list[str]:
    """Return which of the studies lack the public tables, saying so of each."""
    lacking = [] if (data / "README.md").is_file() else list(needing)
    left_out = [name for name in names if name in lacking]
    for name in left_out:
        print(f"{name} is left out: the public tables are not in {data} (--data)")
    return left_out


def written(study: Study, *, command: str, seconds: float, packages: tuple[str, ...]) -> str:
    """Return the section of a study: what was asked, its table, and how it was made."""
    verdict = "passed" if study.passed else "NOT PASSED"
    made = f"Made by `{command}` in {_time(seconds)} with {_versions(packages)}."
    return "\n\n".join((f"## {study.name}: {verdict}", study.summary, markdown(study.table), made))


def markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table: rates to four digits, whole numbers as such, nothing for nan."""
    head = [str(column) for column in table.columns]
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def replaced(page: str, name: str, section: str, *, order: tuple[str, ...]) -> str:
    """Return the page with the section of one study replaced, in the order of the studies."""
    head, *old = page.split("\n## ")
    sections = {part.split(":", 1)[0]: part.rstrip() for part in old}
    sections[name] = section.removeprefix("## ").rstrip()
    ordered = [sections[study] for study in order if study in sections]
    return "\n\n## ".join([head.rstrip(), *ordered]) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        return f"{value:,.0f}" if value == round(value) and abs(value) > 1 else f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 100 else f"{seconds:.0f} seconds"


def _versions(packages: tuple[str, ...]) -> str:
    named = ", ".join(f"{package} {version(package)}" for package in packages)
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    own = project["project"]["version"]
    return f"calibrate {own}, Python {platform.python_version()}, {named}"
