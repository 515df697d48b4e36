"""The history: what the CRM showed on the day it was exported."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pandas as pd

from calibrate.config import Stages, parse_moment
from calibrate.display import format_value, html_table
from calibrate.engines import Engine
from calibrate.errors import ConfigError
from calibrate.history.attributes import Attribute
from calibrate.history.checks import Check, check_table
from calibrate.history.sources import Source

__all__ = ["History"]


@dataclass(frozen=True, eq=False, kw_only=True)
class History:
    """Leads and activities as of a day, in an engine.

    Parameters
    ----------
    engine : Engine
        Holds the tables ``leads`` and ``activities``.
    as_of : datetime.datetime or None
        The moment of the export; nothing after it counts. None only for a wide table.
    is_wide : bool
        Whether leads have no creation time, so that nothing can be cut off.
    attributes : tuple of Attribute
        Columns x0, x1, ... of the table ``leads``.
    activities : tuple of str
        Names, the most frequent first.
    lead_url : str or None
        Address of a lead in the CRM.
    sources : tuple of Source
        What was read, with hashes.
    has_contacts : bool
        Whether several leads may belong to one contact.
    checks : tuple of Check
        What was counted while reading.
    timezone : str, default "UTC"
        The zone its times are in.
    stages : Stages or None
        What the stages of the CRM mean, where they are mapped: the table ``lead_stages``.
    is_as_exported : bool, default True
        Whether columns show leads as they were at `as_of`; not so of an earlier state (`at`).

    Examples
    --------
    >>> from calibrate.history import read_history
    >>> leads = pd.DataFrame({"lead_id": ["a", "b"], "outcome": ["yes", "no"]})
    >>> read_history(leads).n_leads
    2
    """

    engine: Engine
    as_of: dt.datetime | None
    is_wide: bool
    attributes: tuple[Attribute, ...]
    activities: tuple[str, ...]
    lead_url: str | None
    sources: tuple[Source, ...]
    has_contacts: bool
    checks: tuple[Check, ...]
    timezone: str = "UTC"
    stages: Stages | None = None
    is_as_exported: bool = True

    @property
    def n_leads(self) -> int:
        """Leads created by `as_of`; all of a wide table."""
        if self.is_wide:
            return self._number("SELECT count(*) FROM leads", ())
        return self._number("SELECT count(*) FROM leads WHERE created_at <= ?", (self.as_of,))

    @property
    def n_activities(self) -> int:
        """Activities of these leads up to `as_of`."""
        if self.as_of is None:
            return self._number("SELECT count(*) FROM activities", ())
        sql = "SELECT count(*) FROM activities WHERE occurred_at <= ?"
        return self._number(sql, (self.as_of,))

    @property
    def table(self) -> pd.DataFrame:
        """Every count made while reading, and what was done: nothing dropped in silence.

        Columns ``table, check, n, rule, examples``; the last ones of a table depend on `as_of`.
        """
        checks = [*self.checks, *self._checks_of_as_of()]
        return check_table(sorted(checks, key=lambda check: _TABLES.index(check.table)))

    def at(self, as_of: dt.datetime | str) -> History:
        """Return the same history as it stood earlier.

        Parameters
        ----------
        as_of : datetime.datetime or str
            Not after this one's; with a zone, it is converted to `timezone`.

        Returns
        -------
        History
            On the same tables: whoever reads them compares with its `as_of`.

        Raises
        ------
        ConfigError
            If `as_of` is later, or there is no time in the table.
        """
        if self.as_of is None:
            raise ConfigError("a table without creation times has no earlier state")
        moment = parse_moment(as_of, timezone=self.timezone)
        if moment > self.as_of:
            raise ConfigError(
                f"the data ends at {self.as_of:%Y-%m-%d %H:%M}, "
                f"before the as_of asked for, {moment:%Y-%m-%d %H:%M}"
            )
        same = self.is_as_exported and moment == self.as_of
        return replace(self, as_of=moment, is_as_exported=same)

    def _repr_html_(self) -> str:
        n, events = format_value("n", self.n_leads), format_value("n", self.n_activities)
        day = "" if self.as_of is None else f", as of {format_value('as_of', self.as_of)}"
        counts = self.table
        nothing = int((counts["n"] == 0).sum())
        return html_table(
            counts[counts["n"] > 0].rename(columns={"n": "how many"}),
            caption=f"{n} leads, {events} activities{day}",
            notes=[f"{nothing} other checks found nothing."] if nothing else [],
        )

    def _number(self, sql: str, parameters: tuple[object, ...]) -> int:
        return int(self.engine.query(sql, parameters).column(0)[0].as_py())

    def _checks_of_as_of(self) -> list[Check]:
        if self.as_of is None:
            return []
        counted = []
        for table, check, condition, rule in _LATER:
            sql = f"SELECT count(*) FROM {table} WHERE {condition}"
            n = self._number(sql, (self.as_of,))
            counted.append(Check(table=table, check=check, n=n, rule=rule))
        return counted


_TABLES = ("leads", "outcomes", "activities")
_LATER = (
    ("leads", "created after as_of", "created_at > ?", "not used"),
    ("leads", "closed after as_of", "closed_at > ?", "open at as_of"),
    ("activities", "after as_of", "occurred_at > ?", "not used"),
)
