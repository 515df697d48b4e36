"""Which leads changed tier since last night."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import calibrate as cal
from calibrate.errors import DataError

OLD = pd.DataFrame(
    {
        "lead_id": [1, 2, 3, 4, 5, 6, 7],
        "score": [70, 45, 45, 10, 12, 80, 5],
        "tier": ["hot", "warm", "warm", None, None, "hot", None],
    }
)
# 1 falls to warm, 2 and 3 rise to hot, 4 stays, 5 is disqualified, 6 and 7 are closed, 8 comes
NEW = pd.DataFrame(
    {
        "lead_id": ["1", "2", "3", "4", "5", "8"],
        "score": [50, 63, 62, 11, 0, 40],
        "tier": ["warm", "hot", "hot", None, "disqualified", "warm"],
    }
)


def test_by_hand() -> None:
    moved = cal.tier_changes(OLD, NEW)
    assert (moved.n_up, moved.n_down, moved.n_same, moved.n_new, moved.n_gone) == (2, 2, 1, 1, 2)
    assert moved.table.to_dict("records") == [
        {"previous_tier": "warm", "tier": "hot", "change": "up", "n": 2},
        {"previous_tier": "hot", "tier": "warm", "change": "down", "n": 1},
        {"previous_tier": None, "tier": "disqualified", "change": "down", "n": 1},
        {"previous_tier": None, "tier": None, "change": "same", "n": 1},
        {"previous_tier": None, "tier": "warm", "change": "new", "n": 1},
        {"previous_tier": "hot", "tier": None, "change": "gone", "n": 1},
        {"previous_tier": None, "tier": None, "change": "gone", "n": 1},
    ]
    assert moved.sentence == (
        "2 up, 2 down, 1 in the same tier, 1 new, 2 no longer scored "
        "(2 hot from warm, 1 warm from hot, 1 disqualified from no tier)"
    )
    assert "no longer scored" in moved._repr_html_()


def test_a_night_without_change() -> None:
    moved = cal.tier_changes(NEW, NEW)
    assert (moved.n_up, moved.n_down, moved.n_new, moved.n_gone) == (0, 0, 0, 0)
    assert moved.n_same == len(NEW)
    assert moved.sentence.endswith("no longer scored")


def test_files_and_frames_are_the_same(tmp_path: Path) -> None:
    old, new = tmp_path / "old.parquet", tmp_path / "new.csv"
    cal.write_scores(OLD, old)
    cal.write_scores(NEW, new)
    expected = cal.tier_changes(OLD, NEW).table
    for before in (OLD, old, str(old)):
        for after in (NEW, new):
            pd.testing.assert_frame_equal(cal.tier_changes(before, after).table, expected)


def test_an_id_like_a_formula_is_found_again_in_a_csv(tmp_path: Path) -> None:
    scores = pd.DataFrame({"lead_id": ["-1", "=a", "'q", "'=a"], "score": [1, 2, 3, 4]})
    path = cal.write_scores(scores.assign(tier="hot"), tmp_path / "S.CSV")
    written = ["'-1,1,hot", "'=a,2,hot", "'q,3,hot", "''=a,4,hot"]
    assert path.read_text("utf-8").splitlines()[1:] == written
    assert cal.tier_changes(path, scores.assign(tier="hot")).n_same == len(scores)


def test_whole_numbers_are_the_same_ids_with_and_without_a_fraction() -> None:
    assert cal.tier_changes(OLD.astype({"lead_id": "float64"}), OLD).n_same == len(OLD)


def test_of_a_run_the_open_leads_count(tmp_path: Path) -> None:
    both = pd.concat([OLD.assign(set="period", tier="x"), OLD.assign(set="open")])
    path = cal.write_scores(both, tmp_path / "scores.parquet")
    assert cal.tier_changes(path, OLD).n_same == len(OLD)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (OLD.drop(columns="tier"), 'old.parquet: has no column "tier"'),
        (OLD.assign(score="hot"), 'old.parquet, column "score": "hot" is not a score'),
        (pd.concat([OLD, OLD.tail(1)]), 'old.parquet, column "lead_id": "7" stands in it twice'),
    ],
)
def test_what_cannot_be_compared_is_refused(
    tmp_path: Path, frame: pd.DataFrame, words: str
) -> None:
    path = tmp_path / "old.parquet"
    frame.to_parquet(path)
    with pytest.raises(DataError, match=words):
        cal.tier_changes(path, NEW)


def test_what_is_no_file_of_scores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'there is no file "none\.parquet"'):
        cal.tier_changes(tmp_path / "none.parquet", NEW)
    (tmp_path / "a.parquet").write_text("no Parquet")
    with pytest.raises(DataError, match=r"a\.parquet: cannot be read as scores"):
        cal.tier_changes(tmp_path / "a.parquet", NEW)
