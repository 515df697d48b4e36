"""Which columns say where leads come from, and which may be looked at that way."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from calibrate.errors import ConfigError, did_you_mean
from calibrate.history.attributes import PERSONAL, name_tokens

if TYPE_CHECKING:
    from calibrate.history import Attribute
    from calibrate.observation import Observation

__all__ = ["attribute_called", "campaign_columns"]

# Words in the names of columns, English, Italian and German. The campaign before the source.
_KINDS = (
    frozenset({"campaign", "campagna", "kampagne"}),
    frozenset({"source", "fonte", "sorgente", "quelle", "provenienza", "herkunft"}),
    frozenset({"channel", "canale", "kanal", "medium"}),
)
_MOST_FOUND = 2


def campaign_columns(obs: Observation) -> tuple[str, ...]:
    """Return the columns that by their names say which campaign or source a lead is from.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    tuple of str
        At most two: one of a campaign and one of a source; a channel where one of these is
        missing. None of sensitive, personal or free content.

    Examples
    --------
    >>> import pandas as pd
    >>> from calibrate.history import read_history
    >>> from calibrate.observation import observe
    >>> leads = pd.DataFrame({"outcome": ["converted", "lost"], "Lead Source": ["ads", "fair"]})
    >>> campaign_columns(observe(read_history(leads)))
    ('Lead Source',)
    """
    found: list[str] = []
    for words in _KINDS:
        named = [
            a.name for a in obs.attributes if _is_plain(a) and words & set(name_tokens(a.name))
        ]
        found += [name for name in named if name not in found][:1]
    return tuple(found[:_MOST_FOUND])


def attribute_called(
    obs: Observation, column: str, *, allow_sensitive: Collection[str] = ()
) -> Attribute:
    """Return the attribute of a column that may be looked at by campaign.

    Raises
    ------
    ConfigError
        If there is none of this name, or it is personal or sensitive.
    """
    known = {attribute.name: attribute for attribute in obs.attributes}
    if column not in known:
        near = did_you_mean(column, known)
        raise ConfigError(f'[campaigns] columns: there is no column "{column}"{near}')
    attribute = known[column]
    if attribute.sensitive and column not in allow_sensitive:
        raise ConfigError(
            f'[campaigns] columns: "{column}" is sensitive (age, gender and the like); name it in '
            "allow_sensitive of [calibration] too, if it must be looked at"
        )
    if attribute.excluded == PERSONAL:
        raise ConfigError(
            f'[campaigns] columns: "{column}" holds personal data; name a column that says where '
            "leads come from"
        )
    if attribute.kind == "date":
        raise ConfigError(
            f'[campaigns] columns: "{column}" holds dates; name a column that says where leads '
            "come from"
        )
    return attribute


def _is_plain(attribute: Attribute) -> bool:
    """Whether it holds names that any rule might look at."""
    return (
        attribute.kind == "category"
        and attribute.group == "fit"
        and not attribute.sensitive
        and attribute.excluded is None
    )
