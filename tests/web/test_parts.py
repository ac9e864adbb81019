"""Joint handling and the whistle on pages and in the interface: called, reported in, done, scored; and bad input."""

from typing import Any

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from service.cases.tables import Case
from service.parts.actions import Said, act_on
from service.parts.calling import Ask, Blow, ask, blow
from service.parts.rules import PartAction, PartState
from service.parts.tables import Part, Whistle
from tests.builders import received
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.test_api import key_of
from tests.web.workers import HOSTILE, signed


@pytest.fixture
def case(session: Session, town: Town, clock: Clock) -> Case:
    return signed(session, town, clock)


def a_part(session: Session, case: Case, town: Town, clock: Clock, **given: Any) -> Part:
    asked = {"to": f"unit:{town.areas['hill'].id}", "text": "请到现场看电缆", "hours": 8} | given
    return ask(session, case.id or 0, [Ask(**asked)], by=town.li_qiang, now=clock.now)[0]


def a_whistle(session: Session, case: Case, town: Town, clock: Clock) -> list[Part]:
    to = [f"role:{town.areas['lake'].id}:triage", f"unit:{town.areas['hill'].id}"]
    given = Blow("felt", "湖滨路 3 号", 30, "请到场", 24, to)
    blow(session, case.id or 0, given, by=town.li_qiang, now=clock.now)
    return list(session.exec(select(Part)))


def only(session: Session) -> Part:
    return session.exec(select(Part).execution_options(populate_existing=True)).one()


@pytest.mark.parametrize(("lang", "words"), [("zh", "已发起协办"), ("en", "The desk is asked")])
def test_the_holder_asks_another_desk_from_the_case(
    browse: Browser, session: Session, town: Town, case: Case, lang: str, words: str
) -> None:
    browse.sign_in(town.li_qiang).speak(lang)
    assert browse.get(f"/cases/{case.number}").html.select(f'a[href="/parts/new/{case.number}"]')
    form = browse.get(f"/parts/new/{case.number}")
    assert form.fields("/parts/new")["hours"] == "48", "the usual term"
    done = browse.post(form, "/parts/new", to=f"unit:{town.areas['hill'].id}", text="请看电缆", hours="8")
    part = only(session)
    assert (part.unit_id, part.person_id, part.minutes) == (town.areas["hill"].id, town.zhao_min.id, 480)
    assert done.to == f"/cases/{case.number}?done=call"
    page = browse.get(f"/cases/{case.number}", done="call")
    assert words in page.text
    assert page.html.select(f'main a[href="/parts/{part.id}"]')
    far = "协办已办结 0/1" if lang == "zh" else "0 of 1 part done"
    assert far in page.html.get_text()
    assert far in browse.get("/queue").html.get_text()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_helper_works_from_the_queue_and_sees_no_more_than_the_part(
    browse: Browser, session: Session, town: Town, clock: Clock, lang: str
) -> None:
    contact = {"name": "王芳芳", "phone": "13800138000"}
    case = signed(session, town, clock, text="我是王芳芳，楼道灯坏了三天", contact=contact)
    part = a_part(session, case, town, clock)
    browse.sign_in(town.zhao_min).speak(lang)
    queue = browse.get("/queue")
    assert queue.html.select(f'a[href="/parts/{part.id}"]')
    page = browse.get(f"/parts/{part.id}")
    for seen in (queue, page, browse.get("/parts")):
        text = str(seen.html)
        assert "王芳芳" not in text
        assert "138" not in seen.html.get_text()
        assert not seen.html.select(f'a[href="/cases/{case.number}"]')
    browse.get(f"/cases/{case.number}", status=404)
    browse.post(page, "/accept")
    browse.post(browse.get(f"/parts/{part.id}"), "/finish", text="电缆已修好")
    assert not browse.get("/queue").html.select(f'a[href="/parts/{part.id}"]')
    assert only(session).state is PartState.DONE
    browse.sign_in(town.li_qiang)
    assert "电缆已修好" in browse.get(f"/parts/{part.id}").text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_whistle_is_blown_scored_and_counted(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock, lang: str
) -> None:
    browse.sign_in(town.he_jun).speak(lang)
    form = browse.get(f"/parts/whistle/{case.number}")
    fields = form.fields("/parts/whistle")
    assert (fields["minutes"], fields["hours"]) == ("30", "24")
    answers = {"reason": "emergency", "place": "湖滨路 3 号", "text": "请到场", "to": f"unit:{town.areas['hill'].id}"}
    done = browse.post(form, "/parts/whistle", **answers)
    assert done.to == f"/cases/{case.number}?done=whistle"
    part = only(session)
    browse.sign_in(town.zhao_min)
    page = browse.get(f"/parts/{part.id}")
    assert "湖滨路 3 号" in page.text
    assert not page.html.select("form[action$='/decline']"), "first one reports in"
    browse.post(page, "/accept")
    browse.post(browse.get(f"/parts/{part.id}"), "/finish", text="好了")
    browse.sign_in(town.he_jun)
    assert browse.get("/board").html.select(f'main a[href="/parts/{part.id}"]')
    browse.post(browse.get(f"/parts/{part.id}"), "/score", score="4", text="来得快")
    assert (only(session).score, only(session).score_text) == (4, "来得快")
    browse.sign_in(town.chen_jing).speak(lang)
    page = browse.get("/whistles")
    assert "100 %" in page.html.get_text()
    assert "4.0" in page.html.get_text()
    for days in ("30", "365", "x", "90"):
        browse.get("/whistles", days=days)


REFUSED = [
    ("new", {"text": ""}, "text"),
    ("new", {"text": "字" * 2001}, "text"),
    ("new", {"hours": "0"}, "hours"),
    ("new", {"hours": "9" * 400}, "hours"),
    ("new", {"to": ""}, "to"),
    ("new", {"to": "person:1 OR 1=1"}, "to"),
    ("whistle", {"place": " "}, "place"),
    ("whistle", {"minutes": "5"}, "minutes"),
    ("whistle", {"reason": "boredom"}, "reason"),
    ("whistle", {"to": ""}, "to"),
]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("kind", "answers", "field"), REFUSED)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(
    browse: Browser,
    session: Session,
    town: Town,
    case: Case,
    lang: str,
    kind: str,
    answers: dict[str, str],
    field: str,
) -> None:
    browse.sign_in(town.li_qiang).speak(lang)
    form = browse.get(f"/parts/{kind}/{case.number}")
    typed = {"text": "请到场", "to": f"unit:{town.areas['hill'].id}", "hours": "8"}
    typed |= {"reason": "felt", "place": "路口", "minutes": "30"} if kind == "whistle" else {}
    again = browse.post(form, f"/parts/{kind}", status=422, **(typed | answers))
    assert again.html.select_one(f"#f-{field}-error")
    assert again.fields(f"/parts/{kind}")["text"] == (typed | answers)["text"]
    assert session.exec(select(Part)).all() == []
    assert session.exec(select(Whistle)).all() == []


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_what_is_typed_is_only_text(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock, text: str
) -> None:
    part = a_part(session, case, town, clock, text=text)
    browse.sign_in(town.zhao_min)
    for path in (f"/parts/{part.id}", "/parts", "/queue"):
        assert "<script>alert(1)" not in str(browse.get(path).html)
    browse.post(browse.get(f"/parts/{part.id}"), "/decline", text=text)
    browse.sign_in(town.li_qiang)
    for path in (f"/parts/{part.id}", f"/cases/{case.number}"):
        assert "<script>alert(1)" not in str(browse.get(path).html)


def test_a_case_with_an_open_part_is_not_resolved_and_says_why(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock
) -> None:
    part = a_part(session, case, town, clock)
    browse.sign_in(town.li_qiang).speak("en")
    page = browse.get(f"/cases/{case.number}")
    refused = browse.post(page, "/resolve", status=409, text="灯已修好")
    assert "Parts of this case that other desks have not finished: 1." in refused.html.get_text()
    browse.post(browse.get(f"/parts/{part.id}"), "/withdraw", text="不用了")
    browse.post(browse.get(f"/cases/{case.number}"), "/resolve", text="灯已修好")


def test_an_answer_that_is_none_or_too_late_is_refused_and_kept(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock
) -> None:
    part = a_part(session, case, town, clock)
    browse.sign_in(town.zhao_min)
    browse.post(browse.get(f"/parts/{part.id}"), "/accept")
    page = browse.get(f"/parts/{part.id}")
    assert browse.post(page, "/finish", status=422, text=" ").html.select_one("#f-text-error")
    browse.post(page, "/finish", text="好")
    late = browse.post(page, "/finish", status=409, text="我还想说")
    assert only(session).result == "好"
    assert not late.html.select("form[action$='/finish']")


def test_read_in_another_language_nothing_is_done_and_nothing_is_lost(
    browse: Browser, session: Session, town: Town, case: Case
) -> None:
    browse.sign_in(town.li_qiang).speak("zh")
    for kind in ("new", "whistle"):
        form = browse.get(f"/parts/{kind}/{case.number}")
        english = browse.post(form, f"/parts/{kind}", status=200, text="请到场", hours="5", lang="en")
        assert english.fields(f"/parts/{kind}")["text"] == "请到场"
        browse.speak("zh")
    assert session.exec(select(Part)).all() == []


def test_who_may_not_sees_no_link_and_no_form(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock
) -> None:
    browse.sign_in(town.sun_li)
    assert not browse.get(f"/cases/{case.number}").html.select("a[href^='/parts/new']")
    browse.get(f"/parts/new/{case.number}", status=403)
    browse.get("/whistles", status=403)
    part = a_part(session, case, town, clock)
    session.commit()
    for path in (f"/parts/new/{case.number}", f"/parts/whistle/{case.number}", f"/parts/{part.id}"):
        browse.sign_in(town.zhou_tao)
        browse.get(path, status=404)


@pytest.mark.parametrize(
    "path", ["/parts/999999", "/parts/new/1", "/parts/whistle/20261123-00099-0", "/parts?tab=nothing", "/parts/x/y"]
)
def test_what_is_not_there_is_said_in_words(browse: Browser, town: Town, path: str) -> None:
    browse.sign_in(town.chen_jing)
    browse.get(path, status=404)


def test_a_stranger_signs_in_first(client: TestClient) -> None:
    assert client.get("/parts").status_code == 303
    assert client.get("/whistles").status_code == 303


def test_a_resident_reads_only_that_others_help(client: TestClient, session: Session, town: Town, clock: Clock) -> None:
    case, receipt = received(session, clock.now)
    asked = Ask(f"unit:{town.areas['hill'].id}", "内部的话", 8)
    ask(session, case.id or 0, [asked], by=town.he_jun, now=clock.now)
    answer = client.get(f"/api/v1/cases/{case.number}", params={"code": receipt.tracking_code})
    assert "内部的话" not in answer.text
    assert any(line["what"] == "part_asked" for line in answer.json()["timeline"])


def test_the_interface_calls_reports_in_finishes_and_scores(
    client: TestClient, session: Session, town: Town, case: Case
) -> None:
    lead, helper, boss = (key_of(session, p) for p in (town.li_qiang, town.zhao_min, town.chen_jing))
    hill = town.areas["hill"].id
    body = {"parts": [{"unit_id": hill, "text": "看电缆", "hours": 8}, {"text": "通知居民", "hours": 24}]}
    made = client.post(f"/api/v1/cases/{case.number}/parts", json=body, headers=lead)
    assert made.status_code == 201, made.text
    first, second = made.json()["parts"]
    assert (first["unit_id"], second["unit_id"]) == (hill, case.unit_id), "without a unit that of the case"
    assert (first["state"], first["hours"], first["i_am"], first["whistle"]) == ("asked", 8, ["lead"], None)
    called = {"reason": "felt", "place": "路口", "text": "请到场", "hours": 24, "to": [{"unit_id": hill}]}
    (blown,) = client.post(f"/api/v1/cases/{case.number}/whistle", json=called, headers=lead).json()["parts"]
    assert (blown["whistle"]["minutes"], blown["whistle"]["place"]) == (30, "路口")
    mine = client.get("/api/v1/parts", headers=helper).json()
    assert {p["id"] for p in mine["to_do"]} == {first["id"], blown["id"]}
    one = f"/api/v1/parts/{blown['id']}"
    assert client.post(f"{one}/accept", json={}, headers=helper).json()["state"] == "accepted"
    assert client.post(f"{one}/finish", json={"text": "好了"}, headers=helper).json()["state"] == "done"
    assert client.post(f"{one}/score", json={"text": "快", "score": 5}, headers=lead).json()["score"] == 5
    assert client.get(one, headers=helper).json()["score_text"] == "快"
    assert len(client.get(f"/api/v1/cases/{case.number}/parts", headers=boss).json()["parts"]) == 3
    (desk,) = client.get("/api/v1/whistles/reliability", headers=boss).json()["desks"]
    assert (desk["unit_id"], desk["called"], desk["in_time"], desk["rate"], desk["score"]) == (hill, 1, 1, 1.0, 5.0)


FORBIDDEN = [
    ("zhao_min", "withdraw", {"text": "不做"}, 409),
    ("li_qiang", "accept", {}, 409),
    ("zhao_min", "finish", {"text": "好"}, 409),
    ("zhao_min", "decline", {}, 422),
    ("zhao_min", "score", {"text": "好", "score": 6}, 422),
    ("zhao_min", "dance", {}, 422),
    ("zhao_min", "accept", {"colour": "red"}, 422),
    ("zhao_min", "accept", {"version": 9}, 409),
    ("zhou_tao", "accept", {}, 404),
    ("admin", "accept", {}, 404),
]


@pytest.mark.parametrize(("who", "action", "body", "status"), FORBIDDEN)
def test_the_interface_refuses_what_may_not_be(
    client: TestClient,
    session: Session,
    town: Town,
    case: Case,
    clock: Clock,
    who: str,
    action: str,
    body: dict[str, Any],
    status: int,
) -> None:
    part = a_part(session, case, town, clock)
    session.commit()
    answer = client.post(f"/api/v1/parts/{part.id}/{action}", json=body, headers=key_of(session, town.people[who]))
    assert answer.status_code == status, answer.text
    assert only(session).state is PartState.ASKED


BAD_CALLS: list[dict[str, Any]] = [
    {},
    {"parts": []},
    {"parts": [{"text": "看", "hours": 0}]},
    {"parts": [{"text": "看", "hours": 8, "unit_id": -1}]},
    {"parts": [{"text": "看", "hours": 8, "role": "king"}]},
    {"parts": [{"text": "看", "hours": 8, "person_id": 2**62}]},
    {"parts": [{"text": "", "hours": 8}]},
    {"parts": [{"text": "字" * 2001, "hours": 8}]},
    {"parts": [{"text": "看", "hours": 8}] * 13},
]


@pytest.mark.parametrize("body", BAD_CALLS)
def test_the_interface_refuses_what_is_no_call(
    client: TestClient, session: Session, town: Town, case: Case, body: dict[str, Any]
) -> None:
    answer = client.post(f"/api/v1/cases/{case.number}/parts", json=body, headers=key_of(session, town.li_qiang))
    assert answer.status_code == 422, answer.text
    assert session.exec(select(Part)).all() == []


def test_how_reliable_a_desk_is_counts_what_is_known(
    client: TestClient, session: Session, town: Town, clock: Clock
) -> None:
    """In time, late, missing, still in time, and withdrawn before its time was over: the last two are in no rate."""
    boss, hill = key_of(session, town.chen_jing), town.areas["hill"].id

    def of_hill() -> dict[str, Any]:
        desks = client.get("/api/v1/whistles/reliability", headers=boss).json()["desks"]
        return next(desk for desk in desks if desk["unit_id"] == hill)

    in_time, late, missing, given_up = (
        max(
            a_whistle(session, signed(session, town, clock), town, clock),
            key=lambda p: p.id if p.unit_id == hill else 0,
        )
        for _ in range(4)
    )
    act_on(session, in_time.id or 0, PartAction.ACCEPT, Said(), by=town.zhao_min, now=clock.now)
    act_on(session, given_up.id or 0, PartAction.WITHDRAW, Said("不用了"), by=town.li_qiang, now=clock.now)
    assert (of_hill()["called"], of_hill()["rate"]) == (4, 1.0), "two still have time"
    clock.turn(hours=1)
    act_on(session, late.id or 0, PartAction.ACCEPT, Said(), by=town.zhao_min, now=clock.now)
    desk = of_hill()
    assert (desk["in_time"], desk["late"], desk["missing"], desk["open"]) == (1, 1, 1, 3)
    assert desk["rate"] == pytest.approx(1 / 3)
    act_on(session, missing.id or 0, PartAction.WITHDRAW, Said("不等了"), by=town.li_qiang, now=clock.now)
    assert of_hill()["missing"] == 1, "withdrawn after its time it was missing all the same"
    empty = client.get("/api/v1/whistles/reliability", headers=key_of(session, town.zhou_tao)).json()
    assert empty["desks"] == [], "what communities elsewhere whistle for is not theirs to see"
