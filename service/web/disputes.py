"""How does a desk that got a case which is not its own propose what the dispatch rules should say instead?"""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import DEPTH, AreaLevel
from service.cases.tables import Case
from service.routing.catalogue import proposal_of
from service.routing.details import HANDLE_CASES
from service.routing.directory import Directory
from service.routing.proposals import Suggestion, propose
from service.routing.queries import decisions, directory
from service.routing.versions import ProposalState
from service.web.admin.common import NOTHING_WRONG, Blank, Refused, Text, called, one_of
from service.web.admin.rule_words import PROPOSAL_LABELS
from service.web.admin.saving import UNKNOWN, SwitchedForm, id_typed, save
from service.web.deps import DbSession, Now
from service.web.render import page
from service.web.why_here import why_here
from service.web.worker import CaseToRead, Working

router = APIRouter(include_in_schema=False, prefix="/dispatch")

NAMED_UNITS = (AreaLevel.COUNTY, AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY)


class ProposalForm(SwitchedForm):
    """What somebody proposes, as it is typed."""

    area: Text = ""
    goes_to: Text = ""
    target_level: Text = ""
    target_area: Text = ""
    target_role: Text = ""
    reason: Text = ""

    def suggestion(self, category_code: str) -> Suggestion:
        """Return what was typed, not yet checked. Errors: InvalidFieldsError."""
        level, unit = None, None
        if self.goes_to == "level":
            level = one_of(AreaLevel, self.target_level, "target_level")
        elif self.goes_to == "unit":
            unit = id_typed(self.target_area) or UNKNOWN
        role = one_of(Role, self.target_role, "target_role")
        return Suggestion(category_code, id_typed(self.area), level, unit, role)


@router.get("/{number}/propose")
def show_proposal(request: Request, session: DbSession, person: Working, case: CaseToRead, done: str = "") -> Response:
    """Show the form with what decided so far, and what became of an earlier proposal from this case."""
    above = [p.id for p in directory(session).areas.up_from(case.area_id) if p.level is AreaLevel.SUBDISTRICT]
    to = {"goes_to": "level", "target_level": AreaLevel.SUBDISTRICT, "target_role": Role.TRIAGE}
    form = ProposalForm(area=str(above[0]) if above else "", **to)
    return _page(request, session, person, case, form, done=done)


@router.post("/{number}/propose")
def take_proposal(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    case: CaseToRead,
    form: Annotated[ProposalForm, Form()],
) -> Response:
    """Make the proposal; the district or an administrator decides about it."""

    def do() -> None:
        topic = directory(session).topics_by_id[case.category_id]
        propose(session, case.id or 0, form.suggestion(topic.code), form.reason, by=person, now=now)

    again = partial(_page, request, session, person, case, form)
    own = f"/dispatch/{case.number}/propose"
    return save(request, session, form, do, again=again, to=lambda _: own, done="proposed")


def _page(
    request: Request,
    session: Session,
    person: Person,
    case: Case,
    form: ProposalForm,
    refused: Refused = NOTHING_WRONG,
    *,
    done: str = "",
) -> Response:
    known, last = directory(session), proposal_of(session, case.id or 0)
    fired = [row for row in decisions(session, case.id or 0) if row.rule_id is not None]
    context: dict[str, Any] = {
        "case": case,
        "topic": known.topics_by_id[case.category_id],
        "place": known.areas.places[case.area_id],
        "why": why_here(request, session, fired[-1:], known),
        "last": last,
        "states": PROPOSAL_LABELS,
        "may_propose": last is None or last.state is not ProposalState.WAITING,
        "values": form.model_dump(),
        "errors": Blank(refused.errors),
        "switch_form": "do-save",
        "by": person,
        "done": done,
        **_choices(request, case, known),
    }
    return page(request, "worker/propose.html", context, status=refused.status)


def _choices(request: Request, case: Case, known: Directory) -> dict[str, Any]:
    units = [place for place in known.areas.in_use if place.level in NAMED_UNITS]
    return {
        "areas": [(str(p.id), called(request, p)) for p in known.areas.up_from(case.area_id)],
        "units": [(str(p.id), "　" * DEPTH[p.level] + called(request, p)) for p in units],
        "levels": [level.value for level in AreaLevel],
        "roles": [role.value for role in HANDLE_CASES],
    }
