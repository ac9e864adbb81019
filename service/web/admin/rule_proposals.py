"""Which changes of the dispatch table do units propose, and what becomes of them?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.queries import people_by_id
from service.accounts.tables import Person
from service.cases.queries import numbers_of
from service.routing import catalogue
from service.routing.proposals import decide
from service.routing.tables import RuleProposal
from service.routing.versions import ProposalState
from service.web.admin.common import NOTHING_WRONG, Refused, RowId, Text, called, said
from service.web.admin.lines import Line, Names, line, names, target
from service.web.admin.rule_words import PART_LABELS, PROPOSAL_LABELS
from service.web.admin.rules import MEASURED, RULES, Dispatcher, of_all
from service.web.admin.saving import SwitchedForm, form_page, row_of, save
from service.web.admin.told import history_of
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/rules/proposals")

PROPOSALS = f"{RULES}/proposals"
APPROVE, REFUSE = "approve", "refuse"


class AnswerForm(SwitchedForm):
    """What is decided about a proposal, and why."""

    decision: Text = ""
    answer: Text = ""


@dataclass(frozen=True)
class Told:
    """A proposal in the reader's language."""

    proposal: RuleProposal
    number: str
    """Of the case it was made from."""
    what: str
    where: str
    to: str
    asked_by: Person | None
    decided_by: Person | None


@router.get("")
def show_proposals(request: Request, session: DbSession, by: Dispatcher, now: Now) -> Response:
    """List the proposals, what waits on top."""
    rows = catalogue.proposals(session)
    rows.sort(key=lambda one: one.state is not ProposalState.WAITING)
    context = {"proposals": _told(request, session, rows, names(session)), "states": PROPOSAL_LABELS}
    return form_page(request, by, "rule_proposals", AnswerForm(), context | of_all(session, now), refused=NOTHING_WRONG)


@router.get("/{proposal_id}")
def show_proposal(request: Request, session: DbSession, by: Dispatcher, now: Now, proposal_id: RowId) -> Response:
    """Show one proposal beside the line that it disputes."""
    return _page(request, session, by, now, row_of(session, RuleProposal, proposal_id), AnswerForm())


@router.post("/{proposal_id}")
def take_answer(
    request: Request,
    session: DbSession,
    by: Dispatcher,
    now: Now,
    proposal_id: RowId,
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """Approve or refuse a proposal."""
    is_approved = form.decision == APPROVE

    def do() -> None:
        decide(session, proposal_id, form.answer, is_approved=is_approved, by=by, now=now)

    again = partial(_page, request, session, by, now, row_of(session, RuleProposal, proposal_id), form)
    done = "approved" if is_approved else "refused"
    return save(request, session, form, do, again=again, to=lambda _: PROPOSALS, done=done)


def _page(
    request: Request,
    session: Session,
    by: Person,
    now: datetime,
    asked: RuleProposal,
    form: AnswerForm,
    refused: Refused = NOTHING_WRONG,
) -> Response:
    known = names(session, catalogue.return_rates(session, now - MEASURED))
    context = {
        "told": _told(request, session, [asked], known)[0],
        "disputed": _disputed(request, session, asked, known),
        "states": PROPOSAL_LABELS,
        **history_of(request, session, "rule_proposal", asked.id or 0, now),
        **of_all(session, now),
    }
    return form_page(request, by, "rule_proposal", form, context, refused=refused)


def _disputed(request: Request, session: Session, asked: RuleProposal, known: Names) -> Line | None:
    """Return the line that sent the case, as the newest version has it."""
    rows = catalogue.lines_in(session, catalogue.newest(session).id or 0)
    found = ((place, row) for place, row in enumerate(rows, start=1) if row.line == asked.line)
    return next((line(request, row, known, place) for place, row in found), None)


def _told(request: Request, session: Session, rows: Iterable[RuleProposal], known: Names) -> list[Told]:
    rows = list(rows)
    people = people_by_id(session, {i or 0 for row in rows for i in (row.asked_by_id, row.decided_by_id)})
    numbers = numbers_of(session, {row.case_id for row in rows})
    return [
        Told(
            row,
            numbers[row.case_id],
            f"{row.category_code} {called(request, known.topics[row.category_code])}",
            called(request, known.areas[row.area_id]) if row.area_id else said(request, PART_LABELS["anywhere"]),
            target(request, row, known),
            people.get(row.asked_by_id),
            people.get(row.decided_by_id or 0),
        )
        for row in rows
    ]
