"""What is fitted on which leads and judged on which: quarters in time, or stratified folds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibrate.config import Period, parse_duration, parse_period, quarter_of, quarters_before
from calibrate.errors import NotEnoughDataError
from calibrate.history import History
from calibrate.observation import (
    Observation,
    Span,
    observe,
    require_follow_up,
    resolve_windows,
)
from calibrate.stats.resampling import as_generator

__all__ = [
    "NOT_WALK_FORWARD",
    "Fold",
    "Windows",
    "fold_or_reason",
    "latest_of",
    "quarters_of",
    "resolve",
    "stratified_folds",
    "waiting_of",
]

NOT_WALK_FORWARD = " (not walk-forward)"
"""Behind the label of a quarter that was judged with what was known only later."""
MIN_CONVERSIONS = 50
MIN_MATURE_SHARE = 0.2
N_FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Windows:
    """How long a lead is observed, by when it must have converted, what counts of it.

    `maturity` and `snapshots` are those of the leads that a card is fitted on; leads are
    judged at their single landmark, once all of them are mature.
    """

    observation_window: dt.timedelta
    horizon: dt.timedelta
    early: str
    lookback: dt.timedelta
    maturity: str = "weight"
    snapshots: tuple[Span, ...] | None = None

    def judged_from(self, quarter: Period) -> dt.datetime | None:
        """Return the moment at which the last leads of a quarter are mature."""
        return None if quarter.end is None else quarter.end + self.horizon

    def to_fit(self, history: History, period: Period) -> Observation:
        """Observe the leads that a card is fitted on, as the history knows them."""
        return self._observe(history, period, self.snapshots)

    def to_judge(self, history: History, period: Period) -> Observation:
        """Observe the leads that a card is judged on, as the history knows them."""
        return self._observe(history, period, None)

    def _observe(
        self, history: History, period: Period, snapshots: tuple[Span, ...] | None
    ) -> Observation:
        return observe(
            history,
            period=period,
            observation_window=self.observation_window,
            horizon=self.horizon,
            early=self.early,
            maturity=self.maturity,
            lookback=self.lookback,
            snapshots=snapshots,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Fold:
    """Leads to fit on, leads to judge on, and the day before which a card has not seen these."""

    label: str
    train: Observation
    test: Observation
    known_until: str | None


def resolve(
    history: History,
    observation_window: Span,
    horizon: Span,
    *,
    early: str,
    lookback: Span,
    maturity: str = "weight",
    snapshots: Sequence[Span] | None = None,
) -> Windows:
    """Return the windows, ``"auto"`` proposed once from the whole history.

    They define what a conversion is; they are not learned for a quarter.
    """
    window, due = resolve_windows(history, observation_window, horizon)
    return Windows(
        observation_window=window,
        horizon=due,
        early=early,
        lookback=parse_duration(lookback),
        maturity=maturity,
        snapshots=None if snapshots is None else tuple(snapshots),
    )


def quarters_of(history: History, periods: Sequence[Any] | None) -> list[Period]:
    """Return the periods given, or every complete quarter of the history, oldest first."""
    if periods is not None:
        chosen = [parse_period(period, timezone=history.timezone) for period in periods]
        return sorted(chosen, key=lambda period: period.start or dt.datetime.min)
    statement = "SELECT min(created_at) AS first FROM leads"
    first, last = history.engine.query(statement).to_pylist()[0]["first"], history.as_of
    if first is None or last is None or first >= last:
        return []
    begin = quarter_of(first).start or first
    quarters = quarters_before(last, 4 * (last.year - begin.year) + 4)
    return [quarter for quarter in quarters if quarter.start and quarter.start >= begin]


def latest_of(
    quarters: Sequence[Period], most: int | None, windows: Windows, *, as_of: dt.datetime | None
) -> list[Period]:
    """Return the quarters but for the older ones of more than `most` that can be judged.

    Without as_of all of them can.
    """
    if most is None:
        return list(quarters)
    ready = [
        quarter
        for quarter in quarters
        if as_of is None or ((day := windows.judged_from(quarter)) and day <= as_of)
    ]
    older = ready[: max(len(ready) - most, 0)]
    return [quarter for quarter in quarters if quarter not in older]


def fold_or_reason(
    history: History,
    quarter: Period,
    windows: Windows,
    train_quarters: int,
    *,
    walk_forward: bool = True,
) -> Fold | str:
    """Return what was known on the quarter's first day and what came of it, or why not.

    Where it is not to be walked forward, all that is known today of the leads created before
    that day; the quarter's own leads are then judged by weights, where they are too young.
    """
    if quarter.start is None or quarter.end is None or history.as_of is None:
        return "a period to be judged needs a first and a last day"
    judged_from = windows.judged_from(quarter)
    if walk_forward and judged_from is not None and judged_from > history.as_of:
        return f"cannot be judged before {judged_from:%Y-%m-%d}, when its last leads are mature"
    before = quarters_before(quarter.start, train_quarters)[0].start
    known = history.at(quarter.start) if walk_forward else history
    try:
        train = windows.to_fit(known, Period(start=before, end=quarter.start))
        reason = _too_little_known(train)
        test = None if reason else windows.to_judge(history, quarter)
        if test is not None:
            require_follow_up(test)
    except NotEnoughDataError as error:
        return f"not enough known: {error}"
    if test is None:
        return reason
    converted = test.rows["converted"][test.is_judged].astype(bool)
    if converted.nunique() < 2:
        return f"cannot be judged: {int(converted.sum())} of its {len(converted)} leads converted"
    day = quarter.start.date().isoformat()
    label = quarter.label if walk_forward else f"{quarter.label}{NOT_WALK_FORWARD}"
    return Fold(label=label, train=train, test=test, known_until=day)


def waiting_of(
    history: History, quarters: Sequence[Period], windows: Windows
) -> tuple[tuple[str, str], ...]:
    """Return first day and day of judgement of the quarters whose last leads are too young."""
    days = [
        (quarter.start.date().isoformat(), judged_from.date().isoformat())
        for quarter in quarters
        if quarter.start and history.as_of
        if (judged_from := windows.judged_from(quarter)) and judged_from > history.as_of
    ]
    return tuple(sorted(days))


def stratified_folds(obs: Observation, rng: int | np.random.Generator) -> Iterator[Fold]:
    """Yield five folds of a table without dates, each with its share of the conversions."""
    rows = obs.rows
    usable = (rows["at_landmark"] & (rows["weight"] > 0)).to_numpy()
    converted = rows["converted"].to_numpy(dtype=bool)
    fold = np.full(len(rows), -1)
    generator = as_generator(rng)
    for outcome in (True, False):
        members = generator.permutation(np.flatnonzero(usable & (converted == outcome)))
        fold[members] = np.arange(len(members)) % N_FOLDS
    for number in range(N_FOLDS):
        yield Fold(
            label=f"fold {number + 1}",
            train=obs.only(usable & (fold != number)),
            test=obs.only(fold == number),
            known_until=None,
        )


def _too_little_known(train: Observation) -> str:
    n_leads = len(train.rows)
    if n_leads == 0:
        return "not enough known: no leads before it"
    n_converted = int(train.rows["converted"][train.is_judged].sum())
    if n_converted < MIN_CONVERSIONS:
        return f"not enough known: {n_converted} conversions before it, {MIN_CONVERSIONS} needed"
    mature = float(train.rows["mature"].mean())
    if mature < MIN_MATURE_SHARE:
        percent = int(100 * mature)  # not rounded: 19.6 % is under 20 %
        return f"not enough known: {percent}% of the leads before it were mature, 20% needed"
    return ""
