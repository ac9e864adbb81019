"""Which status may follow which, who may do it, what they must say, and what it does to the clocks?

`MOVES` is the one lifecycle table: the buttons of the pages, the permissions of the API and the diagram in
docs/lifecycle.md all come from it. As whom somebody of the staff acts is said in standing.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from service.errors import ServiceError


class CaseStatus(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting_for_resident"
    PARKED = "parked"
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"


class Action(StrEnum):
    """What can be done to a case."""

    ASSIGN = "assign"
    ACCEPT = "accept"
    CONTACT = "contact"
    REPLY = "reply"
    NOTE = "note"
    ASK = "ask"
    ANSWER = "answer"
    URGE = "urge"
    REQUEST_EXTENSION = "request_extension"
    EXTEND = "extend"
    REQUEST_PARKING = "request_parking"
    PARK = "park"
    REFUSE = "refuse"
    RESUME = "resume"
    REGRADE = "regrade"
    RECATEGORISE = "recategorise"
    RELOCATE = "relocate"
    WAIVE = "waive"
    """To do without the photos that the topic asks for."""
    RETURN = "return"
    TRANSFER = "transfer"
    REASSIGN = "reassign"
    RESOLVE = "resolve"
    RATE = "rate"
    REOPEN = "reopen"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    DUPLICATE = "duplicate"
    SEPARATE = "separate"


class Actor(StrEnum):
    """As whom somebody acts on one case."""

    RESIDENT = "resident"
    SENDER = "sender"
    """The resident at the moment of sending, who may join the request to one that was shown to them."""
    SYSTEM = "system"
    ASSIGNEE = "assignee"
    COLLEAGUE = "colleague"
    """A worker of the unit that holds the case."""
    MEMBER = "member"
    """Somebody of the unit in whose pool the case lies, which nobody there holds yet."""
    HEAD = "head"
    TRIAGE = "triage"
    SUPERVISOR = "supervisor"
    DISTRICT = "district"


class Field(StrEnum):
    """What an action must or may be told."""

    TEXT = "text"
    KIND = "kind"
    RESULT = "result"
    REASON = "reason"
    PERSON = "person_id"
    UNIT = "unit_id"
    NUMBER = "number"
    DAYS = "days"
    UNTIL = "until"
    GRADE = "grade"
    CATEGORY = "category"
    AREA = "area_id"
    ADDRESS = "address"
    REROUTE = "reroute"
    """Let the rules find who takes the case now."""
    AGAIN = "again_at"
    """When the resident is to be called again."""
    SOLVED = "solved"
    SATISFACTION = "satisfaction"


class Satisfaction(StrEnum):
    """满意 · 基本满意 · 一般 · 不满意."""

    SATISFIED = "satisfied"
    BASICALLY = "basically"
    FAIR = "fair"
    DISSATISFIED = "dissatisfied"


class ClockEffect(StrEnum):
    """What an action does to the clocks of the case."""

    NONE = "none"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RESTART = "restart"
    EXTEND = "extend"
    RECOUNT = "recount"


@dataclass(frozen=True)
class Move:
    """One row of the lifecycle: from where, by which action, to where, by whom, with what, and the clocks.

    `to` None: the status stays. `event` is what the policy may name as satisfying a clock.
    """

    action: Action
    from_: frozenset[CaseStatus]
    to: CaseStatus | None
    who: frozenset[Actor]
    required: tuple[Field, ...] = ()
    optional: tuple[Field, ...] = ()
    effect: ClockEffect = ClockEffect.NONE
    event: str = ""


S, A, F = CaseStatus, Actor, Field
PENDING = frozenset({S.ASSIGNED, S.TRANSFERRED, S.REOPENED})
"""Somebody holds the case and has not signed for it."""
AT_DESK = frozenset({S.RECEIVED, S.RETURNED})
"""A desk must say who gets the case."""
AT_WORK = frozenset({S.ACCEPTED, S.IN_PROGRESS, S.WAITING})
IN_HAND = AT_WORK - {S.WAITING}
"""Somebody works on the case, and nothing is being waited for."""
STANDS_STILL = frozenset({S.WAITING, S.PARKED})
"""The status is also the reason for which a policy may let a clock pause."""
OPEN = PENDING | AT_DESK | AT_WORK | {S.PARKED}
ENDED = frozenset({S.RESOLVED, S.CLOSED, S.WITHDRAWN, S.DUPLICATE})
HANDLERS = frozenset({A.ASSIGNEE, A.HEAD, A.TRIAGE, A.SUPERVISOR})
DECIDERS = frozenset({A.TRIAGE, A.SUPERVISOR, A.DISTRICT})
UNIT = HANDLERS | {A.COLLEAGUE}
ASKERS = frozenset({A.ASSIGNEE, A.HEAD, A.TRIAGE})
GRANTERS = frozenset({A.SUPERVISOR, A.DISTRICT})
"""Who decides about more time and about parking: never the desk that asks for it."""
PARKED = frozenset({S.PARKED})
JOINERS = frozenset({A.TRIAGE, A.SUPERVISOR, A.HEAD, A.ASSIGNEE})
"""Who joins cases, and takes them apart; then a case stands as it stood before, whatever the table names."""

MOVES: tuple[Move, ...] = (
    Move(Action.ASSIGN, AT_DESK, S.ASSIGNED, DECIDERS | {A.SYSTEM}, (F.PERSON,), (F.TEXT,)),
    Move(Action.ACCEPT, PENDING, S.ACCEPTED, UNIT, event="accepted"),
    Move(Action.ACCEPT, frozenset({S.RECEIVED}), S.ACCEPTED, frozenset({A.MEMBER}), event="accepted"),
    Move(
        Action.CONTACT, AT_WORK, S.IN_PROGRESS, HANDLERS, (F.KIND, F.RESULT), (F.TEXT, F.AGAIN),
        event="contact_logged",
    ),
    Move(Action.CONTACT, PARKED, None, HANDLERS, (F.KIND, F.RESULT), (F.TEXT, F.AGAIN), event="contact_logged"),
    Move(Action.REPLY, AT_WORK, S.IN_PROGRESS, HANDLERS, (F.TEXT,), event="public_reply"),
    Move(Action.REPLY, PARKED, None, HANDLERS, (F.TEXT,), event="public_reply"),
    Move(Action.NOTE, OPEN | ENDED, None, UNIT | {A.DISTRICT}, (F.TEXT,)),
    Move(
        Action.ASK, IN_HAND, S.WAITING, HANDLERS, (F.TEXT,),
        effect=ClockEffect.PAUSE, event="question_asked",
    ),
    Move(
        Action.ANSWER, frozenset({S.WAITING}), S.IN_PROGRESS, frozenset({A.RESIDENT}), (F.TEXT,),
        effect=ClockEffect.RESUME,
    ),
    Move(Action.ANSWER, OPEN - {S.WAITING}, None, frozenset({A.RESIDENT}), (F.TEXT,)),
    Move(Action.URGE, OPEN, None, frozenset({A.RESIDENT}), (), (F.TEXT,)),
    Move(Action.REQUEST_EXTENSION, IN_HAND, None, ASKERS, (F.DAYS, F.REASON)),
    Move(Action.EXTEND, IN_HAND, None, GRANTERS, (F.DAYS, F.REASON), effect=ClockEffect.EXTEND),
    Move(Action.REQUEST_PARKING, IN_HAND, None, ASKERS, (F.UNTIL, F.REASON)),
    Move(Action.PARK, IN_HAND, S.PARKED, GRANTERS, (F.UNTIL, F.REASON), effect=ClockEffect.PAUSE),
    Move(Action.REFUSE, AT_WORK, None, GRANTERS, (F.REASON,)),
    Move(
        Action.RESUME, PARKED, S.IN_PROGRESS, HANDLERS | {A.DISTRICT, A.SYSTEM}, (), (F.TEXT,),
        effect=ClockEffect.RESUME,
    ),
    Move(Action.RESUME, frozenset({S.WAITING}), S.IN_PROGRESS, frozenset({A.SYSTEM}), effect=ClockEffect.RESUME),
    Move(Action.REGRADE, OPEN, None, DECIDERS, (F.GRADE, F.REASON), effect=ClockEffect.RECOUNT),
    Move(Action.RECATEGORISE, OPEN, None, DECIDERS, (F.CATEGORY, F.REASON), (F.REROUTE,), effect=ClockEffect.RECOUNT),
    Move(
        Action.RELOCATE, OPEN, None, DECIDERS | {A.HEAD}, (F.AREA, F.REASON), (F.ADDRESS, F.REROUTE),
        effect=ClockEffect.RECOUNT,
    ),
    Move(Action.WAIVE, AT_WORK | PARKED, None, GRANTERS, (F.REASON,)),
    Move(Action.RETURN, PENDING | {S.ACCEPTED}, S.RETURNED, HANDLERS - {A.TRIAGE}, (F.REASON, F.TEXT)),
    Move(Action.TRANSFER, PENDING | AT_DESK | AT_WORK, S.TRANSFERRED, DECIDERS | {A.HEAD}, (F.UNIT, F.TEXT)),
    Move(Action.REASSIGN, PENDING | AT_WORK, S.ASSIGNED, DECIDERS | {A.HEAD}, (F.PERSON,), (F.TEXT,)),
    Move(Action.REASSIGN, PENDING, S.ASSIGNED, frozenset({A.SYSTEM}), (F.PERSON,)),
    Move(Action.REASSIGN, PARKED, None, DECIDERS | {A.HEAD}, (F.PERSON,), (F.TEXT,)),
    Move(Action.RESOLVE, AT_WORK | PARKED, S.RESOLVED, HANDLERS, (F.TEXT,), event="resolved"),
    Move(
        Action.RATE, frozenset({S.RESOLVED}), S.CLOSED, frozenset({A.RESIDENT}), (F.SOLVED, F.SATISFACTION),
        (F.TEXT,),
    ),
    Move(
        Action.REOPEN, frozenset({S.RESOLVED, S.CLOSED}), S.REOPENED,
        frozenset({A.RESIDENT, A.SYSTEM, A.SUPERVISOR}), (F.REASON,), effect=ClockEffect.RESTART,
    ),
    Move(Action.CLOSE, frozenset({S.RESOLVED}), S.CLOSED, frozenset({A.SYSTEM, A.SUPERVISOR}), (F.REASON,)),
    Move(Action.WITHDRAW, OPEN, S.WITHDRAWN, frozenset({A.RESIDENT}), (), (F.TEXT,), effect=ClockEffect.CANCEL),
    Move(
        Action.DUPLICATE, OPEN, S.DUPLICATE, JOINERS | {A.SENDER}, (F.NUMBER,), (F.TEXT,), effect=ClockEffect.CANCEL,
    ),
    Move(Action.SEPARATE, frozenset({S.DUPLICATE}), S.ASSIGNED, JOINERS | {A.SYSTEM}, (F.REASON,)),
)  # fmt: skip


class MoveForbiddenError(ServiceError):
    """The lifecycle knows no such step from here, or not for this actor."""

    status, code = 409, "move-forbidden"
    sentence = "This cannot be done now: the case is “{status}”."


def move_for(status: CaseStatus, action: Action, actors: Iterable[Actor]) -> Move | None:
    """Return the row of the lifecycle that lets one of `actors` do `action` from `status`, or None."""
    acting = frozenset(actors)
    return next((m for m in MOVES if m.action is action and status in m.from_ and acting & m.who), None)


def moves_from(status: CaseStatus, actors: Iterable[Actor]) -> tuple[Move, ...]:
    """Return what these actors may do from `status`: the buttons of a page, in the table's order."""
    acting = frozenset(actors)
    return tuple(m for m in MOVES if status in m.from_ and acting & m.who)
