"""When am I on duty, who takes my shift, and how do I say that I am away? Everybody's own roster."""

from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.queries import absences_of, active_people, covered_by, people_at, people_by_id
from service.accounts.tables import Person
from service.areas.queries import all_areas
from service.errors import InvalidFieldsError, NotFoundError
from service.rosters.actions import add_absence, end_absence
from service.rosters.coverage import teams, uncovered
from service.rosters.queries import feed_of, rosters, swaps_of
from service.rosters.rules import ONE_DAY, Span, SwapState, Turn, turns
from service.rosters.shifts import make_feed, revoke_feed
from service.rosters.swaps import answer_swap, ask_swap, withdraw_swap
from service.routing.queries import public_holidays
from service.timekeeping import ZONE
from service.web import roster_words
from service.web.admin.common import NOTHING_WRONG, Blank, Refused, RowId, Text, as_id, people_choices, tried
from service.web.admin.person_page import team_of
from service.web.admin.roster import AbsenceForm
from service.web.admin.saving import SwitchedForm, save
from service.web.catalogues import translate
from service.web.deps import CurrentPerson, DbSession, Now, product_now
from service.web.filters import called_in
from service.web.render import language_of, page
from service.web.roster_words import ABSENCE_LABELS, span_typed, span_value

router = APIRouter(include_in_schema=False, dependencies=[Depends(product_now)])

MINE = "/roster"
AHEAD = 27 * ONE_DAY
"""Four weeks with today."""
SWAPPED_AHEAD = 20 * ONE_DAY
TAKER_LABELS = {"freely": "{name}, nothing in return", "for": "in return for {span}"}
ANSWERS = {"accept": "accepted", "decline": "declined", "withdraw": "withdrawn"}
"""What may be done to a swap, and as what it is then said to be done."""
DONE_SENTENCES = {
    "away": "It is noted. You get no new cases in that time.",
    "back": "It is taken back.",
    "asked": "Your colleague is asked. Until they accept, the shift is yours.",
    "accepted": "The shifts have changed hands. Both rosters show it.",
    "declined": "You declined. The shift stays where it was.",
    "withdrawn": "You took it back.",
    "revoked": "The link shows nothing any more.",
}


class SwapForm(SwitchedForm):
    """A swap as it is chosen: which turn, to whom, and for which of theirs."""

    gives: Text = ""
    to: Text = ""
    words: Text = ""

    def asked(self) -> tuple[Span, int, Span | None]:
        """Return what is given, to whom, and what is taken in return. Errors: InvalidFieldsError."""
        other, _, takes = self.to.partition(" ")
        try:
            return span_typed(self.gives), as_id(other) or 0, span_typed(takes) if takes else None
        except NotFoundError as unreadable:
            wrong = {"gives": "Please choose one of the list.", "to": "Please choose one of the list."}
            raise InvalidFieldsError(wrong) from unreadable


@router.get(MINE)
def show_mine(request: Request, session: DbSession, by: CurrentPerson, now: Now) -> Response:
    """Show one's own four weeks, swaps and absences."""
    return _page(request, session, by, now)


@router.post(f"{MINE}/absences")
def take_absence(
    request: Request, session: DbSession, by: CurrentPerson, now: Now, form: Annotated[AbsenceForm, Form()]
) -> Response:
    """Note that the reader is away."""
    again = partial(_page, request, session, by, now, "absences", form)
    add = partial(_report, session, by, form, now)
    return save(request, session, form, add, again=again, to=lambda _: MINE, done="away")


@router.post(f"{MINE}/absences/{{absence_id}}/end")
def take_back(session: DbSession, by: CurrentPerson, now: Now, absence_id: RowId) -> Response:
    """End one's own absence, or take it back."""
    end_absence(session, by, absence_id, by=by, now=now)
    return _go("back")


@router.post(f"{MINE}/swaps")
def take_swap(
    request: Request, session: DbSession, by: CurrentPerson, now: Now, form: Annotated[SwapForm, Form()]
) -> Response:
    """Ask a colleague to take a turn."""

    def ask() -> object:
        gives, other_id, takes = form.asked()
        return ask_swap(session, by, other_id, gives, takes, public_holidays(), words=form.words, now=now)

    again = partial(_page, request, session, by, now, "swaps", form)
    return save(request, session, form, ask, again=again, to=lambda _: MINE, done="asked")


@router.post(f"{MINE}/swaps/{{swap_id}}/{{answer}}")
def take_answer(
    request: Request, session: DbSession, by: CurrentPerson, now: Now, swap_id: RowId, answer: str
) -> Response:
    """Accept or decline what one was asked, or take back what one asked for."""
    if answer not in ANSWERS:
        raise NotFoundError

    def do() -> None:
        if answer == "withdraw":
            withdraw_swap(session, swap_id, by=by, now=now)
        else:
            answer_swap(session, swap_id, public_holidays(), accept=answer == "accept", by=by, now=now)

    result = tried(request, session, do)
    return _page(request, session, by, now, refused=result) if isinstance(result, Refused) else _go(ANSWERS[answer])


@router.post(f"{MINE}/feed")
def take_feed(request: Request, session: DbSession, by: CurrentPerson, now: Now) -> Response:
    """Make the link to one's own duties, and show it this once."""
    token = make_feed(session, by, now=now)
    address = str(request.base_url.replace(path=f"{MINE}/feed/{token}.ics"))
    response = _page(request, session, by, now, address=address)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post(f"{MINE}/feed/revoke")
def take_feed_away(session: DbSession, by: CurrentPerson, now: Now) -> Response:
    """Let the link show nothing any more."""
    revoke_feed(session, by, now=now)
    return _go("revoked")


def _report(session: Session, by: Person, form: AbsenceForm, now: datetime) -> None:
    add_absence(session, by, form.absence(by), by=by, now=now)


def _go(done: str) -> Response:
    return RedirectResponse(f"{MINE}?done={done}", 303)


def _page(
    request: Request,
    session: Session,
    by: Person,
    now: datetime,
    what: str = "",
    form: SwitchedForm | None = None,
    refused: Refused = NOTHING_WRONG,
    address: str = "",
) -> Response:
    first, person_id, holidays = now.astimezone(ZONE).date(), by.id or 0, public_holidays()
    colleagues = [p for p in people_at(session, [by.area_id], roles=[by.role]) if p.id != person_id]
    everybody = {p.id or 0: p for p in (by, *colleagues)}
    known = rosters(session, list(everybody), first, first + AHEAD, ZONE)
    coming = {i: _to_come(turns(r, first, first + AHEAD, holidays, ZONE), now) for i, r in known.items()}
    absences, areas = absences_of(session, person_id, since=now), {area.id or 0: area for area in all_areas(session)}
    team = [t for t in teams(session, [by.area_id]) if by.role in t.roles]
    near = [p for p in active_people(session, within=team_of(areas, by)) if p.id != person_id]
    swaps = [swap for swap in swaps_of(session, person_id, since=now) if swap.state is not SwapState.WITHDRAWN]
    context = {
        "by": by,
        "coming": [(day, list(found)) for day, found in groupby(coming[person_id], _day_of)],
        "away": known[person_id].absences,
        "absences": absences,
        "kinds": ABSENCE_LABELS,
        "covers": covered_by(session, person_id, since=now),
        "swaps": swaps,
        "people": people_by_id(session, _named(swaps, absences)),
        "gaps": uncovered(session, team, first, first + timedelta(days=13), holidays),
        "feed": feed_of(session, person_id),
        "address": address,
        "substitute_choices": people_choices(request, near, areas),
        "gives_choices": _gives(coming[person_id], now, language_of(request)),
        "to_choices": _takers(request, colleagues, coming, now),
        "done": DONE_SENTENCES.get(request.query_params.get("done", ""), ""),
        "path": MINE,
    }
    return page(request, "worker/roster.html", context | _typed(what, form, refused), status=refused.status)


def _typed(what: str, form: SwitchedForm | None, refused: Refused) -> dict[str, Any]:
    """Return what was typed into which form, and what is wrong with it."""
    return {
        "what": what,
        "values": Blank(form.model_dump() if form else {}),
        "errors": Blank(refused.errors),
        "switch_form": f"do-{what}" if what else "",
    }


def _day_of(turn: Turn) -> date:
    return turn.starts_at.astimezone(ZONE).date()


def _to_come(found: list[Turn], now: datetime) -> list[Turn]:
    return [turn for turn in found if turn.ends_at > now]


def _named(swaps: list[Any], absences: list[Any]) -> set[int]:
    concerned = {i for swap in swaps for i in (swap.asker_id, swap.other_id)}
    return concerned | {absence.substitute_id for absence in absences if absence.substitute_id}


def _gives(coming: list[Turn], now: datetime, language: str) -> list[tuple[str, str]]:
    """Return which of one's turns can be given away."""
    return [(span_value(t.span), roster_words.said(t.span, now, language)) for t in coming if t.starts_at > now]


def _takers(
    request: Request, colleagues: list[Person], coming: dict[int, list[Turn]], now: datetime
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return for each colleague: they take it for nothing, or for one of their own turns in the next three weeks."""
    language, until = language_of(request), now + SWAPPED_AHEAD
    found = []
    for person in colleagues:
        own = _gives([t for t in coming[person.id or 0] if t.starts_at < until], now, language)
        name = called_in(language, person)
        freely = (str(person.id), translate(language, TAKER_LABELS["freely"], name=name))
        swapped = [(f"{person.id} {value}", translate(language, TAKER_LABELS["for"], span=said)) for value, said in own]
        found.append((name, [freely, *swapped]))
    return found
