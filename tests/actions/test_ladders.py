"""Does every step of every promise in every pack reach somebody?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.tables import Case
from service.clocks import queries
from service.clocks.actions import register_installed
from service.clocks.queries import as_clock, of_case
from service.clocks.rules import new_row, opening
from service.clocks.tables import ClockRow
from service.escalations.actions import sweep
from service.escalations.tables import Escalation
from service.outbox.tables import Notice
from sla_policies.clock import Clock, ClockEvent, EventKind
from sla_policies.documents import FOLDER
from sla_policies.escalation import step_time
from sla_policies.policy import Metric, PolicyBook, SlaPolicy
from sla_policies.versions import pack_names, read_versions
from tests.builders import received
from tests.people import Town

PACKS = {pack: read_versions(FOLDER, pack)[-1] for pack in pack_names(FOLDER / "policies")}


def every_policy() -> Iterator[object]:
    for pack, book in PACKS.items():
        for policy in book.policies:
            if policy.targets:
                yield pytest.param(book, policy, id=f"{pack}-{policy.name}")


def put_under(session: Session, case: Case, policy: SlaPolicy, book: PolicyBook, at: datetime) -> list[ClockRow]:
    """Give a fresh case the promises of a policy, the inner ones too, and nothing else."""
    session.execute(sa.delete(ClockRow).where(col(ClockRow.case_id) == case.id))
    case.policy, case.grade = policy.name, policy.grade
    begun = opening(policy, book, at)
    for metric in (Metric.NEXT_REPLY, Metric.HANDOVER):
        target = policy.targets.get(metric)
        if target is not None:
            begun.append(Clock(target, book.calendars[target.calendar], (ClockEvent(at, EventKind.STARTED),)))
    session.add_all([ClockRow(case_id=case.id or 0, **new_row(c, policy, book, instance=1)) for c in begun])
    session.flush()
    return of_case(session, case.id or 0)


@pytest.mark.parametrize(("book", "policy"), list(every_policy()))
def test_every_step_of_every_promise_tells_somebody_at_its_own_time(
    session: Session,
    town: Town,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    book: PolicyBook,
    policy: SlaPolicy,
) -> None:
    case, _ = received(session, now)
    monkeypatch.setattr(queries, "installed_books", lambda: (book,))
    monkeypatch.setattr("service.clocks.actions.installed_books", lambda: (book,))
    register_installed(session, now)
    rows = put_under(session, case, policy, book, now)
    clocks = {row.metric: as_clock(row, book) for row in rows}
    expected = {(s.metric, s.key, step_time(s, clocks[s.metric])) for s in policy.ladder if s.metric in policy.targets}
    assert {metric for metric, *_ in expected} == set(policy.targets), "every promise has a ladder"

    while sweep(session, now + timedelta(days=400)):
        pass

    metric_of = {row.id: row.metric for row in rows}
    ledger = session.exec(select(Escalation).where(Escalation.case_id == case.id)).all()
    assert {(metric_of[e.clock_id], e.step, e.due_at) for e in ledger} == expected
    for taken in ledger:
        assert taken.person_ids, taken.step
        keys = {f"escalated:{taken.clock_id}:{taken.arm}:{taken.step}:{person}" for person in taken.person_ids}
        assert len(session.exec(select(Notice.id).where(col(Notice.key).in_(keys))).all()) == len(keys), taken.step
