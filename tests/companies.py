"""Small companies written down by hand, for tests."""

import numpy as np
import pandas as pd

from calibrate.config import LeadColumns
from calibrate.history import read_history
from calibrate.observation import observe


def clickers(n_clickers, won_clickers, n, won):
    """Observe a wide table of n leads: so many clicked, so many of these bought."""
    clicked = np.arange(n) < n_clickers
    bought = np.where(
        clicked, np.arange(n) < won_clickers, np.arange(n) >= n - (won - won_clickers)
    )
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "outcome": np.where(bought, "converted", "lost"),
            "clicks": clicked.astype(int),
        }
    )
    columns = LeadColumns(activity_columns=["clicks"])
    return observe(read_history(leads, leads=columns))


def wide_company(flags, converted, **columns):
    """Observe a wide table of 0/1 columns x0, x1, ..."""
    leads = pd.DataFrame({f"x{i}": column.astype(int) for i, column in enumerate(flags.T)})
    leads = leads.assign(**columns)
    leads.insert(0, "lead_id", [f"L{i}" for i in range(len(leads))])
    leads["outcome"] = np.where(converted.astype(bool), "converted", "lost")
    return observe(read_history(leads))
