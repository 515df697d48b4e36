"""Settings proposed from files: what is recognised, and what a person is asked to look at."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import calibrate as cal
from calibrate.errors import DataError
from calibrate.history import history_from_settings
from calibrate.proposal import propose_settings
from calibrate.proposal.looks import Column
from calibrate.proposal.questions import Question
from calibrate.proposal.text import Line, Table, settings_text

N = 60


def italian(folder: Path, **columns: list[str]) -> Path:
    """What Excel in Italy writes: semicolons, decimal commas, dd/mm/yyyy, cp1252."""
    days = [f"{1 + i % 28:02d}/03/2024" for i in range(N)]
    frame = pd.DataFrame(
        {
            "Codice": [f"C{i:03d}" for i in range(N)],
            "Data creazione": days,
            "Chiuso il": [day.replace("/03/", "/04/") for day in days],
            "Esito": [
                "Vinto" if i % 5 == 0 else "Perso" if i % 5 < 4 else "Aperto" for i in range(N)
            ],
            "Importo": ["1.234,50"] * N,
            "Città": ["Forlì" if i % 2 else "Non specificato" for i in range(N)],
            **columns,
        }
    )
    path = folder / "lead.csv"
    path.write_bytes(frame.to_csv(sep=";", index=False).encode("cp1252"))
    return path


@pytest.mark.parametrize(
    ("activity", "when"), [("Attività", "Data ora"), ("Aktivität", "Zeitpunkt"), ("Event", "Time")]
)
def test_headings_with_accents_are_recognised(tmp_path: Path, activity: str, when: str) -> None:
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    log = {"Id lead": range(40), "Pagina": ["/a", "/b"] * 20, activity: ["open", "click"] * 20}
    pd.DataFrame(log | {when: days}).to_csv(tmp_path / "log.csv", index=False)
    leads = {"Id lead": range(40), "Erstellt am": days, "Esito": ["Vinto", "Perso"] * 20}
    pd.DataFrame(leads).to_csv(tmp_path / "leads.csv", index=False)
    told = tomllib.loads(propose_settings(tmp_path / "leads.csv", tmp_path / "log.csv").text)
    assert (told["activities"]["activity"], told["activities"]["occurred_at"]) == (activity, when)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Company size", "Unternehmensgröße", "Dimensione azienda"])
def test_the_size_of_a_company_is_not_its_name(tmp_path: Path, name: str) -> None:
    sizes = ["1-10", "11-50", "51-200", "over 200"] * 15  # 60 rows
    told = tomllib.loads(propose_settings(italian(tmp_path, **{name: sizes})).text)
    assert "account" not in told["leads"]
    (tmp_path / "calibrate.toml").write_text(propose_settings(tmp_path / "lead.csv").text, "utf-8")
    history = cal.history_from_settings(cal.load_settings(tmp_path / "calibrate.toml"))
    assert {a.name: a.kind for a in history.attributes}[name] == "category"


def test_a_company_is_told_from_a_class_of_companies(tmp_path: Path) -> None:
    few = ["Bakery", "Butcher", "Florist"] * 20  # 3 of 60: a class, whatever its heading says
    assert "account =" not in propose_settings(italian(tmp_path, Azienda=few)).text
    many = [f"Azienda {i // 6}" for i in range(N)]  # 10 companies of 6 leads each
    text = propose_settings(italian(tmp_path, Azienda=many)).text
    assert tomllib.loads(text)["leads"]["account"] == "Azienda"
    assert "the company's name, never a criterion" in text


def test_values_that_mean_lost_in_german_and_italian(tmp_path: Path) -> None:
    lost = ["Disqualifiziert", "Abgelehnt", "Storniert", "Nicht qualifiziert", "Annullato"]
    lost += ["Non qualificato", "Cancelled", "Canceled", "5. Disqualifiziert"]
    stages = [*lost, "Vinto", "In Arbeit", "Angebot"]  # 12, five times each
    path = italian(tmp_path, Esito=stages * 5)
    told = tomllib.loads(propose_settings(path).text)["leads"]
    assert (told["won"], set(told["lost"])) == (["Vinto"], set(lost))


def test_open_leads_that_are_closed_are_told_of(tmp_path: Path) -> None:
    stages = ["Vinto", "Perso", "Tot", "In Arbeit"] * 15
    days = ["01/04/2024", "02/04/2024", "13/04/2024", ""] * 15
    asked: dict[str, Question] = {}

    def ask(question: Question) -> object:
        asked[question.key] = question
        return question.default

    path = italian(tmp_path, **{"Esito": stages, "Chiuso il": days})
    proposal = propose_settings(path).asked(ask)
    assert 'leads at "Tot" carry a closing date: do they mean lost? they are open' in (
        proposal.doubts
    )
    assert "Tot (15, 15 with a closing date)" in asked["leads.lost"].choices
    assert "In Arbeit (15)" in asked["leads.lost"].choices


def test_an_export_from_excel_in_italy(tmp_path: Path) -> None:
    proposal = propose_settings(italian(tmp_path))
    told = tomllib.loads(proposal.text)["leads"]
    assert (told["id"], told["created_at"], told["outcome"]) == (
        "Codice",
        "Data creazione",
        "Esito",
    )
    assert (told["won"], told["lost"]) == (["Vinto"], ["Perso"])
    assert told["amount"] == "Importo"
    assert told["encoding"] == "cp1252"
    assert told["null_values"] == ["Non specificato"]
    # the latest closing of a lead won or lost is of 28 April 2024
    assert tomllib.loads(proposal.text)["calibration"]["as_of"] == "2024-04-29"
    assert "date_format" not in told  # days over 12 tell
    assert "decimal" not in told  # 1.234,50 tells
    assert proposal.doubts == ()
    (tmp_path / "calibrate.toml").write_text(proposal.text, "utf-8")
    settings = cal.load_settings(tmp_path / "calibrate.toml")
    history = cal.history_from_settings(settings)
    assert history.n_leads == N
    kinds = {a.name: a.kind for a in history.attributes}
    assert kinds["Città"] == "category"


def test_what_no_value_tells_is_asked(tmp_path: Path) -> None:
    path = italian(
        tmp_path,
        **{"Data creazione": ["05/03/2024"] * N, "Importo": ["1.234"] * N, "Chiuso il": [""] * N},
    )
    proposal = propose_settings(path)
    told = tomllib.loads(proposal.text)["leads"]
    assert (told["date_format"], told["decimal"]) == ("%d/%m/%Y", ",")
    assert proposal.doubts[-2:] == (
        "lead.csv: no date tells whether the day or the month is first",
        "lead.csv: no number tells whether 1.234 is a thousand or a bit over one",
    )


def leads_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Id": range(N),
            "Contact": [f"P{i // 2}" for i in range(N)],
            "Created Time": pd.date_range("2024-01-01", periods=N),
            "Stage": ["Payment Done" if i < 5 else "Lost" if i < 40 else "New" for i in range(N)],
            "Plan": ["annual" if i < 5 else None for i in range(N)],
        }
    )


def test_activities_may_join_by_a_contact_and_late_columns_are_left_out(tmp_path: Path) -> None:
    leads_frame().to_csv(tmp_path / "leads.csv", index=False)
    log = pd.DataFrame(
        {
            "WHO": [f"P{i % 30}" for i in range(90)],
            "Call Status": ["answered", "missed", "answered"] * 30,
            "Call Start Time": pd.date_range("2024-01-01", periods=90, freq="h"),
            "Duration": range(90),
        }
    )
    log.to_parquet(tmp_path / "calls.parquet")
    proposal = propose_settings(tmp_path / "leads.csv", tmp_path / "calls.parquet")
    told = tomllib.loads(proposal.text)
    assert told["leads"]["contact"] == "Contact"
    assert told["leads"]["ignore"] == ["Plan"]
    log_columns = {
        key: told["activities"][key] for key in ("lead", "activity", "occurred_at", "value")
    }
    assert log_columns == {
        "lead": "WHO",
        "activity": "Call Status",
        "occurred_at": "Call Start Time",
        "value": "Duration",
    }
    assert set(proposal.table["table"]) == {"leads", "activities", "calibration"}


def test_wins_in_a_second_file(tmp_path: Path) -> None:
    leads = leads_frame()[["Id", "Contact", "Created Time"]]
    leads.to_csv(tmp_path / "leads.csv", index=False)
    with pytest.raises(DataError, match="no column tells which leads became customers"):
        propose_settings(tmp_path / "leads.csv")
    won = pd.DataFrame({"mql_id": range(10, 25), "won_date": ["2024-03-20"] * 15})
    won.to_csv(tmp_path / "won.csv", index=False)
    told = tomllib.loads(propose_settings(tmp_path / "leads.csv", tmp_path / "won.csv").text)
    assert (told["outcomes"]["lead"], told["outcomes"]["closed_at"]) == ("mql_id", "won_date")
    assert "outcome" not in told["leads"]


def two_files(folder: Path, **of_log: object) -> tuple[Path, Path]:
    """60 leads and 300 events of theirs."""
    leads, log = folder / "leads.csv", folder / "our log.csv"
    leads_frame().to_csv(leads, index=False)
    times = pd.date_range("2024-01-01", periods=300, freq="h")
    whose = [i % N for i in range(300)]
    events = {"Lead ID": whose, "Activity": ["visit", "call", "mail"] * 100, "Time": times}
    pd.DataFrame({**of_log, **events}).to_csv(log, index=False)
    return leads, log


@pytest.mark.parametrize("of_log", [{}, {"Activity ID": [f"E{i}" for i in range(300)]}])
def test_files_the_wrong_way_round_are_told_apart(tmp_path: Path, of_log: dict[str, str]) -> None:
    leads, log = two_files(tmp_path, **of_log)
    told = tomllib.loads(propose_settings(leads, log).text)
    assert told["activities"]["activity"] == "Activity"
    with pytest.raises(DataError) as caught:
        propose_settings(log, leads)
    assert str(caught.value) == (
        "our log.csv: it looks like a log of activities: is it the second file?; "
        'say: calibrate init leads.csv "our log.csv"'
    )


@pytest.mark.parametrize(
    ("about", "how_long"), [("Betreff", "Dauer (Minuten)"), ("Oggetto", "Minuti")]
)
def test_what_a_log_says_beside_in_german_and_italian(
    tmp_path: Path, about: str, how_long: str
) -> None:
    said = {about: ["Offer", "Hello"] * 150, how_long: list(range(100, 110)) * 30}
    told = tomllib.loads(propose_settings(*two_files(tmp_path, **said)).text)["activities"]
    assert (told["activity"], told["detail"], told["value"]) == ("Activity", about, how_long)


def test_a_subject_is_the_activity_only_where_nothing_else_is(tmp_path: Path) -> None:
    leads, log = two_files(tmp_path, Subject=["Offer", "Hello"] * 150)
    told = tomllib.loads(propose_settings(leads, log).text)["activities"]
    assert (told["activity"], told["detail"]) == ("Activity", "Subject")
    pd.read_csv(log).drop(columns="Activity").to_csv(log, index=False)
    told = tomllib.loads(propose_settings(leads, log).text)["activities"]
    assert told["activity"] == "Subject"
    assert "detail" not in told


def test_an_amount_may_have_its_unit_in_its_heading(tmp_path: Path) -> None:
    path = italian(tmp_path)
    text = path.read_bytes().replace(b"Importo", "Auftragswert (€)".encode("cp1252"))
    path.write_bytes(text)
    assert tomllib.loads(propose_settings(path).text)["leads"]["amount"] == "Auftragswert (€)"


def test_a_log_alone_is_asked_for_its_leads(tmp_path: Path) -> None:
    _, log = two_files(tmp_path)
    with pytest.raises(DataError, match="it looks like a log of activities: is it the second"):
        propose_settings(log)


def test_a_log_with_the_deals_that_were_won_stands_the_right_way_round(tmp_path: Path) -> None:
    _, log = two_files(tmp_path)
    deals = {"Lead ID": range(20), "Status": ["won", "paid"] * 10, "Won date": ["2024-03-01"] * 20}
    pd.DataFrame(deals).to_csv(tmp_path / "deals.csv", index=False)
    told = tomllib.loads(propose_settings(log, tmp_path / "deals.csv").text)
    assert told["leads"]["from_activities"] is True


def test_a_wide_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"lead_id": range(N), "Converted": [0, 1] * 30, "TotalVisits": range(N)})
    frame.to_csv(tmp_path / "wide.csv", index=False)
    proposal = propose_settings(tmp_path / "wide.csv")
    told = tomllib.loads(proposal.text)["leads"]
    assert told["activity_columns"] == ["TotalVisits"]
    assert "won" not in told
    assert "quarters cannot be told apart" in proposal.doubts[0]


def test_the_rows_of_a_wide_table_without_an_id_are_the_ids(tmp_path: Path) -> None:
    frame = pd.DataFrame({"conversion": [0, 1] * 30, "city": ["Rome", "Turin", "Rome"] * 20})
    frame.to_csv(tmp_path / "wide.csv", index=False)
    frame.to_csv(tmp_path / "log.csv", index=False)
    proposal = propose_settings(tmp_path / "wide.csv")
    assert "id" not in tomllib.loads(proposal.text)["leads"]
    assert "the file's rows are the ids" in proposal.doubts[0]
    (tmp_path / "calibrate.toml").write_text(proposal.text, "utf-8")
    settings = cal.load_settings(tmp_path / "calibrate.toml")
    assert cal.history_from_settings(settings).n_leads == N
    with pytest.raises(DataError, match="no column of it names the leads"):
        propose_settings(tmp_path / "wide.csv", tmp_path / "log.csv")


def test_an_outcome_without_a_known_word_is_asked(tmp_path: Path) -> None:
    frame = leads_frame().replace({"Stage": {"Payment Done": "Phase 9", "Lost": "Phase 0"}})
    frame.to_csv(tmp_path / "leads.csv", index=False)
    proposal = propose_settings(tmp_path / "leads.csv")
    assert proposal.doubts[0] == 'which values of "Stage" mean a customer? say won = [...]'


def test_files_that_cannot_do_are_refused(tmp_path: Path) -> None:
    days = ["2024-03-01"] * 10
    frame = pd.DataFrame({"outcome": ["won", "lost"] * 5, "created_at": days})
    frame.to_csv(tmp_path / "leads.csv", index=False)
    with pytest.raises(DataError, match="no column has a different value in every row"):
        propose_settings(tmp_path / "leads.csv")
    leads_frame().to_csv(tmp_path / "leads.csv", index=False)
    other = pd.DataFrame(
        {"lead_id": ["X1", "X2"], "activity": ["a", "b"], "time": ["2024-01-01"] * 2}
    )
    other.to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError, match=r"other\.csv: no column of it names the leads"):
        propose_settings(tmp_path / "leads.csv", tmp_path / "other.csv")


@given(st.text(min_size=1), st.lists(st.text(min_size=1), max_size=3), st.text())
def test_whatever_stands_in_a_file_the_settings_are_valid_toml(
    name: str, values: list[str], comment: str
) -> None:
    lines = [Line("id", name, comment), Line("won", values, comment)]
    text = settings_text([Table(name="leads", lines=lines)])
    assert tomllib.loads(text)["leads"] == {"id": name, "won": values}


def test_the_choices_not_taken_are_settings_too(tmp_path: Path) -> None:
    leads_frame().to_csv(tmp_path / "leads.csv", index=False)
    text = propose_settings(tmp_path / "leads.csv").text
    taken = re.sub(r'^# (?=["a-z_]|\[)(?=[^ ]+( >= 1")? = |\[)', "", text, flags=re.MULTILINE)
    (tmp_path / "calibrate.toml").write_text(taken, "utf-8")
    settings = cal.load_settings(tmp_path / "calibrate.toml")
    assert settings.thresholds.weekly_capacity == 120  # 40 leads of each of 3 people
    assert settings.hand_made.points == {"email_click >= 1": 10, "demo_request": 25}
    assert settings.leads.lead_url == "https://crm.example.com/lead/{lead_id}"
    assert settings.name == "Acme"
    assert max(map(len, text.splitlines())) <= 100


def test_looks_of_a_column() -> None:
    numbers = Column.of("n", ["1.234", "5"])
    assert numbers.is_number
    assert not numbers.is_date
    assert numbers.is_unique
    dates = Column.of("d", ["13/02/2024", "01/02/2024"])
    assert dates.date_orders == {"%d/%m/%Y"}
    assert not Column.of("e", [None] * 3).is_date


def spelled(folder: Path, created: str, closed: str) -> Path:
    """Sixty leads, one a day, each decided a month later; dates as strftime writes them."""
    days = pd.date_range("2024-01-15", periods=N, freq="D")
    leads = {
        "Lead ID": range(N),
        "Created": days.strftime(created),
        "Closed": (days + pd.Timedelta("30D")).strftime(closed),
        "Status": ["Won", "Lost", "Lost"] * (N // 3),
    }
    pd.DataFrame(leads).to_csv(folder / "leads.csv", index=False)
    return folder / "leads.csv"


@pytest.mark.parametrize(
    "spelling", ["%d %b %Y", "%d-%b-%y", "%b %d, %Y", "%d/%m/%y", "%m/%d/%y", "%d. %B %Y"]
)
def test_dates_are_read_however_they_are_spelled(tmp_path: Path, spelling: str) -> None:
    proposal = propose_settings(spelled(tmp_path, spelling, f"{spelling} %H:%M"))
    (tmp_path / "calibrate.toml").write_text(proposal.text, "utf-8")
    settings = cal.load_settings(tmp_path / "calibrate.toml")
    assert settings.leads.date_format == spelling
    # the sixtieth day from 15 January 2024 is 14 March, 30 days later 13 April
    assert settings.calibration.as_of.isoformat()[:10] == "2024-04-14"
    history = history_from_settings(settings)
    found = history.engine.query("SELECT min(created_at) AS a, max(closed_at) AS b FROM leads")
    first, last = found.to_pylist()[0].values()
    assert (first.date().isoformat(), last.date().isoformat()) == ("2024-01-15", "2024-04-13")


def test_each_date_column_may_have_an_order_of_its_own(tmp_path: Path) -> None:
    told = tomllib.loads(propose_settings(spelled(tmp_path, "%m/%d/%Y", "%d/%m/%Y")).text)
    assert told["calibration"]["as_of"] == "2024-04-14"


def test_dates_that_no_setting_could_read_are_named(tmp_path: Path) -> None:
    doubts = propose_settings(spelled(tmp_path, "%d %b %Y", "%m/%d/%Y")).doubts
    assert any('"Closed" are written like 02/14/2024, others like 15 Jan 2024' in d for d in doubts)


def test_days_of_a_spreadsheet_are_named(tmp_path: Path) -> None:
    path = spelled(tmp_path, "%Y-%m-%d", "%Y-%m-%d")
    leads = pd.read_csv(path)
    # in a spreadsheet, 1 January 2024 is 45292
    leads["Created"] = range(45306, 45306 + N)
    leads.to_csv(path, index=False)
    doubts = propose_settings(path).doubts
    assert any('"Created" holds numbers such as 45306' in doubt for doubt in doubts)


def test_a_campaign_column_of_addresses_is_not_compared(tmp_path: Path) -> None:
    people = ["ada@example.com", "alan@example.com"] * (N // 2)
    text = propose_settings(italian(tmp_path, Campagna=people)).text
    assert "campaigns" not in tomllib.loads(text)
