"""Statements are written in the SQL of DuckDB, and said here in that of other databases.

A statement that transpiles without an error may still answer something else. What databases read
differently is said in other words here, a function that is no common one is refused, and the
statements themselves keep to a portable subset; tests run every one of them on three engines.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sqlglot
from sqlglot import exp

__all__ = ["DIALECTS", "transpiled"]

DIALECTS = ("postgres", "spark", "databricks", "snowflake", "bigquery")
"""The dialects besides that of DuckDB."""

_SPARKS = ("spark", "databricks")
_EXACT = 2**52  # a double as large as that has no fraction
_LAST_ASCII = 127
_PLACEHOLDERS = {
    "postgres": "${}",
    "spark": ":p{}",
    "databricks": ":p{}",
    "snowflake": ":{}",
    "bigquery": "@p{}",
}


@lru_cache(maxsize=1024)
def transpiled(
    sql: str, dialect: str, *, collation: str | None = None, pretty: bool = False
) -> str:
    r"""Return a statement of DuckDB in another dialect.

    Parameters
    ----------
    sql : str
        One statement; ``?`` or ``$1`` where values go.
    dialect : {"postgres", "spark", "databricks", "snowflake", "bigquery"}
    collation : str, optional
        For PostgreSQL, the collation that knows upper and lower case of all letters; default
        that of the database.
    pretty : bool, default False
        Lay it out for people.

    Returns
    -------
    str
        Values go where it says ``$1`` (PostgreSQL), ``:p1`` (Spark, Databricks), ``:1``
        (Snowflake), ``@p1`` (BigQuery).

    Raises
    ------
    ValueError
        If the statement holds something whose meaning there is not known.

    Notes
    -----
    What sqlglot leaves as it is and databases read differently is said in other words here:

    ========================= ====================================================================
    ``TRY_CAST(x AS DECIMAL)`` of a double: PostgreSQL has none, and keeps 15 digits of a double;
                              Spark rounds what is printed. The digits are taken apart as DuckDB
                              does it, so that exact sums are the same sums.
    ``regexp_full_match``     anchored at both ends, a line end being nothing special
    ``ILIKE``, ``lower``      in PostgreSQL by a collation that knows more letters than ASCII
    ``COLLATE "C"``           the order of bytes, which is every other database's own
    ``INTERVAL``              of days to seconds in Spark, which compares no others
    ``86400000000.0``         a double, where the database would calculate with decimals
    ``chr(65279)``            a literal in Spark, which knows 256 letters there
    ========================= ====================================================================

    Examples
    --------
    >>> transpiled("SELECT count(*) FILTER (WHERE a > $1) AS n FROM t", "spark")
    'SELECT COUNT(*) FILTER(WHERE a > :p1) AS n FROM t'
    >>> transpiled("SELECT a FROM t WHERE b <= ? AND c = ?", "postgres")
    'SELECT a FROM t WHERE b <= $1 AND c = $2'
    """
    if dialect not in DIALECTS:
        raise ValueError(f"the dialect {dialect} is not known")
    tree = sqlglot.parse_one(_numbered(sql), read="duckdb")
    # from the leaves up, each node once: what is written anew is not looked at again
    for node in reversed(list(tree.walk(bfs=False))):
        changed = _rewritten(node, dialect, collation)
        if changed is not node:
            node.replace(changed)
    try:
        return tree.sql(dialect=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE, pretty=pretty)
    except sqlglot.UnsupportedError as error:
        raise ValueError(f"{dialect} cannot say this: {error}") from None


def _numbered(sql: str) -> str:
    """Return the statement with ``$1, $2, ...`` for every ``?``."""
    tokens = sqlglot.tokenize(sql, read="duckdb")
    places = [token for token in tokens if token.token_type == sqlglot.TokenType.PLACEHOLDER]
    for number, place in reversed(list(enumerate(places, start=1))):
        sql = f"{sql[: place.start]}${number}{sql[place.end + 1 :]}"
    return sql


def _rewritten(node: exp.Expr, dialect: str, collation: str | None) -> exp.Expr:
    """Return the node in words that the dialect reads as DuckDB does, or the node itself."""
    if isinstance(node, exp.Placeholder):
        return exp.Var(this=_PLACEHOLDERS[dialect].format(node.this))
    if isinstance(node, exp.Anonymous):
        raise ValueError(f"{node.name}() is not known to mean the same elsewhere")
    for kind, rule in _RULES.items():
        if isinstance(node, kind):
            said = rule(node, dialect, collation)
            return node if said is None else exp.Var(this=said)
    return node


def _try_cast(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    is_decimal = node.args["to"].is_type("decimal")
    if dialect == "postgres" and not is_decimal:
        raise ValueError("TRY_CAST is known for decimals only")
    if dialect in (*_SPARKS, "postgres") and is_decimal:
        return _decimal(node, dialect)
    return None


def _decimal(node: exp.Expr, dialect: str) -> str:
    digits, scale = (int(part.name) for part in node.args["to"].expressions)
    to_double = "DOUBLE PRECISION" if dialect == "postgres" else "DOUBLE"
    value = f"CAST({node.this.sql(dialect=dialect)} AS {to_double})"

    def number(value: float) -> str:
        return f"CAST({value} AS {to_double})"

    # DuckDB: times 10^scale, then halves away from zero. Taken apart, since a double as a whole
    # becomes a decimal by its first digits elsewhere.
    units = f"(abs({value}) * {number(10**scale)})"
    whole, high = f"floor({units})", f"floor({units} / {number(2**40)})"
    is_up = f"{units} - {whole} >= {number(0.5)}"
    small = f"CAST(CAST({whole} AS BIGINT) + CASE WHEN {is_up} THEN 1 ELSE 0 END AS DECIMAL(19, 0))"
    low = f"CAST({units} - {high} * {number(2**40)} AS BIGINT)"
    large = f"(CAST(CAST({high} AS BIGINT) AS DECIMAL(13, 0)) * CAST({2**40} AS DECIMAL(13, 0)))"
    unit = f"CAST({f'0.{1:0{scale}d}' if scale else 1} AS DECIMAL({scale + 1}, {scale}))"
    sign = f"CAST(CASE WHEN {value} < 0 THEN -1 ELSE 1 END AS DECIMAL(1, 0))"
    return (
        f"CAST(CASE WHEN abs({value}) >= {number(10 ** (digits - scale))} THEN NULL "
        f"WHEN {units} + {number(0.5)} >= {number(10**digits)} THEN NULL "
        f"WHEN {units} < {number(_EXACT)} THEN {small} * {unit} "
        f"ELSE ({large} + {low}) * {unit} END * {sign} AS DECIMAL({digits}, {scale}))"
    )


def _full_match(node: exp.Expr, dialect: str, _: str | None) -> str:
    text, pattern = (part.sql(dialect=dialect) for part in (node.this, node.expression))
    if dialect == "postgres":
        return f"(({text}) COLLATE \"C\" ~ ('(?p)^(?:' || {pattern} || ')$'))"
    if dialect == "snowflake":  # matches the whole text by itself
        return f"REGEXP_LIKE({text}, {pattern})"
    if dialect == "bigquery":
        return f"REGEXP_CONTAINS({text}, CONCAT('^(?:', {pattern}, ')$'))"
    return f"(({text}) RLIKE CONCAT('(?d)\\\\A(?:', {pattern}, ')\\\\z'))"


def _replace(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    if dialect == "postgres":
        return None
    if node.args.get("modifiers") is None:
        raise ValueError("regexp_replace without 'g' is not known to mean the same elsewhere")
    node.set("modifiers", None)  # the others replace every match by themselves
    return None


def _ilike(node: exp.Expr, dialect: str, collation: str | None) -> str | None:
    if dialect != "postgres" or collation is None:
        return None
    text = f'{node.this.sql(dialect=dialect)} COLLATE "{collation}"'
    node.set("this", exp.Var(this=text))
    return None


def _lower(node: exp.Expr, dialect: str, collation: str | None) -> str | None:
    if dialect != "postgres" or collation is None:
        return None
    return f'LOWER(({node.this.sql(dialect=dialect)}) COLLATE "{collation}")'


def _collate(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    return None if dialect == "postgres" else str(node.this.sql(dialect=dialect))


def _interval(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    if dialect not in _SPARKS or not node.args["to"].is_type("interval"):
        return None
    return f"CAST({node.this.sql(dialect=dialect)} AS INTERVAL DAY TO SECOND)"


def _double(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    is_double = node.is_number and "." in node.name
    if not is_double or dialect in ("postgres", "bigquery"):
        return None
    return f"CAST({node.name} AS DOUBLE)"


def _escape(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    # BigQuery has no ESCAPE; a backslash is always one there
    return str(node.this.sql(dialect=dialect)) if dialect == "bigquery" else None


def _span(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    if dialect != "bigquery" or not isinstance(node.this, exp.Literal):
        return None
    return f"INTERVAL {int(node.this.name)} {node.args['unit'].sql(dialect=dialect)}"


def _between(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    if dialect != "bigquery":  # whose DATE_DIFF takes dates
        return None
    later, earlier = (part.sql(dialect=dialect) for part in (node.this, node.expression))
    return f"DATETIME_DIFF({later}, {earlier}, {node.args['unit'].name.upper()})"


def _part_of_text(node: exp.Expr, dialect: str, _: str | None) -> str | None:
    if dialect != "bigquery":
        return None
    text, delimiter, number = (node.args[key].sql(dialect=dialect) for key in _SPLIT)
    part = f"COALESCE(SPLIT({text}, {delimiter})[SAFE_ORDINAL({number})], '')"
    return f"CASE WHEN {text} IS NOT NULL THEN {part} END"


def _letter(node: exp.Expr, dialect: str, _: str | None) -> str:
    (code,) = (int(part.name) for part in node.expressions)
    if dialect in _SPARKS and code > _LAST_ASCII:  # whose CHR takes the rest of 256
        return f"'\\u{code:04X}'"
    return f"CHR({code})"


_SPLIT = ("this", "delimiter", "part_index")
_RULES: dict[type[exp.Expr], Callable[[exp.Expr, str, str | None], str | None]] = {
    exp.TryCast: _try_cast,  # before Cast, which it is a kind of
    exp.Cast: _interval,
    exp.RegexpFullMatch: _full_match,
    exp.RegexpReplace: _replace,
    exp.ILike: _ilike,
    exp.Lower: _lower,
    exp.Collate: _collate,
    exp.Literal: _double,
    exp.SplitPart: _part_of_text,
    exp.Escape: _escape,
    exp.Interval: _span,
    exp.DateDiff: _between,
    exp.Chr: _letter,
}
