"""What all commands share: exit codes, the settings file, how many rows are shown."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DEFAULT_CONFIG", "DONE", "ROWS_SHOWN", "STOPPED", "TRIPPED"]

DONE, TRIPPED, STOPPED = 0, 3, 130  # 130 is 128 and the number of SIGINT
DEFAULT_CONFIG = Path("calibrate.toml")
ROWS_SHOWN = 20
