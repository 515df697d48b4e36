"""Leads that are only scored: read from Parquet as they pass, nothing of them kept.

Only the columns that a card reads are decoded, of the types that it needs. Whatever is not
plain (ids that stand twice, numbers or dates spelled as text, a log) is left to `read_history`,
which says what is wrong with it, or reads it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from calibrate.config import LeadColumns, Settings, parse_moment
from calibrate.history.activities import empty_activities
from calibrate.history.assembling import located
from calibrate.history.attributes import Attribute, attribute_name
from calibrate.history.dates import DateReading, read_dates
from calibrate.history.files import is_parquet
from calibrate.history.history import History
from calibrate.history.leads import LATER_ROLES, ROLES, mapped_columns, no_lead_left
from calibrate.history.loading import INTEGER_TYPES
from calibrate.history.needs import Needs
from calibrate.history.numbers import NUMBER_TYPES
from calibrate.history.outcomes import closing_interval, flag_value, outcome_value
from calibrate.history.reading import engine_from_settings
from calibrate.history.sources import SourceTable, read_source
from calibrate.history.staging import Staged, stage_in_place

__all__ = ["history_in_passing"]

_USED = ("id", "created_at", "outcome", "closed_at", "worked")
_NO_TIME = DateReading(value="CAST(NULL AS TIMESTAMP)", is_date="false")
_MOST_BITS = 1_000_000_000


def history_in_passing(settings: Settings, needs: Needs, *, new_leads: bool) -> History | None:
    """Return a history whose leads are a view of their Parquet files, or None.

    Parameters
    ----------
    settings : Settings
    needs : Needs
        The columns and activities of the card.
    new_leads : bool
        As in `read_history`.

    Returns
    -------
    History or None
        With the attributes that the card reads; its scores are those of `read_history`. None
        where that must read them: text files, a log, a database, ids that stand twice, columns
        of another type than the card needs, columns that are missing.

    Raises
    ------
    DataError
        As `read_history`.
    """
    source = _source(settings)
    if source is None or needs.activities:
        return None
    opened = read_source(source, "leads", settings.leads)
    columns = settings.leads
    found = None if opened.scan is None else _positions(opened, columns, needs, new_leads)
    if found is None:
        return None
    roles, fields = found
    engine = engine_from_settings(settings)
    staged = stage_in_place(engine, opened, columns, sorted({*roles.values(), *fields.values()}))
    attributes = _attributes(staged, fields, needs)
    is_plain = attributes is not None and _has_plain_times(staged, roles)
    key = _plain_id(staged, roles["id"]) if is_plain else None
    if attributes is None or key is None:
        engine.close()
        return None
    return _history(staged, roles, key, attributes, settings)


def _source(settings: Settings) -> str | None:
    """Return the one Parquet source of leads, None where there is anything else."""
    others = (settings.database, settings.outcomes, settings.activities, settings.stages)
    if any(part is not None for part in others) or settings.leads.from_activities:
        return None
    source = located(settings.leads.source, settings.folder)
    if not isinstance(source, str) or not Path(source).is_file():
        return None
    return source if is_parquet(Path(source)) else None


def _positions(
    opened: SourceTable, columns: LeadColumns, needs: Needs, new_leads: bool
) -> tuple[dict[str, int], dict[str, int]] | None:
    """Return where the meanings and the card's columns stand; None where one is missing."""
    optional = LATER_ROLES if new_leads else ()
    roles = mapped_columns(opened, columns, ROLES, optional=optional)
    folded = {name.strip().casefold() for name in opened.names}
    ignored = {name.strip().casefold() for name in columns.ignore}
    named = {
        attribute_name(name): place
        for place, name in enumerate(opened.names)
        if place not in roles.values() and name.strip().casefold() not in ignored
    }
    is_complete = "id" in roles and ("outcome" in roles or new_leads)
    is_complete &= set(needs.fields) <= set(named)
    told = [*columns.exclude, *(() if new_leads else (*columns.ignore, *columns.activity_columns))]
    is_complete &= {name.strip().casefold() for name in told} <= folded
    if not is_complete:
        return None
    used = {role: place for role, place in roles.items() if role in _USED}
    return used, {name: named[name] for name in needs.fields}


def _attributes(
    staged: Staged, fields: Mapping[str, int], needs: Needs
) -> dict[str, tuple[str, str]] | None:
    """Return kind and SQL of each column that the card reads; None where one is not plain."""
    found = {}
    for name, place in fields.items():
        wanted, kind, cell = needs.fields[name], staged.types[place], f"c{place}"
        if kind.startswith(("TIMESTAMP", "DATE")):
            return None
        # a text column of numbers or dates has no cell that is none
        may_be_other = wanted is None and staged.is_text(place)
        if may_be_other and staged.any(f"regexp_matches({cell}, '^[^A-Za-z]')"):
            return None
        if wanted == "number" and kind not in NUMBER_TYPES:
            return None
        if wanted == "number":
            found[name] = ("number", f"CAST({cell} AS DOUBLE)")
        elif kind == "BOOLEAN":
            yes_no = f"CASE {cell} WHEN true THEN 'yes' WHEN false THEN 'no' END"
            found[name] = ("category", yes_no)
        else:
            found[name] = ("category", staged.text(place))
    return found


def _has_plain_times(staged: Staged, roles: Mapping[str, int]) -> bool:
    times = [staged.types[roles[role]] for role in ("created_at", "closed_at") if role in roles]
    return all(kind.startswith(("TIMESTAMP", "DATE")) for kind in times)


def _plain_id(staged: Staged, place: int) -> str | None:
    """Return the SQL of the ids; None where they are fractions, or one stands twice."""
    is_text = staged.is_text(place)
    if not is_text and staged.types[place] not in INTEGER_TYPES:
        return None
    cell = f"c{place}"
    if is_text and not staged.any(f"c{place} IS DISTINCT FROM r{place}"):
        cell = f"r{place}"  # nothing to be trimmed: as it stands in the file
    return None if _has_repeated(staged, cell, is_text=is_text) else cell


def _has_repeated(staged: Staged, cell: str, *, is_text: bool) -> bool:
    if not is_text:
        row = staged.engine.query(
            f"SELECT min({cell}) AS low, max({cell}) AS high, count({cell}) AS n FROM {staged.name}"
        ).to_pylist()[0]
        low, high, n = row["low"], row["high"], row["n"]
        if n and high - low < min(64 * n, _MOST_BITS):  # a bit for each id that there could be
            bits = f"bit_count(bitstring_agg({cell}, {int(low)}, {int(high)}))"
            return bool(staged.one(f"SELECT {bits} AS n FROM {staged.name}") < n)
    # as many hashes as ids: no id stands twice
    hashes = f"count(DISTINCT hash({cell})) FILTER ({cell} IS NOT NULL)"
    return bool(staged.one(f"SELECT count({cell}) - {hashes} AS n FROM {staged.name}"))


def _history(
    staged: Staged,
    roles: Mapping[str, int],
    key: str,
    attributes: Mapping[str, tuple[str, str]],
    settings: Settings,
) -> History:
    columns, engine = settings.leads, staged.engine
    zone = columns.timezone or "UTC"
    places = {role: roles[role] for role in ("created_at", "closed_at") if role in roles}
    dates = read_dates(staged, places, date_format=columns.date_format, zone=zone, into=zone)
    is_wide = "created_at" not in roles
    cells = {"lead_row": "row", "lead_id": key, **_cells(staged, roles, columns, dates)}
    cells |= {f"x{i}": value for i, (_, value) in enumerate(attributes.values())}
    listed = ", ".join(f"{value} AS {name}" for name, value in cells.items())
    kept = f"{key} IS NOT NULL"
    if not is_wide:
        kept += f" AND {dates['created_at'].value} IS NOT NULL"
    engine.execute(
        f"CREATE OR REPLACE TEMPORARY VIEW leads AS SELECT {listed} FROM {staged.name} WHERE {kept}"
    )
    if staged.one("SELECT 1 AS n FROM leads LIMIT 1") is None:
        raise no_lead_left(staged.source.file)
    empty_activities(engine)
    return History(
        engine=engine,
        as_of=_as_of(staged, settings, zone, is_wide=is_wide),
        is_wide=is_wide,
        attributes=tuple(
            Attribute(name=name, column=f"x{i}", kind=kind)
            for i, (name, (kind, _)) in enumerate(attributes.items())
        ),
        activities=(),
        lead_url=columns.lead_url,
        sources=staged.source.sources,
        has_contacts=False,
        checks=tuple(staged.checks),
        timezone=zone,
    )


def _cells(
    staged: Staged,
    roles: Mapping[str, int],
    columns: LeadColumns,
    dates: Mapping[str, DateReading],
) -> dict[str, str]:
    """Return the SQL of the canonical columns that scoring reads."""
    outcome = outcome_value(staged, roles["outcome"], columns) if "outcome" in roles else "'open'"
    _, closed_at = closing_interval(dates.get("closed_at", _NO_TIME))
    worked = flag_value(staged, roles["worked"]) if "worked" in roles else "CAST(NULL AS BOOLEAN)"
    return {
        "created_at": dates.get("created_at", _NO_TIME).value,
        "outcome": outcome,
        "closed_at": f"CASE WHEN {outcome} <> 'open' THEN {closed_at} END",
        "worked": worked,
    }


def _as_of(staged: Staged, settings: Settings, zone: str, *, is_wide: bool) -> dt.datetime | None:
    told = settings.calibration.as_of
    if told is not None:
        return parse_moment(told, timezone=zone)
    if is_wide:
        return None
    latest: dt.datetime | None = staged.one("SELECT max(created_at) AS latest FROM leads")
    return latest
