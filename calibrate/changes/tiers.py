"""From one night's scores to the next: which leads changed tier, which are new, which are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from calibrate.display import WRITTEN_FORMULA, html_table
from calibrate.engines import DuckDBEngine, Engine, quote_identifier, quote_literal
from calibrate.errors import DataError, did_you_mean
from calibrate.history.frames import arrow_of_frame
from calibrate.history.loading import text_of
from calibrate.scorecard.card import DISQUALIFIED

__all__ = ["TierChanges", "changes_between", "score_relation", "tier_changes"]

_COLUMNS = ("previous_tier", "tier", "change", "n")


@dataclass(frozen=True, eq=False, kw_only=True)
class TierChanges:
    """How many leads went from which tier to which.

    Attributes
    ----------
    n_up, n_down, n_same : int
        Leads of both nights in a higher, a lower, the same tier.
    n_new, n_gone : int
        Leads that were not scored before; leads that are not scored any more.
    table : DataFrame
        ``previous_tier, tier, change`` (``up``, ``down``, ``same``, ``new``, ``gone``), ``n``;
        of each the longest way first.
    """

    n_up: int
    n_down: int
    n_same: int
    n_new: int
    n_gone: int
    _table: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a pair of tiers."""
        return self._table.copy()

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        moved = self._table[self._table["change"].isin(["up", "down"])]
        told = ", ".join(
            f"{row.n:,} {row.tier or 'no tier'} from {row.previous_tier or 'no tier'}"
            for row in moved.itertuples()
        )
        return (
            f"{self.n_up:,} up, {self.n_down:,} down, {self.n_same:,} in the same tier, "
            f"{self.n_new:,} new, {self.n_gone:,} no longer scored" + (f" ({told})" if told else "")
        )

    def _repr_html_(self) -> str:
        return html_table(self._table, caption=self.sentence)


def tier_changes(old: object, new: object) -> TierChanges:
    """Compare the scores of two nights.

    Parameters
    ----------
    old, new : path or frame
        Scores as `write_scores` or ``calibrate score --out`` wrote them (``lead_id``,
        ``score``, ``tier``); of a run's ``scores.parquet`` the open leads count.

    Returns
    -------
    TierChanges

    Raises
    ------
    DataError
        As of `score_relation`.

    Notes
    -----
    A tier is higher than another if its lowest score, of either night, is higher; below all
    are leads without a tier, then the disqualified. Ids are compared as text, whole numbers
    without a fraction.

    Examples
    --------
    >>> old = {"lead_id": [1, 2, 3], "score": [70, 10, 12], "tier": ["hot", "cold", "cold"]}
    >>> new = {"lead_id": [2, 3, 4], "score": [80, 9, 75], "tier": ["hot", "cold", "hot"]}
    >>> tier_changes(pd.DataFrame(old), pd.DataFrame(new)).sentence
    '1 up, 0 down, 1 in the same tier, 1 new, 1 no longer scored (1 hot from cold)'
    """
    engine = DuckDBEngine()
    try:
        before, now = score_relation(engine, old, "old"), score_relation(engine, new, "new")
        return changes_between(engine, before, now)
    finally:
        engine.close()


def changes_between(
    engine: Engine, old: str, new: str, parameters: Sequence[object] = ()
) -> TierChanges:
    """Compare two nights where their scores are.

    Parameters
    ----------
    engine : Engine
    old, new : str
        SELECTs of ``lead_id`` (text), ``score`` and ``tier``.
    parameters : sequence
        Values of `old`, then of `new`.

    Returns
    -------
    TierChanges
        As of `tier_changes`.
    """
    found = engine.query(_PAIRS.format(old=old, new=new), parameters).to_pandas()
    return _changes(found)


_PAIRS = """
WITH old_scores AS ({old}),
new_scores AS ({new})
SELECT o.tier AS previous_tier, n.tier AS tier, o.lead_id IS NULL AS is_new,
    n.lead_id IS NULL AS is_gone, count(*) AS n, min(o.score) AS lowest_before,
    min(n.score) AS lowest
FROM new_scores AS n FULL JOIN old_scores AS o ON o.lead_id = n.lead_id
GROUP BY o.tier, n.tier, o.lead_id IS NULL, n.lead_id IS NULL
"""


def _changes(found: pd.DataFrame) -> TierChanges:
    nights = (("previous_tier", "lowest_before"), ("tier", "lowest"))
    lowest = pd.concat([found[[t, s]].set_axis(["tier", "score"], axis=1) for t, s in nights])
    levels: dict[str, float] = lowest.dropna().groupby("tier")["score"].min().to_dict()
    levels = levels | {DISQUALIFIED: -2}
    rows = []
    for row in found.itertuples():
        before, after = (None if pd.isna(t) else str(t) for t in (row.previous_tier, row.tier))
        step = levels.get(after or "", -1) - levels.get(before or "", -1)
        change = "up" if step > 0 else "down" if step < 0 else "same"
        change = "new" if row.is_new else "gone" if row.is_gone else change
        rows.append((before, after, change, int(row.n), step))
    order = ("up", "down", "same", "new", "gone")
    rows.sort(key=lambda r: (order.index(r[2]), -abs(r[4]), -r[3], r[0] or "", r[1] or ""))
    columns = dict(zip(_COLUMNS, zip(*(row[:4] for row in rows), strict=True), strict=True))
    table = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    table = table.reindex(columns=list(_COLUMNS)).astype({"n": "int64"})
    counts = {kind: int(table.loc[table["change"] == kind, "n"].sum()) for kind in order}
    return TierChanges(**{f"n_{kind}": n for kind, n in counts.items()}, _table=table)


def score_relation(engine: Engine, source: object, name: str) -> str:
    """Return the SELECT of scores: ``lead_id`` as text, ``score``, ``tier``.

    Parameters
    ----------
    engine : Engine
        Where it will be read; a file is read by DuckDB where it is.
    source : path or frame
    name : str
        What a frame's table is called there.

    Raises
    ------
    DataError
        If there is no such file, it cannot be read as scores, a column is missing, a score is
        no number, or a lead stands in it twice.
    """
    if isinstance(engine, DuckDBEngine):
        return _checked(engine, source, name)
    with_files = DuckDBEngine()
    try:
        engine.register(name, with_files.query(_checked(with_files, source, name)))
    finally:
        with_files.close()
    return f"SELECT lead_id, score, tier FROM {quote_identifier(name)}"


def _checked(engine: DuckDBEngine, source: object, name: str) -> str:
    """Return the SELECT, of scores that are numbers and of leads that stand there once."""
    file, key = "the scores", "lead_id"
    if isinstance(source, (str, Path)):
        path = Path(source)
        if not path.is_file():
            raise DataError(f'there is no file "{path.name}" of earlier scores')
        file, table = path.name, f"read_parquet({quote_literal(str(path))})"
        if path.suffix.lower() == ".csv":
            table = _csv(path)
            key = f"CASE WHEN regexp_matches(lead_id, {quote_literal(WRITTEN_FORMULA)})"
            key += " THEN substr(lead_id, 2) ELSE lead_id END"
    else:
        engine.register(name, arrow_of_frame(source, "scores"))
        table = quote_identifier(name)
    selected = _selected(table, _schema(engine, table, file), file, key)
    _refuse_words(engine, table, file)
    _refuse_repeated(engine, selected, file)
    return selected


def _csv(path: Path) -> str:
    text = quote_literal(str(path))
    return f"read_csv({text}, header = true, all_varchar = true, delim = ',', quote = '\"')"


def _schema(engine: DuckDBEngine, table: str, file: str) -> pa.Schema:
    try:
        return engine.query(f"SELECT * FROM {table} LIMIT 0").schema
    except Exception as error:
        raise DataError("cannot be read as scores", file=file) from error


def _selected(table: str, schema: pa.Schema, file: str, key: str) -> str:
    for column in ("lead_id", "score", "tier"):
        if column not in schema.names:
            near = did_you_mean(column, schema.names)
            raise DataError(f'has no column "{column}"{near}', file=file)
    is_decimal = pa.types.is_floating(schema.field("lead_id").type)
    lead_id = text_of(key, "DOUBLE") if is_decimal else f"CAST({key} AS VARCHAR)"
    open_only = " WHERE \"set\" = 'open'" if "set" in schema.names else ""
    return (
        f"SELECT {lead_id} AS lead_id, TRY_CAST(score AS INTEGER) AS score, "
        f"nullif(CAST(tier AS VARCHAR), '') AS tier FROM {table}{open_only}"
    )


def _refuse_words(engine: DuckDBEngine, table: str, file: str) -> None:
    wrong = "TRY_CAST(score AS INTEGER) IS NULL AND nullif(CAST(score AS VARCHAR), '') IS NOT NULL"
    found = engine.query(f"SELECT CAST(score AS VARCHAR) FROM {table} WHERE {wrong} LIMIT 1")
    if found.num_rows:
        value = found.column(0)[0].as_py()
        raise DataError("is not a score", file=file, column="score", value=value)


def _refuse_repeated(engine: DuckDBEngine, selected: str, file: str) -> None:
    found = engine.query(
        f"SELECT lead_id FROM ({selected}) GROUP BY lead_id HAVING count(*) > 1 "
        "ORDER BY lead_id LIMIT 1"
    )
    if found.num_rows:
        lead = found.column(0)[0].as_py()
        raise DataError("stands in it twice", file=file, column="lead_id", value=lead)
