"""Does the page show what other promises would do, before anybody applies them, and take them back?"""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from service.clocks.queries import of_case
from service.clocks.tables import ClockRow
from service.revisions import actions, batches, comparing
from service.revisions.tables import Migration, WhatIf
from sla_policies.documents import FOLDER
from sla_policies.policy import Metric
from tests.builders import received
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page

TEXT = (FOLDER / "policies" / "national.yaml").read_text(encoding="utf-8")
KNOWN = TEXT.replace("categories: [B01, B02, B03, B04, A03]", "categories: [A03]")
SHORTER = KNOWN.replace('"2026.1"', '"2026.2"').replace("        within: 7d", "        within: 5d")
DAY = timedelta(days=1)


def send(browse: Browser, *files: tuple[str, str], status: int = 303, **answers: str) -> Page:
    form = browse.get("/what-if").fields("/what-if")
    form.pop("files", None)
    sent = [("files", (name, text.encode(), "application/yaml")) for name, text in files]
    response = browse.client.post("/what-if", data=form | answers, files=sent)
    assert response.status_code == status, response.text[-3000:]
    return browse._seen(response)


def work(session: Session, clock: Clock) -> None:
    """The worker does what it is asked."""
    session.commit()
    while comparing.go_on(session, clock.now, seconds=0) or actions.go_on(session, clock.now):
        session.commit()


def due(session: Session, case_id: int | None) -> object:
    session.expire_all()
    rows: list[ClockRow] = of_case(session, case_id or 0)
    return next(row.due_at for row in rows if row.metric is Metric.RESOLVE)


def test_from_the_file_to_the_effect_to_applying_and_taking_back(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, _ = received(session, clock.now)
    was = clock.now + 7 * DAY
    browse.sign_in(town.qian_bo).speak("en")
    assert "What if" in browse.get("/board").text

    address = send(browse, ("national.yaml", SHORTER)).to
    waiting = browse.get(address)
    assert waiting.headers["refresh"] == "3"
    assert "0 of 1 cases" in waiting.text
    work(session, clock)
    shown = browse.get(address)
    assert "refresh" not in shown.headers
    assert "What national 2026.2 would do" in shown.text
    assert case.number in shown.text
    assert "2 d earlier" in shown.text
    assert due(session, case.id) == was

    asked = browse.get(f"{address}/apply")
    refused = browse.post(asked, "apply", status=422, reason=" ")
    assert "Please say why" in refused.text
    assert due(session, case.id) == was
    applied = browse.post(browse.get(f"{address}/apply"), "apply", reason="The district decided so.").to
    assert browse.get(applied).headers["refresh"] == "3"
    work(session, clock)
    told = browse.get(applied)
    assert "The promises are applied." in told.text
    assert due(session, case.id) == was - 2 * DAY
    browse.sign_in(town.li_qiang)
    assert "other promises were applied to open cases" in browse.get(f"/cases/{case.number}").text

    browse.sign_in(town.admin)
    browse.post(browse.get(applied), "undo", reason="A mistake in the file.")
    work(session, clock)
    assert "This was taken back." in browse.get(applied).text
    assert due(session, case.id) == was
    assert "taken back" in browse.get("/what-if").text


def test_after_a_day_there_is_no_button_and_no_way(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    received(session, clock.now)
    browse.sign_in(town.admin).speak("en")
    address = send(browse, ("national.yaml", SHORTER)).to
    work(session, clock)
    applied = browse.post(browse.get(f"{address}/apply"), "apply", reason="The district decided so.").to
    work(session, clock)
    page = browse.get(applied)
    clock.turn(days=1, minutes=1)
    assert "can no longer be taken back" in browse.post(page, "undo", status=409, reason="Too late.").text
    assert not browse.get(applied).html.select("main form")


def test_files_with_mistakes_are_refused_with_the_linters_sentences(
    browse: Browser, session: Session, town: Town
) -> None:
    browse.sign_in(town.qian_bo)
    session.commit()
    told = send(browse, ("national.yaml", SHORTER.replace("within: 5d", "within: soon", 1)), status=422)
    assert re.search(r"policies/national.yaml:\d+", told.text)
    assert "soon" in told.text
    for name, text in (("../x.yaml", SHORTER), ("national.exe", SHORTER), ("national.yaml", "a: [")):
        assert send(browse, (name, text), status=422).html.select(".notice.bad")
    assert send(browse, ("national.yaml", SHORTER), status=422, version="9").html.select(".notice.bad")
    assert session.exec(select(WhatIf)).all() == []


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("zh", "“soon”不是一种时间的时长。请写 30m、2h 或 7d"),
        ("en", "“soon” is no amount of one kind of time. Write 30m, 2h or 7d"),
    ],
)
def test_the_linters_sentences_are_told_in_the_readers_language(
    browse: Browser, session: Session, town: Town, language: str, says: str
) -> None:
    browse.sign_in(town.qian_bo).speak(language)
    session.commit()
    told = send(browse, ("national.yaml", SHORTER.replace("within: 5d", "within: soon", 1)), status=422)
    assert says in told.text


@pytest.mark.parametrize(
    ("language", "says"),
    [("zh", "处于 not started 状态的计时不能发生 paused。"), ("en", "A clock that is not started cannot be paused.")],
)
def test_why_a_case_cannot_be_counted_is_told_in_the_readers_language(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str, says: str
) -> None:
    case, _ = received(session, clock.now)
    for row in of_case(session, case.id or 0):
        row.events = [{**event, "kind": "paused"} for event in row.events] * 2
        session.add(row)
    browse.sign_in(town.qian_bo).speak(language)
    address = send(browse, ("national.yaml", SHORTER)).to
    work(session, clock)
    assert says in browse.get(address).text
    applied = browse.post(browse.get(f"{address}/apply"), "apply", reason="The district decided so.", status=303).to
    work(session, clock)
    assert says in browse.get(applied).text


def test_what_stopped_is_told_with_its_cause_and_goes_on(
    browse: Browser, session: Session, town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = received(session, clock.now)
    browse.sign_in(town.qian_bo).speak("en")
    address = send(browse, ("national.yaml", SHORTER)).to
    work(session, clock)
    applied = browse.post(browse.get(f"{address}/apply"), "apply", reason="The district decided so.").to

    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    with monkeypatch.context() as patched:
        patched.setattr(batches, "recount", broken)
        work(session, clock)
    stopped = browse.get(applied)
    assert "refresh" not in stopped.headers
    assert "It stopped after an error: 0 of 1 cases" in stopped.text
    assert "ZeroDivisionError: nobody thought of this" in stopped.text
    assert "stopped half way" in browse.get("/what-if").text
    assert "中途中止" in browse.speak("zh").get("/what-if").text
    browse.speak("en").post(browse.get(applied), "resume")
    work(session, clock)
    assert "The promises are applied." in browse.get(applied).text
    assert due(session, case.id) == clock.now + 5 * DAY
    assert "did not stop" in browse.post(stopped, "resume", status=409).text


def test_the_case_tells_which_text_took_the_place_of_which_who_decided_and_that_it_was_taken_back(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, _ = received(session, clock.now)
    browse.sign_in(town.qian_bo).speak("en")
    address = send(browse, ("national.yaml", SHORTER)).to
    work(session, clock)
    applied = browse.post(browse.get(f"{address}/apply"), "apply", reason="The district decided so.").to
    work(session, clock)
    browse.sign_in(town.li_qiang)
    told = browse.get(f"/cases/{case.number}").text
    assert "Other promises apply · national 2026.1 → national 2026.2" in told
    assert "The district decided so." in told
    assert "Qian Bo" in told
    assert "taken back since" not in told
    browse.sign_in(town.admin)
    browse.post(browse.get(applied), "undo", reason="A mistake in the file.")
    work(session, clock)
    browse.sign_in(town.li_qiang)
    told = browse.get(f"/cases/{case.number}").text
    assert "national 2026.1 → national 2026.2 · taken back since" in told
    assert "The promises of before apply again · national 2026.2 → national 2026.1" in told
    assert (
        "改用新的承诺 · national 2026.1 → national 2026.2 · 其后已撤回"
        in browse.speak("zh").get(f"/cases/{case.number}").text
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_alone_change_nothing_and_cannot_be_applied(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str
) -> None:
    received(session, clock.now)
    browse.sign_in(town.qian_bo).speak(language)
    address = send(browse, ("national.yaml", KNOWN.replace("title: {zh: 一般", "title: {zh: 普通"))).to
    work(session, clock)
    page = browse.get(address)
    assert {"zh": "没有任何变化", "en": "Nothing changes"}[language] in page.text
    assert not page.html.select(f'a[href="{address}/apply"]')


def test_others_may_not_even_look(browse: Browser, session: Session, town: Town) -> None:
    for person in (town.li_qiang, town.he_jun, town.wu_dan, town.chen_jing):
        browse.sign_in(person)
        session.commit()
        for path in ("/what-if", "/what-if/1", "/what-if/1/apply", "/what-if/migrations/1"):
            browse.get(path, status=403)


def test_what_is_not_there_is_not_found(browse: Browser, session: Session, town: Town) -> None:
    browse.sign_in(town.admin)
    session.commit()
    for path in (
        "/what-if/7",
        "/what-if/7/apply",
        "/what-if/migrations/7",
        "/what-if/x",
        "/what-if/99999999999999999999",
    ):
        browse.get(path, status=404)
    assert session.exec(select(Migration)).all() == []
