"""What all commands share: exit codes, the settings file, how many rows are shown, quiet."""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path

__all__ = ["DEFAULT_CONFIG", "DONE", "QUIET", "ROWS_SHOWN", "STOPPED", "TRIPPED"]

DONE, TRIPPED, STOPPED = 0, 3, 130  # 130 is 128 and the number of SIGINT
DEFAULT_CONFIG = Path("calibrate.toml")
ROWS_SHOWN = 20
QUIET: ContextVar[bool] = ContextVar("quiet", default=False)
"""Whether this command line says only its answer and errors."""
