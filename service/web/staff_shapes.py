"""How does the API's JSON look to staff? One model for each thing, filled from the views."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.cases.tables import Case
from service.escalations.queries import Board, CommunityLine
from service.escalations.tables import Escalation
from service.handling.foreseeing import Foreseen, Standing
from service.handling.queries import CaseView, Contact
from service.routing.directory import Directory, Staff
from service.routing.tables import RoutingDecisionRow
from service.web.directory_shapes import AreaShape, Shape, TopicShape, area, topic
from service.web.shapes import PublicCase, shown


class CaseLine(Shape):
    """A case in a list."""

    number: str
    status: str
    version: int
    title: str
    grade: str
    category: TopicShape
    area: AreaShape
    received_at: datetime
    due_at: datetime | None
    due_metric: str | None
    assignee: str | None
    urged: int
    call_again_at: datetime | None
    """When the resident asked to be called again."""
    card: str | None
    """yellow_card or red_card: the gravest that lies on it."""


class ContactShape(Shape):
    """The resident's contact, masked."""

    name: str
    phone: str
    email: str


class DecisionShape(Shape):
    """One routing decision and its reasons."""

    at: datetime
    rule_id: int | None
    rule_version: int | None
    """Which version of the dispatch table was asked."""
    reasons: dict[str, Any]


class EscalationShape(Shape):
    """One step of the ladder that was taken."""

    id: int
    number: str
    step: str
    act: str
    roles: list[str]
    due_at: datetime
    raised_at: datetime
    skipped: bool
    needs_acknowledgement: bool
    acknowledge_by: datetime | None
    acknowledged_at: datetime | None
    note: str


class StaffCase(PublicCase):
    """A case as staff sees it."""

    version: int
    grade: str
    channel: str
    address: str
    anonymous: bool
    contact: ContactShape
    focus_groups: list[str]
    assignee: str | None
    routing: list[DecisionShape]
    escalations: list[EscalationShape]


class QueueShape(Shape):
    """One page of a queue."""

    items: list[CaseLine]
    counts: dict[str, int]
    next_cursor: str | None


class PoolShape(Shape):
    """Cases that nobody of their unit has taken yet."""

    items: list[CaseLine]


class CommunityShape(Shape):
    """One community on the board."""

    area: AreaShape
    open: int
    breached: int
    soon: int


class BoardShape(Shape):
    """What a supervisor sees now; lists hold at most 200 rows, the counts are whole."""

    open: int
    counts: dict[str, int]
    breached: list[CaseLine]
    soon: list[CaseLine]
    unassigned: list[CaseLine]
    unacknowledged: list[EscalationShape]
    communities: list[CommunityShape]


class EscalationsShape(Shape):
    """One page of escalations."""

    items: list[EscalationShape]
    next_cursor: str | None


class StandingShape(Shape):
    """Where a case stands, or would stand."""

    category: TopicShape
    area: AreaShape
    grade: str
    unit: AreaShape
    assignee: str | None
    due: dict[str, datetime | None]
    """Of each promise that runs; null: it stands still."""


class ForeseenShape(Shape):
    """What an action would change."""

    before: StandingShape
    after: StandingShape


def foreseen(seen: Foreseen) -> ForeseenShape:
    """Return the shape of what would change."""
    return ForeseenShape(before=_standing(seen.before), after=_standing(seen.after))


def _standing(one: Standing) -> StandingShape:
    return StandingShape(
        category=topic(one.topic),
        area=area(one.place),
        grade=one.grade,
        unit=area(one.unit),
        assignee=_name(one.person),
        due={str(metric): due for metric, due in one.due.items()},
    )


def staff_case(
    v: CaseView, contact: Contact, routing: list[RoutingDecisionRow], escalations: list[Escalation]
) -> StaffCase:
    """Return the shape of a case for staff."""
    case = v.case
    return StaffCase(
        **shown(v),
        version=case.version,
        grade=case.grade,
        channel=case.channel,
        address=case.address,
        anonymous=case.is_anonymous,
        contact=ContactShape.model_validate(contact),
        focus_groups=case.focus_groups,
        assignee=_name(v.assignee),
        routing=[DecisionShape.model_validate(d) for d in routing],
        escalations=[escalation(e, case) for e in escalations],
    )


def case_line(case: Case, known: Directory, cards: Mapping[int, str]) -> CaseLine:
    """Return the shape of a case in a list."""
    topics = known.topics_by_id
    return CaseLine(
        number=case.number,
        status=case.status,
        version=case.version,
        title=case.title,
        grade=case.grade,
        category=topic(topics[case.category_id]),
        area=area(known.areas.places[case.area_id]),
        received_at=case.received_at,
        due_at=case.due_at,
        due_metric=case.due_metric,
        assignee=_name(known.people.get(case.assignee_id or 0)),
        urged=case.urged,
        call_again_at=case.call_again_at,
        card=cards.get(case.id or 0),
    )


def escalation(e: Escalation, case: Case) -> EscalationShape:
    """Return an escalation's shape."""
    facts = {name: getattr(e, name) for name in EscalationShape.model_fields if name != "number"}
    return EscalationShape(number=case.number, **facts)


def board(b: Board, known: Directory, cards: Mapping[int, str]) -> BoardShape:
    """Return the board's shape."""
    return BoardShape(
        open=b.open,
        counts={
            "breached": b.breached_count,
            "soon": b.soon_count,
            "unassigned": b.unassigned_count,
            "unacknowledged": b.unacknowledged_count,
        },
        breached=[case_line(c, known, cards) for c in b.breached],
        soon=[case_line(c, known, cards) for c in b.soon],
        unassigned=[case_line(c, known, cards) for c in b.unassigned],
        unacknowledged=[escalation(e, c) for e, c in b.unacknowledged],
        communities=[_community(line, known) for line in b.communities],
    )


def _community(line: CommunityLine, known: Directory) -> CommunityShape:
    place = area(known.areas.places[line.area_id])
    return CommunityShape(area=place, open=line.open, breached=line.breached, soon=line.soon)


def _name(person: Staff | None) -> str | None:
    return person.name if person else None
