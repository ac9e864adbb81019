"""Who is told of an action on a case? The resident of what concerns them, the holder of what comes in."""

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import AreaLevel
from service.cases.queries import contact_of
from service.cases.rules import Action
from service.cases.tables import Case
from service.outbox.messages import Message, Recipient, assigned, news, nudge
from service.routing.directory import Directory, Staff
from service.routing.rules import RINGS_AT_NIGHT

TO_RESIDENT = frozenset(
    {
        Action.REPLY,
        Action.ASK,
        Action.RESOLVE,
        Action.EXTEND,
        Action.PARK,
        Action.REOPEN,
        Action.CLOSE,
        Action.DUPLICATE,
        Action.SEPARATE,
    }
)
TO_HOLDER = frozenset(
    {
        Action.ANSWER,
        Action.URGE,
        Action.RATE,
        Action.WITHDRAW,
        Action.EXTEND,
        Action.PARK,
        Action.REFUSE,
        Action.RESUME,
        Action.REGRADE,
        Action.RECATEGORISE,
        Action.RELOCATE,
        Action.WAIVE,
    }
)
TO_GRANTERS = frozenset({Action.REQUEST_EXTENSION, Action.REQUEST_PARKING})
NEW_HOLDER = frozenset({Action.ASSIGN, Action.REASSIGN, Action.RETURN, Action.TRANSFER, Action.REOPEN, Action.SEPARATE})


def notices(case: Case, action: Action, by: Person | None, known: Directory) -> list[Message]:
    """Return the notices that an action writes, after the case was changed by it."""
    told: list[Message] = []
    if action in TO_GRANTERS:
        told += [
            nudge(Recipient(p.language, p.email, p.id), case.number, action, version=case.version)
            for p in granters(case, known)
        ]
    holder = known.people.get(case.assignee_id or 0)
    if action in TO_RESIDENT:
        to = Recipient(case.language, contact_of(case).get("email") or None)
        told.append(news(to, case.number, action, version=case.version))
    if holder is None or (by is not None and by.id == holder.id):
        return told
    to_holder = Recipient(holder.language, holder.email, holder.id)
    if action in TO_HOLDER or action is Action.NOTE:
        told.append(nudge(to_holder, case.number, action, version=case.version))
    if action in NEW_HOLDER:
        topic = known.topics_by_id[case.category_id]
        name = topic.name if holder.language == "zh" else topic.name_en
        wakes = case.grade in RINGS_AT_NIGHT
        told.append(assigned(to_holder, case.number, name, case.due_at, turn=case.version, wakes=wakes))
    return told


def granters(case: Case, known: Directory) -> tuple[Staff, ...]:
    """Return who decides about more time and parking: the supervisors of the sub-district, else the district."""
    places = known.areas
    near = known.staff(places.at_level(case.unit_id, AreaLevel.SUBDISTRICT).id, Role.SUPERVISOR)
    return tuple(near) or tuple(known.staff(places.at_level(case.unit_id, AreaLevel.COUNTY).id, Role.DISTRICT))
