"""Ctrl-C at any moment of a run: exit code 130, one line, nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calibrate.engines import DuckDBEngine
from calibrate.writer import write_demo
from tests.stoppable import CALIBRATE

PROJECT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("company") / "demo")


@pytest.mark.slow
@pytest.mark.parametrize("step", ["reading leads", "proving it"])
def test_stopped_run_leaves_nothing(company: Path, step: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in sorted(company.rglob("*"))}
    process = subprocess.Popen(
        [*CALIBRATE, "run", "-c", str(company / "calibrate.toml")],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=company,
    )
    assert process.stderr is not None
    assert any(step in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130  # 128 + SIGINT, as shells count
    assert err.splitlines()[-1] == "stopped; a file or folder is written whole or not at all"
    assert "Traceback" not in err
    assert out == ""
    assert {path: path.stat().st_mtime_ns for path in sorted(company.rglob("*"))} == before


def test_interrupted_statement_leaves_the_engine_usable() -> None:
    engine = DuckDBEngine(threads=1)  # with more, the others finish their part first
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            engine.query("SELECT sum(a.range * b.range) FROM range(100000) a, range(1000000) b")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert engine.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]
