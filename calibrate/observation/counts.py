"""What an observation leaves out, counted and with its rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from calibrate.observation.statements import (
    UNDATED_WIN,
    Parameters,
    Scope,
    seen_sql,
    unworked_sql,
)

if TYPE_CHECKING:
    from calibrate.history import History

__all__ = ["counted"]

Row = tuple[str, str, int, str, str]
_COLUMNS = ["table", "check", "n", "rule", "examples"]


def counted(history: History, scope: Scope, leads: pd.DataFrame) -> pd.DataFrame:
    """Return ``table, check, n, rule, examples`` for what the observation leaves out."""
    rows = [] if scope.is_wide else _outside(history, scope)
    if not scope.is_open:
        rows += _inside(scope, leads)
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    frame["n"] = frame["n"].astype("int64")
    return frame


def _outside(history: History, scope: Scope) -> list[Row]:
    checks: list[tuple[str, str, Callable[[Scope, Parameters], str]]] = [
        ("created after as_of", "left out: not known at as_of", _created_later),
        ("outside the period", "not part of this observation", _outside_period),
        (
            "won, closing date missing",
            "left out of every number that needs time: when it was won is not known",
            lambda s, p: f"{seen_sql(s, p)} AND {UNDATED_WIN}",
        ),
        (
            "not worked by anybody",
            "left out: a lead that nobody worked could not convert",
            lambda s, p: f"{seen_sql(s, p)} AND {unworked_sql(s, p)}",
        ),
        ("closed after as_of", "open at as_of", _closed_later),
        (
            "lost, closing date missing",
            "not converted, observed for its whole window",
            lambda s, p: f"{seen_sql(s, p)} AND l.outcome = 'lost' AND l.closed_at IS NULL",
        ),
    ]
    rows = []
    for check, rule, condition in checks:
        parameters = Parameters()
        where = condition(scope, parameters)
        n = history.engine.query(
            f"SELECT count(*) AS n FROM leads AS l WHERE {where}", parameters.values
        ).to_pylist()[0]["n"]
        if n:
            rows.append(("leads", check, int(n), rule, _examples(history, where, parameters)))
    return rows


def _created_later(scope: Scope, parameters: Parameters) -> str:
    return f"l.created_at > {parameters.moment(scope.as_of)}"


def _closed_later(scope: Scope, parameters: Parameters) -> str:
    seen = seen_sql(scope, parameters)
    return f"{seen} AND l.outcome <> 'open' AND l.closed_at > {parameters.moment(scope.as_of)}"


def _outside_period(scope: Scope, parameters: Parameters) -> str:
    seen = seen_sql(scope, parameters)
    return f"l.created_at <= {parameters.moment(scope.as_of)} AND NOT ({seen})"


def _examples(history: History, where: str, parameters: Parameters) -> str:
    found = history.engine.query(
        f"SELECT CAST(l.lead_id AS VARCHAR) AS id FROM leads AS l WHERE {where}"
        " ORDER BY l.lead_row LIMIT 3",
        parameters.values,
    )
    return ", ".join(row["id"] for row in found.to_pylist())


def _inside(scope: Scope, leads: pd.DataFrame) -> list[Row]:
    mature, status, converted = leads["mature"], leads["status"], leads["converted"]
    early = (
        "kept with what was seen before the closing"
        if scope.truncates
        else "counted in the control rate, not compared at the landmark"
    )
    young = "the horizon ends after as_of: weight 0"
    if scope.weights_young:
        young = "the horizon ends after as_of: weighted if won by then, else weight 0"
    if scope.is_wide:
        rule = "leads without times: nothing is cut off"
        return [("leads", "observed", len(leads), rule, "")]
    late = mature & ~converted & leads["lag_days"].notna()
    at_landmark = (leads["weight"] > 0) & (status == "at landmark")
    which = "leads of the period" if scope.start or scope.end else "all leads created by as_of"
    rows: list[Row] = [("leads", "observed", len(leads), which, "")]
    for check, rule, chosen in (
        ("not mature", young, ~mature),
        ("landmark after as_of", "not compared yet: seen as of as_of", status == "before landmark"),
        ("converted before the landmark", early, mature & (status == "converted early")),
        ("lost before the landmark", early, mature & (status == "lost early")),
        ("at the landmark", "compared: open at the landmark, outcome known", at_landmark),
        ("at the landmark, converted", "by the horizon", at_landmark & converted),
        ("won after the horizon", "not converted by the horizon", late),
    ):
        ids = leads["lead_id"].to_numpy()[chosen.to_numpy(dtype=bool)][:3]
        shown = "" if check.startswith("at the landmark") else ", ".join(map(str, ids))
        rows.append(("leads", check, int(chosen.sum()), rule, shown))
    return rows
