"""Events in the engine as small as they can be: keys and names are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calibrate.engines import DuckDBEngine, quote_literals
from calibrate.history.loading import INTEGER_TYPES, text_of
from calibrate.history.staging import Staged

__all__ = ["Broken", "Log", "broken_events", "create_view", "names_of", "store_events"]

_FEW = 64  # names that are looked for one after the other
_SORTED = 2_000_000  # events up to which sorting costs next to nothing
_EVENTS = "activity_rows"
_LARGE = 5_000_000  # events that take more memory, as they are, than packing them takes time


@dataclass(frozen=True, eq=False, kw_only=True)
class Log:
    """The log as it is read: the SQL of each column, over its staged view.

    Parameters
    ----------
    staged : Staged
        The view.
    lead, activity : int
        Positions of the key and of the name.
    moment : str
        SQL of the time.
    extra : mapping of str to str
        SQL of ``detail`` and ``value``, where the log has them.
    taken : frozenset of str
        Names that an activity cannot have; one of them becomes ``activity:NAME``.
    """

    staged: Staged
    lead: int
    activity: int
    moment: str
    extra: Mapping[str, str]
    taken: frozenset[str]

    def raw(self, position: int) -> str:
        """Return the SQL of a column of text as it stands in the source, where that will do.

        To look at every letter of every cell for blanks around it takes longer than all else.

        Parameters
        ----------
        position : int
            Which column.

        Returns
        -------
        str
            ``r<position>``, or the cleaned cell where cells are spelled as missing.
        """
        raw = self.staged.raw
        is_plain = raw is not None and not raw.null_values and self.staged.is_text(position)
        return f"s.r{position}" if is_plain else f"s.c{position}"

    def joined(self, *, by_contact: bool, is_raw: bool = False, keeps_all: bool = False) -> str:
        """Return the FROM clause of the events (``s``) and the key of their lead (``k``).

        Parameters
        ----------
        by_contact : bool
            Whether the log names contacts; else ids of leads.
        is_raw : bool
            Whether keys are compared as they stand in the source. What is joined so is right;
            what is not may still have blanks around it.
        keeps_all : bool
            Whether events without a lead stay.

        Returns
        -------
        str
            SQL.
        """
        key = self.raw(self.lead) if is_raw else f"s.c{self.lead}"
        of_event, of_lead = self.staged.types[self.lead], "VARCHAR"
        column, number = "l.contact", "min(l.lead_row)"
        if not by_contact:
            column, number = "l.lead_id", "l.lead_row"
            described = self.staged.engine.query("DESCRIBE SELECT lead_id FROM leads").to_pylist()
            of_lead = described[0]["column_type"]
        if not {of_event, of_lead} <= INTEGER_TYPES:
            key, column = text_of(key, of_event), text_of(column, of_lead)
        grouped = f" WHERE {column} IS NOT NULL GROUP BY {column}" if by_contact else ""
        keys = f"SELECT {column} AS key, CAST({number} AS INTEGER) AS lead_key FROM leads AS l"
        join = "LEFT JOIN" if keeps_all else "JOIN"
        return f"{self.staged.name} AS s {join} ({keys}{grouped}) AS k ON k.key = {key}"


def names_of(log: Log, *, by_contact: bool, most: int) -> dict[str, str] | int:
    """Return the names of the activities as they stand in the source, and as they are called.

    Parameters
    ----------
    log : Log
        The log.
    by_contact : bool
        As for `Log.joined`.
    most : int
        So many different ones at most.

    Returns
    -------
    dict of str to str, or int
        In the order of the names they get; how many they are, where they are too many.
    """
    staged, place = log.staged, log.activity
    column = log.raw(place) if staged.is_text(place) else staged.text(place)
    every = f"SELECT {column} AS v FROM {staged.name} AS s GROUP BY {column}"
    if int(staged.one(f"SELECT count(*) FROM ({every})")) > most:  # of leads they may be fewer
        events = log.joined(by_contact=by_contact)
        every = f"SELECT {column} AS v FROM {events} WHERE {log.moment} IS NOT NULL GROUP BY v"
    clean = staged.raw.cell(place, "v") if staged.raw and staged.is_text(place) else "v"
    found = staged.engine.query(f"SELECT v, {clean} AS name FROM ({every})")
    names = {
        row["v"]: f"activity:{row['name']}" if row["name"] in log.taken else row["name"]
        for row in found.to_pylist()
        if row["name"] is not None
    }
    different = len(set(names.values()))
    if different > most:
        return different
    return dict(sorted(names.items(), key=lambda item: (item[1], item[0])))


def store_events(log: Log, names: Mapping[str, str], *, by_contact: bool, is_raw: bool) -> int:
    """Store the events of the leads, in the order of the source, in the table `activity_rows`.

    Parameters
    ----------
    log : Log
        The log.
    names : mapping of str to str
        From `names_of`.
    by_contact, is_raw : bool
        As for `Log.joined`.

    Returns
    -------
    int
        How many have a lead, a name and a time.

    Notes
    -----
    ``lead_key`` is an INTEGER and ``activity`` an ENUM: 13 bytes an event, where there is
    neither detail nor value.
    """
    staged = log.staged
    extra = "".join(f", {value} AS {name}" for name, value in log.extra.items())
    select = (
        f"SELECT k.lead_key, {_numbered(log, names)} AS activity, {log.moment} AS occurred_at"
        f"{extra} FROM {log.joined(by_contact=by_contact, is_raw=is_raw)}"
    )
    n_leads = int(staged.one("SELECT count(*) FROM leads"))
    if staged.source.rows <= max(_SORTED, 2 * n_leads):  # else leads are hashed, events pass by
        select += " ORDER BY s.row"
    engine = staged.engine
    table = _EVENTS if staged.source.rows < _LARGE else f"{engine.on_disk()}.{_EVENTS}"
    engine.execute(f"CREATE OR REPLACE TABLE {table} AS {select}")
    empty = "occurred_at IS NULL OR activity IS NULL"
    if staged.one(f"SELECT 1 FROM {table} WHERE {empty} LIMIT 1") is not None:
        engine.execute(f"DELETE FROM {table} WHERE {empty}")
    create_view(engine, table)
    return int(staged.one(f"SELECT count(*) FROM {table}"))


_VIEW = "activities"
_COLUMNS = {"detail": "VARCHAR", "value": "DOUBLE"}


def create_view(engine: DuckDBEngine, table: str | None = None) -> None:
    """Create the view ``activities`` of the events, with the columns that they do not have.

    Parameters
    ----------
    engine : DuckDBEngine
        Where.
    table : str, optional
        Where the events are; without, there is no log: the view is of a table without a row.
    """
    if table is None:
        table = _EVENTS
        engine.execute(
            f"CREATE OR REPLACE TABLE {table} "
            "(lead_key INTEGER, activity VARCHAR, occurred_at TIMESTAMP)"
        )
    there = {row["column_name"] for row in engine.query(f"DESCRIBE {table}").to_pylist()}
    more = "".join(
        f", {name if name in there else f'CAST(NULL AS {kind})'} AS {name}"
        for name, kind in _COLUMNS.items()
    )
    engine.execute(
        f"CREATE OR REPLACE VIEW {_VIEW} AS SELECT rowid AS activity_row, lead_key, activity, "
        f"occurred_at{more} FROM {table}"
    )


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Events that cannot be used, each counted once, and those that can."""

    blank: int = 0
    without_key: int = 0
    without_name: int = 0
    without_time: int = 0
    without_lead: int = 0
    joined: int = 0


def broken_events(log: Log, *, by_contact: bool) -> Broken:
    """Count the events without a key, a name, a time, a lead, in this order.

    Parameters
    ----------
    log : Log
        The log.
    by_contact : bool
        As for `Log.joined`.

    Returns
    -------
    Broken
    """
    staged = log.staged
    kind = (
        f"CASE WHEN {staged.blank} THEN 'blank' WHEN s.c{log.lead} IS NULL THEN 'without_key' "
        f"WHEN s.c{log.activity} IS NULL THEN 'without_name' "
        f"WHEN {log.moment} IS NULL THEN 'without_time' "
        "WHEN k.lead_key IS NULL THEN 'without_lead' ELSE 'joined' END"
    )
    found = staged.engine.query(
        f"SELECT {kind} AS kind, count(*) AS n "
        f"FROM {log.joined(by_contact=by_contact, keeps_all=True)} GROUP BY kind"
    )
    return Broken(**{row["kind"]: row["n"] for row in found.to_pylist()})


def _numbered(log: Log, names: Mapping[str, str]) -> str:
    """Return the SQL of the name, as an ENUM in the order of the names."""
    if not names:
        return "CAST(NULL AS VARCHAR)"
    staged, place = log.staged, log.activity
    column = log.raw(place) if staged.is_text(place) else staged.text(place)
    raw = quote_literals(names)
    kind = f"ENUM({quote_literals(dict.fromkeys(names.values()))})"
    called = f"CAST([{quote_literals(names.values())}] AS {kind}[])"
    if len(names) <= _FEW:  # where the file has numbered them, each is looked for but once
        return f"{called}[list_position([{raw}], {column})]"
    return f"{called}[enum_code(TRY_CAST({column} AS ENUM({raw}))) + 1]"
