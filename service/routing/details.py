"""What may a line of the dispatch catalogue say?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.errors import InvalidFieldsError
from service.rosters.week import HoursUnreadableError
from service.routing.hours import read_hours
from sla_policies.policy import Grade

NOTE_MOST, PARTY_MOST = 200, 60
HANDLE_CASES = (Role.WORKER, Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT)
"""The roles that a line may send a case to."""
CHANNELS = ("web", "kiosk", "phone", "walk_in", "api", "open311", "patrol")
"""`service.intake.forms.Channel`, which stands above this room; a test holds the two together."""
FOCUS_GROUPS = ("elderly", "elderly_alone", "disabled", "minor", "child_alone", "hardship")
"""`service.intake.forms.FocusGroup`, likewise."""
CHOOSE = "Please choose one of the answers offered."


@dataclass(frozen=True)
class RuleDetails:
    """One line before it is stored: what it fits, and exactly one target."""

    category_code: str | None = None
    area_id: int | None = None
    hours: str = ""
    channels: tuple[str, ...] = ()
    focus_groups: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    target_level: AreaLevel | None = None
    target_area_id: int | None = None
    target_person_id: int | None = None
    target_role: Role = Role.WORKER
    is_pool: bool = False
    party: str = ""
    note: str = ""
    is_active: bool = True


@dataclass(frozen=True)
class Pointed:
    """Are the things that a line names there? True also for those it does not name."""

    category_known: bool
    area_open: bool
    target_area_open: bool
    target_person_here: bool


def faults(details: RuleDetails, pointed: Pointed) -> dict[str, str]:
    """Return what is wrong with each field of a line: a message id; nothing for one that can work."""
    targets = (details.target_level, details.target_area_id, details.target_person_id)
    rules = {
        "category": (pointed.category_known, "This category is not known. Please choose one of the list."),
        "area": (pointed.area_open, "This area is not known or closed. Please choose one of the list."),
        "channels": (_are(details.channels, CHANNELS), CHOOSE),
        "focus_groups": (_are(details.focus_groups, FOCUS_GROUPS), CHOOSE),
        "grades": (_are(details.grades, [grade.value for grade in Grade]), CHOOSE),
        "goes_to": (sum(t is not None for t in targets) == 1, "Please say to whom these cases go."),
        "target_area": (
            pointed.target_area_open,
            "This area is not known or closed. Please choose one of the list.",
        ),
        "target_person": (
            pointed.target_person_here,
            "This person is not known or has left. Please choose one of the list.",
        ),
        "target_role": (details.target_role in HANDLE_CASES, CHOOSE),
        "is_pool": (
            not details.is_pool or details.target_person_id is None,
            "What goes to one person is no pool. Please choose a unit.",
        ),
        "party": (len(details.party) <= PARTY_MOST, "Please give a name of at most 60 characters."),
        "note": (len(details.note) <= NOTE_MOST, "Please keep the note under 200 characters."),
    }
    wrong = {field: sentence for field, (is_right, sentence) in rules.items() if not is_right}
    try:
        read_hours(details.hours)
    except HoursUnreadableError as why:
        wrong["hours"] = str(why)
    return wrong


def check_rule(details: RuleDetails, pointed: Pointed) -> None:
    """Accept a line that can work. Errors: InvalidFieldsError, naming each field."""
    wrong = faults(details, pointed)
    if wrong:
        raise InvalidFieldsError(wrong)


def _are(given: Collection[str], allowed: Collection[str]) -> bool:
    return set(given) <= set(allowed)


def columns(details: RuleDetails) -> dict[str, Any]:
    """Return the columns that the details fill, tidied."""
    facts = {field.name: getattr(details, field.name) for field in fields(RuleDetails)}
    lists = {name: sorted(set(facts[name])) for name in ("channels", "focus_groups", "grades")}
    texts = {name: facts[name].strip() for name in ("party", "note")}
    return facts | lists | texts | {"hours": read_hours(details.hours).text()}


SAYS = tuple(field.name for field in fields(RuleDetails))
"""The columns of a line that it says something with."""


def details_of(says: Mapping[str, Any]) -> RuleDetails:
    """Return the details that columns of a line hold."""
    lists = {name: tuple(says[name]) for name in ("channels", "focus_groups", "grades")}
    return RuleDetails(**{name: says[name] for name in SAYS} | lists)
