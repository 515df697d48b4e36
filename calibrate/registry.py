"""The card in force: which run's card scores leads today, and how it came to."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calibrate.errors import CalibrateError, DataError
from calibrate.scorecard import Scorecard

__all__ = [
    "card_in_force",
    "newest_run",
    "one_writer",
    "promote",
    "put_back",
    "read_log",
    "rollback",
]

CARD, CURRENT, LOG, LOCK = "scorecard.json", "current.json", "log.jsonl", ".lock"
SCHEMA = "calibrate.current/1"
ASIDE = re.compile(r"\.(?P<name>.+)\.\d+\.old")  # an earlier run while a new one takes its place


def card_in_force(folder: str | Path) -> Path | None:
    """Return the path of the card in force, or None if none was ever promoted.

    Parameters
    ----------
    folder : path
        The folder that holds the run folders.

    Raises
    ------
    DataError
        If the run it names is gone, or ``current.json`` cannot be read.
    """
    state = _state(Path(folder))
    if state is None:
        return None
    path = Path(folder) / str(state["run"]) / CARD
    put_back(path.parent)
    if not path.is_file():
        problem = f"names the run {state['run']}, which is not there"
        raise DataError(problem, file=CURRENT, fix="promote another run, or roll back")
    return path


def newest_run(folder: str | Path) -> Path | None:
    """Return the run folder with the latest as_of, or None if there is no run.

    Of runs with the same as_of the one written last counts, then the last by name. Folders
    whose name begins with a dot are not finished, and not looked at.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return None
    for aside in filter(None, (ASIDE.fullmatch(entry.name) for entry in folder.iterdir())):
        put_back(folder / aside["name"])
    runs = [p for p in folder.iterdir() if _is_run(p)]
    return max(runs, key=lambda p: (_as_of(p), (p / CARD).stat().st_mtime_ns, p.name), default=None)


def promote(
    folder: str | Path, run: str | Path, *, who: str, when: str | dt.date, why: str
) -> Path:
    """Put the card of a run in force.

    Parameters
    ----------
    folder : path
        The folder that holds the run folders.
    run : str or path
        Name of a run folder in it.
    who, why : str
        The person who signs, and the reason; given, never guessed.
    when : str or date
        The day of it; ISO.

    Returns
    -------
    Path
        The card now in force. Where it was so already, nothing is written.

    Raises
    ------
    CalibrateError
        If the run has no card that can be read, a name or reason is missing, or another
        process is at it.

    Notes
    -----
    ``current.json`` is written beside and renamed, so that it holds either the old state or
    the new one, whenever the process is killed; it carries its own log line, which the next
    call writes to ``log.jsonl`` should the process have died in between.
    """
    folder = Path(folder)
    name = _run_name(folder, run)
    Scorecard.from_json((folder / name / CARD).read_text(encoding="utf-8"))
    with _locked(folder):
        state = _state(folder)
        if state is not None and state["run"] == name:
            return folder / name / CARD
        before = [] if state is None else [*state["before"], state["run"]]
        _write(folder, state, _entry("promote", name, before, who=who, when=when, why=why))
    return folder / name / CARD


def rollback(folder: str | Path, *, who: str, when: str | dt.date, why: str) -> Path:
    """Put the card in force again that was so before the present one.

    Parameters
    ----------
    folder, who, when, why
        As for `promote`.

    Returns
    -------
    Path
        The card now in force.

    Raises
    ------
    CalibrateError
        If there was none before, or it is gone.
    """
    folder = Path(folder)
    with _locked(folder):
        state = _state(folder)
        if state is None or not state["before"]:
            message = f"{folder.name}: no card was in force before; nothing to roll back to"
            raise CalibrateError(message)
        *before, last = state["before"]
        name = _run_name(folder, last)
        _write(folder, state, _entry("rollback", name, before, who=who, when=when, why=why))
    return folder / name / CARD


def read_log(folder: str | Path) -> list[dict[str, Any]]:
    """Return every promotion and roll-back, oldest first: ``action, run, was, who, when, why``.

    A line that a killed process did not come to write is told by ``current.json``.
    """
    lines = []
    for number, line in enumerate(_whole_lines(Path(folder)).splitlines(), start=1):
        try:
            lines.append(json.loads(line))
        except ValueError as error:
            raise DataError("is not JSON", file=LOG, row=number, fix=str(error)) from None
    state = _state(Path(folder))
    if state is not None and len(lines) < state["entry"]["number"]:
        lines.append(state["entry"])
    return lines


def put_back(run_folder: str | Path) -> None:
    """Put an earlier run back where the writing of a new one was cut off between two renamings.

    Parameters
    ----------
    run_folder : path
        Nothing happens where it exists, or where there is nothing to put back.
    """
    folder = Path(run_folder).absolute()
    if folder.exists() or not folder.parent.is_dir() or not _set_aside(folder):
        return
    with one_writer(folder.parent):  # the one that has just set it aside comes first
        aside = _set_aside(folder)
        if aside and not folder.exists():
            latest = max(aside, key=lambda entry: (entry.stat().st_mtime_ns, entry.name))
            latest.rename(folder)
            shutil.rmtree(latest.with_suffix(".new"), ignore_errors=True)


@contextlib.contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Let one process at a time write the folders of runs in a folder; the others wait.

    Parameters
    ----------
    folder : Path
        It is locked itself, no file is made in it; the system lets go of it if the process
        dies. Windows and some network drives lock no folders: there nobody waits.
    """
    descriptor = _open_folder(folder)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _set_aside(folder: Path) -> list[Path]:
    found = ((entry, ASIDE.fullmatch(entry.name)) for entry in folder.parent.iterdir())
    return [entry for entry, match in found if match and match["name"] == folder.name]


def _entry(
    action: str, name: str, before: list[str], *, who: str, when: str | dt.date, why: str
) -> dict[str, Any]:
    for field, value in (("who", who), ("when", str(when)), ("why", why)):
        if not value.strip():
            message = f"{action} needs to know {field}"
            raise CalibrateError(message)
    day = when.isoformat() if isinstance(when, dt.date) else when
    said = {"action": action, "run": name, "who": who, "when": day, "why": why}
    return {"schema": SCHEMA, "run": name, "before": before, "entry": said}


def _write(folder: Path, state: dict[str, Any] | None, new: dict[str, Any]) -> None:
    written = _complete_log(folder, state)
    was = None if state is None else state["run"]
    new["entry"] = {"number": written + 1, **new["entry"], "was": was}
    beside = folder / f".{CURRENT}"
    with beside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(new, ensure_ascii=False, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / CURRENT)
    _complete_log(folder, new)


def _complete_log(folder: Path, state: dict[str, Any] | None) -> int:
    """Write the line of the present state if it is missing; return the number of lines."""
    path = folder / LOG
    whole = _whole_lines(folder)
    written = whole.count(b"\n")
    if state is not None and written < state["entry"]["number"]:
        line = json.dumps(state["entry"], ensure_ascii=False) + "\n"
        with path.open("r+b" if path.is_file() else "wb") as file:
            file.seek(len(whole))
            file.write(line.encode())
            file.truncate()
        written += 1
    return written


def _whole_lines(folder: Path) -> bytes:
    """Return the log without half a line, which is what a killed process left behind."""
    path = folder / LOG
    text = path.read_bytes() if path.is_file() else b""
    return text[: text.rfind(b"\n") + 1]


def _state(folder: Path) -> dict[str, Any] | None:
    path = folder / CURRENT
    if not path.is_file():
        return None
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["schema"] != SCHEMA:
            raise DataError("is a schema this version cannot read", file=CURRENT)
        return {key: state[key] for key in ("run", "before", "entry")}
    except (ValueError, KeyError, TypeError):
        fix = "promote a run to write it anew, after moving it away"
        raise DataError("cannot be read", file=CURRENT, fix=fix) from None


def _run_name(folder: Path, run: str | Path) -> str:
    name = Path(run).name
    path = folder / name
    if not name or (Path(run).parent != Path() and Path(run).resolve() != path.resolve()):
        message = f'the run "{name}" does not lie in {folder.name}'
        raise CalibrateError(message)
    if not (path / CARD).is_file():
        message = f'there is no run "{name}" in {folder.name} with a {CARD}'
        raise CalibrateError(message)
    return name


def _is_run(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".") and (path / CARD).is_file()


def _as_of(run: Path) -> str:
    try:
        return str(json.loads((run / CARD).read_text(encoding="utf-8")).get("as_of") or "")
    except (ValueError, AttributeError):
        return ""


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it if the process dies."""
    if not folder.is_dir():
        message = f'there is no folder "{folder.name}"'
        raise CalibrateError(message)
    with (folder / LOCK).open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError:
            message = f"another process is changing the card in force in {folder.name}; try again"
            raise CalibrateError(message) from None
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _open_folder(folder: Path) -> int | None:
        del folder
        return None

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _open_folder(folder: Path) -> int | None:
        descriptor = os.open(folder, os.O_RDONLY)
        with contextlib.suppress(OSError):  # some network drives lock no folders either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor
