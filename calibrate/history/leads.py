"""The leads: one typed row each, in the engine's table ``leads``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from calibrate.config import LeadColumns, Stages
from calibrate.engines import DuckDBEngine
from calibrate.errors import DataError
from calibrate.history.attributes import Attribute, attribute_name
from calibrate.history.dates import DateReading, read_dates, with_dates
from calibrate.history.needs import Needs
from calibrate.history.numbers import NumberProfile, profile_numbers, read_number
from calibrate.history.outcomes import closing_interval, flag_value, outcome_value
from calibrate.history.profiling import AttributeColumn, profile_attributes
from calibrate.history.sources import Columns, SourceTable
from calibrate.history.stages import StageColumns, find_stage_columns, stage_cells
from calibrate.history.staging import Staged, find_column, stage

__all__ = ["LATER_ROLES", "LEAD_COLUMNS", "ROLES", "TypedLeads", "mapped_columns", "type_leads"]

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
_ONE_KEPT = "every cell the same: one row kept"


@dataclass(frozen=True, eq=False, kw_only=True)
class TypedLeads:
    """The leads with typed columns, before outcomes of a second table are joined.

    Parameters
    ----------
    staged : Staged
        Where they came from; the typed rows stand in the table ``typed_leads``.
    attributes : tuple of Attribute
        Its columns x0, x1, ...
    is_wide : bool
        Whether there is no creation time.
    has_contacts : bool
        Whether a contact column is mapped.
    stage_columns : StageColumns or None
        Where the stages of the CRM stand, if they are mapped.
    """

    staged: Staged
    attributes: tuple[Attribute, ...]
    is_wide: bool
    has_contacts: bool
    stage_columns: StageColumns | None = None


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


def type_leads(  # noqa: PLR0913 - one keyword a question of reading it
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
) -> TypedLeads:
    """Type the leads into the engine's table ``typed_leads``.

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

    Returns
    -------
    TypedLeads
        What was found.
    """
    needs = needs or Needs()
    optional = LATER_ROLES if is_new else ()
    roles = mapped_columns(source, columns, ROLES, optional=optional)
    _require(source, roles, needs_outcome=needs_outcome, needs_id=needs_id)
    staged = stage(engine, source, columns, range(len(source.names)), lenient=is_new, as_of=as_of)
    if "id" in roles:
        _drop_duplicates(staged, roles["id"])
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
    rest = [
        place
        for place in range(len(source.names))
        if place not in {*roles.values(), *ignored, *(reached.positions if reached else ())}
    ]
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
    _create(staged, roles, columns, profiles, found, dates, reached)
    if known.name != staged.name:
        engine.execute(f"DROP TABLE {known.name}")
    return TypedLeads(
        staged=staged,
        attributes=tuple(part.attribute for part in found),
        is_wide="created_at" not in roles,
        has_contacts="contact" in roles,
        stage_columns=reached,
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


def _drop_duplicates(staged: Staged, position: int) -> None:
    missing = f"c{position} IS NULL"
    staged.drop(missing, "without an id", "left out")
    key = staged.text(position)
    cells = ", ".join(f"c{place}" for place in staged.types)
    plain = key if staged.types[position] in ("DOUBLE", "FLOAT") else f"c{position}"
    different = f"SELECT count(*) - count(DISTINCT {plain}) AS n FROM {staged.name}"
    if not int(staged.one(different)):
        staged.add("duplicate rows", 0, _ONE_KEPT)
        return
    repeated = (
        f"SELECT row, {key} AS id, dense_rank() OVER (PARTITION BY {key} ORDER BY {cells}) AS kind,"
        f" row_number() OVER (PARTITION BY {key} ORDER BY row) AS place FROM {staged.name} "
        f"WHERE {key} IN (SELECT {key} FROM {staged.name} GROUP BY {key} HAVING count(*) > 1)"
    )
    differing = staged.engine.query(
        f"SELECT id, min(row) AS first, max(row) AS last FROM ({repeated}) "
        "GROUP BY id HAVING max(kind) > 1 ORDER BY first LIMIT 1"
    ).to_pylist()
    if differing:
        raise _differing(staged, position, differing[0]["id"])
    staged.drop(
        f"row IN (SELECT row FROM ({repeated}) WHERE place > 1)",
        "duplicate rows",
        _ONE_KEPT,
        example=key,
    )


def _differing(staged: Staged, position: int, lead: str) -> DataError:
    rows = staged.engine.query(
        f"SELECT * FROM {staged.name} WHERE {staged.text(position)} = ? ORDER BY row", [lead]
    ).to_pylist()
    columns = list(staged.types)
    second, column = next(
        (row, column)
        for row in rows[1:]
        for column in columns
        if row[f"c{column}"] != rows[0][f"c{column}"]
    )
    other = staged.source.names[column]
    first = staged.source.place(rows[0]["row"]).get("row")
    where = "another row" if first is None else f"row {first}"  # rows of a database: no number
    return DataError(
        f'stands in {where} already, with another "{other}"',
        **staged.source.place(second["row"]),
        column=staged.source.names[position],
        value=lead,
        fix="keep one row a lead, or map the column that is different for each",
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


def _create(
    staged: Staged,
    roles: Mapping[str, int],
    columns: LeadColumns,
    profiles: Mapping[int, NumberProfile],
    attributes: Sequence[AttributeColumn],
    dates: dict[str, DateReading],
    reached: StageColumns | None,
) -> None:
    table, dates = with_dates(staged, dates)
    start, end = "CAST(NULL AS TIMESTAMP)", "CAST(NULL AS TIMESTAMP)"
    if "closed_at" in dates:
        start, end = closing_interval(dates["closed_at"])
    none = DateReading(value="CAST(NULL AS TIMESTAMP)", is_date="false")
    cells = {
        "lead_id": _id_value(staged, roles.get("id")),
        "id_text": staged.text(roles["id"]) if "id" in roles else _row_id(staged),
        "contact": _text_or_null(staged, roles.get("contact")),
        "account": _text_or_null(staged, roles.get("account")),
        "created_at": dates.get("created_at", none).value,
        "outcome": (
            outcome_value(staged, roles["outcome"], columns) if "outcome" in roles else "'open'"
        ),
        "closed_from": start,
        "closed_to": end,
        "amount": (
            read_number(staged, roles["amount"], profiles, columns.decimal)
            if "amount" in roles
            else "CAST(NULL AS DOUBLE)"
        ),
        "worked": (
            flag_value(staged, roles["worked"]) if "worked" in roles else "CAST(NULL AS BOOLEAN)"
        ),
        "first_contacted_at": dates.get("first_contacted_at", none).value,
        **stage_cells(staged, reached, dates),
        **{part.attribute.column: part.value for part in attributes},
    }
    listed = ", ".join(f"{value} AS {name}" for name, value in cells.items())
    staged.engine.execute(
        f"CREATE OR REPLACE TABLE typed_leads AS SELECT row, {listed} FROM {table}"
    )


_DATES = ("created_at", "closed_at", "first_contacted_at")


def _id_value(staged: Staged, position: int | None) -> str:
    if position is None:
        return _row_id(staged)
    if staged.types[position] in ("DOUBLE", "FLOAT"):
        broken = staged.count(f"c{position} <> floor(c{position})")
        return f"c{position}" if broken else f"CAST(c{position} AS BIGINT)"
    return f"c{position}"


def _row_id(staged: Staged) -> str:
    return f"CAST(row + {2 if staged.source.is_text else 1} AS VARCHAR)"


def _text_or_null(staged: Staged, position: int | None) -> str:
    return "CAST(NULL AS VARCHAR)" if position is None else staged.text(position)
