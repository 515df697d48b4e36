"""What a scorecard needs of a file of leads, whatever that file alone would suggest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Needs"]

_PREFIX = "activity:"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Kinds of columns and names of activities that a card was made with.

    Parameters
    ----------
    fields : mapping of str to str or None
        Name of an attribute -> ``category`` or ``number``, None where either will do.
    activities : tuple of str
        Names of activities, ``activity:NAME`` where an attribute had the name.

    Examples
    --------
    >>> needs = Needs(activities=("activity:demo", "email_click"))
    >>> sorted(needs.prefixed), sorted(needs.plain)
    (['demo'], ['email_click'])
    """

    fields: Mapping[str, str | None] = field(default_factory=dict)
    activities: tuple[str, ...] = ()

    @property
    def prefixed(self) -> frozenset[str]:
        """Activities that the card calls ``activity:NAME``."""
        return frozenset(
            name.removeprefix(_PREFIX) for name in self.activities if name.startswith(_PREFIX)
        )

    @property
    def plain(self) -> frozenset[str]:
        """Activities that the card calls by their own name."""
        return frozenset(name for name in self.activities if not name.startswith(_PREFIX))
