"""The tables [stages] and [campaigns]: how far leads come, and where from."""

from __future__ import annotations

from calibrate.history.attributes import name_tokens
from calibrate.proposal.examples import is_personal
from calibrate.proposal.looks import Column, TableLook
from calibrate.proposal.roles import Roles, best
from calibrate.proposal.text import Line, Table
from calibrate.proposal.words import STAGE_WORDS, squeezed

__all__ = ["campaign_columns", "stage_tables"]

_MEANS = {
    "unqualified": "leads nobody wants",
    "mql": "marketing handed the lead on",
    "sql": "sales accepted it",
    "opportunity": "there is an offer",
    "customer": "they bought",
}
_HANDED_ON = frozenset({"mql", "sql", "opportunity"})  # between a lead and a customer
_MOST_STAGES = 25
_MIN_LEADS = 30


def stage_tables(look: TableLook, roles: Roles, won: list[str]) -> list[Table]:
    """Return [stages] and [stages.dates]; nothing where too few stages are known.

    Parameters
    ----------
    look : TableLook
    roles : Roles
    won : list of str
        Values of the outcome that mean a customer.

    Returns
    -------
    list of Table
        Two of ``mql``, ``sql`` and ``opportunity`` must be known, and ``sql`` among them.
    """
    column = _stage_column(look)
    values = {} if column is None else _stages_of(column)
    dates = {stage: c for stage in list(_MEANS)[1:] if (c := _date_of(stage, look, roles))}
    known = {*values, *dates} & _HANDED_ON
    if "sql" not in known or len(known) < 2:
        return []
    lines = []
    if column is not None and column is not roles.outcome:
        lines.append(Line("column", column.name, "how far the lead came"))
    if column is roles.outcome and won:
        values["customer"] = won
    lines += [Line(s, values[s], words) for s, words in _MEANS.items() if values.get(s)]
    note = "How far leads come: a run then cuts twice, for marketing (MQL) and for sales (SQL)."
    tables = [Table(name="stages", lines=lines, note=note)]
    if dates:
        when = [Line(s, c.name, "since when") for s, c in dates.items()]
        tables.append(Table(name="stages.dates", lines=when))
    return tables


def campaign_columns(look: TableLook, roles: Roles) -> list[Column]:
    """Return the columns that say which campaign, and which source, a lead is from."""
    free = [
        column
        for column in look.columns
        if column is not roles.outcome
        and not (column.is_date or column.is_number or column.is_unique or is_personal(column))
        and any(n >= min(_MIN_LEADS, 0.05 * column.rows) for n in column.counts.values())
    ]
    campaign = best("campaign", free)
    source = best("source", (column for column in free if column is not campaign))
    return [column for column in (campaign, source) if column is not None]


def _stage_column(look: TableLook) -> Column | None:
    few = [c for c in look.columns if not c.is_date and 2 <= len(c.distinct) <= _MOST_STAGES]
    able = [c for c in few if _HANDED_ON & set(_stages_of(c))]
    return best("stage", able) or next(iter(able), None)


def _stages_of(column: Column) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in column.distinct:
        plain = " ".join(name_tokens(value))
        for stage, words in STAGE_WORDS.items():
            if value.casefold().strip() in words or plain in words:
                found.setdefault(stage, []).append(value)
                break
    return found


def _date_of(stage: str, look: TableLook, roles: Roles) -> Column | None:
    """Column of dates whose name holds the name of a stage."""
    names = {squeezed(word) for word in STAGE_WORDS[stage] if len(word) > 4} | {stage}
    for column in look.dates:
        if column in (roles.created_at, roles.closed_at):
            continue
        tokens, whole = set(name_tokens(column.name)), squeezed(column.name)
        if stage in tokens or any(len(name) > 4 and name in whole for name in names):
            return column
    return None
