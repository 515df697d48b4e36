"""The traps planted in the simulated company."""

from __future__ import annotations

import pytest

from calibrate.datasets import make_leads
from calibrate.guards import find_problems, leaking_columns
from calibrate.guards.machines import BURST, machine_events
from calibrate.history import read_history
from calibrate.observation import observe


@pytest.fixture(scope="module")
def simulated():
    leads, activities, truth = make_leads(3_000, rng=5)
    history = read_history(leads, activities, as_of=truth.as_of)
    return observe(history, observation_window="14D", horizon="90D"), truth


def test_the_leak_and_the_bots_are_found_and_nothing_else(simulated):
    obs, truth = simulated
    findings = find_problems(obs)
    assert leaking_columns(findings, severity="likely") == truth.leak_columns
    bots = [finding for finding in findings if finding.guard == "bots"]
    assert [finding.columns for finding in bots] == [("email_click",)]
    assert {finding.guard for finding in findings} <= {
        "filled in only for winners",
        "bots",
        "activity after closing",
        "immature leads",
    }


def test_bots_found_are_those_planted(simulated):
    obs, truth = simulated
    odd = machine_events(obs, {})["email_click"]
    found = obs.table["lead_id"][odd.counts(BURST) > 0]
    assert set(found) <= set(truth.bots)
    # A scanner clicks each mail; nearly every such lead gets one before its landmark.
    assert len(found) > 0.8 * obs.table["lead_id"].isin(truth.bots).sum()
