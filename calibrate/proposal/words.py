"""Words that exports use for the columns and values that matter, in English, Italian, German.

Each list is in order of preference. Names are compared without case, accents, spaces, ``_``
and ``-``. What a certain CRM calls its columns does not belong here.
"""

from __future__ import annotations

import unicodedata

from calibrate.history.attributes import name_tokens
from calibrate.history.words import PERSONAL_NAMES

__all__ = [
    "COLUMN_NAMES",
    "ENGAGEMENT_WORDS",
    "LOST_WORDS",
    "NOT_LEADS",
    "NOT_THE_SALE",
    "NULL_WORDS",
    "PLAIN_OUTCOMES",
    "STAGE_WORDS",
    "WITHIN",
    "WON_WORDS",
    "is_personal_name",
    "known_values",
    "name_rank",
    "squeezed",
]

WITHIN = 100  # ranks from here on: the name only holds a known word
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        *("leadid", "id", "recordid", "prospectid", "mqlid", "dealid", "opportunityid"),
        *("contactid", "customerid", "personid", "leadnumber", "codice", "idlead", "leadnummer"),
        *("leadnr",),
    ),
    "created_at": (
        *("createdat", "createddate", "createdtime", "createdate", "created", "creationdate"),
        *("createdon", "dateadded", "firstcontactdate", "engagedate", "inquirydate", "signupdate"),
        *("registeredat", "datacreazione", "creatoil", "dataregistrazione", "erstelltam"),
        *("erstellungsdatum", "datecreated", "entrydate", "leaddate", "receivedat", "received"),
        *("submittedat", "formdate", "firstseen", "datainserimento", "inseritoil", "eingang"),
        *("date", "data", "datum"),
    ),
    "outcome": (
        *("outcome", "converted", "isconverted", "conversion", "won", "iswon", "customer"),
        *("dealstage", "leadstage", "lifecyclestage", "stage", "leadstatus", "dealstatus"),
        *("status", "result", "target", "y", "esito", "stato", "fase", "convertito", "phase"),
        *("ergebnis",),
    ),
    "closed_at": (
        *("closedat", "closeddate", "closedate", "closingdate", "closedon", "wondate"),
        *("converteddate", "dateconversion", "conversiondate", "datachiusura", "chiusoil"),
        *("dataconversione", "abgeschlossenam", "abschlussdatum"),
        *("dateclosed", "closed", "closetime", "dealclosed", "actualclose", "wonon", "windate"),
        *("convertedat", "convertedon", "saledate", "orderdate", "purchasedate", "chiusail"),
        *("vintail", "gewonnenam"),
    ),
    "amount": (
        *("amount", "dealamount", "closevalue", "offertotalamount", "dealvalue", "revenue"),
        *("conversionvalue", "importo", "valore", "ricavo", "betrag", "umsatz", "auftragswert"),
    ),
    "contact": ("contactid", "contactname", "personid", "clientid", "contatto", "kontakt"),
    "account": (
        *("account", "accountname", "accountid", "company", "companyname", "companyid"),
        *("azienda", "ragionesociale", "firma", "unternehmen"),
    ),
    "lead": (
        *("leadid", "contactid", "prospectid", "mqlid", "customerid", "recipient", "personid"),
        *("recordid", "whoid", "idlead", "visitorid", "userid"),
    ),
    "activity": (
        *("activity", "activitytype", "activityname", "event", "eventtype", "eventname"),
        *("action", "interaction", "callstatus", "attivita", "evento", "type", "tipo", "channel"),
        *("aktivitat", "aktivitaet", "ereignis", "azione", "subject", "status"),
    ),
    "occurred_at": (
        *("occurredat", "timestamp", "eventtime", "eventdate", "activitydate", "activitytime"),
        *("callstarttime", "createdat", "createddate", "time", "date", "dataora", "ora", "data"),
        *("zeitpunkt", "datumuhrzeit", "datum"),
    ),
    "detail": (
        *("detail", "pageurl", "url", "page", "pagina", "dettaglio", "betreff", "oggetto"),
        *("subject",),
    ),
    "value": (
        *("value", "duration", "calldurationinseconds", "seconds", "durata", "valore", "minuten"),
        *("minuti", "minutes", "dauer"),
    ),
    "campaign": ("campaign", "campaignname", "utmcampaign", "campagna", "kampagne"),
    "source": (
        *("leadsource", "source", "originalsource", "utmsource", "channel", "origin", "medium"),
        *("fonte", "sorgente", "provenienza", "canale", "quelle", "leadquelle", "herkunft"),
        *("kanal",),
    ),
    "stage": (
        *("lifecyclestage", "leadstage", "dealstage", "stage", "leadstatus", "status"),
        *("pipelinestage", "fase", "stato", "phase"),
    ),
}

# A name with one of these says what kind of company or person it is, not which.
_WHO = frozenset({"id", "contact", "account", "lead"})
_KINDS = (
    *("size", "grosse", "groesse", "employees", "mitarbeiter", "dimensione", "dipendenti"),
    *("type", "typ", "tipo", "industry", "branche", "settore", "country", "land", "paese"),
)

# A revenue of the company is no amount of the sale.
NOT_THE_SALE = frozenset({"annual", "monthly", "yearly", "declared", "company", "annuo", "annuale"})

PLAIN_OUTCOMES = frozenset({"converted", "lost", "open", "yes", "no", "1", "0", "true", "false"})
WON_WORDS = (
    *("won", "closed won", "closedwon", "converted", "customer", "payment done", "paid", "sold"),
    *("sale", "yes", "true", "1", "vinto", "vinta", "cliente", "acquisito", "venduto", "sì", "si"),
    *("gewonnen", "kunde", "ja"),
)
LOST_WORDS = (
    *("lost", "closed lost", "closedlost", "unqualified", "disqualified", "rejected", "dead"),
    *("not converted", "no", "false", "0", "perso", "persa", "rifiutato", "squalificato"),
    *("verloren", "nein", "disqualifiziert", "nicht qualifiziert", "abgelehnt", "storniert"),
    *("annullato", "non qualificato", "cancelled", "canceled"),
)
_WON_TOKENS = frozenset({"won", "vinto", "vinta", "gewonnen"})
_LOST_TOKENS = frozenset(
    {"lost", "perso", "persa", "verloren", "unqualified", "disqualified", "disqualifiziert"}
)
_NOT = frozenset({"not", "non", "nicht", "almost", "nearly", "quasi"})
NULL_WORDS = (
    *("select", "unknown", "n/a", "na", "#n/a", "none", "null", "nan", "-", "--", "(not set)"),
    *("not set", "missing", "(null)", "sconosciuto", "n.d.", "nd", "non specificato"),
    *("unbekannt", "k.a."),
)
NOT_LEADS = frozenset(
    {"test", "test lead", "duplicate", "duplicate lead", "duplicato", "doppione", "spam"}
    | {"prova", "dublette", "duplikat"}
)
ENGAGEMENT_WORDS = (
    *("visit", "view", "click", "open", "session", "time spent", "download", "webinar"),
    *("call", "visite", "aperture", "chiamate"),
)
STAGE_WORDS: dict[str, tuple[str, ...]] = {
    "unqualified": (
        *("unqualified", "disqualified", "junk", "junk lead", "bad fit", "not qualified", "spam"),
        *("non qualificato", "squalificato", "unqualifiziert"),
    ),
    "mql": (
        *("mql", "marketing qualified lead", "marketingqualifiedlead", "marketing qualified"),
        *("marketing qualificato",),
    ),
    "sql": (
        *("sql", "sales qualified lead", "salesqualifiedlead", "sales qualified", "sal"),
        *("sales accepted", "sales accepted lead", "accepted", "demo", "demo scheduled"),
        *("demo booked", "meeting booked", "appointment scheduled", "appointmentscheduled"),
        *("qualified to buy", "qualifiedtobuy", "accettato", "appuntamento", "termin vereinbart"),
    ),
    "opportunity": (
        *("opportunity", "proposal", "proposal sent", "negotiation", "quote sent", "offer sent"),
        *("contract sent", "contractsent", "presentation scheduled", "presentationscheduled"),
        *("opportunità", "offerta", "trattativa", "angebot", "verhandlung"),
    ),
    "customer": ("customer", "cliente", "kunde"),
}


def squeezed(name: str) -> str:
    """Return a name without case, accents, spaces and marks.

    Examples
    --------
    >>> squeezed("Created Time"), squeezed("created_time"), squeezed("Attività")
    ('createdtime', 'createdtime', 'attivita')
    """
    parted = unicodedata.normalize("NFKD", name.casefold())  # an accent is a mark of its own
    return "".join(sign for sign in parted if sign.isalnum())


def name_rank(meaning: str, name: str) -> int | None:
    """Return how well a column's name fits a meaning, 0 the best; None if it does not.

    Examples
    --------
    >>> name_rank("id", "Lead ID"), name_rank("closed_at", "Closing Date (planned)")
    (0, 103)
    >>> name_rank("id", "City") is None, name_rank("account", "Company size") is None
    (True, True)
    """
    if meaning in _WHO and _says_which_kind(name):
        return None
    names, name = COLUMN_NAMES[meaning], squeezed(name)
    if name in names:
        return names.index(name)
    within = [rank for rank, word in enumerate(names) if len(word) > 4 and word in name]
    return WITHIN + within[0] if within else None


def _says_which_kind(name: str) -> bool:
    """Whether a name tells a kind, such as a size or a country; German joins words to one."""
    words = [squeezed(token) for token in name_tokens(name)]
    return any(
        word.endswith(_KINDS) or any(len(kind) > 5 and kind in word for kind in _KINDS)
        for word in words
    )


def known_values(values: dict[str, int], meaning: str) -> list[str]:
    """Return the values of an outcome that mean won, or lost.

    Parameters
    ----------
    values : dict of str to int
        As they stand in the data.
    meaning : {"won", "lost"}

    Returns
    -------
    list of str
        In the order given.

    Examples
    --------
    >>> known_values({"8. Closed (Won)": 3, "Not won": 1, "Lost": 2}, "won")
    ['8. Closed (Won)']
    """
    words = frozenset(WON_WORDS if meaning == "won" else LOST_WORDS)
    tokens = _WON_TOKENS if meaning == "won" else _LOST_TOKENS
    found = []
    for value in values:
        parts = frozenset(name_tokens(value))
        if value.casefold().strip() in words or (parts & tokens and not parts & _NOT):
            found.append(value)
    return found


def is_personal_name(name: str) -> bool:
    """Whether a column's name says that it holds what identifies a person.

    Examples
    --------
    >>> is_personal_name("Contact Name"), is_personal_name("E-mail"), is_personal_name("Campaign")
    (True, True, False)
    """
    tokens = name_tokens(name)
    joined = " ".join(tokens)
    personal = {"email", "mail", "phone", "mobile", "telephone", "telefono", "telefon", "contact"}
    return joined in PERSONAL_NAMES or bool(personal & set(tokens))
