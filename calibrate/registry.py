"""The card in force: which run's card scores leads today, and how it came to."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calibrate.errors import CalibrateError, DataError
from calibrate.scorecard import Scorecard

__all__ = ["card_in_force", "newest_run", "promote", "read_log", "rollback"]

CARD, CURRENT, LOG, LOCK = "scorecard.json", "current.json", "log.jsonl", ".lock"
SCHEMA = "calibrate.current/1"


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
    runs = [p for p in folder.iterdir() if _is_run(p)] if folder.is_dir() else []
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
    """Return every promotion and roll-back, oldest first: ``action, run, was, who, when, why``."""
    path = Path(folder) / LOG
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise DataError("is not JSON", file=LOG, row=number, fix=error.msg) from None
    return lines


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
    text = path.read_bytes() if path.is_file() else b""
    whole = text[: text.rfind(b"\n") + 1]  # half a line is what a killed process left behind
    written = whole.count(b"\n")
    if state is not None and written < state["entry"]["number"]:
        line = json.dumps(state["entry"], ensure_ascii=False) + "\n"
        with path.open("r+b" if path.is_file() else "wb") as file:
            file.seek(len(whole))
            file.write(line.encode())
            file.truncate()
        written += 1
    return written


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

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
