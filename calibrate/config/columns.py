"""Which column of the data means what: the tables [leads], [outcomes], [activities]."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from calibrate.errors import ConfigError, did_you_mean

__all__ = ["ActivityColumns", "LeadColumns", "OutcomeColumns", "Section"]

Scalar = str | bool | int | float
# The directives of strptime that the engine knows; a bare or unknown "%" is refused.
_DATE_FORMAT = re.compile(r"(?:[^%]|%%|%-?[aAbBcdfgGHIjmMnpSuUVwWxXyYzZ])*")
_NO_CHARACTERS = ("idna", "punycode")  # text encodings of Python, of host names


def _as_tuple(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


def _as_tuples(value: Any) -> Any:
    return {k: _as_tuple(v) for k, v in value.items()} if isinstance(value, dict) else value


Scalars = Annotated[tuple[Scalar, ...], BeforeValidator(_as_tuple)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
Exclusions = Annotated[dict[str, Scalars], BeforeValidator(_as_tuples)]


class Section(BaseModel):
    """A table of settings: frozen, and strict about its keys.

    Raises
    ------
    ConfigError
        For an unknown key (naming the nearest one) or a value that cannot be used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    toml_name: ClassVar[str] = ""

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise ConfigError(_one_line(error, type(self))) from None


class _Format(Section):
    null_values: Names = ()
    exclude: Exclusions = {}
    date_format: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    timezone: str | None = None
    delimiter: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                near = did_you_mean(value, sorted(available_timezones()))
                raise ValueError(f'no time zone is called "{value}"{near}') from None
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                _require_text_encoding(value)
            except (LookupError, ValueError):
                raise ValueError(f'no encoding is called "{value}"; try "cp1252"') from None
        return value

    @field_validator("decimal")
    @classmethod
    def _known_decimal(cls, value: str | None) -> str | None:
        if value not in (None, ".", ","):
            raise ValueError(f'decimal is "," or ".", not "{value}"')
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        if value is None:
            return value
        if len(value) != 1 or not value.isascii() or not (value.isprintable() or value == "\t"):
            raise ValueError(f'delimiter is one character such as ";", "|" or "\\t", not "{value}"')
        if value == '"':
            raise ValueError("delimiter cannot be the quote")
        return value

    @field_validator("date_format")
    @classmethod
    def _has_fields(cls, value: str | None) -> str | None:
        if value is not None and ("%" not in value or not _DATE_FORMAT.fullmatch(value)):
            raise ValueError(f'date_format is written like "%d/%m/%Y", not "{value}"')
        return value


class LeadColumns(_Format):
    """Which column of the leads table means what.

    A name left None means the canonical column (``lead_id``, ``created_at``, ``outcome``,
    ``closed_at``, ``amount``, ``contact``, ``account``, ``worked``, ``first_contacted_at``)
    where the table has it. Every column not named here is an attribute.

    Parameters
    ----------
    source : str, optional
        Path, glob, or table of the database.
    id, created_at, outcome, closed_at, amount, contact, account, worked, first_contacted_at : str
        Names of columns.
    won, lost : values, optional
        Outcomes that mean a customer, and a lost lead. With one of them given, every other
        value is an open lead.
    activity_columns : names, optional
        Columns of a wide table that count as engagement.
    ignore : names, optional
        Columns that are never criteria.
    null_values : values, optional
        Spellings of a missing value beside the empty cell.
    exclude : dict of column to values, optional
        Rows that are not leads (tests, duplicates); counted.
    date_format, decimal, encoding, timezone, delimiter : str, optional
        Where guessing would be wrong. Times with a zone are converted to `timezone`.
    from_activities : bool, default False
        Leads are made from the activity log: the first event is the creation.
    lead_url : str, optional
        Address of a lead in the CRM, with ``{lead_id}`` in it.

    Examples
    --------
    >>> LeadColumns(id="Id", outcome="Stage", won="Payment Done").won
    ('Payment Done',)
    >>> LeadColumns(created="Created Time")
    Traceback (most recent call last):
    ...
    calibrate.errors.ConfigError: [leads] has no key "created" (did you mean "created_at"?)
    """

    toml_name: ClassVar[str] = "leads"
    source: str | None = None
    id: str | None = None
    created_at: str | None = None
    outcome: str | None = None
    won: Scalars = ()
    lost: Scalars = ()
    closed_at: str | None = None
    amount: str | None = None
    contact: str | None = None
    account: str | None = None
    worked: str | None = None
    first_contacted_at: str | None = None
    activity_columns: Names = ()
    ignore: Names = ()
    from_activities: bool = False
    lead_url: str | None = None

    @field_validator("lead_url")
    @classmethod
    def _safe_address(cls, value: str | None) -> str | None:
        if value is None:
            return value
        if "{lead_id}" not in value or not value.startswith(("https://", "http://")):
            raise ValueError('lead_url is written like "https://crm.example.com/lead/{lead_id}"')
        return value


class OutcomeColumns(_Format):
    """Which column means what in a table of wins that stands beside the leads.

    Parameters
    ----------
    source : str, optional
        Path, glob, or table of the database.
    lead, closed_at, amount : str, optional
        Names of columns; None means ``lead_id``, ``closed_at``, ``amount``.
    null_values, exclude, date_format, decimal, encoding, timezone, delimiter
        As in `LeadColumns`.

    Examples
    --------
    >>> OutcomeColumns(lead="mql_id", closed_at="won_date").lead
    'mql_id'
    """

    toml_name: ClassVar[str] = "outcomes"
    source: str | None = None
    lead: str | None = None
    closed_at: str | None = None
    amount: str | None = None


class ActivityColumns(_Format):
    """Which column of the activity log means what.

    Parameters
    ----------
    source : str, optional
        Path, glob, or table of the database.
    lead, activity, occurred_at, detail, value : str, optional
        Names of columns; None means ``lead_id``, ``activity``, ``occurred_at``, ``detail``,
        ``value``. `lead` holds the contact where `LeadColumns` names one.
    null_values, exclude, date_format, decimal, encoding, timezone, delimiter
        As in `LeadColumns`.

    Examples
    --------
    >>> ActivityColumns(lead="CONTACT ID", activity="Call Status").activity
    'Call Status'
    """

    toml_name: ClassVar[str] = "activities"
    source: str | None = None
    lead: str | None = None
    activity: str | None = None
    occurred_at: str | None = None
    detail: str | None = None
    value: str | None = None


def _require_text_encoding(name: str) -> None:
    """Refuse what Python calls a codec but is no way to write characters, such as base64."""
    try:
        b"aa".decode(name)
    except UnicodeDecodeError:  # two bytes are no whole character: UTF-32
        return
    if name.lower() in _NO_CHARACTERS:
        raise LookupError(name)


def _one_line(error: ValidationError, section: type[Section]) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"][:1])
    table = f"[{section.toml_name}]" if section.toml_name else section.__name__
    if first["type"] == "extra_forbidden":
        near = did_you_mean(place, section.model_fields)
        return f'{table} has no key "{place}"{near}'
    if first["type"] == "value_error":
        return f"{f'{table} {place}'.strip()}: {first['ctx']['error']}"
    if first["type"] == "missing":
        return f'{table} needs "{place}"'
    return f'{table} {place}: {first["msg"]}, not "{first["input"]}"'
