"""One row a lead: what was known at its cutoff, and what became of it by its horizon.

The rules of time, the same for every statistic built on top:

* nothing after ``as_of`` exists: leads created later, events that occurred later and
  closings dated later are not seen;
* leads are compared at ``landmark = created_at + observation_window``, those still open
  then; features come from ``created_at - lookback <= occurred_at < cutoff``; an open lead is
  seen at as_of, with what occurred at that very moment;
* the outcome is: converted in ``[landmark, created_at + horizon)``;
* a lead is mature when ``created_at + horizon <= as_of``.
"""

from calibrate.observation.observation import Observation
from calibrate.observation.observe import Span, observe, observe_open
from calibrate.observation.windows import propose_windows, resolve_windows

__all__ = [
    "Observation",
    "Span",
    "observe",
    "observe_open",
    "propose_windows",
    "resolve_windows",
]
