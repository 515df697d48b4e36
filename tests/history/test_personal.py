"""Addresses and telephone numbers are not shown, and columns of them are no criteria."""

from __future__ import annotations

import pandas as pd
import pytest

from calibrate.errors import DataError
from calibrate.history import read_history
from calibrate.history.personal import masked


def leads_of(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame(
        {"lead_id": range(n), "created_at": "2024-01-01", "outcome": "open", **columns}
    )


@pytest.mark.parametrize("secret", ["gino.paoli@x.it", "+39 (333) 12345", "192.168.10.2"])
def test_counts_and_refusals_show_no_personal_data(secret: str) -> None:
    leads = leads_of(seats=["4"] * 199 + [secret], outcome=["lost"] * 199 + [secret])
    log = pd.DataFrame({"lead_id": ["1", secret], "activity": "click", "occurred_at": "2024-01-02"})
    from_columns = read_history(leads.drop(columns="outcome").assign(outcome="open"), log)
    shown = " ".join(from_columns.table["examples"])
    assert secret not in shown
    assert shown.count(masked(secret)) == 2
    with pytest.raises(DataError) as refused:
        read_history(leads)
    assert secret not in f"{refused.value}"


def test_a_number_that_is_an_address_is_refused_without_it() -> None:
    with pytest.raises(DataError, match=r"e-mail address") as refused:
        read_history(leads_of(amount=["4", "gino.paoli@x.it"]))
    assert "gino" not in f"{refused.value}"


@pytest.mark.parametrize("value", ["L17", "2024-01-31 10:00", "01/02/2024", "500 - 1000", "Roma"])
def test_anything_else_is_shown_as_it_is(value: str) -> None:
    assert masked(value) == value


def test_a_few_addresses_among_the_levels_exclude_a_column() -> None:
    levels = ["anna.bianchi@acme.com", "luca.verdi@acme.com", "web", "fair", "ads"]
    history = read_history(
        leads_of(
            referrer=levels * 20,
            size=["1 - 10", "11 - 50", "500 - 1000", "1000 - 5000", "6"] * 20,
            source=["web", "fair", "ads", "web", "x@y.it"] + ["web"] * 95,
        )
    )
    excluded = {part.name: part.excluded for part in history.attributes}
    # one stray address is a slip of the pen; ranges look like telephone numbers but are none
    assert excluded == {"referrer": "personal data", "size": None, "source": None}
