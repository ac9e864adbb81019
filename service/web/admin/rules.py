"""Which desk gets which cases? The dispatch rules are listed, added, changed, ordered, deleted and tried out."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.queries import active_people
from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.queries import all_areas
from service.areas.rules import AreaLevel
from service.categories.queries import all_categories
from service.errors import InvalidFieldsError
from service.routing.actions import add_rule, change_rule, delete_rule, in_order, move_rule
from service.routing.details import HANDLE_CASES, RuleDetails
from service.routing.tables import RoutingRule
from service.timekeeping import ZONE
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    admin_page,
    area_choices,
    as_id,
    called,
    go_to,
    one_of,
    people_choices,
    tried,
)
from service.web.admin.lines import lines
from service.web.admin.rehearsal import rehearse, show_as
from service.web.admin.saving import UNKNOWN, RowForm, form_page, id_typed, kept_of, row_of, save, yes_or_no
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/rules")

RULES = "/admin/rules"


class RuleForm(RowForm):
    """A line as it is typed: what matches, and where it goes."""

    category: Text = ""
    area: Text = ""
    goes_to: Text = ""
    target_level: Text = ""
    target_area: Text = ""
    target_person: Text = ""
    target_role: Text = ""
    note: Text = ""

    def details(self) -> RuleDetails:
        """Return what was typed, not yet checked; of the targets only the one that was chosen."""
        level, unit, person = None, None, None
        if self.goes_to == "level":
            level = one_of(AreaLevel, self.target_level, "target_level")
        elif self.goes_to == "unit":
            unit = as_id(self.target_area) or UNKNOWN
        elif self.goes_to == "person":
            person = as_id(self.target_person) or UNKNOWN
        role = Role.WORKER if self.goes_to == "person" else one_of(Role, self.target_role, "target_role")
        return RuleDetails(
            category_code=self.category or None,
            area_id=id_typed(self.area),
            target_level=level,
            target_area_id=unit,
            target_person_id=person,
            target_role=role,
            note=self.note,
            is_active=self.in_use,
        )


@router.get("")
def show_rules(request: Request, session: DbSession, by: Administrator, now: Now) -> Response:
    """List the rules in their order, with the form that tries them out."""
    context = {"lines": lines(request, session, in_order(session)), **_dry_run_form(request, session, now)}
    return admin_page(request, by, "rules", context)


@router.get("/try")
def show_rehearsal(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    category: Text = "",
    area: Text = "",
    at: Text = "",
) -> Response:
    """Show who would get a case of this category in this area at this time, and why."""
    done = tried(request, session, lambda: rehearse(session, category, area, at))
    typed = {"category": category, "area": area, "at": at}
    context = _dry_run_form(request, session, now) | {"values": typed, "result": None}
    if isinstance(done, Refused):
        return admin_page(request, by, "rehearsal", context, refused=done)
    return admin_page(request, by, "rehearsal", context | {"result": show_as(request, session, done)})


@router.get("/new")
def show_new_rule(request: Request, session: DbSession, by: Administrator) -> Response:
    """Show the empty form."""
    return _form_page(
        request, session, by, RuleForm(goes_to="level", target_level=AreaLevel.COMMUNITY, target_role=Role.WORKER)
    )


@router.post("")
def take_new_rule(
    request: Request, session: DbSession, by: Administrator, now: Now, form: Annotated[RuleForm, Form()]
) -> Response:
    """Add a rule."""

    def add() -> None:
        add_rule(session, form.details(), by=by, now=now)

    again = partial(_form_page, request, session, by, form)
    return save(request, session, form, add, again=again, to=lambda _: RULES, done="added")


@router.get("/{rule_id}")
def show_rule(request: Request, session: DbSession, by: Administrator, now: Now, rule_id: RowId) -> Response:
    """Show a rule in its form, with its history."""
    rule = row_of(session, RoutingRule, rule_id)
    return _form_page(request, session, by, _form_of(rule), rule=rule, now=now)


@router.post("/{rule_id}")
def take_rule(
    request: Request, session: DbSession, by: Administrator, now: Now, rule_id: RowId, form: Annotated[RuleForm, Form()]
) -> Response:
    """Change a rule."""

    def change() -> None:
        change_rule(session, rule_id, form.details(), by=by, now=now, seen=form.version)

    rule = row_of(session, RoutingRule, rule_id)
    again = partial(_form_page, request, session, by, form, rule=rule, now=now)
    return save(request, session, form, change, again=again, to=lambda _: f"{RULES}/{rule_id}", done="changed")


@router.post("/{rule_id}/move")
def take_move(
    session: DbSession, by: Administrator, now: Now, rule_id: RowId, direction: Annotated[str, Form()] = ""
) -> Response:
    """Let a rule be asked one place earlier or later."""
    if direction not in ("up", "down"):
        raise InvalidFieldsError({"direction": "Please choose one of the answers offered."})
    move_rule(session, rule_id, "up" if direction == "up" else "down", by=by, now=now)
    return go_to(RULES, "moved")


@router.post("/{rule_id}/delete")
def take_deletion(session: DbSession, by: Administrator, now: Now, rule_id: RowId) -> Response:
    """Delete a rule."""
    delete_rule(session, rule_id, by=by, now=now)
    return go_to(RULES, "removed")


def _places(request: Request, session: Session) -> dict[str, Any]:
    return {
        "category_choices": [
            (c.code, ("　" if c.parent_code else "") + f"{c.code} {called(request, c)}")
            for c in all_categories(session)
        ],
        "area_choices": area_choices(request, all_areas(session)),
    }


def _dry_run_form(request: Request, session: Session, now: datetime) -> dict[str, Any]:
    local = now.astimezone(ZONE)
    values = {"category": "", "area": "", "at": f"{local:%Y-%m-%dT%H:%M}"}
    return {"values": values, **_places(request, session)}


def _form_page(
    request: Request,
    session: Session,
    by: Person,
    form: RuleForm,
    refused: Refused = NOTHING_WRONG,
    *,
    rule: RoutingRule | None = None,
    now: datetime | None = None,
) -> Response:
    areas = {area.id or 0: area for area in all_areas(session)}
    context: dict[str, Any] = {
        "rule": rule,
        "people": people_choices(request, active_people(session), areas),
        "levels": [level.value for level in AreaLevel],
        "roles": [role.value for role in HANDLE_CASES],
        **_places(request, session),
    }
    if rule is not None and now is not None:
        context |= {
            "line": lines(request, session, [rule])[0],
            **kept_of(request, session, "rule", rule.id, now, refused),
        }
    return form_page(request, by, "rule", form, context, refused=refused)


def _form_of(rule: RoutingRule) -> RuleForm:
    by_unit = "unit" if rule.target_area_id is not None else "level"
    goes_to = "person" if rule.target_person_id is not None else by_unit
    return RuleForm(
        category=rule.category_code or "",
        area=str(rule.area_id or ""),
        goes_to=goes_to,
        target_level=rule.target_level or AreaLevel.COMMUNITY,
        target_area=str(rule.target_area_id or ""),
        target_person=str(rule.target_person_id or ""),
        target_role=rule.target_role,
        note=rule.note,
        is_active=yes_or_no(rule.is_active),
    )
