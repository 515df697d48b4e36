"""The user's tables under the names that statements know: leads and their activities.

Of each table there are two table expressions: its cells, cleaned as reading cleans them, and what
they mean. What stands in them is asked, in `building`, of tables that were opened (`looked`) or of
which nothing is known but the settings (`assumed`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calibrate.criteria import Measure
from calibrate.engines import quote_literal
from calibrate.history.attributes import RESERVED_NAMES
from calibrate.history.loading import WHITE

__all__ = [
    "BLANKS",
    "CRM_TABLES",
    "LETTERS",
    "Cells",
    "Closing",
    "Key",
    "LeadParts",
    "LogParts",
    "Parts",
    "WinParts",
    "expressions",
    "plain_name",
]

CRM_TABLES = ("crm_leads", "crm_activities")
"""What the table expressions are called; no user has a table of such a name."""
BLANKS = "crm_blanks"
"""The table expression of one row that holds the letters taken off both ends of a text."""
LETTERS = "b.letters"
_FIELD, _ACTIVITY = "field:", "activity:"


@dataclass(frozen=True, kw_only=True)
class Key:
    """What names a lead in a table.

    Parameters
    ----------
    text : str
        SQL of it as text.
    number : str or None
        SQL of it as a whole number, where it is one.
    """

    text: str
    number: str | None = None


@dataclass(frozen=True, kw_only=True)
class Closing:
    """When a lead was closed.

    Parameters
    ----------
    start, end : str
        SQL of the first and the last moment it may have been.
    is_even : bool
        Whether the later of two starts always has the later end.
    """

    start: str
    end: str
    is_even: bool = True

    @property
    def earliest(self) -> str:
        """SQL of the end of the earliest of several."""
        return f"min({self.end})" if self.is_even else f"arg_min({self.end}, {self.start})"


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A table and the cleaned cells of its columns.

    Parameters
    ----------
    relation : str
        What stands behind FROM.
    cells : dict of str to str
        What each column is called here, and its SQL.
    kept : tuple of str
        Conditions for a row to be read.
    """

    relation: str
    cells: Mapping[str, str]
    kept: tuple[str, ...] = ()

    @property
    def takes_blanks(self) -> bool:
        """Whether a text is trimmed."""
        return any(LETTERS in cell for cell in self.cells.values())

    def expression(self, name: str) -> str:
        """Return the table expression of the cells."""
        listed = ",\n        ".join(f"{cell} AS {name}" for name, cell in self.cells.items())
        blanks = f"\n    CROSS JOIN {BLANKS} AS b" if self.takes_blanks else ""
        return (
            f"{name} AS (\n    SELECT\n        {listed}\n    FROM {self.relation} AS t{blanks}\n)"
        )

    def where(self, *more: str) -> str:
        """Return the WHERE of the rows that are read."""
        return f"WHERE {' AND '.join([*more, *self.kept])}"


@dataclass(frozen=True, kw_only=True)
class LeadParts:
    """SQL of what a statement needs of the leads, over their cells ``t``.

    Parameters
    ----------
    cells : Cells
    lead_id : str
        As it is given back.
    key : Key
        The id.
    contact : Key or None
        What activities are joined by, where leads have it.
    created_at : str or None
        None for a wide table.
    outcome : str
    closed_at : Closing or None
    worked : str or None
        Only for a wide table without an open lead, all of which are scored.
    fields : dict of str to (str, str)
        SQL and kind of each column that the card reads.
    is_log : bool
        Whether a row is an event, and a lead all rows of its id.
    """

    cells: Cells
    lead_id: str
    key: Key
    contact: Key | None
    created_at: str | None
    outcome: str
    closed_at: Closing | None
    worked: str | None
    fields: Mapping[str, tuple[str, str]]
    is_log: bool = False


@dataclass(frozen=True, kw_only=True)
class WinParts:
    """The same of a table of wins."""

    cells: Cells
    key: Key
    closed_at: Closing | None


@dataclass(frozen=True, kw_only=True)
class LogParts:
    """The same of a log of activities."""

    cells: Cells
    key: Key
    activity: str
    occurred_at: str
    detail: str | None
    value: str | None


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a statement needs of all tables.

    Parameters
    ----------
    leads : LeadParts
    wins : WinParts or None
    log : LogParts or None
    by_contact : bool
        Whether activities are joined by the contact, where leads have one.
    """

    leads: LeadParts
    wins: WinParts | None
    log: LogParts | None
    by_contact: bool = True


def plain_name(name: str) -> str:
    """Return the column of an attribute, as the data calls it.

    Examples
    --------
    >>> plain_name("field:score"), plain_name("Industry")
    ('score', 'Industry')
    """
    bare = name.removeprefix(_FIELD)
    return bare if bare in RESERVED_NAMES else name


def expressions(parts: Parts, columns: Mapping[str, str], measures: Sequence[Measure]) -> list[str]:
    """Return the table expressions that end in ``crm_leads`` and ``crm_activities``.

    Parameters
    ----------
    parts : Parts
    columns : dict of str to str
        What each column that the card reads is called in ``crm_leads``.
    measures : sequence of Measure
        What is taken from the log; without any there is no ``crm_activities``.

    Returns
    -------
    list of str
    """
    leads, wins, log = parts.leads, parts.wins, parts.log if measures else None
    made = []
    if any(part is not None and part.cells.takes_blanks for part in (leads, wins, log)):
        made.append(_blanks())
    made.append(leads.cells.expression("crm_lead_cells"))
    if wins is not None:
        made += [wins.cells.expression("crm_win_cells"), _wins(wins, leads.key)]
    key = leads.contact if parts.by_contact and leads.contact is not None else leads.key
    of_lead, of_event = (key.text, None) if log is None else _joined(key, log.key)
    made.append(_leads(leads, wins, of_lead, columns))
    if log is not None:
        made.append(log.cells.expression("crm_activity_cells"))
        made.append(_activities(log, of_event or log.key.text, measures))
    return made


def _blanks() -> str:
    letters = " || ".join("' '" if letter == " " else f"chr({ord(letter)})" for letter in WHITE)
    return f"{BLANKS} AS (SELECT {letters} AS letters)"


def _joined(one: Key, other: Key) -> tuple[str, str]:
    """Return two keys that can be compared: whole numbers where both are, else texts."""
    if one.number is not None and other.number is not None:
        return one.number, other.number
    return one.text, other.text


def _wins(wins: WinParts, lead: Key) -> str:
    _, key = _joined(lead, wins.key)
    closed_at = "CAST(NULL AS TIMESTAMP)" if wins.closed_at is None else wins.closed_at.earliest
    return f"""crm_wins AS (
    SELECT {key} AS lead_key, {closed_at} AS closed_at
    FROM crm_win_cells AS t
    {wins.cells.where(f"{key} IS NOT NULL")}
    GROUP BY {key}
)"""


def _leads(leads: LeadParts, wins: WinParts | None, key: str, columns: Mapping[str, str]) -> str:
    created = leads.created_at or "CAST(NULL AS TIMESTAMP)"
    outcome = leads.outcome
    closed = "CAST(NULL AS TIMESTAMP)" if leads.closed_at is None else leads.closed_at.end
    source, where = (
        "crm_lead_cells AS t",
        leads.cells.where(f"{leads.key.text} IS NOT NULL"),
    )
    lead_id, of_win = leads.lead_id, leads.key
    if leads.is_log:
        source = f"(\n        {_grouped(leads, where)}\n    ) AS g"
        created, outcome, closed, where = "g.created_at", "g.outcome", "g.closed_at", ""
        lead_id, key = "g.lead_id", "g.lead_key" if key == leads.key.text else "g.lead_number"
        of_win = Key(text="g.lead_key", number=leads.key.number and "g.lead_number")
    if wins is not None:
        by, _ = _joined(of_win, wins.key)
        source += f"\n    LEFT JOIN crm_wins AS w ON w.lead_key = {by}"
        closed = _closed_with_wins(outcome, closed)
        outcome = f"CASE WHEN w.lead_key IS NOT NULL THEN 'converted' ELSE {outcome} END"
    cells = {
        "lead_row": lead_id,
        "lead_id": lead_id,
        "lead_key": key,
        "created_at": created,
        "outcome": outcome,
        "closed_at": closed,
        **({} if leads.worked is None else {"worked": leads.worked}),
        **{columns[name]: leads.fields[name][0] for name in columns},
    }
    listed = ",\n        ".join(f"{value} AS {name}" for name, value in cells.items())
    return f"""crm_leads AS (
    SELECT {"" if leads.is_log else "DISTINCT"}
        {listed}
    FROM {source}
    {where}
)"""


def _closed_with_wins(outcome: str, closed: str) -> str:
    """Return when a lead was closed: at its win, or where that has no date as the leads say."""
    if closed == "CAST(NULL AS TIMESTAMP)":
        return "w.closed_at"
    return (
        f"CASE WHEN w.lead_key IS NULL THEN {closed} WHEN w.closed_at IS NOT NULL "
        f"THEN w.closed_at WHEN {outcome} = 'converted' THEN {closed} END"
    )


def _grouped(leads: LeadParts, where: str) -> str:
    """Return the SELECT of leads made from a log: the first event is the creation."""
    won, lost = (f"CASE WHEN {leads.outcome} = '{word}' THEN" for word in ("converted", "lost"))
    closing = leads.closed_at
    closed = "CAST(NULL AS TIMESTAMP)"
    if closing is not None:
        of = [
            Closing(
                start=f"{said} {closing.start} END",
                end=f"{said} {closing.end} END",
                is_even=closing.is_even,
            ).earliest
            for said in (won, lost)
        ]
        closed = f"CASE WHEN max({won} 1 ELSE 0 END) = 1 THEN {of[0]} ELSE {of[1]} END"
    number = "" if leads.key.number is None else f" {leads.key.number} AS lead_number,"
    keys = [leads.lead_id, leads.key.text, leads.key.number]
    return f"""SELECT {leads.lead_id} AS lead_id, {leads.key.text} AS lead_key,{number}
            min({leads.created_at}) AS created_at,
            CASE WHEN max({won} 1 ELSE 0 END) = 1 THEN 'converted'
                WHEN max({lost} 1 ELSE 0 END) = 1 THEN 'lost' ELSE 'open' END AS outcome,
            {closed} AS closed_at
        FROM crm_lead_cells AS t
        {where}
        GROUP BY {", ".join(dict.fromkeys(key for key in keys if key is not None))}"""


def _activities(log: LogParts, key: str, measures: Sequence[Measure]) -> str:
    detail, value = "CAST(NULL AS VARCHAR)", "CAST(NULL AS DOUBLE)"
    if log.detail is not None and any(measure.detail is not None for measure in measures):
        detail = log.detail
    if log.value is not None and any(measure.statistic == "total" for measure in measures):
        value = log.value
    return f"""crm_activities AS (
    SELECT
        {key} AS lead_key,
        {_activity_name(log.activity, measures)} AS activity,
        {log.occurred_at} AS occurred_at,
        {detail} AS detail,
        {value} AS value
    FROM crm_activity_cells AS t
    {log.cells.where(f"{key} IS NOT NULL", f"{log.activity} IS NOT NULL")}
)"""


def _activity_name(cell: str, measures: Sequence[Measure]) -> str:
    """Return an activity's name; one that a column of the leads has is ``activity:NAME``."""
    names = dict.fromkeys(str(m.activity) for m in measures if m.activity is not None)
    prefixed = [name.removeprefix(_ACTIVITY) for name in names if name.startswith(_ACTIVITY)]
    taken = dict.fromkeys([*prefixed, *(name for name in names if name in RESERVED_NAMES)])
    bands = "".join(
        f" WHEN {quote_literal(name)} THEN {quote_literal(_ACTIVITY + name)}" for name in taken
    )
    return f"CASE {cell}{bands} ELSE {cell} END" if bands else cell
