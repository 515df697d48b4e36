"""An invented run (no real company): every key of run.json, and figures that add up."""

from __future__ import annotations

import copy
import math
from typing import Any

from calibrate.stats.intervals import lift_interval, wilson
from calibrate.stats.power import detectable_lift, lift_sample_size

Row = dict[str, Any]

# criterion, group, n of 4,300 leads, converted of 310, points, verdict, reason
CRITERIA = [
    ("pricing_view", "engagement", 905, 141, 24, "raises", ""),
    ("demo_request", "engagement", 310, 74, 31, "raises", ""),
    ("job_level: director or c_level", "fit", 1240, 138, 13, "raises", ""),
    ("industry: software", "fit", 1010, 105, 9, "raises", ""),
    ("employees at least 200", "fit", 1530, 149, 11, "raises", ""),
    ("email_click: 2 times or more", "engagement", 1105, 118, 6, "raises", ""),
    ("lead_source: purchased list", "fit", 620, 12, -22, "lowers", ""),
    ("country filled in", "fit", 3605, 285, 6, "raises", ""),
    ("email_open", "engagement", 2890, 228, 0, "raises", "counted by email_click"),
    ("page_view", "engagement", 3910, 287, 0, "no evidence", "shown to be small"),
    ("webinar_attended", "engagement", 288, 27, 0, "no evidence", "not proven (wide interval)"),
    ("newsletter_signup", "engagement", 1320, 96, 0, "no evidence", "shown to be small"),
    ("chat_started", "engagement", 21, 3, 0, "too few", "too few"),
    ("contract_sent", "engagement", 190, 150, 0, "raises", "leak"),
]
N, WON = 4300, 310
CARDS = {
    "candidate": (0.79, 0.41),
    "current": (0.71, 0.31),
    "rate": (0.74, 0.35),
    "newest": (0.52, 0.17),
    "equal": (0.50, 0.15),
    "gradient_boosting": (0.80, 0.42),
}


def sample_run() -> Row:
    """Return a fresh copy of the invented run."""
    return copy.deepcopy(_RUN)


def _rated(k: float, n: float) -> Row:
    lower, upper = wilson(k, n) if n else (None, None)
    rate = k / n if n else None
    bounds = {
        "rate_ci_lower": None if lower is None else float(lower),
        "rate_ci_upper": None if upper is None else float(upper),
    }
    return {"n": n, "n_converted": k, "rate": rate, **bounds}


def _lift_row(name: str, group: str, n: int, k: int, verdict: str, reason: str) -> Row:
    control = WON / N
    rate, without = k / n, (WON - k) / (N - n)
    lower, upper = lift_interval(k, n, WON - k, N - n)
    return {
        "criterion": name,
        "group": group,
        "source": "found",
        **_rated(k, n),
        "n_without": N - n,
        "n_converted_without": WON - k,
        "n_effective": n,
        "lead_share": n / N,
        "converted_share": k / WON,
        "not_converted_share": (n - k) / (N - WON),
        "control_rate": control,
        "lift": rate / control,
        "lift_ci_lower": float(lower),
        "lift_ci_upper": float(upper),
        "difference": rate - control,
        "difference_ci_lower": (float(lower) - 1) * control,
        "difference_ci_upper": (float(upper) - 1) * control,
        "rate_without": without,
        "relative_risk": rate / without,
        "relative_risk_ci_lower": None,
        "relative_risk_ci_upper": None,
        "odds_ratio_adjusted": rate / without,
        "odds_ratio_adjusted_ci_lower": None,
        "odds_ratio_adjusted_ci_upper": None,
        "shrunken_rate": (k + 50 * control) / (n + 50),
        "p_value": 0.0004 if verdict in ("raises", "lowers") else 0.31,
        "q_value": 0.001 if verdict in ("raises", "lowers") else 0.42,
        "confidence_level": 0.95,
        "verdict": verdict,
        "reason": reason,
    }


def _overlaps() -> list[Row]:
    """Return who opened mails beside who clicked: 1,000 of the 1,105 clickers opened too."""
    cells = {(True, True): (107, 1000), (True, False): (121, 1890)}
    cells |= {(False, True): (11, 105), (False, False): (71, 1305)}
    return [
        {
            "criterion": "email_open",
            "counted_by": "email_click: 2 times or more",
            "meets": meets,
            "meets_other": also,
            "also_share": 1000 / 2890,
            **_rated(*cells[meets, also]),
        }
        for meets, also in cells
    ]


def _expected_rate() -> list[Row]:
    rows = []
    for score in range(101):
        rate = 1 / (1 + math.exp(4.6 - 0.056 * score))
        rows.append({"score": score, "rate": rate, "rate_ci": [0.78 * rate, min(1, 1.25 * rate)]})
    return rows


def _counts() -> list[tuple[int, int, int]]:
    """Return (score, leads, customers): few high scores, who buy more often."""
    scores = [0, 6, 9, 13, 17, 22, 28, 33, 37, 42, 48, 52, 57, 62, 66, 71, 77, 83, 90, 96]
    leads = [
        310,
        560,
        520,
        480,
        430,
        380,
        330,
        280,
        230,
        190,
        150,
        120,
        95,
        75,
        55,
        40,
        25,
        15,
        10,
        5,
    ]
    won = [2, 5, 7, 9, 11, 14, 18, 22, 25, 28, 28, 28, 26, 25, 21, 17, 11, 7, 4, 2]
    return list(zip(scores, leads, won, strict=True))


def _thresholds() -> Row:
    counts, table = _counts(), []
    for cut, _, _ in counts:
        n = sum(leads for score, leads, _ in counts if score >= cut)
        k = sum(won for score, _, won in counts if score >= cut)
        value = k * 9000.0 - n * 120.0
        caught = wilson(k, WON)
        table.append(
            {
                "threshold": cut,
                **_rated(k, n),
                "recall": k / WON,
                "recall_ci_lower": float(caught.lower),
                "recall_ci_upper": float(caught.upper),
                "precision": k / n,
                "missed": WON - k,
                "leads_per_week": n / 52,
                "amount": k * 9000.0,
                "expected_value": value,
                "objective_value": k / WON - (n - k) / (N - WON),
            }
        )
    bands = [("hot", 42, 101), ("warm", 17, 42), ("cold", 0, 17)]
    tiers = [
        {
            "tier": tier,
            "at_least": low,
            **_rated(
                sum(won for score, _, won in counts if low <= score < high),
                sum(leads for score, leads, _ in counts if low <= score < high),
            ),
        }
        for tier, low, high in bands
    ]
    for row in tiers:
        row["lead_share"], row["converted_share"] = row["n"] / N, row["n_converted"] / WON
    quantiles = {"p10": 4.0, "p25": 9.0, "median": 15.0, "p75": 27.0, "p90": 40.0}
    others = {"outcome": "not converted", "n": N - WON, "mean": 19.4, **quantiles}
    buyers = {"outcome": "converted", "n": WON, "mean": 47.2, "p10": 17.0, "p25": 33.0}
    buyers |= {"median": 48.0, "p75": 62.0, "p90": 71.0}
    return {
        "objective": "youden",
        "threshold": 42,
        "threshold_ci_lower": 33,
        "threshold_ci_upper": 52,
        "plateau": [37, 48],
        "separates": True,
        "message": "",
        "weeks": 52.0,
        "table": table,
        "tiers": [{"name": name, "at_least": low} for name, low, _ in bands],
        "tier_table": tiers,
        "history": [buyers, others],
    }


def _backtest() -> list[Row]:
    rows = []
    for quarter, period in enumerate(["2023Q1", "2023Q2", "2023Q3"]):
        for card, (auc, recall) in CARDS.items():
            shift = 0.01 * (quarter - 1) * (card not in ("equal", "newest"))
            rows.append(
                {
                    "period": period,
                    "card": card,
                    "n": 1010 + 40 * quarter,
                    "n_converted": 72 + 3 * quarter,
                    "auc": auc + shift,
                    "auc_ci_lower": auc + shift - 0.035,
                    "auc_ci_upper": auc + shift + 0.034,
                    "ks": 2 * (auc - 0.5),
                    "average_precision": 0.07 + (auc - 0.5) / 2,
                    "precision": 0.07 * (1 + recall),
                    "recall": recall + shift,
                    "volume": 0.15,
                    "calibration_slope": 0.94 if card == "candidate" else None,
                    "calibration_intercept": 0.02 if card == "candidate" else None,
                    "amount": 290_000.0 * recall,
                }
            )
    return rows


def _scorecard() -> Row:
    criteria = []
    for name, group, n, k, points, _, _ in CRITERIA:
        if not points:
            continue
        lower, upper = lift_interval(k, n, WON - k, N - n)
        criteria.append(
            {
                "name": name,
                "group": group,
                "when": {"activity": name, "at_least": 1},
                "points": points,
                "points_ci": [points - 4, points + 5],
                "n": n,
                "lift": (k / n) / (WON / N),
                "lift_ci": [float(lower), float(upper)],
                "auc_added": points / 1000,
            }
        )
    return {
        "schema": "calibrate.scorecard/1",
        "name": "sample",
        "period": ["2022-10-01", "2023-10-01"],
        "as_of": "2024-01-01",
        "method": "logistic",
        "control": {"rate": WON / N, "rate_ci": [0.065, 0.080], "n": N, "n_converted": WON},
        "base": 22,
        "criteria": criteria,
        "caps": {"engagement": 60},
        "disqualify": [{"name": "student", "when": {"field": "job_level", "in": ["student"]}}],
        "hold": [],
        "tiers": _thresholds()["tiers"],
        "expected_rate": _expected_rate(),
    }


def _size(n_criteria: int, auc: float, of: float) -> Row:
    ends = {"auc_ci_lower": auc - 0.02, "auc_ci_upper": auc + 0.02}
    gap = {"auc_difference_ci_lower": auc - of - 0.004, "auc_difference_ci_upper": auc - of + 0.004}
    return {
        "n_criteria": n_criteria,
        "n": N,
        "n_converted": WON,
        "log_loss": 0.3 - auc / 10,
        "log_loss_difference": (of - auc) / 10,
        "log_loss_difference_ci_lower": (of - auc) / 10 - 0.001,
        "log_loss_difference_ci_upper": (of - auc) / 10 + 0.001,
        "auc": auc,
        **ends,
        "auc_difference": auc - of,
        **gap,
        "kept_share": (auc - 0.5) / (of - 0.5),
        "chosen": auc == of,
        "confidence_level": 0.95,
    }


def _parsimony() -> Row:
    areas = [0.5, 0.65, 0.72, 0.755, 0.77, 0.778, 0.784, 0.787, 0.79, 0.789]
    table = [_size(n, auc, 0.79) for n, auc in enumerate(areas)]
    ends = {"auc_ci_lower": 0.78, "auc_ci_upper": 0.82}
    ceiling = {"n": N, "n_converted": WON, "log_loss": 0.22, "auc": 0.8, **ends}
    # (0.778 - 0.5) / (0.79 - 0.5) is the first of at least 0.95
    enough = {"n_criteria": 5, "kept_share": 0.278 / 0.29, "of": 8}
    return {
        "table": table,
        "ceiling": ceiling | {"confidence_level": 0.95},
        "enough": enough,
        "sentence": "With 5 rules you keep 96 % of what 8 give.",
    }


def _short_card() -> Row:
    card = _scorecard()
    card["criteria"] = card["criteria"][:6]
    return {"card": card, "price": _parsimony()["table"][6]}


def _example() -> Row:
    """Return a lead with 22 + 24 + 11 + 6 points, and the lines it does not meet."""
    met = {"pricing_view", "employees at least 200", "country filled in"}
    start = {"criterion": "every lead starts at", "group": "base", "met": True, "points": 22}
    rules = [start | {"points_possible": 22, "rule": "every lead starts at"}]
    for line in _scorecard()["criteria"]:
        hit, points = line["name"] in met, line["points"]
        row = {"criterion": line["name"], "group": line["group"], "met": hit, "rule": line["name"]}
        rules.append(row | {"points": points * hit, "points_possible": points})
    rate = _expected_rate()[63]["rate"]
    return {"lead_id": "L-77", "score": 63, "tier": "hot", "expected_rate": rate, "rules": rules}


def _control() -> Row:
    cohort = {"method": "cohort", **_rated(84, 1180), "n_effective": 1180, "note": ""}
    period = {"method": "period", **_rated(79, 1180), "n_effective": None}
    period["note"] = "won in the quarter by leads created in the quarter"
    adjusted = {"method": "adjusted", **_rated(84, 1180), "n_effective": 1151.0}
    adjusted["note"] = "counts the young leads for as long as they were seen"
    table = [row | {"confidence_level": 0.95} for row in (period, cohort, adjusted)]
    return {**table[1], "period": "2023Q3", "table": table}


def _by_quarter() -> list[Row]:
    counts = [
        ("2022Q4", 1020, 70),
        ("2023Q1", 1055, 71),
        ("2023Q2", 1090, 80),
        ("2023Q3", 1180, 84),
    ]
    return [{"period": p, **_rated(k, n), "n_mature": n} for p, n, k in counts]


def _by_age() -> Row:
    """Return a quarter that was watched to the end: 35, 68 and 84 of its 1,180 leads bought."""
    rows = []
    for days, k in ((30.0, 35), (60.0, 68), (90.0, 84)):
        lower, upper = (1.0, 1.0) if k == 84 else wilson(k, 84)
        ends = {"share_ci_lower": float(lower), "share_ci_upper": float(upper)}
        rows.append({"days": days, "n_watched": 1180, **_rated(k, 1180), "share": k / 84} | ends)
        del rows[-1]["n"]
        rows[-1]["confidence_level"] = 0.95
    period = {"label": "2023Q3", "start": "2023-07-01", "end": "2023-10-01"}
    part = {"horizon_days": 90.0, "until_days": 90.0, "note": "", "period": period}
    part |= {"n": 1180, "n_converted": 84}
    return part | {"confidence_level": 0.95, "table": rows}


def _readiness() -> Row:
    shares = {"half": 0.5, "a quarter": 0.25, "a tenth": 0.1, "a twentieth": 0.05}
    met = [(f"whatever {said} of the leads meet", "share", N * s) for said, s in shares.items()]
    met += [(name, "criterion", n) for name, _, n, *_ in CRITERIA]
    rows = [
        {
            "criterion": name,
            "kind": kind,
            "lead_share": n / N,
            "n": round(n),
            "judged": n >= 70,
            "detectable_lift": float(detectable_lift(N, WON / N, n / N)),
            "quarters_needed": float(lift_sample_size(1.2, WON / N, n / N)) / 1075,
        }
        for name, kind, n in met
    ]
    for row in rows:  # more than 1 / 1.2 of the leads meet it: no lift of 1.2 can be
        row["quarters_needed"] = row["quarters_needed"] if row["lead_share"] < 1 / 1.2 else None
    return {
        "verdict": "ready",
        "message": "Ready: 310 of 4,300 leads became customers (7.2%).",
        "n": N,
        "n_converted": WON,
        "rate": WON / N,
        "minimal_lift": rows[0]["detectable_lift"],
        "minimal_lift_tenth": rows[2]["detectable_lift"],
        "power": 0.8,
        "alpha": 0.05,
        "leads_a_week": 90.5,
        "leads_a_quarter": 1075.0,
        "capacity_leads_a_week": None,
        "quarters_needed": 50 / (WON / N) / 1075,
        "n_unjudged": 1,
        "table": rows,
    }


def _changes() -> Row:
    rows = [
        ("pricing_view", "changed", 18, 24),
        ("demo_request", "same", 31, 31),
        ("job_level: director or c_level", "new", 0, 13),
        ("email_open", "dropped", 8, 0),
    ]
    table = [
        {"criterion": c, "status": s, "points_old": a, "points_new": b, "change": b - a}
        | {"effect": b - a, "scale": 0}
        for c, s, a, b in rows
    ]
    return {"summary": "1 new rule, 1 dropped, 1 changed, 1 the same", "criteria": table}


_RUN: Row = {
    "schema": "calibrate.run/1",
    "name": "sample (invented)",
    "period": {"label": "2023Q3", "start": "2023-07-01", "end": "2023-10-01"},
    "as_of": "2024-01-01T00:00:00",
    "versions": {"python": "3.11", "calibrate": "0.1.0", "pandas": "3.1"},
    "inputs": [{"table": "leads", "name": "leads.csv.gz", "rows": 6010, "sha256": "0" * 64}],
    "inputs_hash": "1234abcd" * 8,
    "settings": {
        "calibration": {
            "observation_window": 7.0,
            "horizon": 90.0,
            "lookback": 90.0,
            "early": "landmark",
            "fit_period": {
                "label": "2022-10-01..2023-10-01",
                "start": "2022-10-01",
                "end": "2023-10-01",
            },
        },
        "thresholds": {"objective": "youden", "people": 4},
    },
    "checks": [
        {
            "table": "leads",
            "check": "created_at could not be read",
            "n": 3,
            "rule": "left out",
            "examples": "L-17, L-90, L-101",
        },
        {
            "table": "activities",
            "check": "after as_of",
            "n": 12,
            "rule": "left out",
            "examples": "",
        },
        {"table": "leads", "check": "duplicate rows", "n": 0, "rule": "kept once", "examples": ""},
    ],
    "findings": [
        {
            "guard": "activity after closing",
            "severity": "certain",
            "what": "contract_sent happens at or after the sale in 148 of 150 sales",
            "how_sure": "148 of 150",
            "effect": "it would look 15 times as good as it is",
            "action": "it earns no points",
            "columns": ["contract_sent"],
        },
        {
            "guard": "unequal observation",
            "severity": "note",
            "what": "the activity log starts 40 days after the first lead",
            "how_sure": "certain",
            "effect": "early leads seem quieter than they were",
            "action": "add the older log, or start later",
            "columns": [],
        },
    ],
    "control": _control(),
    "control_by_quarter": _by_quarter(),
    "conversion_by_age": _by_age(),
    "readiness": _readiness(),
    "funnel": [
        {"stage": "leads", "n": 1180, "share": 1.0},
        {"stage": "open at the landmark", "n": 1131, "share": 1131 / 1180},
        {"stage": "hot", "n": 120, "share": 120 / 1180},
        {"stage": "converted", "n": 84, "share": 84 / 1180},
    ],
    "lift": [_lift_row(c, g, n, k, v, r) for c, g, n, k, _, v, r in CRITERIA],
    "overlaps": _overlaps(),
    "scorecard": _scorecard(),
    "parsimony": _parsimony(),
    "short_card": _short_card(),
    "example": _example(),
    "thresholds": _thresholds(),
    "backtest": _backtest(),
    "backtest_skipped": [{"period": "2022Q4", "reason": "not enough known: 31 conversions"}],
    "missed": [
        {
            "what": "win scored lowest",
            "lead_id": "L-2077",
            "period": "2023Q3",
            "score": 9,
            "amount": 14000.0,
        },
        {
            "what": "win scored lowest",
            "lead_id": "L-3120",
            "period": "2023Q3",
            "score": 13,
            "amount": 9100.0,
        },
        {
            "what": "loss scored highest",
            "lead_id": "L-1204",
            "period": "2023Q3",
            "score": 83,
            "amount": None,
        },
    ],
    "monitoring": {
        "verdict": "watch",
        "period": "2023Q2",
        "reasons": ["promised 71.4 customers, 80 came", "PSI 0.12"],
        "table": [
            {"kind": "level", "name": "all leads", "n_expected": 71.4, "expected_rate": 0.0655}
            | _rated(80, 1090)
        ],
    },
    "changes": _changes(),
    "gate": {
        "recommendation": "promote",
        "reasons": ["not worse than the current card: AUC +0.08 (+0.05 to +0.11)"],
        "figures": {
            "compared_with": "current",
            "n": 3150,
            "n_converted": 225,
            "candidate_auc": 0.79,
            "candidate_auc_ci_lower": 0.76,
            "candidate_auc_ci_upper": 0.82,
            "current_auc": 0.71,
            "current_auc_ci_lower": 0.68,
            "current_auc_ci_upper": 0.74,
        },
    },
    "textbook": {
        "activity": "page_view",
        "n": 3910,
        "n_converted": 287,
        "n_leads": N,
        "lead_share": 3910 / N,
        "control_rate": WON / N,
        "control_rate_ci_lower": _rated(WON, N)["rate_ci_lower"],
        "control_rate_ci_upper": _rated(WON, N)["rate_ci_upper"],
        "rate": 287 / 3910,
        "rate_ci_lower": _rated(287, 3910)["rate_ci_lower"],
        "rate_ci_upper": _rated(287, 3910)["rate_ci_upper"],
        "lift": (287 / 3910) / (WON / N),
        "points_rate": 0,
        "points_difference": 0,
        "points_card": 0,
        "verdict": "no evidence",
    },
    "lead_url": "https://crm.example.com/lead/{lead_id}",
    "currency": None,
    "warnings": ["12 activities lie after the export and were not counted"],
    "may_differ": ["versions"],
}
