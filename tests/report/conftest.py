from __future__ import annotations

from typing import Any

import pytest

from tests.report.hostile_run import hostile_run
from tests.report.invented_run import sample_run


@pytest.fixture
def run() -> dict[str, Any]:
    """An invented run; a fresh copy, so that a test may change it."""
    return sample_run()


@pytest.fixture(name="hostile_run")
def _hostile_run() -> dict[str, Any]:
    """The invented run with names that would do harm if they were not taken as text."""
    return hostile_run()
