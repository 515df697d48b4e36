"""Peers are asked once, and everybody is given the same leads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.fitting import auc, data, peers, permuted
from benchmarks.peers.exchange import load_table, save_table

SCRIPT = """
import pathlib
from exchange import Answer, serve

def answer(X, y, X_test, *, times):
    with pathlib.Path(__file__).with_name("asked").open("a") as asked:
        asked.write("x")
    assert times > 0, "times is above 0"
    return Answer(X_test["visits"].to_numpy() * times, int(y.sum()), 0.5)

serve(answer)
"""


@pytest.fixture
def peer(tmp_path, monkeypatch):
    """A peer that runs in this environment and keeps count of how often it was asked."""
    folder = tmp_path / "peers"
    folder.mkdir()
    (folder / "own.py").write_text(SCRIPT, encoding="utf-8")
    exchange = (peers.SCRIPTS / "exchange.py").read_text(encoding="utf-8")
    (folder / "exchange.py").write_text(exchange, encoding="utf-8")
    monkeypatch.setattr(peers, "SCRIPTS", folder)
    return peers.Peer(script="own.py")


def _split(*visits):
    frame = pd.DataFrame({"visits": visits})
    outcome = np.array([0, 1, 1], dtype=np.int8)
    return data.Split(frame, outcome, frame + 1, outcome)


@pytest.mark.slow
def test_a_peer_answers_every_split_and_is_asked_again_only_on_change(peer, tmp_path):
    def asked(splits, times, **options):
        given = peers.answers_of(peer, splits, {"times": times}, cache=tmp_path, **options)
        return [answer.scores.tolist() for answer in given], len(count.read_text())

    count = peers.SCRIPTS / "asked"
    splits = [_split(1, 2, 3), _split(4, 5, 6)]
    assert asked(splits, 2) == ([[4, 6, 8], [10, 12, 14]], 2)
    assert asked(splits, 2) == ([[4, 6, 8], [10, 12, 14]], 2)
    assert asked(splits[:1], 3) == ([[6, 9, 12]], 3)  # other options
    assert asked([_split(1, 2, 9)], 2) == ([[4, 6, 20]], 4)  # other leads
    assert asked(splits, 2, refresh=True) == ([[4, 6, 8], [10, 12, 14]], 6)
    (peers.SCRIPTS / "own.py").write_text(SCRIPT + "\n", encoding="utf-8")
    assert asked(splits, 2)[1] == 8  # another version


def test_a_peer_that_fails_is_missing_and_says_why(peer, tmp_path):
    with pytest.raises(peers.PeerMissingError, match="AssertionError: times is above 0"):
        peers.answers_of(peer, [_split(1, 2, 3)], {"times": 0}, cache=tmp_path)


def test_a_peer_for_another_python_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(peers.shutil, "which", lambda _name: None)
    old = peers.Peer(script="fasterrisk_card.py", requirements="fasterrisk.txt", python="2.7")
    with pytest.raises(peers.PeerMissingError, match=r"fasterrisk .* needs Python 2\.7"):
        peers.answers_of(old, [_split(1, 2, 3)], {"k": 1}, cache=tmp_path)


def test_tables_go_to_a_peer_unchanged(tmp_path):
    frame = pd.DataFrame(
        {"visits": [1, 2, 3], "minutes": [0.5, np.nan, 2], "city": ["Rome", None, "Bari"]}
    )
    save_table(tmp_path / "table.npz", frame, np.array([True, False, True]))
    read, outcome = load_table(tmp_path / "table.npz")
    assert outcome.tolist() == [1, 0, 1]
    pd.testing.assert_frame_equal(read[["visits", "minutes"]], frame[["visits", "minutes"]])
    assert read["city"].isna().tolist() == [False, True, False]
    assert read["city"].dropna().tolist() == ["Rome", "Bari"]


def test_what_fasterrisk_is_given_is_made_from_the_leads_to_learn_from():
    train = pd.DataFrame({"city": ["Rome", None, "Bari", "Bari"], "visits": [0, 1, 1, 2]})
    test = pd.DataFrame({"city": ["Bari", "Pisa"], "visits": [1, 5]})
    y = np.array([0, 1, 0, 1], dtype=np.int8)
    made = data.binarised(data.Split(train, y, test, y[:2]))
    assert made.train.to_dict("list") == {
        "city missing": [0, 1, 0, 0],
        "city = Bari": [0, 0, 1, 1],
        "city = Rome": [1, 0, 0, 0],
        "visits <= 0": [1, 0, 0, 0],
        "visits <= 1": [1, 1, 1, 0],  # "<= 2" is met by all, and left out
    }
    assert made.test.to_dict("list") == {
        "city missing": [0, 0],
        "city = Bari": [1, 0],
        "city = Rome": [0, 0],
        "visits <= 0": [0, 0],
        "visits <= 1": [1, 0],
    }


@pytest.mark.real
def test_the_public_tables_are_split_as_the_marks_say(real_data):
    full, early, bank = (data.split_of(real_data, name) for name in data.TABLES)
    # 9,240 and 45,211 leads (the data's README); 70 % of them rounded down to learn from.
    assert [len(split.train) for split in (full, early, bank)] == [6_468, 6_468, 31_647]
    assert len(full.test) == 9_240 - 6_468
    assert set(full.train) - set(early.train) == set(data.LAST)
    gone = ["Prospect ID", "Lead Number", "Tags", "Lead Quality", "Converted", "Magazine"]
    assert not {*gone, *data.ASYMMETRIQUE} & set(full.train)
    assert not (full.train == "Select").any().any()
    assert not {"duration", "y"} & set(bank.train)
    # zcat bank-full.csv.gz | grep -c '"yes"$' counts 5,289; .3 x 5,289 is 1,586.7
    assert bank.test_outcome.sum() == 1_587


@pytest.mark.real
def test_five_folds_hold_every_lead_once(real_data):
    folds = list(data.folds_of(real_data, "mammo"))
    assert sum(len(fold.test) for fold in folds) == 961  # zcat mammo_data.csv.gz | wc -l less 1
    assert {len(fold.train) + len(fold.test) for fold in folds} == {961}


@pytest.mark.real
@pytest.mark.slow
def test_a_small_version_of_the_public_tables(real_data):
    study = auc.run(auc.Options(data=real_data, quick=True))
    table = study.table.set_index("model")
    assert list(table.index) == ["ours, k = 6", "ours, k = 10", "gradient boosting"]
    assert (table["test AUC"] > 0.85).all()
    assert table.loc["ours, k = 10", "rules"] <= 10
    # Without its columns known only later the table separates worse: nothing leaks through.
    assert table.loc["gradient boosting", "test AUC"] < 0.93


@pytest.mark.slow
@pytest.mark.real
def test_permuted_outcomes_are_counted(real_data):
    reached = permuted.fit_permuted(f"{real_data}", tries=2)
    assert reached == {"leads": 9_240, "empty": 2, "says so": 2}
