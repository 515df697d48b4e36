"""The command line: what each command says, writes and returns."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import calibrate as cal
from calibrate import guards, writer
from calibrate.__main__ import main
from calibrate.cli import words, work
from calibrate.exports import export_sql
from tests.small_company import SETTINGS, company_run, tables, write_company

COMMANDS = (
    *("demo", "init", "check", "run", "score", "explain", "backtest", "monitor", "diff"),
    *("report", "promote", "export"),
)


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with leads, activities and settings, in which the command is given."""
    folder = tmp_path / "company"
    write_company(folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def made(company: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with one run in ``runs``; `recalibrate` is answered by a run made before."""
    monkeypatch.setattr(work, "recalibrate", lambda *_a, **_o: company_run())
    monkeypatch.setattr(
        writer, "default_folder", lambda run: company / "runs" / f"2026Q2-{run.inputs_hash[:10]}"
    )
    cal.write_run(company_run(), writer.default_folder(company_run()))
    return company


def csv_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text))


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  {command} " in shown
        assert main([command, "--help"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["runs"],
        ["run", "--wrong"],
        ["run", "--format", "xml"],
        ["explain"],
        ["promote", "--who", "A", "--why", "B"],
        ["promote", "RUN", "--rollback", "--who", "A", "--why", "B"],
        ["promote", "RUN"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err or not arguments


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("calibrate")


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["run"], ["score"], ["explain", "L1"], ["backtest"], ["monitor"]],
)
def test_without_settings_there_is_one_line(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    line = 'error: there is no file "calibrate.toml"; write one with: calibrate init LEADS\n'
    assert said.err.endswith(line)
    assert list(tmp_path.iterdir()) == []


def spoil_leads(company: Path, what: str) -> bool:
    """Break the leads file in one way, if it is one of those."""
    leads, _ = tables()
    path = company / "leads.csv"
    late = leads["created_at"].astype(str).where(leads.index % 3 > 0, "soon")
    changes = {
        "empty": lambda: path.write_text(""),
        "missing": path.unlink,
        "no CSV": lambda: path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00"),
        "bytes": lambda: path.write_bytes(path.read_bytes() + "L9,città,".encode("cp1252")),
        "outcome": lambda: leads.replace({"outcome": {"lost": "vanished"}}).to_csv(path),
        "duplicates": lambda: pd.concat([leads, leads.head(3).assign(industry="x")]).to_csv(path),
        "dates": lambda: leads.assign(created_at=late).to_csv(path),
    }
    if what in changes:
        changes[what]()
    return what in changes


def spoil(company: Path, what: str) -> None:
    """Break one thing of the company."""
    settings = company / "calibrate.toml"
    if what == "other company":
        _, activities = tables()
        other = activities.assign(lead_id="X" + activities["lead_id"])
        other.to_parquet(company / "activities.parquet", index=False)
    elif not spoil_leads(company, what):
        source = 'source = "leads.csv"'
        changed = {
            "misspelt": SETTINGS.replace("horizon", "horizont"),
            "column": SETTINGS.replace(source, f'{source}\nid = "lead_ids"'),
            "delimiter": SETTINGS.replace(source, f'{source}\ndelimiter = ";"'),
            "points": f'{SETTINGS}[hand_made]\n"demo_reqest >= 1" = 10\n',
            "campaign": f'{SETTINGS}[campaigns]\ncolumns = ["sorce"]\n',
            "constraint": f'{SETTINGS}[constraints]\nincreasing = ["demo_reqest"]\n',
        }
        settings.write_text(changed[what])


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ("missing", ['there is no file "leads.csv"']),
        ("empty", ["leads.csv", "empty"]),
        ("no CSV", ["leads.csv", "not a CSV file"]),
        ("bytes", ["leads.csv, row", "UTF-8", "cp1252"]),
        ("outcome", ['"vanished"', "outcome"]),
        ("duplicates", ["leads.csv", "L00001"]),
        ("dates", ["leads.csv", '"soon"', "is not a date"]),
        ("other company", ["activities"]),
        ("misspelt", ["calibrate.toml", '"horizont"', 'did you mean "horizon"']),
        ("column", ['"lead_ids"', 'did you mean "lead_id"']),
        ("delimiter", ["leads.csv", "delimiter"]),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    company: Path, capsys: pytest.CaptureFixture[str], what: str, parts: list[str]
) -> None:
    spoil(company, what)
    before = {path.name for path in company.iterdir()}
    assert main(["run"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    error = said.err.splitlines()[-1]
    assert error.startswith("error: ")
    assert [line for line in said.err.splitlines() if line.startswith("error: ")] == [error]
    assert [part for part in parts if part not in error] == []
    assert str(company) not in error
    assert {path.name for path in company.iterdir()} == before


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("points", '[hand_made] "demo_reqest >= 1": there is no column or activity "demo_reqest"'),
        ("campaign", '[campaigns] columns: there is no column "sorce" (did you mean "source"?)'),
        ("constraint", '[constraints] increasing: there is no column or activity "demo_reqest"'),
    ],
)
def test_what_the_settings_misname_is_said_by_check_and_before_a_run_measures(
    company: Path, capsys: pytest.CaptureFixture[str], what: str, said: str
) -> None:
    spoil(company, what)
    assert main(["check"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {said}")
    assert main(["run"]) == 1
    told = capsys.readouterr().err
    assert told.splitlines()[-1].startswith(f"error: {said}")
    assert "measuring" not in told


def test_check(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    shown = capsys.readouterr().out
    for part in ("what was read", "conversion rate of all leads", "findings", "Enough to go on"):
        assert part in shown
    for part in ("how old leads are when they buy", "have bought after 30.", "\nReady: "):
        assert part in shown
    assert main(["check", "--format", "csv"]) == 0
    assert list(csv_of(capsys.readouterr().out)) == ["table", "check", "n", "rule", "examples"]
    assert main(["check", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["enough"] is True
    assert {row["method"] for row in told["control"]} >= {"cohort"}
    assert told["ignore"] == []
    assert [row["days"] for row in told["conversion_by_age"]["table"]] == [30.0, 60.0]
    assert told["readiness"]["verdict"] == "ready"
    used = told["settings"]
    assert (used["observation_window"], used["horizon"]) == (14.0, 60.0)  # as in SETTINGS
    # as_of is the first of 2026Q3, so that the last complete quarter is 2026Q2
    assert (used["as_of"][:10], used["period"]["label"]) == ("2026-07-01", "2026Q2")


def test_check_says_what_was_compared_and_hides_counts_of_0(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--format", "csv"]) == 0
    counts = csv_of(capsys.readouterr().out)
    none = counts.loc[counts["n"] == 0, "check"]
    assert "blank rows" in set(none)
    assert main(["check"]) == 0
    shown = capsys.readouterr().out
    assert "blank rows" not in shown
    assert "rows read" in shown
    assert (
        "compared 14 days after they came in, customers by day 60, as of 1 Jul 2026, "
        "period 2026Q2, learned from " in shown
    )
    assert "to leave these out" not in shown


def test_check_says_what_was_left_to_auto_without_a_period(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = SETTINGS.replace("2026-07-01", "2020-01-01").replace('"60D"', '"auto"')
    (company / "calibrate.toml").write_text(settings)
    code = main(["check"])
    said = capsys.readouterr()
    assert code == 0, said.err
    # No lead was created yet: 90 days are proposed where no win is known, and no period.
    assert "customers by day 90, as of 1 Jan 2020\n" in said.out


def test_check_ends_with_the_line_that_leaves_leaks_out(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = SETTINGS.replace('["contract_plan"]', '["industry"]')
    (company / "calibrate.toml").write_text(settings)
    assert main(["check"]) == 0
    line = 'to leave these out: ignore = ["industry", "contract_plan"]'
    assert capsys.readouterr().out.splitlines()[-1] == line
    assert main(["check", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ignore"] == ["industry", "contract_plan"]
    (company / "calibrate.toml").write_text(
        SETTINGS.replace('ignore = ["contract_plan"]', line.split(": ")[1])
    )
    assert main(["check"]) == 0
    assert "to leave these out" not in capsys.readouterr().out


def test_a_finding_is_a_paragraph_and_nothing_of_it_is_cut_off() -> None:
    what = " ".join(["word"] * 60)
    finding = guards.Finding(
        guard="bots", severity="likely", what=what, how_sure="", effect="less", action="look"
    )
    lines = words.finding_lines([finding], width=80)
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("likely: word word")
    assert lines[-2:] == ["  effect: less", "  do: look"]
    assert " ".join(" ".join(lines[:-2]).split()) == f"likely: {what}"
    sure = words.finding_lines([dataclasses.replace(finding, how_sure="counted")], width=80)
    assert sure[-3:] == ["  sure: counted", "  effect: less", "  do: look"]
    note = dataclasses.replace(finding, severity="note")
    assert words.findings_heading([finding, note, note]) == "findings: 1 likely, 2 note"


def test_promoting_a_run_that_says_hold_is_noted(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder,) = (made / "runs").iterdir()
    summary = json.loads((folder / "run.json").read_text("utf-8"))
    signed = ["promote", str(folder), "--who", "Ada", "--why", "first card"]
    assert main(signed) == 0
    assert capsys.readouterr().err == ""  # its gate says promote
    summary["gate"] |= {"recommendation": "hold", "reasons": ["too few leads", "too soon"]}
    (folder / "run.json").write_text(json.dumps(summary), "utf-8")
    assert main(signed) == 0
    said = capsys.readouterr()
    assert said.err == "note: this run says hold: too few leads; too soon\n"
    assert said.out.startswith("in force: ")
    (folder / "run.json").unlink()
    assert main(signed) == 0
    assert capsys.readouterr().err == ""


def test_the_control_rate_of_young_leads_is_said_to_be_estimated() -> None:
    """3 leads are old enough for 60 days, 2 are not; 1 of the 5 has converted."""
    days = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-03-20", "2024-03-21"]
    leads = pd.DataFrame({"lead_id": list("abcde"), "created_at": days})
    leads["outcome"] = ["won", "lost", "open", "open", "open"]
    leads["closed_at"] = ["2024-02-01", "2024-02-01", None, None, None]
    columns = cal.LeadColumns(won=("won",), lost=("lost",))
    history = cal.read_history(leads, leads=columns, as_of="2024-04-01")
    obs = cal.observe(history, period="2024Q1", observation_window="7D", horizon="60D")
    run = dataclasses.replace(company_run(), control=cal.control_rate(obs))
    line = "; ".join(part.strip() for part in words.control_lines(run))
    # Kaplan-Meier: on its day 32 one of the three watched that long converted, 1/3.
    assert line.startswith(
        "control conversion rate of 2024Q1: 1 of 5 leads became customers so far (20.0%); once "
        "the youngest have had their 60 days we expect 33.3% ("
    )
    assert "of the 3 that have had them, 1 did (33.3%)" in line


@pytest.mark.slow
def test_run_promote_and_run_again(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The quarter's round, with nothing replaced: run, sign, run again, compare, go back."""
    assert main(["run"]) == 0
    said = capsys.readouterr()
    assert "control conversion rate" in said.out
    assert said.err.splitlines()[0] == "[  0%] reading leads and activities (0 s)"
    n_leads, n_events = (len(table) for table in tables())
    read = f"of {n_leads:,} leads, {n_events:,} activities read"
    assert read in said.err.splitlines()[1]
    (first,) = (company / "runs").iterdir()
    assert f"report: {Path('runs') / first.name / 'report.html'}" in said.out
    assert "Everyone starts with " in said.out
    assert f'calibrate promote "{Path("runs") / first.name}" --who NAME --why REASON' in said.out
    signed = ["--who", "Ada", "--why", "first card"]
    assert main(["promote", str(first), "--when", "2026-07-02", *signed]) == 0
    # With a card in force that knows every past quarter, no quarter can be judged: hold.
    assert main(["run", "--format", "json"]) == 3
    promoted, brace, answer = capsys.readouterr().out.partition("{")
    assert "--rollback" in promoted  # how to undo it
    told = json.loads(brace + answer)
    assert told["gate"]["recommendation"] == "hold"
    second = company / told["folder"]
    assert second.name != first.name
    # On unchanged data the card on the scale of the one in force is that card again.
    changes = (second / "changes.md").read_text("utf-8")
    assert changes.splitlines()[0] == "Nothing changed, nothing to sign."
    assert main(["diff", str(first), str(second)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "Nothing changed, nothing to sign."
    assert main(["promote", "--rollback", *signed]) == 1
    assert "no card was in force before" in capsys.readouterr().err


def test_wins_that_nobody_dated_are_named(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leads = pd.read_csv(company / "leads.csv")
    n_won = int((leads["outcome"] == "converted").sum())
    leads.drop(columns="closed_at").to_csv(company / "leads.csv", index=False)
    assert main(["run"]) == 1
    said = capsys.readouterr().err
    assert f"{n_won} wins have no closing date" in said
    assert "say closed_at = ... in [leads]" in said


def test_a_run_that_is_there_already_is_left_as_it_is(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder,) = (made / "runs").iterdir()
    (folder / "report.html").write_text("mine")
    assert main(["run"]) == 0
    assert "holds this very run already; it is left as it is" in capsys.readouterr().err
    assert (folder / "report.html").read_text() == "mine"


def test_run_into_a_folder(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--out", "here", "--format", "csv"]) == 0
    card = csv_of(capsys.readouterr().out)
    assert card["criterion"].tolist() == company_run().card.table["criterion"].tolist()
    assert (made / "here" / "run.json").is_file()
    (made / "photos").mkdir()
    (made / "photos" / "a.txt").write_text("a")
    assert main(["run", "--out", "photos"]) == 1
    assert 'error: "photos" holds other files than a run' in capsys.readouterr().err


def test_run_hands_period_and_as_of_on(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, dict[str, object]]] = []

    def recalibrate(config: object, **options: object) -> cal.Run:
        asked.append((config, options))
        return company_run()

    monkeypatch.setattr(work, "recalibrate", recalibrate)
    arguments = ["--period", "2025Q4", "--as-of", "2026-06-01", "--out", "x"]
    assert main(["run", "-c", "calibrate.toml", *arguments]) == 0
    ((config, options),) = asked
    assert config == Path("calibrate.toml")
    assert (options["period"], options["as_of"]) == ("2025Q4", "2026-06-01")


def test_score_gives_what_python_gives(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = company_run()
    expected = run.scores[run.scores["set"] == "open"].set_index("lead_id")["score"].to_dict()
    assert main(["score", "--format", "csv"]) == 0
    told = csv_of(capsys.readouterr().out)
    assert told.set_index("lead_id")["score"].to_dict() == expected
    assert main(["score", "--out", "scores.parquet"]) == 0
    assert f"wrote {len(expected):,} scores" in capsys.readouterr().out
    written = pq.read_table(made / "scores.parquet").to_pandas()
    assert written.set_index("lead_id")["score"].to_dict() == expected
    assert main(["score"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 23  # a head, 20 leads, a blank line, the line on the rest
    assert shown[-1] == f"{len(expected) - 20:,} more: --format csv or --out FILE"


@pytest.mark.parametrize("name", ["leads.csv", "activities.parquet"])
def test_scores_are_not_written_over_what_they_are_made_from(
    made: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    before = (made / name).read_bytes()
    assert main(["score", "--out", name]) == 1
    assert f'error: "{name}" holds the {name.split(".", maxsplit=1)[0]} that are scored' in (
        capsys.readouterr().err
    )
    assert (made / name).read_bytes() == before


def test_score_says_who_changed_tier(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "--out", "scores.parquet"]) == 0
    capsys.readouterr()
    n = pq.read_metadata(made / "scores.parquet").num_rows
    same = f"0 up, 0 down, {n:,} in the same tier, 0 new, 0 no longer scored"
    assert main(["score", "--out", "scores.csv", "--previous", "scores.parquet"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"wrote {n:,} scores to scores.csv", same]
    told = pd.read_csv(made / "scores.csv")
    assert (told["previous_score"] == told["score"]).all()
    assert main(["score", "--previous", "scores.csv", "--format", "json"]) == 0
    shown = capsys.readouterr()
    assert len(json.loads(shown.out)) == n
    assert shown.err == f"{same}\n"
    assert main(["score", "--previous", "none.csv"]) == 1
    assert 'there is no file "none.csv" of earlier scores' in capsys.readouterr().err


def test_export_says_the_card_as_sql(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--to", "sql"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("-- ")
    assert text == export_sql(company_run().card, cal.load_settings(made / "calibrate.toml"))
    asked = ["--dialect", "bigquery", "--as-of", "2026-01-31", "--out", "card.sql"]
    assert main(["export", "--to", "sql", *asked]) == 0
    assert capsys.readouterr().out == "wrote card.sql\n"
    written = (made / "card.sql").read_text("utf-8")
    assert "in the SQL of BigQuery" in written.splitlines()[0]
    assert "CAST('2026-01-31 00:00:00' AS DATETIME)" in written
    assert main(["export", "--to", "hubspot"]) == 1
    assert 'there is no export to "hubspot"; there is: sql' in capsys.readouterr().err
    assert main(["export"]) == 2


def test_score_of_other_files_is_that_of_the_card_on_them(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leads, activities = tables()
    new = leads[leads["outcome"] == "open"].tail(40)
    later = ["outcome", "closed_at", "amount", "contract_plan"]  # not known of new leads
    new.drop(columns=later).to_csv(made / "new.csv", index=False)
    log = activities[activities["lead_id"].isin(new["lead_id"])]
    log.to_parquet(made / "log.parquet", index=False)
    (run_folder,) = (made / "runs").iterdir()
    options = ["--card", str(run_folder), "--format", "json"]
    assert main(["score", "new.csv", "log.parquet", *options]) == 0
    told = {row["lead_id"]: row["score"] for row in json.loads(capsys.readouterr().out)}
    new["contract_plan"] = None
    columns = cal.LeadColumns(ignore=["contract_plan"])
    history = cal.read_history(new, log, leads=columns)
    expected = company_run().card.score(cal.observe_open(history))
    assert told == expected.set_index("lead_id")["score"].to_dict()
    assert len(set(told.values())) > 1


def test_explain(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = company_run().scores
    best = scores[scores["set"] == "open"].sort_values("score").iloc[-1]
    assert main(["explain", best["lead_id"]]) == 0
    shown = capsys.readouterr().out
    assert f"score {best['score']}, hot" in shown
    assert "demo_request" in shown
    assert main(["explain", best["lead_id"], "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(row["points"] for row in told["rules"]) == told["score"] == best["score"]
    assert main(["explain", "L9"]) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: leads.csv, column "lead_id": "L9" is no lead of these')
    assert error.count("\n") == 1


def test_without_a_card_there_is_nothing_to_score_with(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score"]) == 1
    assert "there is no scorecard yet; make one with: calibrate run" in capsys.readouterr().err


def test_backtest_and_monitor(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["table"] == json.loads(json.dumps(company_run().summary()["backtest"]))
    code = main(["monitor", "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    assert code == (3 if told["verdict"] == "recalibrate" else 0)


@pytest.mark.parametrize(
    ("error", "is_ours"),
    [
        (duckdb.OutOfRangeException("it quotes ada@example.com"), False),
        (OverflowError("too large"), False),
        (pa.ArrowInvalid("it quotes ada@example.com"), False),
        (duckdb.ParserException("a fault of ours"), True),
        (KeyError("a fault of ours"), True),
    ],
)
def test_what_a_library_cannot_compute_is_one_line_and_our_faults_are_not_hidden(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    is_ours: bool,
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(work, "check", fail)
    if is_ours:
        with pytest.raises(type(error)):
            main(["check"])
        return
    assert main(["check"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: the data, a file or a setting holds a value that cannot be")
    assert f"({type(error).__name__} in " in said
    assert "ada" not in said
    assert said.count("\n") == 1


def test_report_in_italian(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder,) = (made / "runs").iterdir()
    assert main(["report", str(folder), "--lang", "it"]) == 0
    assert "report.html" in capsys.readouterr().out
    assert 'lang="it"' in (folder / "report.html").read_text("utf-8")
    assert main(["report", str(folder), "--lang", "xx"]) == 1
    assert 'there is no language "xx"; there are: en, it' in capsys.readouterr().err
    assert main(["report", "nowhere"]) == 1
    assert '"nowhere" is not a run folder' in capsys.readouterr().err


def test_a_scorecard_of_a_newer_schema(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder,) = (made / "runs").iterdir()
    text = (folder / "scorecard.json").read_text("utf-8")
    (made / "new.json").write_text(text.replace("scorecard/1", "scorecard/2"), "utf-8")
    assert main(["score", "--card", "new.json"]) == 1
    assert "calibrate.scorecard/2" in capsys.readouterr().err


@pytest.mark.slow
def test_demo_writes_under_this_folder_and_says_where_the_report_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(writer, "write_company", write_company)
    assert main(["demo"]) == 0
    shown = capsys.readouterr().out
    assert {"leads.csv", "calibrate.toml", "runs"} <= {
        path.name for path in (tmp_path / "calibrate-demo").iterdir()
    }
    report = shown.split("report: ")[1].strip()
    assert (tmp_path / report).is_file()


def test_init_writes_settings_that_run(
    company: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["init", "leads.csv", "activities.parquet"]) == 1
    assert "--force replaces it" in capsys.readouterr().err
    assert main(["init", "leads.csv", "activities.parquet", "--force"]) == 0
    assert "wrote calibrate.toml" in capsys.readouterr().out
    settings = cal.load_settings("calibrate.toml")
    assert settings.leads.ignore == ("contract_plan",)  # filled in only for winners
    assert settings.leads.id == "lead_id"
    assert settings.activities is not None
    assert settings.activities.value == "value"
    assert main(["check"]) == 0
    assert "Enough to go on" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_one_line(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", "--out", "nowhere/scores.csv"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "No such file or directory" in error
    assert str(made) not in error


def test_plain_text_without_colour_outside_a_terminal(made: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "calibrate", "check"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(cal.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert done.stdout.startswith("what was read\n")


def test_on_a_terminal_tables_are_drawn_and_no_colour_is_kept(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def told(*_arguments: object, **options: Callable[[str, float], None]) -> cal.Run:
        options["progress"]("measuring", 0.5)
        return company_run()

    monkeypatch.setattr(work, "recalibrate", told)
    assert main(["run"]) == 0
    shown = capsys.readouterr().out
    assert "─" in shown
    assert "demo_request" in shown
    assert "\x1b[3" not in shown.replace("\x1b[3m", "")  # italics are no colour


def test_tables_of_backtest_monitor_and_diff(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder,) = (made / "runs").iterdir()
    assert main(["backtest", "--card", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "candidate" in shown
    assert "current" in shown
    assert "quarters left out" in shown
    assert main(["monitor", str(folder)]) in (0, 3)
    shown = capsys.readouterr().out
    assert shown.split(":")[0] in ("keep", "watch", "recalibrate")
    assert ".;" not in shown
    assert "\nkind " in shown
    assert "p_value" not in shown
    assert main(["monitor", str(folder), "--format", "csv"]) in (0, 3)
    assert "p_value" in csv_of(capsys.readouterr().out)
    text = (folder / "scorecard.json").read_text("utf-8")
    card = json.loads(text)
    card["base"] += 1
    (made / "other.json").write_text(json.dumps(card), "utf-8")
    assert main(["diff", str(folder), "other.json", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["nothing_changed"] is False
    assert main(["diff", str(folder), "other.json", "--format", "csv"]) == 0
    assert "points_old" in csv_of(capsys.readouterr().out)
    assert main(["diff", str(folder), "other.json"]) == 0
    assert "demo_request" in capsys.readouterr().out


def test_what_the_run_noted_is_said(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = dataclasses.replace(company_run(), warnings=("no lead was created in 2026Q4",))
    monkeypatch.setattr(work, "recalibrate", lambda *_a, **_o: noted)
    assert main(["run", "--out", "here"]) == 0
    assert "note: no lead was created in 2026Q4" in capsys.readouterr().err
    assert json.loads((made / "here" / "run.json").read_text("utf-8"))["warnings"] == [
        "no lead was created in 2026Q4"
    ]
