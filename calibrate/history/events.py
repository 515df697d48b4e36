"""The columns of an activity log in a database, as SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from calibrate.config import ActivityColumns
from calibrate.engines import quote_literals
from calibrate.errors import DataError
from calibrate.history.activities import activity_columns
from calibrate.history.cells import Cell, is_one_of, kind_of, moment_cell, moved
from calibrate.history.staging import find_column, spelled
from calibrate.history.tables import DatabaseTable

__all__ = ["EventTable", "event_table"]


@dataclass(frozen=True, eq=False, kw_only=True)
class EventTable:
    """An activity log in a database, and how its columns are read there.

    Parameters
    ----------
    table : DatabaseTable
        Where it is.
    columns : ActivityColumns
        What means what.
    cells : dict of str to Cell
        Its columns, by their meaning.
    excluded : tuple of (str, str, str)
        Of each rule of `exclude`: the column, the condition, the values.
    zone : str
        Time zone of the answer.
    """

    table: DatabaseTable
    columns: ActivityColumns
    cells: dict[str, Cell]
    excluded: tuple[tuple[str, str, str], ...]
    zone: str

    @property
    def has_integer_keys(self) -> bool:
        """Whether leads are named by whole numbers."""
        return self.cells["lead"].kind == "integer"

    @property
    def key(self) -> str:
        """SQL of the key of an event's lead."""
        lead = self.cells["lead"]
        return f"CAST({lead.value} AS BIGINT)" if self.has_integer_keys else lead.text

    def cleaned(self, clean: Collection[str]) -> EventTable:
        """Return the same log, some columns of which are known to need no cleaning.

        Parameters
        ----------
        clean : collection of str
            Meanings of these columns.

        Returns
        -------
        EventTable
            Its statements take half the time where cells are taken as they stand.
        """
        cells = {role: replace(cell, is_clean=role in clean) for role, cell in self.cells.items()}
        return replace(self, cells=cells)

    @property
    def moment(self) -> str:
        """The time, in the zone of the table where it has none of its own."""
        dialect = self.table.engine.dialect
        return moment_cell(self.cells["occurred_at"], into=self.zone, dialect=dialect)

    def events(self, *, has_times: bool, reserved: Sequence[str]) -> str:
        """Return the SELECT of the events that can count, with the canonical columns.

        Parameters
        ----------
        has_times : bool
            Whether some event is not at midnight; dates are not moved between zones.
        reserved : sequence of str
            Names that an activity cannot have; one of them becomes ``activity:NAME``.

        Returns
        -------
        str
            ``lead_key, activity, occurred_at, detail, value``, none of the first three missing.
        """
        name, moment = self.cells["activity"].text, self.moment
        if reserved:
            words = quote_literals(reserved)
            name = f"CASE WHEN {name} IN ({words}) THEN 'activity:' || {name} ELSE {name} END"
        if has_times and self.cells["occurred_at"].kind == "moment":
            here = self.columns.timezone or self.zone
            moment = moved(moment, here, self.zone, dialect=self.table.engine.dialect)
        detail, value = self.cells.get("detail"), self.cells.get("value")
        kept = "".join(f" AND NOT {condition}" for _, condition, _ in self.excluded)
        return (
            "SELECT e.lead_key, e.activity, e.occurred_at, e.detail, e.value FROM ("
            f"SELECT {self.key} AS lead_key, {name} AS activity, {moment} AS occurred_at, "
            f"{detail.text if detail else 'CAST(NULL AS VARCHAR)'} AS detail, "
            f"CAST({value.value if value else 'NULL'} AS DOUBLE) AS value "
            f"FROM {self.table.sql} AS t WHERE TRUE{kept}) AS e "
            "WHERE e.lead_key IS NOT NULL AND e.activity IS NOT NULL AND e.occurred_at IS NOT NULL"
        )


def event_table(
    found: DatabaseTable, columns: ActivityColumns, lead_names: tuple[str | None, ...], zone: str
) -> EventTable:
    """Find out what the columns of a log in a database mean.

    Parameters
    ----------
    found : DatabaseTable
        The log.
    columns : ActivityColumns
        The names.
    lead_names : tuple of str or None
        As in `activity_columns`.
    zone : str
        Time zone of the answer.

    Returns
    -------
    EventTable
        Nothing was read yet.

    Raises
    ------
    DataError
        If a column is missing, or holds no times or no numbers.
    """
    names = tuple(found.columns)
    nulls = tuple(spelled(value) for value in columns.null_values)

    def cell(place: int) -> Cell:
        name = names[place]
        return Cell(name=name, kind=kind_of(found.columns[name]), null_values=nulls)

    roles = activity_columns(found.header("activities"), columns, lead_names=lead_names)
    excluded = []
    for name, values in columns.exclude.items():
        place = find_column(names, name, file=found.name, key="[activities] exclude")
        shown = ", ".join(spelled(value) for value in values)
        excluded.append((names[place], is_one_of(cell(place).text, values), shown))
    cells = {role: cell(place) for role, place in roles.items()}
    _refuse_other_kinds(found, cells)
    return EventTable(
        table=found,
        columns=columns,
        cells=cells,
        excluded=tuple(excluded),
        zone=zone,
    )


def _refuse_other_kinds(found: DatabaseTable, cells: dict[str, Cell]) -> None:
    wanted = {
        "occurred_at": (("instant", "moment", "date"), "times", "timestamp"),
        "value": (("integer", "number"), "numbers", "number"),
    }
    for role, (kinds, words, kind) in wanted.items():
        if role in cells and cells[role].kind not in kinds:
            name = cells[role].name
            raise DataError(
                f"the {words} of this column are {found.columns[name].lower()}",
                file=found.name,
                column=name,
                fix=f"cast it to a {kind} in a view, and name the view",
            )
