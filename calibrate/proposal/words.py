"""Words that exports use for the columns and values that matter, in English and Italian.

Each list is in order of preference. Names are compared without case, spaces, ``_`` and ``-``.
"""

from __future__ import annotations

__all__ = [
    "COLUMN_NAMES",
    "ENGAGEMENT_WORDS",
    "LOST_WORDS",
    "NULL_WORDS",
    "PLAIN_OUTCOMES",
    "WON_WORDS",
    "name_rank",
    "squeezed",
]

COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        *("leadid", "id", "recordid", "prospectid", "mqlid", "dealid", "opportunityid"),
        *("contactid", "customerid", "personid", "leadnumber", "codice", "idlead"),
    ),
    "created_at": (
        *("createdat", "createddate", "createdtime", "createdate", "created", "creationdate"),
        *("firstcontactdate", "engagedate", "inquirydate", "signupdate", "registeredat"),
        *("datacreazione", "creatoil", "dataregistrazione", "date", "data"),
    ),
    "outcome": (
        *("outcome", "converted", "isconverted", "conversion", "won", "iswon", "customer"),
        *("dealstage", "leadstage", "lifecyclestage", "stage", "leadstatus", "dealstatus"),
        *("status", "result", "target", "y", "esito", "stato", "fase", "convertito"),
    ),
    "closed_at": (
        *("closedat", "closeddate", "closedate", "closingdate", "wondate", "converteddate"),
        *("conversiondate", "datachiusura", "chiusoil", "dataconversione"),
    ),
    "amount": (
        *("amount", "dealamount", "closevalue", "offertotalamount", "dealvalue", "revenue"),
        *("importo", "valore", "ricavo"),
    ),
    "lead": (
        *("leadid", "contactid", "prospectid", "mqlid", "customerid", "recipient", "personid"),
        *("recordid", "whoid", "idlead"),
    ),
    "activity": (
        *("activity", "activitytype", "activityname", "event", "eventtype", "eventname"),
        *("action", "interaction", "callstatus", "attivita", "evento", "type", "tipo", "channel"),
        *("subject", "status"),
    ),
    "occurred_at": (
        *("occurredat", "timestamp", "eventtime", "eventdate", "activitydate", "activitytime"),
        *("callstarttime", "createdat", "createddate", "time", "date", "ora", "data"),
    ),
    "detail": ("detail", "pageurl", "url", "page", "pagina", "dettaglio"),
    "value": ("value", "duration", "calldurationinseconds", "seconds", "durata", "valore"),
}

PLAIN_OUTCOMES = frozenset({"converted", "lost", "open", "yes", "no", "1", "0", "true", "false"})
WON_WORDS = (
    *("won", "closed won", "converted", "customer", "payment done", "paid", "sold", "sale"),
    *("yes", "true", "1", "vinto", "vinta", "cliente", "acquisito", "venduto", "sì", "si"),
)
LOST_WORDS = (
    *("lost", "closed lost", "unqualified", "disqualified", "rejected", "dead", "not converted"),
    *("no", "false", "0", "perso", "persa", "rifiutato", "squalificato"),
)
NULL_WORDS = (
    *("select", "unknown", "n/a", "na", "#n/a", "none", "null", "nan", "-", "--", "(not set)"),
    *("not set", "missing", "(null)", "sconosciuto", "n.d.", "nd", "non specificato"),
)
ENGAGEMENT_WORDS = (
    *("visit", "view", "click", "open", "session", "time spent", "download", "webinar"),
    *("call", "visite", "aperture", "chiamate"),
)


def squeezed(name: str) -> str:
    """Return a name without case, spaces and marks.

    Examples
    --------
    >>> squeezed("Created Time"), squeezed("created_time")
    ('createdtime', 'createdtime')
    """
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def name_rank(meaning: str, name: str) -> int | None:
    """Return how well a column's name fits a meaning, 0 the best; None if it does not.

    Examples
    --------
    >>> name_rank("id", "Lead ID"), name_rank("closed_at", "Closing Date (planned)")
    (0, 103)
    >>> name_rank("id", "City") is None
    True
    """
    names, name = COLUMN_NAMES[meaning], squeezed(name)
    if name in names:
        return names.index(name)
    within = [rank for rank, word in enumerate(names) if len(word) > 4 and word in name]
    return 100 + within[0] if within else None
