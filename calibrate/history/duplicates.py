"""Rows of the leads that stand there twice: one is kept, different ones are refused."""

from __future__ import annotations

from calibrate.errors import DataError
from calibrate.history.staging import Staged

__all__ = ["drop_duplicates"]

_ONE_KEPT = "every cell the same: one row kept"


def drop_duplicates(staged: Staged, position: int) -> None:
    """Leave out the rows without an id, and all but one of those that are alike.

    Parameters
    ----------
    staged : Staged
        The leads.
    position : int
        Their column of ids.

    Raises
    ------
    DataError
        If two rows of one id differ in a cell.
    """
    missing = f"c{position} IS NULL"
    staged.drop(missing, "without an id", "left out")
    key = staged.text(position)
    cells = ", ".join(f"c{place}" for place in staged.types)
    plain = key if staged.types[position] in ("DOUBLE", "FLOAT") else f"c{position}"
    different = f"SELECT count(*) - count(DISTINCT {plain}) AS n FROM {staged.name}"
    if not int(staged.one(different)):
        staged.add("duplicate rows", 0, _ONE_KEPT)
        return
    repeated = (
        f"SELECT row, {key} AS id, dense_rank() OVER (PARTITION BY {key} ORDER BY {cells}) AS kind,"
        f" row_number() OVER (PARTITION BY {key} ORDER BY row) AS place FROM {staged.name} "
        f"WHERE {key} IN (SELECT {key} FROM {staged.name} GROUP BY {key} HAVING count(*) > 1)"
    )
    differing = staged.engine.query(
        f"SELECT id, min(row) AS first, max(row) AS last FROM ({repeated}) "
        "GROUP BY id HAVING max(kind) > 1 ORDER BY first LIMIT 1"
    ).to_pylist()
    if differing:
        raise _differing(staged, position, differing[0]["id"])
    staged.drop(
        f"row IN (SELECT row FROM ({repeated}) WHERE place > 1)",
        "duplicate rows",
        _ONE_KEPT,
        example=key,
    )


def _differing(staged: Staged, position: int, lead: str) -> DataError:
    rows = staged.engine.query(
        f"SELECT * FROM {staged.name} WHERE {staged.text(position)} = ? ORDER BY row", [lead]
    ).to_pylist()
    columns = list(staged.types)
    second, column = next(
        (row, column)
        for row in rows[1:]
        for column in columns
        if row[f"c{column}"] != rows[0][f"c{column}"]
    )
    other = staged.source.names[column]
    first = staged.source.place(rows[0]["row"]).get("row")
    where = "another row" if first is None else f"row {first}"  # rows of a database: no number
    return DataError(
        f'stands in {where} already, with another "{other}"',
        **staged.source.place(second["row"]),
        column=staged.source.names[position],
        value=lead,
        fix="keep one row a lead, or map the column that is different for each",
    )
