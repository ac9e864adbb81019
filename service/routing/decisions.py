"""What is asked of routing, and what does it answer, with all its reasons?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.areas.rules import Place
from service.routing.choosing import Candidate
from service.routing.directory import Rule, Staff
from sla_policies.policy import Grade

RINGS_AT_NIGHT = frozenset({Grade.G1, Grade.G2})
"""Grades for which somebody on duty is found even when the own desk sleeps (DOMAIN 3.2; own, after W8)."""
MISFITS_KEPT = 20
"""So many lines that did not fit are kept with a decision."""


@dataclass(frozen=True)
class Request:
    """The facts of a case that routing looks at."""

    category_code: str
    area_id: int
    grade: Grade
    at: datetime
    language: str = "zh"
    channel: str = ""
    focus_groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RoutingDecision:
    """Who gets the case, and everything that was considered."""

    unit: Place
    person: Staff | None
    rule: Rule | None
    passed_over: tuple[tuple[int, str], ...]
    """Lines above the one that fired whose match held but whose target was broken: (rule id, why)."""
    candidates: tuple[Candidate, ...]
    chosen_because: str
    """on-duty, named, substitute, off-duty, unit-desk, desk, desk-full, pool or nobody: how the person was found."""
    most: int | None = None
    """So many cases the person may hold with this one; None: it is theirs whatever they hold."""
    version: int | None = None
    """The version of the dispatch catalogue that was asked; None: it was not."""
    misfits: tuple[tuple[int, str], ...] = ()
    """Lines above the one that fired, of the same topic and place, which did not fit: (rule id, why)."""

    def reasons(self) -> dict[str, Any]:
        """Return the decision as JSON, to be kept with the case and shown to staff."""
        return {
            "rule": None
            if self.rule is None
            else {
                "id": self.rule.id,
                "position": self.rule.position,
                "category": self.rule.category_code,
                "area": self.rule.area_id,
                "hours": self.rule.hours.text(),
                "channels": sorted(self.rule.channels),
                "focus_groups": sorted(self.rule.focus_groups),
                "grades": sorted(self.rule.grades),
                "party": self.rule.party,
            },
            "version": self.version,
            "misfits": [{"rule": rule, "why": why} for rule, why in self.misfits[:MISFITS_KEPT]],
            "passed_over": [{"rule": rule, "why": why} for rule, why in self.passed_over],
            "candidates": [
                {
                    "person": c.person_id,
                    "on_duty": c.on_duty,
                    "absent": c.absent,
                    "open_cases": c.open_cases,
                    "capacity": c.capacity,
                    "last_assigned_at": c.last_assigned_at and c.last_assigned_at.isoformat(),
                    "runs_out_soon": c.runs_out_soon,
                    "skills": c.skills,
                    "knows": c.knows.value,
                    "why": c.why,
                }
                for c in self.candidates
            ],
            "because": self.chosen_because,
        }
