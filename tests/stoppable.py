"""The command line in a process that Ctrl-C stops, also where the tests run in the background."""

from __future__ import annotations

import sys

__all__ = ["CALIBRATE"]

# What a shell starts with "&" ignores SIGINT, and so do all its children.
CALIBRATE = (
    sys.executable,
    "-c",
    """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from calibrate.__main__ import main
sys.exit(main(sys.argv[1:]))
""",
)
