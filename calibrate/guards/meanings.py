"""What the name of a column says: known only later, in five languages."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.history.attributes import name_tokens

__all__ = ["ENDED", "MEANINGS", "STATE", "Meaning", "meaning_of"]


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """A family of names, and why what they hold is known only later.

    Parameters
    ----------
    what : str
        What such a column is, in words.
    unless : str
        When it is no leak all the same.
    phrases : frozenset of frozenset of str
        A name belongs to the family if it holds all words of a phrase.
    not_with : frozenset of str
        Words with which it means something else.
    """

    what: str
    unless: str
    phrases: frozenset[frozenset[str]]
    not_with: frozenset[str] = frozenset()


def meaning_of(name: str) -> Meaning | None:
    """Return the family of a column's name, or None.

    Parameters
    ----------
    name : str
        As in the data; English, German, Italian, French and Spanish words are known.

    Returns
    -------
    Meaning or None
        The first family that knows the name.

    Examples
    --------
    >>> meaning_of("Decision Maker?").what
    'an answer that is usually got in a talk'
    >>> meaning_of("Gesprächsdauer (Sek.)").what
    'how long a talk was, or how it went'
    >>> meaning_of("Industry") is None
    True
    """
    words = frozenset(name_tokens(name))
    for meaning in MEANINGS:
        if words & meaning.not_with:
            continue
        if any(phrase <= words for phrase in meaning.phrases):
            return meaning
    return DURATION if words and words & _LENGTH and words <= _LENGTH | _UNITS else None


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _words(text: str) -> frozenset[frozenset[str]]:
    """Return each word as a phrase of its own."""
    return frozenset(_set(word) for word in text.split())


def _pairs(first: str, second: str) -> frozenset[frozenset[str]]:
    """Return every pair of a first and a second word, in any order."""
    return frozenset(_set(f"{a} {b}") for a in first.split() for b in second.split())


_TALK = (
    "call calls talk conversation phone meeting gespräch gespraech anruf telefonat termin "
    "chiamata telefonata colloquio conversazione appel entretien conversation llamada reunión "
    "reunion conversación conversacion"
)
_LENGTH = _set("duration length dauer länge laenge durata lunghezza durée duree duración duracion")
_UNITS = _set(
    "s sec secs second seconds min mins minute minutes hours in sekunden minuten "
    "secondi minuti secondes segundos minutos total avg average"
)

ENDED = Meaning(
    what="the reason why a lead was lost",
    unless="it tells about something else than this lead's end",
    phrases=_pairs(
        "lost loss lose rejection rejected rejecting disqualified disqualification cancel "
        "cancelled cancellation churn closed closing declined refusal",
        "reason reasons why cause",
    )
    | _words("verlustgrund ablehnungsgrund absagegrund stornogrund kündigungsgrund lossreason")
    | _pairs("motivo motivazione causa", "perdita perso rifiuto chiusura scarto pérdida perdida")
    | _pairs("motif raison cause", "perte refus abandon rejet clôture cloture")
    | _pairs("motivo razón razon causa", "rechazo cierre descarte"),
)
DURATION = Meaning(
    what="how long a talk was, or how it went",
    unless="the talk was before the moment at which leads are scored",
    phrases=_pairs(_TALK, f"{' '.join(sorted(_LENGTH))} time seconds minutes")
    | _pairs(
        _TALK,
        "outcome result disposition ergebnis esito risultato résultat resultat resultado",
    )
    | _words("talktime gesprächsdauer gespraechsdauer anrufdauer gesprächsergebnis anrufergebnis"),
    not_with=_set("previous prior last first"),
)
SALE = Meaning(
    what="part of a sale: a payment, an offer or a contract",
    unless="it was known when the lead came in",
    phrases=_words(
        "payment paid invoice invoiced deposit signed signature rechnung anzahlung zahlung "
        "zahlungsart vertrag bezahlt fattura acconto pagamento pagato contratto facture acompte "
        "paiement payé paye contrat factura pago pagado contrato depósito"
    )
    | _pairs("contract", "plan type value signed date start number length term")
    | _pairs("offer quote quoted proposal", "amount total value price sent date number")
    | _pairs("angebot angebots", "summe betrag wert nummer")
    | _words("angebotssumme angebotswert angebotsnummer auftragswert")
    | _pairs("offerta preventivo", "importo totale valore numero")
    | _pairs("devis offre", "montant total valeur numéro numero")
    | _pairs("oferta presupuesto", "importe total valor número numero"),
    not_with=_set(
        "search traffic ads ad media channel social source click medium employment work job"
    ),
)
ANSWER = Meaning(
    what="an answer that is usually got in a talk",
    unless="a form asks it when the lead comes in",
    phrases=_words(
        "budget authority bant meddic need needs timeline timeframe objection objections "
        "entscheider entscheidungsträger entscheidungstraeger entscheidungsbefugnis bedarf "
        "zeitrahmen kaufzeitpunkt zeithorizont einwand einwände decisore esigenza esigenze "
        "fabbisogno tempistica tempistiche obiezione obiezioni décideur decideur besoin besoins "
        "échéance échéancier objection objections decisor necesidad necesidades presupuesto "
        "objeción objecion"
    )
    | _pairs("decision purchase buying", "maker makers timeline timeframe role date process")
    | _pairs("pain painpoint", "point points")
    | _pairs("time purchase", "frame")
    | _pairs("next nächster naechster prossimo prossima", "step steps schritt passo")
    | _pairs("tomador", "decisiones decisión")
    | _pairs("potere", "decisionale decisione")
    | _pairs("tempi délai delai plazo", "acquisto achat compra"),
    not_with=_set("campaign ad ads marketing page kampagne campagna"),
)
GRADE = Meaning(
    what="a grade, label or score that a person or a vendor's model gave, perhaps after more "
    "was known",
    unless="it was given when the lead came in, and never again",
    phrases=_words(
        "quality grade grading rating tag tags label labels rank ranking score scores scoring "
        "index temperature qualification qualified propensity probability likelihood leadscore "
        "leadgrade leadquality hubspotscore qualität qualitaet bewertung etikett etiketten "
        "schlagwort schlagworte schlagwörter wahrscheinlichkeit abschlusswahrscheinlichkeit "
        "leadqualität qualifizierung qualità qualita voto valutazione punteggio etichetta "
        "etichette probabilità probabilita qualificato qualifica qualité qualite notation "
        "étiquette etiquette étiquettes probabilité probabilite qualifié calidad calificación "
        "calificacion puntuación puntuacion etiqueta etiquetas probabilidad calificado índice "
        "indice"
    )
    | _pairs(
        "lead customer buyer behaviour behavior behavioural behavioral kunden cliente client",
        "profile profil profilo perfil",
    )
    | _pairs("interest engagement", "level"),
    not_with=_set(
        "credit price prices consumer confidence stock mass body energy air html url email"
    ),
)
STATE = Meaning(
    what="what happened last before the export",
    unless="nothing was added after the moment at which leads are scored",
    phrases=_pairs(
        "last latest recent",
        "activity action activities contact contacted event touch touchpoint visit seen modified "
        "updated update login engagement interaction",
    )
    | _pairs(
        "letzte letzter letztes ultima ultimo ultime dernier dernière derniere última último",
        "aktivität aktivitaet kontakt besuch änderung aktion attività attivita azione contatto "
        "visita modifica activité activite contact visite action modification actividad contacto "
        "acción accion modificación modificacion",
    ),
)

# The first that knows a name is taken: a "call result score" is how a talk went.
MEANINGS = (ENDED, STATE, DURATION, SALE, ANSWER, GRADE)
