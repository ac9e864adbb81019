from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from service.accounts.actions import make_api_key
from service.accounts.tables import Person
from service.areas.rules import AreaLevel
from service.cases.rules import Action, CaseStatus
from service.escalations.actions import sweep
from service.routing.tables import RoutingRule
from service.web.deps import real_now
from tests.builders import case_of, does, received
from tests.people import Town
from tests.web.conftest import Clock

BODY = {"text": "楼道的路灯坏了三天", "category": "C05", "area": "990101001001"}


def submit(client: TestClient, status: int = 201, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/cases", json=BODY | more, headers=headers)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def key_of(session: Session, person: Person) -> dict[str, str]:
    made = make_api_key(session, person, name="test", by=person, now=real_now())
    plain = made[1] if isinstance(made, tuple) else made
    return {"Authorization": f"Bearer {plain}"}


def test_a_receipt_says_number_code_desk_and_promises(client: TestClient, town: Town) -> None:
    receipt = submit(client)
    assert receipt["status"] == "assigned"
    assert receipt["category"] == {"code": "C05", "name": "道路与市政设施", "name_en": "Roads & street furniture"}
    assert receipt["area"]["name"] == "湖滨社区"
    assert receipt["desk"]["name"] == "湖滨社区服务站"
    assert {p["metric"] for p in receipt["promises"]} == {"accept", "contact", "resolve"}
    assert receipt["track_url"].endswith(f"/track?number={receipt['number']}")
    assert receipt["tracking_code"] not in receipt["track_url"]


def test_a_retried_post_makes_no_second_case(client: TestClient, town: Town) -> None:
    first = submit(client, headers={"Idempotency-Key": "abc"})
    again = submit(client, headers={"Idempotency-Key": "abc"})
    assert again == first
    other = submit(client, status=422, headers={"Idempotency-Key": "abc"}, text="另一件事")
    assert other["code"] == "idempotency-key-used"


def test_whoever_holds_number_and_code_reads_the_case(client: TestClient, town: Town) -> None:
    receipt = submit(client)
    path = f"/api/v1/cases/{receipt['number']}"
    case = client.get(path, params={"code": receipt["tracking_code"].lower()}).json()
    assert case["text"] == BODY["text"]
    assert [line["what"] for line in case["timeline"]] == ["received", "routed"]
    assert set(case["actions"]) >= {"answer", "urge", "withdraw"}
    assert "assignee" not in case
    for wrong in ("", "WRONGCODE2", receipt["tracking_code"][:-1], "一" * 10):
        assert client.get(path, params={"code": wrong}).status_code == 404
    unknown = client.get("/api/v1/cases/20261123-00099-0", params={"code": receipt["tracking_code"]})
    assert unknown.json()["detail"] == client.get(path, params={"code": "x"}).json()["detail"]


def test_guessing_codes_ends_in_a_wait(client: TestClient, town: Town) -> None:
    receipt = submit(client)
    path = f"/api/v1/cases/{receipt['number']}"
    answers = [client.get(path, params={"code": "WRONGCODE2"}).status_code for _ in range(12)]
    assert answers[:10] == [404] * 10
    assert answers[10:] == [429] * 2
    waiting = client.get(path, params={"code": receipt["tracking_code"]})
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) > 0


def test_a_resident_adds_urges_withdraws(client: TestClient, town: Town) -> None:
    receipt = submit(client)
    path, code = f"/api/v1/cases/{receipt['number']}", receipt["tracking_code"]
    said = client.post(f"{path}/messages", json={"text": "三单元", "code": code})
    assert (said.status_code, said.json()["timeline"][-1]["text"]) == (201, "三单元")
    assert client.post(f"{path}/urge", json={"code": code}).status_code == 200
    again = client.post(f"{path}/urge", json={"code": code})
    assert (again.status_code, again.json()["code"]) == (429, "urged-already")
    gone = client.post(f"{path}/withdraw?code={code}", json={})
    assert gone.json()["status"] == "withdrawn"
    twice = client.post(f"{path}/withdraw?code={code}", json={})
    assert (twice.status_code, twice.json()["code"]) == (409, "move-forbidden")


def test_the_actions_named_are_those_that_would_not_be_refused_now(
    client: TestClient, session: Session, town: Town, clock: Clock
) -> None:
    receipt = submit(client)
    path, code = f"/api/v1/cases/{receipt['number']}", receipt["tracking_code"]
    assert "urge" in client.get(path, params={"code": code}).json()["actions"]
    urged = client.post(f"{path}/urge", json={"code": code}).json()
    assert "urge" not in urged["actions"]
    assert "answer" in urged["actions"]
    clock.now += timedelta(hours=4)
    assert "urge" in client.get(path, params={"code": code}).json()["actions"]

    case = case_of(session, receipt["number"])
    case.status, case.closed_at = CaseStatus.CLOSED, clock.now
    session.add(case)
    session.flush()
    assert client.get(path, params={"code": code}).json()["actions"] == ["reopen"]
    clock.now += timedelta(days=30, seconds=1)
    assert client.get(path, params={"code": code}).json()["actions"] == []


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ("Return = Minimal; foo=1", 204),
        ("respond-async, return=minimal", 204),
        ("return=representation, return=minimal", 200),
        ("return=minimalist", 200),
        (",;=,", 200),
        ("", 200),
    ],
)
def test_a_caller_says_how_much_they_want_to_be_told(
    client: TestClient, session: Session, town: Town, prefer: str, status: int
) -> None:
    path, key = f"/api/v1/cases/{submit(client)['number']}/actions/accept", key_of(session, town.li_qiang)
    assert client.post(path, headers=key | {"Prefer": prefer}).status_code == status


def test_staff_work_through_the_api_with_a_key(client: TestClient, session: Session, town: Town) -> None:
    receipt = submit(client, contact={"name": "王芳", "phone": "13812345678"})
    key = key_of(session, town.li_qiang)
    queue = client.get("/api/v1/queue", headers=key).json()
    assert [item["number"] for item in queue["items"]] == [receipt["number"]]
    path = f"/api/v1/cases/{receipt['number']}"
    full = client.get(f"{path}/full", headers=key)
    assert full.headers["ETag"] == '"1"'
    assert full.json()["contact"]["phone"] == "138****5678"
    assert full.json()["routing"][0]["reasons"]["because"] == "on-duty"
    done = client.post(f"{path}/actions/accept", headers=key | {"If-Match": '"1"'})
    assert (done.status_code, done.json()["status"]) == (200, "accepted")
    stale = client.post(f"{path}/actions/reply", json={"text": "好"}, headers=key | {"If-Match": '"1"'})
    assert stale.status_code == 409
    assert (stale.json()["yours"], stale.json()["current"]) == (1, 2)
    assert client.post(f"{path}/actions/reply", json={"text": "好"}, headers=key | {"If-Match": "2"}).status_code == 200
    short = client.post(f"{path}/actions/resolve", json={"text": "修好了"}, headers=key | {"Prefer": "return=minimal"})
    assert (short.status_code, short.content, short.headers["ETag"]) == (204, b"", '"4"')
    assert short.headers["Preference-Applied"] == "return=minimal"
    assert client.get(f"{path}/full", headers=key).json()["status"] == "resolved"
    rated = client.post(
        f"{path}/rating", json={"code": receipt["tracking_code"], "solved": False, "satisfaction": "fair"}
    )
    assert rated.json()["status"] == "reopened"


def test_a_supervisor_sees_and_answers_escalations(
    client: TestClient, session: Session, town: Town, clock: Clock
) -> None:
    receipt = submit(client)
    clock.turn(hours=26)
    sweep(session, clock.now)
    key = key_of(session, town.chen_jing)
    board = client.get("/api/v1/board", headers=key).json()
    assert board["counts"]["breached"] == 1
    assert board["breached"][0]["number"] == receipt["number"]
    waiting = client.get("/api/v1/escalations", headers=key, params={"limit": 1}).json()
    escalation = waiting["items"][0]
    answered = client.post(f"/api/v1/escalations/{escalation['id']}/acknowledge", json={"note": "在办"}, headers=key)
    assert answered.json()["acknowledged_at"]
    stranger = key_of(session, town.zhou_tao)
    hidden = client.post(f"/api/v1/escalations/{escalation['id']}/acknowledge", headers=stranger)
    assert hidden.status_code == 404


def test_pages_of_a_queue_follow_each_other(client: TestClient, session: Session, town: Town, clock: Clock) -> None:
    numbers = []
    for _ in range(5):
        numbers.append(submit(client)["number"])
        clock.turn(minutes=1)
    key = key_of(session, town.chen_jing)
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = client.get(
            "/api/v1/queue", headers=key, params={"mine": False, "limit": 2} | ({"cursor": cursor} if cursor else {})
        )
        seen += [item["number"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
    assert seen == numbers
    assert cursor is None
    assert client.get("/api/v1/queue", headers=key, params={"cursor": "nonsense"}).status_code == 422


def test_a_desk_gives_a_case_another_topic_through_the_api(client: TestClient, session: Session, town: Town) -> None:
    path = f"/api/v1/cases/{submit(client)['number']}"
    key = key_of(session, town.chen_jing)
    answers = {"category": "A03", "reason": "是电梯问题"}
    done = client.post(f"{path}/actions/recategorise", json=answers, headers=key)
    assert done.status_code == 200
    assert (done.json()["grade"], done.json()["category"]["code"]) == ("G2", "A03")
    again = client.post(f"{path}/actions/recategorise", json=answers, headers=key)
    assert again.status_code == 422
    assert "category" in again.text


@pytest.mark.parametrize("path", ["/queue", "/board", "/escalations", "/cases/20261123-00001-3/full"])
def test_without_a_key_staff_routes_ask_for_one(client: TestClient, town: Town, path: str) -> None:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_worker_has_no_board(client: TestClient, session: Session, town: Town) -> None:
    assert client.get("/api/v1/board", headers=key_of(session, town.li_qiang)).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "长" * 20_000}, "text"),
        ({}, "text"),
        ({"text": "x", "category": "X99"}, "category"),
        ({"text": "x", "area": "nowhere"}, "area"),
        ({"text": "x", "location": {"lat": "north", "lon": 0}}, "location.lat"),
        ({"text": "x", "anonymous": "perhaps"}, "anonymous"),
        ({"text": "x", "contact": {"phone": "12"}}, "contact.phone"),
        ({"text": "x", "unknown": 1}, "unknown"),
    ],
)
def test_bad_fields_are_named_in_the_readers_language(
    client: TestClient, town: Town, body: dict[str, Any], field: str
) -> None:
    for language, sign in (("zh", "。"), ("en", ".")):
        answer = client.post("/api/v1/cases", json=body, headers={"Accept-Language": language})
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert field in answer.json()["errors"], answer.text
        assert answer.json()["errors"][field].endswith(sign), answer.text


def test_a_place_outside_says_where_to_go(client: TestClient, town: Town) -> None:
    answer = client.post("/api/v1/cases", json={"text": "x", "location": {"lat": 39.9, "lon": 116.4}})
    assert (answer.status_code, answer.json()["code"]) == (422, "outside-area")
    assert "12345" in answer.json()["detail"]


def test_broken_json_and_huge_bodies_are_answered_in_words(client: TestClient, town: Town) -> None:
    broken = client.post("/api/v1/cases", content=b'{"text": ', headers={"Content-Type": "application/json"})
    assert broken.status_code == 422
    huge = client.post("/api/v1/cases", content=b"x" * 5_000_000, headers={"Content-Type": "application/json"})
    assert huge.status_code == 413
    for answer in (broken, huge):
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_contract_is_published(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/cases", "/api/v1/cases/{number}", "/api/v1/queue", "/api/v1/board"} <= set(paths)


def test_a_case_nobody_acted_on_shows_its_age_to_nobody_else(client: TestClient, session: Session, town: Town) -> None:
    receipt = submit(client)
    for stranger in (town.zhao_min, town.zhou_tao, town.admin):
        answer = client.get(f"/api/v1/cases/{receipt['number']}/full", headers=key_of(session, stranger))
        assert answer.status_code == 404


def test_a_resident_has_a_case_taken_up_again_only_so_long(
    client: TestClient, session: Session, town: Town, clock: Clock
) -> None:
    receipt = submit(client)
    path, code = f"/api/v1/cases/{receipt['number']}", {"code": receipt["tracking_code"]}
    case = case_of(session, receipt["number"])
    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    does(session, case, town.li_qiang, Action.RESOLVE, clock.now, text="修好了")
    client.post(f"{path}/rating", json=code | {"solved": True, "satisfaction": "fair"})
    session.commit()
    assert client.post(f"{path}/reopen", json=code).status_code == 422
    clock.turn(days=31)
    late = client.post(f"{path}/reopen", json=code | {"text": "又坏了"})
    assert (late.status_code, late.json()["code"], late.json()["days"]) == (409, "reopening-over", 30)
    assert late.headers["content-type"] == "application/problem+json"
    clock.turn(days=-2)
    assert client.post(f"{path}/reopen", json=code | {"text": "又坏了"}).json()["status"] == "reopened"


def test_staff_look_at_what_another_place_would_change(
    client: TestClient, session: Session, town: Town, clock: Clock
) -> None:
    case, _ = received(session, clock.now)
    key, path = key_of(session, town.wu_dan), f"/api/v1/cases/{case.number}/actions"
    answers = {"area_id": town.areas["hill"].id, "reason": "在东山", "reroute": "yes"}
    seen = client.post(f"{path}/relocate/preview", json=answers, headers=key).json()
    assert (seen["before"]["assignee"], seen["after"]["assignee"]) == ("李强", "赵敏")
    assert seen["after"]["area"]["code"] == town.areas["hill"].code
    assert "resolve" in seen["after"]["due"]
    assert client.get(f"/api/v1/cases/{case.number}/full", headers=key).json()["version"] == 1, "nothing is done"
    assert client.post(f"{path}/relocate/preview", json={}, headers=key).status_code == 422
    assert client.post(f"{path}/resolve/preview", json=answers, headers=key).status_code == 404
    other = key_of(session, town.zhou_tao)
    assert client.post(f"{path}/relocate/preview", json=answers, headers=other).status_code == 404


def test_members_of_a_unit_read_its_pool(client: TestClient, session: Session, town: Town, clock: Clock) -> None:
    session.add(RoutingRule(position=1, category_code="C", target_level=AreaLevel.COMMUNITY, is_pool=True))
    session.flush()
    case, _ = received(session, clock.now)
    lines = client.get("/api/v1/queue/pool", headers=key_of(session, town.li_qiang)).json()["items"]
    assert [line["number"] for line in lines] == [case.number]
    assert client.get("/api/v1/queue/pool", headers=key_of(session, town.zhao_min)).json()["items"] == []
    assert client.get("/api/v1/queue/pool?limit=0", headers=key_of(session, town.li_qiang)).status_code == 422
