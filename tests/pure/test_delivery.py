"""What decides about notices without a database: addresses, answers, waits, digests, channels in turn."""

import hashlib
import hmac
import socket
import subprocess
import sys
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from service.delivery.addresses import AddressRefusedError, allowed_hosts, checked, is_public
from service.delivery.answers import complaint
from service.delivery.forms import ChannelDetails, check_channel, check_wishes, masked_address
from service.delivery.postman import SERVICES, masked
from service.delivery.webhook import signature
from service.errors import InvalidFieldsError
from service.outbox.rules import (
    AS_USUAL,
    FIRST_PAUSE,
    SPREAD,
    STORM,
    TRIES_BEFORE_NEXT,
    Channel,
    Digest,
    Wishes,
    are_gathered,
    failures_of,
    next_try,
    released_at,
    route,
    still_open,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 2, 20, tzinfo=UTC)
"""Monday, 10:20 in Shanghai."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1", "fec0::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_no_public_ones_in_whatever_dress(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]".strip("[]")])
def test_however_loopback_is_written_it_is_refused(host: str) -> None:
    with pytest.raises(AddressRefusedError):
        checked(host, 80)


def test_a_name_with_one_inside_address_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 80)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.7"):
        checked("two.example", 80)
    assert checked("two.example", 80, allowed_hosts("TWO.example, other")).target == ("8.8.8.8", 80)
    assert checked("two.example", 80, allowed_hosts("two.example:80")).target == ("8.8.8.8", 80)
    with pytest.raises(AddressRefusedError):
        checked("two.example", 80, allowed_hosts("two.example:81"))


@pytest.mark.parametrize(
    ("body", "is_fine"),
    [
        (b"", True), (b"ok", True), (b"[]", True), (b'{"errcode": 0, "errmsg": "ok"}', True), (b'{"code": 200}', True),
        (b'{"ok": true}', True), (b'{"StatusCode": 0}', True), (b'{"error": null}', True), (b"\xff\xfe", True),
        (b'{"errcode": 93000, "errmsg": "invalid webhook url"}', False), (b'{"code": 19001, "msg": "x"}', False),
        (b'{"ok": false, "description": "chat not found"}', False), (b'{"success": false}', False),
        (b'{"error": "quota"}', False), (b'{"StatusCode": 9499}', False),
    ],
)  # fmt: skip
def test_an_answer_with_a_good_status_may_still_say_no(body: bytes, is_fine: bool) -> None:
    assert (complaint(body) == "") is is_fine


def test_the_reason_of_a_complaint_is_told() -> None:
    assert "invalid webhook url" in complaint(b'{"errcode": 93000, "errmsg": "invalid webhook url"}')


def test_a_signature_is_what_the_documentation_says() -> None:
    expected = hmac.new(b"a secret of many", b"1764000000." + b'{"id":"1"}', hashlib.sha256).hexdigest()
    assert signature("a secret of many", "1764000000", b'{"id":"1"}') == f"v1={expected}"


def test_pauses_are_spread_and_a_channel_gives_up_earlier_where_another_follows() -> None:
    assert next_try(1, NOW, spread=1.0) == NOW + FIRST_PAUSE * (1 + SPREAD)
    assert next_try(TRIES_BEFORE_NEXT, NOW, another_follows=True) is None
    assert next_try(TRIES_BEFORE_NEXT, NOW) is not None


@pytest.mark.parametrize(
    ("written", "wishes", "wakes", "in_storm", "released"),
    [
        ("2026-11-23 10:20", AS_USUAL, False, False, "2026-11-23 10:20"),
        ("2026-11-23 10:20", AS_USUAL, False, True, "2026-11-23 11:00"),
        ("2026-11-23 10:20", AS_USUAL, True, True, "2026-11-23 10:20"),
        ("2026-11-23 10:20", Wishes(digest=Digest.HOURLY), False, False, "2026-11-23 11:00"),
        ("2026-11-23 21:20", Wishes(digest=Digest.HOURLY), False, False, "2026-11-24 07:00"),
        ("2026-11-23 10:20", Wishes(digest=Digest.DAILY), False, False, "2026-11-24 08:00"),
        ("2026-11-23 07:20", Wishes(digest=Digest.DAILY), False, False, "2026-11-23 08:00"),
        ("2026-11-23 10:20", Wishes(digest=Digest.DAILY), True, False, "2026-11-23 10:20"),
        ("2026-11-23 20:30", Wishes(quiet_from=time(20), quiet_to=time(9)), False, False, "2026-11-24 09:00"),
        ("2026-11-24 08:30", Wishes(quiet_from=time(20), quiet_to=time(9)), False, False, "2026-11-24 09:00"),
        ("2026-11-23 20:30", Wishes(quiet_from=time(20), quiet_to=time(9)), True, False, "2026-11-23 20:30"),
    ],
)
def test_a_notice_is_released_when_its_reader_wants_it(
    written: str, wishes: Wishes, wakes: bool, in_storm: bool, released: str
) -> None:
    assert released_at(at(written), wishes, wakes=wakes, in_storm=in_storm, zone=SHANGHAI) == at(released)


@pytest.mark.parametrize(
    ("due", "digest", "wakes", "lately", "gathered"),
    [
        (1, Digest.DAILY, False, 0, False),
        (2, Digest.AT_ONCE, False, 0, False),
        (2, Digest.HOURLY, False, 0, True),
        (2, Digest.AT_ONCE, False, STORM, True),
        (STORM, Digest.AT_ONCE, False, 0, False),
        (STORM + 1, Digest.AT_ONCE, False, 0, True),
        (STORM + 1, Digest.AT_ONCE, True, 0, True),
        (2, Digest.DAILY, True, STORM, False),
    ],
)
def test_storms_and_wished_digests_are_gathered(
    due: int, digest: Digest, wakes: bool, lately: int, gathered: bool
) -> None:
    assert are_gathered(due, Wishes(digest=digest), wakes=wakes, lately=lately) is gathered


def test_channels_are_those_wished_then_the_usual_ones_then_the_own_page() -> None:
    assert route(Wishes(("7", "mail")), ["mail"], ["mail", "7"]) == ["7", "mail"]
    assert route(Wishes(("9",)), ["mail", "7"], ["mail", "7"]) == ["mail", "7"]
    assert route(AS_USUAL, ["mail"], []) == ["log"]


def test_a_channel_that_gave_up_is_over_until_somebody_tries_again() -> None:
    tried = [
        {"by": "mail", "ok": False, "last": False},
        {"by": "mail", "ok": False, "last": True},
    ]
    assert still_open(["mail", "7"], tried) == ["7"]
    assert failures_of("mail", tried) == 2
    again = [*tried, {"by": "", "ok": False, "last": False}]
    assert still_open(["mail", "7"], again) == ["mail", "7"]
    assert failures_of("mail", again) == 0


WEBHOOK = ChannelDetails("平台", Channel.WEBHOOK, "https://hooks.example/a?b=1", "a secret of sixteen")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, None),
        ({"name": ""}, "name"),
        ({"name": "长" * 61}, "name"),
        ({"kind": Channel.MAIL}, "kind"),
        ({"address": "ftp://hooks.example"}, "address"),
        ({"address": "file:///etc/passwd"}, "address"),
        ({"address": "https://user:word@hooks.example"}, "address"),
        ({"address": "https://[bad"}, "address"),
        ({"address": "https://hooks.example/\r\nX: y"}, "address"),
        ({"address": "https://" + "a" * 3000}, "address"),
        ({"address": "{public_url}/x"}, None),
        ({"secret": "short"}, "secret"),
        ({"kind": Channel.APPRISE, "address": "wecombot://key-of-a-group"}, None),
        ({"kind": Channel.APPRISE, "address": "syslog://"}, "address"),
        ({"kind": Channel.APPRISE, "address": "json://10.0.0.1/"}, "address"),
        ({"kind": Channel.APPRISE, "address": "apprises://10.0.0.1/"}, "address"),
    ],
)
def test_a_channel_is_checked_before_it_is_kept(changes: dict[str, object], wrong: str | None) -> None:
    details = ChannelDetails(**(WEBHOOK.__dict__ | changes))
    if wrong is None:
        check_channel(details, is_new=True)
    else:
        with pytest.raises(InvalidFieldsError) as caught:
            check_channel(details, is_new=True)
        assert wrong in caught.value.fields


def test_a_night_may_be_made_longer_but_not_shorter() -> None:
    check_wishes(Wishes(("mail",), quiet_from=time(20), quiet_to=time(8)), ["mail"])
    for wishes in (
        Wishes(("sms",)),
        Wishes(("mail", "mail")),
        Wishes(quiet_from=time(23)),
        Wishes(quiet_to=time(6)),
        Wishes(quiet_to=time(13)),
    ):
        with pytest.raises(InvalidFieldsError):
            check_wishes(wishes, ["mail"])


def test_what_is_shown_of_an_address_holds_no_key() -> None:
    assert masked_address(Channel.WEBHOOK, "https://hooks.example/T0KEN?key=5ECRET") == "https://hooks.example/****"
    assert masked_address(Channel.APPRISE, "wecombot://5ECRET") == "wecombot://****"
    told = masked("POST https://oapi.dingtalk.com/robot?access_token=5ECRETKEY failed", "dingtalk://5ECRETKEY/1380013")
    assert "5ECRETKEY" not in told


def test_the_services_offered_are_known_to_apprise_and_neither_web_nor_worker_holds_it() -> None:
    """In processes of their own: what is imported here may be there already."""
    known = (
        "import apprise, service.delivery.postman as p\n"
        "d = apprise.Apprise().details()['schemas']\n"
        "k = {n for s in d for n in [*(s['protocols'] or []), *(s['secure_protocols'] or [])]}\n"
        "assert not set(p.SERVICES) - k, set(p.SERVICES) - k"
    )
    subprocess.run([sys.executable, "-c", known], check=True, timeout=60)
    bare = "import sys, service.app, workers.outbox\nassert not {'apprise', 'requests'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", bare], check=True, timeout=60)
    assert len(set(SERVICES)) == len(SERVICES)
