"""The study of leaks, on the four sets with traps."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.studies import leaks
from benchmarks.studies.leak_data import Seen
from calibrate.guards import SeparatesAlone
from calibrate.guards.columns import ConstantColumns

SAID = {"what": "", "how_sure": "", "effect": "", "action": ""}
NO_COUNTS = pd.DataFrame(columns=["table", "check", "n"])


@pytest.mark.slow
@pytest.mark.real
def test_every_trap_is_found_and_a_set_has_at_most_one_false_alarm(real_data):
    study = leaks.run(quick=True)
    missed = study.table[study.table["met"] == "no"]
    assert missed.empty, missed.to_string()
    assert study.passed
    # As many as the data's README names, each column by itself.
    traps = study.table[study.table["trap"] != leaks.FLIPS]
    assert traps["set"].value_counts().to_dict() == {
        "school_crm": 21 + 1,
        "x_education": 10 + 1,
        "bank_marketing": 3 + 1,
        "olist_funnel": 9 + 1,
    }


def test_a_column_that_is_no_trap_is_a_false_alarm():
    honest = SeparatesAlone(severity="likely", columns=("job",), **SAID)
    trap = SeparatesAlone(severity="likely", columns=("duration",), **SAID)
    note = ConstantColumns(severity="note", columns=("month",), **SAID)
    seen = Seen(findings=(honest, trap, note), counts=NO_COUNTS)
    assert leaks.false_alarms("bank_marketing", seen) == ["separates alone: job"]


def test_a_trap_that_nothing_speaks_of_is_not_found():
    trap = leaks.Trap(what="duration", guards=("separates alone",), columns=("duration",))
    other = SeparatesAlone(severity="likely", columns=("job",), **SAID)
    assert leaks._caught(trap, Seen(findings=(other,), counts=NO_COUNTS)) == ("", "")
    counted = leaks.Trap(what="losses", counted=("leads", "lost without a date"))
    rows = pd.DataFrame({"table": ["leads"], "check": ["lost without a date"], "n": [0]})
    assert leaks._caught(counted, Seen(findings=(), counts=rows)) == ("", "")
    assert leaks._caught(counted, Seen(findings=(), counts=rows.assign(n=3)))[1] == "handled"
