"""A function run in a process of its own, on one thread, and what its call costs there.

``python -m benchmarks.fitting.fresh MODULE:FUNCTION JSON`` prints what it returns, as JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["ONE_THREAD", "Cost", "cost_of", "fresh"]

PROJECT = Path(__file__).resolve().parent.parent.parent
CAPS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
ONE_THREAD = {**os.environ, **dict.fromkeys(CAPS, "1")}
STATUS = Path("/proc/self/status")
MEGABYTE = 1024  # kilobytes


class Cost(NamedTuple):
    """What a call cost: CPU seconds, and the megabytes of its peak above what there was before."""

    seconds: float
    megabytes: float


def fresh(function: str, **arguments: Any) -> Any:
    """Return what ``module:function`` returns for the arguments, called in a new process.

    Raises
    ------
    RuntimeError
        If the process fails; with the end of what it said.
    """
    command = [sys.executable, "-m", "benchmarks.fitting.fresh", function, json.dumps(arguments)]
    done = subprocess.run(  # noqa: S603 - our own function
        command, cwd=PROJECT, env=ONE_THREAD, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{function} failed:\n{done.stderr[-2_000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def cost_of(call: Callable[[], Any]) -> tuple[Any, Cost]:
    """Return what the call returns and what it cost.

    Notes
    -----
    CPU seconds of all threads. Memory: on Linux the kernel's record of the peak, set back to
    now before the call; elsewhere the peak of the process so far, which is the same where the
    call takes more than everything before it did.
    """
    gc.collect()
    before = _now()
    started = time.process_time()
    returned = call()
    seconds = time.process_time() - started
    return returned, Cost(seconds, max(_peak() - before, 0) / MEGABYTE)


def _now() -> int:
    """Forget the peak so far and return the memory in use, in kilobytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> int:
    if STATUS.exists():
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _status(name: str) -> int:
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    """Call what the command line names."""
    name, arguments = sys.argv[1:]
    module, function = name.split(":")
    returned = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    print(json.dumps(returned))


if __name__ == "__main__":
    main()
