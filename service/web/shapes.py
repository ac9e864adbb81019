"""How does the API's JSON show a case to residents, and to staff where they see the same? One model for each thing."""

from datetime import datetime
from typing import Any

from pydantic import Field

from service.cases.rules import Action
from service.handling.again import reopening_refused, urging_refused
from service.handling.queries import CaseView, PromiseView
from service.handling.receipts import issued_with
from service.handling.timeline import Happened
from service.intake.rules import Receipt
from service.routing.directory import Directory
from service.web.directory_shapes import AreaShape, DeskShape, Shape, TopicShape, area, desk, topic


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


def receipt(r: Receipt, known: Directory, public_url: str) -> ReceiptShape:
    """Return a receipt's shape."""
    return ReceiptShape(
        number=r.number,
        tracking_code=r.tracking_code,
        status=r.status,
        received_at=r.received_at,
        category=topic(known.catalogue.topics[r.category]),
        area=area(known.areas.ever_by_code[r.area]),
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


def public_case(v: CaseView, now: datetime) -> PublicCase:
    """Return the shape of a case for its resident, with what would not be refused at this moment."""
    case, seen = v.case, shown(v)
    refused = {
        Action.URGE: urging_refused(case.urged_at, now),
        Action.REOPEN: reopening_refused(case.closed_at, case.reopened, now),
    }
    seen["actions"] = [action for action in seen["actions"] if refused.get(Action(action)) is None]
    return PublicCase(**seen)


def shown(v: CaseView) -> dict[str, Any]:
    """Return what a case shows to everybody who may read it."""
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
