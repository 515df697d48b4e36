"""What is proposed from the activity log: days back, days, details, shares, nothing else."""

from dataclasses import replace

import numpy as np

from calibrate.candidates import propose_criteria
from calibrate.criteria import as_criterion
from calibrate.observation import Observation
from tests.candidates.proposals import log, observed, shown, whens

N = 1000


def test_within_days_only_where_the_leads_differ_clearly():
    # Cut off after 7 days. Of 400 visitors 100 come on day 6.5 (half a day before), 100 on day 5
    # (2 days), 200 on day 1 (6 days). Within 7 days: all 400, nothing new. Within 3: 200, at
    # most two thirds of 400. Within 1: 100, at most two thirds of 200.
    visits = log(
        N,
        (range(100), "visit", 6.5),
        (range(100, 200), "visit", 5.0),
        (range(200, 400), "visit", 1.0),
    )
    assert shown(observed(visits)) == {
        "visit": 400,
        "visit within 3 days": 200,
        "visit within 1 day": 100,
    }


def test_a_search_gets_counts_within_days_and_days():
    # 300 leads: five visits on day 6; of them 100 another on each of days 1 and 3. Over 60 more
    # come five times long before. Five or more: 360; within 7 days: 300 of them.
    visits = log(
        N,
        *[(range(300), "visit", 6 + i / 24) for i in range(5)],
        *[(range(100), "visit", float(day)) for day in (1, 3)],
        *[(range(300, 460), "visit", -30.0 - i) for i in range(5)],
    )
    found = shown(observed(visits), detail="many")
    assert found["visit"] == 460
    assert found["visit within 30 days"] == 300  # only the 300 came after day -23
    # On 2 days or more: the 100, and the 160 who came on five days; "2 times" is all 460.
    assert found["visit on 2 days or more"] == 260
    assert found["visit on 5 days or more"] == 160
    assert "visit on 5 days or more" not in shown(observed(visits))


def test_only_this_activity():
    both = log(N, (range(300), "visit", 1.0), (range(200, 500), "call", 2.0))
    found = shown(observed(both), detail="many")
    assert found["only visit"] == 200  # 0 to 199
    assert found["only call"] == 200  # 300 to 499
    assert not any(name.startswith("only") for name in shown(observed(both)))


def test_only_is_not_said_where_an_activity_is_kept_out():
    both = log(N, (range(300), "visit", 1.0), (range(200, 500), "contract", 2.0))
    without = replace(both, activities=("visit",))
    assert not any("only" in when for when in whens(observed(without), detail="many"))
    rule = as_criterion({"only": "visit"})
    assert rule.rests_on(["contract"])  # it counts every activity
    assert not rule.rests_on([])


def mails():
    """2 to 38 mails to each of 900 leads, of which by ten leads 0, .1, .3 or .8 are opened."""
    sent = 2 + 4 * (np.arange(900) % 10)
    opened = np.rint(sent * np.tile([0, 0.1, 0.3, 0.8], 23)[np.arange(900) // 10]).astype(int)
    called = (np.arange(900) * 7919) % 10 == 0
    return log(
        N,
        (np.repeat(np.arange(900), sent), "mail", 1.0),
        (np.repeat(np.arange(900), opened), "open", 2.0),
        (np.flatnonzero(called), "call", 3.0),
    )


def test_a_share_of_what_comes_before():
    # 8 leads in ten got 10 mails or more, so a share counts from 10 on. Of those who opened any,
    # 23 tens of leads opened .1, 22 tens .3 and 22 tens .8, so the median is one of the .3: after
    # rounding .28 to .32, which is nearest to 33 %. 8 of each of the 22 tens of .8 reach that.
    obs = observed(mails())
    found = [when for when in whens(obs) if "share_of" in when]
    assert found == [{"activity": "open", "share_of": "mail", "at_least": 0.33, "minimum": 10}]
    assert shown(obs)["open at least 33 % of mail (of 10 or more)"] == 8 * 22
    more = [when for when in whens(obs, detail="many") if "share_of" in when]
    assert found[0] in more
    assert {(when["activity"], when["share_of"]) for when in more} == {("open", "mail")}
    assert len(more) <= 3


PAGES = [
    "https://shop.example/pricing?session=12345678&mail=a@example.com",
    "https://shop.example/docs/api#top",
    "/docs/setup",
    "/orders/20240117",
    "anna.rossi@example.com",
    "/u/anna%40example.com",
    "/",
]


def test_pages_are_named_by_their_paths_and_persons_never():
    rng = np.random.default_rng(2)
    who = rng.integers(0, 700, 2100)
    obs = observed(log(N, (who, "view", 1.0, [PAGES[i % len(PAGES)] for i in range(2100)])))
    details = {when["detail"] for when in whens(obs, detail="many") if "detail" in when}
    assert {"*/pricing*", "*/docs*", "*/docs/api*", "*/docs/setup*", "*/orders*"} <= details
    assert not any(bad in text for text in details for bad in ("@", "%", "=", "?", "2024", "anna"))
    few = [when["detail"] for when in whens(obs) if "detail" in when]
    assert few[0] == "*/docs*"  # two pages in seven, the most viewed
    assert len(few) == 3


def test_a_short_text_is_a_detail_as_it_stands():
    rng = np.random.default_rng(4)
    who = rng.integers(0, 600, 1500)
    topics = ["Pricing", "Order 1234567", "Support"]
    obs = observed(log(N, (who, "chat", 1.0, [topics[i % 3] for i in range(1500)])))
    details = [when["detail"] for when in whens(obs) if "detail" in when]
    assert details == ["Pricing", "Support"]


def test_the_log_is_asked_once(monkeypatch):
    asked = []
    original = Observation.features

    def features(self, measures, rows=None):
        asked.append(list(measures))
        return original(self, asked[-1], rows)

    obs = observed(mails())
    monkeypatch.setattr(Observation, "features", features)
    propose_criteria(obs, detail="many")
    assert len(asked) == 1


def test_an_activity_of_one_percent_survives():
    visits = log(5000, (range(50), "demo", 1.0), (range(3000), "visit", 2.0))
    assert shown(observed(visits))["demo"] == 50
