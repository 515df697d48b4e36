"""What the sources and campaigns of a run brought."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from calibrate.campaigns import CampaignView, campaign_columns, campaign_view
from calibrate.config import Settings
from calibrate.errors import CalibrateWarning, NotEnoughDataError
from calibrate.observation import Observation
from calibrate.pipeline.plain import to_plain
from calibrate.scorecard import Scorecard

__all__ = ["campaigns_part", "look_at_campaigns"]


def look_at_campaigns(
    settings: Settings, obs: Observation, card: Scorecard
) -> tuple[CampaignView, ...]:
    """Return a view of every column of ``[campaigns]``, or of those recognised.

    A column that cannot be compared is left out with a warning.
    """
    columns = settings.campaigns.columns
    views = []
    for column in campaign_columns(obs) if columns is None else columns:
        try:
            view = campaign_view(
                card,
                obs,
                column,
                min_leads=settings.campaigns.min_leads,
                allow_sensitive=settings.calibration.allow_sensitive,
                confidence_level=settings.calibration.confidence_level,
            )
        except NotEnoughDataError as error:
            warnings.warn(f"[campaigns] {column}: {error}", CalibrateWarning, stacklevel=2)
        else:
            views.append(view)
    return tuple(views)


def campaigns_part(views: Sequence[CampaignView]) -> list[dict[str, Any]]:
    """Return the figures of each column, its table and its sentences."""
    return [
        to_plain(
            {
                "column": view.column,
                "n": view.n,
                "n_converted": view.n_converted,
                "control_rate": view.control_rate,
                "hot_tier": view.hot_tier,
                "hot_share": view.hot_share,
                "n_expected": view.n_expected,
                "amount": view.amount,
                "confidence_level": view.confidence_level,
                "sentences": view.sentences,
                "table": view.table,
            }
        )
        for view in views
    ]
