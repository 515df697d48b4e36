"""Fixtures every room shares; numerical libraries are kept to one thread a process."""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from pathlib import Path  # noqa: E402  - the caps must stand before numpy is imported

import pytest  # noqa: E402

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the public data sets beside the project, or a skip that says so."""
    folder = PROJECT / ".." / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip("the public data sets are not beside the project (../shared/data)")
    return folder.resolve()
