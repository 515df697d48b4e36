"""Which details of an activity are common enough for a rule: the pages of a page view."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from calibrate.candidates.candidate import Extent

if TYPE_CHECKING:
    from calibrate.observation import Observation

__all__ = ["LogFacts", "log_facts"]

MAX_PATTERNS, MORE_PATTERNS = 3, 8  # of one activity
MAX_ALL, ALL_MORE = 6, 20
MOST_PATHS = 2000  # different details looked at, the most frequent
LEAST_SHARE, MOST_SHARE = 0.01, 0.95  # of the events of the activity
DEPTH = 2  # segments of a path
LONGEST = 40
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
_PLAIN = re.compile(r"^[^\W_][\w .~+&,'()-]*$")
_NUMBERED = re.compile(r"\d{4}|[0-9a-f]{12}", re.IGNORECASE)


class LogFacts(NamedTuple):
    """Which activities have values, the patterns of details worth a look, and whether that is all.

    ``is_whole``: the log holds no activity that is kept out of the criteria.
    """

    with_values: tuple[str, ...]
    patterns: tuple[tuple[str, str], ...]
    is_whole: bool


def log_facts(obs: Observation, extent: Extent) -> LogFacts:
    """Return what can be asked of the log, from counts of its events up to as_of.

    Parameters
    ----------
    obs : Observation
    extent : Extent

    Returns
    -------
    LogFacts
        ``patterns``: activity and wildcard, such as ``("page_view", "*/pricing*")``. Made of the
        first one and two segments of a path, or of a short text as a whole; never of a query
        string, of anything with an @, or of what looks numbered (an order, a session).
    """
    query, moment = obs.history.engine.query, obs.history.as_of
    known = "TRUE" if moment is None else "a.occurred_at <= CAST($1 AS TIMESTAMP)"
    values = [] if moment is None else [moment]
    counted = query(
        "SELECT a.activity, count(*) AS n, count(a.value) AS n_values, count(a.detail) AS n_details"
        f" FROM activities AS a WHERE {known} GROUP BY a.activity",
        values,
    ).to_pylist()
    facts = {row["activity"]: row for row in counted}
    usable = [name for name in obs.activities if name in facts]
    with_values = tuple(name for name in usable if facts[name]["n_values"])
    detailed = [name for name in usable if facts[name]["n_details"]]
    is_whole = facts.keys() <= set(obs.activities)
    if not detailed:
        return LogFacts(with_values, (), is_whole)
    paths = query(
        "SELECT a.activity, split_part(split_part(a.detail, '?', 1), '#', 1) AS path,"
        f" count(*) AS n FROM activities AS a WHERE {known} AND a.detail IS NOT NULL"
        " GROUP BY a.activity, split_part(split_part(a.detail, '?', 1), '#', 1)"
        ' ORDER BY n DESC, CAST(a.activity AS VARCHAR) COLLATE "C",'
        f" split_part(split_part(a.detail, '?', 1), '#', 1) COLLATE \"C\" LIMIT {MOST_PATHS}",
        values,
    ).to_pylist()
    most, in_all = (MORE_PATTERNS, ALL_MORE) if extent.many else (MAX_PATTERNS, MAX_ALL)
    found: list[tuple[str, str]] = []
    for name in detailed:
        of_activity = [(row["path"], row["n"]) for row in paths if row["activity"] == name]
        found += [(name, text) for text in _patterns(of_activity, facts[name]["n"])[:most]]
    return LogFacts(with_values, tuple(found[:in_all]), is_whole)


def _patterns(paths: Sequence[tuple[str, int]], n_events: int) -> list[str]:
    """Return the patterns that a fair share of the events match, the most frequent first."""
    sizes: dict[str, int] = {}
    for path, n in paths:
        for pattern in _patterns_of(path):
            sizes[pattern] = sizes.get(pattern, 0) + n
    usual = {p: n for p, n in sizes.items() if LEAST_SHARE <= n / n_events <= MOST_SHARE}
    deeper = {p for p in usual if any(_says_no_more(p, q, usual) for q in usual)}
    return sorted((p for p in usual if p not in deeper), key=lambda p: (-usual[p], p))


def _patterns_of(path: str) -> list[str]:
    place = _ADDRESS.sub("", path.strip())
    if "/" not in place:
        whole = place if place == path.strip() else ""
        return [whole] if _is_plain(whole) else []
    segments = [part.casefold() for part in place.split("/") if part][:DEPTH]
    usable = []
    for segment in segments:
        if not _is_plain(segment):
            break
        usable.append(segment)
    return [f"*/{'/'.join(usable[:depth])}*" for depth in range(1, len(usable) + 1)]


def _says_no_more(pattern: str, other: str, sizes: dict[str, int]) -> bool:
    """Whether a deeper pattern has nearly the events of the shorter one."""
    inside = pattern != other and pattern.startswith(other.removesuffix("*"))
    return inside and sizes[pattern] >= MOST_SHARE * sizes[other]


def _is_plain(text: str) -> bool:
    if not text or len(text) > LONGEST or not _PLAIN.match(text):
        return False
    return not _NUMBERED.search(text)
