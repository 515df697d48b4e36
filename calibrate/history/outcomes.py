"""What became of a lead: words of the data to converted, lost, open; and closing intervals."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

from calibrate.config import LeadColumns
from calibrate.engines import quote_literals
from calibrate.errors import CalibrateWarning, DataError, did_you_mean
from calibrate.history.dates import DateReading
from calibrate.history.personal import masked
from calibrate.history.staging import Staged, spelled

__all__ = [
    "CONVERTED_WORDS",
    "LOST_WORDS",
    "closing_interval",
    "flag_value",
    "outcome_value",
    "refuse_misspelt",
]

CONVERTED_WORDS = ("converted", "yes", "y", "true", "1", "1.0")
LOST_WORDS = ("lost",)
_SHOWN = 8
_OPEN = ("open", "no", "n", "false", "0", "0.0")


def outcome_value(
    staged: Staged, position: int, columns: LeadColumns, *, must_win: bool = False
) -> str:
    """Return the SQL of a lead's outcome: ``converted``, ``lost`` or ``open``.

    Parameters
    ----------
    staged : Staged
        The leads.
    position : int
        Their column of outcomes.
    columns : LeadColumns
        Its `won` and `lost`, compared without regard to case.
    must_win : bool
        Whether some lead has to be won or lost, since outcomes are to be learnt from.

    Returns
    -------
    str
        An expression of type VARCHAR; an empty cell is open.

    Raises
    ------
    DataError
        If neither `won` nor `lost` is given and a value is none of converted / lost / open,
        yes / no, true / false, 1 / 0; or if `won` or `lost` never occurs but for a misspelling;
        or if a value stands in both; or if no lead is won or lost though `must_win` says so.

    Warns
    -----
    CalibrateWarning
        If `must_win`, of values of `won` that never occur.
    """
    value = f"lower({staged.text(position)})"
    _count_missing(staged, position)
    if columns.won or columns.lost:
        won, lost = _words(columns.won), _words(columns.lost)
        _refuse_both(staged, position, won, lost)
        mapped = {"won": columns.won, "lost": columns.lost}
        _refuse_misspelt_outcomes(staged, position, mapped, must_win=must_win)
        _count_others(staged, position, value, [*won, *lost])
    else:
        won, lost = list(CONVERTED_WORDS), list(LOST_WORDS)
        _refuse_unknown(staged, position, value)
    return (
        f"CASE WHEN {value} IN ({_list(won)}) THEN 'converted' "
        f"WHEN {value} IN ({_list(lost)}) THEN 'lost' ELSE 'open' END"
    )


def closing_interval(reading: DateReading) -> tuple[str, str]:
    """Return the SQL of the first and the last moment a lead may have been closed.

    Parameters
    ----------
    reading : DateReading
        The closing column.

    Returns
    -------
    str, str
        Equal for a time; the day's first and last microsecond for a date without one.

    Examples
    --------
    >>> closing_interval(DateReading(value="t", is_date="false"))[0]
    't'
    """
    end = f"({reading.value}) + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND"
    return reading.value, f"CASE WHEN {reading.is_date} THEN {end} ELSE {reading.value} END"


def flag_value(staged: Staged, position: int) -> str:
    """Return the SQL of a yes/no column.

    Parameters
    ----------
    staged : Staged
        The table.
    position : int
        The column.

    Returns
    -------
    str
        An expression of type BOOLEAN.

    Raises
    ------
    DataError
        If a value is none of yes / no, true / false, 1 / 0.
    """
    value = f"lower({staged.text(position)})"
    true, false = CONVERTED_WORDS[1:], _OPEN[1:]
    _refuse(
        staged,
        position,
        f"{value} NOT IN ({_list([*true, *false])})",
        "is neither yes nor no",
        "spell it yes/no, true/false or 1/0",
    )
    return f"CASE WHEN {value} IN ({_list(true)}) THEN true WHEN {value} IS NOT NULL THEN false END"


def _words(values: Sequence[object]) -> list[str]:
    return [spelled(value).lower() for value in values]


def _list(words: Sequence[str]) -> str:
    return quote_literals(words) or "NULL"


def _refuse(staged: Staged, position: int, condition: str, problem: str, fix: str) -> None:
    found = staged.engine.query(
        f"SELECT row, {staged.text(position)} AS v FROM {staged.name} "
        f"WHERE c{position} IS NOT NULL AND ({condition}) ORDER BY row LIMIT 1"
    ).to_pylist()
    if found:
        raise DataError(
            problem,
            **staged.source.place(found[0]["row"]),
            column=staged.source.names[position],
            value=masked(found[0]["v"]),
            fix=fix,
        )


def _refuse_unknown(staged: Staged, position: int, value: str) -> None:
    _refuse(
        staged,
        position,
        f"{value} NOT IN ({_list([*CONVERTED_WORDS, *LOST_WORDS, *_OPEN])})",
        "is not an outcome",
        "it must be converted, lost or open (or yes/no, 1/0), "
        "or say under [leads] which values mean won = [...] and lost = [...]",
    )


def refuse_misspelt(
    staged: Staged, position: int, absent: Iterable[object], present: Sequence[str], *, key: str
) -> None:
    """Refuse a value of the settings that no row has, if one that rows do have is near it.

    Parameters
    ----------
    staged : Staged
        The leads.
    position : int
        The column.
    absent : iterable of values
        Of the settings.
    present : sequence of str
        Values of the column.
    key : str
        What the settings call these values, such as ``won``.

    Raises
    ------
    DataError
    """
    for value in absent:
        near = did_you_mean(spelled(value), present)
        if near:
            raise DataError(
                f'no row has the value "{value}" that {key} names{near}',
                file=staged.source.file,
                column=staged.source.names[position],
            )


def _refuse_both(staged: Staged, position: int, won: list[str], lost: list[str]) -> None:
    for word in won:
        if word in lost:
            raise DataError(
                f'"{word}" stands in won = [...] and in lost = [...]',
                file=staged.source.file,
                column=staged.source.names[position],
                fix="leave it in one of them",
            )


def _refuse_misspelt_outcomes(
    staged: Staged,
    position: int,
    mapped: dict[str, tuple[str | bool | int | float, ...]],
    *,
    must_win: bool,
) -> None:
    found = staged.engine.query(
        f"SELECT DISTINCT {staged.text(position)} AS v FROM {staged.name} "
        f"WHERE c{position} IS NOT NULL ORDER BY v LIMIT 1000"
    )
    present = found.column(0).to_pylist()
    spellings = {value.lower() for value in present}
    for key, values in mapped.items():
        if not spellings.intersection(_words(values)):
            refuse_misspelt(staged, position, values, present, key=key)
    if must_win and present:
        _name_absent(staged, position, mapped, present)


def _name_absent(
    staged: Staged,
    position: int,
    mapped: dict[str, tuple[str | bool | int | float, ...]],
    present: Sequence[str],
) -> None:
    """Refuse words of which no row has any; warn of those of won that no row has."""
    spellings = {value.lower() for value in present}
    absent = [spelled(value) for value in mapped["won"] if spelled(value).lower() not in spellings]
    if not absent:
        return
    named = ", ".join(f'"{value}"' for value in absent)
    more = ", ..." if len(present) > _SHOWN else ""
    there = ", ".join(f'"{masked(value)}"' for value in present[:_SHOWN]) + more
    problem = f"no row has the value {named} that won names; the values are {there}"
    file, column = staged.source.file, staged.source.names[position]
    words = {word for values in mapped.values() for word in _words(values)}
    if not spellings & words:
        fix = "name those that mean a customer in won = [...] under [leads]"
        raise DataError(problem, file=file, column=column, fix=fix)
    said = str(DataError(problem, file=file, column=column))
    warnings.warn(said, CalibrateWarning, stacklevel=2)


def _count_missing(staged: Staged, position: int) -> None:
    staged.add("without an outcome", staged.count(f"c{position} IS NULL"), "taken as open")


def _count_others(staged: Staged, position: int, value: str, known: list[str]) -> None:
    found = staged.engine.query(
        f"SELECT {staged.text(position)} AS v, count(*) AS n FROM {staged.name} "
        f"WHERE c{position} IS NOT NULL AND {value} NOT IN ({_list(known)}) "
        "GROUP BY v ORDER BY n DESC, v"
    ).to_pylist()
    shown = ", ".join(f"{masked(row['v'])} ({row['n']})" for row in found[:8])
    n = sum(row["n"] for row in found)
    staged.add("outcome is neither won nor lost", n, "taken as open", shown)
