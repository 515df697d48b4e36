"""What an engine does: take tables, run a statement, hand back Arrow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

import pyarrow as pa

from calibrate.errors import ConfigError

__all__ = [
    "Engine",
    "parts_to_write",
    "quote_identifier",
    "quote_literal",
    "quote_literals",
    "split_name",
    "temporary_only",
]


class Engine(Protocol):
    """A database that reads the user's tables and keeps its own temporary ones.

    Attributes
    ----------
    dialect : {"duckdb", "postgres", "spark"}
        What its statements are transpiled to.

    Notes
    -----
    Every statement is written in the SQL of DuckDB, with ``?`` or ``$1`` where values go;
    values are bound, never pasted. Nothing outside the engine's own temporary tables and views
    is ever written, but for the one table that the user names (`write_table`). Times have no zone
    and stand in UTC; columns of the user that have one are converted to it by ``CAST(column AS
    TIMESTAMP)``.
    """

    dialect: str

    def register(self, name: str, arrow_table: pa.Table) -> None:
        """Make an Arrow table readable under `name`, for as long as the engine is open.

        Parameters
        ----------
        name : str
            Name in statements; an earlier table registered under it is replaced. It hides a
            table of the database of the same name.
        arrow_table : pyarrow.Table
            The rows.
        """
        ...

    def unregister(self, name: str) -> None:
        """Let go of a table given with `register`.

        Parameters
        ----------
        name : str
            Name it was registered under.
        """
        ...

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that answers nothing, such as one that makes a temporary view.

        Parameters
        ----------
        sql : str
            One statement; where the tables are the user's, a ``CREATE TEMP ...``, and nothing
            else. What it makes is dropped by `unregister`.
        parameters : sequence
            The values.
        """
        ...

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a statement and hand back its rows.

        Parameters
        ----------
        sql : str
            One SELECT. Rows come in the order of its ORDER BY, or in no order.
        parameters : sequence
            The values.

        Returns
        -------
        pyarrow.Table
            The rows.
        """
        ...

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table of the database and their types, in its order.

        Parameters
        ----------
        table : str
            ``table`` or ``schema.table``; a name with a dot or a space may stand in quotes.

        Returns
        -------
        dict of str to str
            Types as DuckDB calls them: ``BIGINT``, ``DOUBLE``, ``DECIMAL``, ``BOOLEAN``,
            ``VARCHAR``, ``DATE``, ``TIMESTAMP``, ``TIMESTAMP WITH TIME ZONE``; any other as the
            database calls it, in capitals.

        Raises
        ------
        ConfigError
            If there is no such table; it names the nearest one.
        """
        ...

    def qualified(self, table: str) -> str:
        """Return the full name of a table of the database, quoted, as statements name it.

        Parameters
        ----------
        table : str
            As for `columns`.

        Returns
        -------
        str
            With its schema, so that no temporary table of the same name is read instead.

        Raises
        ------
        ConfigError
            If there is no such table.
        """
        ...

    def may_replace(self, table: str, sql: str, parameters: Sequence[object] = ()) -> bool:
        """Say whether `write_table` would replace a table's rows (False: it would make one).

        Parameters
        ----------
        table : str
        sql : str
        parameters : sequence
            As for `write_table`.

        Raises
        ------
        ConfigError
            If there is something else of that name: a view, other columns or types, or a table
            through which rows of others would change.
        """
        ...

    def write_table(self, table: str, sql: str, parameters: Sequence[object] = ()) -> int:
        """Put the answer of a statement in the place of a table's rows, all or nothing.

        A table that is not there is made. Nothing else of the user's is ever written, and this
        only where the user names the table.

        Parameters
        ----------
        table : str
            ``table`` or ``schema.table``.
        sql : str
            One SELECT.
        parameters : sequence
            The values.

        Returns
        -------
        int
            The number of rows.

        Raises
        ------
        ConfigError
            As `may_replace`; or the schema is not there.
        CalibrateError
            If it must not be written.
        """
        ...

    def close(self) -> None:
        """Give everything back; the engine cannot be used afterwards."""
        ...


def quote_identifier(name: str) -> str:
    """Return `name` as an SQL identifier, whatever characters it holds.

    Parameters
    ----------
    name : str
        Name of a table or column.

    Returns
    -------
    str
        The name in double quotes, with quotes inside it doubled.

    Examples
    --------
    >>> print(quote_identifier('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """Return a text as an SQL literal, for the places where no value can be bound.

    Parameters
    ----------
    value : str
        Any text.

    Returns
    -------
    str
        The text in single quotes, with quotes inside it doubled.

    Examples
    --------
    >>> print(quote_literal("it's"))
    'it''s'
    """
    return "'" + value.replace("'", "''") + "'"


def quote_literals(values: Iterable[str]) -> str:
    """Return texts as a list of SQL literals.

    Parameters
    ----------
    values : iterable of str
        Any texts.

    Returns
    -------
    str
        Separated by commas; empty where there is no text.

    Examples
    --------
    >>> print(quote_literals(["won", "it's"]))
    'won', 'it''s'
    """
    return ", ".join(map(quote_literal, values))


def split_name(table: str) -> tuple[str, ...]:
    """Return the parts of a table's name: catalog and schema, where given, and table.

    Parameters
    ----------
    table : str
        Parts separated by dots; one in double quotes (or backticks) may hold a dot itself.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> split_name("crm.leads"), split_name('"My crm"."all.leads"')
    (('crm', 'leads'), ('My crm', 'all.leads'))
    """
    parts, part, quote = [], "", ""
    for character in table.strip():
        if character == quote:
            quote = ""
        elif not quote and character in '"`':
            quote = character
        elif not quote and character == ".":
            parts.append(part)
            part = ""
        else:
            part += character
    return (*parts, part)


def parts_to_write(table: str, *, most: int = 2) -> tuple[str, ...]:
    """Return the parts of the name of a table that is to be written.

    Parameters
    ----------
    table : str
    most : int, default 2
        Schema and table.

    Raises
    ------
    ConfigError
        If it has more parts, or an empty one.

    Examples
    --------
    >>> parts_to_write("crm.scores")
    ('crm', 'scores')
    >>> parts_to_write("other.crm.scores")
    Traceback (most recent call last):
    calibrate.errors.ConfigError: other.crm.scores cannot be the name of a table to write: it is ...
    """
    parts = split_name(table)
    if len(parts) > most or not all(parts):
        how = (
            "table or schema.table" if most == 2 else "table, schema.table or catalog.schema.table"
        )
        raise ConfigError(f"{table} cannot be the name of a table to write: it is {how}")
    return parts


_TEMPORARY = re.compile(
    r"\s*CREATE\s+(OR\s+REPLACE\s+)?TEMP(ORARY)?\s+(TABLE|VIEW)\s", re.IGNORECASE
)


def temporary_only(sql: str) -> None:
    """Refuse a statement that could change something of the user's.

    Parameters
    ----------
    sql : str

    Raises
    ------
    ValueError
        If it is not ``CREATE [OR REPLACE] TEMP TABLE`` or ``VIEW``.

    Examples
    --------
    >>> temporary_only("CREATE OR REPLACE TEMP VIEW activities AS SELECT * FROM crm.events")
    >>> temporary_only("DROP TABLE leads")
    Traceback (most recent call last):
    ValueError: only temporary tables and views may be made in a database of the user
    """
    if not _TEMPORARY.match(sql):
        raise ValueError("only temporary tables and views may be made in a database of the user")
