"""Whether the settings name what is there, asked before the long work begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from calibrate.backtest import hand_made_card
from calibrate.campaigns import attribute_called
from calibrate.candidates import criteria_of
from calibrate.config import Constraints, Settings
from calibrate.fitting import names_in
from calibrate.observation import Observation
from calibrate.pipeline.cards import current_card

__all__ = ["require_named"]


def require_named(settings: Settings, obs: Observation) -> None:
    """Refuse hand-made rules, campaigns and constraints that name what is not there.

    Parameters
    ----------
    settings : Settings
    obs : Observation
        Of the settings' leads.

    Raises
    ------
    ConfigError
        Naming the table of the settings, the name, and the nearest there is.
    """
    hand_made_card(obs.history, settings.hand_made)
    for column in settings.campaigns.columns or ():
        attribute_called(obs, column, allow_sensitive=settings.calibration.allow_sensitive)
    if not settings.constraints.is_empty:
        _require_constrained(settings, obs)


def _require_constrained(settings: Settings, obs: Observation) -> None:
    """Look every name of [constraints] up as the fit will, before anything is searched."""
    searched = obs.fitting.searched
    allowed = settings.calibration.allow_sensitive
    rules = criteria_of(searched, None, allow_sensitive=allowed, detail="many")
    names = names_in(searched, rules, current_card(settings))
    find: dict[str, Callable[[Any, str], object]] = {
        "increasing": names.subject,
        "decreasing": names.subject,
        "fixed": names.rule,
    }
    for field, named in _constrained(settings.constraints):
        look_up: Callable[[Any, str], object] = find.get(field, names.target)
        look_up(named, field)


def _constrained(constraints: Constraints) -> Iterator[tuple[str, Any]]:
    """Return each name with the key it stands under."""
    yield from (("sign", named) for named in constraints.sign)
    yield from (("order", named) for chain in constraints.order for named in chain)
    for field in ("increasing", "decreasing", "required", "forbidden"):
        yield from ((field, named) for named in getattr(constraints, field))
    yield from (("fixed", one.rule) for one in constraints.fixed)
