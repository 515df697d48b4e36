"""The tables [calibration] and [thresholds]: when, and how many leads sales can work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibrate.proposal.looks import Column
from calibrate.proposal.moments import day_after, last_day
from calibrate.proposal.questions import Ask, day, number
from calibrate.proposal.text import Line, Table

__all__ = ["Times", "calibration_table", "threshold_table"]

_AT_ONCE = "no activity log: all that is known of a lead is known at once"
_EXPORTED = "the day of the export: change it with each one"
_NOT_EXPORTED = "the day of the export; default: the latest creation or activity"


@dataclass(frozen=True, eq=False, kw_only=True)
class Times:
    """The columns that say until when the data go.

    Parameters
    ----------
    columns : sequence of (Column or None, str or None)
        Each with the order of its days and months: creation, activities, and the closings of
        leads that are won or lost (on open leads they are only planned).
    is_known : bool
        Whether every row was looked at.
    has_log : bool
        Whether there are activities.
    """

    columns: Sequence[tuple[Column | None, str | None]]
    is_known: bool = True
    has_log: bool = True

    @property
    def exported(self) -> str | None:
        """The day after the latest, in ISO 8601."""
        if not self.is_known:
            return None
        return day_after(last_day(column, order=order) for column, order in self.columns)

    @property
    def is_wide(self) -> bool:
        """Whether nothing has a time."""
        return all(column is None for column, _ in self.columns)


def calibration_table(times: Times, ask: Ask) -> Table:
    """Return [calibration]; the day of the export is asked for where the data have times."""
    lines = [Line("name", "Acme", "what the report is called; default: the period", taken=False)]
    if not times.is_wide:
        exported = times.exported
        if exported is not None:
            text = "On which day were the files exported? (nothing after it is known)"
            exported = ask(day("calibration.as_of", text, default=exported))
        why = _NOT_EXPORTED if exported is None else _EXPORTED
        lines += [
            Line("as_of", exported or "2024-01-01", why, taken=exported is not None),
            Line("period", "2023Q4", "for the headline; default: the last complete quarter", False),
            Line(
                "fit_period",
                ["2023-01-01", "2024-01-01"],
                "for the points; default: the last four quarters with known outcomes",
                taken=False,
            ),
            Line("observation_window", "auto", 'leads are compared after so long, such as "14D"')
            if times.has_log
            else Line("observation_window", "1h", _AT_ONCE),
            Line("horizon", "auto", 'and count as customers if they buy within, such as "90D"'),
        ]
    lines += [
        Line("method", "logistic", 'or "difference", "rate", "log_odds"'),
        Line("max_criteria", 12, "at most so many rules on the card"),
    ]
    return Table(name="calibration", lines=lines)


def threshold_table(ask: Ask) -> Table:
    """Return [thresholds]; how many leads sales can work is asked for."""
    people = ask(number("thresholds.people", "How many sales people call new leads?"))
    text = "How many new leads a week can each of them call?"
    if people is None:
        text = "How many new leads a week can sales call, all together?"
    capacity = ask(number("thresholds.capacity", text))
    each = "leads a week that sales can work" if people is None else "leads a week, each of them"
    known = capacity is not None
    lines = [
        Line("capacity", capacity or 40, each if known else f"{each};", taken=known),
        Line(
            "people",
            people or 3,
            "sales people" if known and people else "multiplies it: 3 people, 40 leads each",
            taken=known and people is not None,
        ),
        Line("value", 5000, "or: what a customer is worth,", taken=False),
        Line("cost", 30, "and what contacting a lead costs", taken=False),
    ]
    return Table(name="thresholds", lines=lines)
