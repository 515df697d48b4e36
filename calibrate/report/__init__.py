"""The report of a run: HTML, Markdown and a workbook, all from ``run.json``."""
