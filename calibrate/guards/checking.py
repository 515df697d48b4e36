"""What was read, what was left out, and whether there is enough to go on."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from calibrate.control import ControlRate, control_rate
from calibrate.display import html_sentences, html_table
from calibrate.errors import NotEnoughDataError
from calibrate.guards.finding import Finding, number, percent
from calibrate.guards.outcomes import ENOUGH, what_can_be_said
from calibrate.guards.problems import find_problems
from calibrate.history import History
from calibrate.observation import Observation, Span, observe, require_follow_up
from calibrate.stats.weighting import weighted_rate

__all__ = ["Check", "check"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Check:
    """What `check` found.

    Attributes
    ----------
    observation : Observation
        All leads, at the landmark used.
    control : ControlRate or None
        Control rate of all leads; None where no lead is mature.
    findings : tuple of Finding
    enough : bool
        Whether at least 50 leads at the landmark converted, and 50 did not.
    message : str
        The same in words, and what can be said where it is not enough.
    """

    observation: Observation
    control: ControlRate | None
    findings: tuple[Finding, ...]
    enough: bool
    message: str
    counts: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """Every count of what was read and left out: ``table, check, n, rule, examples``."""
        return self.counts.copy()

    def _repr_html_(self) -> str:
        read = self.counts[self.counts["n"] > 0].rename(columns={"n": "how many"})
        found = [(one.severity, one.what, one.action) for one in self.findings]
        columns = ["how sure", "what was found", "what to do"]
        told = html_sentences(self.message)
        if found:
            told += html_table(pd.DataFrame(found, columns=columns))
        else:
            told += html_table(pd.DataFrame(), notes=["Nothing found that would fool a score."])
        return told + html_table(read, caption="What was read, and what was left out")


def check(
    history: History,
    *,
    observation_window: Span = "auto",
    horizon: Span = "auto",
    lookback: Span = "90D",
    maturity: str = "weight",
) -> Check:
    """Say what was read, what was left out, the control rate, and whether it is enough.

    Parameters
    ----------
    history : History
    observation_window, horizon, lookback, maturity
        As in `observe`.

    Returns
    -------
    Check
        All leads are looked at, whenever they were created.
    """
    obs = observe(
        history,
        observation_window=observation_window,
        horizon=horizon,
        lookback=lookback,
        maturity=maturity,
    )
    leads = obs.compared
    n, n_converted = len(leads), int(leads["converted"].sum())
    enough = min(n_converted, n - n_converted) >= ENOUGH
    return Check(
        observation=obs,
        control=_control(obs),
        findings=find_problems(obs),
        enough=enough,
        message=_message(obs, n, n_converted, enough=enough),
        counts=_counts(history, obs),
    )


def _counts(history: History, obs: Observation) -> pd.DataFrame:
    parts = [history.table, obs.counts]
    if history.stages is not None:
        for stage in dict.fromkeys(history.stages.outcome_of(cut) for cut in ("mql", "sql")):
            counts = obs.reached(stage).counts
            parts.append(counts[counts["table"] == f"stage {stage}"])
    both = pd.concat(parts, ignore_index=True)
    return both.drop_duplicates(["table", "check"], ignore_index=True)  # some are counted twice


def _control(obs: Observation) -> ControlRate | None:
    try:
        return control_rate(obs)
    except NotEnoughDataError:
        return None


def _message(obs: Observation, n: int, n_converted: int, *, enough: bool) -> str:
    where = "" if obs.history.is_wide else " open at their landmark"
    if n == 0:
        return f"Not enough to go on: no lead{where or ' at all'}."
    so_far = " so far" if (obs.compared["weight"] == 0).any() else ""
    counted = f"{number(n_converted)} of {number(n)} leads{where} converted{so_far}"
    counted += f" ({percent(n_converted / n)})"
    try:
        require_follow_up(obs)
    except NotEnoughDataError as error:
        return f"Not enough to go on: {counted}; {error}."
    if enough:
        return f"Enough to go on: {counted}."
    if n_converted in (0, n):
        return f"Not enough to go on: {counted}, so that nothing can be compared."
    known = obs.at_landmark
    found = weighted_rate(known["converted"].astype(float), known["weight"])
    said = what_can_be_said(found.rate * found.n_effective, found.n_effective)
    return (
        f"Not enough for a score: {counted}; it takes {ENOUGH} that did and {ENOUGH} that did "
        f"not. What can be said: {said}."
    )
