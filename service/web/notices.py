"""What was I told, how do I want to be told, how does a resident unsubscribe, and what would the demo have sent?"""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlmodel import Session

from service.accounts.queries import people_by_id
from service.accounts.rules import Role
from service.accounts.tables import Person
from service.cases.queries import by_number
from service.cases.tables import Case
from service.delivery.changes import keep_caught, offered_to, set_wishes, subscribe_again, unsubscribe
from service.delivery.queries import A_PAGE, caught, channels, of_case, of_person, wishes_of
from service.delivery.ways import stop_token
from service.delivery.webhook import signature
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError
from service.intake.forms import clean
from service.outbox.rules import AS_USUAL, Channel, Digest, Wishes
from service.outbox.tables import Caught, Unsubscribed
from service.parties.queries import by_id as parties_by_id
from service.secrecy import decrypt
from service.settings import get_settings
from service.web import notice_words as telling
from service.web.admin.common import Blank, Text, TypedForm, as_clock, one_of, page_number
from service.web.deps import CurrentPerson, DbSession, Now, maybe_person
from service.web.error_pages import problem_of
from service.web.render import language_of, page
from service.web.worker import CaseToRead, Working

router = APIRouter(include_in_schema=False)

MINE = "/notices"
RANKS = ("first", "second", "third")
CATCHER = "/api/v1/demo/caught"
MOST_BODY = 20_000


class WishesForm(TypedForm):
    """How somebody wants to be told, as it is typed."""

    first: Text = ""
    second: Text = ""
    third: Text = ""
    digest: Text = Digest.AT_ONCE.value
    language: Text = ""
    quiet_from: Text = ""
    quiet_to: Text = ""

    def wishes(self) -> Wishes:
        """Return what was typed, not yet checked. Errors: InvalidFieldsError."""
        return Wishes(
            channels=tuple(key for key in (self.first, self.second, self.third) if key),
            digest=one_of(Digest, self.digest, "digest"),
            quiet_from=as_clock(self.quiet_from, "quiet_from"),
            quiet_to=as_clock(self.quiet_to, "quiet_to"),
        )


@router.get(MINE)
def show_mine(
    request: Request,
    session: DbSession,
    by: CurrentPerson,
    now: Now,  # noqa: ARG001  # The page says when time is simulated.
    page_asked: Annotated[Text, Query(alias="page")] = "",
) -> Response:
    """List what was told to the reader, the newest first."""
    which, known = page_number(page_asked), {row.id or 0: row for row in channels(session)}
    found = of_person(session, by.id or 0, page=which)
    context = {
        "rows": [telling.line(notice, language_of(request), known) for notice in found.rows],
        "count": found.count,
        "states": telling.STATE_LABELS,
        "asked": {"page": which, "most": A_PAGE},
        "is_admin": by.role is Role.ADMIN,
        "is_demo": get_settings().demo,
        "done": request.query_params.get("done", ""),
    }
    return page(request, "notices/mine.html", context)


@router.get("/cases/{number}/notices")
def show_of_case(request: Request, session: DbSession, now: Now, by: Working, case: CaseToRead) -> Response:  # noqa: ARG001
    """List who was told what about a case, by what, and what became of it."""
    known, told = {row.id or 0: row for row in channels(session)}, of_case(session, case.id or 0)
    context = {
        "case": case,
        "rows": [telling.line(notice, language_of(request), known) for notice in told],
        "states": telling.STATE_LABELS,
        "people": people_by_id(session, {notice.person_id or 0 for notice in told}),
        "parties": parties_by_id(session, {notice.party_id or 0 for notice in told}),
    }
    return page(request, "notices/of_case.html", context)


@router.get(f"{MINE}/wishes")
def show_wishes(request: Request, session: DbSession, by: CurrentPerson, now: Now) -> Response:  # noqa: ARG001
    """Show how the reader wants to be told."""
    return _wishes_page(request, session, by, _form_of(wishes_of(session, {by.id or 0}).get(by.id or 0, AS_USUAL), by))


@router.post(f"{MINE}/wishes")
def take_wishes(
    request: Request,
    session: DbSession,
    by: CurrentPerson,
    now: Now,  # noqa: ARG001  # See above.
    form: Annotated[WishesForm, Form()],
) -> Response:
    """Keep how the reader wants to be told."""
    try:
        set_wishes(session, by, form.wishes(), form.language, get_settings())
    except InvalidFieldsError as error:
        return _wishes_page(request, session, by, form, error)
    return RedirectResponse(f"{MINE}?done=changed", 303)


def _form_of(wishes: Wishes, person: Person) -> WishesForm:
    first, second, third = [*wishes.channels, "", "", ""][:3]
    return WishesForm(
        first=first,
        second=second,
        third=third,
        digest=wishes.digest,
        language=person.language,
        quiet_from=f"{wishes.quiet_from:%H:%M}",
        quiet_to=f"{wishes.quiet_to:%H:%M}",
    )


def _wishes_page(
    request: Request, session: Session, by: Person, form: WishesForm, error: InvalidFieldsError | None = None
) -> Response:
    language, known = language_of(request), {row.id or 0: row for row in channels(session)}
    problem = problem_of(request, error) if error else None
    context: Mapping[str, Any] = {
        "values": form.model_dump(),
        "errors": Blank(problem.fields if problem else {}),
        "offered": [(key, telling.key_name(key, language, known)) for key in offered_to(session, by, get_settings())],
        "digests": telling.DIGEST_LABELS,
        "ranks": RANKS,
    }
    return page(request, "notices/wishes.html", context, status=problem.status if problem else 200)


def case_of_link(number: str, token: str, session: DbSession) -> Case:
    """Return the case of an unsubscribe link. Errors: NotFoundError, whatever is wrong with it."""
    case = by_number(session, number) if hmac.compare_digest(stop_token(number).encode(), token.encode()) else None
    if case is None:
        raise NotFoundError
    return case


OfLink = Annotated[Case, Depends(case_of_link)]
STOP = MINE + "/stop/{number}/{token}"


@router.get(STOP, dependencies=[Depends(maybe_person)])
def show_stop(request: Request, session: DbSession, now: Now, case: OfLink) -> Response:  # noqa: ARG001
    """Ask whether a resident wants no more mail about the course of a case: mail programs open links by themselves."""
    is_stopped = session.get(Unsubscribed, case.id) is not None
    return page(request, "notices/stop.html", {"case": case, "is_stopped": is_stopped})


@router.post(STOP, dependencies=[Depends(maybe_person)])
def take_stop(
    request: Request, session: DbSession, now: Now, case: OfLink, again: Annotated[str, Form()] = ""
) -> Response:
    """Unsubscribe, or take that back."""
    if again:
        subscribe_again(session, case.id or 0)
    else:
        unsubscribe(session, case.id or 0, now)
    return RedirectResponse(request.url.path, 303)


def only_in_demo() -> None:
    """Errors: NotFoundError outside the demo."""
    if not get_settings().demo:
        raise NotFoundError


@router.get("/caught", dependencies=[Depends(only_in_demo)])
def show_caught(request: Request, session: DbSession, by: CurrentPerson, now: Now) -> Response:  # noqa: ARG001
    """Show what mail and webhooks the demo would have sent."""
    return page(request, "notices/caught.html", {"rows": caught(session), "ways": telling.WAY_LABELS})


async def raw_body(request: Request) -> bytes:
    """Return the body as it came: the signature is of these bytes."""
    return await request.body()


@router.post(CATCHER, dependencies=[Depends(only_in_demo)])
def catch(request: Request, session: DbSession, now: Now, body: Annotated[bytes, Depends(raw_body)]) -> Response:
    """Take in a webhook of the demo, as a receiver would. Errors: NotAllowedError when nobody here has signed it."""
    timestamp, signed = (request.headers.get(name, "") for name in ("jiban-timestamp", "jiban-signature"))
    secrets = (decrypt(row.secret) for row in channels(session) if row.secret)
    if not any(hmac.compare_digest(signature(secret, timestamp, body).encode(), signed.encode()) for secret in secrets):
        raise NotAllowedError
    keep_caught(session, _caught(request, clean(body[:MOST_BODY].decode(errors="replace")), now))
    return JSONResponse({"errcode": 0})


def _caught(request: Request, body: str, now: datetime) -> Caught:
    shown = ("idempotency-key", "jiban-timestamp", "jiban-signature", "content-type", "user-agent")
    headers = "\n".join(f"{name.title()}: {clean(request.headers.get(name, ''))}" for name in shown)
    key = clean(request.headers.get("idempotency-key", ""))[:200]
    return Caught(
        at=now, kind=Channel.WEBHOOK, key=key, address=CATCHER, subject=_subject(body), headers=headers, body=body
    )


def _subject(body: str) -> str:
    """Return the subject that the body of a webhook tells, if it is one of ours."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return str(said.get("subject", ""))[:200] if isinstance(said, dict) else ""
