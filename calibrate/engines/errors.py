"""What every engine says in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from calibrate.errors import ConfigError, DataError, did_you_mean

__all__ = [
    "NoTableError",
    "no_schema",
    "no_table",
    "not_plain",
    "out_of_range",
    "refuse_other_columns",
]


class NoTableError(ConfigError):
    """A database does not have a table."""


def no_table(table: str, known: Iterable[str]) -> NoTableError:
    """Return the error for a table that a database does not have.

    Parameters
    ----------
    table : str
        As it was asked for.
    known : iterable of str
        The tables there are.

    Returns
    -------
    NoTableError

    Examples
    --------
    >>> str(no_table("lead", ["leads", "crm.calls"]))
    'the database has no table lead (did you mean "leads"?)'
    """
    names = list(known)
    hint = did_you_mean(table, names)
    if not hint:
        hint = f"; it has {', '.join(names[:8])}" if names else "; it has none that can be seen"
    return NoTableError(f"the database has no table {table}{hint}")


def no_schema(table: str) -> ConfigError:
    """Return the error for a table whose schema a database does not have."""
    return ConfigError(f"the database has no schema for the table {table}")


def refuse_other_columns(table: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Refuse to write over a table that holds something else.

    Parameters
    ----------
    table : str
    found, wanted : mapping of str to str
        Its columns and their types, and those that are to be written.

    Raises
    ------
    ConfigError
        If they are not the same.

    Examples
    --------
    >>> refuse_other_columns("scores", {"score": "BIGINT"}, {"score": "BIGINT"})
    >>> refuse_other_columns("crm.leads", {"score": "BIGINT", "name": "TEXT"}, {"score": "BIGINT"})
    Traceback (most recent call last):
    calibrate.errors.ConfigError: the table crm.leads holds something else (it has a column ...
    """
    odd = min(found.keys() - wanted.keys(), default="")
    gone = min(wanted.keys() - found.keys(), default="")
    other = next((name for name in wanted if found.get(name) != wanted[name]), None)
    if odd:
        what = f'it has a column "{odd}"'
    elif gone:
        what = f'it has no column "{gone}"'
    elif other is not None:
        what = f'its column "{other}" is {found[other]}, not {wanted[other]}'
    else:
        return
    raise ConfigError(f"the table {table} holds something else ({what}); name another")


def not_plain(table: str) -> ConfigError:
    """Return the error for what only looks like a table of its own."""
    return ConfigError(
        f"{table} is no plain table: a view, or one with triggers, keys of other tables, rules, "
        "parts or policies, through which other rows would change; name another"
    )


def out_of_range() -> DataError:
    """Return the error for values that an engine cannot calculate with; it quotes none.

    Returns
    -------
    DataError
    """
    return DataError(
        "a number or a date is too large or too small to compute with",
        fix="look for years and amounts that cannot be true",
    )
