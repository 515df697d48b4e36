"""Kinds of e-mail addresses, telephone numbers and names, told apart in the engine.

Only kinds and counts leave the engine, never an address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.history.attributes import PERSONAL, name_tokens
from calibrate.observation import Observation
from calibrate.observation.statements import Parameters, units_sql

__all__ = ["KINDS", "ContactColumn", "contact_columns"]

KINDS = ("", "plain", "free", "test", "disposable", "malformed")
"""What a cell is; the empty one first."""

_FREE = (
    r"(gmail|googlemail|hotmail|outlook|live|msn|yahoo|ymail|rocketmail|aol|icloud|gmx|yandex"
    r"|protonmail|proton|tutanota|tuta|zohomail)\.([a-z]{2,4}|com?\.[a-z]{2})"
    r"|(me|mac|mail|email|pm|hey|fastmail|inbox|rediffmail|qq|163|126|naver|comcast|verizon|att"
    r"|sbcglobal|btinternet|bellsouth|cox|earthlink)\.(com|net|me)"
    r"|(web|freenet|t-online|arcor|online|posteo|mailbox)\.(de|org)"
    r"|(libero|virgilio|tiscali|alice|tin|iol|inwind|email|fastwebnet|vodafone|teletu)\.it"
    r"|(orange|wanadoo|free|laposte|sfr|bbox|neuf)\.fr|(bluewin|hispeed|sunrise)\.ch"
    r"|(aon|chello|a1)\.(at|net)|(telefonica|terra|ya)\.(net|es|com|ru)"
    r"|(mail|bk|list|inbox|rambler)\.ru|(wp|o2|onet|interia)\.(pl|eu)|(seznam|centrum)\.cz"
    r"|(ziggo|planet|kpnmail|hetnet)\.nl|(telenet|skynet)\.be|(sapo|bol|uol)\.(pt|com\.br)"
)
_DISPOSABLE = (
    r"(.*\.)?(mailinator|guerrillamail(block)?|sharklasers|10minutemail|tempmail|temp-mail"
    r"|tempmailo|yopmail|trashmail|trash-mail|throwawaymail|getnada|maildrop|dispostable|mohmal"
    r"|fakeinbox|emailondeck|wegwerfmail|wegwerfemail|spamgourmet|mailnesia|moakt|mintemail"
    r"|mytemp|discard|minuteinbox|burnermail|mailcatch|spam4|einrot|byom)\.[a-z.]{2,}"
)
_NOBODY = r"(test|tester|testing|prova|asdf?|asdfg?h?j?k?|qwe|qwert[yz]|foo|foobar|dummy|fake"
_NOBODY += (
    r"|bla|blabla|x{3,}|a{3,}|none|nobody|noemail|nomail|sample|example|mustermann|musterfrau)"
)
_TEST_LOCAL = rf"{_NOBODY}([._+-]?({_NOBODY}|[0-9]+))*"
_TEST_NAME = rf"{_NOBODY}([ ._-]*({_NOBODY}|[0-9]+))*|(max|erika) muster(mann|frau)"
_TEST_DOMAIN = (
    r"(.*\.)?(example|test|invalid|localhost)(\.[a-z]{2,3})?|(asdf|qwerty|none|foo)\.[a-z]+"
)
_MAIL = r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}"
_PHONE = r"[+(]?[0-9][0-9 ()./-]{5,}"
_SAME = "|".join(f"{digit}+" for digit in range(10))
_TEST_DIGITS = rf"0*1?({_SAME}|0?123456(7(8(90?)?)?)?|9876543(21?0?)?)"

_PHONE_WORDS = {"phone", "mobile", "telephone", "telefono", "cellulare", "telefon", "handy", "tel"}
_NAME_WORDS = {"name", "firstname", "lastname", "surname", "nome", "cognome", "vorname", "nachname"}


@dataclass(frozen=True, eq=False, kw_only=True)
class ContactColumn:
    """What a column of contact data holds, one entry a row of the observation's table.

    Attributes
    ----------
    name : str
        The column.
    holds : {"mail", "phone", "name"}
    kind : ndarray of int
        Place in `KINDS`.
    n_same : ndarray of int
        Leads with the very same address or number; 1 for names and empty cells.
    """

    name: str
    holds: str
    kind: NDArray[np.int64]
    n_same: NDArray[np.int64]

    def is_a(self, *kinds: str) -> NDArray[np.bool_]:
        """Return which rows are of one of these kinds."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])


def contact_columns(obs: Observation) -> list[ContactColumn]:
    """Return the columns of e-mail addresses, telephone numbers and names, by kind of value.

    Parameters
    ----------
    obs : Observation
        At one landmark.

    Returns
    -------
    list of ContactColumn
        Columns of the leads that hold personal data, and the contact where it is mapped; the
        same contact on several leads is expected there and not counted.
    """
    found = []
    for name, column, is_number in _candidates(obs):
        holds = _holds(obs, name, column, is_number=is_number)
        if holds is not None:
            found.append(_column(obs, name, column, holds, is_number=is_number))
    return found


def _candidates(obs: Observation) -> Iterable[tuple[str, str, bool]]:
    for attribute in obs.attributes:
        if attribute.excluded == PERSONAL and attribute.kind != "date":
            yield attribute.name, attribute.column, attribute.kind == "number"
    if obs.history.has_contacts:
        yield "contact", "contact", False


def _text(column: str, *, is_number: bool) -> str:
    # Numbers come as floats: no fraction, no exponent.
    value = f"TRY_CAST(l.{column} AS DECIMAL(24, 0))" if is_number else f"l.{column}"
    return f"lower(trim(CAST({value} AS VARCHAR)))"


def _holds(obs: Observation, name: str, column: str, *, is_number: bool) -> str | None:
    """Return what most cells are, or what the name says they are."""
    parameters = Parameters()
    value = _text(column, is_number=is_number)
    mail, phone = parameters.text(_MAIL), parameters.text(_PHONE)
    row = obs.history.engine.query(
        f"""
SELECT count(v) AS n, count(*) FILTER (WHERE regexp_full_match(v, {mail})) AS mail,
    count(*) FILTER (WHERE regexp_full_match(v, {phone})) AS phone
FROM (SELECT {value} AS v FROM leads AS l) AS cells""",
        parameters.values,
    ).to_pylist()[0]
    if 2 * row["mail"] > row["n"]:
        return "mail"
    if column == "contact":
        return None
    words = set(name_tokens(name))
    if words & _PHONE_WORDS or 2 * row["phone"] > row["n"]:
        return "phone" if row["n"] else None
    return "name" if words & _NAME_WORDS and row["n"] else None


def _column(
    obs: Observation, name: str, column: str, holds: str, *, is_number: bool
) -> ContactColumn:
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    text = _text(column, is_number=is_number)
    value = f"regexp_replace({text}, '[^0-9]', '', 'g')" if holds == "phone" else text
    kind = {"mail": _mail_kind, "phone": _phone_kind, "name": _name_kind}[holds](parameters)
    rows = obs.history.engine.query(
        f"""
WITH {units},
cells AS (
    SELECT u.lead_row, {text} AS given, {value} AS v
    FROM units AS u
    JOIN leads AS l ON l.lead_row = u.lead_row
)
SELECT CASE WHEN coalesce(given, '') = '' THEN 0 {kind} ELSE 1 END AS kind,
    CASE WHEN coalesce(v, '') = '' THEN 1 ELSE count(*) OVER (PARTITION BY v) END AS n_same
FROM cells
ORDER BY lead_row""",
        parameters.values,
    )
    n_same = rows["n_same"].to_numpy().astype(np.int64)
    counts = holds != "name" and column != "contact"
    return ContactColumn(
        name=name,
        holds=holds,
        kind=rows["kind"].to_numpy().astype(np.int64),
        n_same=n_same if counts else np.ones_like(n_same),
    )


def _mail_kind(parameters: Parameters) -> str:
    local, domain = "split_part(v, '@', 1)", "split_part(v, '@', 2)"
    return (
        f"WHEN regexp_full_match({local}, {parameters.text(_TEST_LOCAL)})"
        f" OR regexp_full_match({domain}, {parameters.text(_TEST_DOMAIN)}) THEN 3 "
        f"WHEN NOT regexp_full_match(v, {parameters.text(_MAIL)}) THEN 5 "
        f"WHEN regexp_full_match({domain}, {parameters.text(_DISPOSABLE)}) THEN 4 "
        f"WHEN regexp_full_match({domain}, {parameters.text(_FREE)}) THEN 2"
    )


def _phone_kind(parameters: Parameters) -> str:
    return (
        f"WHEN length(v) > 3 AND regexp_full_match(v, {parameters.text(_TEST_DIGITS)}) THEN 3 "
        "WHEN length(v) < 6 THEN 5"
    )


def _name_kind(parameters: Parameters) -> str:
    return f"WHEN regexp_full_match(v, {parameters.text(_TEST_NAME)}) THEN 3"
