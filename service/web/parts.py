"""How are other desks called to a case, and how do they report in, finish and get scored, on pages?"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.cases.numbers import is_case_number
from service.cases.tables import Case
from service.errors import NotFoundError, ServiceError
from service.handling.queries import staff_case
from service.orders.rules import HANDLERS
from service.parts.actions import act_on
from service.parts.calling import ask, blow
from service.parts.queries import PartTab, listed, part_of
from service.parts.rates import reliability
from service.parts.rules import PartAction
from service.routing.queries import directory
from service.web.deps import DbSession, Now, require_role
from service.web.parts_pages import DONE_SENTENCES, PARTS, PartAnswers, call_page, part_page
from service.web.refused import done_or_again
from service.web.render import page

router = APIRouter(include_in_schema=False)

BACK_DAYS = (30, 90, 365)
TAB_LABELS: Mapping[PartTab, str] = {
    PartTab.TO_DO: "To be done by us",
    PartTab.CALLED: "Done by others",
    PartTab.TO_SCORE: "To be scored",
    PartTab.ENDED: "Ended",
}
EMPTY_SENTENCES: Mapping[PartTab, str] = {
    PartTab.TO_DO: "Nobody has called you to help with a case.",
    PartTab.CALLED: "No other desk helps with your cases now.",
    PartTab.TO_SCORE: "No desk waits for a score.",
    PartTab.ENDED: "No part of a case has ended yet.",
}
Working = Annotated[Person, Depends(require_role(*HANDLERS))]
Watching = Annotated[Person, Depends(require_role(Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT))]
PartId = Annotated[int, Path(ge=1, le=2**63 - 1)]


Answers = Annotated[PartAnswers, Form()]


@router.get("/parts")
def show_parts(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    tab: Annotated[str, Query(max_length=20)] = "",
    done: str = "",
) -> Response:
    """Show the parts that somebody sees, list by list; without a choice the first that is not empty."""
    lists = listed(session, person, directory(session), now)
    if tab and tab not in list(PartTab):
        raise NotFoundError
    shown = PartTab(tab) if tab else next((name for name in PartTab if lists[name]), PartTab.TO_DO)
    facts = {"lists": lists, "tab": shown, "labels": TAB_LABELS, "empty": EMPTY_SENTENCES[shown]}
    may_watch = person.role is not Role.WORKER
    return page(request, "parts/list.html", facts | {"done": DONE_SENTENCES.get(done, ""), "may_watch": may_watch})


@router.get("/whistles")
def show_reliability(
    request: Request, session: DbSession, person: Watching, now: Now, days: Annotated[str, Query(max_length=4)] = "90"
) -> Response:
    """Show how reliably desks come when a community whistles, and how they are scored."""
    back = int(days) if days in map(str, BACK_DAYS) else BACK_DAYS[1]
    known = directory(session)
    found = reliability(session, person, now, within=timedelta(days=back))
    lines = [(known.areas.places.get(one.unit_id), one) for one in found]
    return page(request, "parts/reliability.html", {"lines": lines, "days": back, "choices": BACK_DAYS})


@router.get("/parts/{kind}/{number}")
def show_call(request: Request, session: DbSession, person: Working, now: Now, kind: str, number: str) -> Response:
    """Show the form that asks one desk (`new`) or blows a whistle (`whistle`)."""
    return call_page(request, session, _case(session, kind, number, person), person, now, PartAnswers(), kind)


@router.get("/parts/{part_id}")
def show_part(
    request: Request, session: DbSession, person: Working, now: Now, part_id: PartId, done: str = ""
) -> Response:
    """Show one part with what may be done about it."""
    seen = part_of(session, part_id, person, directory(session), now)
    return part_page(request, seen, PartAnswers(), done=done)


@router.post("/parts/new/{number}")
def take_ask(
    request: Request, session: DbSession, person: Working, now: Now, number: str, answers: Answers
) -> Response:
    """Ask one desk for help; when refused, show the form with everything typed."""
    case = _case(session, "new", number, person)

    def do() -> None:
        ask(session, case.id or 0, [answers.ask()], by=person, now=now)

    def again(error: ServiceError | None) -> Response:
        return call_page(request, session, case, person, now, answers, "new", error)

    return done_or_again(request, session, answers, do, again, f"/cases/{case.number}?{urlencode({'done': 'call'})}")


@router.post("/parts/whistle/{number}")
def take_whistle(
    request: Request, session: DbSession, person: Working, now: Now, number: str, answers: Answers
) -> Response:
    """Blow a whistle; when refused, show the form with everything typed."""
    case = _case(session, "whistle", number, person)

    def do() -> None:
        blow(session, case.id or 0, answers.blow(), by=person, now=now)

    def again(error: ServiceError | None) -> Response:
        return call_page(request, session, case, person, now, answers, "whistle", error)

    return done_or_again(request, session, answers, do, again, f"/cases/{case.number}?{urlencode({'done': 'whistle'})}")


@router.post("/parts/{part_id}/{action}")
def take_action(
    request: Request, session: DbSession, person: Working, now: Now, part_id: PartId, action: str, answers: Answers
) -> Response:
    """Report in, finish, decline, withdraw or score a part; when refused, show it as it stands now."""
    if action not in list(PartAction):
        raise NotFoundError
    part_of(session, part_id, person, directory(session), now)

    def do() -> None:
        act_on(session, part_id, PartAction(action), answers.said(), by=person, now=now)

    def again(error: ServiceError | None) -> Response:
        seen = part_of(session, part_id, person, directory(session), now)
        return part_page(request, seen, answers, tried=action, error=error)

    return done_or_again(request, session, answers, do, again, f"{PARTS}/{part_id}?{urlencode({'done': action})}")


def _case(session: Session, kind: str, number: str, person: Person) -> Case:
    """Return a case to which somebody may call others. Errors: NotFoundError."""
    if kind not in ("new", "whistle") or not is_case_number(number):
        raise NotFoundError
    return staff_case(session, number, person)
