"""What every engine says in the same words."""

from __future__ import annotations

from collections.abc import Iterable

from calibrate.errors import ConfigError, DataError, did_you_mean

__all__ = ["NoTableError", "no_schema", "no_table", "out_of_range", "refuse_other_columns"]


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


def refuse_other_columns(table: str, found: Iterable[str], wanted: Iterable[str]) -> None:
    """Refuse to write over a table that holds something else.

    Parameters
    ----------
    table : str
    found, wanted : iterable of str
        Its columns, and those that are to be written.

    Raises
    ------
    ConfigError
        If they are not the same.

    Examples
    --------
    >>> refuse_other_columns("scores", ["score", "lead_id"], ["lead_id", "score"])
    >>> refuse_other_columns("crm.leads", ["lead_id", "name"], ["lead_id", "score"])
    Traceback (most recent call last):
    calibrate.errors.ConfigError: the table crm.leads holds something else (it has a column ...
    """
    here, new = set(found), set(wanted)
    if here == new:
        return
    odd = min(here - new, default="")
    what = f'has a column "{odd}"' if odd else f'has no column "{min(new - here)}"'
    raise ConfigError(f"the table {table} holds something else (it {what}); name another")


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
