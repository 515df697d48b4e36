"""What the commands say in words: findings, settings in force, control rate, gate, health."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

import pandas as pd

from calibrate.cli import plain
from calibrate.config import Period, Settings
from calibrate.display import clean_text, format_value
from calibrate.errors import DataError
from calibrate.guards import Finding, leaking_columns
from calibrate.monitoring import Health
from calibrate.observation import Observation
from calibrate.pipeline import Run

__all__ = [
    "control_lines",
    "finding_lines",
    "findings_heading",
    "findings_table",
    "gate_note",
    "health_lines",
    "health_table",
    "ignore_line",
    "ignore_names",
    "located",
    "paragraph",
    "setting_line",
    "size_lines",
    "whole_rules",
    "without_zeros",
]

HEALTH_SHOWN = [
    *("kind", "name", "n", "n_expected", "n_converted"),
    *("expected_rate", "rate", "rate_ci_lower", "rate_ci_upper"),
]
_SPANS = ("observation_window", "horizon")
NO_LEAD = " is no lead of these"


def finding_lines(findings: Iterable[Finding], *, width: int) -> list[str]:
    """Return each finding as a paragraph: what, how sure, its effect, what to do."""
    lines: list[str] = []
    for finding in findings:
        parts = (
            (f"{finding.severity}: ", finding.what),
            ("  sure: ", finding.how_sure),
            ("  effect: ", finding.effect),
            ("  do: ", finding.action),
        )
        for opening, text in parts:
            if not text:
                continue
            lines += paragraph(text, width=width, opening=opening, indent="    ")
    return lines


def paragraph(text: str, *, width: int, opening: str = "", indent: str = "") -> list[str]:
    """Return a text as lines of at most so many characters."""
    return textwrap.wrap(
        clean_text(text),
        width,
        initial_indent=opening,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def findings_heading(findings: Iterable[Finding]) -> str:
    """Say how many findings there are of each severity.

    Examples
    --------
    >>> findings_heading([])
    'findings: none'
    """
    counts = Counter(finding.severity for finding in findings)
    shown = ", ".join(f"{n} {name}" for name, n in counts.items())
    return f"findings: {shown or 'none'}"


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return the findings as a table, one row each."""
    names = ["severity", "guard", "what", "how_sure", "effect", "action", "columns"]
    rows = [[getattr(finding, name) for name in names] for finding in findings]
    return pd.DataFrame(rows, columns=names)


def ignore_names(
    findings: Iterable[Finding], obs: Observation, settings: Settings
) -> tuple[str, ...]:
    """Return what ``ignore`` would be with the leaking columns in it; nothing if none leaks.

    What ``allow_leaks`` keeps is not among them.
    """
    allowed = settings.calibration.allow_leaks
    attributes = {attribute.name for attribute in obs.attributes}.difference(allowed)
    leaks = leaking_columns(findings, severity="likely")
    found = [name.removeprefix("field:") for name in leaks if name in attributes]
    return tuple(dict.fromkeys([*settings.leads.ignore, *found])) if found else ()


def ignore_line(names: Iterable[str]) -> str:
    """Return the line of the settings that leaves these columns out."""
    return f"to leave these out: ignore = {json.dumps(list(names), ensure_ascii=False)}"


def setting_line(used: Mapping[str, Any]) -> str:
    """Say what was compared when, and which leads a run would take."""
    if used["is_wide"]:
        return "compared as they are: without a creation time there is nothing to cut off"
    days = {name: f"{used[name].total_seconds() / 86400:g}" for name in _SPANS}
    line = (
        f"compared {days['observation_window']} days after they came in, "
        f"customers by day {days['horizon']}, as of {format_value('as_of', used['as_of'])}"
    )
    if used["period"] is None:
        return line
    return f"{line}, period {used['period'].label}, learned from {used['fit_period'].label}"


def size_lines(done: Run) -> list[str]:
    """Say what fewer rules would keep, and that there is a short card; nothing without either."""
    if done.parsimony is None:
        return []
    said = [done.parsimony.sentence]
    if done.short_card is not None:
        said.append(f"the card in {len(done.short_card.criteria)} rules: in the report")
    return said


def whole_rules(details: pd.DataFrame, *, width: int) -> list[str]:
    """Return a paragraph for each rule whose name leaves something out.

    Examples
    --------
    >>> named = {"criterion": ["source: a or b or c or 2 more"], "rule": ["source: any of five"]}
    >>> whole_rules(pd.DataFrame(named), width=80)
    ['"source: a or b or c or 2 more" in full: source: any of five']
    """
    return [
        line
        for name, rule in details.itertuples(index=False, name=None)
        for line in paragraph(
            rule, width=width, opening=f'"{clean_text(name)}" in full: ', indent="    "
        )
    ]


def without_zeros(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of rows that are not 0; all of them where every one is."""
    some = counts[counts["n"] != 0]
    return (some if len(some) else counts).rename(columns={"n": "rows"})


def control_lines(done: Run) -> list[str]:
    """Say the control rate of a run, and what it rests on, one statement a line."""
    period = done.control.period
    of = "" if period == Period() else f" of {period.label}"  # a wide table has no period
    return plain.control_lines(done.control.sentence, opening=f"control conversion rate{of}: ")


def gate_note(summary: Mapping[str, Any]) -> str:
    """Say that a run did not ask to be promoted; an empty text where it did."""
    gate = summary.get("gate")
    if not isinstance(gate, Mapping):
        return ""
    said = gate.get("recommendation", "promote")
    if said == "promote":
        return ""
    return f"this run says {said}: {'; '.join(plain.gate_reasons(summary))}"


def health_lines(health: Health) -> list[str]:
    """Return the verdict and its reasons, one a line."""
    first, *rest = [plain.plain_reason(reason) for reason in health.reasons] or [""]
    return [f"{health.verdict}: {first}", *rest]


def health_table(health: Health) -> pd.DataFrame:
    """Return the few columns people need: promised against came."""
    table = health.table
    return table.loc[table["kind"] != "score", HEALTH_SHOWN]


def located(error: DataError, settings: Settings) -> DataError:
    """Return the error that there is no such lead with the file and column looked into."""
    if NO_LEAD not in str(error):
        return error
    leads, log = settings.leads, settings.activities
    source, column = leads.source, leads.id
    if leads.from_activities and log is not None:
        source, column = source or log.source, column or log.lead
    elif column is None and log is None and settings.outcomes is None:
        fix = 'ids are those of a column "lead_id"; without one, the number of the row'
        return DataError(str(error), file=_name_of(source), fix=fix)
    return DataError(str(error), file=_name_of(source), column=column or "lead_id")


def _name_of(source: str | None) -> str | None:
    return None if source is None or "://" in source else PurePath(source).name
