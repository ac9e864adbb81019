"""What must never be true? Each check says what is wrong, in how many cases, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.areas.tables import Area
from service.assignments.tables import Assignment
from service.cases.rules import AT_DESK, ENDED
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.commissions.rules import WITH_PARTY
from service.commissions.tables import PartyJob
from service.escalations.tables import Escalation
from service.orders.rules import UNSETTLED
from service.orders.tables import Order
from service.outbox.messages import TRIAL
from service.outbox.rules import FAILED, NoticeState
from service.outbox.tables import Notice
from service.parts.rules import OPEN
from service.parts.tables import Part
from service.routing.tables import RoutingRule, RuleVersionRow
from service.routing.versions import VersionState
from service.timekeeping import product_span, read_anchor
from sla_policies.clock import ClockState
from sla_policies.escalation import TOP
from sla_policies.policy import INSIDE

SWEEP_LATE = timedelta(minutes=5)
NOTICE_LATE = timedelta(minutes=10)
"""Both in real time: a sweep needs its second however fast the product's clock runs."""
CLOCKS_APART = timedelta(minutes=2)
"""So much may the clocks of two machines differ before it is told."""


@dataclass(frozen=True)
class Late:
    """What fell due before these moments, in the product's time, should have been done long ago."""

    now: datetime
    steps_before: datetime
    notices_before: datetime
    nothing_after: datetime | None
    """No case can have been received later; None on a simulated clock, which may be set at will."""


@dataclass(frozen=True)
class Alarm:
    """Something that must never be true, is."""

    check: str
    count: int
    remedy: str
    """A message id: what to do."""


def _overdue_steps(late: Late) -> sa.Select[int]:
    overdue = col(ClockRow.next_action_at) < late.steps_before
    return sa.select(sa.func.count()).select_from(ClockRow).where(overdue)


def _set_aside(late: Late) -> sa.Select[int]:  # noqa: ARG001  # Every check is asked alike.
    return sa.select(sa.func.count()).select_from(ClockRow).where(col(ClockRow.failures) > 0)


def _open_without_clock(late: Late) -> sa.Select[int]:  # noqa: ARG001  # See above.
    live = sa.exists().where(
        col(ClockRow.case_id) == Case.id,
        col(ClockRow.state).in_([ClockState.RUNNING, ClockState.PAUSED]),
        col(ClockRow.metric).not_in(INSIDE),
    )
    promised = col(Case.policy).is_not(None)
    return sa.select(sa.func.count()).select_from(Case).where(col(Case.status).not_in(ENDED), promised, ~live)


def _notices_stuck(late: Late) -> sa.Select[int]:
    stuck = sa.and_(Notice.state == NoticeState.WAITING, col(Notice.next_try_at) < late.notices_before)  # type: ignore[arg-type]
    return sa.select(sa.func.count()).select_from(Notice).where(stuck)


def _notices_failed(late: Late) -> sa.Select[int]:  # noqa: ARG001  # See above.
    # A resident's mailbox that refuses is nothing an operator can mend, and who tries a channel out looks at once:
    # both stand in the outbox all the same.
    is_ours = sa.or_(col(Notice.person_id).is_not(None), col(Notice.party_id).is_not(None))
    ours = sa.and_(Notice.state == NoticeState.GIVEN_UP, is_ours)  # type: ignore[arg-type]
    failed = sa.or_(Notice.state == NoticeState.SET_ASIDE, ours)  # type: ignore[arg-type]
    return (
        sa.select(sa.func.count())
        .select_from(Notice)
        .where(col(Notice.state).in_(FAILED), failed, col(Notice.template) != TRIAL)
    )


def _without_owner(late: Late) -> sa.Select[int]:  # noqa: ARG001  # See above.
    nobody = sa.and_(col(Case.assignee_id).is_(None), col(Case.status).not_in([*ENDED, *AT_DESK]))
    return sa.select(sa.func.count()).select_from(Case).where(nobody)


def _without_assignment(late: Late) -> sa.Select[int]:  # noqa: ARG001  # See above.
    held = sa.exists().where(col(Assignment.case_id) == Case.id, col(Assignment.ended_at).is_(None))
    return sa.select(sa.func.count()).select_from(Case).where(col(Case.status).not_in(ENDED), ~held)


def _nobody_heard(late: Late) -> sa.Select[int]:  # noqa: ARG001  # See above.
    silent = sa.and_(col(Escalation.skipped).is_(False), sa.func.cardinality(col(Escalation.person_ids)) == 0)
    return sa.select(sa.func.count()).select_from(Escalation).where(silent)


def _order_without_clock(late: Late) -> sa.Select[int]:  # noqa: ARG001  # See above.
    running = sa.exists().where(col(ClockRow.id) == Order.clock_id, ClockRow.state == ClockState.RUNNING)  # type: ignore[arg-type]
    return sa.select(sa.func.count()).select_from(Order).where(col(Order.state).in_(UNSETTLED), ~running)


def _job_not_told(late: Late) -> sa.Select[int]:
    untold = sa.and_(col(PartyJob.late_told_at).is_(None), col(PartyJob.due_at) < late.steps_before)
    return sa.select(sa.func.count()).select_from(PartyJob).where(col(PartyJob.state).in_(WITH_PARTY), untold)


def _job_outlives_case(late: Late) -> sa.Select[int]:  # noqa: ARG001  # See above.
    of_ended = sa.select(sa.func.count()).select_from(PartyJob).join(Case, col(Case.id) == PartyJob.case_id)
    return of_ended.where(col(PartyJob.state).in_(WITH_PARTY), col(Case.status).in_(ENDED))


def _part_without_clock(late: Late) -> sa.Select[int]:  # noqa: ARG001  # See above.
    running = sa.exists().where(col(ClockRow.id) == Part.clock_id, ClockRow.state == ClockState.RUNNING)  # type: ignore[arg-type]
    return sa.select(sa.func.count()).select_from(Part).where(col(Part.state).in_(OPEN), ~running)


def _newest_unanswered(before: datetime) -> sa.Select[Any]:
    """Return what was asked last of each clock that still runs, where nobody answered it before a moment."""
    other = aliased(Escalation)
    newer = sa.exists().where(
        other.clock_id == Escalation.clock_id,  # type: ignore[arg-type]
        col(other.id) > Escalation.id,
        col(other.needs_acknowledgement),
    )
    return (
        sa.select(sa.func.count())
        .select_from(Escalation)
        .join(ClockRow, col(ClockRow.id) == Escalation.clock_id)
        .where(
            col(Escalation.acknowledged_at).is_(None),
            col(Escalation.needs_acknowledgement),
            col(Escalation.acknowledge_by) < before,
            ClockRow.state == ClockState.RUNNING,  # type: ignore[arg-type]
            ~newer,
        )
    )


def _climb_missed(late: Late) -> sa.Select[int]:
    # An extension arms the ladder anew: what was asked before it climbs no more.
    path = sa.cast('$[*] ? (@.kind == "extended")', JSONPATH)
    extended = sa.func.jsonb_path_query_array(col(ClockRow.events), path)
    below = ~col(Escalation.roles).contains([TOP])
    present = sa.func.jsonb_array_length(extended) == Escalation.arm
    return _newest_unanswered(late.steps_before).where(below, present)


def _top_unanswered(late: Late) -> sa.Select[int]:
    return _newest_unanswered(late.now).where(col(Escalation.roles).contains([TOP]))


def _from_the_future(late: Late) -> sa.Select[int]:
    future = col(Case.received_at) > late.nothing_after if late.nothing_after else sa.false()
    return sa.select(sa.func.count()).select_from(Case).where(future)


def _rules_broken(late: Late) -> sa.Select[int]:
    """Count lines in force whose person has left or whose unit is closed: they are skipped, and no case is lost."""
    version, line = RuleVersionRow, RoutingRule
    began = sa.select(col(version.id)).where(
        col(version.state) == VersionState.PUBLISHED, col(version.effective_at) <= late.steps_before
    )
    deciding = began.order_by(col(version.effective_at).desc(), col(version.id).desc()).limit(1).scalar_subquery()
    left = sa.exists().where(col(Person.id) == line.target_person_id, ~col(Person.is_active))
    closed = sa.exists().where(col(Area.id) == line.target_area_id, ~col(Area.is_active))
    in_force = (col(line.version_id) == deciding, col(line.is_active))
    return sa.select(sa.func.count()).select_from(line).where(*in_force, sa.or_(left, closed))


CHECKS: tuple[tuple[str, Callable[[Late], sa.Select[int]], str], ...] = (
    ("step-not-taken", _overdue_steps, "Is a worker running, or beat? Look at their logs."),
    ("clock-set-aside", _set_aside, "A worker's log says “steps not taken” and why. It is tried again by itself."),
    ("open-without-clock", _open_without_clock, "Look at the case: no promise runs on it."),
    ("notice-stuck", _notices_stuck, "Look at the outbox: is the mail server reachable?"),
    ("notice-failed", _notices_failed, "Look at the outbox: try these notices again, or let them go."),
    ("no-owner", _without_owner, "Assign the case from the board."),
    ("no-assignment", _without_assignment, "Reassign the case from the board."),
    ("clock-set-back", _from_the_future, "Cases were received later than now: set the clocks of all machines by NTP."),
    (
        "rule-broken",
        _rules_broken,
        "These rules are skipped. Change them on the page of the dispatch rules.",
    ),
    ("nobody-heard", _nobody_heard, "Appoint somebody for the empty rung on the people page."),
    ("order-without-clock", _order_without_clock, "Look at the order: take it back, and issue it anew."),
    ("job-not-told", _job_not_told, "Is a worker running, or beat? Look at their logs."),
    ("job-outlives-case", _job_outlives_case, "Look at the case: take the job of the outside party back."),
    ("part-without-clock", _part_without_clock, "Look at the part: withdraw it, and ask for it anew."),
    ("climb-missed", _climb_missed, "Is a worker running, or beat? Answer the escalation from the board meanwhile."),
    ("top-unanswered", _top_unanswered, "The district desk was asked and does not answer: call them."),
)
"""Every check: its name, how it counts, and what to do. A later auditor adds to this list."""


def alarms(session: Session, now: datetime) -> list[Alarm]:
    """Return every check that does not hold."""
    anchor = read_anchor(session)
    late = Late(
        now,
        now - product_span(anchor, SWEEP_LATE),
        now - product_span(anchor, NOTICE_LATE),
        now + CLOCKS_APART if anchor is None else None,
    )
    counted = ((name, session.scalar(count(late)) or 0, remedy) for name, count, remedy in CHECKS)
    return [Alarm(name, count, remedy) for name, count, remedy in counted if count]
