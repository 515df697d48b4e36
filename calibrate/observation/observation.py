"""The value: one row a lead, and the features and flags computed on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from calibrate.config import Period
from calibrate.criteria import Criterion, Measure
from calibrate.errors import ConfigError
from calibrate.observation.flags import flags_of
from calibrate.observation.keys import buckets_of, hashes_of
from calibrate.observation.numbers import SeenLog
from calibrate.observation.searched import share_searched, which_searched
from calibrate.observation.shown import observed_html
from calibrate.observation.stages import reached_rows
from calibrate.observation.statements import Scope

if TYPE_CHECKING:
    from calibrate.history import Attribute, History

__all__ = ["Observation"]

_ROWS = 1 << 19  # looked at together, where nothing else says how many
_KEPT_BYTES = 3 << 26  # of numbers of the log kept: of 100,000 leads 251 measures


@dataclass(frozen=True, eq=False, kw_only=True)
class Observation:
    """One row a lead: what was known at its cutoff, and what became of it.

    Made by `observe` or `observe_open`.

    Attributes
    ----------
    history : History
    period, fit_period : Period
        Leads created in them; `fitting` is the observation of the latter.
    observation_window, horizon, lookback : timedelta
    early : {"landmark", "truncate"}
    maturity : {"weight", "drop"}
    is_open : bool
        Leads open at as_of (`observe_open`), whose outcome is not known.
    parts : tuple of Observation
        The same leads at one landmark each, where several are stacked (`snapshots`).
    labels : dict of str to Categorical
        Columns of texts with their levels numbered, in the order of `table`: rules ask for them
        again and again. Filled as they are asked for.
    drawn : ndarray of int, or None
        Of a part (`searched`), the rows of the whole ``table`` that its rows are.
    seen : SeenLog, or None
        The log, as far as it was looked at to count the activities of `scope`.
    """

    history: History
    period: Period
    fit_period: Period
    observation_window: dt.timedelta
    horizon: dt.timedelta
    lookback: dt.timedelta
    early: str
    maturity: str
    is_open: bool
    scope: Scope = field(repr=False)
    rows: pd.DataFrame = field(repr=False)
    left_out: pd.DataFrame = field(repr=False)
    other: Observation | None = field(default=None, repr=False)
    parts: tuple[Observation, ...] = field(default=(), repr=False)
    labels: dict[str, pd.Categorical] = field(default_factory=dict, repr=False)
    drawn: NDArray[np.intp] | None = field(default=None, repr=False)
    seen: SeenLog | None = field(default=None, repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a lead of the period, in file order.

        Returns
        -------
        DataFrame
            ``lead_id, created_at, cutoff, at_landmark, status, converted, mature, weight (0
            where the outcome is not known yet), lag_days (creation to win, known wins only),
            follow_up_days (creation to as_of), amount, contact, closed_at``, then the
            attributes and one count column (int32) an activity. `cutoff` is the landmark, or the
            closing or as_of where that is sooner; `status` is ``at landmark``, ``converted
            early``, ``lost early``, ``before landmark`` (at as_of), or ``open``. With
            several landmarks one row a lead and landmark, and its days in ``snapshot``.
        """
        return self.rows.copy(deep=False)  # copy-on-write: changes do not reach back

    @property
    def counts(self) -> pd.DataFrame:
        """What was left out and why: ``table, check, n, rule, examples``."""
        return self.left_out.copy()

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Attributes of the leads."""
        return tuple(self.history.attributes)

    @property
    def activities(self) -> tuple[str, ...]:
        """Names of the activities, the most frequent first."""
        return tuple(self.history.activities)

    @property
    def fitting(self) -> Observation:
        """The same for the fit period, at all its landmarks where there are several."""
        return self if self.other is None else self.other

    @property
    def single(self) -> Observation:
        """The same leads at one landmark: the last part, or itself where there is but one."""
        return self.parts[-1] if self.parts else self

    @property
    def earliest(self) -> Observation:
        """The same leads at their first landmark, or itself where there is but one."""
        return self.parts[0] if self.parts else self

    def longest_followed(self, share: float) -> float:
        """Return the days that at least a share of the leads was watched for."""
        days = np.sort(self.rows["follow_up_days"].to_numpy(dtype=float))
        return float(days[len(days) - int(np.ceil(share * len(days)))])

    @property
    def at_landmark(self) -> pd.DataFrame:
        """Leads of known outcome compared at their landmark, with the index of `table`."""
        return self.rows[self.is_judged]

    @property
    def is_judged(self) -> NDArray[np.bool_]:
        """Which rows of `table` are `at_landmark`, for whoever needs but some columns of them."""
        return np.asarray(self.rows["at_landmark"] & (self.rows["weight"] > 0), dtype=bool)

    @property
    def outcomes(self) -> pd.DataFrame:
        """What became of each row of `table`: ``converted, weight, amount, created_at``.

        Where rows are not independent (deals of one contact, landmarks of one lead)
        ``cluster`` numbers what belongs together. At several landmarks the weight is divided
        by their number, so that rows add up to the leads of an average landmark.
        """
        known = self.rows[["converted", "weight", "amount", "created_at"]]
        known = known.assign(weight=known["weight"] / max(len(self.parts), 1))
        if self.clusters is None:
            return known
        return known.assign(cluster=pd.factorize(self.cluster_keys)[0])

    @property
    def weeks(self) -> float | None:
        """Weeks in which the leads that the weights stand for were created, at least 1.

        None for a wide table, which knows no time.
        """
        counted = self.rows if self.maturity == "weight" else self.rows[self.rows["mature"]]
        created, as_of = counted["created_at"].dropna(), self.history.as_of
        if as_of is None or created.empty:
            return None
        start: dt.datetime = created.min().to_pydatetime()
        start = max(start, self.period.start or start)
        last = as_of if self.maturity == "weight" else as_of - self.horizon
        end = last if self.period.end is None else min(last, self.period.end)
        return max((end - start) / dt.timedelta(weeks=1), 1.0)

    @property
    def compared(self) -> pd.DataFrame:
        """Those of `at_landmark` and the young ones that are stood in for; their weight is 0."""
        return self.rows[self.is_compared]

    @property
    def is_compared(self) -> NDArray[np.bool_]:
        """Which rows of `table` are `compared`."""
        chosen = self.rows["at_landmark"]
        if self.maturity != "weight" or self.history.is_wide:
            chosen = chosen & (self.rows["weight"] > 0)
        return np.asarray(chosen, dtype=bool)

    @cached_property
    def searched(self) -> Observation:
        """The leads that criteria are searched on: all, or some of many (`leads_searched`)."""
        share = self._share
        if share is None:
            return self
        if self.parts:
            parts = tuple(part.share_of(share) for part in self.parts)
            before = np.cumsum([0, *(len(part.rows) for part in self.parts[:-1])])
            drawn = np.concatenate([n + part.drawn for n, part in zip(before, parts, strict=True)])
            rows = self.rows.iloc[drawn].reset_index(drop=True)
            return replace(self, rows=rows, parts=parts, labels={}, drawn=drawn)
        return self.share_of(share)

    @cached_property
    def _share(self) -> float | None:
        drawn = self.drawn is not None or self.is_open or self.scope.moments is not None
        return None if drawn else share_searched(self.rows)

    def share_of(self, share: float) -> Observation:
        """Return so many of its leads, drawn by the MD5 of their ids, as an observation."""
        ids = self.rows["lead_id"]
        below, inside = which_searched(self.history, self.scope, ids, share)
        drawn = np.flatnonzero(inside)
        labels = {name: known[drawn] for name, known in self.labels.items()}
        scope = replace(self.scope, md5_below=below)
        rows = self.rows.iloc[drawn].reset_index(drop=True)
        return replace(self, scope=scope, rows=rows, other=None, labels=labels, drawn=drawn)

    @cached_property
    def _known(self) -> dict[Measure, NDArray[np.generic]]:
        """Numbers of the log that were asked for, for those who ask again."""
        return {}

    @cached_property
    def _log(self) -> SeenLog:
        if self.seen is not None and self.seen.scope == self.scope:
            return self.seen
        counts = [self.rows[name] for name in self.activities if name in self.rows]
        is_counted = len(counts) == len(self.activities)
        return SeenLog(
            engine=self.history.engine,
            scope=self.scope,
            names=self.activities,
            n=len(self.rows),
            n_events=sum(int(count.sum()) for count in counts) if is_counted else None,
        )

    @cached_property
    def lead_hashes(self) -> NDArray[np.uint64]:
        """A number for the id of each row, by which rows are put in an order of their own."""
        return hashes_of(self.rows["lead_id"])

    def only(self, wanted: ArrayLike) -> Observation:
        """Return the observation in which only the wanted rows of `table` are compared."""
        chosen = np.asarray(wanted, dtype=bool)
        weight = np.where(chosen, self.rows["weight"], 0.0)
        at_landmark = chosen & self.rows["at_landmark"].to_numpy(dtype=bool)
        return replace(self, rows=self.rows.assign(weight=weight, at_landmark=at_landmark))

    def reached(self, stage: str) -> Observation:
        """Return the same leads with "reached the stage" for "converted".

        Control rate, lift, fit, scores and thresholds of it are then about that stage.

        Parameters
        ----------
        stage : {"mql", "sql", "opportunity", "customer"}
            A lead reached it when it has its date or that of a later stage, or is in it or a
            later one now.

        Returns
        -------
        Observation
            ``converted`` if reached in [landmark, created_at + horizon), with the weights that
            go with it. Not compared are leads that were there before their landmark, and lost
            ones of which nothing says how far they came; `counts` says how many. Where a lead is
            in the stage without a date, it counts as reached once its horizon is over.

        Raises
        ------
        ConfigError
            If no stages are mapped, or there is no such stage.
        """
        if self.is_open:
            raise ConfigError("what open leads will reach is not known; observe past ones")
        other = None if self.other is None else self.other.reached(stage)
        if self.parts:
            parts = tuple(part.reached(stage) for part in self.parts)
            day = dt.timedelta(days=1)
            rows = [part.rows.assign(snapshot=part.observation_window / day) for part in parts]
            stacked = pd.concat(rows, ignore_index=True)
            return replace(self, rows=stacked, parts=parts, left_out=parts[-1].left_out)
        found = reached_rows(self.history, self.scope, self.rows, stage)
        left_out = pd.concat([self.left_out, found.left_out], ignore_index=True)
        return replace(self, rows=found.rows, left_out=left_out, other=other)

    def features(self, measures: Iterable[Measure], rows: ArrayLike | None = None) -> pd.DataFrame:
        """Return numbers taken from the activity log between lookback and cutoff.

        Parameters
        ----------
        measures : iterable of Measure
        rows : array-like, optional
            Labels of the rows of `table` wanted; all by default.

        Returns
        -------
        DataFrame
            One column a measure, named `Measure.column`, with the index of `table`:
            counts and days as int, total as the sum of values, recency as days before
            the cutoff (missing where it never happened).
        """
        frame = self._features(list(dict.fromkeys(measures)))
        return frame.copy() if rows is None else frame.loc[np.asarray(rows)]

    def _features(self, wanted: Sequence[Measure]) -> pd.DataFrame:
        """Return `features` that must not be changed."""
        if self.parts:
            return pd.concat([part.features(wanted) for part in self.parts], ignore_index=True)
        asked = self._asked(wanted)
        columns = self._log.numbers(asked)
        room = _KEPT_BYTES // max(8 * len(self.rows), 1) - len(self._known)
        for measure in asked[: max(room, 0)]:
            columns[measure.column].setflags(write=False)  # frames are made of it
            self._known[measure] = columns[measure.column]
        return self._frame(wanted, columns, slice(None))

    def feature_passes(self, measures: Iterable[Measure]) -> Iterator[tuple[slice, pd.DataFrame]]:
        """Yield slices of the rows, at least one, which may be empty; and their `features`."""
        wanted = list(dict.fromkeys(measures))
        asked = self._asked(wanted)
        if len(self.rows) and not self.parts and self._log.needs_passes(asked):
            for rows, columns in self._log.passes(asked):
                yield rows, self._frame(wanted, columns, rows)
            return
        features = self._features(wanted)
        for first in range(0, max(len(features), 1), _ROWS):
            yield slice(first, first + _ROWS), features.iloc[first : first + _ROWS]

    def _asked(self, wanted: Sequence[Measure]) -> list[Measure]:
        """Return those that neither the table nor an earlier question answers."""
        return [m for m in wanted if not self._is_plain_count(m) and m not in self._known]

    def _frame(
        self, measures: Sequence[Measure], asked: Mapping[str, NDArray[np.generic]], rows: slice
    ) -> pd.DataFrame:
        """Return measures as a table of some rows; nothing is copied."""
        known = {m.column: self._known[m][rows] for m in measures if m in self._known}
        plain = [m for m in measures if self._is_plain_count(m)]
        counts = {m.column: self.rows[m.activity].to_numpy()[rows] for m in plain}
        columns = {**asked, **known, **counts}
        ordered = {m.column: columns[m.column] for m in measures}
        return pd.DataFrame(ordered, index=self.rows.index[rows], copy=False)

    def flags(self, criteria: Sequence[Criterion]) -> NDArray[np.bool_]:
        """Return which leads of `table` meet which criterion.

        Parameters
        ----------
        criteria : sequence of Criterion

        Returns
        -------
        ndarray of bool, shape (n_leads, n_criteria)

        Raises
        ------
        DataError
            If a column is named like a number that another criterion takes from the log.
        """
        return flags_of(self, criteria)

    def column(self, name: str) -> pd.Series:
        """Return a column of `table`; one of texts as a categorical, its levels numbered once."""
        column = self.rows[name]
        if column.dtype != object:
            return column
        known = self.labels.get(name)
        if known is None or len(known) != len(column):
            codes, levels = pd.factorize(column)
            known = pd.Categorical.from_codes(codes, levels)
            self.labels[name] = known
        return pd.Series(known, index=column.index, name=name, copy=False)

    @cached_property
    def clusters(self) -> NDArray[np.int64] | None:
        """Bucket 0 to 199 of each lead's contact; None where no contact has two rows.

        Notes
        -----
        Leads of one contact are not independent, nor is one lead at several landmarks:
        they fall into the same bucket (the first 32 bits of the contact's MD5, modulo 200)
        and are resampled together. A lead without a contact is a cluster of its own, hashed
        by its id.
        """
        contacts = self.rows["contact"]
        several = self.history.has_contacts and contacts.dropna().duplicated().any()
        if not self.parts and not several:
            return None
        return buckets_of(self.cluster_keys)

    @property
    def cluster_keys(self) -> pd.Series:
        """The contact of each row, or the lead's own key where it has none, as text."""
        contacts = self.rows["contact"]
        return contacts.where(contacts.notna(), "lead " + self.rows["lead_id"].astype(str))

    def _is_plain_count(self, measure: Measure) -> bool:
        return measure == Measure(measure.activity) and measure.activity in self.rows.columns

    def _repr_html_(self) -> str:
        spans = self.observation_window, self.horizon
        return observed_html(self.rows, self.period.label, *spans, is_open=self.is_open)
