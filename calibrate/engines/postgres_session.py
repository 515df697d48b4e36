"""A session of PostgreSQL: how it is opened, what it is set to, and what its errors say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from calibrate.engines.errors import no_schema, out_of_range
from calibrate.errors import CalibrateError, DataError

if TYPE_CHECKING:
    import psycopg

__all__ = ["connected", "folding", "in_one_line", "may_write"]

_SESSION = (
    "SET TIME ZONE 'UTC'",
    "SET DateStyle = 'ISO'",
    "SET extra_float_digits = 1",
    "SET jit = off",  # compiling costs more than it saves on statements as wide as ours
    "SET default_transaction_read_only = on",
)
# Collations that know upper and lower case of every letter, one letter at a time.
_FOLDING = ("pg_c_utf8", "C.utf8", "C.UTF-8", "en_US.utf8", "und-x-icu")


def connected(url: str) -> psycopg.Connection[Any]:
    """Return an open session: read-only, in UTC."""
    try:
        import psycopg  # noqa: PLC0415  - an extra
        from psycopg.types.numeric import FloatLoader  # noqa: PLC0415
    except ImportError:
        raise CalibrateError(
            'PostgreSQL needs the package psycopg: pip install "calibrate[postgres]"'
        ) from None
    try:
        connection = psycopg.connect(
            url, autocommit=True, cursor_factory=psycopg.RawCursor, client_encoding="utf8"
        )
    except psycopg.Error as error:
        raise CalibrateError(_no_connection(url, str(error))) from None
    connection.adapters.register_loader("numeric", FloatLoader)
    connection.prepare_threshold = None  # every statement runs once or twice
    for statement in _SESSION:
        connection.execute(statement)
    return connection


def _no_connection(url: str, said: str) -> str:
    """Return what is wrong in one line, without the user's name or password."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415  - an extra

    try:
        known = conninfo_to_dict(url)
    except Exception:  # its words repeat the text, and with it the password
        return "the URL of the database cannot be read; write postgresql://user@host:5432/database"
    place = str(known.get("host", "localhost"))
    place += f":{known['port']}" if "port" in known else ""
    words = said.casefold()
    if "pg_hba" in words:
        why = "its pg_hba.conf does not allow this user to connect from here"
    elif "database" in words and "not exist" in words:
        why = f'it has no database "{known.get("dbname", "")}"'
    elif "password" in words or "authentication" in words or "role" in words:
        why = "it refuses this user and password; set PGPASSWORD, or look at ~/.pgpass"
    else:
        why = "no PostgreSQL server answers there"
    return f"cannot connect to the database at {place}: {why}"


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn what the data, the server or its rights caused into an expected error.

    A statement that cannot be parsed is a fault of ours and stays what it is. The server's
    own words are repeated only where they quote no cell.
    """
    import psycopg  # noqa: PLC0415  - an extra

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        said = error.diag.message_primary
        needs = "TEMPORARY on the database" if "temporary" in str(said) else "SELECT on the table"
        raise CalibrateError(f"the database says: {said}; its user needs {needs}") from None
    except psycopg.errors.ReadOnlySqlTransaction:
        raise CalibrateError(
            "this database takes no temporary tables, since it is a read-only replica; "
            "use its primary"
        ) from None
    except (psycopg.errors.CharacterNotInRepertoire, psycopg.errors.UntranslatableCharacter):
        raise DataError(
            "a text holds a character that the database cannot store", fix="look for NUL"
        ) from None
    except psycopg.DataError as error:
        raise out_of_range() from error
    except psycopg.errors.QueryCanceled:
        raise CalibrateError(
            "the database stopped a statement after its statement_timeout; raise it for this user"
        ) from None
    except psycopg.OperationalError as error:
        said = error.diag.message_primary or "the connection was lost"
        raise CalibrateError(f"the database cannot finish a statement: {said}") from None


def folding(connection: psycopg.Connection[Any]) -> str | None:
    """Return a collation that knows all letters; None where the database's own has to do."""
    found = connection.execute(
        "SELECT collname FROM pg_collation, pg_database WHERE datname = current_database()"
        " AND collencoding IN (-1, encoding) AND pg_encoding_to_char(encoding) = 'UTF8'"
    ).fetchall()
    known = {name for (name,) in found}
    return next((name for name in _FOLDING if name in known), None)


@contextmanager
def may_write(table: str) -> Iterator[None]:
    """Turn what the database has against writing a table into an expected error."""
    import psycopg  # noqa: PLC0415  - an extra

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise CalibrateError(
            f"the database says: {error.diag.message_primary}; to write {table} its user needs "
            "CREATE on the schema, or SELECT, INSERT and DELETE on the table"
        ) from None
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable):
        raise no_schema(table) from None
    except (psycopg.IntegrityError, psycopg.ProgrammingError) as error:
        raise CalibrateError(
            f"the table {table} does not take the rows: {error.diag.message_primary}"
        ) from None
