"""What every engine says in the same words."""

from __future__ import annotations

from collections.abc import Iterable

from calibrate.errors import ConfigError, DataError, did_you_mean

__all__ = ["no_table", "out_of_range"]


def no_table(table: str, known: Iterable[str]) -> ConfigError:
    """Return the error for a table that a database does not have.

    Parameters
    ----------
    table : str
        As it was asked for.
    known : iterable of str
        The tables there are.

    Returns
    -------
    ConfigError

    Examples
    --------
    >>> str(no_table("lead", ["leads", "crm.calls"]))
    'the database has no table lead (did you mean "leads"?)'
    """
    names = list(known)
    hint = did_you_mean(table, names)
    if not hint:
        hint = f"; it has {', '.join(names[:8])}" if names else "; it has none that can be seen"
    return ConfigError(f"the database has no table {table}{hint}")


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
