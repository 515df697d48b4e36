"""Peers run in environments of their own; what they answered is kept until something changes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.fitting.data import Split
from benchmarks.fitting.fresh import ONE_THREAD
from benchmarks.peers.exchange import Answer, load_answer, save_table

__all__ = ["CACHE", "FASTERRISK", "OPTBINNING", "SKLEARN", "Peer", "PeerMissingError", "answers_of"]

SCRIPTS = Path(__file__).resolve().parent.parent / "peers"
CACHE = SCRIPTS.parent.parent / ".bench"
AT_ONCE = 10  # jobs a process: a peer is slow to load, and its answers are kept job by job


class PeerMissingError(Exception):
    """A peer that could not be installed or run here, and why."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A script in `SCRIPTS` and the Python that runs it.

    Attributes
    ----------
    script : str
        Called as `benchmarks.peers.exchange` says.
    requirements : str or None
        The file of its pinned packages; None: it runs in the project's own environment.
    python : str or None
        The only Python its packages are built for, e.g. ``3.11``.
    """

    script: str
    requirements: str | None = None
    python: str | None = None

    @property
    def version(self) -> str:
        """What decides its answers beside the data: packages and scripts."""
        files = [SCRIPTS / self.script, SCRIPTS / "exchange.py"]
        if self.requirements is None:
            return "\n".join(_text(file) for file in files) + _installed()
        return "\n".join(_text(file) for file in (*files, SCRIPTS / self.requirements))

    @property
    def pinned(self) -> str:
        """The peer's own line of its requirements, e.g. ``fasterrisk 0.1.10``."""
        if self.requirements is None:
            return _installed()
        name = Path(self.requirements).stem
        lines = _text(SCRIPTS / self.requirements).splitlines()
        return next(line for line in lines if line.startswith(f"{name}==")).replace("==", " ")


FASTERRISK = Peer(script="fasterrisk_card.py", requirements="fasterrisk.txt", python="3.11")
OPTBINNING = Peer(script="optbinning_card.py", requirements="optbinning.txt")
SKLEARN = Peer(script="sklearn_models.py")


def answers_of(
    peer: Peer,
    splits: Sequence[Split],
    options: Mapping[str, Any],
    *,
    refresh: bool = False,
    cache: Path = CACHE,
) -> list[Answer]:
    """Return the peer's answer to each split, from the cache where it was asked before.

    Parameters
    ----------
    peer : Peer
    splits : sequence of Split
    options : mapping
        Handed to the peer, as JSON.
    refresh : bool
        Ask again whatever is known.
    cache : Path
        Where environments and answers are kept.

    Raises
    ------
    PeerMissingError
        If it cannot be installed, or fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        jobs = [_job(peer, split, options, Path(folder), cache) for split in splits]
        asked = list(dict.fromkeys(job for job in jobs if refresh or not job[2].exists()))
        for start in range(0, len(asked), AT_ONCE):
            _run(peer, options, asked[start : start + AT_ONCE], cache)
    return [load_answer(answer) for *_, answer in jobs]


def _job(
    peer: Peer, split: Split, options: Mapping[str, Any], folder: Path, cache: Path
) -> tuple[Path, Path, Path]:
    """Write the tables of a job; return them and the file that its answer is kept in."""
    tables = []
    for frame, outcome in (split[:2], split[2:]):
        path = folder / "table.npz"
        save_table(path, frame, outcome)
        name = hashlib.sha256(path.read_bytes()).hexdigest()
        tables.append(path.rename(folder / f"{name}.npz"))
    key = "\n".join([peer.version, json.dumps(options, sort_keys=True), *(t.name for t in tables)])
    answers = cache / "answers" / Path(peer.script).stem
    answers.mkdir(parents=True, exist_ok=True)
    return tables[0], tables[1], answers / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"


def _run(
    peer: Peer, options: Mapping[str, Any], jobs: Sequence[tuple[Path, Path, Path]], cache: Path
) -> None:
    python = sys.executable if peer.requirements is None else str(_environment(peer, cache))
    paths = [str(path) for job in jobs for path in job]
    _call([python, str(SCRIPTS / peer.script), json.dumps(options), *paths], peer)


def _environment(peer: Peer, cache: Path) -> Path:
    """Return the Python of the peer's environment, which is made if it is not there."""
    requirements = SCRIPTS / str(peer.requirements)
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:8]
    folder = cache / "environments" / f"{requirements.stem}-{digest}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    print(f"installing {peer.pinned} into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _call([_base_python(peer), "-m", "venv", str(folder)], peer)
    _call([str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)], peer)
    (folder / "complete").touch()
    return python


def _base_python(peer: Peer) -> str:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if peer.python in {None, here}:
        return sys.executable
    found = shutil.which(f"python{peer.python}")
    if found is None:
        raise PeerMissingError(f"{peer.pinned} needs Python {peer.python}, which is not here")
    return found


def _call(command: list[str], peer: Peer) -> None:
    done = subprocess.run(  # noqa: S603 - our own scripts, or pip on our own pinned files
        command, env=ONE_THREAD, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerMissingError(f"{peer.pinned}: {last}")


def _installed() -> str:

    return f"scikit-learn {version('scikit-learn')}"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
