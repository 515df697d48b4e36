"""How far leads come in the CRM: the table [stages]."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from calibrate.config.columns import Scalar, Scalars, Section
from calibrate.config.thresholds import ThresholdSettings

__all__ = ["DATED_STAGES", "STAGES", "MqlCut", "SqlCut", "StageDates", "Stages"]

STAGES = ("unqualified", "mql", "sql", "opportunity", "customer")
"""From the first to the last; a lead in one has passed those before it."""

DATED_STAGES = STAGES[1:]
"""Those that a lead reaches, and a column of dates may stand for."""


class StageDates(Section):
    """Columns that say when a lead reached a stage: the table [stages.dates].

    Examples
    --------
    >>> StageDates(sql="SQL Date").sql
    'SQL Date'
    """

    toml_name: ClassVar[str] = "stages.dates"
    mql: str | None = None
    sql: str | None = None
    opportunity: str | None = None
    customer: str | None = None


class MqlCut(ThresholdSettings):
    """What the MQL cut is chosen for: keys of [thresholds], and the stage to be reached."""

    toml_name: ClassVar[str] = "stages.mql_cut"
    outcome: Literal["sql", "opportunity", "customer"] | None = None


class SqlCut(ThresholdSettings):
    """What the SQL cut is chosen for: keys of [thresholds], and the stage to be reached."""

    toml_name: ClassVar[str] = "stages.sql_cut"
    outcome: Literal["opportunity", "customer"] | None = None


class Stages(Section):
    """What the CRM's stages mean, and when a lead reached them.

    Parameters
    ----------
    column : str, optional
        Column of the leads table; default the one of the outcome.
    unqualified, mql, sql, opportunity, customer : values, optional
        Values of that column, compared without regard to case; each in one stage only.
    dates : StageDates
        Columns that say when a stage was reached.
    mql_cut, sql_cut : MqlCut, SqlCut, optional
        What the two cuts are chosen for.

    Raises
    ------
    ConfigError
        If a value stands in two stages, or nothing tells which leads reached ``sql``.

    Examples
    --------
    >>> stages = Stages(mql="MQL", sql=["Accepted", "Demo"], customer="Payment Done")
    >>> stages.knows("sql"), stages.knows("opportunity"), stages.outcome_of("sql")
    (True, False, 'customer')
    >>> Stages(mql="Demo", sql=["demo"])
    Traceback (most recent call last):
    ...
    calibrate.errors.ConfigError: [stages]: "demo" is mapped to mql and to sql; leave it in one
    """

    toml_name: ClassVar[str] = "stages"
    column: str | None = None
    unqualified: Scalars = ()
    mql: Scalars = ()
    sql: Scalars = ()
    opportunity: Scalars = ()
    customer: Scalars = ()
    dates: StageDates = StageDates()
    mql_cut: MqlCut | None = None
    sql_cut: SqlCut | None = None

    @model_validator(mode="after")
    def _each_value_once(self) -> Stages:
        seen: dict[str, str] = {}
        for stage in STAGES:
            for value in self.values(stage):
                key = str(value).strip().casefold()
                other = seen.setdefault(key, stage)
                if other != stage:
                    raise ValueError(
                        f'"{value}" is mapped to {other} and to {stage}; leave it in one'
                    )
        if not self.knows("sql"):
            raise ValueError(
                'nothing says which leads sales accepted; map values to sql, such as sql = ["Demo"]'
                ', or name the column of its date under [stages.dates], such as sql = "SQL Date"'
            )
        return self

    def values(self, stage: str) -> tuple[Scalar, ...]:
        """Return the values of the column that mean a stage."""
        found: tuple[Scalar, ...] = getattr(self, stage)
        return found

    def date_column(self, stage: str) -> str | None:
        """Return the column that says when a stage was reached, if there is one."""
        found: str | None = getattr(self.dates, stage, None)
        return found

    def knows(self, stage: str) -> bool:
        """Whether a value or a date is mapped to a stage; customers are always known."""
        return stage == "customer" or bool(self.values(stage)) or bool(self.date_column(stage))

    def outcome_of(self, cut: str) -> str:
        """Return the stage that the leads above a cut are meant to reach.

        Parameters
        ----------
        cut : {"mql", "sql"}

        Returns
        -------
        str
            As `mql_cut` and `sql_cut` say; else ``sql`` for the MQL cut and ``opportunity`` for
            the SQL cut, or ``customer`` where no opportunity is mapped.
        """
        given = self.mql_cut if cut == "mql" else self.sql_cut
        if given is not None and given.outcome is not None:
            return str(given.outcome)
        later = DATED_STAGES[DATED_STAGES.index(cut) + 1 :]
        return next(stage for stage in later if self.knows(stage))
