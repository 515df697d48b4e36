"""Reading a history: sources, columns, joins, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibrate.config import (
    ActivityColumns,
    LeadColumns,
    OutcomeColumns,
    Settings,
    Stages,
)
from calibrate.engines import DuckDBEngine, Engine, engine_of
from calibrate.history.assembling import Asked, Sources, assemble
from calibrate.history.history import History
from calibrate.history.needs import Needs

__all__ = ["engine_from_settings", "history_from_settings", "read_history"]


def read_history(  # noqa: PLR0913 - one keyword a table and one a question of reading it
    lead_source: object,
    activity_source: object = None,
    outcome_source: object = None,
    /,
    *,
    as_of: object = None,
    leads: LeadColumns | None = None,
    activities: ActivityColumns | None = None,
    outcomes: OutcomeColumns | None = None,
    stages: Stages | None = None,
    engine: Engine | str | None = None,
    allow_sensitive: Sequence[str] = (),
    new_leads: bool = False,
    needs: Needs | None = None,
) -> History:
    """Read leads, their activities and, where they stand apart, their wins.

    Parameters
    ----------
    lead_source, activity_source, outcome_source : path, glob, frame or table
        CSV (any delimiter, also gz), Parquet, the first sheet of an xlsx workbook, a glob of
        these, a pandas, polars or Arrow frame, or with `engine` a table of the database
        (``crm.leads``). Without outcomes a column of the leads says what became of them.
    as_of : date, optional
        The moment of the export; default the latest creation or activity in the data.
    leads, activities, outcomes : LeadColumns, ActivityColumns, OutcomeColumns, optional
        Which column means what, and how cells are spelled; default the canonical names.
    stages : Stages, optional
        Which values and dates of the leads mean MQL, SQL, opportunity and customer.
    engine : Engine or str, optional
        A database, or its URL (``postgresql://host/database``). A source that it has a table
        of is read there; activities stay there. Default: DuckDB in this process.
    allow_sensitive : names
        Sensitive columns that may be criteria.
    new_leads : bool, default False
        Whether these are leads to be scored: then outcome, closing, amount and ignored columns
        may be missing, and none need have an activity yet.
    needs : Needs, optional
        What the card that will score them was made with: its kinds of columns hold, whatever
        the values of this file suggest.

    Returns
    -------
    History
        With every count of what was left out or changed in ``.table``.

    Raises
    ------
    DataError
        If something cannot be read as it stands; one line names file, column, row and value.

    Notes
    -----
    Dates without a time are whole days. Times with a zone are converted to the `timezone` of
    `leads` (default UTC); times without one are taken to be in the `timezone` of their own
    table. Text is trimmed; a cell that is empty or one of `null_values` is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> deals = pd.DataFrame({"Id": [1, 2], "Stage": ["Won", "New"], "Industry": ["a", "b"]})
    >>> history = read_history(deals, leads=LeadColumns(id="Id", outcome="Stage", won=["Won"]))
    >>> history.table.query("n > 0")[["check", "n"]].to_dict("records")[:2]
    [{'check': 'rows read', 'n': 2}, {'check': 'outcome is neither won nor lost', 'n': 1}]
    """
    asked = Asked(
        leads=leads or LeadColumns(),
        activities=activities or ActivityColumns(),
        outcomes=outcomes or OutcomeColumns(),
        stages=stages,
        as_of=as_of,
        allow_sensitive=tuple(allow_sensitive),
        new_leads=new_leads,
        needs=needs,
    )
    sources = (lead_source, activity_source, outcome_source)
    if not isinstance(engine, str):
        private = engine if isinstance(engine, DuckDBEngine) else None
        return assemble(sources, asked, engine, private)
    return _read_and_close(sources, asked, engine, None)


def _read_and_close(
    sources: Sources,
    asked: Asked,
    url: str,
    private: DuckDBEngine | None,
    *,
    folder: Path | None = None,
) -> History:
    """Read from the database at an address; it stays open only for what stays there."""
    database = engine_of(url)
    stays = False
    try:
        history = assemble(sources, asked, database, private, folder=folder)
        stays = history.engine is database
        return history
    finally:
        if not stays:
            database.close()


def engine_from_settings(settings: Settings) -> DuckDBEngine:
    """Return the engine in this process as ``[engine]`` wants it."""
    given = settings.engine
    return DuckDBEngine(
        memory_limit=given.memory_of_engine,
        threads=given.threads,
        temp_directory=given.temp_directory and settings.folder / given.temp_directory,
    )


def history_from_settings(
    settings: Settings, *, new_leads: bool = False, needs: Needs | None = None
) -> History:
    """Read the history that a ``calibrate.toml`` describes.

    Parameters
    ----------
    settings : Settings
        From `load_settings`.
    new_leads : bool, default False
        As in `read_history`.
    needs : Needs, optional
        As in `read_history`.

    Returns
    -------
    History
        As `read_history` gives it.

    Raises
    ------
    CalibrateError
        If its database cannot be reached.
    """
    outcomes, activities = settings.outcomes, settings.activities
    asked = Asked(
        leads=settings.leads,
        activities=activities or ActivityColumns(),
        outcomes=outcomes or OutcomeColumns(),
        stages=settings.stages,
        as_of=settings.calibration.as_of,
        allow_sensitive=settings.calibration.allow_sensitive,
        new_leads=new_leads,
        needs=needs,
    )
    private = engine_from_settings(settings)
    sources = (
        settings.leads.source,
        activities.source if activities else None,
        outcomes.source if outcomes else None,
    )
    folder = settings.folder
    if settings.database is None:
        return assemble(sources, asked, None, private, folder=folder)
    return _read_and_close(sources, asked, settings.database.url, private, folder=folder)
