"""Words that stand in cells and are no answers: missing values, tests, duplicates."""

from __future__ import annotations

import re

__all__ = ["is_no_lead", "says_nothing"]

_DASHES = re.compile(r"[-–—?._\s]+")
_BETWEEN = re.compile(r"[^0-9a-zà-ÿ]+")
_NOTHING = frozenset(
    (
        "select",
        "please select",
        "select one",
        "choose",
        "please choose",
        "pick one",
        "unknown",
        "not known",
        "n a",
        "none",
        "null",
        "nan",
        "nil",
        "undefined",
        "unspecified",
        "unassigned",
        "not specified",
        "not set",
        "not provided",
        "not available",
        "not applicable",
        "not given",
        "no answer",
        "no data",
        "missing",
        "empty",
        "blank",
        "tbd",
        # German
        "unbekannt",
        "keine angabe",
        "keine angaben",
        "k a",
        "nicht angegeben",
        "nicht bekannt",
        "bitte wählen",
        "bitte auswählen",
        "auswählen",
        # Italian
        "sconosciuto",
        "sconosciuta",
        "non specificato",
        "non indicato",
        "non disponibile",
        "non definito",
        "nessuna risposta",
        "seleziona",
        "selezionare",
        "n d",
        # French
        "inconnu",
        "inconnue",
        "non renseigné",
        "non renseigne",
        "non spécifié",
        "non précisé",
        "non disponible",
        "choisir",
        "sélectionner",
        # Spanish
        "desconocido",
        "desconocida",
        "sin especificar",
        "no especificado",
        "sin datos",
        "no disponible",
        "seleccionar",
        "seleccione",
        "s d",
    )
)
_NO_LEAD = frozenset(
    (
        *("test", "tests", "testing", "test lead", "test leads", "dummy"),
        *("duplicate", "duplicates", "duplicated", "duplicate lead", "spam", "junk", "fake"),
        *("dublette", "dubletten", "duplikat", "doppelt", "testeintrag", "testlead"),
        *("duplicato", "duplicata", "duplicati", "doppione", "doppioni"),
        *("doublon", "doublons", "duplicado", "duplicada", "duplicados"),
    )
)


def says_nothing(value: str) -> bool:
    """Whether a value is a missing one spelled out.

    Parameters
    ----------
    value : str
        Case, brackets and stops play no part.

    Returns
    -------
    bool

    Notes
    -----
    A bare "NA" is left alone: it may be North America, or Namibia.

    Examples
    --------
    >>> [says_nothing(value) for value in ("Select", "(not set)", "N/A", "--", "NA", "Berlin")]
    [True, True, True, True, False, False]
    """
    return bool(_DASHES.fullmatch(value)) or _plain(value) in _NOTHING


def is_no_lead(value: str) -> bool:
    """Whether a value says that its row is a test, a duplicate or spam.

    Examples
    --------
    >>> [is_no_lead(value) for value in ("Duplicate", "TEST", "/eng/test", "A/B test winner")]
    [True, True, False, False]
    """
    return _plain(value) in _NO_LEAD and "/" not in value


def _plain(value: str) -> str:
    return _BETWEEN.sub(" ", value.casefold()).strip()
