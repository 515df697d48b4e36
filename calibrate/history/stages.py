"""How far each lead came in the CRM: the engine's table ``lead_stages``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calibrate.config import DATED_STAGES, STAGES, Stages
from calibrate.engines import quote_literals
from calibrate.errors import ConfigError
from calibrate.history.dates import DateReading
from calibrate.history.outcomes import closing_interval, refuse_misspelt
from calibrate.history.personal import masked
from calibrate.history.sources import SourceTable
from calibrate.history.staging import Staged, find_column, spelled

__all__ = [
    "StageColumns",
    "create_lead_stages",
    "find_stage_columns",
    "stage_cells",
]

_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class StageColumns:
    """Where the stages stand in the leads table.

    Parameters
    ----------
    stages : Stages
        What the settings say.
    column : int or None
        Position of the column of the present stage.
    dates : mapping of stage to int
        Positions of the columns of dates.
    """

    stages: Stages
    column: int | None
    dates: Mapping[str, int]

    @property
    def positions(self) -> frozenset[int]:
        """Columns that are no attributes: how far a lead came is what is to be foretold."""
        places = (self.column, *self.dates.values())
        return frozenset(place for place in places if place is not None)

    @property
    def date_roles(self) -> dict[str, int]:
        """Meaning of each column of dates, ``stage_mql`` and so on, and its position."""
        return {f"stage_{stage}": place for stage, place in self.dates.items()}


def find_stage_columns(
    source: SourceTable, stages: Stages | None, outcome: int | None, *, lenient: bool = False
) -> StageColumns | None:
    """Find the columns of the stages.

    Parameters
    ----------
    source : SourceTable
        The leads.
    stages : Stages or None
        What the settings say.
    outcome : int or None
        Position of the outcome, the default of the column.
    lenient : bool
        Whether a column may be missing, as in a file of new leads.

    Returns
    -------
    StageColumns or None
        None where no stages are mapped.

    Raises
    ------
    DataError
        If a column does not exist, naming the nearest.
    ConfigError
        If values are mapped, and no column holds them.

    Examples
    --------
    >>> import pandas as pd
    >>> from calibrate.config import LeadColumns
    >>> from calibrate.history.sources import read_source
    >>> leads = pd.DataFrame({"id": [1], "Stage": ["Demo"], "SQL Date": ["2024-01-01"]})
    >>> opened = read_source(leads, "leads", LeadColumns())
    >>> found = find_stage_columns(opened, Stages(sql="Demo", dates={"sql": "SQL Date"}), 1)
    >>> found.column, dict(found.dates)
    (1, {'sql': 2})
    """
    if stages is None:
        return None
    folded = {name.strip().casefold() for name in source.names}

    def place(name: str, key: str) -> int | None:
        if lenient and name.strip().casefold() not in folded:
            return None
        return find_column(source.names, name, file=source.file, key=key)

    column = outcome if stages.column is None else place(stages.column, "[stages] column")
    if column is None and not lenient and any(stages.values(stage) for stage in STAGES):
        raise ConfigError('[stages] needs "column": the column of the leads that holds the stage')
    named = {stage: stages.date_column(stage) for stage in DATED_STAGES}
    found = {
        stage: place(name, f"[stages.dates] {stage}")
        for stage, name in named.items()
        if name is not None
    }
    dates = {stage: position for stage, position in found.items() if position is not None}
    return StageColumns(stages=stages, column=column, dates=dates)


def stage_cells(
    staged: Staged, columns: StageColumns | None, dates: Mapping[str, DateReading]
) -> dict[str, str]:
    """Return the SQL of ``stage`` (0 unqualified to 4 customer) and of the dates of each stage.

    Parameters
    ----------
    staged : Staged
        The leads.
    columns : StageColumns or None
        Where the stages stand.
    dates : mapping of str to DateReading
        With those of `StageColumns.date_roles`.

    Returns
    -------
    dict of str to str
        Nothing without stages. A date without a time counts at the end of its day.

    Raises
    ------
    DataError
        If a mapped value never occurs but for a misspelling.
    """
    if columns is None:
        return {}
    cells = {"stage": "CAST(NULL AS TINYINT)"}
    if columns.column is not None:
        _count_values(staged, columns.column, columns.stages)
        cells["stage"] = _rank(staged.text(columns.column), columns.stages)
    for stage in DATED_STAGES:
        reading = dates.get(f"stage_{stage}")
        moment = "CAST(NULL AS TIMESTAMP)" if reading is None else closing_interval(reading)[1]
        cells[f"stage_{stage}_at"] = moment
    return cells


def create_lead_stages(staged: Staged, columns: StageColumns) -> None:
    """Create the engine's table ``lead_stages`` from ``typed_leads``, row by row as ``leads``.

    Parameters
    ----------
    staged : Staged
        The leads; what is counted is added to its checks.
    columns : StageColumns
        Where the stages stand.

    Notes
    -----
    ``lead_row, stage, mql_at, sql_at, opportunity_at, customer_at``. No stage is reached before
    the creation: an earlier date is taken as the creation, and counted.
    """
    moments = ", ".join(
        f"CASE WHEN stage_{stage}_at < created_at THEN created_at ELSE stage_{stage}_at END "
        f"AS {stage}_at"
        for stage in DATED_STAGES
    )
    for stage in columns.dates:
        early = f"stage_{stage}_at < created_at"
        n = int(staged.one(f"SELECT count(*) FROM typed_leads WHERE {early}"))
        if n:
            staged.add(f"{stage} date before the creation", n, "taken as reached at the creation")
    staged.engine.execute(
        "CREATE OR REPLACE TABLE lead_stages AS SELECT "
        "CAST(row_number() OVER (ORDER BY row) - 1 AS BIGINT) AS lead_row, "
        f"stage, {moments} FROM typed_leads ORDER BY row"
    )
    _count_undated(staged, columns)


def _rank(value: str, stages: Stages) -> str:
    cases = "".join(
        f" WHEN lower({value}) IN ({_listed(stages, stage)}) THEN {rank}"
        for rank, stage in enumerate(STAGES)
        if stages.values(stage)
    )
    return f"CAST(CASE{cases} END AS TINYINT)" if cases else "CAST(NULL AS TINYINT)"


def _listed(stages: Stages, stage: str) -> str:
    return quote_literals(spelled(value).lower() for value in stages.values(stage))


def _count_values(staged: Staged, position: int, stages: Stages) -> None:
    """Count the leads of each stage, the values mapped nowhere, and those that no lead has."""
    found = staged.engine.query(
        f"SELECT {staged.text(position)} AS v, count(*) AS n FROM {staged.name} "
        f"WHERE c{position} IS NOT NULL GROUP BY v ORDER BY n DESC, v"
    ).to_pylist()
    counts: dict[str, int] = {}
    for row in found:
        counts[row["v"].lower()] = counts.get(row["v"].lower(), 0) + row["n"]
    present = [row["v"] for row in found]
    mapped: set[str] = set()
    missing: list[str] = []
    for stage in STAGES:
        words = [spelled(value) for value in stages.values(stage)]
        if not words:
            continue
        mapped |= {word.lower() for word in words}
        absent = [word for word in words if word.lower() not in counts]
        refuse_misspelt(staged, position, absent, present, key=f"[stages] {stage}")
        missing += absent
        n = sum(counts.get(word.lower(), 0) for word in dict.fromkeys(words))
        staged.add(f"stage {stage}", n, "as exported", ", ".join(words[:_SHOWN]))
    others = [row for row in found if row["v"].lower() not in mapped]
    staged.add(
        "stage mapped nowhere",
        sum(row["n"] for row in others),
        "customers reached every stage, open leads none; lost ones: not known without a date",
        ", ".join(f"{masked(row['v'])} ({row['n']})" for row in others[:_SHOWN]),
    )
    if missing:
        rule = "mapped in [stages], but no lead has them"
        staged.add(
            "stage values that do not occur", len(missing), rule, ", ".join(missing[:_SHOWN])
        )


def _count_undated(staged: Staged, columns: StageColumns) -> None:
    for stage in columns.dates:
        place = DATED_STAGES.index(stage)
        later = " AND ".join(f"{name}_at IS NULL" for name in DATED_STAGES[place:])
        n = int(
            staged.one(f"SELECT count(*) FROM lead_stages WHERE stage >= {place + 1} AND {later}")
        )
        if n:
            rule = "reached; when is not known, so that they count only once their horizon is over"
            staged.add(f"at {stage} or beyond, without a date", n, rule)
