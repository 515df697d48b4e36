"""The leads: what their columns mean, and how they are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from calibrate.config import LeadColumns, Stages
from calibrate.engines import DuckDBEngine
from calibrate.errors import DataError
from calibrate.history.attributes import attribute_name
from calibrate.history.dates import DateReading, read_dates
from calibrate.history.duplicates import drop_duplicates
from calibrate.history.needs import Needs
from calibrate.history.numbers import NumberProfile, profile_numbers
from calibrate.history.profiling import AttributeColumn, profile_attributes
from calibrate.history.sources import Columns, SourceTable
from calibrate.history.stages import StageColumns, find_stage_columns
from calibrate.history.staging import Staged, find_column, stage

__all__ = [
    "LATER_ROLES",
    "LEAD_COLUMNS",
    "ROLES",
    "LeadsSeen",
    "look_at_leads",
    "mapped_columns",
    "no_lead_left",
]

ROLES = (
    "id",
    "created_at",
    "outcome",
    "closed_at",
    "amount",
    "contact",
    "account",
    "worked",
    "first_contacted_at",
)
_CANONICAL = {"id": "lead_id", "lead": "lead_id"}
LEAD_COLUMNS = tuple(_CANONICAL.get(role, role) for role in ROLES)
"""What columns are called that have a meaning though none is mapped, by any capitals."""
LATER_ROLES = ("outcome", "closed_at", "amount", "worked", "first_contacted_at")
_FEWEST_CONTACTS = 0.1


def mapped_columns(
    source: SourceTable, columns: Columns, roles: Sequence[str], *, optional: Sequence[str] = ()
) -> dict[str, int]:
    """Return the position of each column with a meaning.

    Parameters
    ----------
    source : SourceTable
        The table.
    columns : LeadColumns, OutcomeColumns or ActivityColumns
        The names; None means the canonical name where there is such a column.
    roles : sequence of str
        The meanings.
    optional : sequence of str
        Those whose column may be missing though it is named.

    Returns
    -------
    dict of str to int
        Only the meanings that have a column.

    Raises
    ------
    DataError
        If a named column does not exist, naming the nearest.
    """
    found: dict[str, int] = {}
    folded = [name.strip().casefold() for name in source.names]
    for role in roles:
        wanted = getattr(columns, role)
        canonical = _CANONICAL.get(role, role)
        if wanted is None:
            if folded.count(canonical) == 1 and folded.index(canonical) not in found.values():
                found[role] = folded.index(canonical)
        elif role not in optional or wanted.strip().casefold() in folded:
            key = f"[{source.table}] {role}"
            found[role] = find_column(source.names, wanted, file=source.file, key=key)
    return found


def no_lead_left(file: str) -> DataError:
    """Return the error that no row of a table of leads counts.

    Parameters
    ----------
    file : str
        The table.

    Returns
    -------
    DataError
    """
    return DataError(
        "no lead is left",
        file=file,
        fix="rows without an id or a creation time do not count, nor do those under exclude",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class LeadsSeen:
    """What was found out about a table of leads: what its columns mean, and how they are read.

    Parameters
    ----------
    staged : Staged
        Its rows, cleaned, one a lead.
    known : Staged
        Those created by as_of, which decide how a column is read.
    roles : dict of str to int
        Position of each column with a meaning.
    dates : dict of str to DateReading
        How its dates are written.
    profiles : dict of int to NumberProfile
        What its text columns hold.
    attributes : tuple of AttributeColumn
        The other columns.
    reached : StageColumns or None
        Where the stages of the CRM stand.
    """

    staged: Staged
    known: Staged
    roles: dict[str, int]
    dates: dict[str, DateReading]
    profiles: dict[int, NumberProfile]
    attributes: tuple[AttributeColumn, ...]
    reached: StageColumns | None


def look_at_leads(  # noqa: PLR0913 - one keyword a question of reading it
    engine: DuckDBEngine,
    source: SourceTable,
    columns: LeadColumns,
    *,
    zone: str,
    needs_outcome: bool,
    needs_id: bool,
    is_new: bool = False,
    allowed: Sequence[str] = (),
    as_of: dt.datetime | None = None,
    needs: Needs | None = None,
    stages: Stages | None = None,
    positions: Sequence[int] | None = None,
) -> LeadsSeen:
    """Find out what the columns of the leads mean, and how they are read.

    Parameters
    ----------
    engine : DuckDBEngine
        Where to.
    source : SourceTable
        Where from.
    columns : LeadColumns
        What means what.
    zone : str
        Time zone of the answer.
    needs_outcome, needs_id : bool
        Whether a column of outcomes, and of ids, must exist.
    is_new : bool
        Whether columns that are filled in later (outcome, closing, amount) may be missing
        though they are named, as in a file of leads to be scored.
    allowed : sequence of str
        Sensitive columns that may be criteria.
    as_of : datetime.datetime, optional
        Leads created after it have no say in how a column is read.
    needs : Needs, optional
        What the card that will score these leads was made with.
    stages : Stages, optional
        Columns and values that say how far leads came; no attributes.
    positions : sequence of int, optional
        Columns that are looked at, those with a meaning among them; default all.

    Returns
    -------
    LeadsSeen
        The rows stand in the engine.
    """
    needs = needs or Needs()
    optional = LATER_ROLES if is_new else ()
    roles = mapped_columns(source, columns, ROLES, optional=optional)
    _require(source, roles, needs_outcome=needs_outcome, needs_id=needs_id)
    read = range(len(source.names)) if positions is None else positions
    staged = stage(engine, source, columns, read, lenient=is_new, as_of=as_of)
    if "id" in roles:
        drop_duplicates(staged, roles["id"])
    else:
        rule = "the row of the file is the id; duplicates cannot be seen"
        staged.add("no column of ids", source.rows, rule)
    reached = find_stage_columns(source, stages, roles.get("outcome"), lenient=is_new)
    dates = _read_dates(staged, roles, columns, zone, reached)
    known = _known(staged, dates)
    _keep_plausible_contacts(known, roles, columns, needs)
    ignored = _positions(source, columns.ignore, "ignore", lenient=is_new)
    ignored |= _hiding(staged, needs)
    engagement = _positions(source, columns.activity_columns, "activity_columns", lenient=is_new)
    plain = [name.removeprefix("field:") for name in allowed]
    allowed_positions = _positions(source, plain, "allow_sensitive", lenient=is_new)
    taken = {*roles.values(), *ignored, *(reached.positions if reached else ())}
    rest = [place for place in read if place not in taken]
    profiles = {
        place: profile_numbers(known, place)
        for place in [*rest, *([roles["amount"]] if "amount" in roles else [])]
        if staged.is_text(place)
    }
    found = profile_attributes(
        known,
        rest,
        columns,
        profiles,
        engagement=engagement,
        allowed=allowed_positions,
        kinds=needs.fields,
    )
    return LeadsSeen(
        staged=staged,
        known=known,
        roles=roles,
        dates=dates,
        profiles=profiles,
        attributes=tuple(found),
        reached=reached,
    )


def _require(
    source: SourceTable, roles: Mapping[str, int], *, needs_outcome: bool, needs_id: bool
) -> None:
    if "id" not in roles and (needs_id or "created_at" in roles):
        find_column(source.names, "lead_id", file=source.file, key="[leads] id")
    if "outcome" not in roles and needs_outcome:
        find_column(source.names, "outcome", file=source.file, key="[leads] outcome")


def _positions(
    source: SourceTable, names: Sequence[str], key: str, *, lenient: bool
) -> frozenset[int]:
    folded = {name.strip().casefold() for name in source.names}
    return frozenset(
        find_column(source.names, name, file=source.file, key=key)
        for name in names
        if not lenient or name.strip().casefold() in folded
    )


def _read_dates(
    staged: Staged,
    roles: Mapping[str, int],
    columns: LeadColumns,
    zone: str,
    reached: StageColumns | None,
) -> dict[str, DateReading]:
    positions = {role: roles[role] for role in _DATES if role in roles}
    return read_dates(
        staged,
        positions | ({} if reached is None else reached.date_roles),
        date_format=columns.date_format,
        zone=columns.timezone or zone,
        into=zone,
    )


def _known(staged: Staged, dates: Mapping[str, DateReading]) -> Staged:
    """Return the leads created by as_of; the counts made on them are the table's."""
    if "created_at" not in dates:
        return staged
    condition = staged.by_as_of(dates["created_at"].value)
    if not staged.count(f"NOT coalesce({condition}, false)"):
        return staged
    name = f"known_{staged.table}"
    staged.engine.execute(
        f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {staged.name} WHERE {condition}"
    )
    return replace(staged, name=name)


def _hiding(staged: Staged, needs: Needs) -> frozenset[int]:
    """Columns called like an activity of the card; it was made without such a column."""
    names = needs.plain - set(needs.fields)
    places = [
        place for place, name in enumerate(staged.source.names) if attribute_name(name) in names
    ]
    for place in places:
        rule = "left out: the card has an activity of this name"
        staged.add(f'values of "{staged.source.names[place]}"', staged.source.rows, rule)
    return frozenset(places)


def _keep_plausible_contacts(
    staged: Staged, roles: dict[str, int], columns: LeadColumns, needs: Needs
) -> None:
    if "contact" not in roles or columns.contact is not None:
        return
    position = roles["contact"]
    row = staged.engine.query(
        f"SELECT count(c{position}) AS n, count(DISTINCT c{position}) AS contacts "
        f"FROM {staged.name}"
    ).to_pylist()[0]
    few = row["contacts"] < row["n"] * _FEWEST_CONTACTS
    if few or attribute_name("contact") in needs.fields:
        del roles["contact"]
        name = staged.source.names[position]
        rule = "an attribute; say contact = to make it the contact"
        staged.add(f'different values of "{name}", too few for persons', row["contacts"], rule)


_DATES = ("created_at", "closed_at", "first_contacted_at")
