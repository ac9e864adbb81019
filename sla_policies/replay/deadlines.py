"""What does the engine say to cases about one deadline, its pauses and one step of its ladder?"""

from typing import Any

from sla_policies.clock import Clock, EventKind
from sla_policies.escalation import Offset, Step, step_time
from sla_policies.policy import Budget, Metric, TimeKind
from sla_policies.replay.calendars import calendar_of
from sla_policies.replay.cases import Case, CaseBrokenError, Values, moment, whole
from sla_policies.replay.clocks import event, minutes, pauses, target

MODES = ("same_time", None)


def deadline(case: Case) -> dict[str, Any]:
    """Return the due time of one promise, what its pauses cost, and when a step before or after it is taken."""
    calendar, said, start = calendar_of(case.calendar), case.input, moment(case.input["start"])
    if said.get("target_workdays", 0) < 0:
        days = calendar.add_workdays if said.get("end_of_working_day") else calendar.shift_workdays
        return {"due": days(start, said["target_workdays"])}
    events = [event(start, EventKind.STARTED)]
    if said.get("hold_minutes"):
        events.append(event(start, EventKind.EXTENDED, Budget(whole(said["hold_minutes"]), TimeKind.WORKING)))
    pausable = said.get("pausable", True)
    events += pauses(said.get("pauses", ()), start) if pausable else []
    clock = Clock(target(Metric.RESOLVE, _budget(said), pausable=pausable), calendar, tuple(events))
    step = Step("level", Metric.RESOLVE, _offset(said), ("handler",), "remind")
    return {
        "due": clock.due_at,
        "paused_minutes": minutes(clock.paused(clock.events[-1].at)),
        "level_at": step_time(step, clock),
    }


def _budget(said: Values) -> Budget:
    if "target_minutes" in said:
        return Budget(whole(said["target_minutes"]), TimeKind.WORKING)
    if said.get("workday_mode") not in MODES:
        raise CaseBrokenError(f"The workday mode {said['workday_mode']} is not known.")
    same_time = said.get("workday_mode") == "same_time" and not said.get("end_of_working_day")
    return Budget(said["target_workdays"], TimeKind.WORKDAYS, same_time=same_time)


def _offset(said: Values) -> Offset:
    if "level_offset_workdays" in said:
        return Offset(workdays=said["level_offset_workdays"])
    return Offset(minutes=whole(said.get("level_offset_minutes", 0)))
