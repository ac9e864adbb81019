"""Joint handling and the whistle: who calls whom, who may do what in which state, and which time runs meanwhile?"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Absence, Person
from service.audit.queries import broken_chains, history
from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.clocks.queries import current_book, of_case
from service.clocks.tables import ClockRow
from service.errors import ConflictError, InvalidFieldsError, NotAllowedError, NotFoundError, ServiceError
from service.escalations.actions import sweep
from service.escalations.explaining import explanations
from service.escalations.queries import of_case as escalations_of
from service.handling.actions import RESIDENT
from service.handling.queries import actors, view
from service.outbox.tables import Notice
from service.parts.actions import Said, act_on
from service.parts.calling import Ask, Blow, ask, blow, usual_hours
from service.parts.queries import PartTab, listed, part_of, progress_of, waiting_for
from service.parts.queries import of_case as parts_of_case
from service.parts.rules import (
    MOVES,
    OPEN,
    RUNS,
    CallForbiddenError,
    PartAction,
    PartForbiddenError,
    PartsOpenError,
    PartState,
    Party,
    Progress,
)
from service.parts.tables import Part, Whistle
from service.routing.queries import directory
from service.watch.queries import alarms
from sla_policies.clock import ClockState
from sla_policies.documents import book_from_texts
from sla_policies.policy import INSIDE, OF_PARTS, Metric
from tests.builders import does, received, resident_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A, S = PartAction, PartState


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    found, _ = received(session, at)
    return does(session, found, town.li_qiang, Action.ACCEPT, at)


def asked(session: Session, case: Case, by: Person, at: datetime, **given: Any) -> Part:
    return ask(session, case.id or 0, [Ask(**({"text": "请到现场看电缆", "hours": 8} | given))], by=by, now=at)[0]


def helped(session: Session, case: Case, town: Town, at: datetime, **given: Any) -> Part:
    return asked(session, case, town.li_qiang, at, **({"to": f"unit:{town.areas['hill'].id}"} | given))


def whistle(session: Session, case: Case, town: Town, at: datetime, **given: Any) -> list[Part]:
    to = [f"role:{town.areas['lake'].id}:triage", f"unit:{town.areas['hill'].id}"]
    usual = {
        "reason": "emergency",
        "place": "湖滨路 3 号",
        "minutes": 30,
        "text": "路面塌陷，请到场",
        "hours": 4,
        "to": to,
    }
    blown = blow(session, case.id or 0, Blow(**(usual | given)), by=given.pop("by", None) or town.he_jun, now=at)
    return list(session.exec(select(Part).where(Part.whistle_id == blown.id).order_by(col(Part.id))))


def acts(session: Session, part: Part, action: A, by: Person, now: datetime, **said: Any) -> Part:
    return act_on(session, part.id or 0, action, Said(**said), by=by, now=now)


def clock_of(session: Session, part: Part) -> ClockRow:
    return session.get_one(ClockRow, part.clock_id)


def told(session: Session, case: Case) -> set[tuple[str, int | None]]:
    found = session.exec(select(Notice).where(Notice.case_id == case.id, col(Notice.template).like("part%")))
    return {(n.template.removeprefix("part_"), n.person_id) for n in found}


# Joint handling


def test_a_desk_that_is_asked_reports_in_does_its_part_and_both_sides_hear(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    before = (case.due_at, case.due_metric, case.status, case.version, case.assignee_id)
    part = helped(session, case, town, at)
    clock = clock_of(session, part)
    assert (part.state, part.person_id, part.unit_id) == (S.ASKED, town.zhao_min.id, town.areas["hill"].id)
    assert (clock.metric, clock.state, clock.due_at) == (Metric.REPORT_IN, ClockState.RUNNING, at + 4 * HOUR)
    assert part.report_by == clock.due_at
    acts(session, part, A.ACCEPT, town.zhao_min, at + HOUR)
    clock = clock_of(session, part)
    assert (part.state, part.accepted_at) == (S.ACCEPTED, at + HOUR)
    assert (clock.metric, clock.state, clock.due_at) == (Metric.PART, ClockState.RUNNING, at + 9 * HOUR)
    acts(session, part, A.FINISH, town.zhao_min, at + 2 * HOUR, text="电缆已修好")
    assert (part.state, part.result, part.ended_at) == (S.DONE, "电缆已修好", at + 2 * HOUR)
    assert (case.due_at, case.due_metric, case.status, case.version, case.assignee_id) == before
    times = {(c.metric, c.state) for c in of_case(session, case.id or 0) if c.metric in OF_PARTS}
    assert times == {(Metric.REPORT_IN, ClockState.SATISFIED), (Metric.PART, ClockState.SATISFIED)}
    li_qiang, zhao_min = town.li_qiang.id, town.zhao_min.id
    assert told(session, case) == {("asked", zhao_min), ("accepted", li_qiang), ("done", li_qiang)}
    done = [e["action"] for e in history(session, "case", case.id or 0) if e["action"].startswith("part")]
    assert done == ["part_asked", "part_accepted", "part_done"]
    assert broken_chains(session) == []


def test_several_are_asked_at_once_each_for_its_own_part_and_how_far_they_are_is_told(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    asks = [
        Ask(f"unit:{town.areas['hill'].id}", "看电缆", 8),
        Ask(f"person:{town.sun_li.id}", "通知居民", "24"),
        Ask(f"role:{town.areas['lake'].id}:supervisor", "协调路权", 48),
    ]
    first, second, third = ask(session, case.id or 0, asks, by=town.li_qiang, now=at)
    assert [p.person_id for p in (first, second, third)] == [town.zhao_min.id, town.sun_li.id, town.chen_jing.id]
    assert [p.text for p in (first, second, third)] == ["看电缆", "通知居民", "协调路权"]
    instances = [c.instance for c in of_case(session, case.id or 0) if c.metric is Metric.REPORT_IN]
    assert instances == [1, 2, 3], "each has a time of its own"
    acts(session, second, A.ACCEPT, town.sun_li, at)
    acts(session, second, A.FINISH, town.sun_li, at, text="已通知")
    acts(session, third, A.DECLINE, town.chen_jing, at, text="不需要")
    assert progress_of(session, [case.id or 0]) == {case.id: Progress(done=1, open=1, declined=1)}
    assert Progress(done=1, open=1, declined=1).total == 2


def test_one_who_cannot_be_asked_means_that_nobody_is(session: Session, town: Town, case: Case, at: datetime) -> None:
    asks = [Ask(f"unit:{town.areas['hill'].id}", "看电缆", 8), Ask("unit:999999", "看", 8)]
    with pytest.raises(InvalidFieldsError):
        ask(session, case.id or 0, asks, by=town.li_qiang, now=at)
    assert session.scalar(sa.select(sa.func.count()).select_from(Part)) == 0


@pytest.mark.parametrize("state", [S.ASKED, S.ACCEPTED])
def test_a_case_is_not_resolved_while_a_part_is_open(
    session: Session, town: Town, case: Case, at: datetime, state: PartState
) -> None:
    part = helped(session, case, town, at)
    if state is S.ACCEPTED:
        acts(session, part, A.ACCEPT, town.zhao_min, at)
    with pytest.raises(PartsOpenError) as refused:
        does(session, case, town.li_qiang, Action.RESOLVE, at + HOUR, text="灯已修好")
    assert refused.value.facts == {"count": 1}
    acts(session, part, A.WITHDRAW, town.li_qiang, at + HOUR, text="我们自己修好了")
    assert ("withdrawn", town.zhao_min.id) in told(session, case)
    assert clock_of(session, part).state is ClockState.CANCELLED
    assert does(session, case, town.li_qiang, Action.RESOLVE, at + HOUR, text="灯已修好").status is CaseStatus.RESOLVED


@pytest.mark.parametrize("how", [A.FINISH, A.DECLINE])
def test_a_case_is_resolved_when_its_parts_have_ended(
    session: Session, town: Town, case: Case, at: datetime, how: PartAction
) -> None:
    part = helped(session, case, town, at)
    acts(session, part, A.ACCEPT, town.zhao_min, at)
    acts(session, part, how, town.zhao_min, at, text="如此")
    assert does(session, case, town.li_qiang, Action.RESOLVE, at + HOUR, text="灯已修好").status is CaseStatus.RESOLVED


def test_a_request_that_is_withdrawn_ends_its_parts(session: Session, town: Town, case: Case, at: datetime) -> None:
    part = helped(session, case, town, at)
    resident_does(session, case, Action.WITHDRAW, at + HOUR)
    assert (part.state, part.ended_at) == (S.WITHDRAWN, at + HOUR)
    assert clock_of(session, part).state is ClockState.CANCELLED
    assert ("withdrawn", town.zhao_min.id) in told(session, case)
    with pytest.raises(PartForbiddenError):
        acts(session, part, A.ACCEPT, town.zhao_min, at + HOUR)
    with pytest.raises(CallForbiddenError):
        asked(session, case, town.he_jun, at, to=f"unit:{town.areas['hill'].id}")


def test_a_case_that_is_joined_to_another_ends_its_parts(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    part = helped(session, case, town, at)
    other, _ = received(session, at)
    does(session, case, town.he_jun, Action.DUPLICATE, at + HOUR, number=other.number)
    assert part.state is S.WITHDRAWN


def test_whatever_happens_to_the_case_a_part_keeps_its_time(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    part = helped(session, case, town, at)
    due = clock_of(session, part).due_at
    does(session, case, town.li_qiang, Action.ASK, at + HOUR, text="哪一盏？")
    does(session, case, town.chen_jing, Action.REASSIGN, at + HOUR, person_id=town.sun_li.id)
    assert (clock_of(session, part).due_at, clock_of(session, part).state) == (due, ClockState.RUNNING)
    assert case.due_metric not in INSIDE
    acts(session, part, A.ACCEPT, town.zhao_min, at + 2 * HOUR)
    assert {("accepted", town.sun_li.id), ("accepted", town.li_qiang.id)} <= told(session, case), "holder and asker"


# Who may


MAY: dict[str, frozenset[Party]] = {
    "li_qiang": frozenset({Party.LEAD}),
    "he_jun": frozenset({Party.LEAD}),
    "chen_jing": frozenset({Party.LEAD}),
    "wu_dan": frozenset({Party.LEAD}),
    "qian_bo": frozenset({Party.LEAD}),
    "zhao_min": frozenset({Party.HELPER}),
    "sun_li": frozenset(),
    "zhou_tao": frozenset(),
    "admin": frozenset(),
}
SEEN_BY = {"li_qiang", "he_jun", "chen_jing", "wu_dan", "qian_bo", "zhao_min", "sun_li"}
REACH: dict[PartState, Callable[[Session, Part, Town, datetime], object]] = {
    S.ASKED: lambda *_: None,
    S.ACCEPTED: lambda s, p, t, at: acts(s, p, A.ACCEPT, t.zhao_min, at),
    S.DONE: lambda s, p, t, at: (acts(s, p, A.ACCEPT, t.zhao_min, at), acts(s, p, A.FINISH, t.zhao_min, at, text="好")),
    S.DECLINED: lambda s, p, t, at: (
        acts(s, p, A.ACCEPT, t.zhao_min, at),
        acts(s, p, A.DECLINE, t.zhao_min, at, text="非本单位职责"),
    ),
    S.WITHDRAWN: lambda s, p, t, at: acts(s, p, A.WITHDRAW, t.he_jun, at, text="不用了"),
}


@pytest.mark.parametrize("is_whistle", [False, True])
@pytest.mark.parametrize("who", sorted(MAY))
@pytest.mark.parametrize("state", list(S))
def test_in_every_state_only_those_who_may_do_what_the_table_says(
    session: Session, town: Town, case: Case, at: datetime, state: PartState, who: str, is_whistle: bool
) -> None:
    person = town.people[who]
    for action in A:
        with session.begin_nested() as tried:
            part = whistle(session, case, town, at)[1] if is_whistle else helped(session, case, town, at)
            REACH[state](session, part, town, at)
            allowed = any(
                move.action is action
                and state in move.from_
                and move.who in MAY[who]
                and move.of_whistle in (None, is_whistle)
                for move in MOVES
            )
            said = {"text": "如此", "score": "4"}
            if allowed:
                acts(session, part, action, person, at + HOUR, **said)
            else:
                error = PartForbiddenError if who in SEEN_BY else NotFoundError
                with pytest.raises(error):
                    acts(session, part, action, person, at + HOUR, **said)
            tried.rollback()


REFUSED_CALLS = [
    ("sun_li", {}, NotAllowedError),
    ("zhao_min", {}, NotAllowedError),
    ("zhou_tao", {}, NotAllowedError),
    ("admin", {}, NotAllowedError),
    ("li_qiang", {"text": " "}, InvalidFieldsError),
    ("li_qiang", {"text": "话" * 2001}, InvalidFieldsError),
    ("li_qiang", {"hours": "0"}, InvalidFieldsError),
    ("li_qiang", {"hours": "721"}, InvalidFieldsError),
    ("li_qiang", {"hours": True}, InvalidFieldsError),
    ("li_qiang", {"hours": "９"}, InvalidFieldsError),
    ("li_qiang", {"to": ""}, InvalidFieldsError),
    ("li_qiang", {"to": "unit:"}, InvalidFieldsError),
    ("li_qiang", {"to": "unit:7:worker"}, InvalidFieldsError),
    ("li_qiang", {"to": "unit:" + "9" * 300}, InvalidFieldsError),
    ("li_qiang", {"to": "person:-1"}, InvalidFieldsError),
    ("li_qiang", {"to": "<b>"}, InvalidFieldsError),
]


@pytest.mark.parametrize(("who", "given", "error"), REFUSED_CALLS)
def test_what_is_no_call_is_refused(
    session: Session, town: Town, case: Case, at: datetime, who: str, given: dict[str, Any], error: type[ServiceError]
) -> None:
    with pytest.raises(error):
        asked(session, case, town.people[who], at, **({"to": f"unit:{town.areas['hill'].id}"} | given))
    assert session.scalar(sa.select(sa.func.count()).select_from(Part)) == 0


def test_nobody_is_called_who_cannot_help(session: Session, town: Town, case: Case, at: datetime) -> None:
    nobody = [
        f"person:{town.admin.id}",
        f"person:{town.li_qiang.id}",  # He holds the case.
        f"unit:{town.areas['mill'].id}",  # Nobody works there.
        f"role:{town.areas['hill'].id}:head",
        f"role:{town.areas['county'].id}:admin",
        f"role:{town.areas['hill'].id}:king",
    ]
    for to in nobody:
        with pytest.raises(InvalidFieldsError):
            asked(session, case, town.li_qiang, at, to=to)
    with pytest.raises(InvalidFieldsError):
        ask(session, case.id or 0, [], by=town.li_qiang, now=at)
    twice = [Ask(f"unit:{town.areas['hill'].id}", "看", 8)] * 2
    with pytest.raises(InvalidFieldsError):
        ask(session, case.id or 0, twice, by=town.li_qiang, now=at)


def test_at_most_twelve_help_at_once(session: Session, town: Town, case: Case, at: datetime) -> None:
    first = helped(session, case, town, at)
    for _ in range(11):
        helped(session, case, town, at)
    with pytest.raises(InvalidFieldsError):
        helped(session, case, town, at)
    acts(session, first, A.WITHDRAW, town.li_qiang, at, text="不用了")
    assert helped(session, case, town, at).state is S.ASKED


def test_the_own_unit_may_be_asked_and_the_holder_is_passed_over(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    part = asked(session, case, town.li_qiang, at, to=f"unit:{town.areas['shore'].id}")
    assert part.person_id == town.sun_li.id


def test_within_a_unit_open_parts_count_as_work(session: Session, town: Town, case: Case, at: datetime) -> None:
    other, _ = received(session, at, area="东山社区")
    chosen = {
        asked(session, other, town.chen_jing, at, to=f"unit:{town.areas['shore'].id}").person_id for _ in range(2)
    }
    assert town.sun_li.id in chosen, "he who holds a case comes after her who holds none"
    third = asked(session, other, town.chen_jing, at, to=f"unit:{town.areas['shore'].id}").person_id
    assert chosen | {third} == {town.sun_li.id, town.li_qiang.id}


def test_whoever_stands_in_does_it(session: Session, town: Town, case: Case, at: datetime) -> None:
    part = helped(session, case, town, at)
    away = Absence(person_id=town.zhao_min.id or 0, starts_at=at, ends_at=at + DAY, substitute_id=town.zhou_tao.id)
    session.add(away)
    session.flush()
    assert waiting_for(session, town.zhou_tao, directory(session), at)[0].part.id == part.id
    acts(session, part, A.ACCEPT, town.zhou_tao, at)
    assert part.person_id == town.zhou_tao.id, "who comes forward does it"
    assert not part_of(session, part.id or 0, town.zhou_tao, directory(session), at).may_see_case


def test_a_helper_sees_the_part_and_never_the_case(session: Session, town: Town, at: datetime) -> None:
    """The part opens nothing of the case but what its page shows; the gate of cases stays closed."""
    found, _ = received(session, at, contact={"name": "王芳", "phone": "13800138000"})
    case = does(session, found, town.li_qiang, Action.ACCEPT, at)
    part = helped(session, case, town, at)
    seen = part_of(session, part.id or 0, town.zhao_min, directory(session), at)
    assert (seen.may_see_case, seen.parties) == (False, {Party.HELPER})
    assert not actors(session, case, town.zhao_min)
    for outsider in (town.zhou_tao, town.admin):
        with pytest.raises(NotFoundError):
            part_of(session, part.id or 0, outsider, directory(session), at)
    other = asked(session, case, town.li_qiang, at, to=f"person:{town.sun_li.id}")
    with pytest.raises(NotFoundError):
        part_of(session, other.id or 0, town.zhao_min, directory(session), at)
    assert [v.part.id for v in parts_of_case(session, case.id or 0, town.zhao_min, directory(session), at)] == [part.id]


def test_each_sees_in_which_list_it_waits_for_them(session: Session, town: Town, case: Case, at: datetime) -> None:
    part = whistle(session, case, town, at)[1]

    def tab(person: Person) -> list[str]:
        found = listed(session, person, directory(session), at)
        return [str(name) for name, views in found.items() if part.id in {v.part.id for v in views}]

    assert (tab(town.zhao_min), tab(town.he_jun), tab(town.zhou_tao)) == ([PartTab.TO_DO], [PartTab.CALLED], [])
    acts(session, part, A.ACCEPT, town.zhao_min, at)
    acts(session, part, A.FINISH, town.zhao_min, at, text="好")
    assert (tab(town.zhao_min), tab(town.he_jun)) == ([PartTab.ENDED], [PartTab.TO_SCORE])
    acts(session, part, A.SCORE, town.he_jun, at, score=5, text="来得快")
    assert (tab(town.zhao_min), tab(town.he_jun)) == ([PartTab.ENDED], [PartTab.ENDED])


def test_who_saw_an_older_version_is_told(session: Session, town: Town, case: Case, at: datetime) -> None:
    part = helped(session, case, town, at)
    acts(session, part, A.ACCEPT, town.zhao_min, at, version=1)
    with pytest.raises(ConflictError) as refused:
        acts(session, part, A.FINISH, town.zhao_min, at, text="好", version=1)
    assert refused.value.facts == {"yours": 1, "current": 2, "status": S.ACCEPTED}


@pytest.mark.parametrize("text", ["", " ", "话" * 2001])
@pytest.mark.parametrize("action", [A.FINISH, A.DECLINE])
def test_what_was_done_is_said_in_words(
    session: Session, town: Town, case: Case, at: datetime, action: PartAction, text: str
) -> None:
    part = acts(session, helped(session, case, town, at), A.ACCEPT, town.zhao_min, at)
    with pytest.raises(InvalidFieldsError):
        acts(session, part, action, town.zhao_min, at, text=text)
    assert part.state is S.ACCEPTED


# The whistle


def test_a_whistle_calls_several_who_report_in_each_in_its_time(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    desk, hill = whistle(session, case, town, at)
    assert (desk.person_id, hill.person_id) == (town.wu_dan.id, town.zhao_min.id)
    assert desk.report_by == hill.report_by == at + timedelta(minutes=30)
    assert told(session, case) == {("whistled", town.wu_dan.id), ("whistled", town.zhao_min.id)}
    woken = session.exec(select(Notice.wakes).where(Notice.template == "part_whistled")).all()
    assert woken == [True, True], "an emergency is told at night too"
    blown = session.get_one(Whistle, desk.whistle_id)
    assert (blown.place, blown.reason, blown.called_by_id) == ("湖滨路 3 号", "emergency", town.he_jun.id)


def test_who_is_called_by_a_whistle_reports_in_before_there_is_anything_to_decline(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    _, hill = whistle(session, case, town, at)
    with pytest.raises(PartForbiddenError):
        acts(session, hill, A.DECLINE, town.zhao_min, at, text="不是我们的事")
    acts(session, hill, A.ACCEPT, town.zhao_min, at)
    acts(session, hill, A.DECLINE, town.zhao_min, at, text="不是我们的事")
    assert hill.state is S.DECLINED


def test_the_community_scores_each_once_afterwards(session: Session, town: Town, case: Case, at: datetime) -> None:
    _, hill = whistle(session, case, town, at)
    REACH[S.DONE](session, hill, town, at)
    for score in ("", 0, 6, True, "五", "5.0", "<b>"):
        with pytest.raises(InvalidFieldsError):
            acts(session, hill, A.SCORE, town.he_jun, at, score=score, text="好")
    with pytest.raises(InvalidFieldsError):
        acts(session, hill, A.SCORE, town.he_jun, at, score=5, text="")
    acts(session, hill, A.SCORE, town.he_jun, at + HOUR, score="4", text="来得快，话不多")
    assert (hill.score, hill.score_text, hill.scored_by_id) == (4, "来得快，话不多", town.he_jun.id)
    assert ("scored", town.zhao_min.id) in told(session, case)
    with pytest.raises(PartForbiddenError):
        acts(session, hill, A.SCORE, town.he_jun, at + HOUR, score="1", text="改主意了")


def test_nobody_scores_themselves(session: Session, town: Town, case: Case, at: datetime) -> None:
    (part,) = whistle(session, case, town, at, to=[f"person:{town.chen_jing.id}"])
    acts(session, part, A.ACCEPT, town.chen_jing, at)
    acts(session, part, A.FINISH, town.chen_jing, at, text="好")
    with pytest.raises(PartForbiddenError):
        acts(session, part, A.SCORE, town.chen_jing, at, score=5, text="非常好")


@pytest.mark.parametrize(
    "given",
    [
        {"reason": ""},
        {"reason": "boredom"},
        {"place": " "},
        {"place": "路" * 201},
        {"minutes": 9},
        {"minutes": 1441},
        {"minutes": "半小时"},
        {"minutes": True},
        {"text": ""},
        {"hours": "0"},
        {"to": []},
        {"to": ["unit:0"]},
    ],
)
def test_what_is_no_whistle_is_refused(
    session: Session, town: Town, case: Case, at: datetime, given: dict[str, Any]
) -> None:
    with pytest.raises(InvalidFieldsError), session.begin_nested():
        whistle(session, case, town, at, **given)
    assert session.scalar(sa.select(sa.func.count()).select_from(Whistle)) == 0


# Its time


def test_a_part_nobody_reports_in_for_climbs_to_the_district_each_step_once(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    part = helped(session, case, town, at)
    for minutes in range(0, 60 * 60, 30):
        while sweep(session, at + timedelta(minutes=minutes)):
            pass
    steps = [e for e in escalations_of(session, case.id or 0) if e.clock_id == part.clock_id]
    heard = {e.step: set(e.person_ids) for e in steps}
    assert heard["report-in-75"] == {town.zhao_min.id}
    assert heard["report-in-due"] == {town.zhao_min.id, town.li_qiang.id}
    assert heard["report-in-2h"] == {town.chen_jing.id}
    assert heard["report-in-1d"] == {town.qian_bo.id}
    assert len(steps) == len(heard), "each step once"
    assert clock_of(session, part).breached_at == at + 4 * HOUR
    late = [e for e in history(session, "case", case.id or 0) if e["action"] == "breached"]
    assert [e["data"]["metric"] for e in late if e["data"]["metric"] in OF_PARTS] == ["report_in"]
    link = session.exec(select(Notice).where(Notice.template == "escalated", Notice.person_id == town.zhao_min.id))
    assert {n.facts["part"] for n in link} == {str(part.id)}, "who may not see the case is led to the part"


def test_a_part_that_is_not_done_in_time_climbs_too(session: Session, town: Town, case: Case, at: datetime) -> None:
    part = acts(session, helped(session, case, town, at), A.ACCEPT, town.zhao_min, at)
    does(session, case, town.chen_jing, Action.REASSIGN, at, person_id=town.sun_li.id)
    for hours in range(60):
        while sweep(session, at + hours * HOUR):
            pass
    heard = {e.step: set(e.person_ids) for e in escalations_of(session, case.id or 0) if e.clock_id == part.clock_id}
    assert heard["part-due"] >= {town.zhao_min.id, town.sun_li.id}, "whoever holds the case now waits for it"
    assert heard["part-4h"] == {town.chen_jing.id}
    assert heard["part-1d"] == {town.qian_bo.id}


def test_the_time_of_a_part_is_explained(session: Session, town: Town, case: Case, at: datetime) -> None:
    helped(session, case, town, at)
    seen = view(session, case, actors(session, case, town.chen_jing))
    told_of = {one.row.metric: why for one, why in explanations(session, seen, at)}
    assert [step.step.key for step in told_of[Metric.REPORT_IN].steps] == [
        "report-in-75",
        "report-in-due",
        "report-in-2h",
        "report-in-1d",
    ]


def test_a_resident_reads_that_others_help_and_nothing_else(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    part = helped(session, case, town, at, text="内部：查电缆")
    sweep(session, at + 5 * HOUR)
    acts(session, part, A.ACCEPT, town.zhao_min, at + 5 * HOUR)
    acts(session, part, A.FINISH, town.zhao_min, at + 6 * HOUR, text="内部：查过了")
    seen = view(session, case, RESIDENT.actors)
    assert [line.what for line in seen.timeline if "part" in line.what] == ["part_asked"]
    assert not any(line.facts.get("metric") in INSIDE for line in seen.timeline)
    assert "内部" not in repr(seen.timeline)
    assert not {one.row.metric for one in seen.promises} & INSIDE


def test_an_open_part_without_a_time_is_an_alarm(session: Session, town: Town, case: Case, at: datetime) -> None:
    clock = clock_of(session, helped(session, case, town, at))
    assert "part-without-clock" not in {a.check for a in alarms(session, at)}
    clock.state = ClockState.SATISFIED
    session.add(clock)
    session.flush()
    assert "part-without-clock" in {a.check for a in alarms(session, at)}


def test_a_pack_that_knows_no_parts_says_so(
    session: Session, town: Town, case: Case, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = current_book(at)
    text = book.texts["policies/national.yaml"]
    for begin, end in (
        ("  part:\n    - step", "# Who was asked"),
        ("  part:\n    community_head", "# A supervise order"),
        ("# Joint handling", "# A machine raises"),
    ):
        start = text.index(begin)
        text = text[:start] + text[text.index(end, start) :]
    without = book_from_texts({**book.texts, "policies/national.yaml": text})
    assert usual_hours(at) == 48
    monkeypatch.setattr("service.parts.calling.current_book", lambda _at: without)
    with pytest.raises(ServiceError) as refused:
        helped(session, case, town, at)
    assert refused.value.code == "no-parts"


def test_no_state_of_a_part_is_a_dead_end() -> None:
    """From every state that has not ended somebody may go on, and a time runs whose ladder ends at the district."""
    assert set(RUNS) == OPEN
    book = current_book(datetime.fromisoformat("2026-11-23T00:00+08:00"))
    assert book.parts is not None
    reached, todo = set(), {S.ASKED}
    while todo:
        state = todo.pop()
        reached.add(state)
        leaving = [move for move in MOVES if state in move.from_ and move.to is not None]
        todo |= {move.to for move in leaving if move.to} - reached
        if state in OPEN:
            assert {move.who for move in leaving} == {Party.HELPER, Party.LEAD}, state
            last = [step for step in book.parts.ladder if step.metric is RUNS[state]][-1]
            assert "district_desk" in last.to, state
            assert last.asks, state
        else:
            assert leaving == [], state
    assert reached == set(S)
