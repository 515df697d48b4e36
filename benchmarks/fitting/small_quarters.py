"""What small quarters make up, what they miss, and how far points move from one to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import calibrate as cal
from benchmarks.fitting.company import (
    ACTIVITIES,
    N_REAL,
    Leads,
    activity_points,
    draw_pair,
    fresh_leads,
    is_false,
    oracle_points,
    true_auc,
)
from benchmarks.fitting.data import Split
from benchmarks.fitting.fresh import fresh
from benchmarks.fitting.marks import Mark, Options, all_met, at_most
from benchmarks.fitting.peers import OPTBINNING, PeerMissingError, answers_of
from benchmarks.studies.study import Study

__all__ = ["figures", "fit_card", "fit_pairs", "run"]

N_PAIRS, N_QUICK_PAIRS, N_PEER_PAIRS = 40, 2, 10
N_FRESH, N_QUICK_FRESH = 200_000, 20_000
MAX_CRITERIA = 20
FALSE, MISSED, CHANGE = "false of 18", "missed of 12", "change of points"
AUC, BELOW = "AUC", "below the oracle"
AUC_MARKS, ORACLE_THEN = {5_000: 0.783, 2_000: 0.774}, {5_000: 0.785, 2_000: 0.781}
MARKS = {
    5_000: {FALSE: 0.8, MISSED: 0.9, CHANGE: 0.80, BELOW: ORACLE_THEN[5_000] - AUC_MARKS[5_000]},
    2_000: {FALSE: 1.0, MISSED: 2.7, BELOW: ORACLE_THEN[2_000] - AUC_MARKS[2_000]},
}
BINNING = {"min_prebin_size": 0.01, "max_pvalue": 0.05}

SUMMARY = """Pairs of quarters of one simulated company, {pairs} of each size: thirty yes/no
activities that go together by chance only, twelve of them with an effect on conversion (log odds
ratios 1.6 to 0.2, -0.6, -1), eighteen without; 10.5 % of the leads convert.
`max_criteria={most}`, all else at its default.

- *false*: activities without effect that a card speaks of, or its rules that speak of any, if
  these are more (of a rule of two activities one is enough); *missed*: activities with an effect
  that no rule speaks of; *activities*: how many a card speaks of.
- *change*: mean absolute change of the points of an activity between the two quarters, over all
  thirty, on a scale of 0 to 100; no rule is 0 points, and the points of a rule of two are split
  equally between both.
- *AUC*: of the score, on {fresh:,} leads of no quarter, in expectation over their outcomes (a
  score that knew every lead's true rate would have .785). The marks in brackets were set on other
  leads, on which the oracle had .785 and .781; here it has less, so that the verdict is on the same
  distance *below the oracle*.
- *oracle*: maximum likelihood by one who knows which twelve matter, scaled to 100, rounded.
- *optbinning* ({optbinning}), on the first {peer_pairs} pairs: 1 % pre-bins, `max_pvalue=.05`,
  scorecard of 0 to 100, rounded.
- *error*: standard errors of false, missed and change over the pairs.

Measured when the marks were set (false, missed, change, AUC): optbinning 0.7, 0.4, 0.73, .784 at
5,000 and 0.9, 2.6, 1.49, .773 at 2,000; the oracle's change .58 and AUC .785 at 5,000, .781 at
2,000; raw lift rounded 11.3 false. Pair k of n leads is drawn with `default_rng([n, k])`."""


def run(options: Options) -> Study:
    """Measure both sizes, or with `options.quick` two pairs and no peer."""
    n_pairs = N_QUICK_PAIRS if options.quick else N_PAIRS
    n_fresh = N_QUICK_FRESH if options.quick else N_FRESH
    rows, marks = [], []
    for n, limits in MARKS.items():
        reached = fresh(
            "benchmarks.fitting.small_quarters:fit_pairs", n=n, n_pairs=n_pairs, n_fresh=n_fresh
        )
        ours, oracle = reached["ours"], reached["oracle"]
        ours[BELOW] = oracle[AUC] - ours[AUC]
        own = {name: at_most(ours[name], limit) for name, limit in limits.items()}
        marks += list(own.values())
        rows.append({"leads": n, "card": "ours", "pairs": n_pairs, **ours})
        asked = {**_each(own, "wanted"), AUC: f"({AUC_MARKS[n]:g})"}
        rows.append({"leads": n, "card": "required", **asked})
        rows.append({"leads": n, "card": "verdict", **_each(own, "verdict")})
        rows.append({"leads": n, "card": "oracle", "pairs": n_pairs, **oracle})
        if not options.quick:
            rows.append({"leads": n, "card": "optbinning", **_optbinning(n, options)})
    summary = SUMMARY.format(
        pairs=n_pairs,
        most=MAX_CRITERIA,
        fresh=n_fresh,
        peer_pairs=N_PEER_PAIRS,
        optbinning=OPTBINNING.pinned,
    )
    return Study(
        name="small_quarters",
        table=pd.DataFrame(rows, dtype=object),
        summary=summary,
        passed=all_met(marks) or options.quick,
    )


def _each(marks: dict[str, Mark], attribute: str) -> dict[str, str]:
    return {name: getattr(mark, attribute) for name, mark in marks.items()}


def fit_card(leads: Leads, *, max_criteria: int = MAX_CRITERIA) -> cal.Scorecard:
    """Return the card that `ScorecardClassifier` makes, without the time for its intervals."""
    obs = cal.observe(cal.read_history(leads.table))
    return cal.fit_scorecard(obs, max_criteria=max_criteria, intervals=False)


def fit_pairs(n: int, n_pairs: int, n_fresh: int) -> dict[str, dict[str, float | str]]:
    """Return the figures of our cards and of the oracle; runs in a process of its own."""
    judges = fresh_leads(n_fresh)
    seen = judges.frame
    cards, points, aucs, known, known_aucs = [], [], [], [], []
    for number in range(n_pairs):
        for quarter in draw_pair(n, number):
            card = fit_card(quarter)
            cards.append(card)
            points.append(activity_points(card))
            aucs.append(true_auc(card.score_frame(seen)["score"], judges.rate))
            known.append(oracle_points(quarter))
            known_aucs.append(true_auc(judges.flags @ known[-1], judges.rate))
    ours = figures(np.array(points), np.array(aucs), _used(cards))
    false = [sum(is_false(rule.criterion.fields) for rule in card.criteria) for card in cards]
    ours[FALSE] = max(ours[FALSE], float(np.mean(false)))
    return {"ours": ours, "oracle": figures(np.array(known), np.array(known_aucs))}


def _used(cards: list[cal.Scorecard]) -> NDArray[np.bool_]:
    """Return which activities any rule of each card speaks of, shape (cards, activities)."""
    used = np.zeros((len(cards), len(ACTIVITIES)), dtype=bool)
    for number, card in enumerate(cards):
        used[number, [ACTIVITIES.index(field) for field in card.fields]] = True
    return used


def figures(
    points: NDArray[np.float64],
    aucs: NDArray[np.float64],
    used: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Return the means over cards, which come in pairs of the same company.

    Parameters
    ----------
    points : ndarray, shape (cards, activities)
    aucs : ndarray, shape (cards,)
    used : ndarray of bool, shape (cards, activities), optional
        Which activities a card speaks of. Default: those with points.
    """
    spoken_of = points != 0 if used is None else used
    false = spoken_of[:, N_REAL:].sum(axis=1).reshape(-1, 2).mean(axis=1)
    missed = (~spoken_of[:, :N_REAL]).sum(axis=1).reshape(-1, 2).mean(axis=1)
    change = np.abs(points[0::2] - points[1::2]).mean(axis=1)
    each = {FALSE: false, MISSED: missed, CHANGE: change}
    means: dict[str, Any] = {name: float(values.mean()) for name, values in each.items()}
    means[AUC] = float(np.mean(aucs))
    means["activities"] = float(spoken_of.sum(axis=1).mean())
    errors = [values.std(ddof=1) / np.sqrt(len(values)) for values in each.values()]
    means["error"] = " / ".join(f"{error:.2f}" for error in errors)
    return means


def _optbinning(n: int, options: Options) -> dict[str, Any]:
    quarters = [quarter for k in range(N_PEER_PAIRS) for quarter in draw_pair(n, k)]
    judges = fresh_leads(N_FRESH)
    splits = [Split(q.frame, q.converted, q.frame[:1], q.converted[:1]) for q in quarters]
    try:
        answers = answers_of(
            OPTBINNING, splits, {"binning": BINNING, "flags": True}, refresh=options.refresh
        )
    except PeerMissingError as missing:
        return {"error": f"not measured: {missing}"}
    points = np.array([answer.points for answer in answers])
    aucs = np.array([true_auc(judges.flags @ row, judges.rate) for row in points])
    return {"pairs": N_PEER_PAIRS, **figures(points, aucs)}
