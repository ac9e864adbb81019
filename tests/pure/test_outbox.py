from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from service.outbox.channels import mail_of
from service.outbox.messages import DIGEST, OUTSIDE, TEMPLATES, TRIAL
from service.outbox.rules import MOST_TRIES, earliest, next_try
from service.outbox.texts import FOLDER, SAMPLE_NUMBER, sample

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(("tries", "seconds"), [(1, 30), (2, 60), (3, 120), (7, 1920)])
def test_pauses_between_tries_grow(tries: int, seconds: int) -> None:
    assert next_try(tries, AT) == AT + timedelta(seconds=seconds)


def test_after_the_last_try_a_notice_is_given_up() -> None:
    assert next_try(MOST_TRIES, AT) is None


@pytest.mark.parametrize(
    ("written", "wakes", "delivered"),
    [
        ("2026-11-23 14:00", False, "2026-11-23 14:00"),
        ("2026-11-23 21:59", False, "2026-11-23 21:59"),
        ("2026-11-23 22:00", False, "2026-11-24 07:00"),
        ("2026-11-24 02:30", False, "2026-11-24 07:00"),
        ("2026-11-24 06:59", False, "2026-11-24 07:00"),
        ("2026-11-24 07:00", False, "2026-11-24 07:00"),
        ("2026-11-24 02:30", True, "2026-11-24 02:30"),
    ],
)
def test_at_night_only_what_may_wake_is_delivered(written: str, wakes: bool, delivered: str) -> None:
    at, then = (datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) for text in (written, delivered))
    assert earliest(at, wakes=wakes, zone=SHANGHAI) == then


NAMES_NO_CASE = {TRIAL, DIGEST, "mine", *OUTSIDE}
"""About no single case, or to somebody outside, whom it tells only that there is something behind a link."""


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_notice_has_its_text_in_both_languages(template: str, language: str) -> None:
    subject, body = sample(template, language, public_url="https://jiban.example")
    if template not in NAMES_NO_CASE and not template.startswith("swap_"):
        assert SAMPLE_NUMBER in subject
    assert subject
    assert "https://jiban.example/" in body or template == "job_withdrawn", "there is nothing left to see"
    assert template not in OUTSIDE or SAMPLE_NUMBER not in subject + body, "a party must not know the case"
    assert "{" not in subject + body


def test_there_is_no_text_without_a_notice() -> None:
    for language in ("zh", "en"):
        assert {path.stem for path in Path(FOLDER / language).iterdir()} == set(TEMPLATES)


def test_each_notice_has_a_message_id_of_its_own_whatever_its_key_holds() -> None:
    keys = ["escalated:12:1:due:7", "escalated:12:1:due:8", "重复 <x>@y"]
    mails = [mail_of(key=key, sender="a@jiban", address="b@x.example", subject="s", body="b") for key in keys]
    found = [str(message_from_bytes(mail.as_bytes(), policy=default)["Message-ID"]) for mail in mails]
    assert [unquote(one) for one in found] == [f"<{key}@jiban>" for key in keys]
