"""Data that cannot be used: one line that names file, column, row and value."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns, Settings
from calibrate.errors import CalibrateError, CalibrateWarning, ConfigError, DataError
from calibrate.history import history_from_settings, read_history
from calibrate.history.needs import Needs

GOOD = "lead_id,created_at,outcome,Industry\n1,2024-01-01,converted,a\n2,2024-01-02,open,b\n"


def refused(content: str | bytes, folder: Path, **columns: object) -> str:
    path = folder / "leads.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError) as caught:
        read_history(path, leads=LeadColumns(**columns))
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) not in message
    return message


def test_the_good_file_is_good(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(GOOD)
    assert read_history(tmp_path / "leads.csv").n_leads == 2


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(GOOD)
    with pytest.raises(DataError, match=r'no file "lead.csv" \(did you mean "leads.csv"\?\)'):
        read_history(tmp_path / "lead.csv")
    with pytest.raises(DataError, match=r'no file matches "\*.txt"'):
        read_history(str(tmp_path / "*.txt"))
    with pytest.raises(DataError, match="this is a folder"):
        read_history(tmp_path)
    with pytest.raises(DataError, match="is an address"):
        read_history("https://example.com/leads.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "leads.csv: the file is empty"),
        (b" \n\n", "leads.csv: the file is empty"),
        (b"lead_id,outcome\n", "there is a header but no row"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a CSV file, it is a picture"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook"),
        (b"<html><body>Sign in</body></html>", "a web page"),
        (b"lead_id,outcome\n1,\x00\x01\x02\n", "binary data"),
        (b"just some text\nand more\n", "the header is a single cell"),
        (b"\x1f\x8b\x08\x00broken", "the gz file is damaged"),
        (b"PAR1 but no more", "the Parquet file is damaged"),
        (b"PK\x03\x04 but no more", "the workbook is damaged"),
        (b'lead_id,outcome\n1,"open\n2,lost\n', 'row 2: a quote (") is opened and never closed'),
        (b"a,b\n1,2\n3,4,5\n", "row 3: 3 cells, but the header has 2"),
        (b"a,,a\n1,2,3\n", 'column "a": the name stands over column 1 and column 3'),
    ],
)
def test_files_that_are_no_table(content: bytes, message: str, tmp_path: Path) -> None:
    assert message in refused(content, tmp_path)


def test_a_zip_archive_is_no_table(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("leads.csv", GOOD)
    assert "it is a zip archive; unpack it" in refused(buffer.getvalue(), tmp_path)


def test_wrong_delimiter_names_the_right_one(tmp_path: Path) -> None:
    message = refused(GOOD.replace(",", ";"), tmp_path, delimiter=",")
    assert message == ('leads.csv: a comma separates nothing in the header; say delimiter = ";"')


def test_undecodable_bytes_name_row_and_setting(tmp_path: Path) -> None:
    content = GOOD.replace(",b\n", ",Città\n").encode("cp1252")
    message = refused(content, tmp_path)
    assert message.startswith("leads.csv, row 3: the text is not UTF-8")
    assert 'say encoding = "cp1252"' in message
    (tmp_path / "leads.csv").write_bytes(content)
    history = read_history(tmp_path / "leads.csv", leads=LeadColumns(encoding="cp1252"))
    rows = history.engine.query("SELECT x0 FROM leads ORDER BY lead_row")
    assert rows.column("x0").to_pylist() == ["a", "Città"]
    ascii_only = refused(content, tmp_path, encoding="ascii")
    assert "not ASCII" in ascii_only


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    message = refused(GOOD, tmp_path, created_at="create_at")
    assert message == (
        'leads.csv: there is no column "create_at" for [leads] created_at '
        '(did you mean "created_at"?)'
    )
    assert "it has" in refused(GOOD, tmp_path, amount="zzz")
    assert "[leads] outcome" in refused(GOOD.replace("outcome", "result"), tmp_path)
    assert "[leads] id" in refused(GOOD.replace("lead_id", "key"), tmp_path)
    assert 'no column "Industri" for ignore' in refused(GOOD, tmp_path, ignore=["Industri"])
    assert "[leads] exclude" in refused(GOOD, tmp_path, exclude={"Sorce": ["x"]})


def test_two_columns_but_for_case_must_be_named_exactly(tmp_path: Path) -> None:
    content = GOOD.replace("outcome,Industry", "STAGE,Stage")
    assert 'no column "stage"' in refused(content, tmp_path, outcome="stage")


def test_an_unknown_outcome_is_refused_where_nothing_is_mapped(tmp_path: Path) -> None:
    message = refused(GOOD.replace("open", "Negotiation"), tmp_path)
    assert message.startswith('leads.csv, column "outcome", row 3: "Negotiation" is not an outcome')
    assert "won = [...]" in message


def test_a_misspelt_won_value_names_the_nearest(tmp_path: Path) -> None:
    message = refused(GOOD, tmp_path, won=["convertd"])
    assert 'no row has the value "convertd" that won names (did you mean "converted"?)' in message


GERMAN = "lead_id,created_at,outcome\n1,2024-01-01,Gewonnen\n2,2024-01-02,Verloren\n"


def test_words_for_outcomes_of_another_language_are_refused_with_those_there_are(
    tmp_path: Path,
) -> None:
    message = refused(GERMAN, tmp_path, won=["Won"], lost=["Lost"])
    assert message == (
        'leads.csv, column "outcome": no row has the value "Won" that won names; the values are '
        '"Gewonnen", "Verloren"; name those that mean a customer in won = [...] under [leads]'
    )
    # an export of open leads alone is no error where nothing is learnt from it
    leads, needs = LeadColumns(won=["Won"]), Needs()
    assert read_history(tmp_path / "leads.csv", leads=leads, needs=needs).n_leads == 2


def test_a_value_of_won_that_no_lead_has_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(GERMAN)
    for mapped in ({"won": ["Gewonnen", "Paid"]}, {"won": ["Paid"], "lost": ["verloren"]}):
        with pytest.warns(CalibrateWarning, match='no row has the value "Paid" that won names'):
            history = read_history(tmp_path / "leads.csv", leads=LeadColumns(**mapped))
        assert history.n_leads == 2


def test_a_value_that_means_won_and_lost_is_refused(tmp_path: Path) -> None:
    message = refused(GERMAN, tmp_path, won=["Gewonnen", "Verloren"], lost=["verloren"])
    assert message == (
        'leads.csv, column "outcome": "verloren" stands in won = [...] and in lost = [...]; '
        "leave it in one of them"
    )


def test_ids_that_repeat_with_different_cells_are_refused(tmp_path: Path) -> None:
    message = refused(GOOD + "1,2024-01-01,lost,a\n", tmp_path)
    assert message.startswith(
        'leads.csv, column "lead_id", row 4: "1" stands in row 2 already, with another "outcome"'
    )


def test_unparsable_dates_are_refused_with_row_and_value(tmp_path: Path) -> None:
    message = refused(GOOD.replace("2024-01-02", "soon"), tmp_path)
    assert message.startswith('leads.csv, column "created_at", row 3: "soon" is not a date; say')
    assert "null_values" in message
    impossible = refused(GOOD.replace("2024-01-02", "2024-02-30"), tmp_path)
    assert 'row 3: "2024-02-30" is not a date' in impossible
    other = GOOD.replace("2024-01-01", "01/31/2024").replace("2024-01-02", "02/28/2024")
    told = refused(other, tmp_path, date_format="%d/%m/%Y")
    assert '"01/31/2024" is not a date; as date_format = "%d/%m/%Y" says' in told


def test_dates_that_could_be_read_two_ways_are_refused(tmp_path: Path) -> None:
    content = GOOD.replace("2024-01-01", "03/04/2024").replace("2024-01-02", "05/06/2024")
    message = refused(content, tmp_path)
    assert 'row 2: "03/04/2024" is day/month or month/day' in message
    assert 'say date_format = "%d/%m/%Y" or "%m/%d/%Y"' in message


def test_dates_in_two_orders_are_refused(tmp_path: Path) -> None:
    content = GOOD.replace("2024-01-01", "31/01/2024").replace("2024-01-02", "01/31/2024")
    assert "is written in another order" in refused(content, tmp_path)


def test_times_with_and_without_a_zone_are_refused(tmp_path: Path) -> None:
    content = GOOD.replace("2024-01-01", "2024-01-01T10:00:00Z").replace(
        "2024-01-02", "2024-01-02 10:00:00"
    )
    message = refused(content, tmp_path)
    assert message.startswith(
        'leads.csv, column "created_at", row 3: "2024-01-02 10:00:00" has no time zone'
    )


def test_amounts_that_are_none_or_ambiguous_are_refused(tmp_path: Path) -> None:
    content = "lead_id,outcome,amount\n1,open,1.5\n2,open,many\n"
    assert 'row 3: "many" is not a number' in refused(content, tmp_path)
    ambiguous = "lead_id;outcome;amount\n1;open;1.500\n2;open;2.500\n"
    message = refused(ambiguous, tmp_path)
    assert '"1.500" could be a decimal or thousands; say decimal' in message


def test_worked_must_be_yes_or_no(tmp_path: Path) -> None:
    assert "neither yes nor no" in refused(GOOD, tmp_path, worked="Industry")


def test_nothing_left_is_refused(tmp_path: Path) -> None:
    assert "no lead is left" in refused(GOOD, tmp_path, exclude={"Industry": ["a", "b"]})


def log_of(keys: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"lead_id": keys, "activity": "click", "occurred_at": "2024-01-02"})


def test_the_log_of_another_company_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(GOOD)
    log_of(["x", "y"]).to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(
        DataError, match=r'log.csv, column "lead_id": no activity belongs to a lead'
    ):
        read_history(tmp_path / "leads.csv", tmp_path / "log.csv")


def test_wins_of_another_company_are_refused(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(GOOD)
    (tmp_path / "wins.csv").write_text("lead_id,closed_at\nx,2024-01-09\n")
    with pytest.raises(DataError, match=r"wins.csv: no win belongs to a lead"):
        read_history(tmp_path / "leads.csv", None, tmp_path / "wins.csv")
    with pytest.raises(DataError, match=r"for \[outcomes\] lead"):
        read_history(
            tmp_path / "leads.csv",
            None,
            tmp_path / "wins.csv",
            outcomes=OutcomeColumns(lead="mql_id"),
        )


def test_a_log_without_its_columns_is_refused(tmp_path: Path) -> None:
    leads = pd.DataFrame({"lead_id": ["1"], "created_at": ["2024-01-01"], "outcome": ["open"]})
    log = log_of(["1"]).rename(columns={"occurred_at": "when"})
    with pytest.raises(DataError, match=r"\[activities\] occurred_at"):
        read_history(leads, log)
    with pytest.raises(DataError, match=r'did you mean "when"'):
        read_history(leads, log, activities=ActivityColumns(occurred_at="wen"))


def test_too_many_kinds_of_activity_are_refused() -> None:
    leads = pd.DataFrame({"lead_id": ["1"], "created_at": ["2024-01-01"], "outcome": ["open"]})
    pages = pd.DataFrame(
        {
            "lead_id": "1",
            "activity": [f"/page/{n}" for n in range(501)],
            "occurred_at": "2024-01-02",
        }
    )
    with pytest.raises(DataError, match="501 different activities are too many"):
        read_history(leads, pages)


def test_frames_that_are_none() -> None:
    with pytest.raises(DataError, match="the leads are a list"):
        read_history([1, 2])
    with pytest.raises(DataError, match="has no row"):
        read_history(pd.DataFrame({"lead_id": []}))
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(DataError, match="two columns have this name"):
        read_history(twice)
    levels = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    with pytest.raises(DataError, match="several levels"):
        read_history(levels)


def test_a_database_that_does_not_answer_is_one_line_without_its_password() -> None:
    url = "postgresql://me:secret@127.0.0.1:1/crm"
    settings = Settings(leads=LeadColumns(source="t"), database={"url": url})
    with pytest.raises(CalibrateError, match="cannot connect to the database") as refused:
        history_from_settings(settings)
    assert "secret" not in str(refused.value)


def test_a_later_as_of_is_refused() -> None:
    leads = pd.DataFrame({"lead_id": ["1"], "created_at": ["2024-01-01"], "outcome": ["open"]})
    history = read_history(leads, as_of="2024-02-01")
    with pytest.raises(ConfigError, match="the data ends at 2024-02-01"):
        history.at("2024-03-01")
    wide = read_history(leads.drop(columns="created_at"))
    assert wide.as_of is None
    with pytest.raises(ConfigError, match="no earlier state"):
        wide.at("2024-03-01")


def test_personal_data_stays_out_of_messages(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(
        "lead_id,created_at,outcome,contact\n1,2024-01-01,open,ann@example.com\n"
    )
    log = log_of(["bob@example.com"])
    with pytest.raises(DataError) as caught:
        read_history(tmp_path / "leads.csv", log)
    assert "@" not in str(caught.value)


def test_parquet_and_text_files_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    pd.DataFrame({"lead_id": ["9"]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match="Parquet and text files together"):
        read_history(str(tmp_path / "*"))


def test_a_damaged_gz_file_is_one_line(tmp_path: Path) -> None:
    packed = gzip.compress(GOOD.encode() * 50)
    assert "the gz file is damaged" in refused(packed[: len(packed) // 2], tmp_path)
