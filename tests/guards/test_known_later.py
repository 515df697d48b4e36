"""Columns whose names say that they are known only later, with and without the data's support."""

from __future__ import annotations

import numpy as np
import pytest

from calibrate.guards import find_problems, leaking_columns
from calibrate.guards.meanings import ANSWER, DURATION, ENDED, GRADE, SALE, STATE, meaning_of
from calibrate.observation import observe

N = 1_000


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("Lost Reason", ENDED),
        ("reason_for_loss", ENDED),
        ("Motivo perdita", ENDED),
        ("Motif de refus", ENDED),
        ("Budget", ANSWER),
        ("hasAuthority", ANSWER),
        ("Decision Maker?", ANSWER),
        ("Entscheidungsträger", ANSWER),
        ("Tempi di acquisto", ANSWER),
        ("Délai d'achat", ANSWER),
        ("Presupuesto", ANSWER),
        ("duration", DURATION),
        ("Talk time", DURATION),
        ("Gesprächsdauer", DURATION),
        ("Durata chiamata (min)", DURATION),
        ("Call result", DURATION),
        ("Invoice number", SALE),
        ("Contract type", SALE),
        ("Angebotssumme", SALE),
        ("Importo preventivo", SALE),
        ("lead_score", GRADE),
        ("Rating", GRADE),
        ("Etiquetas", GRADE),
        ("Qualità", GRADE),
        ("Customer profile", GRADE),
        ("Last contacted", STATE),
        ("Letzte Aktivität", STATE),
        ("Ultima attività", STATE),
        # Honest columns whose names share a word.
        ("Course duration", None),
        ("Last name", None),
        ("Last mile delivery", None),
        ("Credit score", None),
        ("Campaign budget", None),
        ("Employment contract type", None),
        ("Paid search", None),
        ("LinkedIn profile", None),
        ("Industry", None),
        ("", None),
    ],
)
def test_names_are_understood(name, meaning):
    assert meaning_of(name) is meaning


@pytest.fixture(scope="module")
def outcome():
    """100 of 1,000 leads converted."""
    return np.arange(N) % 10 == 0


@pytest.fixture
def found_in(hand_history, hand_attribute, outcome):
    def find(**columns):
        attributes = [
            hand_attribute(name.replace("_", " "), f"x{j}") for j, name in enumerate(columns)
        ]
        leads = [
            {"lead_id": f"L{i}", "outcome": "converted" if won else "lost"}
            | {f"x{j}": column[i] for j, column in enumerate(columns.values())}
            for i, won in enumerate(outcome)
        ]
        history = hand_history(leads, as_of=None, is_wide=True, attributes=attributes)
        return find_problems(observe(history))

    return find


def test_a_grade_that_ranks_somewhat_is_likely(found_in, outcome):
    # A for 70 of 100 winners and 200 of 900 others: AUC = (1 + .7 - 2 / 9) / 2 = .74.
    rank = np.where(outcome, np.arange(N) // 10, np.arange(N))
    good = np.where(outcome, rank % 10 < 7, rank % 10 <= 2)
    assert (good[outcome].sum(), good[~outcome].sum()) == (70, 200)
    grade = np.where(good, "A", "B").tolist()
    (finding,) = [f for f in found_in(Lead_Rating=grade, Colour=grade) if f.leaks]
    assert (finding.guard, finding.severity) == ("known only later", "likely")
    assert finding.columns == ("Lead Rating",)  # the same under an innocent name is none
    assert "grade, label or score" in finding.how_sure


def test_an_answer_filled_in_for_twice_as_many_winners_is_likely(found_in, outcome):
    # Filled in for 60 of 100 winners and 300 of 900 others: 16.7 % against 6.2 %.
    there = np.where(outcome, np.arange(N) // 10 % 10 < 6, np.arange(N) % 3 == 1)
    assert (there[outcome].sum(), there[~outcome].sum()) == (60, 300)
    (finding,) = found_in(Budget=["yes" if filled else None for filled in there])
    assert (finding.guard, finding.severity) == ("known only later", "likely")
    assert leaking_columns([finding], severity="likely") == ("Budget",)


def test_a_name_alone_is_a_note(found_in):
    answers = ["yes" if i % 3 else "no" for i in range(N)]
    findings = found_in(Budget=answers, Need=answers, Talk_time=answers)
    assert [(f.severity, f.columns) for f in findings] == [
        ("note", ("Talk time",)),
        ("note", ("Budget", "Need")),
    ]
    assert findings[1].what == (
        '"Budget", "Need" are, by their names, an answer that is usually got in a talk'
    )
    assert leaking_columns(findings, severity="likely") == ()


def test_the_state_at_the_export_is_a_note_however_it_ranks(found_in, outcome):
    rank = np.where(outcome, np.arange(N) // 10, np.arange(N))
    good = np.where(outcome, rank % 10 < 7, rank % 10 <= 2)
    (finding,) = [f for f in found_in(Last_Activity=np.where(good, "a", "b").tolist()) if f.leaks]
    assert (finding.severity, finding.columns) == ("note", ("Last Activity",))


def test_a_name_tells_what_a_strong_column_is(found_in, outcome):
    rank = np.where(outcome, np.arange(N) // 10, np.arange(N))
    good = np.where(outcome, rank % 10 < 9, rank % 10 == 1)  # AUC = (1 + .9 - 1/9) / 2 = .89
    (finding,) = [f for f in found_in(Quality=np.where(good, "a", "b").tolist()) if f.leaks]
    assert (finding.guard, finding.severity) == ("separates alone", "likely")
    assert "by its name it is a grade" in finding.how_sure
    # Its rates are learned on other leads, which costs a little.
    assert finding.auc == pytest.approx((1 + 0.9 - 1 / 9) / 2, abs=0.01)
