"""A campaign view in words."""

from __future__ import annotations

import pandas as pd

from calibrate import display

__all__ = ["sentences_of"]

_BRING = {
    "more customers": "More customers than the average",
    "more hot leads": "More {hot} leads than the average, customers not proven yet",
    "fewer hot leads": "Fewer {hot} leads than the average, customers not proven yet",
    "fewer customers": "Fewer customers than the average",
}
_MOST = 5


def sentences_of(
    column: str, table: pd.DataFrame, *, n: int, control_rate: float, hot: str | None
) -> tuple[str, ...]:
    """Say which values bring leads that are worth it.

    Parameters
    ----------
    column : str
    table : DataFrame
        Of `campaign_view`.
    n : int
        Leads in all.
    control_rate : float
    hot : str or None
        Name of the highest tier.
    """
    average = display.format_value("control_rate", control_rate)
    said = [f"{column}: of {display.format_value('n', n)} leads {average} convert."]
    for verdict, words in _BRING.items():
        rows = table[table["verdict"] == verdict]
        if len(rows):
            said.append(f"{words.format(hot=hot)}: {_listed(rows, verdict)}.")
    if len(said) == 1:
        said.append("No value is proven to differ from the average.")
    n_few = int(table["verdict"].isin(["too few", "too young"]).sum())
    if n_few:
        said.append(f"Too few or too young leads to say anything of {_values(n_few)}.")
    return tuple(said)


def _listed(rows: pd.DataFrame, verdict: str) -> str:
    share = "rate" if verdict.endswith("customers") else "hot_share"
    rows = rows.sort_values(share, ascending=verdict.startswith("fewer"), kind="stable")
    named = [
        f"{row.value} ({display.format_value(share, getattr(row, share))})"
        for row in rows.head(_MOST).itertuples()
    ]
    more = len(rows) - len(named)
    return ", ".join([*named, f"{more} more"] if more else named)


def _values(n: int) -> str:
    return "one value" if n == 1 else f"{n} values"
