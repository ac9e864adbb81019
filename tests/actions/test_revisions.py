"""What would other promises do to cases, do they do exactly that when applied, and is it all taken back?"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.queries import broken_chains, history
from service.cases.rules import Action
from service.cases.tables import Case
from service.clocks import queries as clock_queries
from service.clocks.queries import of_case
from service.clocks.tables import ClockRow
from service.errors import InvalidFieldsError, NotAllowedError, ServiceError
from service.escalations.actions import sweep
from service.escalations.tables import Escalation
from service.revisions import actions, comparing
from service.revisions import history as history_module
from service.revisions.actions import AtWorkError, UndoRefusedError, begin_migration, begin_undo
from service.revisions.comparing import ask, begin, scan
from service.revisions.concerned import concerned
from service.revisions.queries import comparison, left_cases, open_cases, stands
from service.revisions.rules import MigrationState, Plan, plan
from service.revisions.tables import Migration, WhatIf
from sla_policies.amounts import budget as written
from sla_policies.documents import book_from_texts, packaged_book
from sla_policies.policy import Budget, Grade, Metric, PolicyBook, Target, TimeKind
from sla_policies.what_if import Effect
from tests.builders import case_of, does, received, resident_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RESOLVE = "      resolve:\n        within: 7d"


def revised(*edits: tuple[str, str], version: str = "proposed") -> PolicyBook:
    """The national pack with some words exchanged."""
    texts = dict(packaged_book().texts)
    text = texts["policies/national.yaml"].replace('"2026.1"', f'"{version}"')
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return book_from_texts(texts | {"policies/national.yaml": text})


def shorter(days: int = 5) -> PolicyBook:
    return revised((RESOLVE, RESOLVE.replace("7d", f"{days}d")))


def effect_of(session: Session, new: PolicyBook, now: datetime) -> Effect:
    state = begin(session, now)
    for _ in scan(session, new, state):
        pass
    state.effect.settle()
    return state.effect


def plans(session: Session, new: PolicyBook, now: datetime) -> dict[int, Plan]:
    beside = comparison(session, new)
    return {
        case.row.id: plan(case, beside, now)
        for case in stands(session, open_cases(session, 0, 1_000, concerned(session, new)))
    }


def migrated(session: Session, town: Town, new: PolicyBook, now: datetime) -> Migration:
    begun = begin_migration(session, new, reason="区里的新规定", by=town.qian_bo, now=now)
    through(session, now)
    session.refresh(begun)
    return begun


def through(session: Session, now: datetime) -> None:
    while actions.go_on(session, now):
        session.expire_all()


def undone(session: Session, town: Town, what: Migration, now: datetime) -> Migration:
    begin_undo(session, what.id or 0, reason="数错了天数", by=town.admin, now=now)
    through(session, now)
    session.refresh(what)
    return what


def dues(session: Session) -> dict[tuple[int, Metric, int], tuple[object, ...]]:
    session.expire_all()
    rows = session.exec(select(ClockRow)).all()
    return {(r.case_id, r.metric, r.instance): (r.due_at, r.state, r.policy, r.book_hash, r.events) for r in rows}


def resolve_of(session: Session, case: Case) -> ClockRow:
    session.expire_all()
    return [row for row in of_case(session, case.id or 0) if row.metric is Metric.RESOLVE][-1]


def moves(session: Session, case: Case) -> list[Mapping[str, object]]:
    return [e["data"] for e in history(session, "case", case.id or 0) if e["action"] == "due_changed"]


def test_a_shorter_promise_moves_open_due_times_only_when_it_is_applied(
    session: Session, town: Town, now: datetime
) -> None:
    case, _ = received(session, now)
    effect = effect_of(session, shorter(), now + HOUR)
    assert (effect.cases, effect.touched, effect.earlier, effect.later) == (1, 1, 1, 0)
    was, becomes = (now + 7 * DAY).isoformat(), (now + 5 * DAY).isoformat()
    assert effect.most_moved == [[case.number, "resolve", was, becomes]]
    assert effect.bands == {"-3d": 1}
    assert resolve_of(session, case).due_at == now + 7 * DAY

    told = migrated(session, town, shorter(), now + HOUR)
    assert (told.state, told.cases, told.moved, told.refused) == (MigrationState.APPLIED, 1, 1, 0)
    row = resolve_of(session, case)
    assert row.due_at == now + 5 * DAY
    assert row.book_hash == shorter().hash
    (entry,) = moves(session, case)
    assert (entry["old"], entry["new"], entry["why"], entry["reason"]) == (
        was, becomes, "policy_migrated", "区里的新规定",
    )  # fmt: skip
    assert broken_chains(session) == []


def test_words_alone_change_nothing(session: Session, town: Town, now: datetime) -> None:
    received(session, now)
    only_words = revised(("title: {zh:", "title: {zh: 新"))
    effect = effect_of(session, only_words, now + HOUR)
    assert effect.changes_nothing
    before = dues(session)
    assert migrated(session, town, only_words, now + HOUR).cases == 0
    assert dues(session) == before


def test_what_becomes_overdue_is_told_before_and_climbs_once_afterwards(
    session: Session, town: Town, now: datetime
) -> None:
    case, _ = received(session, now)
    does(session, case, town.li_qiang, Action.ACCEPT, now + HOUR)
    does(session, case, town.li_qiang, Action.REPLY, now + HOUR, text="明天来修")
    later = now + 3 * DAY
    sweep(session, later)
    fired = session.scalars(sa.select(col(Escalation.step))).all()
    assert effect_of(session, shorter(2), later).overdue == 1

    migrated(session, town, shorter(2), later)
    row = resolve_of(session, case)
    assert row.breached_at == now + 2 * DAY
    breaches = [e for e in history(session, "case", case.id or 0) if e["action"] == "breached"]
    assert [e["data"]["metric"] for e in breaches] == ["resolve"]
    for minutes in range(3):
        sweep(session, later + timedelta(minutes=minutes))
    steps = session.scalars(sa.select(col(Escalation.step)).where(col(Escalation.clock_id) == row.id)).all()
    assert len(steps) == len(set(steps)) > len(fired)


def test_undoing_puts_every_promise_back(session: Session, town: Town, now: datetime) -> None:
    case, _ = received(session, now)
    question, _ = received(session, now, category="M03", text="想咨询低保政策怎么申请")
    before = dues(session)
    done = migrated(session, town, shorter(2), now + 3 * DAY)
    sweep(session, now + 3 * DAY)
    assert undone(session, town, done, now + 3 * DAY + 23 * HOUR).restored == done.cases
    assert dues(session) == before
    row = resolve_of(session, case)
    assert row.breached_at is None
    assert [entry["why"] for entry in moves(session, case)] == ["policy_migrated", "policy_migration_undone"]
    assert moves(session, question) == [] or question.policy
    sweep(session, now + 4 * DAY)
    steps = session.scalars(sa.select(col(Escalation.step)).where(col(Escalation.clock_id) == row.id)).all()
    assert len(steps) == len(set(steps))
    assert broken_chains(session) == []


def test_a_case_that_changed_meanwhile_is_told_and_left(session: Session, town: Town, now: datetime) -> None:
    case, _ = received(session, now)
    other, _ = received(session, now)
    done = migrated(session, town, shorter(), now + HOUR)
    does(session, case_of(session, case.number), town.li_qiang, Action.ACCEPT, now + 2 * HOUR)
    undone(session, town, done, now + 3 * HOUR)
    assert (done.restored, done.left_alone) == (1, 1)
    assert [(number, left.refused, left.not_undone) for number, left in left_cases(session, done.id or 0, most=9)] == [
        (case.number, "", "It changed meanwhile.")
    ]
    assert resolve_of(session, case).due_at == now + 5 * DAY
    assert resolve_of(session, other).due_at == now + 7 * DAY


def test_it_cannot_be_undone_twice_nor_after_a_day(session: Session, town: Town, now: datetime) -> None:
    received(session, now)
    first = migrated(session, town, shorter(), now + HOUR)
    with pytest.raises(UndoRefusedError):
        begin_undo(session, first.id or 0, reason="太晚了，不行", by=town.admin, now=now + HOUR + DAY + HOUR)
    undone(session, town, first, now + HOUR + DAY)
    with pytest.raises(UndoRefusedError):
        begin_undo(session, first.id or 0, reason="再来一次", by=town.admin, now=now + HOUR + DAY)


def test_only_one_migration_is_at_work(session: Session, town: Town, now: datetime) -> None:
    received(session, now)
    begun = begin_migration(session, shorter(), reason="区里的新规定", by=town.qian_bo, now=now)
    with pytest.raises(AtWorkError):
        begin_migration(session, shorter(3), reason="另一个规定", by=town.admin, now=now)
    with pytest.raises(AtWorkError):
        begin_undo(session, begun.id or 0, reason="还没做完", by=town.admin, now=now)
    same = {"book_hash": begun.book_hash, "by_id": begun.by_id, "reason": "", "begun_at": now, "total": 0}
    session.add(Migration(state=MigrationState.UNDOING, **same))
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.flush()


def test_who_may_not_and_who_says_nothing_is_refused(session: Session, town: Town, now: datetime) -> None:
    for nobody in (town.li_qiang, town.he_jun, town.chen_jing):
        with pytest.raises(NotAllowedError):
            begin_migration(session, shorter(), reason="区里的新规定", by=nobody, now=now)
        with pytest.raises(NotAllowedError):
            ask(session, shorter(), by=nobody, now=now)
    for reason in ("", "  \n", "x", "字" * 501):
        with pytest.raises(InvalidFieldsError):
            begin_migration(session, shorter(), reason=reason, by=town.admin, now=now)


def test_a_policy_that_is_gone_is_replaced_by_what_the_text_chooses(
    session: Session, town: Town, now: datetime
) -> None:
    case, _ = received(session, now)
    assert case.policy == "national-G3"
    renamed = revised(("name: national-G3", "name: national-rest"))
    effect = effect_of(session, renamed, now)
    assert effect.policies == {"national-G3 > national-rest": 1}
    assert (effect.earlier, effect.later) == (0, 0)
    migrated(session, town, renamed, now + HOUR)
    session.refresh(case)
    assert case.policy == "national-rest"
    assert resolve_of(session, case).due_at == now + 7 * DAY


def test_history_is_judged_again_by_grade_unit_and_week(session: Session, town: Town, now: datetime) -> None:
    for hours in (20, 80):
        case, _ = received(session, now)
        does(session, case, town.li_qiang, Action.ACCEPT, now + HOUR)
        does(session, case, town.li_qiang, Action.REPLY, now + HOUR, text="今天来")
        does(session, case, town.li_qiang, Action.RESOLVE, now + hours * HOUR, text="修好了")
    effect = effect_of(session, shorter(2), now + 5 * DAY)
    assert (effect.cases, effect.replayed, effect.more_breaches, effect.fewer_breaches) == (0, 2, 1, 0)
    assert effect.grades == {str(Grade.G3): [0, 1]}
    assert list(effect.units.values()) == [[0, 1]]
    assert effect.weeks == {"2026-11-23": [0, 1]}


@pytest.mark.parametrize("within", ["5d", "1h", "5 workdays", "4 working hours", "3 workdays, same time"])
def test_history_is_judged_the_same_where_it_lies_and_one_by_one(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch, within: str
) -> None:
    for hours, topic in ((2, "C05"), (20, "A03"), (50, "C05"), (119, "C05"), (121, "M03"), (160, "C05")):
        at = now + hours * HOUR / 7
        case, _ = received(session, at, category=topic)
        does(session, case, town.li_qiang, Action.ACCEPT, at + HOUR)
        if hours == 50:
            does(session, case, town.li_qiang, Action.ASK, at + 2 * HOUR, text="哪一层")
            resident_does(session, case, Action.ANSWER, at + 9 * HOUR, text="三层")
        does(session, case, town.li_qiang, Action.REPLY, at + 10 * HOUR, text="今天来")
        does(session, case, town.li_qiang, Action.RESOLVE, at + hours * HOUR, text="修好了")
    books = packaged_book()
    budget = written(within)
    policies = [
        replace(p, targets={m: replace(t, budget=budget, calendar="workdays") for m, t in p.targets.items()})
        for p in books.policies
    ]
    new = replace(books, policies=tuple(policies), hash="0" * 64)
    quickly = effect_of(session, new, now + 30 * DAY).to_json()
    monkeypatch.setattr(history_module, "_simple", lambda _: iter(()))
    assert quickly == effect_of(session, new, now + 30 * DAY).to_json()
    assert quickly["replayed"] >= 16
    assert quickly["more_breaches"] + quickly["fewer_breaches"] > 0


def test_what_is_fulfilled_by_something_else_is_not_guessed(session: Session, town: Town, now: datetime) -> None:
    case, _ = received(session, now)
    does(session, case, town.li_qiang, Action.ACCEPT, now + HOUR)
    does(session, case, town.li_qiang, Action.REPLY, now + HOUR, text="今天来")
    does(session, case, town.li_qiang, Action.RESOLVE, now + 2 * HOUR, text="修好了")
    books = packaged_book()
    asks = frozenset({"contact_logged"})
    policies = [
        replace(
            p, targets={m: replace(t, satisfied_by=asks) if m is Metric.CONTACT else t for m, t in p.targets.items()}
        )
        for p in books.policies
    ]
    effect = effect_of(session, replace(books, policies=tuple(policies), hash="1" * 64), now + DAY)
    assert (effect.untold, effect.replayed, effect.more_breaches) == (1, 0, 0)


def test_a_comparison_goes_on_where_it_stopped(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "OPEN_AT_ONCE", 2)
    monkeypatch.setattr(comparing, "IDS_AT_ONCE", 2)
    for _ in range(5):
        received(session, now)
    asked = ask(session, shorter(), by=town.qian_bo, now=now)
    slices = 0
    while comparing.go_on(session, now + HOUR, seconds=0):
        session.expire_all()
        slices += 1
    session.refresh(asked)
    assert slices > 3
    assert asked.finished_at is not None
    assert asked.done == asked.total == 5
    assert asked.effect == effect_of(session, shorter(), now).to_json()
    comparing.forget_old(session, now + 31 * DAY)
    assert session.exec(select(WhatIf)).all() == []


def test_a_case_that_cannot_be_counted_is_told_and_left(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = received(session, now)
    does(session, case, town.li_qiang, Action.ACCEPT, now + HOUR)
    damaged = resolve_of(session, case)
    damaged.events = [*damaged.events, {"at": "never", "kind": "paused"}]
    session.add(damaged)
    session.flush()
    effect = effect_of(session, shorter(), now + HOUR)
    assert effect.refused == 1
    assert effect.refusals[0][0] == case.number
    done = migrated(session, town, shorter(), now + HOUR)
    assert (done.cases, done.refused) == (0, 1)
    assert left_cases(session, done.id or 0, most=9)[0][0] == case.number


BUDGETS = (
    Budget(6 * 1440, TimeKind.ELAPSED),
    Budget(60, TimeKind.ELAPSED),
    Budget(30 * 1440, TimeKind.ELAPSED),
    Budget(4 * 60, TimeKind.WORKING),
    Budget(5, TimeKind.WORKDAYS),
    Budget(25, TimeKind.WORKDAYS, same_time=True),
)
EVENTS = ("accept", "reply", "ask", "answer", "message", "park", "extend", "regrade", "harden", "resolve", "reopen")
numbered = count()


@st.composite
def books(draw: st.DrawFn) -> PolicyBook:
    """The national pack with any promise changed, dropped or added, and policies renamed or left with nothing."""
    policies = []
    for policy in packaged_book().policies:
        targets = {}
        for metric in Metric:
            target = policy.targets.get(metric, Target(metric, BUDGETS[0], satisfied_by=frozenset({"resolved"})))
            fate = draw(st.sampled_from(["as it is", "as it is", "changed", "dropped", "added"]))
            if fate == "changed" and metric in policy.targets:
                pauses = draw(st.sampled_from([frozenset(), frozenset({"waiting_for_resident", "parked"})]))
                most = draw(st.sampled_from([None, Budget(120, TimeKind.ELAPSED), Budget(120, TimeKind.WORKING)]))
                budget = draw(st.sampled_from(BUDGETS))
                target = replace(target, budget=budget, calendar="workdays", pauses_for=pauses, pause_at_most=most)
            if (metric in policy.targets and fate != "dropped") or fate == "added":
                targets[metric] = target
        name = policy.name + draw(st.sampled_from(["", "", "-new"]))
        policies.append(replace(policy, name=name, targets=targets))
    kept = packaged_book()
    return replace(kept, version="any", policies=tuple(policies), hash=f"{next(numbered):064}")


def promising_everything() -> PolicyBook:
    """The national pack with every promise in every policy: questions get one of contact that they had not."""
    kept = packaged_book()
    made = {m: Target(m, BUDGETS[0], satisfied_by=frozenset({"public_reply", "resolved"})) for m in Metric}
    policies = [replace(policy, targets=made | dict(policy.targets)) for policy in kept.policies]
    return replace(kept, version="everything", policies=tuple(policies), hash="e" * 64)


REOPENED = [("accept", 1), ("reply", 2), ("resolve", 3), ("reopen", 9)]
WELL_TRODDEN = ("", "accept", "accept reply", "accept ask", "accept ask answer", "accept extend", "harden accept park",
                "accept reply resolve reopen", "accept ask answer ask")  # fmt: skip


@st.composite
def courses(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Return what is done to a case, and how many hours after what was done before."""
    done = [*draw(st.sampled_from(WELL_TRODDEN)).split(), *draw(st.lists(st.sampled_from(EVENTS), max_size=3))]
    return [(name, draw(st.integers(1, 40))) for name in done]


def happen(session: Session, town: Town, case: Case, course: list[tuple[str, int]], now: datetime) -> datetime:
    """Let things happen to a case, as far as they may happen then."""
    ways: Mapping[str, tuple[Person | None, Action, dict[str, str]]] = {
        "accept": (town.li_qiang, Action.ACCEPT, {}),
        "reply": (town.li_qiang, Action.REPLY, {"text": "看过了"}),
        "ask": (town.li_qiang, Action.ASK, {"text": "哪一层"}),
        "answer": (None, Action.ANSWER, {"text": "三层"}),
        "message": (None, Action.URGE, {}),
        "park": (town.chen_jing, Action.PARK, {"until": "2026-12-20", "reason": "等配件到货"}),
        "extend": (town.chen_jing, Action.EXTEND, {"days": "3", "reason": "等配件到货"}),
        "harden": (town.chen_jing, Action.REGRADE, {"grade": "G4", "reason": "涉及三个部门"}),
        "regrade": (town.wu_dan, Action.REGRADE, {"grade": "G2", "reason": "更急"}),
        "resolve": (town.li_qiang, Action.RESOLVE, {"text": "好了"}),
        "reopen": (None, Action.REOPEN, {"reason": "又坏了"}),
    }
    at = now
    for name, hours in course:
        at += hours * HOUR
        person, action, answers = ways[name]
        with suppress(ServiceError), session.begin_nested():
            if person is None:
                resident_does(session, case, action, at, **answers)
            else:
                does(session, case, person, action, at, **answers)
        session.expire_all()
    return at


@pytest.mark.parametrize("course", [course for course in WELL_TRODDEN if course] + ["message", "accept regrade"])
def test_the_courses_really_happen(session: Session, town: Town, now: datetime, course: str) -> None:
    case, _ = received(session, now, text="楼道的灯坏了")
    happen(session, town, case, [(name, 3) for name in course.split()], now)
    names = {"message": "urge", "harden": "regrade"}
    done = [entry["action"] for entry in history(session, "case", case.id or 0) if entry["action"] in list(Action)]
    assert done == [names.get(name, name) for name in course.split()]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(st.tuples(st.sampled_from(["C05", "A03", "M03"]), courses()), min_size=1, max_size=3),
    new=books(),
    look=st.integers(0, 400),
)
@example(data=[("M03", REOPENED)], new=promising_everything(), look=0)
@example(
    data=[("M03", [*REOPENED, ("accept", 1), ("reply", 1)]), ("C05", REOPENED)], new=promising_everything(), look=9
)
def test_applying_does_exactly_what_was_shown_and_undoing_takes_all_of_it_back(
    session: Session, town: Town, now: datetime, data: list[tuple[str, list[tuple[str, int]]]], new: PolicyBook,
    look: int,
) -> None:  # fmt: skip
    with pytest.MonkeyPatch.context() as patched, rolled_back(session):
        patched.setattr(clock_queries, "_books", {new.hash: new})
        last = now
        for topic, course in data:
            case, _ = received(session, now, category=topic, text="楼道的灯坏了")
            last = max(last, happen(session, town, case, course, now))
        sweep(session, last)
        at = last + look * HOUR
        before = dues(session)
        effect, planned = effect_of(session, new, at), plans(session, new, at)

        done = migrated(session, town, new, at)

        after = dues(session)
        assert done.refused == effect.refused == 0
        assert done.cases == effect.touched == sum(each.is_touched for each in planned.values())
        for case_id, each in planned.items():
            case = session.get_one(Case, case_id)
            for change in each.changes if each.is_touched else ():
                instance = change.promise.instance if change.promise else case.reopened + 1
                assert after[case_id, change.metric, instance][0] == change.new, change
        touched = {case_id for case_id, each in planned.items() if each.is_touched}
        assert {k: v for k, v in after.items() if k[0] not in touched} == {
            k: v for k, v in before.items() if k[0] not in touched
        }
        shown = [c for case_id in touched for c in planned[case_id].changes if c.old != c.new]
        assert done.moved == len(shown)
        told = [e for case_id in touched for e in moves(session, session.get_one(Case, case_id))]
        told = [(e["old"], e["new"]) for e in told if e["why"] == "policy_migrated"]
        assert sorted(map(str, told)) == sorted(str((iso(c.old), iso(c.new))) for c in shown)

        assert undone(session, town, done, at + DAY).left_alone == 0
        assert dues(session) == before
        assert broken_chains(session) == []


def test_a_promise_added_to_a_reopened_case_belongs_to_its_second_round_and_counts_from_there(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = promising_everything()
    monkeypatch.setattr(clock_queries, "_books", {new.hash: new})
    case, _ = received(session, now, category="M03", text="想咨询低保政策怎么申请")
    at = happen(session, town, case, REOPENED, now)
    assert case.reopened == 1
    (added,) = [change for change in plans(session, new, at)[case.id or 0].changes if change.promise is None]
    done = migrated(session, town, new, at)
    (row,) = [row for row in of_case(session, case.id or 0) if row.metric is Metric.CONTACT]
    assert (row.instance, row.started_at, row.due_at) == (2, at, added.new) == (2, at, at + 6 * DAY)
    undone(session, town, done, at)
    assert not [row for row in of_case(session, case.id or 0) if row.metric is Metric.CONTACT]


def iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@contextmanager
def rolled_back(session: Session) -> Iterator[None]:
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
        session.expire_all()
