"""What may be done after what can be done now, by somebody who goes on without hearing what came of it?"""

from collections import deque
from collections.abc import Iterable

from service.cases.rules import Action, Actor, CaseStatus, Move, moves_from


def course_from(status: CaseStatus, actors: Iterable[Actor]) -> dict[CaseStatus, tuple[Move, ...]]:
    """Return what these actors may do from `status`, and from each status to which they bring the case themselves.

    Who signs for a case holds it from then on. Only the table is asked: others may act meanwhile, and the case itself
    may not allow what its status does. Where a case stands after it was separated, the table does not say.
    """
    found: dict[CaseStatus, tuple[Move, ...]] = {}
    ahead = deque([(status, frozenset(actors))])
    while ahead:
        at, acting = ahead.popleft()
        if at in found:
            continue
        found[at] = moves_from(at, acting)
        for move in (move for move in found[at] if move.action is not Action.SEPARATE):
            then = acting | {Actor.ASSIGNEE} if move.action is Action.ACCEPT else acting
            ahead.append((move.to or at, then))
    return found
