"""Settings: what they accept, and what they say about the rest."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.config import (
    ActivityColumns,
    CalibrationSettings,
    DatabaseSettings,
    EngineSettings,
    LeadColumns,
    Period,
    Settings,
    ThresholdSettings,
    load_settings,
    parse_duration,
    parse_moment,
    parse_period,
    quarter_of,
    quarters_before,
)
from calibrate.errors import ConfigError

DAY = dt.timedelta(days=1)
MOMENTS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2050, 1, 1))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2023Q4", (2023, 10, 1), (2024, 1, 1)),
        ("2023q1", (2023, 1, 1), (2023, 4, 1)),
        ("2023-Q2", (2023, 4, 1), (2023, 7, 1)),
        ("2023", (2023, 1, 1), (2024, 1, 1)),
        ("2023-10", (2023, 10, 1), (2023, 11, 1)),
        ("2023-12", (2023, 12, 1), (2024, 1, 1)),
        ("2023-07-01..2024-01-01", (2023, 7, 1), (2024, 1, 1)),
    ],
)
def test_periods_are_half_open(text: str, start: tuple[int, ...], end: tuple[int, ...]) -> None:
    period = parse_period(text)
    assert period == Period(start=dt.datetime(*start), end=dt.datetime(*end))
    assert dt.datetime(*start) in period
    assert dt.datetime(*end) not in period
    assert dt.datetime(*end) - dt.timedelta(microseconds=1) in period


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (None, "all"),
        ("all", "all"),
        (2023, "2023"),
        (("2023-10-01", "2024-01-01"), "2023Q4"),
        (["2023-10-01", "2023-11-01"], "2023-10"),
        (("2023-02-01", "2023-05-01"), "2023-02-01..2023-05-01"),
        ((None, "2023-05-01"), "..2023-05-01"),
        (("2023-05-01T12:00", None), "2023-05-01T12:00:00.."),
        ((dt.date(2023, 1, 1), dt.datetime(2024, 1, 1)), "2023"),
    ],
)
def test_a_period_has_one_name_however_it_is_written(value: object, label: str) -> None:
    assert parse_period(value).label == label


@given(MOMENTS)
def test_a_label_reads_back_as_its_period(moment: dt.datetime) -> None:
    for period in (quarter_of(moment), Period(start=moment, end=moment + DAY), Period(end=moment)):
        assert parse_period(period.label) == period


@given(MOMENTS, st.integers(1, 9))
def test_quarters_before_are_complete_and_adjoin(moment: dt.datetime, n: int) -> None:
    quarters = quarters_before(moment, n)
    assert len(quarters) == n
    assert quarters[-1].end == quarter_of(moment).start
    assert all(a.end == b.start for a, b in itertools.pairwise(quarters))
    assert moment in quarter_of(moment)


@pytest.mark.parametrize("value", ["2023Q5", "Q4", "soon", "2023-13", ("2024-01-01",), 1.5, True])
def test_what_is_no_period_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="is not a period"):
        parse_period(value)


def test_a_period_must_end_after_it_starts() -> None:
    with pytest.raises(ConfigError, match=r"must end after it starts, not 2024-01-01\.\.2023"):
        parse_period(("2024-01-01", "2023-01-01"))


def test_a_period_keeps_the_zone_it_is_written_with_until_it_meets_the_data() -> None:
    third = ("2024-07-01T00:00+02:00", "2024-10-01T00:00+02:00")  # midnights in Rome
    for written in (third, "..".join(third), CalibrationSettings(period=third).period):
        assert parse_period(written) == parse_period(third)
        assert parse_period(written, timezone="Europe/Rome") == parse_period("2024Q3")
        in_utc = parse_period(written, timezone="UTC")
        assert in_utc.start == dt.datetime(2024, 6, 30, 22)
    # Winter time has begun when the fourth quarter ends; an end without a zone is left alone.
    fourth = ("2024-10-01T00:00+02:00", "2025-01-01T00:00+01:00")
    assert parse_period(fourth, timezone="Europe/Rome").label == "2024Q4"
    assert parse_period((fourth[0], "2025-01-01"), timezone="Europe/Rome").label == "2024Q4"
    with pytest.raises(ConfigError, match="must end after it starts"):
        parse_period((fourth[0], "2024-09-30"), timezone="Europe/Rome")


@pytest.mark.parametrize(
    ("value", "days"),
    [("7D", 7), ("14 days", 14), ("1 day", 1), ("2 weeks", 14), ("36h", 1.5), (30, 30), (DAY, 1)],
)
def test_durations(value: object, days: float) -> None:
    assert parse_duration(value) == days * DAY


@pytest.mark.parametrize(
    "value", ["999999999D", "3650000D", "36526D", 10**20, "9" * 30 + "h", dt.timedelta.max]
)
def test_a_duration_no_calendar_holds_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="is too long; a hundred years are the most"):
        parse_duration(value)
    with pytest.raises(ConfigError, match=r"\[calibration\] horizon: .* is too long"):
        CalibrationSettings(horizon=value)


@pytest.mark.parametrize(
    "value", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+23:00", dt.date(2200, 1, 1)]
)
def test_a_year_no_export_has_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="lies outside 1900 to 2199"):
        parse_moment(value)
    with pytest.raises(ConfigError, match=r"\[calibration\] as_of: the year .* lies outside"):
        CalibrationSettings(as_of=value)


@pytest.mark.parametrize("value", ["0000Q1", "9999Q4", "0000", "0000-01", 9999, "..0001-01-01"])
def test_periods_of_such_years_are_refused_alike(value: object) -> None:
    with pytest.raises(ConfigError, match="lies outside 1900 to 2199"):
        parse_period(value)


def test_a_moment_with_a_zone_keeps_it_until_the_columns_name_theirs() -> None:
    moment = dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    for value in (moment, "2024-01-01T00:00+02:00"):
        assert CalibrationSettings(as_of=value).as_of == moment
        assert CalibrationSettings(as_of=value).as_of.utcoffset() == dt.timedelta(hours=2)


@pytest.mark.parametrize("value", ["", "7 moons", "-7D", 0, "0D", 1.5, None, True])
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="is not a length of time"):
        parse_duration(value)


def test_moments_are_naive_and_in_the_zone_asked_for() -> None:
    assert parse_moment(dt.date(2024, 1, 1)) == dt.datetime(2024, 1, 1)
    # 23:00 in UTC is midnight of the next day in Rome (UTC+1 in winter)
    midnight = parse_moment("2023-12-31T23:00Z", timezone="Europe/Rome")
    assert midnight == dt.datetime(2024, 1, 1)
    for value in ("31/12/2023", 20231231.5, None):
        with pytest.raises(ConfigError, match="is not a date"):
            parse_moment(value)


def test_columns_take_one_value_or_several() -> None:
    columns = LeadColumns(won="Won", lost=[0, False], exclude={"Source": "Test"}, null_values="-")
    assert columns.won == ("Won",)
    assert columns.lost == (0, False)
    assert columns.exclude == {"Source": ("Test",)}
    assert columns.null_values == ("-",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"creted_at": "x"}, r'\[leads\] has no key "creted_at" \(did you mean "created_at"\?\)'),
        ({"timezone": "Europe/Roma"}, r'no time zone is called "Europe/Roma" .*Europe/Rome'),
        ({"encoding": "ansi-x"}, 'no encoding is called "ansi-x"'),
        ({"decimal": ";"}, 'decimal is "," or "."'),
        ({"encoding": "base64"}, 'no encoding is called "base64"'),
        ({"encoding": "rot13"}, 'no encoding is called "rot13"'),
        ({"encoding": "punycode"}, 'no encoding is called "punycode"'),
        ({"encoding": "undefined"}, 'no encoding is called "undefined"'),
        ({"encoding": "a\0"}, "no encoding is called"),
        ({"delimiter": ";;"}, "delimiter is one character"),
        ({"delimiter": "é"}, "delimiter is one character"),
        ({"delimiter": "\n"}, "delimiter is one character"),
        ({"delimiter": '"'}, "delimiter cannot be the quote"),
        ({"date_format": "dd/mm"}, "date_format is written like"),
        ({"date_format": "%"}, "date_format is written like"),
        ({"date_format": "%Q%d"}, "date_format is written like"),
        ({"lead_url": "javascript:alert(1)//{lead_id}"}, "lead_url is written like"),
        ({"lead_url": "https://crm.example.com/"}, "lead_url is written like"),
        ({"id": 3}, r'\[leads\] id: .* not "3"'),
    ],
)
def test_wrong_columns_are_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LeadColumns(**given)


@pytest.mark.parametrize(
    "given",
    [
        *({"encoding": name} for name in ("cp1252", "utf-16", "UTF_32", "latin1", "shift_jis")),
        *({"delimiter": sign} for sign in (";", "\t", " ", "|")),
        *({"date_format": text} for text in ("%d/%m/%Y", "%-d.%-m.%y %H:%M", "100%% %Y%m%d")),
    ],
)
def test_columns_that_can_be_read_are_taken(given: dict[str, str]) -> None:
    assert LeadColumns(**given).model_dump(include=set(given)) == given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "magic"}, r"\[calibration\] method: "),
        ({"max_criteria": 0}, r"\[calibration\] max_criteria: "),
        ({"horizon": "soon"}, r'\[calibration\] horizon: "soon" is not a length of time'),
        ({"period": "soon"}, r'\[calibration\] period: "soon" is not a period'),
        ({"as_of": "01/02/2024"}, r'\[calibration\] as_of: "01/02/2024" is not a date'),
        ({"confidence_level": 95}, r"\[calibration\] confidence_level: "),
    ],
)
def test_wrong_calibration_settings_are_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CalibrationSettings(**given)


def test_settings_are_frozen_and_the_address_of_the_database_is_not_shown() -> None:
    database = DatabaseSettings(url="postgresql://me:secret@localhost/crm")
    assert "secret" not in repr(database)
    with pytest.raises(ConfigError, match='needs "url"'):
        DatabaseSettings()
    with pytest.raises(Exception, match="frozen"):
        database.url = "x"


def test_the_memory_of_the_engine_is_a_size() -> None:
    assert EngineSettings(memory_limit="1.5 GiB", threads=2).memory_limit == "1.5 GiB"
    assert EngineSettings(memory_limit="60%").temp_directory is None
    # A quarter of 100 GB, without an exponent, which the engine does not read.
    assert EngineSettings(memory_limit="100000000KB").memory_of_engine == "25000000KB"
    for refused in ("lots", "900%", "0GB", "1KB", "199MB"):
        with pytest.raises(ConfigError, match=r'\[engine\] memory_limit: write it like "4GB"'):
            EngineSettings(memory_limit=refused)
    with pytest.raises(ConfigError, match=r"\[engine\] threads"):
        EngineSettings(threads=0)


def test_capacity_of_all_people() -> None:
    assert ThresholdSettings(capacity=40, people=3).weekly_capacity == 120
    assert ThresholdSettings(capacity=40).weekly_capacity == 40
    assert ThresholdSettings().weekly_capacity is None


FULL = """\
[leads]
source = "deals.csv.gz"
created_at = "Created Time"
exclude = { "Source" = ["Test"] }
[outcomes]
source = "won.csv"
[activities]
source = "calls.parquet"
lead = "CONTACT ID"
[calibration]
as_of = 2024-01-01
period = "2023Q4"
fit_period = ["2023-07-01", "2024-01-01"]
snapshots = ["3D", 7]
[thresholds]
objective = "capacity"
capacity = 120
[database]
url = "postgresql://localhost/crm"
"""


def write(folder: Path, text: str, name: str = "calibrate.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    settings = load_settings(write(folder, FULL))
    assert settings.name is None  # the folder's name says nothing
    assert settings.folder == folder
    assert settings.calibration.as_of == dt.datetime(2024, 1, 1)
    assert settings.calibration.snapshots == (3 * DAY, 7 * DAY)
    assert settings.activities == ActivityColumns(source="calls.parquet", lead="CONTACT ID")
    assert "folder" not in settings.model_dump()
    elsewhere = load_settings(write(tmp_path, FULL, "q4.toml"))
    assert elsewhere.model_dump_json() == settings.model_dump_json()
    named = FULL.replace("[calibration]", '[calibration]\nname = "Acme"')
    assert load_settings(write(folder, named)).name == "Acme"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[leads]\nid = x", r"calibrate.toml is not valid TOML: .*line 2"),
        ("[lead]", r"there is no table \[lead\] \(did you mean \"leads\"\?\)"),
        ("leads = 3", r'"leads" must be a table, written \[leads\]'),
        ("", r"the table \[leads\] is missing"),
        ("a = " + "[" * 100_000, "is not valid TOML: nested too deeply"),
        ("a = " + "9" * 5_000, "is not valid TOML: "),
        ("[leads]", r'\[leads\] needs "source"'),
        ('[leads]\nsource="a"\n[activities]', r'\[activities\] needs "source"'),
        ("[leads]\nfrom_activities = true", r"needs the table \[activities\]"),
        ('[leads]\nsource="a"\nwonn="b"', r'\[leads\] has no key "wonn" \(did you mean "won"\?\)'),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings(write(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_leads_from_the_log_need_no_file_of_their_own(tmp_path: Path) -> None:
    text = '[leads]\nfrom_activities = true\n[activities]\nsource = "log.csv"'
    assert load_settings(write(tmp_path, text)).leads.source is None


def test_a_missing_or_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'there is no file "calibrate\.toml"; write one with'):
        load_settings(tmp_path / "calibrate.toml")
    with pytest.raises(ConfigError, match="is a folder"):
        load_settings(tmp_path)
    (tmp_path / "latin.toml").write_bytes("# città".encode("cp1252"))
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_settings(tmp_path / "latin.toml")


def test_settings_from_python() -> None:
    settings = Settings(leads=LeadColumns(source="leads.csv"))
    assert settings.name is None
    with pytest.raises(ConfigError, match='needs "leads"'):
        Settings()
