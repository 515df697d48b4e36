"""Words in the names of columns, English with some Italian and German."""

from __future__ import annotations

__all__ = [
    "CODE_WORDS",
    "IDENTIFIER_WORDS",
    "OTHER_STATUS",
    "OWNER_WORDS",
    "PERSONAL_NAMES",
    "RESPONSE_WORDS",
    "SENSITIVE_WORDS",
    "STATUS_WORDS",
    "TEXT_WORDS",
]

SENSITIVE_WORDS = frozenset(
    {
        "age",
        "gender",
        "sex",
        "birth",
        "birthday",
        "birthdate",
        "birthyear",
        "dob",
        "ethnicity",
        "ethnic",
        "race",
        "religion",
        "religious",
        "disability",
        "pregnant",
        "pregnancy",
        "eta",
        "età",
        "sesso",
        "genere",
        "nascita",
        "religione",
        "compleanno",
        "geschlecht",
        "alter",
        "geburt",
        "geburtstag",
        "geburtsdatum",
        "geburtsjahr",
        "behinderung",
    }
)

OWNER_WORDS = frozenset(
    {
        "owner",
        "agent",
        "rep",
        "sdr",
        "bdr",
        "assignee",
        "assigned",
        "salesperson",
        "salesman",
        "saleswoman",
        "seller",
        "venditore",
        "venditrice",
        "proprietario",
        "assegnatario",
        "assegnato",
        "commerciale",
        "agente",
        "besitzer",
        "bearbeiter",
        "verkäufer",
        "verkaeufer",
        "zuständig",
        "zustaendig",
    }
)

STATUS_WORDS = frozenset(
    {
        "status",
        "stage",
        "stato",
        "stadio",
        "fase",
        "lifecycle",
        "lifecyclestage",
        "pipeline",
        "vertriebsphase",
        "phase",
    }
)

OTHER_STATUS = frozenset(
    {
        "marital",
        "civil",
        "family",
        "job",
        "work",
        "employment",
        "occupation",
        "email",
        "account",
        "subscription",
        "housing",
        "loan",
        "civile",
        "familiare",
        "lavorativo",
        "occupazione",
        "familienstand",
    }
)

RESPONSE_WORDS = frozenset({"sla", "slas", "reaktionszeit", "antwortzeit", "risposta"})

TEXT_WORDS = frozenset(
    {
        "comment",
        "comments",
        "note",
        "notes",
        "description",
        "message",
        "remarks",
        "remark",
        "body",
        "subject",
        "commento",
        "commenti",
        "nota",
        "messaggio",
        "descrizione",
        "kommentar",
        "bemerkung",
        "bemerkungen",
        "nachricht",
        "notiz",
    }
)

IDENTIFIER_WORDS = frozenset(
    {
        "id",
        "ids",
        "uid",
        "uuid",
        "guid",
        "gid",
        "number",
        "no",
        "nr",
        "num",
        "key",
        "code",
        "codice",
        "numero",
        "nummer",
        "index",
        "row",
    }
)

PERSONAL_NAMES = frozenset(
    {
        "name",
        "first name",
        "last name",
        "full name",
        "contact name",
        "lead name",
        "firstname",
        "lastname",
        "surname",
        "nome",
        "cognome",
        "ragione sociale",
        "vorname",
        "nachname",
        "address",
        "street",
        "indirizzo",
        "adresse",
        "email",
        "e mail",
        "mail",
        "phone",
        "phone number",
        "mobile",
        "mobile phone",
        "telephone",
        "telefono",
        "cellulare",
        "telefon",
        "handy",
        "ip",
        "ip address",
    }
)

CODE_WORDS = frozenset({"id", "code", "codice", "zip", "zipcode", "postal", "postcode", "plz"})
