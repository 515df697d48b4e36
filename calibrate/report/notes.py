"""The sentences above a table of the appendix: what it says, in a director's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from calibrate.display import format_number
from calibrate.report.shape import rows_of
from calibrate.report.words import Words

__all__ = ["notes_of", "price_sentences", "size_sentences"]

_HALF, _TENTH = 0.5, 0.1


def notes_of(key: str, run: Mapping[str, Any], words: Words) -> list[str]:
    """Return the sentences that stand above a table.

    Parameters
    ----------
    key : str
        The table's name in the language files' ``[appendix]``.
    run : mapping
        ``run.json``.
    words : Words
        The language, and the medium the values are escaped for.

    Returns
    -------
    list of str
        Empty for a table that speaks for itself.

    Examples
    --------
    >>> rows = [{"days": 30, "share": 0.41, "share_ci_lower": 0.35, "share_ci_upper": 0.47}]
    >>> part = {"horizon_days": 90, "until_days": 90, "table": [*rows, {"days": 90, "share": 1}]}
    >>> notes_of("conversion_by_age", {"conversion_by_age": part}, Words("en"))
    ['Of 100 who will have bought after 90 days, 41 have bought after 30 (35 to 47).']
    """
    makers: dict[str, Callable[[Mapping[str, Any], Words], list[str]]] = {
        "conversion_by_age": _by_age,
        "readiness": _readiness,
        "parsimony": _parsimony,
        "short_card": _short_card,
    }
    part = run.get(key)
    if key not in makers or not isinstance(part, Mapping):
        return []
    return makers[key](part, words)


def _by_age(part: Mapping[str, Any], words: Words) -> list[str]:
    until, horizon = part.get("until_days"), part.get("horizon_days")
    if until is None or horizon is None:
        return []
    days = words.one_decimal(until)
    notes = []
    if until < horizon:
        notes.append(words("age.short", horizon=words.one_decimal(horizon), until=days))
    for row in rows_of(part.get("table"))[:-1]:
        if row.get("share") is not None:
            ends = [words.times_in_100(row.get(f"share_ci_{end}")) for end in ("lower", "upper")]
            share = words.times_in_100(row["share"])
            age = words.one_decimal(row["days"])
            said = {"until": days, "days": age, "share": share}
            notes.append(words("age.share", lower=ends[0], upper=ends[1], **said))
    return notes


def _parsimony(part: Mapping[str, Any], words: Words) -> list[str]:
    return [*size_sentences(part, words), words("card.sizes_how")]


def _short_card(part: Mapping[str, Any], words: Words) -> list[str]:
    base = (part.get("card") or {}).get("base")
    said = [] if base is None else [words("card.lead", points=words.points(base))]
    return [*said, *price_sentences(part.get("price"), words)]


def size_sentences(part: Mapping[str, Any], words: Words) -> list[str]:
    """Say what fewer lines keep, and how far the card is from the ceiling."""
    found, ceiling = part.get("enough"), part.get("ceiling")
    card = next((row for row in rows_of(part.get("table")) if row.get("chosen")), None)
    said = []
    if found:
        of, n, kept = found["of"], found["n_criteria"], found["kept_share"]
        if n >= of:
            said.append(words("card.enough_needed", of=words.whole(of)))
        elif kept >= 1:
            said.append(words("card.enough_all", n=words.whole(n), of=words.whole(of)))
        else:
            share = words.times_in_100(kept)
            said.append(words("card.enough", n=words.whole(n), of=words.whole(of), kept=share))
    if card and ceiling:
        figures = {"value": _times(card, words), "best": _times(ceiling, words)}
        said.append(words("card.ceiling", of=words.whole(card["n_criteria"]), **figures))
    return said


def price_sentences(price: Mapping[str, Any] | None, words: Words) -> list[str]:
    """Say what the short card costs."""
    if not price or price.get("auc_difference") is None:
        return []
    ends = [price.get(f"auc_difference{end}") for end in ("", "_ci_lower", "_ci_upper")]
    value, lower, upper = (
        format_number(100 * (end or 0.0), 1, lang=words.lang, sign=True) for end in ends
    )
    return [words("card.short_price", change=value, lower=lower, upper=upper)]


def _times(row: Mapping[str, Any], words: Words) -> str:
    value, lower, upper = (
        words.of_100(row.get(f"auc{end}")) for end in ("", "_ci_lower", "_ci_upper")
    )
    return f"{value} {words('page.bracket', lower=lower, upper=upper)}"


def _readiness(part: Mapping[str, Any], words: Words) -> list[str]:
    verdict = part.get("verdict")
    if verdict not in ("ready", "not yet", "not needed"):
        return []
    figures = {
        "n": words.value("n", part.get("n")),
        "n_converted": words.value("n", part.get("n_converted")),
        "rate": words.of_100(part.get("rate")),
        "a_week": _about(part.get("leads_a_week"), words),
        "capacity": _about(part.get("capacity_leads_a_week"), words),
    }
    if verdict == "not needed":
        return [words("readiness.not_needed", **figures)]
    if verdict == "not yet":
        return [words("readiness.not_yet", **figures), *_when(part, words)]
    return [
        words("readiness.ready", **figures),
        *_noticed(part, words),
        *_unjudged(part, words),
        *_choice(part, words, figures),
    ]


def _when(part: Mapping[str, Any], words: Words) -> list[str]:
    quarters = part.get("quarters_needed")
    if quarters is None:
        return []
    pace = _about(part.get("leads_a_quarter"), words)
    return [words("readiness.when", quarters=words.one_decimal(quarters), a_quarter=pace)]


def _noticed(part: Mapping[str, Any], words: Words) -> list[str]:
    half, tenth = part.get("minimal_lift"), part.get("minimal_lift_tenth")
    if half is None or tenth is None:
        return []
    lifts = {"half": words.value("lift", half), "tenth": words.value("lift", tenth)}
    notes = [words("readiness.noticed", power=words.times_in_100(part.get("power")), **lifts)]
    of_share = {row.get("lead_share"): row for row in rows_of(part.get("table"))[:4]}
    of_half, of_tenth = (
        (of_share.get(share) or {}).get("quarters_needed") for share in (_HALF, _TENTH)
    )
    if of_half is not None and of_tenth is not None:
        texts = {"half": words.one_decimal(of_half), "tenth": words.one_decimal(of_tenth)}
        notes.append(words("readiness.quarters", **texts))
    return notes


def _unjudged(part: Mapping[str, Any], words: Words) -> list[str]:
    asked = [row for row in rows_of(part.get("table")) if row.get("kind") == "criterion"]
    n = part.get("n_unjudged")
    if not n:
        return []
    return [words("readiness.unjudged", n=words.whole(n), of=words.whole(len(asked)))]


def _choice(part: Mapping[str, Any], words: Words, figures: Mapping[str, str]) -> list[str]:
    if part.get("leads_a_week") is None:
        return []
    key = "choice" if part.get("capacity_leads_a_week") is not None else "all"
    return [words(f"readiness.{key}", **figures)]


def _about(value: float | None, words: Words) -> str:
    """Write a mean count of leads: whole from 10 on."""
    if value is None:
        return words.value("n", None)
    return words.whole(round(value)) if value >= 10 else words.one_decimal(value)
