"""The report of a run: HTML, Markdown and a workbook, all from ``run.json``.

`view` chooses what the leadership part shows, `tables` lists everything for the appendix;
the renderers word and draw it. Nothing here computes a statistic.
"""

from calibrate.report.html import render_html
from calibrate.report.markdown import render_markdown
from calibrate.report.notebook import ThresholdExplorer, explore_thresholds
from calibrate.report.workbook import write_workbook

__all__ = [
    "ThresholdExplorer",
    "explore_thresholds",
    "render_html",
    "render_markdown",
    "write_workbook",
]
