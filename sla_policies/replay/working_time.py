"""What does the engine say to cases about working time alone?"""

from datetime import timedelta
from typing import Any

from sla_policies.clock import Clock, EventKind
from sla_policies.policy import Budget, Metric, TimeKind
from sla_policies.replay.calendars import calendar_of
from sla_policies.replay.cases import Case, moment
from sla_policies.replay.clocks import event, minutes, pauses, target


def add_working_time(case: Case) -> dict[str, Any]:
    """Return when so many minutes of working time have passed."""
    calendar = calendar_of(case.calendar)
    due = calendar.add(moment(case.input["start"]), timedelta(minutes=case.input["minutes"]))
    return {"due": due, "due_date": calendar.date_of(due)}


def working_time_between(case: Case) -> dict[str, Any]:
    """Return the working time between two moments, less what pauses cost; `clip` is what both must lie in."""
    calendar, said = calendar_of(case.calendar), case.input
    start, end = moment(said["start"]), moment(said["end"])
    if clip := said.get("clip"):
        start, end = max(start, moment(clip["from"])), min(end, moment(clip["to"]))
    if not said.get("pauses"):
        return {"minutes": minutes(calendar.between(start, end))}
    promise = target(Metric.RESOLVE, Budget(0, TimeKind.WORKING), pausable=True)
    clock = Clock(promise, calendar, (event(start, EventKind.STARTED), *pauses(said["pauses"], start)))
    return {"minutes": minutes(clock.elapsed(end))}
