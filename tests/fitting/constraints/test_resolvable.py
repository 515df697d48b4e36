"""What is left of constraints where some of what they name is not there."""

from __future__ import annotations

from calibrate.config import Constraints
from calibrate.fitting.constraints import Names, resolvable

NAMES = Names(columns=("size", "job"), activities=("click", "mail"), rules={}, levels={})
GONE = {"activity": "visit"}

ASKED = Constraints(
    sign={"click": "+", "visit": "+", "size at least 5": "-"},
    order=[["mail", "visit", "click"], ["visit", "click"]],
    increasing=["size", "visit"],
    decreasing=["visits"],
    fixed=[{"rule": "click: 3 times or more", "points": 5}, {"rule": GONE, "points": 9}],
    caps={"fit": 50},
    required=["mail", {"all": [{"activity": "mail"}, GONE]}],
    forbidden=["job: student", "visit"],
    max_change=4,
    one_per_column=True,
)


def test_what_names_something_left_out_is_left_out() -> None:
    kept = resolvable(ASKED, NAMES)
    assert kept == Constraints(
        sign={"click": "+", "size at least 5": "-"},
        order=[["mail", "click"]],  # of the second chain one name is left: no order
        increasing=["size"],
        fixed={"click: 3 times or more": 5},
        caps={"fit": 50},
        required=["mail"],
        forbidden=["job: student"],
        max_change=4,
        one_per_column=True,
    )


def test_what_can_all_be_resolved_stays_as_it_is() -> None:
    names = Names(columns=NAMES.columns, activities=(*NAMES.activities, "visit", "visits"),
                  rules={}, levels={})  # fmt: skip
    assert resolvable(ASKED, names) == ASKED
    assert resolvable(Constraints(), NAMES).is_empty
