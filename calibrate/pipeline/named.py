"""Whether the settings name what is there, asked before the long work begins."""

from __future__ import annotations

from calibrate.backtest import hand_made_card
from calibrate.campaigns import attribute_called
from calibrate.config import Settings
from calibrate.observation import Observation

__all__ = ["require_named"]


def require_named(settings: Settings, obs: Observation) -> None:
    """Refuse hand-made rules and columns of campaigns that name what is not there.

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
