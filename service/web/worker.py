"""What does a community worker work with? The queue, and the page of a case with everything that may be done to it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.attachments.rules import Stage
from service.cases.numbers import is_case_number
from service.cases.rules import Action, Field
from service.cases.tables import Case
from service.commissions.queries import waiting_for as waiting_jobs
from service.duplicates.marks import marks_of
from service.errors import NotFoundError, ServiceError
from service.escalations.cards import cards_of
from service.handling.actions import PUBLIC, Doer, act, reveal_contact
from service.handling.filters import counts, filters_of
from service.handling.foreseeing import FORESEEN, foresee
from service.handling.photos import add_photos
from service.handling.queries import actors, staff_case
from service.handling.queues import Tab, claimable, queue
from service.orders.queries import waiting_for as waiting_orders
from service.parts.queries import progress_of
from service.parts.queries import waiting_for as waiting_parts
from service.routing.queries import directory
from service.web.case_texts import with_text
from service.web.deps import DbSession, Now, require_role
from service.web.error_pages import wants_json
from service.web.looked_at import colleagues, colleagues_at
from service.web.once import DoneOnce
from service.web.parts_pages import DONE_SENTENCES as DONE_WITH_PARTS
from service.web.photo_forms import PhotoRoute, SentPhotos
from service.web.queue_lines import SEARCHED_LABELS, TAB_LABELS, Asked, Others, chips_of, line_of
from service.web.refused import page_with
from service.web.render import is_htmx, language_of, page, remember_choice
from service.web.rereading import is_only_read, said_again
from service.web.sign_in import own_page
from service.web.worker_forms import INSERT, NOT_REVISED, REVEAL, STAGE_OF, Tried, given
from service.web.worker_pages import DONE_SENTENCES, case_facts

router = APIRouter(include_in_schema=False, route_class=PhotoRoute)

QUEUE = "/queue"
Working = Annotated[Person, Depends(require_role(Role.WORKER, Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT))]


def case_to_read(number: str, session: DbSession, person: Working) -> Case:
    """Return the case of the address, for somebody who may see it. Errors: NotFoundError."""
    if not is_case_number(number):
        raise NotFoundError
    return staff_case(session, number, person)


async def typed_into(request: Request) -> Mapping[str, str]:
    """Return the fields of a form as they were typed, whichever the action asks for."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


CaseToRead = Annotated[Case, Depends(case_to_read)]
Typed = Annotated[Mapping[str, str], Depends(typed_into)]


@router.get("/queue")
def show_queue(
    request: Request, session: DbSession, person: Working, now: Now, asked: Annotated[Asked, Query()]
) -> Response:
    """Show open cases, what runs out first on top; for htmx only the part that changes.

    The bare address leads to the reader's first view, where they have chosen one.
    """
    filters = [] if is_htmx(request) else filters_of(session, person)
    first = next((chip for chip in chips_of(filters, asked) if chip.is_first), None)
    if first is not None and not request.query_params and first.to != asked.to():
        return RedirectResponse(first.to, 303)
    if first is not None or request.query_params.get("tab") == Tab.ALL:
        asked.name_all()
    found = queue(session, person, asked.ask(), now)
    known = directory(session)
    pool = claimable(session, person) if not asked.words and not asked.cursor else []
    ids = [case.id or 0 for case in (*pool, *found.cases)]
    seen = colleagues_at(ids, person, known)
    others = Others(marks_of(session, ids), progress_of(session, ids), cards_of(session, ids), seen)
    lines = [line_of(case, person, known, asked.since_at, others) for case in found.cases]
    facts = {
        "asked": asked,
        "lines": lines,
        "pool": [line_of(case, person, known, asked.since_at, others) for case in pool],
        "counts": found.counts,
        "chips": chips_of(filters, asked, counts(session, person, filters, now)),
        "next_cursor": found.next_cursor,
        "orders": waiting_orders(session, person, known, now),
        "parties": waiting_jobs(session, person, now),
        "parts": waiting_parts(session, person, known, now),
        "searched": SEARCHED_LABELS[found.search.kind] if found.search else "",
        "news": sum(line.is_new for line in lines),
        "labels": TAB_LABELS,
        "place": known.areas.places[person.area_id],
        "ground": known.areas.ground_of(person.area_id),
        "done": DONE_SENTENCES.get(asked.done, ""),
        "is_live": is_htmx(request),
    }
    return page(request, "worker/queue.html", facts, fragment="worker/queue_live.html")


@router.get("/cases/{number}")
def show_case(
    request: Request, session: DbSession, person: Working, now: Now, case: CaseToRead, done: str = ""
) -> Response:
    """Show a case with its promises, its history, its reasons and what may be done."""
    facts = case_facts(request, session, case, person, now)
    sentence = DONE_SENTENCES.get(done) or DONE_WITH_PARTS.get(done, "")
    return page(request, "worker/case.html", facts | {"done": sentence})


@router.get("/cases/{number}/here")
def show_here(request: Request, session: DbSession, person: Working, case: CaseToRead, seen: str = "") -> Response:
    """Note that the reader still has the case open, and show who else has; nothing where those are `seen` already.

    What is not shown again is not read out again either.
    """
    found = colleagues(case, person, directory(session))
    if is_htmx(request) and seen == "-".join(str(one.id) for one in found):
        return Response(status_code=204)
    return page(request, "worker/case_here.html", {"case": case, "colleagues": found})


@router.post("/cases/{number}/reveal")
def take_reveal(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    case: CaseToRead,
    typed: Typed,
) -> Response:
    """Show the contact in clear once, on the answer itself: it has no address to come back to."""

    def reveal() -> dict[str, str]:
        return reveal_contact(session, case, typed.get("reason", ""), by=person, now=now)

    if is_only_read(request, typed):
        return _read_again(request, session, case, person, now, Tried(REVEAL, typed), reveal)
    try:
        contact = reveal()
    except ServiceError as error:
        return case_page(request, session, case, person, now, Tried(REVEAL, typed, error))
    facts = case_facts(request, session, case, person, now)
    return page(request, "worker/case.html", facts | {"revealed": contact})


@router.post("/cases/{number}/{action}")
def take_action(
    request: Request,
    session: DbSession,
    person: Working,
    once: DoneOnce,
    case: CaseToRead,
    action: str,
    typed: Typed,
    sent: SentPhotos,
) -> Response:
    """Do an action of the lifecycle; when refused, show the case as it stands now with everything typed."""
    what, now = _action(action), once.now
    tried = Tried(what, typed, kept=sent.tokens)

    def do() -> Case:
        doer, case_id = Doer(actors(session, case, person), person), case.id or 0
        version = None if what in NOT_REVISED else tried.version
        with sent.checked(language_of(request)):
            stage, is_public = STAGE_OF.get(what, Stage.OTHER), what in PUBLIC
            add_photos(session, case_id, sent.photos, by=doer, now=now, stage=stage, is_public=is_public)
            return act(session, case_id, what, given(what, typed), by=doer, now=now, version=version)

    if is_only_read(request, typed):
        return _read_again(request, session, case, person, now, tried, do)
    try:
        if INSERT in typed:
            taken = with_text(session, case, what, typed, person, language_of(request), now)
            return case_page(request, session, case, person, now, Tried(what, taken, kept=tried.kept))
        if what in FORESEEN and not typed.get("confirmed"):
            return _foreseen(request, session, case, person, now, tried)
        with session.begin_nested():
            done = do()
    except ServiceError as error:
        return case_page(request, session, case, person, now, Tried(what, typed, error, tried.kept))
    return once.done(_after(session, done, person, what, typed.get("next", "")), done)


def _foreseen(request: Request, session: Session, case: Case, person: Person, now: Now, tried: Tried) -> Response:
    """Show what would change, to be done or left. Errors: those of the action."""
    doer, what = Doer(actors(session, case, person), person), Action(tried.action)
    answers = given(what, tried.answers)
    seen = foresee(session, case.id or 0, what, answers, by=doer, now=now, version=tried.version)
    facts = {"case": case, "seen": seen, "tried": tried, "answers": answers, "version": case.version}
    shown = {"path": f"/cases/{case.number}", "switch_form": f"do-{what}"}
    return page(request, "worker/foreseen.html", facts | shown)


def _read_again(
    request: Request,
    session: Session,
    case: Case,
    person: Person,
    now: Now,
    tried: Tried,
    do: Callable[[], object],
) -> Response:
    """Show the case in the language or size just chosen, with everything typed; where nothing is, by its address."""
    if not tried.kept and not any(tried.answers.get(name, "").strip() for name in Field):
        back = RedirectResponse(f"/cases/{case.number}", 303)
        remember_choice(request, back)
        return back
    error = said_again(session, do, was_refused=tried.answers.get("was_refused", ""))
    return case_page(request, session, case, person, now, Tried(tried.action, tried.answers, error, tried.kept))


def case_page(request: Request, session: Session, case: Case, person: Person, now: Now, tried: Tried) -> Response:
    """Show the case with what was refused: why on top and beside its field, and everything typed.

    Errors: what was refused, where a queue of forms reads the answer.
    """
    if tried.error is not None and wants_json(request):
        raise tried.error
    facts: dict[str, Any] = case_facts(request, session, case, person, now, tried)
    problem = facts["problem"]
    return page_with(request, "worker/case.html", facts, problem)


def _after(session: Session, case: Case, person: Person, action: Action, back: str) -> str:
    """Return to the list the action was done from, else to the case, else (it is out of sight now) to the queue."""
    may_see = bool(actors(session, case, person))
    to = own_page(back, f"/cases/{case.number}" if may_see else QUEUE)
    return f"{to}{'&' if '?' in to else '?'}{urlencode({'done': action})}"


def _action(name: str) -> Action:
    if name not in list(Action):
        raise NotFoundError
    return Action(name)
