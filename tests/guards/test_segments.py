"""A criterion that helps in one segment and hurts in another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibrate.config import LeadColumns
from calibrate.guards import find_problems
from calibrate.guards.obvious import Obvious, Segments
from calibrate.guards.rates import Judged
from calibrate.guards.segments import _flips, gail_simon, sign_flips
from calibrate.history import read_history
from calibrate.observation import observe

SOURCES = ("ads", "fair", "partner")


def company(rng, effects, *, n=6_000, rate=0.15, twice=False, contacts=True):
    """Leads of three sources, a webinar whose log odds ratio differs by source, a null click."""
    source = rng.integers(0, 3, n)
    webinar, click = rng.random(n) < 0.3, rng.random(n) < 0.4
    log_odds = np.log(rate / (1 - rate)) + np.asarray(effects)[source] * webinar
    won = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "outcome": np.where(won, "converted", "lost"),
            "source": np.asarray(SOURCES)[source],
            "country": rng.choice(["DE", "IT"], n),
            "webinar": webinar.astype(int),
            "click": click.astype(int),
        }
    )
    if twice:
        leads = pd.concat([leads, leads.assign(lead_id=leads["lead_id"] + "b")])
    if twice and contacts:
        leads["contact"] = leads["lead_id"].str.rstrip("b")
    columns = LeadColumns(activity_columns=["webinar", "click"])
    return observe(read_history(leads, leads=columns))


def test_a_webinar_that_helps_at_the_fair_and_hurts_with_partners():
    # Odds ratios 2.2 at the fair and 1/2.2 with partners, none with ads.
    obs = company(np.random.default_rng(1), (0.0, np.log(2.2), -np.log(2.2)))
    (found,) = sign_flips(obs)
    assert found in find_problems(obs)
    assert found.guard == "sign flips between segments"
    assert found.severity == "likely"
    assert found.columns == ("source", "webinar")
    assert found.what.startswith('"webinar at least 1" raises conversion where')
    assert 'where "source" is fair' in found.what
    assert 'lowers it where "source" is partner' in found.what
    assert found.p_value < 0.001
    assert found.odds_ratio_high > 1.5
    assert found.odds_ratio_low < 1 / 1.5


def test_the_counts_of_the_text_are_those_of_the_data():
    obs = company(np.random.default_rng(1), (0.0, np.log(2.2), -np.log(2.2)))
    (found,) = sign_flips(obs)
    table = obs.table
    fair = table[(table["source"] == "fair") & (table["webinar"] == 1)]
    others = table[(table["source"] == "fair") & (table["webinar"] == 0)]
    rate = f"{100 * fair['converted'].mean():.1f}%"
    assert f"({rate} (" in found.what
    assert f"n = {len(fair):,}) with it" in found.what
    assert f"{100 * others['converted'].mean():.1f}% without, n = {len(others):,})" in found.what


def test_an_effect_that_only_differs_in_size_is_no_flip():
    # Helps everywhere, four times as much at the fair as with partners.
    obs = company(np.random.default_rng(2), (np.log(1.5), np.log(4.0), np.log(1.1)))
    assert sign_flips(obs) == []


def test_leaking_columns_are_not_looked_at():
    obs = company(np.random.default_rng(1), (0.0, np.log(2.2), -np.log(2.2)))
    assert sign_flips(obs, ignore=("webinar",)) == []
    assert sign_flips(obs, ignore=("source",)) == []


def test_leads_of_one_contact_count_once():
    # Every lead is there twice, which proves what the leads alone cannot.
    effects = (0.0, np.log(2.3), -np.log(2.3))
    alone = company(np.random.default_rng(0), effects, n=2_000)
    twice = company(np.random.default_rng(0), effects, n=2_000, twice=True)
    assert sign_flips(alone) == []
    assert sign_flips(twice) == []
    apart = company(np.random.default_rng(0), effects, n=2_000, twice=True, contacts=False)
    assert len(sign_flips(apart)) == 1


def test_gail_simon_against_their_table():
    # Gail and Simon (1985), table 1, 5 % points: K = 2: 2.71, 3: 4.23, 4: 5.43, 5: 6.50.
    for k, point in ((2, 2.71), (3, 4.23), (4, 5.43), (5, 6.50)):
        z = np.full(k, -np.sqrt(point))
        z[0] = np.sqrt(point)
        assert gail_simon(z, np.ones(k)) == pytest.approx(0.05, abs=0.0005)


def test_gail_simon_without_a_change_of_sign():
    assert gail_simon(np.array([1.0, 5.0]), np.ones(2)) == 1.0
    assert gail_simon(np.array([4.0, np.nan]), np.ones(2)) == 1.0


def arrays(rng, interaction, n=3_000, n_criteria=12, n_columns=4):
    """Criteria with effects of their own and segments with rates of their own."""
    columns = [
        Segments(name=f"s{c}", levels=("a", "b", "c"), code=rng.integers(0, 3, n))
        for c in range(n_columns)
    ]
    criteria = [
        Obvious(name=f"c{j}", subject=f"c{j}", met=rng.random(n) < rng.uniform(0.1, 0.6))
        for j in range(n_criteria)
    ]
    log_odds = np.full(n, rng.uniform(-3, 0))
    for one in criteria:
        log_odds += rng.choice([0.0, 0.0, 0.5]) * one.met
    for column in columns:
        log_odds += rng.normal(0, 0.4, 3)[column.code]
    sign = np.array([1.0, -1.0, 0.0])[columns[0].code]
    log_odds += (interaction * sign - 0.5 * (interaction > 0)) * criteria[0].met
    won = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    leads = Judged(rows=np.arange(n), converted=won, weight=np.ones(n), cluster=None)
    return leads, criteria, columns


def test_false_alarms_and_power():
    # 48 pairs a company, 150 companies without any interaction: Holm at 5 % allows 7.5 with an
    # alarm on average; the test is conservative, so 7 are a wide bound (0 of 1,000 were seen).
    alarms = sum(bool(_flips(*arrays(np.random.default_rng(s), 0.0))) for s in range(150))
    assert alarms <= 7
    # Odds ratios of about 3 and 1/3 in a third of 3,000 leads each.
    found = [_flips(*arrays(np.random.default_rng(s), 1.3)) for s in range(20)]
    right = sum(
        any(f.criterion.name == "c0" and f.segments.name == "s0" for f in fs) for fs in found
    )
    assert right >= 12


def test_weights_count():
    # A thinned sample weighted back is as sure as itself, not as the whole.
    rng = np.random.default_rng(7)
    leads, criteria, columns = arrays(rng, 1.3)
    plain = _flips(leads, criteria, columns)
    equal = Judged(
        rows=leads.rows, converted=leads.converted, weight=np.full(3_000, 2.5), cluster=None
    )
    weighted = _flips(equal, criteria, columns)
    assert [f.criterion.name for f in plain] == [f.criterion.name for f in weighted]
    assert [f.p_value for f in plain] == pytest.approx([f.p_value for f in weighted], rel=1e-9)


@pytest.mark.real
def test_india_among_chatters_and_among_those_sent_an_sms(real_data):
    leads = pd.read_csv(real_data / "x_education" / "leads.csv.gz", dtype=str)
    later = ["Tags", "Lead Quality", "Lead Profile", "Last Notable Activity"]
    later += [name for name in leads if name.startswith("Asymmetrique")]
    mapping = LeadColumns(
        id="Prospect ID",
        outcome="Converted",
        null_values=["Select"],
        ignore=["Lead Number", *later],
    )
    obs = observe(read_history(leads, leads=mapping))
    # What happened last may be known only later, so that find_problems leaves the column out.
    (found,) = sign_flips(obs)
    # d.groupby(["Last Activity", d["Country"] == "India"])["Converted"].agg(["size", "sum"]) of the
    # file: chat 306 in India, 61 won, and 667 others, 23 won; SMS 2009, 1157 and 736, 570.
    table = pd.crosstab([leads["Last Activity"], leads["Country"] == "India"], leads["Converted"])
    chat, sms = table.loc["Olark Chat Conversation"], table.loc["SMS Sent"]
    assert chat.to_numpy().tolist() == [[644, 23], [245, 61]]
    assert sms.to_numpy().tolist() == [[166, 570], [852, 1157]]
    assert found.columns[:2] == ("Last Activity", "Country")
    # Odds ratios with a half added to each cell.
    assert found.odds_ratio_high == pytest.approx(61.5 * 644.5 / (245.5 * 23.5))
    assert found.odds_ratio_low == pytest.approx(1157.5 * 166.5 / (852.5 * 570.5))
