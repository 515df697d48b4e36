"""``python -m calibrate.datasets FOLDER`` writes the simulated company into a folder."""

from __future__ import annotations

import sys

from calibrate.datasets.company import write_company


def main(arguments: list[str]) -> int:
    """Write the company into the one folder named; return the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m calibrate.datasets FOLDER\n")
        return 2
    for path in write_company(arguments[0]):
        sys.stdout.write(f"wrote {path} ({path.stat().st_size:,} bytes)\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
