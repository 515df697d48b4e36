"""What a notebook cell shows of an observation: what is compared, and a few of its rows."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from calibrate.display import format_value, html_table

__all__ = ["observed_html"]

_ROWS = 5
_HIDDEN = ("contact", "follow_up_days", "lag_days", "mature", "weight")


def observed_html(
    rows: pd.DataFrame, label: str, window: dt.timedelta, horizon: dt.timedelta, *, is_open: bool
) -> str:
    """Return the leads of an observation in a sentence, and the first of them as a table.

    Parameters
    ----------
    rows : DataFrame
        As `Observation.table`.
    label : str
        Name of the period.
    window, horizon : timedelta
        After how long leads are compared, and by when a customer counts.
    is_open : bool
        Whether these are the leads whose outcome nobody knows yet.

    Returns
    -------
    str
        Without the person behind a lead.
    """
    n = format_value("n", len(rows))
    known = rows[rows["at_landmark"] & (rows["weight"] > 0)]
    if is_open:
        caption = f"{n} open leads, as they are at the day of the export"
    elif rows["created_at"].isna().all():
        bought = format_value("n", int(known["converted"].sum()))
        caption = f"{n} leads, {bought} of them customers"
    else:
        of = "" if label == "all" else f"{label}: "
        bought = format_value("n", int(known["converted"].sum()))
        caption = (
            f"{of}{n} leads; {format_value('n', len(known))} of them compared after "
            f"{format_value('horizon', window)}, of which {bought} bought by day "
            f"{format_value('n', horizon / dt.timedelta(days=1))}"
        )
    shown = rows.drop(columns=[name for name in _HIDDEN if name in rows])
    return html_table(shown, caption=caption, max_rows=_ROWS)
