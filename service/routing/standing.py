"""As whom may a member of staff act on a case?"""

from service.accounts.tables import Person
from service.cases.rules import Actor
from service.cases.standing import Standing, actors_of
from service.cases.tables import Case
from service.routing.directory import Directory


def acting_as(person: Person, case: Case, known: Directory) -> frozenset[Actor]:
    """Return as whom a person may act: by their role where their area covers the case's place or desk, or holds it."""
    covers = any(known.areas.covers(person.area_id, area_id) for area_id in (case.area_id, case.unit_id))
    is_member = case.assignee_id is None and case.unit_id == person.area_id
    is_assignee = case.assignee_id == person.id
    return actors_of(Standing(person.role, covers_case=covers, is_assignee=is_assignee, is_member=is_member))
