"""What people see of notices: their own, the whole outbox, channels, texts, the way out for residents, the catcher."""

from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from service.audit.queries import broken_chains
from service.audit.tables import AuditEntry
from service.delivery.changes import add_channel
from service.delivery.forms import ChannelDetails
from service.delivery.ways import stop_token
from service.delivery.webhook import signature
from service.outbox.actions import write
from service.outbox.messages import TEMPLATES, Message, Recipient
from service.outbox.reasons import Reason
from service.outbox.rules import Channel, Digest, NoticeState
from service.outbox.tables import Caught, ChannelRow, Notice, NoticeWishes, Unsubscribed
from service.secrecy import decrypt
from service.settings import get_settings
from service.web.notices import CATCHER
from tests.builders import WITH_MAIL, received
from tests.people import Town
from tests.web.conftest import Browser

SECRET = "a secret of sixteen"
NASTY = ["", "长" * 10_000, "\x00\x07\x1b", "<script>alert(1)</script>", "'; DROP TABLE channels; --"]


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


@pytest.fixture
def hook(session: Session, town: Town, now: datetime) -> ChannelRow:
    details = ChannelDetails("值班平台", Channel.WEBHOOK, "https://hooks.example/T0KEN", SECRET)
    row = add_channel(session, details, by=None, now=now)
    session.commit()
    return row


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.web.notices.get_settings", lambda: get_settings().model_copy(update={"demo": True}))


def failed(session: Session, town: Town, now: datetime, **more: Any) -> Notice:
    to = Recipient("zh", None, town.li_qiang.id)
    write(session, [Message("k1", "nudge_urge", to, {"number": "20261123-00001-1"})], None, now)
    notice = session.exec(select(Notice).where(Notice.key == "k1")).one()
    about = {"state": NoticeState.GIVEN_UP, "failure": "HTTP 500 <b>"} | more
    for name, value in about.items():
        setattr(notice, name, value)
    tried = {"at": now.isoformat(), "by": "mail", "ok": False, "said": "HTTP 500 <b>", "last": True}
    notice.attempts = [tried]
    session.add(notice)
    session.commit()
    return notice


PAGES = ("/admin/outbox", "/admin/outbox?state=sent", "/admin/outbox/texts", "/admin/outbox/channels",
         "/admin/outbox/channels/new", "/notices", "/notices/wishes")  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_speaks_both_languages(admin: Browser, path: str, language: str) -> None:
    page = admin.speak(language).get(path)
    assert ("通知" if language == "zh" else "otices") in page.text


@pytest.mark.parametrize("path", [p for p in PAGES if p.startswith("/admin")])
def test_the_outbox_is_for_administrators(browse: Browser, town: Town, path: str) -> None:
    browse.sign_in(town.chen_jing).get(path, 403)


def test_everybody_sees_what_was_sent_to_them_and_nothing_else(
    browse: Browser, session: Session, town: Town, now: datetime
) -> None:
    failed(session, town, now)
    assert "20261123-00001-1" in browse.sign_in(town.li_qiang).get("/notices").text
    assert "20261123-00001-1" not in browse.sign_in(town.sun_li).get("/notices").text
    browse.get("/notices?page=99999999999999999999")


def test_an_administrator_sees_why_a_notice_failed_and_tries_it_again(
    admin: Browser, session: Session, town: Town, now: datetime
) -> None:
    notice = failed(session, town, now)
    listed = admin.get("/admin/outbox")
    assert "HTTP 500 <b>" in listed.text, "escaped, and told"
    page = admin.get(f"/admin/outbox/{notice.id}")
    assert "20261123-00001-1" in page.text
    admin.get(admin.post(page, "/again").to.partition("?")[0])
    session.expire_all()
    assert notice.state is NoticeState.WAITING
    admin.post(admin.get(f"/admin/outbox/{notice.id}"), "/let-go")
    session.expire_all()
    assert notice.state is NoticeState.LET_GO
    actions = session.exec(select(AuditEntry.action).where(AuditEntry.subject_kind == "notice")).all()
    assert sorted(actions) == ["notice.again", "notice.let-go"]
    assert not broken_chains(session)
    assert "form" not in str(admin.get(f"/admin/outbox/{notice.id}").html.select("main form[action*=again]"))
    assert "通知作罢" in admin.get("/admin/history?kind=notice").text


def test_why_is_said_in_the_readers_language_and_a_servers_answer_is_quoted(
    admin: Browser, session: Session, town: Town, now: datetime
) -> None:
    kept = Reason.MAIL_REFUSED.quoting("550 5.1.1 <b> no such user")
    notice = failed(session, town, now, failure=kept)
    notice.attempts = [{**notice.attempts[0], "said": kept}]
    session.commit()
    for language, own in (("zh", "邮件服务器拒收该收件人："), ("en", "The mail server refused the recipient:")):
        for page in (admin.speak(language).get("/admin/outbox"), admin.get(f"/admin/outbox/{notice.id}")):
            assert own in page.text
            assert {q.get_text() for q in page.html.select("q")} == {"550 5.1.1 <b> no such user"}


def test_a_notice_that_lost_its_point_is_shown_with_why(
    browse: Browser, session: Session, town: Town, now: datetime
) -> None:
    failed(session, town, now, state=NoticeState.DROPPED, failure=Reason.ANSWERED)
    page = browse.sign_in(town.li_qiang).get("/notices")
    assert "已无需通知" in page.text
    assert "期间已有人回应。" in page.text


def test_a_notice_without_words_is_shown_all_the_same(
    admin: Browser, session: Session, town: Town, now: datetime
) -> None:
    notice = failed(session, town, now, template="no_such_text", state=NoticeState.SET_ASIDE)
    assert "no_such_text" in admin.get(f"/admin/outbox/{notice.id}").text
    admin.get("/admin/outbox")
    admin.get("/admin/outbox/999999", 404)
    admin.get("/admin/outbox/nonsense", 404)


def test_every_notice_is_previewed_in_both_languages(admin: Browser) -> None:
    page = admin.get("/admin/outbox/texts")
    assert len(page.html.select("pre.letter")) == 2 * len(TEMPLATES)
    assert "We have your request" in page.text
    assert "已收到您的诉求" in page.text
    assert "{{" not in page.text


def test_a_channel_is_added_changed_and_tried_out_and_its_secrets_are_not_shown(
    admin: Browser, session: Session
) -> None:
    page = admin.get("/admin/outbox/channels/new")
    to = admin.post(page, "/channels", name="值班", address="https://hooks.example/T0KEN", secret=SECRET).to
    row = session.exec(select(ChannelRow)).one()
    assert decrypt(row.secret or b"") == SECRET

    own = admin.get(to)
    for page in (own, admin.get("/admin/outbox/channels"), admin.get("/admin/history?kind=channel")):
        assert "T0KEN" not in str(page.html)
        assert SECRET not in str(page.html)
    admin.post(own, f"/channels/{row.id}", name="值班二", is_usual="yes")
    session.expire_all()
    assert (row.name, row.is_usual, decrypt(row.address)) == ("值班二", True, "https://hooks.example/T0KEN")

    trial = admin.get(admin.post(own, "/trial").to)
    notice = session.exec(select(Notice)).one()
    assert (notice.template, notice.channel_id, notice.state) == ("trial", row.id, NoticeState.WAITING)
    assert "值班二" in trial.text


def test_two_who_change_a_channel_at_once_are_told(admin: Browser, hook: ChannelRow) -> None:
    own = admin.get(f"/admin/outbox/channels/{hook.id}")
    admin.post(own, f"/channels/{hook.id}", name="先到")
    assert "先到" in admin.post(own, f"/channels/{hook.id}", 409, name="后到").text


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("name", ["name", "name_en", "kind", "address", "secret", "is_usual"])
def test_nonsense_in_a_channel_is_refused_or_kept_and_never_breaks(
    admin: Browser, name: str, nasty: str, session: Session
) -> None:
    page = admin.get("/admin/outbox/channels/new")
    answers = {"name": "值班", "address": "https://hooks.example/x", "secret": SECRET} | {name: nasty}
    response = admin.client.post("/admin/outbox/channels", data=page.fields("/channels") | answers)
    assert response.status_code in (303, 422)
    assert "<script>alert" not in response.text
    admin.get("/admin/outbox/channels")


def test_wishes_are_kept_and_what_is_wrong_is_said(
    browse: Browser, session: Session, town: Town, hook: ChannelRow
) -> None:
    browse.sign_in(town.li_qiang)
    page = browse.get("/notices/wishes")
    wrong = browse.post(page, "/wishes", 422, quiet_from="23:00", first="999")
    assert "12:00 至 22:00" in wrong.text
    answers = {"first": str(hook.id), "digest": "daily", "quiet_from": "20:00", "quiet_to": "08:00", "language": "en"}
    browse.get(browse.post(page, "/wishes", **answers).to)
    kept = session.exec(select(NoticeWishes)).one()
    assert (kept.channels, kept.digest) == ([str(hook.id)], Digest.DAILY)
    session.refresh(town.li_qiang)
    assert town.li_qiang.language == "en"
    assert browse.get("/notices/wishes").fields("/wishes")["quiet_from"] == "20:00"


@pytest.mark.parametrize("nasty", NASTY[1:])
@pytest.mark.parametrize("name", ["first", "digest", "quiet_from", "quiet_to"])
def test_nonsense_in_wishes_is_refused(browse: Browser, town: Town, session: Session, name: str, nasty: str) -> None:
    browse.sign_in(town.li_qiang)
    page = browse.get("/notices/wishes")
    response = browse.client.post("/notices/wishes", data=page.fields("/wishes") | {name: nasty})
    # What is only control characters is nothing, and a choice may be left open.
    assert response.status_code == (303 if (name, nasty) == ("first", NASTY[2]) else 422)


def test_a_resident_unsubscribes_by_the_link_of_a_mail_only_after_a_button(
    browse: Browser, session: Session, town: Town, now: datetime
) -> None:
    case, _ = received(session, now)
    session.commit()
    link = f"/notices/stop/{case.number}/{stop_token(case.number)}"
    page = browse.get(link)
    assert session.exec(select(Unsubscribed)).all() == [], "a mail program that opens links changes nothing"
    browse.post(page, "/stop/")
    assert session.get(Unsubscribed, case.id) is not None
    browse.post(browse.get(link), "/stop/")
    assert session.exec(select(Unsubscribed)).all() == []
    browse.get(f"/notices/stop/{case.number}/{'0' * 32}", 404)
    browse.get(f"/notices/stop/{case.number}/长", 404)


def test_the_catcher_is_there_in_the_demo_only(browse: Browser, town: Town) -> None:
    browse.sign_in(town.li_qiang).get("/caught", 404)
    assert browse.client.post(CATCHER, json={}).status_code == 404


def test_the_catcher_takes_what_one_of_our_channels_has_signed(
    demo: None, browse: Browser, client: TestClient, session: Session, hook: ChannelRow, town: Town
) -> None:
    body = '{"id":"k","text":"你好"}'.encode()
    headers = {"Idempotency-Key": "k", "Jiban-Timestamp": "1764000000", "Content-Type": "application/json"}
    assert client.post(CATCHER, content=body, headers=headers).status_code == 403
    signed = headers | {"Jiban-Signature": signature(SECRET, "1764000000", body)}
    assert client.post(CATCHER, content=body + b" ", headers=signed).status_code == 403
    assert client.post(CATCHER, content=body, headers=signed).status_code == 200
    kept = session.exec(select(Caught).order_by(col(Caught.id))).all()
    assert [(c.key, c.kind) for c in kept] == [("k", Channel.WEBHOOK)]
    assert "你好" in browse.sign_in(town.li_qiang).get("/caught").text


def test_staff_see_with_a_case_who_was_told_and_by_what(
    browse: Browser, session: Session, town: Town, now: datetime
) -> None:
    case, _ = received(session, now, contact=WITH_MAIL)
    session.commit()
    browse.sign_in(town.he_jun)
    own = browse.get(f"/cases/{case.number}")
    assert own.html.select_one(f"a[href='/cases/{case.number}/notices']") is not None
    page = browse.get(f"/cases/{case.number}/notices")
    assert f"已收到您的诉求 {case.number}" in page.text
    assert "居民" in page.text
    browse.speak("en").get(f"/cases/{case.number}/notices")
    browse.sign_in(town.zhou_tao).get(f"/cases/{case.number}/notices", 404)
