"""The command ``calibrate``, also as ``python -m calibrate``."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]

# Many small matrices: more than one thread each only wait for one another.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from calibrate.cli import main  # noqa: E402  - the caps must stand before numpy is loaded

if __name__ == "__main__":
    sys.exit(main())
