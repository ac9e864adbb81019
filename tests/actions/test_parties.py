"""Outside parties and their jobs: who may, what is told, what is kept, and does a case ever lose its owner?"""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.audit.queries import broken_chains, history
from service.cases.queries import messages
from service.cases.rules import Action
from service.cases.tables import Case
from service.commissions.actions import act_as_party
from service.commissions.queries import named_by_table, offers, waiting_for
from service.commissions.rules import JobAction, JobForbiddenError, JobState, NotSignedForError
from service.commissions.sweeping import tell_late
from service.commissions.tables import PartyJob
from service.delivery.links import link_of
from service.delivery.queries import context
from service.delivery.ways import ways_of
from service.errors import ConflictError, InvalidFieldsError, NotAllowedError, NotFoundError
from service.outbox.rules import Channel
from service.outbox.tables import Caught, ChannelRow, Notice
from service.parties.actions import add_party, change_party
from service.parties.queries import contact_of, parties_for
from service.parties.rules import Misfit, NameTakenError, PartyKind
from service.parties.tables import Party
from service.routing.queries import directory
from service.routing.tables import RoutingRule
from service.secrecy import encrypt
from service.settings import get_settings
from service.watch.queries import alarms
from tests.builders import does, received, resident_does
from tests.parties import MAIL, PHONE, a_job, a_party, details, worker_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A = JobAction


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    contact = {"name": "王芳", "phone": "13812345678", "email": "wangfang@example.org"}
    found, _ = received(session, at, contact=contact)
    return does(session, found, holder(session, town, found), Action.ACCEPT, at)


@pytest.fixture
def party(session: Session, town: Town, at: datetime) -> Party:
    return a_party(session, town, at)


def holder(session: Session, town: Town, case: Case) -> Any:
    return next(p for p in town.people.values() if p.id == case.assignee_id)


def told(session: Session, case: Case) -> list[tuple[str, int | None, int | None]]:
    found = session.exec(
        select(Notice).where(Notice.case_id == case.id, col(Notice.template).like("job%")).order_by(col(Notice.id))
    )
    return [(n.template.removeprefix("job_"), n.person_id, n.party_id) for n in found]


def done(session: Session, case: Case) -> list[str]:
    return [e["action"] for e in history(session, "case", case.id or 0) if e["action"].startswith("job")]


def test_contacts_are_encrypted_and_the_history_says_only_that_they_changed(
    session: Session, town: Town, party: Party, at: datetime
) -> None:
    raw = session.execute(sa.text("SELECT p::text FROM parties p")).scalar_one()
    for secret in ("黄经理", PHONE, MAIL):
        assert secret not in raw
    assert (contact_of(party).phone, contact_of(party).email) == (PHONE, MAIL)
    change_party(session, party.id or 0, details(town, contact="吴经理", phone="13900002222"), by=town.admin, now=at)
    kept = history(session, "party", party.id or 0)
    assert [entry["action"] for entry in kept] == ["party.added", "party.changed"]
    assert kept[-1]["data"] == {"contact": [], "phone": []}
    assert broken_chains(session) == []


def test_a_change_of_nothing_leaves_no_trace_and_a_change_of_prices_says_both(
    session: Session, town: Town, party: Party, at: datetime
) -> None:
    change_party(session, party.id or 0, details(town), by=town.admin, now=at)
    assert len(history(session, "party", party.id or 0)) == 1
    change_party(session, party.id or 0, details(town, prices=(), valid_until=None), by=town.admin, now=at)
    facts = history(session, "party", party.id or 0)[-1]["data"]
    assert facts == {"valid_until": ["2026-12-31", None], "prices": [["换灯 35.50/盏", "补路面 120.00/平方米"], []]}


def test_who_may_write_what(session: Session, town: Town, party: Party, at: datetime) -> None:
    add_party(session, details(town, name="湖滨志愿队", kind=PartyKind.VOLUNTEERS), by=town.he_jun, now=at)
    for person in (town.li_qiang, town.wu_dan):
        with pytest.raises(NotAllowedError):
            add_party(session, details(town, name="别的"), by=person, now=at)
    with pytest.raises(InvalidFieldsError) as refused:
        add_party(session, details(town, name="别的"), by=town.zhou_tao, now=at)
    assert set(refused.value.fields) == {"area_ids"}, "another sub-district's"
    with pytest.raises(NotFoundError):
        change_party(session, party.id or 0, details(town), by=town.zhou_tao, now=at)
    wide = a_party(session, town, at, name="全区保洁", area_ids=(town.areas["county"].id,))
    with pytest.raises(NotAllowedError):
        change_party(session, wide.id or 0, details(town, name="全区保洁"), by=town.he_jun, now=at)
    areas = directory(session).areas
    assert {p.name for p in parties_for(session, town.zhou_tao, areas)} == {"全区保洁"}
    assert {p.name for p in parties_for(session, town.li_qiang, areas)} == {"湖滨物业", "湖滨志愿队", "全区保洁"}


def test_a_name_is_one_partys_and_two_writers_do_not_overwrite_each_other(
    session: Session, town: Town, party: Party, at: datetime
) -> None:
    with pytest.raises(NameTakenError):
        add_party(session, details(town), by=town.admin, now=at)
    other = a_party(session, town, at, name="别的物业")
    with pytest.raises(NameTakenError):
        change_party(session, other.id or 0, details(town), by=town.admin, now=at)
    with pytest.raises(ConflictError):
        change_party(session, other.id or 0, details(town, name="别的物业"), by=town.admin, now=at, seen=0)


def test_only_what_fits_is_offered_and_the_rest_says_why(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    others = {
        "ended": a_party(session, town, at, name="停用", is_active=False),
        "over": a_party(session, town, at, name="到期", valid_until=date(2026, 11, 22)),
        "not-yet": a_party(session, town, at, name="未到", valid_from=date(2026, 11, 24), valid_until=None),
        "topic": a_party(session, town, at, name="电梯", categories=("A",)),
        "area": a_party(session, town, at, name="东山", area_ids=(town.areas["hill"].id,)),
    }
    boss = town.chen_jing
    found = offers(session, case, boss, directory(session), at)
    assert [offer.party.id for offer in found if offer.misfit is None] == [party.id]
    assert {str(o.misfit): o.party.id for o in found if o.misfit} == {why: p.id for why, p in others.items()}
    for other in others.values():
        with pytest.raises(InvalidFieldsError) as refused:
            a_job(session, case, other, boss, at)
        assert set(refused.value.fields) == {"party"}
    later = {o.party.id: o.misfit for o in offers(session, case, boss, directory(session), at + 40 * DAY)}
    assert (later[party.id], later[others["not-yet"].id]) == (Misfit.OVER, None)


def test_a_job_leaves_the_case_with_its_holder_and_its_clocks(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    before = (case.status, case.version, case.assignee_id, case.unit_id, case.due_at, case.due_metric)
    job = a_job(session, case, party, holder(session, town, case), at)
    session.refresh(case)
    assert (case.status, case.version, case.assignee_id, case.unit_id, case.due_at, case.due_metric) == before
    assert (job.state, job.due_at, job.prices) == (JobState.OPEN, at + 24 * HOUR, party.prices)
    assert told(session, case) == [("given", None, party.id)]
    assert done(session, case) == ["job_given"]
    said = [m for m in messages(session, case.id or 0, public_only=False) if m.kind == "job_given"]
    assert [(m.text, m.is_public) for m in said] == [(job.text, False)]
    assert alarms(session, at) == []


def test_the_promise_of_the_result_bounds_the_term(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    job = a_job(session, case, party, holder(session, town, case), at + 6 * DAY, hours=720)
    assert at + 6 * DAY < job.due_at < at + 7 * DAY, "within seven days the worker must be done"


def test_a_job_needs_a_case_that_is_signed_for_and_a_hand_that_may(
    session: Session, town: Town, party: Party, at: datetime
) -> None:
    case, _ = received(session, at)
    with pytest.raises(NotSignedForError):
        a_job(session, case, party, holder(session, town, case), at)
    colleague = town.sun_li if case.assignee_id == town.li_qiang.id else town.li_qiang
    with pytest.raises(JobForbiddenError):
        a_job(session, case, party, colleague, at)
    with pytest.raises(JobForbiddenError):
        a_job(session, case, party, town.zhao_min, at)


BAD = [
    ({"text": ""}, {"text"}),
    ({"text": "字" * 2001}, {"text"}),
    ({"place": " "}, {"place"}),
    ({"place": "字" * 201}, {"place"}),
    ({"hours": "0"}, {"hours"}),
    ({"party_id": 0}, {"party"}),
    ({"party_id": 10**9}, {"party"}),
    ({"photos": ("0" * 32,)}, {"photos"}),
    ({"text": "找王芳"}, {"text"}),
    ({"place": "13812345678"}, {"place"}),
    ({"text": "", "place": "", "hours": ""}, {"text", "place", "hours"}),
]


@pytest.mark.parametrize(("other", "fields"), BAD)
def test_what_cannot_be_given_is_said_at_its_field_and_nothing_is_written(
    session: Session, town: Town, case: Case, party: Party, at: datetime, other: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        a_job(session, case, party, holder(session, town, case), at, **other)
    assert set(refused.value.fields) == fields
    assert session.exec(select(PartyJob)).all() == []


def test_it_is_taken_reported_sent_back_reported_again_and_accepted(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    me = holder(session, town, case)
    job = a_job(session, case, party, me, at)
    act_as_party(session, job.id or 0, A.TAKE, "", now=at + HOUR)
    act_as_party(session, job.id or 0, A.REPORT, "换了一盏", now=at + 2 * HOUR)
    assert [v.job.id for v in waiting_for(session, me, at + 2 * HOUR).jobs] == [job.id]
    with pytest.raises(InvalidFieldsError) as refused:
        worker_does(session, job, case, me, A.SEND_BACK, at + 3 * HOUR, hours="4")
    assert set(refused.value.fields) == {"text"}
    worker_does(session, job, case, me, A.SEND_BACK, at + 3 * HOUR, text="还有一盏", hours="4")
    assert (job.state, job.turn, job.due_at, job.link_serial) == (JobState.TAKEN, 2, at + 7 * HOUR, 2)
    assert waiting_for(session, me, at + 3 * HOUR).jobs == []
    act_as_party(session, job.id or 0, A.REPORT, "都换了", now=at + 5 * HOUR)
    worker_does(session, job, case, me, A.APPROVE, at + 6 * HOUR, quantities={0: "2", 1: "0.5"})
    assert (job.state, job.cost, job.late_at, job.link_until) == (JobState.APPROVED, 7100 + 6000, None, None)
    assert [line["item"] for line in job.costs] == ["换灯", "补路面"]
    assert told(session, case) == [
        ("given", None, party.id),
        ("taken", me.id, None),
        ("reported", me.id, None),
        ("sent_back", None, party.id),
        ("reported", me.id, None),
    ]
    turns = ["job_given", "job_taken", "job_reported", "job_sent_back", "job_reported", "job_approved"]
    assert done(session, case) == turns
    assert {e["actor"] for e in history(session, "case", case.id or 0) if e["action"] == "job_reported"} == {"party"}
    assert broken_chains(session) == []


def test_a_party_that_cannot_says_why_and_the_worker_finds_another_way(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    me = holder(session, town, case)
    job = a_job(session, case, party, me, at)
    with pytest.raises(InvalidFieldsError):
        act_as_party(session, job.id or 0, A.REFUSE, " ", now=at)
    act_as_party(session, job.id or 0, A.REFUSE, "没有登高车", now=at + HOUR)
    assert (job.state, job.reply, job.link_until) == (JobState.REFUSED, "没有登高车", None)
    session.refresh(case)
    assert case.assignee_id == me.id
    for action in (A.TAKE, A.REPORT, A.REFUSE):
        with pytest.raises(JobForbiddenError):
            act_as_party(session, job.id or 0, action, "还是做吧", now=at + HOUR)
    assert a_job(session, case, party, me, at + HOUR).id != job.id, "it may be asked again"


def test_a_version_that_was_overtaken_is_refused(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    me = holder(session, town, case)
    job = a_job(session, case, party, me, at)
    act_as_party(session, job.id or 0, A.TAKE, "", now=at)
    with pytest.raises(ConflictError):
        worker_does(session, job, case, me, A.WITHDRAW, at, text="不用了", version=1)
    worker_does(session, job, case, me, A.WITHDRAW, at, text="不用了", version=2)
    assert told(session, case)[-1] == ("withdrawn", None, party.id)
    with pytest.raises(JobForbiddenError):
        act_as_party(session, job.id or 0, A.REPORT, "做完了", now=at)


def test_what_is_sent_back_must_not_say_who_asked(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    me = holder(session, town, case)
    job = a_job(session, case, party, me, at)
    act_as_party(session, job.id or 0, A.REPORT, "好了", now=at)
    with pytest.raises(InvalidFieldsError) as refused:
        worker_does(session, job, case, me, A.SEND_BACK, at, text="王芳说没好", hours="4")
    assert set(refused.value.fields) == {"text"}


def test_who_is_late_is_told_once_for_each_due_time(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    me = holder(session, town, case)
    job = a_job(session, case, party, me, at)
    due = job.due_at
    assert tell_late(session, due - HOUR, most=10) == 0
    assert "job-not-told" not in {alarm.check for alarm in alarms(session, due - HOUR)}
    assert "job-not-told" in {alarm.check for alarm in alarms(session, due + HOUR)}
    assert tell_late(session, due, most=10) == 1
    assert tell_late(session, due + HOUR, most=10) == 0
    assert "job-not-told" not in {alarm.check for alarm in alarms(session, due + HOUR)}
    assert [one for one in told(session, case) if one[0] == "late"] == [("late", me.id, None)]
    assert done(session, case).count("job_late") == 1
    assert [v.is_late(due) for v in waiting_for(session, me, due).jobs] == [True]
    act_as_party(session, job.id or 0, A.REPORT, "晚了一点", now=due + HOUR)
    worker_does(session, job, case, me, A.SEND_BACK, due + 2 * HOUR, text="再看看", hours="2")
    assert (job.late_at, job.late_told_at) == (due, None)
    assert tell_late(session, due + 5 * HOUR, most=10) == 1, "the new term is over as well"
    assert job.late_at == due, "what was missed first stays"
    assert len([one for one in told(session, case) if one[0] == "late"]) == 2


def test_late_is_late_also_where_no_sweep_came(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    job = a_job(session, case, party, holder(session, town, case), at)
    act_as_party(session, job.id or 0, A.REPORT, "做完了", now=job.due_at + timedelta(seconds=1))
    assert job.late_at == job.due_at


def test_a_job_ends_with_its_case_but_what_is_reported_is_still_checked(
    session: Session, town: Town, case: Case, party: Party, at: datetime
) -> None:
    me = holder(session, town, case)
    first, second = a_job(session, case, party, me, at), a_job(session, case, party, me, at, text="补路面")
    act_as_party(session, second.id or 0, A.REPORT, "补好了", now=at)
    resident_does(session, case, Action.WITHDRAW, at + HOUR)
    session.refresh(first)
    session.refresh(second)
    assert (first.state, first.link_until, second.state) == (JobState.LAPSED, None, JobState.REPORTED)
    assert told(session, case)[-1] == ("withdrawn", None, party.id)
    with pytest.raises(JobForbiddenError):
        worker_does(session, second, case, me, A.SEND_BACK, at + HOUR, text="再补", hours="4")
    worker_does(session, second, case, me, A.APPROVE, at + HOUR, quantities={1: "1"})
    assert second.cost == 12000
    with pytest.raises(NotSignedForError):
        a_job(session, case, party, me, at + HOUR)


def test_a_new_link_ends_the_old_one(session: Session, town: Town, case: Case, party: Party, at: datetime) -> None:
    me = holder(session, town, case)
    job = a_job(session, case, party, me, at)
    first = job.link_until
    worker_does(session, job, case, me, A.RENEW, at + HOUR)
    assert (job.link_serial, job.state) == (2, JobState.OPEN)
    worker_does(session, job, case, me, A.RENEW, job.due_at + DAY)
    assert first is not None
    assert job.link_until is not None
    assert job.link_until == first + DAY
    assert told(session, case).count(("renewed", None, party.id)) == 2


def _table(session: Session, town: Town, name: str) -> None:
    session.add(
        RoutingRule(
            position=5, category_code="C05", target_area_id=town.areas["shore"].id, party=name, note="The firm does it."
        )
    )
    session.flush()


def test_a_line_that_names_a_party_offers_the_job_to_whoever_answers_for_the_case(
    session: Session, town: Town, party: Party, at: datetime
) -> None:
    _table(session, town, "湖滨物业")
    case, _ = received(session, at)
    me = holder(session, town, case)
    assert named_by_table(session, case) == party
    assert [(c.id, p.id) for c, p in waiting_for(session, me, at).to_give] == [(case.id, party.id)]
    does(session, case, me, Action.ACCEPT, at)
    a_job(session, case, party, me, at)
    assert named_by_table(session, case) is None
    assert waiting_for(session, me, at).to_give == []


def test_a_line_that_names_somebody_unknown_goes_on_as_before(session: Session, town: Town, at: datetime) -> None:
    _table(session, town, "供电公司")
    case, _ = received(session, at)
    assert case.assignee_id is not None
    assert named_by_table(session, case) is None
    assert waiting_for(session, holder(session, town, case), at).to_give == []


def a_channel(session: Session, at: datetime, address: str) -> ChannelRow:
    row = ChannelRow(name="短信", kind=Channel.APPRISE, address=encrypt(address), created_at=at)
    session.add(row)
    session.flush()
    return row


WAYS = [
    ({}, "sms://x/{phone}", [Channel.MAIL, "sms"]),
    ({"email": ""}, "sms://x/{phone}", ["sms"]),
    ({"phone": ""}, "sms://x/{phone}", [Channel.MAIL]),
    ({"email": ""}, "wecombot://key", []),
]


@pytest.mark.parametrize(("contact", "address", "expected"), WAYS)
def test_a_party_is_reached_by_mail_or_short_message(
    session: Session, town: Town, case: Case, at: datetime, monkeypatch: pytest.MonkeyPatch,
    contact: dict[str, str], address: str, expected: list[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(get_settings(), "demo", True)
    row = a_channel(session, at, address)
    job = a_job(session, case, a_party(session, town, at, **contact), holder(session, town, case), at)
    notice = session.exec(select(Notice).where(Notice.party_id == job.party_id)).one()
    found = ways_of(notice, context(session, [notice], at), get_settings())
    assert found == [str(row.id) if one == "sms" else one for one in expected]


def test_the_link_leaves_with_the_mail_and_stands_in_no_row(
    session: Session, town: Town, case: Case, party: Party, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import outbox

    monkeypatch.setattr(get_settings(), "demo", True)
    monkeypatch.setattr(outbox, "now", lambda: at)
    job = a_job(session, case, party, holder(session, town, case), at)
    outbox.sweep_outbox()
    mail = session.exec(select(Caught).where(Caught.address == MAIL)).one()
    token = mail.body.split("?key=")[1].split()[0]
    link = link_of(token)
    assert link is not None
    assert (link.job_id, link.serial, link.until) == (job.id, 1, job.link_until)
    for secret in ("王芳", "13812345678", "wangfang@example.org", case.number, case.title):
        assert secret not in mail.body + mail.subject
    rows = session.execute(sa.text("SELECT n::text FROM notices n")).scalars().all()
    assert not any(token in row for row in rows)


def test_a_party_without_a_way_is_told_to_the_operator(
    session: Session, town: Town, case: Case, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import outbox

    monkeypatch.setattr(outbox, "now", lambda: at)
    a_job(session, case, a_party(session, town, at, email=""), holder(session, town, case), at)
    outbox.sweep_outbox()
    assert "notice-failed" in {alarm.check for alarm in alarms(session, at)}
