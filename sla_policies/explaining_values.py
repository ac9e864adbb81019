"""What is an explanation in plain values, for JSON? Times with their offset, amounts in minutes."""

from datetime import datetime, timedelta
from typing import Any

from sla_policies.counted_days import Days
from sla_policies.explaining import Explanation, ExtensionTold, PauseTold, StepTold


def plain_values(why: Explanation, now: datetime) -> dict[str, Any]:
    """Return an explanation with its clock as it stands `now`."""
    clock = why.clock
    zone = clock.calendar.zone

    def at(moment: datetime | None) -> str | None:
        return moment.astimezone(zone).isoformat() if moment else None

    return {
        "metric": clock.target.metric,
        "instance": why.instance,
        "policy": why.policy.name,
        "considered": [{"name": c.name, "matched": c.matched, "zh": c.why_zh, "en": c.why_en} for c in why.considered],
        "promised": {"amount": clock.target.budget.amount, "kind": clock.target.budget.kind},
        "state": clock.state,
        "started_at": at(clock.started_at),
        "due_at": at(clock.due_at),
        "ended_at": at(clock.ended_at),
        "breached_at": at(why.breached_at),
        "unpublished_years": why.unpublished_years,
        "minutes_allowed": _minutes(clock.allowance),
        "minutes_counted": _minutes(why.counted),
        "minutes_left": _minutes(clock.remaining(now)),
        "days": [_days(one) | {"counted": [[at(o), at(c)] for o, c in one.spans]} for one in why.days],
        "pauses": [_pause(one) | {"from": at(one.begins), "to": at(one.ends)} for one in why.pauses],
        "extensions": [
            _extension(one) | {"at": at(one.at), "old": at(one.old), "new": at(one.new)} for one in why.extensions
        ],
        "steps": [
            _step(s) | {"at": at(s.at), "taken_at": at(s.taken.taken_at if s.taken else None)} for s in why.steps
        ],
    }


def _minutes(length: timedelta) -> float:
    return length / timedelta(minutes=1)


def _days(days: Days) -> dict[str, Any]:
    return {
        "first": str(days.first),
        "last": str(days.last),
        "kinds": dict(days.kinds),
        "name": {"zh": days.name[0], "en": days.name[1]},
        "minutes": _minutes(days.counted),
        "minutes_paused": _minutes(days.paused),
        "workdays": days.workdays,
        "assumed": days.is_assumed,
    }


def _pause(pause: PauseTold) -> dict[str, Any]:
    return {"reason": pause.reason, "minutes": _minutes(pause.costs)}


def _extension(extension: ExtensionTold) -> dict[str, Any]:
    return {"amount": extension.extra.amount, "kind": extension.extra.kind}


def _step(told: StepTold) -> dict[str, Any]:
    return {"step": told.step.key, "to": told.step.to, "skipped": bool(told.taken and told.taken.skipped)}
