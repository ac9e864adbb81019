from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.areas.locating import OutsideAreaError
from service.assignments.tables import Assignment, Workload
from service.audit.queries import broken_chains, history
from service.cases.numbers import is_case_number
from service.cases.rules import CaseStatus
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.errors import InvalidFieldsError
from service.intake.actions import KEY_LASTS, forget_keys, open_case
from service.intake.forms import checked
from service.intake.rules import KeyUsedError
from service.outbox.tables import Notice
from service.routing.tables import RoutingDecisionRow
from service.secrecy import blind_index, decrypt, token_hash
from sla_policies.policy import Grade, Metric
from tests.builders import WITH_MAIL, a_request, case_of, received
from tests.people import Town


def test_a_resident_holds_a_number_a_desk_and_a_promise_at_once(session: Session, town: Town, now: datetime) -> None:
    receipt = open_case(session, a_request(), now=now)
    assert is_case_number(receipt.number)
    assert receipt.desk_id == town.areas["shore"].id
    assert receipt.received_at == now
    assert {p.metric for p in receipt.promises} == {Metric.ACCEPT, Metric.CONTACT, Metric.RESOLVE}
    assert all(p.due_at > now for p in receipt.promises)


def test_everything_that_belongs_to_a_case_is_written_with_it(session: Session, town: Town, now: datetime) -> None:
    case, receipt = received(session, now, contact=WITH_MAIL)
    assert case.status is CaseStatus.ASSIGNED
    assert case.code_hash == token_hash(receipt.tracking_code)
    assert case.assignee_id in (town.li_qiang.id, town.sun_li.id)
    assert session.exec(select(Assignment).where(Assignment.case_id == case.id)).one().person_id == case.assignee_id
    assert session.get_one(Workload, case.assignee_id).open_cases == 1
    assert len(session.exec(select(ClockRow).where(ClockRow.case_id == case.id)).all()) == 3
    assert (
        session.exec(select(RoutingDecisionRow).where(RoutingDecisionRow.case_id == case.id))
        .one()
        .reasons["candidates"]
    )
    assert [e["action"] for e in history(session, "case", case.id or 0)] == ["received", "routed"]
    assert {n.template for n in session.exec(select(Notice).where(Notice.case_id == case.id))} == {
        "receipt",
        "assigned",
    }
    assert broken_chains(session) == []


def test_a_resident_who_left_no_address_is_sent_nothing(session: Session, town: Town, now: datetime) -> None:
    case, _ = received(session, now)
    assert [n.template for n in session.exec(select(Notice).where(Notice.case_id == case.id))] == ["assigned"]


def test_what_runs_out_next_stands_on_the_case(session: Session, town: Town, now: datetime) -> None:
    case, receipt = received(session, now)
    assert (case.due_at, case.due_metric) == min((p.due_at, p.metric) for p in receipt.promises)


def test_numbers_of_a_day_count_up_and_start_again_the_next_day(session: Session, town: Town, now: datetime) -> None:
    numbers = [received(session, now)[0].number for _ in range(3)]
    later = received(session, now + timedelta(days=1))[0].number
    assert [n[:14] for n in numbers] == ["20261123-00001", "20261123-00002", "20261123-00003"]
    assert later.startswith("20261124-00001-")


def test_the_day_of_a_number_is_the_day_in_shanghai(session: Session, town: Town, now: datetime) -> None:
    just_before_midnight = now.replace(hour=15, minute=59)
    assert received(session, just_before_midnight)[0].number.startswith("20261123-")
    assert received(session, just_before_midnight + timedelta(minutes=1))[0].number.startswith("20261124-")


def test_the_same_key_and_body_make_one_case_and_the_same_answer(session: Session, town: Town, now: datetime) -> None:
    first = open_case(session, a_request(), now=now, key="k")
    again = open_case(session, a_request(), now=now + timedelta(days=7), key="k")
    assert again == first
    assert session.scalar(sa.select(sa.func.count()).select_from(Case)) == 1


def test_the_same_key_with_another_body_is_refused(session: Session, town: Town, now: datetime) -> None:
    open_case(session, a_request(), now=now, key="k")
    with pytest.raises(KeyUsedError):
        open_case(session, a_request(text="另一件事"), now=now, key="k")


def test_a_key_is_free_again_after_its_time(session: Session, town: Town, now: datetime) -> None:
    first = open_case(session, a_request(), now=now, key="k")
    second = open_case(session, a_request(text="另一件事"), now=now + KEY_LASTS, key="k")
    assert second.number != first.number


def test_answers_to_keys_are_forgotten_after_their_time(session: Session, town: Town, now: datetime) -> None:
    open_case(session, a_request(), now=now, key="k")
    forget_keys(session, now + KEY_LASTS)
    assert open_case(session, a_request(text="另一件事"), now=now + timedelta(hours=1), key="k").number


def test_forgetting_old_answers_leaves_those_of_today(session: Session, town: Town, now: datetime) -> None:
    first = open_case(session, a_request(), now=now, key="k")
    forget_keys(session, now + timedelta(days=7))
    assert open_case(session, a_request(), now=now + timedelta(days=7), key="k") == first


def test_contact_data_is_never_stored_in_clear(session: Session, town: Town, now: datetime) -> None:
    contact = {"name": "王芳", "phone": "138 1234 5678", "email": "wang@example.org"}
    case, _ = received(session, now, contact=contact)
    assert case.contact is not None
    stored = session.execute(sa.text("SELECT c::text, n::text FROM cases c JOIN notices n ON n.case_id = c.id")).all()
    assert "13812345678" not in str(stored)
    assert "wang@example.org" not in str(stored)
    assert "13812345678" in decrypt(case.contact)
    assert case.phone_index == blind_index("13812345678")


def test_an_anonymous_request_keeps_no_contact(session: Session, town: Town, now: datetime) -> None:
    case, _ = received(session, now, anonymous=True, contact={"name": "王芳", "phone": "13812345678"})
    assert case.is_anonymous
    assert case.contact is None
    assert case.phone_index is None


@pytest.mark.parametrize(
    ("answers", "where"),
    [
        ({"area": None, "location": {"lat": 32.01, "lon": 118.01}}, "shore_grid"),
        ({"area": None, "location": {"lat": 32.03, "lon": 118.06}}, "hill"),
        ({"area": None, "address": "柳溪镇磨坊村12号"}, "mill"),
        ({"area": None, "address": "不知道哪里"}, "county"),
        ({"area": "990101101"}, "willow"),
        ({"area": "Dongshan"}, "hill"),
    ],
)
def test_a_place_is_found_from_what_was_said(
    session: Session, town: Town, now: datetime, answers: dict[str, object], where: str
) -> None:
    case, _ = received(session, now, **answers)
    assert case.area_id == town.areas[where].id


def test_a_place_outside_gets_a_clear_answer(session: Session, town: Town, now: datetime) -> None:
    with pytest.raises(OutsideAreaError):
        received(session, now, area=None, location={"lat": 39.9, "lon": 116.4})


@pytest.mark.parametrize(
    ("answers", "topic"),
    [({"category": None}, "C05"), ({"category": None, "text": "没有线索"}, "Z99"), ({"category": "电梯"}, "A03")],
)
def test_a_topic_is_taken_as_chosen_or_guessed_from_the_words(
    session: Session,
    town: Town,
    now: datetime,
    answers: dict[str, object],
    topic: str,
) -> None:
    receipt = open_case(session, a_request(**answers), now=now)
    assert receipt.category == topic


@pytest.mark.parametrize("field", ["area", "category"])
def test_an_unknown_area_or_topic_is_named(session: Session, town: Town, now: datetime, field: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        received(session, now, **{field: "nowhere"})
    assert set(refused.value.fields) == {field}


def test_words_of_danger_raise_the_grade_and_say_so(session: Session, town: Town, now: datetime) -> None:
    case, receipt = received(session, now, text="电梯困人了，快来", category="A03")
    assert case.grade is Grade.G1
    assert receipt.danger
    assert history(session, "case", case.id or 0)[0]["data"]["grade_words"]


def test_at_night_an_urgent_case_goes_to_a_desk_that_is_awake(session: Session, town: Town, now: datetime) -> None:
    two_in_the_morning = now.replace(hour=18)
    case, _ = received(session, two_in_the_morning, category="A03", text="电梯坏了")
    assert case.assignee_id == town.wu_dan.id
    assert case.unit_id == town.areas["shore"].id


def test_at_night_an_ordinary_case_waits_with_the_community(session: Session, town: Town, now: datetime) -> None:
    case, _ = received(session, now.replace(hour=18))
    assert case.assignee_id in (town.li_qiang.id, town.sun_li.id)
    notice = session.exec(select(Notice).where(Notice.template == "assigned", Notice.case_id == case.id)).one()
    assert notice.next_try_at == now.replace(hour=23), "07:00 in Shanghai"


def test_cases_are_shared_out_by_load_and_then_by_who_waited_longest(
    session: Session, town: Town, now: datetime
) -> None:
    working = now + timedelta(hours=2)
    got = [received(session, working + timedelta(minutes=n))[0].assignee_id for n in range(6)]
    assert got == [town.li_qiang.id, town.sun_li.id] * 3


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "  \n\t "}, "text"),
        ({"text": "\x00\x01"}, "text"),
        ({"text": "长" * 20_000}, "text"),
        ({"text": 7}, "text"),
        ({"text": "x", "contact": {"phone": "12"}}, "contact.phone"),
        ({"text": "x", "contact": {"email": "a@b"}}, "contact.email"),
        ({"text": "x", "location": {"lat": 91, "lon": 0}}, "location.lat"),
        ({"text": "x", "location": {"lat": float("nan"), "lon": 0}}, "location.lat"),
        ({"text": "x", "for_whom": "cat"}, "for_whom"),
        ({"text": "x", "surprise": 1}, "surprise"),
    ],
)
def test_bad_answers_are_named_field_by_field(answers: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        checked(answers)
    assert field in refused.value.fields


def test_control_characters_are_taken_out_and_the_words_kept() -> None:
    assert checked({"text": "灯\x00坏\x07了\r\n请修 "}).text == "灯坏了\n请修"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'; DROP TABLE cases; --", "{{ 7*7 }}", "🛠️", "‮abc"])
def test_strange_words_are_kept_as_they_are(session: Session, town: Town, now: datetime, text: str) -> None:
    case, receipt = received(session, now, text=text, title=text, address=text, contact={"name": text})
    assert case_of(session, receipt.number).text == text
    assert case.title == text


def test_a_case_nobody_can_take_still_has_a_desk(session: Session, town: Town, now: datetime) -> None:
    for person in town.people.values():
        person.is_active = False
    session.flush()
    case, _ = received(session, now)
    assert case.status is CaseStatus.RECEIVED
    assert case.unit_id == town.areas["lake"].id
    assert session.exec(select(Assignment).where(col(Assignment.case_id) == case.id)).one().person_id is None
