"""Campaign view: what each source or campaign brought, and what its scores promised."""

from calibrate.campaigns.columns import attribute_called, campaign_columns
from calibrate.campaigns.measure import campaign_view
from calibrate.campaigns.values import CAMPAIGN_COLUMNS, CampaignView

__all__ = [
    "CAMPAIGN_COLUMNS",
    "CampaignView",
    "attribute_called",
    "campaign_columns",
    "campaign_view",
]
