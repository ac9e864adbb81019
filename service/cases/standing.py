"""As whom does somebody of the staff act on a case, and may they know of it at all?"""

from dataclasses import dataclass

from service.accounts.rules import Role
from service.cases.rules import Actor


@dataclass(frozen=True)
class Standing:
    """What a member of staff is to one case: facts of areas, gathered before the rule is asked."""

    role: Role
    covers_case: bool
    """The person's area covers the place or the desk of the case."""
    is_assignee: bool
    is_member: bool = False
    """Nobody holds the case, and its unit is the person's own."""


ROLE_ACTORS = {
    Role.WORKER: Actor.COLLEAGUE,
    Role.HEAD: Actor.HEAD,
    Role.TRIAGE: Actor.TRIAGE,
    Role.SUPERVISOR: Actor.SUPERVISOR,
    Role.DISTRICT: Actor.DISTRICT,
}


def actors_of(standing: Standing) -> frozenset[Actor]:
    """Return as whom the person may act on the case; empty: may not know of it."""
    acting: set[Actor] = {Actor.ASSIGNEE} if standing.is_assignee else set()
    if standing.covers_case and standing.role in ROLE_ACTORS:
        acting.add(ROLE_ACTORS[standing.role])
        acting |= {Actor.MEMBER} if standing.is_member else set()
    return frozenset(acting)


def may_see(standing: Standing) -> bool:
    """May the person know of the case at all? Administrators see configuration, not cases."""
    return bool(actors_of(standing))
