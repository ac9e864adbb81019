"""What may a line of the dispatch catalogue say?"""

from dataclasses import dataclass
from typing import Any

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.errors import InvalidFieldsError

NOTE_MOST = 200
HANDLE_CASES = (Role.WORKER, Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT)
"""The roles that a line may send a case to."""


@dataclass(frozen=True)
class RuleDetails:
    """One line before it is stored: what it matches, and exactly one target."""

    category_code: str | None = None
    area_id: int | None = None
    target_level: AreaLevel | None = None
    target_area_id: int | None = None
    target_person_id: int | None = None
    target_role: Role = Role.WORKER
    note: str = ""
    is_active: bool = True


@dataclass(frozen=True)
class Pointed:
    """Are the things that a line names there? True also for those it does not name."""

    category_known: bool
    area_open: bool
    target_area_open: bool
    target_person_here: bool


def check_rule(details: RuleDetails, pointed: Pointed) -> None:
    """Accept a line that can work. Errors: InvalidFieldsError, naming each field."""
    targets = (details.target_level, details.target_area_id, details.target_person_id)
    rules = {
        "category": (pointed.category_known, "This category is not known. Please choose one of the list."),
        "area": (pointed.area_open, "This area is not known or closed. Please choose one of the list."),
        "goes_to": (sum(t is not None for t in targets) == 1, "Please say to whom these cases go."),
        "target_area": (
            pointed.target_area_open,
            "This area is not known or closed. Please choose one of the list.",
        ),
        "target_person": (
            pointed.target_person_here,
            "This person is not known or has left. Please choose one of the list.",
        ),
        "target_role": (details.target_role in HANDLE_CASES, "Please choose one of the answers offered."),
        "note": (len(details.note) <= NOTE_MOST, "Please keep the note under 200 characters."),
    }
    wrong = {field: sentence for field, (is_right, sentence) in rules.items() if not is_right}
    if wrong:
        raise InvalidFieldsError(wrong)


def columns(details: RuleDetails) -> dict[str, Any]:
    """Return the columns that the details fill, tidied."""
    return {
        "category_code": details.category_code,
        "area_id": details.area_id,
        "target_level": details.target_level,
        "target_area_id": details.target_area_id,
        "target_person_id": details.target_person_id,
        "target_role": details.target_role,
        "note": details.note.strip(),
        "is_active": details.is_active,
    }
