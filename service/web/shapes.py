"""How does the API's JSON look? One model for each thing, filled from the views."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.areas.rules import Place
from service.cases.tables import Case
from service.categories.rules import Topic
from service.escalations.queries import Board, CommunityLine
from service.escalations.tables import Escalation
from service.handling.queries import CaseView, Contact, PromiseView
from service.handling.receipts import issued_with
from service.handling.timeline import Happened
from service.intake.rules import Receipt
from service.routing.rules import Directory, Staff
from service.routing.tables import RoutingDecisionRow


class Shape(BaseModel):
    """A value of the API."""

    model_config = ConfigDict(from_attributes=True)


class TopicShape(Shape):
    """A category."""

    code: str
    name: str
    name_en: str


class AreaShape(Shape):
    """An area of the division."""

    code: str
    level: str
    name: str
    name_en: str


class DeskShape(Shape):
    """The desk that is responsible."""

    name: str
    name_en: str
    phone: str


class PromiseShape(Shape):
    """One promise: by when, and how much of which time was promised."""

    metric: str
    due_at: datetime | None
    budget: int = Field(description="Minutes, or days where `kind` is workdays.")
    kind: str = Field(description="elapsed, working or workdays")


class PromiseNow(PromiseShape):
    """One promise and how it stands."""

    instance: int
    state: str
    breached_at: datetime | None
    provisional: bool


class ReceiptShape(Shape):
    """What the resident holds; the tracking code is given out only here."""

    number: str
    tracking_code: str
    status: str
    received_at: datetime
    category: TopicShape
    area: AreaShape
    desk: DeskShape
    promises: list[PromiseShape]
    danger: bool = Field(description="Words of danger were found: call 110, 119 or 120 first.")
    track_url: str
    check_code: str = Field(description="Signs number, time, desk and promises; /check says whether a receipt is ours.")


class HappenedShape(Shape):
    """One line of the timeline."""

    at: datetime
    what: str
    actor: str
    text: str
    facts: dict[str, Any]


class PublicCase(Shape):
    """A case as its resident sees it."""

    number: str
    status: str
    received_at: datetime
    title: str
    text: str
    category: TopicShape
    area: AreaShape
    desk: DeskShape
    promises: list[PromiseNow]
    timeline: list[HappenedShape]
    actions: list[str] = Field(description="What the resident may do now.")


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


class ContactShape(Shape):
    """The resident's contact, masked."""

    name: str
    phone: str
    email: str


class DecisionShape(Shape):
    """One routing decision and its reasons."""

    at: datetime
    rule_id: int | None
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


class AreasShape(Shape):
    """The areas that can be named in a request."""

    items: list[AreaShape]


class CategoriesShape(Shape):
    """The topics that can be named in a request."""

    items: list[TopicShape]


class EscalationsShape(Shape):
    """One page of escalations."""

    items: list[EscalationShape]
    next_cursor: str | None


def topic(t: Topic) -> TopicShape:
    """Return a category's shape."""
    return TopicShape.model_validate(t)


def area(p: Place) -> AreaShape:
    """Return an area's shape."""
    return AreaShape(code=p.code, level=p.level, name=p.name, name_en=p.name_en)


def desk(p: Place) -> DeskShape:
    """Return the shape of an area's desk."""
    return DeskShape(name=p.desk_name, name_en=p.desk_name_en, phone=p.phone)


def receipt(r: Receipt, known: Directory, public_url: str) -> ReceiptShape:
    """Return a receipt's shape."""
    return ReceiptShape(
        number=r.number,
        tracking_code=r.tracking_code,
        status=r.status,
        received_at=r.received_at,
        category=topic(known.catalogue.topics[r.category]),
        area=area(known.areas.by_code[r.area]),
        desk=desk(known.areas.places[r.desk_id]),
        promises=[PromiseShape.model_validate(p) for p in r.promises],
        danger=r.danger,
        track_url=f"{public_url}/track?number={r.number}",
        check_code=issued_with(r).check_code,
    )


def promise(p: PromiseView) -> PromiseNow:
    """Return a promise's shape."""
    row = p.row
    return PromiseNow(
        metric=row.metric,
        due_at=row.due_at,
        budget=row.budget,
        kind=row.kind,
        instance=row.instance,
        state=row.state,
        breached_at=row.breached_at,
        provisional=row.is_provisional,
    )


def happened(line: Happened) -> HappenedShape:
    """Return the shape of a line of the timeline."""
    return HappenedShape(at=line.at, what=line.what, actor=line.actor, text=line.text, facts=dict(line.facts))


def public_case(v: CaseView) -> PublicCase:
    """Return the shape of a case for its resident."""
    return PublicCase(**_shown(v))


def _shown(v: CaseView) -> dict[str, Any]:
    case = v.case
    return {
        "number": case.number,
        "status": str(case.status),
        "received_at": case.received_at,
        "title": case.title,
        "text": case.text,
        "category": topic(v.topic),
        "area": area(v.place),
        "desk": desk(v.unit),
        "promises": [promise(p) for p in v.promises],
        "timeline": [happened(line) for line in v.timeline],
        "actions": list(dict.fromkeys(str(move.action) for move in v.moves)),
    }


def staff_case(
    v: CaseView, contact: Contact, routing: list[RoutingDecisionRow], escalations: list[Escalation]
) -> StaffCase:
    """Return the shape of a case for staff."""
    case = v.case
    return StaffCase(
        **_shown(v),
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


def case_line(case: Case, known: Directory) -> CaseLine:
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
    )


def escalation(e: Escalation, case: Case) -> EscalationShape:
    """Return an escalation's shape."""
    facts = {name: getattr(e, name) for name in EscalationShape.model_fields if name != "number"}
    return EscalationShape(number=case.number, **facts)


def board(b: Board, known: Directory) -> BoardShape:
    """Return the board's shape."""
    return BoardShape(
        open=b.open,
        counts={
            "breached": b.breached_count,
            "soon": b.soon_count,
            "unassigned": b.unassigned_count,
            "unacknowledged": b.unacknowledged_count,
        },
        breached=[case_line(c, known) for c in b.breached],
        soon=[case_line(c, known) for c in b.soon],
        unassigned=[case_line(c, known) for c in b.unassigned],
        unacknowledged=[escalation(e, c) for e, c in b.unacknowledged],
        communities=[_community(line, known) for line in b.communities],
    )


def _community(line: CommunityLine, known: Directory) -> CommunityShape:
    place = area(known.areas.places[line.area_id])
    return CommunityShape(area=place, open=line.open, breached=line.breached, soon=line.soon)


def _name(person: Staff | None) -> str | None:
    return person.name if person else None
