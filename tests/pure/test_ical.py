from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.rosters.ical import Event, escaped, folded, stamp, written

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy with other things."""
AT = datetime(2026, 11, 28, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_a_calendar_is_written_line_by_line() -> None:
    event = Event("7-20261128T010000Z", AT, AT + timedelta(hours=3), "值班：湖滨社区", "湖滨路 8 号, 一楼")
    text = written("值班表", [event], datetime(2026, 11, 23, tzinfo=UTC))
    assert text.split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Jiban//Duty roster//EN",
        "METHOD:PUBLISH",
        "NAME:值班表",
        "X-WR-CALNAME:值班表",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "BEGIN:VEVENT",
        "UID:7-20261128T010000Z@jiban",
        "DTSTAMP:20261123T000000Z",
        "DTSTART:20261128T010000Z",
        "DTEND:20261128T040000Z",
        "SUMMARY:值班：湖滨社区",
        "LOCATION:湖滨路 8 号\\, 一楼",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_a_calendar_without_duties_is_still_one() -> None:
    text = written("值班表", [], AT)
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert "VEVENT" not in text


@pytest.mark.parametrize(
    ("plain", "safe"),
    [
        ("a;b,c\\d", "a\\;b\\,c\\\\d"),
        ("one\ntwo\r\nthree\rfour", "one\\ntwo\\nthree\\nfour"),
        ("\x00bell\x07\x7f", "bell"),
        ("\\n", "\\\\n"),
        ("", ""),
    ],
)
def test_what_would_end_a_value_is_escaped(plain: str, safe: str) -> None:
    assert escaped(plain) == safe


def test_stamps_are_in_utc() -> None:
    assert stamp(AT) == "20261128T010000Z"


@CALM
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=400))
def test_folding_keeps_lines_short_and_characters_whole(text: str) -> None:
    lines = folded(text).split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
    assert "".join([lines[0], *(line[1:] for line in lines[1:])]) == text


@CALM
@given(st.text(max_size=60))
def test_no_text_makes_a_line_of_its_own(text: str) -> None:
    found = written(text.encode("utf-8", "ignore").decode(), [], AT).split("\r\n")
    assert [line.split(":")[0].split(";")[0] for line in found if line and line[0] != " "] == [
        "BEGIN",
        "VERSION",
        "PRODID",
        "METHOD",
        "NAME",
        "X-WR-CALNAME",
        "REFRESH-INTERVAL",
        "END",
    ]
