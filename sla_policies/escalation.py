"""Who hears next? (first version: to be replaced)"""
from __future__ import annotations
from dataclasses import dataclass
from datetime import datetime, timedelta
from sla_policies.clock import Clock, ClockState
from sla_policies.policy import Budget, Metric


@dataclass(frozen=True)
class Step:
    key: str
    metric: Metric
    percent: int
    after: timedelta
    to: tuple[str, ...]
    act: str
    wakes: bool = False
    acknowledge_within: Budget | None = None
    unless: frozenset[str] = frozenset()
    title_zh: str = ""
    title_en: str = ""


@dataclass(frozen=True)
class DueStep:
    step: Step
    due_at: datetime


def step_time(step: Step, clock: Clock) -> datetime | None:
    if clock.state is not ClockState.RUNNING or clock.due_at is None: return None
    return clock.due_at - clock.budget * (100 - step.percent) / 100 + step.after


def _mine(clock: Clock, ladder: tuple[Step, ...], fired: frozenset[str]) -> list[DueStep]:
    out = []
    for s in ladder:
        t = step_time(s, clock) if s.metric is clock.target.metric and s.key not in fired else None
        if t is not None: out.append(DueStep(s, t))
    return sorted(out, key=lambda d: d.due_at)


def steps_due(clock: Clock, ladder: tuple[Step, ...], fired: frozenset[str], now: datetime) -> tuple[DueStep, ...]:
    return tuple(d for d in _mine(clock, ladder, fired) if d.due_at <= now)


def next_action_at(clock: Clock, ladder: tuple[Step, ...], fired: frozenset[str]) -> datetime | None:
    return min((d.due_at for d in _mine(clock, ladder, fired)), default=None)
