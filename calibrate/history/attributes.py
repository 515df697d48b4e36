"""Attributes: what kind each column is, and which are never criteria by default."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from calibrate.history.words import (
    IDENTIFIER_WORDS,
    OTHER_STATUS,
    OWNER_WORDS,
    PERSONAL_NAMES,
    RESPONSE_WORDS,
    SENSITIVE_WORDS,
    STATUS_WORDS,
    TEXT_WORDS,
)

__all__ = [
    "DATE",
    "FREE_TEXT",
    "PERSONAL",
    "RESERVED_NAMES",
    "Attribute",
    "ColumnContent",
    "attribute_name",
    "content_reason",
    "is_sensitive",
    "name_reason",
    "name_tokens",
]

RESERVED_NAMES = frozenset(
    {
        "lead_id",
        "created_at",
        "cutoff",
        "at_landmark",
        "status",
        "converted",
        "mature",
        "weight",
        "lag_days",
        "follow_up_days",
        "amount",
        "contact",
        "closed_at",
        "score",
        "snapshot",
        "tier",
    }
)

_SENSITIVE = "sensitive: age, gender and the like are not scored unless allow_sensitive names them"
_OWNER = "who works the lead, not what it is"
_STATUS = "status or stage: it moves with the outcome"
_RESPONSE = "sales response time: it says how sales worked, not who the lead is"
PERSONAL = "personal data"
_IDENTIFIER = "identifier: nearly every lead has its own"
FREE_TEXT = "free text"
DATE = "a date"
_FEW_PERSONAL = 3

_SPLIT = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])|[^0-9A-Za-zÀ-ÿ]+")


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A column of the leads table that is not one of the canonical ones.

    Parameters
    ----------
    name : str
        As in the data; ``field:NAME`` where the name is taken by the observation table.
    column : str
        Its column in the engine's table ``leads``: ``x0``, ``x1``, ...
    kind : {"category", "number", "date", "text"}
        What it holds.
    group : {"fit", "engagement"}
        What it says: who the lead is, or what it did (``activity_columns``).
    excluded : str or None
        Why it is never a criterion by default; None where it may be one.
    sensitive : bool
        Whether it is personal in the sense of the law (age, gender), allowed or not.

    Examples
    --------
    >>> Attribute(name="Industry", column="x0", kind="category").excluded is None
    True
    """

    name: str
    column: str
    kind: str
    group: str = "fit"
    excluded: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, kw_only=True)
class ColumnContent:
    """What a text or whole-number column holds, counted.

    Parameters
    ----------
    values, levels : int
        Cells with something in them, and how many different ones.
    mean_words, longest : float
        Words a value and characters of the longest.
    personal : int
        Values that look like an e-mail address, a telephone number or an IP address.
    certain : int
        Those of them that cannot be anything else; ranges such as 500 - 1000 look like
        telephone numbers too.
    """

    values: int
    levels: int
    mean_words: float = 0.0
    longest: float = 0.0
    personal: int = 0
    certain: int = 0

    @property
    def distinct_share(self) -> float:
        """Levels divided by values."""
        return self.levels / self.values if self.values else 0.0


def name_tokens(name: str) -> tuple[str, ...]:
    """Return the words of a column's name, in lower case.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    tuple of str
        Split at anything but letters and digits, and before capitals.

    Examples
    --------
    >>> name_tokens("hubspotOwner_ID")
    ('hubspot', 'owner', 'id')
    >>> name_tokens("Età del lead")
    ('età', 'del', 'lead')
    """
    return tuple(part.casefold() for part in _SPLIT.split(name) if part)


def name_reason(name: str) -> str | None:
    """Return why a column of this name is never a criterion by default, or None.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str or None
        One reason; English, Italian and German names are known.

    Examples
    --------
    >>> name_reason("Deal Owner")
    'who works the lead, not what it is'
    >>> name_reason("Industry") is None
    True
    """
    tokens = name_tokens(name)
    words = set(tokens)
    if is_sensitive(name):
        return _SENSITIVE
    if words & OWNER_WORDS:
        return _OWNER
    if words & STATUS_WORDS and not words & OTHER_STATUS:
        return _STATUS
    if words & RESPONSE_WORDS or {"response", "time"} <= words or _is_first_contact(tokens):
        return _RESPONSE
    if " ".join(tokens) in PERSONAL_NAMES:
        return PERSONAL
    return None


def is_sensitive(name: str) -> bool:
    """Whether a column of this name is sensitive (age, gender, religion, ...).

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    bool
        True for a word of the list anywhere in it.

    Examples
    --------
    >>> is_sensitive("Age group"), is_sensitive("Page")
    (True, False)
    """
    return bool(set(name_tokens(name)) & SENSITIVE_WORDS)


def content_reason(name: str, content: ColumnContent, kind: str = "category") -> str | None:
    """Return why a column with this content is never a criterion by default, or None.

    Parameters
    ----------
    name : str
        Its name.
    content : ColumnContent
        What it holds.
    kind : str
        Numbers are left out only as numbered identifiers.

    Returns
    -------
    str or None
        Categories with many levels, such as campaigns, stay.
    """
    if content.values == 0:
        return None
    words = set(name_tokens(name))
    share, many = content.distinct_share, content.levels >= 20
    if kind == "number":
        return _IDENTIFIER if many and share > 0.9 and words & IDENTIFIER_WORDS else None
    if content.certain >= _FEW_PERSONAL or content.personal > content.values / 2:
        return PERSONAL
    if many and share > 0.5 and (content.mean_words > 4 or words & TEXT_WORDS):
        return FREE_TEXT
    if many and share > (0.5 if words & IDENTIFIER_WORDS else 0.9):
        return _IDENTIFIER
    if content.mean_words > 12 and content.levels > 50:
        return FREE_TEXT
    return None


def attribute_name(name: str) -> str:
    """Return the name of an attribute, out of the way of the observation table's columns.

    Parameters
    ----------
    name : str
        As in the data.

    Returns
    -------
    str
        ``field:NAME`` for a reserved one.

    Examples
    --------
    >>> attribute_name("score"), attribute_name("Source")
    ('field:score', 'Source')
    """
    return f"field:{name}" if name in RESERVED_NAMES else name


def _is_first_contact(tokens: Sequence[str]) -> bool:
    words = set(tokens)
    contacted = words & {"response", "call", "contact", "contacted", "touch"}
    return "first" in words and bool(contacted and words & {"time", "minutes", "hours", "days"})
