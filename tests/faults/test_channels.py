"""Channels that behave badly, and processes that are killed: real sockets, real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from sqlmodel import Session, select

from service import database
from service.database import connect
from service.delivery import webhook
from service.delivery.changes import add_channel
from service.delivery.forms import ChannelDetails
from service.delivery.jobs import Channels, Job, webhook_body
from service.delivery.postman import Postman
from service.delivery.webhook import Webhook, signature
from service.embedded import EmbeddedServers
from service.migrations.run import config, migrate
from service.outbox.actions import write
from service.outbox.channels import DeliveryFailedError, MailTransport
from service.outbox.messages import Message, Recipient
from service.outbox.rules import Channel, NoticeState
from service.outbox.tables import Notice
from service.settings import get_settings
from service.web.deps import real_now
from tests.people import Town, build_town
from tests.receiver import Mailbox, Receiver, mailbox, receiving

ROOT = Path(__file__).parents[2]
SECRET = "a secret of sixteen"
AT = datetime(2026, 11, 24, tzinfo=UTC)
AS_A_WORKER = (
    "from workers.app import app\napp.loader.import_default_modules()\napp.tasks['outbox.sweep'].apply(throw=True)"
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as state:
        yield state


@pytest.fixture
def inbox() -> Iterator[Mailbox]:
    with mailbox() as state:
        yield state


def send(receiver: Receiver, url: str = "", *, allowed: bool = True) -> str:
    hook = Webhook(url or receiver.url, SECRET, {receiver.host} if allowed else ())
    return hook.send(key="k1", body=b'{"id":"k1"}', at=AT)


def test_a_webhook_is_signed_and_carries_its_key(receiver: Receiver) -> None:
    assert send(receiver) == "The receiver took it: HTTP 200"
    (came,) = receiver.requests
    assert came.headers["idempotency-key"] == "k1"
    assert came.headers["jiban-timestamp"] == str(int(AT.timestamp()))
    assert came.headers["jiban-signature"] == signature(SECRET, came.headers["jiban-timestamp"], came.body)


@pytest.mark.parametrize(
    ("status", "answer", "permanent"),
    [(500, b"", False), (503, b"", False), (429, b"", False), (404, b"", True), (401, b"", True),
     (200, b'{"errcode": 93000, "errmsg": "no such robot"}', False), (200, b'{"ok": false}', False)],
)  # fmt: skip
def test_bad_answers_are_failures(receiver: Receiver, status: int, answer: bytes, permanent: bool) -> None:
    receiver.status, receiver.answer = status, answer
    with pytest.raises(DeliveryFailedError) as failed:
        send(receiver)
    assert failed.value.permanent is permanent
    assert not failed.value.is_away


def test_a_redirect_to_an_inside_address_is_not_followed(receiver: Receiver) -> None:
    with receiving() as inside:
        receiver.status, receiver.location = 307, inside.url
        with pytest.raises(DeliveryFailedError, match="redirects"):
            send(receiver)
        assert inside.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433"])
def test_an_inside_address_is_never_called(receiver: Receiver, host: str) -> None:
    with pytest.raises(DeliveryFailedError):
        send(receiver, f"http://{host}:{receiver.port}/", allowed=False)
    assert receiver.requests == []


def test_a_name_is_looked_up_once_and_the_checked_address_is_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers otherwise the second time (DNS rebinding) gains nothing."""
    import socket

    asked: list[str] = []
    real = socket.getaddrinfo

    def once(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", receiver.port, type=socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    hook = Webhook(f"http://rebind.example:{receiver.port}/", SECRET, {"rebind.example"})
    assert hook.send(key="k", body=b"{}", at=AT) == "The receiver took it: HTTP 200"
    assert asked == ["rebind.example"]
    assert receiver.requests[0].headers["host"] == f"rebind.example:{receiver.port}"


@pytest.mark.parametrize("way", ["hangs", "drips"])
def test_a_receiver_that_hangs_or_drips_is_left_in_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(webhook, "DONE_WITHIN", 0.5)
    setattr(receiver, way, 3.0 if way == "hangs" else 0.2)
    receiver.answer = b"x" * 100
    begun = time.monotonic()
    with pytest.raises(DeliveryFailedError) as failed:
        send(receiver)
    assert time.monotonic() - begun < 2
    assert failed.value.is_away


def test_of_a_huge_answer_only_the_beginning_is_read(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "MOST_ANSWER", 10)
    receiver.answer = b"y" * 5000
    assert send(receiver) == "The receiver took it: HTTP 200"


def test_nobody_there_is_a_failure_of_the_channel() -> None:
    with pytest.raises(DeliveryFailedError) as failed:
        Webhook("http://127.0.0.1:1/", SECRET, {"127.0.0.1"}).send(key="k", body=b"", at=AT)
    assert failed.value.is_away


def test_apprise_sends_to_what_is_allowed_and_says_why_not(receiver: Receiver) -> None:
    address = f"ntfy://127.0.0.1:{receiver.port}/topicsecret"
    with Postman(receiver.host) as postman:
        assert postman.send(address, subject="新工单", body="请查看") == "The receiver took it: Apprise"
        assert receiver.requests[0].said["message"] == "请查看"
        receiver.status = 500
        with pytest.raises(DeliveryFailedError) as failed:
            postman.send(address, subject="a", body="b")
        assert "topicsecret" not in str(failed.value)
        receiver.status, receiver.answer = 200, b'{"errcode": 93000, "errmsg": "no such robot"}'
        with pytest.raises(DeliveryFailedError, match="no such robot"):
            postman.send(address, subject="a", body="b")
        with pytest.raises(DeliveryFailedError) as failed:
            postman.send("wecombot://", subject="a", body="b")
        assert failed.value.permanent


def test_apprise_reaches_nothing_inside_and_follows_no_redirect(receiver: Receiver) -> None:
    with Postman("") as fenced, pytest.raises(DeliveryFailedError):
        fenced.send(f"ntfy://localhost:{receiver.port}/topic", subject="a", body="b")
    assert receiver.requests == []
    # Both may be called, so that only the redirect itself stands in the way.
    with receiving() as inside, Postman(f"{receiver.host}, {inside.host}") as postman:
        receiver.status, receiver.location = 307, inside.url
        with pytest.raises(DeliveryFailedError, match="redirect"):
            postman.send(f"ntfy://127.0.0.1:{receiver.port}/topic", subject="a", body="b")
        assert inside.requests == []


def test_apprise_that_hangs_is_ended_and_the_next_message_gets_through(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"ntfy://127.0.0.1:{receiver.port}/topic"
    with Postman(receiver.host) as postman:
        postman.send(address, subject="a", body="b")
        monkeypatch.setattr("service.delivery.postman.DONE_WITHIN", 0.5)
        receiver.hangs = 3
        with pytest.raises(DeliveryFailedError) as failed:
            postman.send(address, subject="a", body="b")
        assert failed.value.is_away
        receiver.hangs = 0
        assert postman.send(address, subject="a", body="b") == "The receiver took it: Apprise"


def test_mail_carries_its_key_and_a_way_out(inbox: Mailbox) -> None:
    post = MailTransport(f"smtp://127.0.0.1:{inbox.port}", "jiban@example.org")
    post.send(key="k1", address="li@example.org", subject="新工单", body="请查看\n", unsubscribe="https://x.example/s")
    assert "Message-ID: <k1@jiban>" in inbox.mails[0]
    assert "List-Unsubscribe: <https://x.example/s>" in inbox.mails[0]


@pytest.mark.parametrize(("answer", "permanent"), [("550 no such mailbox", True), ("450 come back later", False)])
def test_mail_that_is_refused_says_whether_for_good(inbox: Mailbox, answer: str, permanent: bool) -> None:
    inbox.refuses = answer
    post = MailTransport(f"smtp://127.0.0.1:{inbox.port}", "jiban@example.org")
    with pytest.raises(DeliveryFailedError) as failed:
        post.send(key="k1", address="li@example.org", subject="a", body="b")
    assert failed.value.permanent is permanent


@pytest.mark.parametrize(
    ("answer", "permanent", "is_away"),
    [("451 come back later", False, False), ("554 no such content", True, False), ("", False, False),
     ("421 closing", False, True)],
)  # fmt: skip
def test_what_happens_to_one_mail_says_nothing_of_the_next_unless_the_server_leaves(
    inbox: Mailbox, answer: str, permanent: bool, is_away: bool
) -> None:
    inbox.answers = answer
    post = MailTransport(f"smtp://127.0.0.1:{inbox.port}", "jiban@example.org")
    with pytest.raises(DeliveryFailedError) as failed:
        post.send(key="k1", address="li@example.org", subject="a", body="b")
    assert (failed.value.permanent, failed.value.is_away) == (permanent, is_away)


def test_a_mail_server_that_falls_silent_is_away(monkeypatch: pytest.MonkeyPatch, inbox: Mailbox) -> None:
    monkeypatch.setattr("service.outbox.channels.SMTP_TIMEOUT_SECONDS", 0.3)
    inbox.hangs = 1
    with pytest.raises(DeliveryFailedError) as failed:
        MailTransport(f"smtp://127.0.0.1:{inbox.port}", "a@b.example").send(
            key="k1", address="li@example.org", subject="a", body="b"
        )
    assert failed.value.is_away


@pytest.mark.parametrize("bad", ["li@example.org\r\nBcc: all@example.org", "\n"])
def test_an_address_that_would_add_headers_is_refused(inbox: Mailbox, bad: str) -> None:
    post = MailTransport(f"smtp://127.0.0.1:{inbox.port}", "jiban@example.org")
    with pytest.raises(DeliveryFailedError) as failed:
        post.send(key="k1", address=bad, subject="a", body="b")
    assert failed.value.permanent
    assert inbox.mails == []


def test_a_webhook_tells_what_the_documentation_says(receiver: Receiver) -> None:
    said = {"notice": "assigned", "number": "1", "to": "li.qiang", "language": "zh", "written_at": AT.isoformat()}
    job = Job(1, 1, "k1", "1", Channel.WEBHOOK, receiver.url, SECRET, "新工单", "请查看", "", said)
    settings = get_settings().model_copy(update={"internal_hosts": receiver.host})
    with Postman("") as postman:
        Channels(settings, AT, AT)(job, postman)
    assert receiver.requests[0].body == webhook_body(job)
    assert receiver.requests[0].said == {"id": "k1", "subject": "新工单", "text": "请查看", **said}


@pytest.fixture
def machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedServers]:
    with EmbeddedServers(folder / "data") as servers:
        engine = connect(servers.database_url, pool_size=2)
        monkeypatch.setattr(database, "get_engine", lambda: engine)
        migrate(engine)
        yield servers
        engine.dispose()


def _sweeping(servers: EmbeddedServers, receiver: Receiver) -> "subprocess.Popen[bytes]":
    more = {"JIBAN_INTERNAL_HOSTS": receiver.host}
    return subprocess.Popen(
        [sys.executable, "-c", AS_A_WORKER],
        env=os.environ | servers.environment | more, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_one_killed_between_sending_and_writing_down_repeats_at_most_once_with_the_same_key(
    machine: EmbeddedServers, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in machine.environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        _kill_between(machine, receiver)
    finally:
        get_settings.cache_clear()


def _kill_between(machine: EmbeddedServers, receiver: Receiver) -> None:
    engine = database.get_engine()
    now = real_now()
    with Session(engine, expire_on_commit=False) as session:
        town: Town = build_town(session)
        details = ChannelDetails("hook", Channel.WEBHOOK, receiver.url, SECRET, is_usual=True)
        add_channel(session, details, by=None, now=now)
        people = [town.li_qiang, town.he_jun, town.wu_dan]
        told = [Message(f"k{p.id}", "nudge_note", Recipient("zh", None, p.id), {"number": "1"}, True) for p in people]
        write(session, told, None, now - timedelta(seconds=1))
        session.commit()

    receiver.hangs = 5
    process = _sweeping(machine, receiver)
    assert receiver.came.wait(30)
    process.send_signal(signal.SIGKILL)
    process.wait()
    receiver.hangs = 0
    assert _sweeping(machine, receiver).wait(60) == 0
    assert sum(receiver.by_key().values()) == 1, "the lease holds while it could still be sending"

    with engine.begin() as connection:
        lapsed = sa.update(Notice).where(Notice.state == NoticeState.WAITING)  # type: ignore[arg-type]
        connection.execute(lapsed.values(next_try_at=now))
    assert _sweeping(machine, receiver).wait(60) == 0
    assert _sweeping(machine, receiver).wait(60) == 0
    assert sorted(receiver.by_key().values()) == [1, 1, 2], "one repeat of the one that was on its way"
    with Session(engine) as session:
        assert {n.state for n in session.exec(select(Notice))} == {NoticeState.SENT}


def test_the_migration_goes_down_and_up_again_with_notices_in_every_state(machine: EmbeddedServers) -> None:
    engine = database.get_engine()
    with Session(engine) as session:
        town = build_town(session)
        told = [
            Message(f"k{n}", "nudge_note", Recipient("zh", None, town.li_qiang.id), {"number": "1"})
            for n in range(len(NoticeState))
        ]
        write(session, told, None, AT)
        rows = session.exec(select(Notice)).all()
        for row, state in zip(rows, NoticeState, strict=True):
            row.state = state
            row.channel = Channel.WEBHOOK
            session.add(row)
        session.commit()
    with engine.connect() as connection:
        command.downgrade(config(connection), "b27f40d9e6a1")
        connection.commit()
        states = set(connection.scalars(sa.text("SELECT DISTINCT state FROM notices")))
        assert states == {"waiting", "sent", "given_up", "dropped"}
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(sa.text("UPDATE notices SET state = 'gathered'"))
        command.upgrade(config(connection), "head")
        connection.commit()
        assert connection.scalar(sa.text("SELECT count(*) FROM notices WHERE attempts = '[]'")) == len(NoticeState)
