"""`calibrate init` on public data: what it proposes, and how few lines a person corrects.

For each data set of ``tests/real`` the settings are proposed from its files, at most three
lines of them corrected, and the leads, customers and activities are then those of the
settings that were written with care.
"""

from __future__ import annotations

import os
import re
import runpy
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

import calibrate as cal
from calibrate.proposal import propose_settings

pytestmark = pytest.mark.real

REAL = Path(__file__).resolve().parent / "real"
MOST = 3

# Each line instead of the one of its key, or, where there is none, at the end of its table.
CORRECTIONS: dict[str, dict[str, str]] = {
    "attribution_sample": {},
    "bank_marketing": {
        "leads.closed_at": 'closed_at = "called_on"  # the answer is given in the call',
        "leads.ignore": 'ignore = ["duration", "day", "month"]  # known after the call',
        "calibration.horizon": 'horizon = "1D"  # the call decides',
    },
    "crm_opportunities": {},
    "hillstrom": {
        "leads.outcome": 'outcome = "visit"  # not "conversion"',
        "leads.activity_columns": "activity_columns = []",
        "leads.ignore": 'ignore = ["conversion", "spend", "history_segment"]  # during the visit',
    },
    "olist_funnel": {},
    "school_crm": {},  # what leaks besides is named by calibrate check
    "x_education": {
        "leads.ignore": 'ignore = ["Tags", "Lead Quality", "Lead Profile"]  # said by check',
    },
}
FILES = {
    "attribution_sample": ["touches.csv.gz"],
    "bank_marketing": ["prepared.csv.gz"],
    "crm_opportunities": ["sales_pipeline.csv"],
    "hillstrom": ["prepared.csv.gz"],
    "olist_funnel": [
        "olist_marketing_qualified_leads_dataset.csv.gz",
        "olist_closed_deals_dataset.csv.gz",
    ],
    "school_crm": ["deals.csv.gz", "calls.parquet"],
    "x_education": ["leads.csv.gz"],
}


def corrected(text: str, corrections: dict[str, str]) -> str:
    """Settings with some of their lines replaced."""
    lines = text.splitlines()
    for place, line in corrections.items():
        table, key = place.split(".")
        start = lines.index(f"[{table}]") + 1
        end = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
        same = [i for i in range(start, end) if re.match(rf"(# )?{key} = ", lines[i])]
        if same:
            lines[same[0]] = line
        else:
            lines.insert(start, line)
    return "\n".join(lines)


def numbers(settings: cal.Settings) -> dict[str, int]:
    """Leads, those of them that converted, and activities that belong to one."""
    history = cal.history_from_settings(settings)
    counts = history.table.set_index(["table", "check"])["n"]
    return {
        "leads": history.n_leads,
        "converted": int(counts["leads", "leads converted"]),
        "joined": int(counts.get(("activities", "activities joined to leads"), 0)),
    }


def prepared(name: str, data: Path, folder: Path) -> list[Path]:
    """The files that the settings in ``tests/real`` read."""
    if (REAL / name / "prepare.py").exists():
        prepare = runpy.run_path(str(REAL / name / "prepare.py"))["prepare"]
        prepare(data=data / name, out=folder / "prepared.csv.gz")
        return [folder / "prepared.csv.gz"]
    return [data / name / file for file in FILES[name]]


def written_with_care(name: str, data: Path, folder: Path) -> cal.Settings:
    """The settings in ``tests/real``, with the sources as they lie here."""
    text = (REAL / name / "calibrate.toml").read_text("utf-8")
    there = os.path.relpath(data, folder)
    (folder / "care.toml").write_text(text.replace("../../../../shared/data", there), "utf-8")
    return cal.load_settings(folder / "care.toml")


def test_every_data_set_is_asked() -> None:
    assert {path.parent.name for path in REAL.glob("*/calibrate.toml")} == set(CORRECTIONS)
    assert max(map(len, CORRECTIONS.values())) <= MOST


@pytest.mark.parametrize("name", sorted(CORRECTIONS))
def test_at_most_three_lines_are_corrected(name: str, real_data: Path, tmp_path: Path) -> None:
    files = prepared(name, real_data, tmp_path)
    proposal = propose_settings(*files)
    text = corrected(proposal.text, CORRECTIONS[name])
    changed = set(text.splitlines()) - set(proposal.text.splitlines())
    assert len(changed) == len(CORRECTIONS[name]) <= MOST
    (tmp_path / "calibrate.toml").write_text(text, "utf-8")
    proposed = cal.load_settings(tmp_path / "calibrate.toml")
    care = written_with_care(name, real_data, tmp_path)
    assert numbers(proposed) == numbers(care)
    meanings = tomllib.loads(text)["leads"]
    same = ("id", "created_at", "outcome", "closed_at", "contact", "from_activities")
    for key in same:
        assert meanings.get(key) == (getattr(care.leads, key) or None), key
    assert proposed.calibration.as_of == care.calibration.as_of
    assert_no_contact_data(proposal.table["examples"])


def assert_no_contact_data(examples: Iterable[str]) -> None:
    shown = " ".join(examples)
    assert "@" not in shown
    assert "owner_0" not in shown
