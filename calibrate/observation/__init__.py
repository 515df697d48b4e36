"""One row a lead: what was known at its cutoff, and what became of it by its horizon.

The rules of time, the same for every statistic built on top:

* nothing after ``as_of`` exists: leads created later, events that occurred later and
  closings dated later are not seen;
* leads are compared at ``landmark = created_at + observation_window``, those still open
  then; features come from ``created_at - lookback <= occurred_at < cutoff``; an open lead is
  seen at as_of, with what occurred at that very moment;
* the outcome is: converted in ``[landmark, created_at + horizon)``;
* a lead is mature when ``created_at + horizon <= as_of``; young ones are not thrown away, but
  stood in for by leads of known outcome (weights).
"""

from calibrate.observation.followup import MIN_FOLLOWED, weights_given
from calibrate.observation.observation import Observation
from calibrate.observation.observe import Span, observe, observe_open
from calibrate.observation.sample import Grouped, Sample, require_follow_up, sample_of
from calibrate.observation.searched import FEW_LEADS, leads_searched
from calibrate.observation.windows import propose_windows, resolve_windows

__all__ = [
    "FEW_LEADS",
    "MIN_FOLLOWED",
    "Grouped",
    "Observation",
    "Sample",
    "Span",
    "leads_searched",
    "observe",
    "observe_open",
    "propose_windows",
    "require_follow_up",
    "resolve_windows",
    "sample_of",
    "weights_given",
]
