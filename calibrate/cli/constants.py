"""What all commands share: exit codes, the settings file, how many rows are shown."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DEFAULT_CONFIG", "DONE", "ROWS_SHOWN", "TRIPPED"]

DONE, TRIPPED = 0, 3
DEFAULT_CONFIG = Path("calibrate.toml")
ROWS_SHOWN = 20
