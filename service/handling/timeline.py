"""What happened in a case, in order, for a page: the history and the words said, as one list."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.cases.tables import CaseMessage
from sla_policies.policy import INSIDE

FOR_RESIDENTS = frozenset(
    {
        "received", "routed", "assign", "accept", "contact", "reply", "ask", "answer", "urge", "extend", "return",
        "transfer", "reassign", "resolve", "rate", "reopen", "close", "withdraw", "duplicate", "breached", "escalated",
        "park", "resume", "outcome", "rezoned", "separate", "jointly", "photos", "photo_shown", "mail_left",
        "order_issued", "part_asked", "part_whistled",
    }
)  # fmt: skip
"""What a resident is told of; notes and what supervisors say to each other stay inside."""


@dataclass(frozen=True)
class Happened:
    """One line of the timeline."""

    at: datetime
    what: str
    """The action, or received, routed, breached, escalated, acknowledged."""
    actor: str
    """resident, staff or system."""
    actor_id: int | None
    text: str
    facts: Mapping[str, Any]


def timeline(
    entries: Iterable[Mapping[str, Any]], messages: Iterable[CaseMessage], *, for_resident: bool
) -> list[Happened]:
    """Return the lines of a case, oldest first; residents get no internal words and no names of steps' recipients."""
    said: dict[tuple[datetime, str], list[CaseMessage]] = defaultdict(list)
    for message in messages:
        if message.is_public or not for_resident:
            said[message.at, message.kind].append(message)
    lines: list[Happened] = []
    for entry in entries:
        if for_resident and (entry["action"] not in FOR_RESIDENTS or _is_inside(entry["data"])):
            continue
        words = said[entry["at"], entry["action"]]
        lines.append(
            Happened(
                at=entry["at"],
                what=entry["action"],
                actor=entry["actor"],
                actor_id=None if for_resident else entry["actor_id"],
                text=words.pop(0).text if words else "",
                facts=_for_resident(entry["data"]) if for_resident else entry["data"],
            )
        )
    return lines


def _is_inside(facts: Mapping[str, Any]) -> bool:
    """Is it of an order, or asked once more of somebody who was asked before? That is the house's own business."""
    return facts.get("metric") in INSIDE or "again" in facts


def _for_resident(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a resident is told; of a contact only whether it reached them."""
    kept = ("unit", "days", "solved", "satisfaction", "metric", "due_at", "step", "act", "result", "count")
    return {name: facts[name] for name in kept if name in facts}
