"""Where leads come from: the table [campaigns]."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from calibrate.config.columns import Names, Section

__all__ = ["CampaignSettings"]


class CampaignSettings(Section):
    """Columns whose values are compared by what they brought.

    Parameters
    ----------
    columns : names, optional
        Default: a column that by its name is one of campaigns, and one of sources, if there
        are any; an empty list switches the comparison off.
    min_leads : int, default 30
        Values with fewer leads are put together.

    Examples
    --------
    >>> CampaignSettings(columns="Lead Source").columns
    ('Lead Source',)
    """

    toml_name: ClassVar[str] = "campaigns"
    columns: Names | None = None
    min_leads: Annotated[int, Field(ge=1)] = 30
