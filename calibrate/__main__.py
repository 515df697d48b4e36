"""The command ``calibrate``, also as ``python -m calibrate``."""

from __future__ import annotations

import sys

from calibrate.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
