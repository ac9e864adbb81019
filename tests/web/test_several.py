"""Several cases at once: each stands for itself, what is refused is told with its reason, and the rest is done."""

from typing import Any

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from service.cases.queries import messages
from service.cases.rules import CaseStatus
from service.cases.tables import Case
from tests.builders import case_of, received
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.test_api import key_of
from tests.web.workers import HOSTILE, signed


@pytest.fixture
def mine(session: Session, town: Town, clock: Clock) -> list[Case]:
    """Three cases of 湖滨, each in somebody's hands, one of them signed for."""
    found = [received(session, clock.now, area="湖滨社区", text=f"路灯坏了 {n}")[0] for n in range(2)]
    return [*found, signed(session, town, clock)]


def send(client: TestClient, key: dict[str, str], status: int = 200, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/queue/several", json=body, headers=key)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_can_be_done_is_done_and_the_rest_is_told(
    browse: Browser, session: Session, town: Town, mine: list[Case], lang: str
) -> None:
    browse.sign_in(town.he_jun).speak(lang)
    assert browse.get("/queue", of="unit").html.select("a[href='/queue/several?of=unit']")
    page = browse.get("/queue/several", of="unit")
    assert len(page.html.select("input[name=numbers]")) == 3
    done = browse.post(page, "/queue/several", status=200, numbers=[c.number for c in mine], what="accept")
    text = done.html.get_text()
    assert ("已办理 2 件" if lang == "zh" else "Done to 2 cases.") in text
    assert ("1 件没有改动" if lang == "zh" else "1 case was left as it is") in text
    assert done.html.select(f'.notice.bad a[href="/cases/{mine[2].number}"]')
    for case in mine[:2]:
        assert (case_of(session, case.number).status, case.assignee_id) == (CaseStatus.ACCEPTED, town.he_jun.id)
    assert case_of(session, mine[2].number).assignee_id == town.li_qiang.id, "who had signed keeps it"


def test_each_is_given_to_somebody_by_whichever_step_fits(
    client: TestClient, session: Session, town: Town, mine: list[Case]
) -> None:
    numbers = [case.number for case in mine]
    answers = {"person_id": town.sun_li.id, "text": "请集中办理"}
    told = send(client, key_of(session, town.chen_jing), numbers=numbers, action="give", answers=answers)
    assert (told["done"], told["refused"]) == (numbers, [])
    assert {case_of(session, number).assignee_id for number in numbers} == {town.sun_li.id}


def test_a_note_stands_on_each_and_is_only_text(
    browse: Browser, session: Session, town: Town, mine: list[Case]
) -> None:
    browse.sign_in(town.li_qiang)
    page = browse.get("/queue/several", of="unit")
    assert not page.html.select("select[name=person_id]"), "a worker gives nothing away"
    numbers = [case.number for case in mine]
    done = browse.post(page, "/queue/several", status=200, numbers=numbers, what="note", text=HOSTILE[0])
    assert "<script>alert(1)" not in str(done.html)
    for case in mine:
        assert [m.text for m in messages(session, case.id or 0, public_only=False)] == [HOSTILE[0].strip()]


def test_of_what_one_may_not_know_nothing_is_said(
    client: TestClient, session: Session, town: Town, mine: list[Case]
) -> None:
    numbers = [mine[0].number, "20261123-99999-9", "nonsense"]
    told = send(client, key_of(session, town.zhou_tao), numbers=numbers, action="accept")
    assert told["done"] == []
    assert {(one["status"], one["code"]) for one in told["refused"]} == {(404, "not-found")}
    assert len({one["detail"] for one in told["refused"]}) == 1


def test_the_same_twice_is_done_once(client: TestClient, session: Session, town: Town, mine: list[Case]) -> None:
    told = send(client, key_of(session, town.he_jun), numbers=[mine[0].number] * 5, action="accept")
    assert (told["done"], told["refused"]) == ([mine[0].number], [])


REFUSED: list[dict[str, Any]] = [
    {"numbers": [], "action": "accept"},
    {"numbers": ["1"] * 101, "action": "accept"},
    {"numbers": ["1"], "action": "resolve"},
    {"numbers": ["1" * 41], "action": "accept"},
    {"numbers": "1", "action": "accept"},
    {"action": "accept"},
    {"numbers": ["1"], "action": "accept", "colour": "red"},
]


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_no_list_of_cases_is_refused(
    client: TestClient, session: Session, town: Town, body: dict[str, Any]
) -> None:
    send(client, key_of(session, town.he_jun), status=422, **body)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_a_choice_it_is_said_what_is_missing(
    browse: Browser, session: Session, town: Town, mine: list[Case], lang: str
) -> None:
    browse.sign_in(town.he_jun).speak(lang)
    page = browse.get("/queue/several", of="unit")
    nothing = browse.post(page, "/queue/several", status=422, what="accept")
    assert nothing.html.select_one("#f-numbers-error")
    unsaid = browse.post(page, "/queue/several", status=422, numbers=[mine[0].number], what="", text="带上梯子")
    assert unsaid.html.select_one("#f-what-error")
    assert unsaid.html.select_one(f"#n-{mine[0].number}").has_attr("checked")  # type: ignore[union-attr]
    assert "带上梯子" in unsaid.text
    person = browse.post(page, "/queue/several", status=200, numbers=[mine[0].number], what="give", person_id="0")
    assert person.html.select(".notice.bad li")
    assert case_of(session, mine[0].number).version == 1
