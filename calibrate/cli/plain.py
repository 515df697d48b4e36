"""What a run says in the words of its report: no statistician's terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from calibrate.pipeline import Run
from calibrate.report.why import why_not
from calibrate.report.words import Words
from calibrate.scorecard import Scorecard

__all__ = [
    "base_line",
    "control_lines",
    "gate_lines",
    "gate_reasons",
    "note_lines",
    "picks_line",
    "plain_reason",
    "unproven_line",
]

STABLE = 0.8
_WORDS = Words("en")
_TERMS = (
    (re.compile(r" \((?:Holm )?p [^)]*\)"), ""),
    (
        re.compile(r"^The scores are distributed differently: .*"),
        "Your mix of leads changed: the scores are spread differently than when the card was made.",
    ),
)


def plain_reason(text: str) -> str:
    """Return a reason of the monitoring without p values and the like.

    Examples
    --------
    >>> plain_reason("The level has shifted: 9% promised, 4% converted (p <0.001).")
    'The level has shifted: 9% promised, 4% converted.'
    """
    for pattern, words in _TERMS:
        text = pattern.sub(words, text)
    return text


def control_lines(sentence: str, *, opening: str = "") -> list[str]:
    """Return the control rate's sentence, one statement a line.

    Examples
    --------
    >>> control_lines("3 of 9 converted: 33%; 4 were won", opening="control: ")
    ['control: 3 of 9 converted: 33%', '  4 were won']
    """
    first, *rest = sentence.split("; ")
    return [f"{opening}{first}", *(f"  {part}" for part in rest)]


def base_line(card: Scorecard) -> str:
    """Say what every lead starts with; empty where there is nothing to score on."""
    if card.is_empty:
        return ""
    if card.base_ci is None:
        return _WORDS("card.lead", points=card.base)
    lower, upper = card.base_ci
    return _WORDS("card.lead_range", points=card.base, lower=lower, upper=upper)


def note_lines(done: Run) -> list[str]:
    """Return the notes on a card; of lines that are not settled one a line."""
    notes = [note for note in done.card.notes if not note.startswith("unstable, ")]
    table = done.card.table
    shaky = table[table["selection_frequency"] < STABLE]
    if shaky.empty:
        return notes
    notes += [
        "not settled: had other leads like these come in, the search would have found",
        "these lines only so many times in 100, at other times another one instead:",
    ]
    columns = ["criterion", "selection_frequency", "attribute_frequency"]
    for name, again, alike in shaky[columns].itertuples(index=False, name=None):
        other = "" if pd.isna(alike) else f"; some line about the same: {100 * alike:.0f}"
        notes.append(f"  {name}: {100 * again:.0f}{other}")
    return notes


def unproven_line(done: Run) -> str:
    """Say what to do where no activity earns points although there is a log of them."""
    if not done.observation.activities or any(
        line.criterion.group == "engagement" for line in done.card.criteria
    ):
        return ""
    return (
        "no activity is proven yet: add quarters of leads, or group rare activities under one name"
    )


def gate_lines(done: Run) -> list[str]:
    """Return whether the card is to be put in force, and why, one reason a line."""
    gate = done.gate
    first = "" if done.current is not None else "_first"
    said = _WORDS(f"verdict.{gate.recommendation}{first}")
    part = {
        "recommendation": gate.recommendation,
        "reasons": gate.reasons,
        "figures": gate.figures,
    }
    card = {"criteria": list(done.card.criteria), "control": dict(done.card.control or {})}
    run = {"gate": part, "scorecard": card}
    lines = [f"gate: {gate.recommendation}. {said}"]
    lines += [f"  {line}" for line in gate_reasons(run, is_wide=done.history.is_wide)]
    picks = picks_line(gate.figures, prefix="candidate_auc")
    return [*lines, f"  {picks}"] if picks else lines


def gate_reasons(run: Mapping[str, Any], *, is_wide: bool = False) -> list[str]:
    """Return why a card is not to be put in force, in the report's words.

    Parameters
    ----------
    run : mapping
        ``run.json``, or its parts ``gate`` and ``scorecard``.
    is_wide : bool
        Whether the leads have no dates.
    """
    found = why_not(run, is_wide=is_wide)
    if found:
        return [_WORDS(f"why.{part['key']}", **_without_key(part)) for part in found]
    gate = run.get("gate") or {}
    if gate.get("recommendation") in (None, "promote"):
        return []
    return [str(reason) for reason in gate.get("reasons") or ()]


def picks_line(figures: Mapping[str, Any], *, prefix: str) -> str:
    """Say how often a card puts the customer before the lost lead; empty where nobody knows."""
    ends = [figures.get(f"{prefix}{end}") for end in ("", "_ci_lower", "_ci_upper")]
    if any(end is None or pd.isna(end) for end in ends):
        return ""
    value, lower, upper = (_WORDS.times_in_100(end) for end in ends)
    return _WORDS("verdict.picks", value=value, lower=lower, upper=upper)


def _without_key(part: Mapping[str, Any]) -> Mapping[str, Iterable[object]]:
    return {name: value for name, value in part.items() if name != "key"}
