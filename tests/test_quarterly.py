"""The example script, driven through three quarters of a simulated company, as cron drives it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import calibrate as cal
from calibrate.config import load_settings
from calibrate.registry import card_in_force, read_log

PROJECT = Path(__file__).resolve().parents[1]
EXAMPLE = PROJECT / "examples" / "quarterly"
EFFECTS = {"demo_request": 3.0, "pricing_view": 2.0}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the example is a shell script")


def export(folder: Path, as_of: str, *, changed: bool) -> None:
    """What the CRM exports on a day: leads and activities up to it, closings that it knows."""
    change = {"change_at": "2026Q1", "changes": dict.fromkeys(EFFECTS, 0.0)} if changed else {}
    leads, log, _ = cal.make_leads(2400, rng=7, quarters=7, effects=EFFECTS, **change)
    day = pd.Timestamp(as_of)
    leads = leads[leads["created_at"] < day].copy()
    young = leads["closed_at"].isna() | (leads["closed_at"] >= day)
    leads.loc[young, "outcome"] = "open"
    leads.loc[young, ["closed_at", "amount"]] = pd.NaT, float("nan")
    (folder / "export").mkdir(exist_ok=True)
    leads.to_csv(folder / "export" / "leads.csv", index=False)
    log[log["occurred_at"] < day].to_csv(folder / "export" / "activities.csv", index=False)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the script as a scheduler does."""
    environment = {
        **os.environ,
        "CALIBRATE": f"{sys.executable} -m calibrate",
        "PYTHONPATH": str(PROJECT),
    }
    return subprocess.Popen(
        ["sh", str(folder / "quarter.sh"), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def told(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def runs_of(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "runs").iterdir() if path.is_dir())


def everything(folder: Path) -> dict[str, bytes]:
    files = (path for path in (folder / "runs").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def sign(folder: Path, run: Path) -> None:
    command = [sys.executable, "-m", "calibrate", "promote", str(run), "-c"]
    command += [str(folder / "calibrate.toml"), "--who", "Ada", "--why", "it ranks better"]
    command += ["--when", "2026-04-02"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    subprocess.run(command, check=True, env=environment, capture_output=True)


@pytest.fixture(scope="module")
def first_quarter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its first card in force: 2026-01-01, four quarters known."""
    folder = tmp_path_factory.mktemp("company") / "quarterly"
    shutil.copytree(EXAMPLE, folder)
    settings = folder / "calibrate.toml"  # the quickest method: the quarter is what is tried
    quickest = 'method = "log_odds"\nbacktest_quarters = 1'
    text = settings.read_text("utf-8").replace("max_criteria = 6", quickest)
    settings.write_text(text, encoding="utf-8")
    export(folder, "2026-01-01", changed=False)
    code, out, err = told(start(folder, "2026-01-01"))
    assert code == 0, err
    assert "does the card in force still hold" not in out  # there is none yet
    (run,) = runs_of(folder)
    sign(folder, run)
    return folder


def test_the_settings_of_the_example_are_settings() -> None:
    settings = load_settings(EXAMPLE / "calibrate.toml")
    assert settings.calibration.as_of is None
    assert settings.calibration.horizon.days == 60


@pytest.mark.slow
def test_from_quarter_to_quarter(first_quarter: Path, tmp_path: Path) -> None:
    """Both activities of the card stop meaning anything in 2026Q1; on 2 June that is known.

    The script is killed once, then started twice at once: it says so, and spoils nothing.
    """
    folder = Path(shutil.copytree(first_quarter, tmp_path / "quarterly"))
    in_force = card_in_force(folder / "runs")
    assert in_force is not None
    before = everything(folder)
    export(folder, "2026-06-02", changed=True)
    killed = start(folder, "2026-06-02")
    assert killed.stdout is not None
    killed.stdout.readline()  # it has begun
    os.killpg(killed.pid, signal.SIGKILL)  # the script and what it has started
    killed.communicate()
    assert everything(folder) == before
    ends = [told(process) for process in [start(folder, "2026-06-02") for _ in range(2)]]
    assert [code for code, _, _ in ends] == [3, 3]
    out = ends[0][1]
    assert "recalibrate: 2026Q1, " in out  # 60 days after its end
    after = everything(folder)
    assert {name: after[name] for name in before} == before
    assert card_in_force(folder / "runs") == in_force  # nothing is put in force by itself
    assert len(read_log(folder / "runs")) == 1
    (new,) = (run for run in runs_of(folder) if run != in_force.parent)  # both made the same run
    assert not [path for path in (folder / "runs").rglob(".*") if path.name != ".lock"]
    summary = json.loads((new / "run.json").read_text("utf-8"))
    assert summary["monitoring"]["verdict"] == "recalibrate"
    assert f"gate: {summary['gate']['recommendation']}" in out
    assert summary["changes"]["nothing_changed"] is False


@pytest.mark.slow
def test_what_is_wrong_with_the_export_is_one_line_and_1(
    first_quarter: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(first_quarter, tmp_path / "quarterly"))
    before = everything(folder)
    (folder / "export" / "leads.csv").unlink()
    code, _, err = told(start(folder))
    assert code == 1
    assert err.splitlines() == ['error: there is no file "leads.csv"']
    assert everything(folder) == before


def test_the_workflow_and_the_cron_line_start_the_script() -> None:
    workflow = (EXAMPLE / "github-actions.yml").read_text("utf-8")
    cron = (EXAMPLE / "crontab").read_text("utf-8").splitlines()[-1]
    assert "./quarter.sh" in workflow
    assert 'cron: "0 6 2 1,4,7,10 *"' in workflow
    assert cron.split()[:5] == ["0", "6", "2", "1,4,7,10", "*"]  # the same hour
    assert "secrets." not in workflow
    assert os.access(EXAMPLE / "quarter.sh", os.X_OK)
