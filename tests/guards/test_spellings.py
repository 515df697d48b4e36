"""Missing values spelled out, numbers that mean none, rows that are not leads."""

from __future__ import annotations

import numpy as np
import pytest

from calibrate.guards.spellings import missing_spelled_out, not_leads, sentinels
from calibrate.guards.vocabulary import is_no_lead, says_nothing
from calibrate.observation import observe

N = 200


@pytest.fixture
def observed(hand_history, hand_attribute):
    def build(kind="category", **columns):
        attributes = [hand_attribute(name, f"x{j}", kind) for j, name in enumerate(columns)]
        leads = [
            {"lead_id": f"L{i}", "outcome": "converted" if i % 4 == 0 else "lost"}
            | {f"x{j}": column[i] for j, column in enumerate(columns.values())}
            for i in range(N)
        ]
        return observe(hand_history(leads, as_of=None, is_wide=True, attributes=attributes))

    return build


@pytest.mark.parametrize(
    "value",
    [
        *("Select", "- Select -", "UNKNOWN", "n/a", "N.A.", "(not set)", "-", "--", "?", "None"),
        *("k.A.", "Keine Angabe", "non specificato", "non renseigné", "sin datos", "[blank]"),
    ],
)
def test_words_that_say_nothing(value):
    assert says_nothing(value)


@pytest.mark.parametrize(
    "value",
    ["Selection", "NA", "No", "0", "/", "+", "$$$", "***", "Other", "unknown soldier", "A-"],
)
def test_words_that_say_something(value):
    assert not says_nothing(value)


def test_rows_that_are_not_leads_by_their_words():
    assert [
        v for v in ("Test", "duplicate", "Spam!", "Dublette", "doppione") if not is_no_lead(v)
    ] == []
    assert [
        v for v in ("/test", "A/B test", "Testa", "Duplicate reader", "") if is_no_lead(v)
    ] == []


def test_two_spellings_of_missing(observed):
    course = [None if i < 30 else "Select" if i < 80 else "MBA" for i in range(N)]
    job = ["unknown" if i < 20 else "nurse" for i in range(N)]
    rare = ["-" if i < 9 else "x" for i in range(N)]
    (finding,) = missing_spelled_out(observed(course=course, job=job, rare=rare))
    assert finding.severity == "likely"
    assert finding.what == (
        '"course" = Select (50), "job" = unknown (20) stand for a missing value, '
        'beside empty cells in "course"'
    )
    assert finding.action == 'null_values = ["Select", "unknown"]'
    assert finding.columns == ("course", "job")
    assert not finding.leaks


def test_one_spelling_of_missing_is_a_note(observed):
    (finding,) = missing_spelled_out(observed(job=["unknown"] * 20 + ["nurse"] * 180))
    assert finding.severity == "note"


def test_values_that_are_answers(observed):
    assert missing_spelled_out(observed(region=["NA"] * 50 + ["EMEA"] * 150)) == []
    assert not_leads(observed(page=["/eng/test"] * 50 + ["/"] * 150)) == []


def test_duplicates_and_tests(observed):
    reason = ["Duplicate" if i < 20 else "price" if i < 90 else None for i in range(N)]
    source = ["Test" if 15 <= i < 30 else "ads" for i in range(N)]
    (finding,) = not_leads(observed(reason=reason, source=source))
    assert finding.severity == "likely"
    assert finding.n == 30  # 20 and 15, of which 5 are both
    assert finding.action == 'exclude = { "reason" = ["Duplicate"], "source" = ["Test"] }'


def test_a_negative_number_among_counts(observed):
    days = [-1.0 if i % 4 else float(i) for i in range(N)]
    (finding,) = sentinels(observed(kind="number", days=days))
    assert (finding.value, finding.n, finding.severity) == (-1.0, 150, "note")
    assert finding.what.startswith('"days" is -1 for 150 leads (75.0%)')


def test_a_number_far_from_the_rest(observed):
    days = [999.0 if i % 4 == 0 else float(i % 28) for i in range(N)]
    (finding,) = sentinels(observed(kind="number", days=days))
    assert (finding.value, finding.n) == (999.0, 50)


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(N) - 20.0,  # many negative numbers
        np.where(np.arange(N) == 7, -1.0, np.arange(N)),  # one lead: a slip, no code
        np.where(np.arange(N) % 2, 0.0, np.arange(N) % 28),  # zero beside one, two, three
        np.where(np.arange(N) == 7, 999.0, np.arange(N) % 28),  # one outlier
        np.where(np.arange(N) % 2, 0.0, 1000.0),  # two values: a yes and a no
    ],
)
def test_honest_numbers(observed, numbers):
    assert sentinels(observed(kind="number", days=[float(x) for x in numbers])) == []
