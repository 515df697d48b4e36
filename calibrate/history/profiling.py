"""Looking at the columns of the leads table: kinds, contents, and the SQL of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calibrate.config import LeadColumns
from calibrate.history.attributes import (
    DATE,
    FREE_TEXT,
    Attribute,
    ColumnContent,
    attribute_name,
    content_reason,
    is_sensitive,
    name_reason,
    name_tokens,
)
from calibrate.history.dates import date_order, date_values
from calibrate.history.numbers import (
    NUMBER_TYPES,
    NumberProfile,
    count_unreadable,
    needed_number,
    number_values,
    settle_decimal,
    sign_of,
)
from calibrate.history.personal import CERTAINLY_PERSONAL, LOOKS_PERSONAL
from calibrate.history.staging import Staged
from calibrate.history.words import CODE_WORDS

__all__ = ["AttributeColumn", "profile_attributes"]

_LEADING_ZERO = r"0\d+"
_LONGEST_NUMBER = 16


@dataclass(frozen=True, kw_only=True)
class AttributeColumn:
    """An attribute and the SQL of its values.

    Parameters
    ----------
    attribute : Attribute
        What it is.
    value : str
        An expression over the staged table.
    """

    attribute: Attribute
    value: str


def profile_attributes(
    staged: Staged,
    positions: Sequence[int],
    columns: LeadColumns,
    profiles: Mapping[int, NumberProfile],
    *,
    engagement: frozenset[int] = frozenset(),
    allowed: frozenset[int] = frozenset(),
    kinds: Mapping[str, str | None] | None = None,
) -> list[AttributeColumn]:
    """Find out what each attribute is.

    Parameters
    ----------
    staged : Staged
        The leads.
    positions : sequence of int
        Their columns that are attributes.
    columns : LeadColumns
        Decimal sign and date format.
    profiles : mapping of int to NumberProfile
        One for each text column, these and the mapped ones.
    engagement : frozenset of int
        Columns that count as engagement.
    allowed : frozenset of int
        Sensitive columns that may be criteria.
    kinds : mapping of str to str or None
        Kind of the attributes that a card needs, whatever the values suggest.

    Returns
    -------
    list of AttributeColumn
        In the order of the columns.
    """
    settled = settle_decimal(staged, profiles.values(), decimal=columns.decimal)
    found = []
    for place, position in enumerate(positions):
        name = staged.source.names[position]
        content = _content(staged, position)
        profile, wanted = profiles.get(position), (kinds or {}).get(attribute_name(name))
        if wanted is not None and not staged.types[position].startswith(("TIMESTAMP", "DATE")):
            kind, value = wanted, _needed(staged, position, wanted, profile, columns, settled)
        else:
            kind, value = _kind(staged, position, content, profile, settled, columns)
        reason = name_reason(name)
        if position in allowed and is_sensitive(name):
            reason = None
        if reason is None and kind == "date":
            reason = DATE
        if reason is None:
            reason = content_reason(name, content, kind)
        attribute = Attribute(
            name=attribute_name(name),
            column=f"x{place}",
            kind="text" if reason == FREE_TEXT else kind,
            group="engagement" if position in engagement else "fit",
            excluded=reason,
            sensitive=is_sensitive(name),
        )
        found.append(AttributeColumn(attribute=attribute, value=value))
    return found


def _kind(
    staged: Staged,
    position: int,
    content: ColumnContent,
    profile: NumberProfile | None,
    settled: str | None,
    columns: LeadColumns,
) -> tuple[str, str]:
    column, kind = f"c{position}", staged.types[position]
    if kind == "BOOLEAN":
        return "category", _level(staged, position)
    if set(name_tokens(staged.source.names[position])) & CODE_WORDS:
        return "category", staged.text(position)
    if kind in NUMBER_TYPES:
        return "number", f"CAST({column} AS DOUBLE)"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return "date", f"CAST({column} AS TIMESTAMP)"
    if not staged.is_text(position):
        return "text", f"CAST({column} AS VARCHAR)"
    if profile is not None and profile.signs and not _is_code(staged, position, content):
        count_unreadable(staged, profile)
        return "number", number_values(column, sign_of(staged, profile, settled))
    if 8 <= content.longest <= 40 and _starts_like_a_date(staged, position):
        order = date_order(staged, position, columns.date_format)
        if order is not None:
            return "date", date_values(column, order)
    return "category", _level(staged, position)


def _level(staged: Staged, position: int) -> str:
    """Return the SQL of a category; truth values are yes and no in every kind of file."""
    column = f"c{position}"
    if staged.types[position] == "BOOLEAN":
        return f"CASE {column} WHEN true THEN 'yes' WHEN false THEN 'no' END"
    if not staged.is_text(position) or staged.count(f"lower({column}) NOT IN ('true', 'false')"):
        return staged.text(position)
    return f"CASE lower({column}) WHEN 'true' THEN 'yes' WHEN 'false' THEN 'no' ELSE {column} END"


def _needed(
    staged: Staged,
    position: int,
    wanted: str,
    profile: NumberProfile | None,
    columns: LeadColumns,
    settled: str | None,
) -> str:
    """Return the SQL of a column of the kind that a card needs."""
    if wanted == "category":
        return _level(staged, position)
    if profile is None:
        return f"TRY_CAST(c{position} AS DOUBLE)"
    sign = settled if staged.source.is_text else columns.decimal
    return needed_number(staged, profile, sign)


def _is_code(staged: Staged, position: int, content: ColumnContent) -> bool:
    """Whether digits are a code: leading zeros, too long for a number, telephone numbers."""
    if content.longest > _LONGEST_NUMBER or content.personal > content.values / 2:
        return True
    return staged.count(f"regexp_full_match(c{position}, '{_LEADING_ZERO}')") > 0


def _starts_like_a_date(staged: Staged, position: int) -> bool:
    first = staged.one(
        f"SELECT c{position} FROM {staged.name} WHERE c{position} IS NOT NULL ORDER BY row LIMIT 1"
    )
    return isinstance(first, str) and first[:1].isdigit() and any(c in first[:5] for c in "-/.")


def _content(staged: Staged, position: int) -> ColumnContent:
    column = f"c{position}"
    if not staged.is_text(position):
        return _content_of_numbers(staged, position)
    personal = f"regexp_full_match(v, '{LOOKS_PERSONAL}')"
    certain = f"regexp_full_match(v, '{CERTAINLY_PERSONAL}')"
    row = staged.engine.query(
        "SELECT coalesce(sum(k), 0) AS n, count(*) AS levels, "
        "coalesce(sum(k * (1 + length(v) - length(replace(v, ' ', '')))), 0) AS words, "
        "coalesce(max(length(v)), 0) AS longest, "
        f"coalesce(sum(k) FILTER ({personal}), 0) AS personal, "
        f"coalesce(sum(k) FILTER ({certain}), 0) AS certain "
        f"FROM (SELECT {column} AS v, count(*) AS k FROM {staged.name} "
        f"WHERE {column} IS NOT NULL GROUP BY {column})"
    ).to_pylist()[0]
    n = int(row["n"])
    return ColumnContent(
        values=n,
        levels=int(row["levels"]),
        mean_words=int(row["words"]) / n if n else 0.0,
        longest=float(row["longest"]),
        personal=int(row["personal"]),
        certain=int(row["certain"]),
    )


def _content_of_numbers(staged: Staged, position: int) -> ColumnContent:
    column = f"c{position}"
    row = staged.engine.query(
        f"SELECT count({column}) AS n, count(DISTINCT {column}) AS levels FROM {staged.name}"
    ).to_pylist()[0]
    is_whole = staged.types[position] in NUMBER_TYPES and staged.types[position] not in (
        "DOUBLE",
        "FLOAT",
    )
    levels = row["levels"] if is_whole else 0
    return ColumnContent(values=row["n"], levels=levels)
