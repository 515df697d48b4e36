"""Comparing two cards, line by line and in words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from calibrate import display
from calibrate.changes.moves import Moves, moves_of
from calibrate.changes.values import CHANGE_COLUMNS, Changes
from calibrate.changes.why import why_dropped, why_new
from calibrate.fitting.constraints.reading import canonical
from calibrate.scorecard import Scorecard, ScoredCriterion

__all__ = ["diff"]

Pair = tuple[ScoredCriterion | None, ScoredCriterion | None, str]
NOTHING = "Nothing changed, nothing to sign"


def diff(
    old_card: Scorecard,
    new_card: Scorecard,
    *,
    scores_old: pd.DataFrame | None = None,
    scores_new: pd.DataFrame | None = None,
    activities: Collection[str] | None = None,
    lift_old: pd.DataFrame | None = None,
    lift_new: pd.DataFrame | None = None,
) -> Changes:
    """Say what a new card changes against the old one.

    Parameters
    ----------
    old_card, new_card : Scorecard
    scores_old, scores_new : DataFrame, optional
        The same leads scored by either card (``lead_id``, ``score``, ``tier``): who changes
        tier.
    activities : collection of str, optional
        Names in today's activity log. A criterion whose activity is gone from it, while a new
        one says the same of an activity that neither the old card nor `lift_old` knew, is
        ``renamed`` instead of dropped and new.
    lift_old, lift_new : DataFrame, optional
        Lift tables of the runs that made the cards (``criterion, lift, lift_ci_lower,
        lift_ci_upper, verdict, reason``): why a rule came or went.

    Returns
    -------
    Changes

    Notes
    -----
    Two lines are the same criterion if their rule is the same, or else their name. A change of
    points is split: ``scale = old points (s_new / s_old - 1)``, where ``s`` is the number of
    points that one unit of log odds is worth on a card (the slope of its score against the
    log odds of its expected rate), and ``effect`` is the rest.

    Examples
    --------
    >>> rates = pd.DataFrame({"score": range(101), "rate": [(s + 1) / 200 for s in range(101)]})
    >>> card = Scorecard(name="a", period=None, as_of=None, method="rate", control={"rate": 0.1},
    ...                  base=0, criteria=(), expected_rate=rates)
    >>> diff(card, card).summary
    'Nothing changed, nothing to sign.'
    """
    pairs = _pairs(old_card, new_card, activities, lift_old)
    ratio = _points_per_log_odds(new_card) / _points_per_log_odds(old_card)
    rows = [
        (
            *_row(pair, ratio if np.isfinite(ratio) else 1.0),
            _reason(pair, lift_old, lift_new, activities),
        )
        for pair in pairs
    ]
    table = pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))
    table = table.astype(dict.fromkeys(("points_old", "points_new", "change"), "Int64"))
    figures = _figures(old_card, new_card)
    moves = moves_of(scores_old, scores_new, old_card, new_card)
    moved_points = table["status"].ne("same").any()
    moved_figures = figures.loc[figures["figure"] != "control rate", "change"].ne(0).any()
    same = not (moved_points or moved_figures)
    return Changes(
        summary=_summary(table, figures, moves, same=same),
        nothing_changed=same,
        _table=table,
        _figures=figures,
        _moves=moves,
    )


def _pairs(
    old: Scorecard,
    new: Scorecard,
    activities: Collection[str] | None,
    lift_old: pd.DataFrame | None,
) -> list[Pair]:
    """Match the lines of two cards, the new card's order first, then what was dropped."""
    left = list(old.criteria)
    pairs: list[Pair] = []
    waiting = []
    for line in new.criteria:
        twin = next((o for o in left if _key(o) == _key(line)), None)
        twin = twin or next((o for o in left if o.criterion.name == line.criterion.name), None)
        if twin is None:
            waiting.append(len(pairs))
        else:
            left.remove(twin)
        pairs.append((twin, line, ""))
    known_before = {m.activity for m in old.measures if m.activity}
    known_before |= _in_table(activities or (), lift_old)
    for place in waiting if activities is not None else []:
        newcomer = pairs[place][1]
        twins = [o for o in left if _is_renamed(o, newcomer, activities or (), known_before)]
        if len(twins) == 1:
            left.remove(twins[0])
            pairs[place] = (twins[0], newcomer, f"was {twins[0].criterion.name}")
    dropped: list[Pair] = [(line, None, "") for line in left]
    return pairs + dropped


def _in_table(activities: Collection[str], lift: pd.DataFrame | None) -> set[str]:
    """Return the activities that some rule of a lift table is about, by its name."""
    if lift is None:
        return set()
    names = [str(name) for name in lift["criterion"]]
    openings = {name: (f"{name}:", f"{name} ") for name in activities}
    return {
        activity
        for activity, opening in openings.items()
        if any(name == activity or name.startswith(opening) for name in names)
    }


def _key(line: ScoredCriterion) -> str:
    return canonical(line.criterion.when)


def _is_renamed(
    old: ScoredCriterion,
    new: ScoredCriterion | None,
    activities: Collection[str],
    known_before: Collection[str],
) -> bool:
    if new is None or "activity" not in old.criterion.when or "activity" not in new.criterion.when:
        return False
    name_old, name_new = (str(line.criterion.when["activity"]) for line in (old, new))
    same_rest = {**old.criterion.when, "activity": ""} == {**new.criterion.when, "activity": ""}
    return same_rest and name_old not in activities and name_new not in known_before


def _points_per_log_odds(card: Scorecard) -> float:
    return float("nan") if card.scale is None else card.scale.points_per_log_odds


def _row(pair: Pair, ratio: float) -> tuple[Any, ...]:
    old, new, note = pair
    line = new or old
    name, group = (line.criterion.name, line.criterion.group) if line else ("", "")
    if old is None or new is None:
        points_old, points_new = (None, new.points) if new else (old.points if old else 0, None)
        change = (points_new or 0) - (points_old or 0)
        status = "new" if new else "dropped"
        return name, group, status, points_old, points_new, change, float(change), 0.0, note
    change = new.points - old.points
    status = "same" if change == 0 and _key(old) == _key(new) else "changed"
    if note:
        status = "renamed"
    elif _key(old) != _key(new):
        note = "its rule changed"
    scale = old.points * (ratio - 1)
    effect = change - scale
    return name, group, status, old.points, new.points, change, effect, scale, note


def _reason(
    pair: Pair,
    lift_old: pd.DataFrame | None,
    lift_new: pd.DataFrame | None,
    activities: Collection[str] | None,
) -> str:
    old, new, _ = pair
    if old is not None and new is None:
        return why_dropped(old.criterion, lift_new, activities)
    if new is not None and old is None:
        return why_new(new.criterion, lift_new, lift_old)
    return ""


def _figures(old: Scorecard, new: Scorecard) -> pd.DataFrame:
    rows: list[tuple[str, float | None, float | None]] = [
        ("base", old.base, new.base),
        ("control rate", old.control.get("rate"), new.control.get("rate")),
    ]
    cuts_old = {tier.name: tier.at_least for tier in old.tiers}
    cuts_new = {tier.name: tier.at_least for tier in new.tiers}
    rows += [
        (f"{name} from", cuts_old.get(name), cuts_new.get(name)) for name in cuts_new | cuts_old
    ]
    table = pd.DataFrame(rows, columns=["figure", "old", "new"]).astype(
        {"old": float, "new": float}
    )
    change = (table["new"] - table["old"]).mask(table["new"].isna() & table["old"].isna(), 0.0)
    return table.assign(change=change)


def _summary(table: pd.DataFrame, figures: pd.DataFrame, moves: Moves, *, same: bool) -> str:
    if same:
        return f"{NOTHING}{_control(figures)}."
    words = {
        "changed": "changed",
        "new": "new",
        "dropped": "dropped",
        "renamed": "renamed",
        "same": "the same",
    }
    counts = table["status"].value_counts()
    parts = [f"{counts[status]} {word}" for status, word in words.items() if status in counts]
    text = f"Criteria: {', '.join(parts) or 'none'}"
    for row in figures.itertuples(index=False):
        if row.figure != "control rate" and row.change != 0:
            ends = (display.format_value("n", end) for end in (row.old, row.new))
            text += f"; {row.figure} {' → '.join(ends)}"
    text += f"{_control(figures)}."
    if len(moves.counts):
        n_up, n_down, total = len(moves.up), len(moves.down), int(moves.counts["n"].sum())
        up, changed, all_leads = (
            display.format_value("n", n) for n in (n_up, n_up + n_down, total)
        )
        text += f" {changed} of {all_leads} leads change tier"
        text += f", {up} of them move up." if n_up + n_down else "."
    return text


def _control(figures: pd.DataFrame) -> str:
    row = figures[figures["figure"] == "control rate"].iloc[0]
    if not abs(row["change"]) > 0:
        return ""
    ends = (display.format_value("rate", row[end]) for end in ("old", "new"))
    return f" (control rate {' → '.join(ends)})"
