"""How do the promises of a request stand, in the words of the cases?"""

from datetime import datetime
from typing import Any

from sla_policies.clock import Clock, ClockState
from sla_policies.replay.clocks import minutes
from sla_policies.replay.course import ALL, CONTACT, RESOLUTION, Course


def standing(course: Course, now: datetime) -> dict[str, Any]:
    """Return how every promise stands at a moment, what is due next, and how far the ladder was climbed."""
    each = {metric: _metric(course, metric, now) for metric in ALL}
    return each | {
        "next_due": min((one["due"] for one in each.values() if one["due"]), default=None),
        "breach_events": {metric: len(_breached(course.clocks[metric], now)) for metric in ALL},
        "priority": course.priority,
        "levels_done": len(course.fired),
        "status": _status(course, now),
    }


def _metric(course: Course, metric: str, now: datetime) -> dict[str, Any]:
    """Return how one promise stands: its earliest due time, and the figures of its longest instance."""
    clocks = course.clocks[metric]
    running = [clock.due_at for clock in clocks if clock.state is ClockState.RUNNING and clock.due_at]
    due = min(running, default=None)
    if due is None and clocks and course.semantics.get("show_due_when_closed"):
        due = clocks[-1].breached_at(now) or clocks[-1].due_at
    if not clocks:
        return {"due": None}
    longest = max(clocks, key=lambda clock: clock.elapsed(now))
    left = minutes(longest.remaining(now))
    return {
        "due": due,
        "elapsed_minutes": minutes(longest.elapsed(now)),
        "paused_minutes": minutes(longest.paused(now)),
        "diff_minutes": left,
        "overdue_minutes": -left,
        "breached": bool(_breached(clocks, now)),
    }


def _breached(clocks: list[Clock], now: datetime) -> list[datetime]:
    return [due for clock in clocks if (due := clock.breached_at(now))]


def _status(course: Course, now: datetime) -> frozenset[str]:
    """Return the words that two systems of the cases have for how a request stands."""
    is_late = any(_breached(course.clocks[metric], now) for metric in ALL)
    by_result = {(False, False): "active", (False, True): "hit", (True, False): "active_with_misses"}
    words = {by_result.get((is_late, course.is_over), "missed")}
    states = {metric: {clock.state for clock in course.live(metric)} for metric in ALL}
    if is_late:
        words.add("Failed")
    elif any(ClockState.PAUSED in each for each in states.values()):
        words.add("Paused")
    elif states[CONTACT]:
        words.add("First Response Due")
    else:
        words.add("Resolution Due" if states[RESOLUTION] else "Fulfilled")
    return frozenset(words)
