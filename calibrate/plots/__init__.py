"""Pictures of results: each takes a result, draws it on an Axes, and returns the Axes.

A picture computes nothing: what it shows stands in the result's ``.table`` (or, for scores, is
counted by `calibrate.evaluation` and `calibration_table`). Filled against hollow and solid
against dashed carry the meaning, so that every picture reads in black and white. Without `ax`
a new figure is made; nothing is shown or saved.
"""

from calibrate.plots.parsimony import plot_parsimony
from calibrate.plots.quality import plot_backtest, plot_drift
from calibrate.plots.rates import (
    plot_control,
    plot_conversion_by_age,
    plot_lift,
    plot_scorecard,
)
from calibrate.plots.scores import (
    calibration_table,
    plot_calibration,
    plot_gains,
    plot_thresholds,
)

__all__ = [
    "calibration_table",
    "plot_backtest",
    "plot_calibration",
    "plot_control",
    "plot_conversion_by_age",
    "plot_drift",
    "plot_gains",
    "plot_lift",
    "plot_parsimony",
    "plot_scorecard",
    "plot_thresholds",
]
