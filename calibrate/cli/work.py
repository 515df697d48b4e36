"""What each command does: one call, then what it says. Each returns the exit code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from calibrate import guards, registry, writer
from calibrate.backtest import Backtest
from calibrate.cli import plain, words
from calibrate.cli.console import (
    paragraph_width,
    place,
    progress,
    remark,
    say,
    say_lines,
    show_json,
    show_table,
    tone_of,
)
from calibrate.cli.constants import DONE, TRIPPED
from calibrate.cli.quarter import diff, monitor
from calibrate.cli.scoring import score
from calibrate.cli.starting import init
from calibrate.config import Settings, load_settings
from calibrate.control import ConversionByAge, conversion_by_age
from calibrate.display import format_value
from calibrate.errors import CalibrateError, DataError, NotEnoughDataError
from calibrate.exports import export_card
from calibrate.history import history_from_settings
from calibrate.observation import Observation
from calibrate.pipeline import (
    Run,
    explain_lead,
    find_card,
    prove,
    recalibrate,
    runs_folder,
)
from calibrate.pipeline.compose import noted
from calibrate.pipeline.leaks import with_allowed, without_leaks
from calibrate.pipeline.named import require_named
from calibrate.pipeline.spans import periods_of
from calibrate.pipeline.summary import conversion_part, readiness_part
from calibrate.readiness import assess_readiness

__all__ = [
    "backtest",
    "check",
    "demo",
    "diff",
    "explain",
    "export",
    "init",
    "monitor",
    "promote",
    "report",
    "run",
    "score",
    "what_to_promote",
]

CARD_COLUMNS = ["criterion", "points", "points_ci_lower", "points_ci_upper", "n", "lift"]


def demo(out: Path, *, show: str = "table") -> int:
    """Write the simulated company and run it."""
    folder = writer.write_demo(out)
    remark(f"wrote a simulated company to {place(folder)}")
    return run(folder / "calibrate.toml", out=None, show=show)


def check(config: Path, show: str) -> int:
    """Show what was read and whether it is enough."""
    settings = load_settings(config)
    answer = guards.check(
        history_from_settings(settings),
        observation_window=settings.calibration.observation_window,
        horizon=settings.calibration.horizon,
        lookback=settings.calibration.lookback,
        maturity=settings.calibration.maturity,
    )
    require_named(settings, answer.observation)
    used = _settings_used(settings, answer.observation)
    by_age = _by_age(answer)
    capacity = settings.thresholds.weekly_capacity
    readiness = assess_readiness(answer.observation, capacity=capacity)
    allowed = settings.calibration.allow_leaks
    found = with_allowed(answer.findings, allowed, answer.observation.history)
    ignore = words.ignore_names(found, answer.observation, settings)
    if show == "json":
        control = None if answer.control is None else answer.control.table
        findings = words.findings_table(found)
        parts = {"counts": answer.table, "control": control, "findings": findings}
        said = {"enough": answer.enough, "message": answer.message, "ignore": ignore}
        timing = {"conversion_by_age": conversion_part(by_age)}
        timing["readiness"] = readiness_part(readiness)
        show_json({**parts, **said, **timing, "settings": used})
        return DONE
    if show == "csv":
        show_table(answer.table, show)
        return DONE
    show_table(words.without_zeros(answer.table), show, title="what was read")
    if answer.control is not None:
        title = "conversion rate of all leads (a run takes those of its period)"
        show_table(answer.control.table, show, title=title)
        say_lines(plain.control_lines(f"{answer.control.sentence}."))
    _say_by_age(by_age, show)
    say(words.setting_line(used))
    if found:
        say_lines(["", words.findings_heading(found)])
        _say_findings(found)
        say_lines([""])
    say(answer.message)
    say_lines(words.paragraph(readiness.message, width=paragraph_width()))
    if ignore:
        say(words.ignore_line(ignore))
    return DONE


def _by_age(answer: guards.Check) -> ConversionByAge | None:
    """Return the conversion by age of all leads; None where there is none, or no times."""
    if answer.control is None or answer.observation.history.is_wide:
        return None
    return conversion_by_age(answer.observation)


def _say_by_age(by_age: ConversionByAge | None, show: str) -> None:
    if by_age is None:
        return
    say_lines([""])
    show_table(by_age.table, show, title="how old leads are when they buy")
    for sentence in by_age.sentences:
        say(sentence)
    if by_age.note:
        say(f"({by_age.note})")


def _settings_used(settings: Settings, obs: Observation) -> dict[str, Any]:
    """Return what "auto" and the periods left out became; no period where no lead was created."""
    used: dict[str, Any] = {
        "observation_window": obs.observation_window,
        "horizon": obs.horizon,
        "lookback": obs.lookback,
        "as_of": obs.history.as_of,
        "is_wide": obs.history.is_wide,
        "period": None,
        "fit_period": None,
    }
    try:
        with noted() as notes:
            periods = periods_of(obs.history, settings.calibration, horizon=obs.horizon)
    except NotEnoughDataError:
        return used
    for note in notes:
        remark(f"note: {note}")
    return used | dict(zip(("period", "fit_period"), periods, strict=True))


def _say_findings(findings: Iterable[guards.Finding]) -> None:
    say_lines(words.finding_lines(findings, width=paragraph_width()), tone=tone_of)


def run(
    config: Path,
    *,
    period: str | None = None,
    as_of: str | None = None,
    out: Path | None = None,
    show: str = "table",
) -> int:
    """Recalibrate and write the run folder."""
    if out is not None:
        writer.refuse_other_content(out)
    with progress() as tell:
        done = recalibrate(config, period=period, as_of=as_of, progress=tell)
    folder = writer.default_folder(done) if out is None else out
    if out is None and writer.holds_same_run(done, folder):
        remark(f"{place(folder)} holds this very run already; it is left as it is")
    else:
        writer.write_run(done, folder)
    _tell_run(done, folder, show)
    is_challenger = done.current is not None
    return TRIPPED if is_challenger and done.gate.recommendation != "promote" else DONE


def _tell_run(done: Run, folder: Path, show: str) -> None:
    card = done.card.table[CARD_COLUMNS]
    if show == "json":
        summary = done.summary()
        keys = ("name", "period", "as_of", "control", "scorecard", "thresholds", "gate", "warnings")
        show_json({"folder": place(folder), **{key: summary[key] for key in keys}})
        return
    for warning in done.warnings:
        remark(f"note: {warning}")
    if show == "table":
        say_lines(words.control_lines(done))
    show_table(card, show, title="scorecard" if done.card.criteria else None)
    if show == "table":
        say(plain.base_line(done.card))
        unproven = plain.unproven_line(done)
        say_lines(plain.note_lines(done))
        for line in (*filter(None, [unproven]), *words.size_lines(done), done.cuts.message):
            say(line)
        _say_findings(done.findings)
        first, *reasons = plain.gate_lines(done)
        say(first, tone=tone_of(done.gate.recommendation))
        say_lines(reasons)
        if done.gate.recommendation == "promote":
            say(f'to put it in force: calibrate promote "{place(folder)}" --who NAME --why REASON')
        say(f"report: {place(folder / 'report.html')}")


def export(
    config: Path,
    *,
    card: Path | None,
    target: str,
    dialect: str | None,
    as_of: str | None,
    out: Path | None,
) -> int:
    """Write a card for another system."""
    settings = load_settings(config)
    text = export_card(find_card(settings, card), settings, target, dialect=dialect, as_of=as_of)
    if out is None:
        say_lines(text.splitlines())
    else:
        writer.write_whole(out, text)
        say(f"wrote {place(out)}")
    return DONE


def explain(config: Path, lead_id: str, *, card: Path | None, show: str) -> int:
    """Say why a lead has its score."""
    settings = load_settings(config)
    chosen = find_card(settings, card)
    try:
        found = explain_lead(chosen, settings, lead_id)
    except DataError as error:
        raise words.located(error, settings) from None
    why = found.explanation
    if show == "json":
        facts = {"lead_id": lead_id, "score": why.score, "tier": why.tier, "cutoff": found.cutoff}
        show_json({**facts, "expected_rate": why.expected_rate, "rules": why.table})
        return DONE
    if show == "table":
        tier = f", {why.tier}" if why.tier else ""
        rate = format_value("rate", why.expected_rate)
        seen = "" if pd.isna(found.cutoff) else f" on {format_value('cutoff', found.cutoff)}"
        say(f"lead {lead_id}{seen}: score {why.score}{tier}; {rate} of such leads convert")
    show_table(why.table if show == "csv" else why.table.drop(columns="rule"), show)
    if show == "table":
        say_lines(words.whole_rules(why.details, width=paragraph_width()))
    return DONE


def backtest(config: Path, *, card: Path | None, show: str) -> int:
    """Judge the way cards are made on past quarters."""
    settings = load_settings(config)
    current = find_card(settings, card) if card is not None or _has_card(settings) else None
    history = history_from_settings(settings)
    proof = prove(settings, without_leaks(settings, history), current, whole=history)
    if show == "json":
        show_json({"table": proof.table, "skipped": proof.skipped, "missed": proof.missed})
        return DONE
    show_table(proof.table, show, title="backtest")
    if show == "table":
        _say_picks(proof)
    if show == "table" and len(proof.skipped):
        show_table(proof.skipped, show, title="quarters left out")
    return DONE


def _say_picks(proof: Backtest) -> None:
    """Say what the column ``auc`` means, of all quarters together."""
    rows = proof.pooled[proof.pooled["card"] == "candidate"]
    picks = plain.picks_line(rows.iloc[0], prefix="auc") if len(rows) else ""
    if picks:
        say(picks)


def report(run_folder: Path, *, lang: str) -> int:
    """Write the pages of a run again."""
    for page in writer.rewrite_report(run_folder, lang=lang):
        say(f"wrote {place(page)}")
    return DONE


def promote(config: Path, run_folder: Path | None, *, who: str, why: str, when: str | None) -> int:
    """Put a card in force; the day is today's unless given, the only look at the clock."""
    runs = runs_folder(load_settings(config))
    said: dict[str, Any] = {"who": who, "why": why, "when": when or dt.date.today()}
    if run_folder is None:
        say(f"in force: {place(registry.rollback(runs, **said))}")
        return DONE
    try:
        card = registry.promote(runs, run_folder, **said)
    except CalibrateError as error:
        raise CalibrateError(f"{error}{_which_runs(runs, str(error))}") from None
    say(f"in force: {place(card)}")
    say("to undo: calibrate promote --rollback --who NAME --why TEXT")
    _note_gate(card.parent)
    return DONE


def what_to_promote(config: Path) -> str:
    """Return what to say where no run was named: which there are."""
    try:
        names = _names_of_runs(runs_folder(load_settings(config)))
    except CalibrateError:  # without settings here, nothing is known of runs
        names = []
    if not names:
        return "name the run to promote, or --rollback; make a run with: calibrate run"
    return f"name the run to promote: {', '.join(names)}; or --rollback"


def _names_of_runs(runs: Path) -> list[str]:
    return [card.parent.name for card in sorted(runs.glob("[!.]*/scorecard.json"))]


def _which_runs(runs: Path, error: str) -> str:
    """Say which runs there are, where the one named is not there."""
    if "there is no" not in error and "does not lie" not in error:
        return ""
    names = _names_of_runs(runs)
    return f"; there are: {', '.join(names)}" if names else "; make a run with: calibrate run"


def _note_gate(run_folder: Path) -> None:
    try:
        note = words.gate_note(writer.read_summary(run_folder))
    except (CalibrateError, OSError):  # the card is in force, with or without its run.json
        return
    if note:
        remark(f"note: {note}")


def _has_card(settings: Settings) -> bool:
    return registry.card_in_force(runs_folder(settings)) is not None
