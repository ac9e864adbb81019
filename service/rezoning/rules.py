"""Which changes of the division can be, and what stands in the way of one?"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.areas.details import NAME_MOST, NOTHING_IN_A_DEPARTMENT
from service.areas.rules import DEPTH, AreaTree, Place
from service.errors import InvalidFieldsError

REASON_MOST = 200


class ChangeKind(StrEnum):
    """What happens to an area: 更名, 划转, 合并, 撤销."""

    RENAME = "rename"
    MOVE = "move"
    MERGE = "merge"
    CLOSE = "close"


class ChangeState(StrEnum):
    """How far a change is."""

    PLANNED = "planned"
    APPLIED = "applied"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Change:
    """A change before it is decided."""

    kind: ChangeKind
    area_id: int
    target_id: int | None = None
    name: str = ""
    name_en: str = ""
    reason: str = ""
    effective_on: date | None = None


@dataclass(frozen=True)
class Effect:
    """What a change touches, in numbers."""

    open_cases: int = 0
    """They go on at the desk that takes over, with every promise as it was made."""
    ended_cases: int = 0
    """They keep their area, and are found under the one that takes over."""
    people: int = 0
    areas: int = 0
    rules: int = 0


def successor_of(change: Change, areas: AreaTree) -> Place | None:
    """Return the area that takes over: the one merged into, or the one above a closed area; None for other kinds."""
    if change.kind is ChangeKind.MERGE:
        return areas.places.get(change.target_id or 0)
    place = areas.places.get(change.area_id)
    if change.kind is ChangeKind.CLOSE and place is not None and place.parent_id is not None:
        return areas.living(place.parent_id)
    return None


def check_change(change: Change, areas: AreaTree, today: date) -> None:
    """Accept a change that can be carried out on the areas as they are. Errors: InvalidFieldsError."""
    place, target = areas.places.get(change.area_id), areas.places.get(change.target_id or 0)
    wrong: dict[str, str] = {}
    if not 0 < len(change.reason.strip()) <= REASON_MOST:
        wrong["reason"] = "Please say why, in at most 200 characters."
    if change.effective_on is None or change.effective_on < today:
        wrong["effective_on"] = "Please give a day from today on."
    if place is None or not place.is_active:
        wrong["area_id"] = "This area is not known or closed. Please choose one of the list."
    else:
        wrong |= _wrong_kind(change, place, target, areas)
    if wrong:
        raise InvalidFieldsError(wrong)


def _wrong_kind(change: Change, place: Place, target: Place | None, areas: AreaTree) -> dict[str, str]:
    if change.kind is ChangeKind.RENAME:
        too_long = any(not 0 < len(name.strip()) <= NAME_MOST for name in (change.name, change.name_en))
        return {"name": "Please give both names, each of at most 60 characters."} if too_long else {}
    if change.kind is ChangeKind.CLOSE:
        is_whole = place.parent_id is None
        return {"kind": "A county cannot be closed: nothing would take over its cases."} if is_whole else {}
    if target is None or not target.is_active:
        return {"target_id": "This area is not known or closed. Please choose one of the list."}
    if areas.covers(place.id, target.id):
        return {"target_id": "An area cannot lie in itself or in an area below it."}
    if change.kind is ChangeKind.MOVE and DEPTH[target.level] >= DEPTH[place.level]:
        return {"target_id": "The area above must be of a higher level."}
    if change.kind is ChangeKind.MOVE and target.is_department:
        return {"target_id": NOTHING_IN_A_DEPARTMENT}
    if change.kind is ChangeKind.MERGE and place.is_department is not target.is_department:
        return {"target_id": "A department is merged into a department only, and an area into an area."}
    if change.kind is ChangeKind.MERGE and target.level is not place.level:
        return {"target_id": "Only areas of the same level are merged."}
    return {}
