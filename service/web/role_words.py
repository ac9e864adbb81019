"""What is somebody called by their role, and by where they work? Message ids."""

from collections.abc import Mapping
from typing import Any

from service.accounts.rules import Role
from service.areas.queries import known_departments

ROLE_LABELS: Mapping[Role, str] = {
    Role.WORKER: "Community worker",
    Role.HEAD: "Head of the community",
    Role.TRIAGE: "Duty desk",
    Role.SUPERVISOR: "Sub-district supervisor",
    Role.DISTRICT: "District desk",
    Role.ADMIN: "Administrator",
}
"""Message ids: what a role is called on a page."""
DEPARTMENT_ROLE_LABELS: Mapping[Role, str] = {Role.WORKER: "Department worker", Role.HEAD: "Head of the department"}
"""The same of those who work in a department (部门), where they are called otherwise."""


def role_label(role: Role, *, at_department: bool) -> str:
    """Return the message id of what somebody is called who works in an area or in a department."""
    return DEPARTMENT_ROLE_LABELS.get(role, ROLE_LABELS[role]) if at_department else ROLE_LABELS[role]


def role_of(person: Any) -> str:  # noqa: ANN401  # Whoever has a role and works somewhere.
    """Return what somebody is called by their role."""
    return role_label(person.role, at_department=person.area_id in known_departments())
