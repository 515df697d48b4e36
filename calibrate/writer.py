"""Folders and files of results: whole or not at all, and the same bytes for the same inputs."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from calibrate import display
from calibrate.config import Settings
from calibrate.datasets import write_company
from calibrate.errors import ConfigError, DataError
from calibrate.pipeline import Run, json_text, runs_folder
from calibrate.pipeline.run import RUN_FILE, RUN_SCHEMA
from calibrate.registry import one_writer, put_back
from calibrate.report import render_html, render_markdown, write_workbook
from calibrate.report.shape import DAMAGE, require_shape

__all__ = [
    "csv_text",
    "default_folder",
    "holds_same_run",
    "read_summary",
    "refuse_other_content",
    "refuse_own_source",
    "rewrite_report",
    "write_demo",
    "write_run",
    "write_scores",
    "write_whole",
]

_FILES = frozenset(
    {
        *(RUN_FILE, "scorecard.json", "lift.csv", "thresholds.csv", "backtest.csv", "funnel.csv"),
        *("scores.parquet", "changes.md", "report.html", "report.md", "report.xlsx"),
    }
)
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # left by looking at a folder


def default_folder(run: Run) -> Path:
    """Return ``runs/<period>-<hash of inputs and settings>`` beside the settings."""
    name = f"{run.observation.period.label}-{run.inputs_hash[:10]}"
    return runs_folder(run.settings) / name


def holds_same_run(run: Run, folder: str | Path) -> bool:
    """Whether a folder already holds a run of the same inputs, settings and card in force."""
    put_back(folder)
    if not (Path(folder) / RUN_FILE).is_file():
        return False
    return bool(read_summary(folder).get("inputs_hash") == run.inputs_hash)


def write_run(run: Run, folder: str | Path, *, lang: str = "en") -> Path:
    """Write the folder of a run: every number, the card, tables, scores and pages.

    Parameters
    ----------
    run : Run
        Result of `recalibrate`.
    folder : path
        The run folder. One of an earlier run is replaced, an empty one is used; one that
        holds any file of yours is refused.
    lang : {"en", "it"}, default "en"
        Language of the pages.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ConfigError
        If the folder holds something else than a run.

    Notes
    -----
    It is written beside and then renamed, so that a reader never sees half of it. Where an
    earlier writing was cut off between two renamings, the run that was there is put back
    first. The same inputs and versions give the same bytes. In CSV files a text that a
    spreadsheet would take for a formula gets an apostrophe in front.
    """
    folder = Path(folder)
    refuse_other_content(folder)
    text = json_text(run.summary())
    changes = "" if run.changes is None else run.changes.to_markdown()
    with _beside(folder) as partial:
        _write_text(partial / RUN_FILE, text)
        _write_text(partial / "scorecard.json", run.card.to_json())
        _write_text(partial / "changes.md", changes or "No card was in force before.\n")
        _write_csv(run.lift.table, partial / "lift.csv")
        _write_csv(run.cuts.table, partial / "thresholds.csv")
        _write_csv(run.proof.table, partial / "backtest.csv")
        _write_csv(run.funnel, partial / "funnel.csv")
        _write_parquet(run.scores, partial / "scores.parquet")
        _write_pages(json.loads(text), partial, lang=lang)
    return folder


def rewrite_report(folder: str | Path, *, lang: str = "en") -> tuple[Path, ...]:
    """Write the pages of a run folder anew, from its ``run.json`` alone.

    Parameters
    ----------
    folder : path
        A run folder.
    lang : {"en", "it"}, default "en"

    Returns
    -------
    tuple of pathlib.Path
        The pages.

    Raises
    ------
    DataError
        If it is no run folder, or its ``run.json`` is damaged.
    """
    folder = Path(folder)
    summary = read_summary(folder)
    require_shape(summary)
    partial = folder / f".pages.{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        try:
            names = _write_pages(summary, partial, lang=lang)
        except DAMAGE as error:
            raise DataError(f"it is damaged ({error})", file=RUN_FILE, fix="run again") from error
        for name in names:
            (partial / name).replace(folder / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return tuple(folder / name for name in names)


def read_summary(folder: str | Path) -> dict[str, Any]:
    """Return the ``run.json`` of a run folder.

    Raises
    ------
    DataError
        If there is none, or it is damaged.
    """
    file = Path(folder) / RUN_FILE
    try:
        summary: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        problem = "is not a run folder: it holds no run.json"
        raise DataError(problem, value=Path(folder).name) from None
    except (ValueError, RecursionError):
        raise DataError("is damaged", file=RUN_FILE, fix="run calibrate again") from None
    schema = summary.get("schema") if isinstance(summary, dict) else None
    if not isinstance(schema, str) or not schema.startswith("calibrate.run/"):
        raise DataError("is damaged", file=RUN_FILE, fix="run calibrate again")
    if schema != RUN_SCHEMA:
        problem = "was written by a newer calibrate"
        raise DataError(problem, file=RUN_FILE, value=schema, fix="update calibrate")
    return summary


def write_scores(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write scores as CSV or Parquet, by the file's ending, whole or not at all.

    Raises
    ------
    ConfigError
        If the ending is neither ``.csv`` nor ``.parquet``.
    """
    path = Path(path)
    writers: dict[str, Callable[[pd.DataFrame, Path], None]] = {
        ".csv": _write_csv,
        ".parquet": _write_parquet,
    }
    ending = path.suffix.lower()
    if ending not in writers:
        raise ConfigError(f'scores are written as .csv or .parquet, not "{path.name}"')
    with _whole(path) as partial:
        writers[ending](frame, partial)
    return path


def write_demo(folder: str | Path) -> Path:
    """Write the simulated company (leads, activities, settings) into a new or empty folder.

    Raises
    ------
    ConfigError
        If the folder holds something else than an earlier demo.
    """
    folder = Path(folder)
    known = {"leads.csv.gz", "activities.parquet", "calibrate.toml", "runs"}
    if folder.exists() and not (
        folder.is_dir() and {entry.name for entry in folder.iterdir()} <= known
    ):
        raise ConfigError(f'"{folder.name}" holds other files; name a new folder with --out')
    write_company(folder)
    return folder


def csv_text(table: pd.DataFrame) -> str:
    r"""Return a table as CSV at full precision, no cell of which is a formula.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"criterion": ["=1+1"], "rate": [0.1]}))
    "criterion,rate\n'=1+1,0.1\n"
    """
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    safe = table.assign(**{str(name): table[name].map(_neutral) for name in texts})
    return str(safe.to_csv(index=False, lineterminator="\n"))


def write_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with _whole(path) as partial:
        _write_text(partial, text)


def _write_text(path: Path, text: str) -> None:
    """Write UTF-8 with Unix line ends on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_pages(summary: dict[str, Any], folder: Path, *, lang: str) -> tuple[str, ...]:
    _write_text(folder / "report.html", render_html(summary, lang=lang))
    _write_text(folder / "report.md", render_markdown(summary, lang=lang))
    write_workbook(summary, folder / "report.xlsx", lang=lang)
    return "report.html", "report.md", "report.xlsx"


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    _write_text(path, csv_text(table))


def _neutral(cell: object) -> object:
    return display.without_formula(cell) if isinstance(cell, str) else cell


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    try:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
    except pa.ArrowException:  # ids of several types in one data frame
        arrow = pa.Table.from_pandas(table.assign(lead_id=table["lead_id"].astype(str)))
    pq.write_table(arrow.replace_schema_metadata(None), path, compression="zstd")


def refuse_other_content(folder: str | Path) -> None:
    """Refuse to write a run into a folder that holds something else.

    Raises
    ------
    ConfigError
        Unless there is no such folder, it is empty, or it holds an earlier run and nothing
        else.
    """
    folder = Path(folder)
    put_back(folder)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigError(f'"{folder.name}" is a file; name a folder for the run')
    if any(folder.iterdir()) and not (folder / RUN_FILE).is_file():
        raise ConfigError(f'"{folder.name}" holds other files than a run; name another folder')
    for entry in sorted(folder.iterdir()):
        if not _is_ours(entry):
            problem = f'"{folder.name}" holds "{entry.name}" beside a run, which would be lost'
            raise ConfigError(f"{problem}; move it, or name another folder")


def refuse_own_source(path: str | Path, settings: Settings) -> None:
    """Refuse to write scores over a file that they are made from.

    Raises
    ------
    ConfigError
    """
    target = str(Path(path).resolve())
    folder = glob.escape(str(settings.folder.resolve()))
    for columns in (settings.leads, settings.activities, settings.outcomes):
        if columns is None or columns.source is None:
            continue
        exact = (settings.folder / columns.source).resolve()
        if target == str(exact) or fnmatchcase(target, str(Path(folder) / columns.source)):
            raise ConfigError(
                f'"{Path(path).name}" holds the {columns.toml_name} that are scored; '
                "name another file to write"
            )


def _is_ours(entry: Path) -> bool:
    """Whether a run folder's entry was written by a run, or by looking at it."""
    if entry.is_dir():
        return entry.name.startswith(".pages.")  # of a report that was cut off
    return entry.name in _FILES or entry.name in _LITTER


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a file to write to, and put it in place of `path` once everything is written.

    What is wrong is said of `path`, which is what the user knows.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        if error.filename is None or Path(error.filename) != partial:
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, and put it in place of `folder` once everything is written.

    Of several processes one writes at a time, and first clears what killed ones left behind.
    """
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    earlier = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    put_back(folder)
    with one_writer(folder.parent):
        _clear(folder)
        partial.mkdir()
        try:
            yield partial
            if folder.exists():
                folder.rename(earlier)
            try:
                partial.rename(folder)
            except OSError:
                if earlier.exists():
                    earlier.rename(folder)
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(earlier, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Remove what killed processes left beside a folder; the earlier run itself is in place."""
    left = re.compile(re.escape(f".{folder.name}.") + r"\d+\.(new|old)")
    for entry in sorted(folder.parent.iterdir()):
        is_needed = entry.suffix == ".old" and not folder.exists()
        if left.fullmatch(entry.name) and not is_needed:
            shutil.rmtree(entry, ignore_errors=True)
