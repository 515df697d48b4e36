"""The settings of a run, and the file they are written in."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from calibrate.config.campaigns import CampaignSettings
from calibrate.config.columns import ActivityColumns, LeadColumns, Names, OutcomeColumns, Section
from calibrate.config.constraints import Constraints
from calibrate.config.engine import DatabaseSettings, EngineSettings
from calibrate.config.hand_made import HandMade
from calibrate.config.periods import Period, parse_duration, parse_moment, parse_period
from calibrate.config.stages import Stages
from calibrate.config.thresholds import Share, ThresholdSettings
from calibrate.errors import ConfigError, did_you_mean

__all__ = [
    "CalibrationSettings",
    "DatabaseSettings",
    "EngineSettings",
    "Settings",
    "ThresholdSettings",
    "load_settings",
]


def _duration(value: Any) -> dt.timedelta:
    try:
        return parse_duration(value)
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _duration_or_auto(value: Any) -> Any:
    return value if value == "auto" else _duration(value)


def _durations(value: Any) -> Any:
    return None if value is None else tuple(_duration(part) for part in value)


def _period(value: Any) -> Period | None:
    try:
        return None if value is None else parse_period(value)
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _moment(value: Any) -> Any:
    try:
        if isinstance(value, str):
            value = dt.datetime.fromisoformat(value.strip())
        moment = None if value is None else parse_moment(value)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    except ValueError:
        raise ValueError(f'"{value}" is not a date; write it like 2024-01-31') from None
    is_zoned = isinstance(value, dt.datetime) and value.tzinfo is not None
    return value if is_zoned else moment  # the zone to convert to is known with the columns


Duration = Annotated[dt.timedelta, BeforeValidator(_duration)]
Window = Annotated[dt.timedelta | Literal["auto"], BeforeValidator(_duration_or_auto)]
Windows = Annotated[tuple[dt.timedelta, ...] | None, BeforeValidator(_durations)]
OptionalPeriod = Annotated[Period | None, BeforeValidator(_period)]
Moment = Annotated[dt.datetime | None, BeforeValidator(_moment)]


class CalibrationSettings(Section):
    """How the history is looked at, and how points are made from it.

    Parameters
    ----------
    as_of : date, optional
        The moment the data was exported; default the latest time in the data.
    period, fit_period : period, optional
        Control and headline; verdicts and points.
    observation_window, horizon : duration or "auto"
        How long a lead is observed, and by when it must have converted.
    lookback : duration, default 90 days
        How far before creation activities count.
    early : {"landmark", "truncate"}
        Leads closed before their landmark are only counted, or are kept with what was seen.
    maturity : {"weight", "drop"}
        Leads of known outcome stand in for those too young to be judged, or young leads are
        left out.
    snapshots : list of str, optional
        Several landmarks of the same leads to learn from, such as ``["3D", "7D", "14D"]``.
    method : {"logistic", "difference", "rate", "log_odds"}
        How points are made.
    max_criteria : int or "auto", default 12
        At most so many rules on the card.
    pairs : bool, default True
        Whether two rules may be joined in one ("from a fair and seen the prices") where that pays.
    scale : {"fit", "keep"}, optional
        Default: keep where a card is in force.
    allow_sensitive : names
        Sensitive columns that may be criteria all the same.
    allow_leaks : names
        Columns and activities that may be criteria though a guard is certain that they tell
        the outcome; the gate holds a card that rests on one.
    train_quarters : int, default 4
        Quarters a card of the backtest is fitted on.
    backtest_quarters : int, optional
        The backtest judges so many quarters, the latest that can be judged; default all of them.
    name : str, optional
        Name of the scorecard and its report; default the period's.
    confidence_level : float, default 0.95
        Level of every interval.
    seed : int, default 0
        Where chance enters.

    Examples
    --------
    >>> CalibrationSettings(period="2023Q4", horizon="90D").horizon.days
    90
    """

    toml_name: ClassVar[str] = "calibration"
    as_of: Moment = None
    period: OptionalPeriod = None
    fit_period: OptionalPeriod = None
    observation_window: Window = "auto"
    horizon: Window = "auto"
    lookback: Duration = dt.timedelta(days=90)
    early: Literal["landmark", "truncate"] = "landmark"
    maturity: Literal["weight", "drop"] = "weight"
    method: Literal["logistic", "difference", "rate", "log_odds"] = "logistic"
    max_criteria: Annotated[int, Field(ge=1)] | Literal["auto"] = 12
    pairs: bool = True
    scale: Literal["fit", "keep"] | None = None
    allow_sensitive: Names = ()
    allow_leaks: Names = ()
    snapshots: Windows = None
    train_quarters: Annotated[int, Field(ge=1)] = 4
    backtest_quarters: Annotated[int, Field(ge=1)] | None = None
    name: str | None = None
    confidence_level: Share = 0.95
    seed: Annotated[int, Field(ge=0)] = 0


class Settings(Section):
    """Everything a run needs to know; one attribute a table of ``calibrate.toml``.

    Parameters
    ----------
    leads, outcomes, activities, stages, calibration, constraints
    thresholds, hand_made, campaigns, database, engine
        The tables.
    folder : pathlib.Path
        What relative sources are relative to; not part of a dump.

    Examples
    --------
    >>> Settings(leads=LeadColumns(source="leads.csv")).calibration.max_criteria
    12
    """

    leads: LeadColumns
    outcomes: OutcomeColumns | None = None
    activities: ActivityColumns | None = None
    stages: Stages | None = None
    calibration: CalibrationSettings = CalibrationSettings()
    constraints: Constraints = Constraints()
    thresholds: ThresholdSettings = ThresholdSettings()
    hand_made: HandMade = HandMade()
    campaigns: CampaignSettings = CampaignSettings()
    database: DatabaseSettings | None = None
    engine: EngineSettings = EngineSettings()
    folder: Path = Field(default=Path(), exclude=True, repr=False)

    @property
    def name(self) -> str | None:
        """Name of the company or card, where ``[calibration]`` gives one."""
        return self.calibration.name


_SECTIONS: dict[str, type[Section]] = {
    section.toml_name: section
    for section in (
        LeadColumns,
        OutcomeColumns,
        ActivityColumns,
        Stages,
        CalibrationSettings,
        Constraints,
        ThresholdSettings,
        HandMade,
        CampaignSettings,
        DatabaseSettings,
        EngineSettings,
    )
}


def load_settings(path: str | Path) -> Settings:
    """Read a ``calibrate.toml``.

    Parameters
    ----------
    path : path
        The file. Relative sources in it are relative to its folder.

    Returns
    -------
    Settings
        Nothing in it, but ``folder``, depends on where the file lies.

    Raises
    ------
    ConfigError
        If the file is missing or no TOML, or a table, key or value is not known; the message
        names the nearest one.
    """
    path = Path(path)
    tables = _read_toml(path)
    built: dict[str, Section] = {}
    for table, content in tables.items():
        section = _SECTIONS.get(table)
        if section is None:
            near = did_you_mean(table, _SECTIONS)
            raise ConfigError(f"{path.name}: there is no table [{table}]{near}")
        if not isinstance(content, dict):
            raise ConfigError(f'{path.name}: "{table}" must be a table, written [{table}]')
        try:
            built[table] = section(**content)
        except ConfigError as error:
            raise ConfigError(f"{path.name}: {error}") from None
    _require_sources(path.name, built)
    parts: dict[str, Any] = dict(built)
    return Settings(folder=path.resolve().parent, **parts)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f'there is no file "{path.name}"; write one with: calibrate init LEADS'
        ) from None
    except IsADirectoryError:
        raise ConfigError(f'"{path.name}" is a folder, not a settings file') from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f'"{path.name}" cannot be read: {reason}') from None
    try:
        return tomllib.loads(text)
    except ValueError as error:  # a number of very many digits is a plain ValueError
        raise ConfigError(f"{path.name} is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path.name} is not valid TOML: nested too deeply") from None


def _require_sources(name: str, built: dict[str, Section]) -> None:
    leads = built.get("leads")
    if not isinstance(leads, LeadColumns):
        raise ConfigError(f"{name}: the table [leads] is missing; it names the leads")
    needed: list[str] = [table for table in ("outcomes", "activities") if table in built]
    if not leads.from_activities:
        needed.insert(0, "leads")
    elif "activities" not in built:
        raise ConfigError(f"{name}: from_activities = true needs the table [activities]")
    for table in needed:
        if getattr(built[table], "source", None) is None:
            raise ConfigError(f'{name}: [{table}] needs "source"')
