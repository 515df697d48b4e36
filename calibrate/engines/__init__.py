"""Engines: take tables, run a statement, hand back Arrow.

Those of databases are loaded when they are first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from calibrate.engines.arrow import as_doubles
from calibrate.engines.base import Engine, quote_identifier, quote_literal, quote_literals
from calibrate.engines.duckdb import DuckDBEngine
from calibrate.errors import ConfigError

if TYPE_CHECKING:
    from calibrate.engines.dialects import DIALECTS, transpiled
    from calibrate.engines.postgres import PostgresEngine
    from calibrate.engines.spark import SparkEngine

__all__ = [
    "DIALECTS",
    "DuckDBEngine",
    "Engine",
    "PostgresEngine",
    "SparkEngine",
    "as_doubles",
    "engine_of",
    "quote_identifier",
    "quote_literal",
    "quote_literals",
    "transpiled",
]

_LATER = {
    "DIALECTS": "dialects",
    "transpiled": "dialects",
    "PostgresEngine": "postgres",
    "SparkEngine": "spark",
}


def __getattr__(name: str) -> Any:
    """Load the engine of a database, and what it needs, when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module 'calibrate.engines' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"calibrate.engines.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def engine_of(url: str) -> Engine:
    """Return the engine of a database, connected.

    Parameters
    ----------
    url : str
        ``postgresql://user@host:5432/database`` (also ``postgres://``), ``spark://local``
        (a Spark in this process) or ``spark://host:7077``, ``duckdb:///path/of/a.duckdb``
        (``duckdb://a.duckdb`` from the current folder).

    Returns
    -------
    Engine

    Raises
    ------
    ConfigError
        If the URL is of no known kind; its text is not repeated, since it may hold a password.
    CalibrateError
        If the database cannot be reached.

    Examples
    --------
    >>> engine_of("mysql://localhost/crm")
    Traceback (most recent call last):
    calibrate.errors.ConfigError: no engine is known for mysql://; there are postgresql://, ...
    """
    kind, found, rest = url.partition("://")
    match kind.strip().lower() if found else "":
        case "postgresql" | "postgres":
            postgres: type[PostgresEngine] = __getattr__("PostgresEngine")
            return postgres(f"postgresql://{rest}")
        case "spark":
            spark: type[SparkEngine] = __getattr__("SparkEngine")
            is_local = rest.strip("/").lower() == "local"
            return spark(master="local[*]" if is_local else f"spark://{rest}")
        case "duckdb":
            return DuckDBEngine(rest)
        case _:
            said = f"{kind}://" if found else "a text without ://"
            raise ConfigError(
                f"no engine is known for {said}; there are postgresql://, spark://, duckdb:///"
            )
