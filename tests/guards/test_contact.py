"""Free-mail addresses and contact data of nobody; never an address in any text."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from calibrate.config import LeadColumns
from calibrate.guards import find_problems
from calibrate.guards.addresses import KINDS, contact_columns
from calibrate.guards.contact import FreeMail, ImplausibleContacts, contact_data
from calibrate.history import read_history
from calibrate.observation import observe


def observed(leads, **columns):
    leads = leads.copy()
    leads.insert(0, "lead_id", [f"L{i}" for i in range(len(leads))])
    return observe(read_history(leads, leads=LeadColumns(**columns)))


def kinds(values, column="Email"):
    # Twenty company addresses, so that the column is one of addresses.
    filler = {
        "Email": [f"anna{i}@firm{i}.it" for i in range(20)],
        "Phone": [f"+39 333 17{i}4{i % 7}{i}" for i in range(10, 30)],
        "Last Name": [f"Rossi{chr(97 + i)}" for i in range(20)],
    }[column]
    leads = pd.DataFrame({column: [*values, *filler]})
    leads["outcome"] = np.where(np.arange(len(leads)) % 3 == 0, "converted", "lost")
    (found,) = contact_columns(observed(leads))
    return [KINDS[kind] for kind in found.kind[: len(values)]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("gino.paoli@gmail.com", "free"),
        ("GINO@Yahoo.co.uk", "free"),
        ("gino@libero.it", "free"),
        ("gino@web.de", "free"),
        ("gino@gmx.at", "free"),
        ("gino@me.com", "free"),
        ("gino@gmail.paoli.it", "plain"),
        ("gino@web.it", "plain"),
        ("info@testa-rossa.it", "plain"),
        ("testori@firm.it", "plain"),
        ("test@firm.it", "test"),
        ("test.12@gmail.com", "test"),
        ("asdf@asdf.com", "test"),
        ("someone@example.com", "test"),
        ("x@mailinator.com", "disposable"),
        ("x@eu.yopmail.net", "disposable"),
        ("no address", "malformed"),
        ("gino@paoli", "malformed"),
        (None, ""),
    ],
)
def test_kinds_of_addresses(address, kind):
    assert kinds([address]) == [kind]


@pytest.mark.parametrize(
    ("phone", "kind"),
    [
        ("+39 02 1234 9988", "plain"),
        ("0000000", "test"),
        ("123456", "test"),
        ("+1 (123) 456-7890", "test"),
        ("call me", "malformed"),
        ("12", "malformed"),
    ],
)
def test_kinds_of_numbers(phone, kind):
    assert kinds([phone], "Phone") == [kind]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Testa", "plain"), ("Test", "test"), ("test test", "test"), ("Max Mustermann", "test")],
)
def test_kinds_of_names(name, kind):
    assert kinds([name], "Last Name") == [kind]


@pytest.fixture
def company():
    """1,000 leads: 400 free addresses (20 won), 550 of firms (110 won), 50 of nobody (none)."""
    address = [f"p{i}@gmail.com" for i in range(400)]
    address += [f"p{i}@firm{i}.com" for i in range(550)]
    address += [f"test{i}@firm.com" for i in range(30)] + ["office@firm.com"] * 20
    won = np.zeros(1_000, dtype=bool)
    won[:20] = won[400:510] = True
    return pd.DataFrame({"Work Email": address, "outcome": np.where(won, "converted", "lost")})


def test_free_mail_is_compared_with_the_others(company):
    obs = observed(company)
    free = next(f for f in contact_data(obs) if isinstance(f, FreeMail))
    assert free in find_problems(obs)
    assert (free.guard, free.severity) == ("free-mail addresses", "note")
    assert free.columns == ("Work Email",)
    # 400 free and 550 + 20 others; tests are no addresses.
    assert free.what == (
        '400 of the 970 leads with an e-mail address in "Work Email" (41.2%) have one of a '
        "free-mail provider"
    )
    # 20 / 400 and 110 / 570; Wilson's intervals by statsmodels 0.14:
    # proportion_confint(20, 400, method="wilson") = 0.0326, 0.0760; (110, 570) = 0.1627, 0.2274
    assert free.effect.startswith(
        "of those with a free address 5.0% (3.3% to 7.6%, n = 400) converted, "
        "of the others 19.3% (16.3% to 22.7%, n = 570)"
    )
    assert "export the kind of address" in free.action


def test_addresses_of_nobody_are_counted_and_never_shown(company):
    found = contact_data(observed(company))
    nobody = next(f for f in found if isinstance(f, ImplausibleContacts))
    assert nobody.severity == "likely"  # 5 % of the leads
    assert nobody.what == (
        "50 of 1,000 leads (5.0%) have contact data that are hardly a person's: "
        '30 with an address made up for a test in "Work Email"; '
        '20 with an address shared by 5 leads or more in "Work Email"'
    )
    # None of 50 converted: Wilson's upper end z^2 / (n + z^2) = 3.841 / 53.841 = 7.1 %.
    assert nobody.effect.startswith(
        "of these leads 0.0% (0.0% to 7.1%, n = 50) converted, of the others 13.7% ("
    )
    assert (nobody.n, nobody.n_implausible, nobody.rate) == (1_000, 50, 0.0)
    for finding in found:
        assert "@" not in repr(dataclasses.asdict(finding))


def test_the_same_telephone_number_on_many_leads():
    phone = [f"+39 333 2{i:05d}" for i in range(191)] + ["+39 02 998877"] * 5 + ["02/998877"] * 4
    leads = pd.DataFrame({"Mobile": phone, "outcome": ["converted", "lost"] * 100})
    (found,) = contact_data(observed(leads))
    assert "5 with a telephone number shared by 5 leads or more" in found.what
    leads["Mobile"] = phone[:191] + [None] * 9
    assert contact_data(observed(leads)) == []


def test_numbers_read_as_numbers():
    leads = pd.DataFrame(
        {
            "phone": [390212340000 + i for i in range(195)] + [1111111111] * 5,
            "outcome": ["yes", "no"] * 100,
        }
    )
    (found,) = contact_data(observed(leads))
    assert "5 with a telephone number made up for a test" in found.what


def test_contacts_are_expected_to_have_several_leads():
    contact = [f"p{i // 6}@firm{i // 6}.com" for i in range(120)]
    leads = pd.DataFrame({"contact": contact, "outcome": ["converted", "lost"] * 60})
    obs = observed(leads, contact="contact")
    assert contact_data(obs) == []
    leads["contact"] = [
        f"p{i // 6}@gmail.com" if i < 60 else f"p{i // 6}@firm{i // 6}.com" for i in range(120)
    ]
    assert [f.guard for f in contact_data(observed(leads, contact="contact"))] == [
        "free-mail addresses"
    ]


def test_without_a_difference_nothing_is_asked_for(company):
    won = np.arange(1_000) % 5 == 0
    free = contact_data(observed(company.assign(outcome=np.where(won, "converted", "lost"))))[0]
    assert free.effect.endswith("no evidence of a difference")
    assert free.action == "nothing"


def test_where_everybody_has_a_free_address_there_is_nothing_to_tell(company):
    free = company.assign(**{"Work Email": [f"p{i}@gmail.com" for i in range(1_000)]})
    assert contact_data(observed(free)) == []


def test_a_company_without_contact_data():
    leads = pd.DataFrame({"source": ["ads", "fair"] * 50, "outcome": ["converted", "lost"] * 50})
    assert contact_data(observed(leads)) == []


def test_times_put_the_kinds_beside_the_right_leads():
    # Half of the leads lie outside the period; free addresses inside never convert.
    n = 400
    created = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(n), unit="D")
    free = np.arange(n) % 2 == 0
    leads = pd.DataFrame(
        {
            "created_at": created,
            "mail": np.where(
                free, [f"p{i}@gmail.com" for i in range(n)], [f"p{i}@f{i}.it" for i in range(n)]
            ),
            "outcome": np.where(free, "lost", "converted"),
            "closed_at": created + pd.Timedelta("20D"),
        }
    )
    leads.insert(0, "lead_id", range(n))
    history = read_history(leads, as_of="2024-06-01")
    obs = observe(history, period="2023Q3", observation_window="7D", horizon="30D")
    (found,) = contact_data(obs)
    assert (found.n, found.n_free, found.free_rate, found.other_rate) == (92, 46, 0.0, 1.0)
