"""The command that puts a card to use: scores of the open leads."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from calibrate import writer
from calibrate.changes import tier_changes
from calibrate.cli.console import place, remark, say, show_json, show_table
from calibrate.cli.constants import DONE, ROWS_SHOWN
from calibrate.config import Settings, load_settings
from calibrate.errors import ConfigError
from calibrate.exports import write_scoring, write_scoring_table
from calibrate.pipeline import Scoring, find_card, history_for_card, scoring_of, with_sources

__all__ = ["score"]


def score(
    config: Path,
    sources: tuple[Path | None, Path | None],
    card: Path | None,
    *,
    out: Path | None,
    table: str | None,
    previous: Path | None,
    show: str,
) -> int:
    """Score the open leads."""
    settings = load_settings(config)
    if table is not None:
        _require_database(settings, sources, out, previous)
    chosen = find_card(settings, card)
    told = with_sources(settings, *sources)
    if out is not None:
        writer.refuse_own_source(out, told)
    history = history_for_card(
        chosen,
        told,
        new_leads=sources[0] is not None,
        in_passing=out is not None or table is not None,
    )
    lookback = settings.calibration.lookback
    with closing(history.engine):
        scoring = scoring_of(chosen, history, lookback=lookback, previous=previous)
        return _scored(scoring, out=out, table=table, previous=previous, show=show)


def _scored(
    scoring: Scoring, *, out: Path | None, table: str | None, previous: Path | None, show: str
) -> int:
    if table is not None:
        where, (n, moved) = table, write_scoring_table(scoring, table)
    elif out is not None:
        where, (n, moved) = place(out), write_scoring(scoring, out, compared_with=previous)
    else:
        scores = scoring.table
        show_table(scores, show, max_rows=ROWS_SHOWN)
        if previous is not None:
            remark(tier_changes(previous, scores).sentence)
        return DONE
    if show == "json":
        show_json({"written": where, "n": n, "moved": None if moved is None else moved.sentence})
        return DONE
    say(f"wrote {n:,} scores to {where}")
    if moved is not None:
        say(moved.sentence)
    return DONE


def _require_database(
    settings: Settings,
    sources: tuple[Path | None, Path | None],
    out: Path | None,
    previous: Path | None,
) -> None:
    if settings.database is None:
        raise ConfigError(
            "score --table writes into the database of the settings, and they name none; say "
            "url = ... in [database], or write a file with --out"
        )
    if sources[0] is not None:
        raise ConfigError(
            "score --table replaces the scores of the leads of the settings; write those of other "
            "leads into a file with --out"
        )
    if out is not None or previous is not None:
        raise ConfigError(
            "score --table goes without --out and --previous: the scores that stand in the table "
            "are the earlier ones"
        )
