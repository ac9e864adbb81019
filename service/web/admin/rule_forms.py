"""How is a line of the dispatch table typed, and from what is chosen?"""

from typing import Any

from fastapi import Request
from sqlmodel import Session

from service.accounts.rules import Role
from service.areas.queries import all_areas
from service.areas.rules import AreaLevel
from service.categories.queries import all_categories, depths
from service.errors import InvalidFieldsError
from service.routing.details import CHANNELS, FOCUS_GROUPS, HANDLE_CASES, RuleDetails
from service.routing.hours import HOLIDAY, NIGHT, WORKDAY
from service.routing.tables import RoutingRule
from service.web.admin.common import Text, area_choices, as_id, called, one_of
from service.web.admin.saving import UNKNOWN, RowForm, SwitchedForm, id_typed, yes_or_no
from sla_policies.policy import Grade

OTHER = "other"
HOURS_OFFERED = ("", NIGHT, WORKDAY, HOLIDAY)


class RuleForm(RowForm):
    """A line as it is typed: what fits, and where it goes."""

    category: Text = ""
    area: Text = ""
    when: Text = ""
    """One of HOURS_OFFERED, or OTHER: then `hours` says which."""
    hours: Text = ""
    channels: tuple[str, ...] = ()
    focus_groups: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    goes_to: Text = ""
    target_level: Text = ""
    target_area: Text = ""
    target_person: Text = ""
    target_role: Text = ""
    is_pool: Text = ""
    party: Text = ""
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
        if self.when == OTHER and not self.hours:
            raise InvalidFieldsError({"hours": "Please write the hours, or choose others above."})
        return RuleDetails(
            category_code=self.category or None,
            area_id=id_typed(self.area),
            hours=self.hours if self.when == OTHER else self.when,
            channels=self.channels,
            focus_groups=self.focus_groups,
            grades=self.grades,
            target_level=level,
            target_area_id=unit,
            target_person_id=person,
            target_role=role,
            is_pool=bool(self.is_pool) and self.goes_to != "person",
            party=self.party,
            note=self.note,
            is_active=self.in_use,
        )


class PublishForm(SwitchedForm):
    """Why the draft takes the place of the table, and from when on."""

    reason: Text = ""
    effective_at: Text = ""


def places(request: Request, session: Session) -> dict[str, Any]:
    """Return the categories and areas that a form lets choose from, each set in by its depth."""
    categories = all_categories(session)
    deep = depths(categories)
    return {
        "category_choices": [(c.code, "　" * deep[c.code] + f"{c.code} {called(request, c)}") for c in categories],
        "area_choices": area_choices(request, all_areas(session)),
        "ground_choices": area_choices(request, (a for a in all_areas(session) if not a.is_department)),
    }


def codes() -> dict[str, Any]:
    """Return the codes of what a form lets choose from."""
    return {
        "levels": [level.value for level in AreaLevel],
        "roles": [role.value for role in HANDLE_CASES],
        "channels": CHANNELS,
        "focus_groups": FOCUS_GROUPS,
        "grades": [grade.value for grade in Grade],
    }


def form_of(rule: RoutingRule) -> RuleForm:
    """Return a line as its form shows it."""
    by_unit = "unit" if rule.target_area_id is not None else "level"
    return RuleForm(
        category=rule.category_code or "",
        area=str(rule.area_id or ""),
        when=rule.hours if rule.hours in HOURS_OFFERED else OTHER,
        hours=rule.hours,
        channels=tuple(rule.channels),
        focus_groups=tuple(rule.focus_groups),
        grades=tuple(rule.grades),
        goes_to="person" if rule.target_person_id is not None else by_unit,
        target_level=rule.target_level or AreaLevel.COMMUNITY,
        target_area=str(rule.target_area_id or ""),
        target_person=str(rule.target_person_id or ""),
        target_role=rule.target_role,
        is_pool="yes" if rule.is_pool else "",
        party=rule.party,
        note=rule.note,
        is_active=yes_or_no(rule.is_active),
    )
