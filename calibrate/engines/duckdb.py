"""DuckDB in the process: the default engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from calibrate.errors import CalibrateError, DataError

__all__ = ["DuckDBEngine", "quote_identifier", "quote_literal"]


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


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn what the data or the machine caused into an expected error.

    Anything else, such as a statement that cannot be parsed, is a fault of ours and stays
    what it is. The engine's own words may quote a cell, so they are not repeated.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise CalibrateError(
            "there is not enough memory for this; export a shorter span of time"
        ) from error
    except duckdb.IOException as error:
        raise CalibrateError("the engine cannot write its temporary files") from error
    except duckdb.DataError as error:
        raise DataError(
            "a number or a date is outside what can be computed with",
            fix="look for years and amounts that cannot be",
        ) from error
    except (duckdb.InterruptException, RuntimeError) as error:
        if "interrupt" not in str(error).lower():
            raise
        raise KeyboardInterrupt from None  # Ctrl-C, in the engine's words


class DuckDBEngine:
    """A private in-memory database that takes and gives Arrow tables.

    Parameters
    ----------
    memory_limit : str, optional
        At most so much memory, e.g. ``"4GB"``; more spills to `temp_directory`.
    threads : int, optional
        At most so many threads; default all cores.
    temp_directory : path, optional
        Where to spill; default the system's choice of DuckDB.

    Notes
    -----
    Nothing is fetched at run time: extensions are never installed, Python variables are
    never read as tables, and the session's time zone is UTC.

    Examples
    --------
    >>> engine = DuckDBEngine()
    >>> engine.register("visits", pa.table({"pages": [1, 2, 4]}))
    >>> engine.query("SELECT max(pages) AS pages FROM visits WHERE pages < ?", [4]).to_pylist()
    [{'pages': 2}]
    >>> engine.close()
    """

    def __init__(
        self,
        *,
        memory_limit: str | None = None,
        threads: int | None = None,
        temp_directory: str | Path | None = None,
    ) -> None:
        config: dict[str, Any] = {
            "autoinstall_known_extensions": "false",
            "python_enable_replacements": "false",
            "TimeZone": "UTC",
        }
        if memory_limit is not None:
            config["memory_limit"] = memory_limit
        if threads is not None:
            config["threads"] = threads
        if temp_directory is not None:
            config["temp_directory"] = str(temp_directory)
        try:
            self._connection = duckdb.connect(":memory:", config=config)
        except duckdb.Error as error:
            raise CalibrateError(f"the engine cannot start: {error}") from None

    def register(self, name: str, arrow_table: pa.Table) -> None:
        """Make an Arrow table readable under `name`, without copying it.

        Parameters
        ----------
        name : str
            Name in statements; an earlier table registered under it is replaced.
        arrow_table : pyarrow.Table
            The rows.
        """
        self._connection.register(name, arrow_table)

    def unregister(self, name: str) -> None:
        """Let go of a table given with `register`.

        Parameters
        ----------
        name : str
            Name it was registered under.
        """
        self._connection.unregister(name)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that answers nothing.

        Parameters
        ----------
        sql : str
            One statement, with ``?`` or ``$1`` where values go.
        parameters : sequence
            The values.
        """
        with _in_one_line():
            self._connection.execute(sql, list(parameters))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a statement and hand back its rows.

        Parameters
        ----------
        sql : str
            One SELECT, with ``?`` or ``$1`` where values go. Rows come in the order of its
            ORDER BY, or in no order.
        parameters : sequence
            The values.

        Returns
        -------
        pyarrow.Table
            The rows.
        """
        with _in_one_line():
            return self._connection.sql(sql, params=list(parameters)).to_arrow_table()

    def close(self) -> None:
        """Give the memory back; the engine cannot be used afterwards."""
        self._connection.close()
