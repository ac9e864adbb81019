"""What does the engine say to cases about the whole life of a request, with several promises?"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sla_policies.clock import EventKind
from sla_policies.replay.calendars import calendar_of
from sla_policies.replay.cases import Case, CaseBrokenError, Values, moment
from sla_policies.replay.course import ALL, CONTACT, KEEP_IN_LOOP, NEXT, NEXT_RESPONSE, RESOLUTION, UPDATE, Course
from sla_policies.replay.standing import standing

K = EventKind


def lifecycle(case: Case) -> dict[str, Any]:
    """Return how every promise of a request stands after its events, which are taken in order of time.

    A change of policy counts from receipt, so the targets of the last one hold for all events.
    """
    events = sorted(case.input["events"], key=lambda one: moment(one["at"]))
    changed = [one["targets"] for one in events if one["type"] == "policy_changed"]
    targets = changed[-1] if changed else case.input["targets"]
    course = Course(calendar_of(case.calendar), targets, case.input.get("semantics", {}))
    for one in events:
        if one["type"] not in EVENTS:
            raise CaseBrokenError(f"The event “{one['type']}” is not known.")
        EVENTS[one["type"]](course, moment(one["at"]), one)
    return standing(course, moment(events[-1]["at"]))


def _created(course: Course, at: datetime, said: Values) -> None:
    if said.get("by", "resident") == "resident":
        course.start(CONTACT, at)
    course.start(RESOLUTION, at)
    if course.semantics.get("update_clock") == "created":
        course.start(UPDATE, at)
    if said.get("state") == "pending":
        course.each(ALL, K.PAUSED, at)
    course.priority = said.get("priority")


def _message(course: Course, at: datetime, _: Values) -> None:
    """A message of the resident ends the waiting for it, and begins the time for the next reply."""
    course.each(ALL, K.RESUMED, at)
    course.start(UPDATE, at)
    if course.is_contacted:
        course.start(NEXT_RESPONSE, at)


def _reply(course: Course, at: datetime, said: Values) -> None:
    if said["type"] == "first_response":
        course.each((CONTACT,), K.SATISFIED, at)
    if not said.get("keeps_update_clock"):
        course.each(NEXT, K.SATISFIED, at)
    course.start(KEEP_IN_LOOP, at)


def _waiting(course: Course, at: datetime, _: Values) -> None:
    if course.semantics.get("pause_satisfies_first_response"):
        course.each((CONTACT,), K.SATISFIED, at)
    course.each(ALL, K.PAUSED, at)


def _resolved(course: Course, at: datetime, said: Values) -> None:
    """A request that only stands as resolved waits to be confirmed; else every promise is kept now."""
    if said.get("state_only"):
        _waiting(course, at, said)
    else:
        course.each(ALL, K.SATISFIED, at)
        course.is_over = True


def _reopened(course: Course, at: datetime, _: Values) -> None:
    """What waited goes on; what was over begins a second instance, and the first result stays."""
    course.each(ALL, K.RESUMED, at)
    course.is_over = False
    if not course.live(RESOLUTION):
        course.start(RESOLUTION, at)


def _cancelled(course: Course, at: datetime, _: Values) -> None:
    course.each(ALL, K.CANCELLED, at)
    course.is_over = True


def _nothing(course: Course, at: datetime, said: Values) -> None:
    """Closing what is resolved, and a policy that holds from receipt, do nothing at their own time."""


EVENTS: Mapping[str, Callable[[Course, datetime, Values], None]] = {
    "created": _created,
    "customer_reply": _message,
    "first_response": _reply,
    "agent_reply": _reply,
    "pending": _waiting,
    "resumed": lambda course, at, _: course.each(ALL, K.RESUMED, at),
    "resolved": _resolved,
    "reopened": _reopened,
    "merged": _cancelled,
    "cancelled": _cancelled,
    "closed": _nothing,
    "policy_changed": _nothing,
    "check": lambda course, at, _: course.look(at),
}
