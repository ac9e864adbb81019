"""What may be done with a part of a case, by whom, and which time runs meanwhile?

`MOVES` is the whole life of a part: the pages, the API and the tests read it from there.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.cases.rules import Actor
from service.errors import ServiceError
from service.orders.rules import Between, is_addressee
from service.routing.directory import Directory, Staff
from sla_policies.policy import Metric

MOST_PARTS = 12
"""So many desks help with one case at once; what needs more is a campaign, not a case (own)."""
LEADERS = frozenset({Actor.ASSIGNEE, Actor.HEAD, Actor.TRIAGE, Actor.SUPERVISOR, Actor.DISTRICT})
"""Who calls others to a case, and says what becomes of their parts: its holder, and whoever leads."""


class PartState(StrEnum):
    """Where a part stands."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """It is no longer needed, or the case ended without a result."""


class PartAction(StrEnum):
    """What can be done with a part."""

    ACCEPT = "accept"
    """To report in (报到): the desk has come forward, and somebody there does it."""
    FINISH = "finish"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    SCORE = "score"


class Party(StrEnum):
    """As whom somebody acts on a part."""

    HELPER = "helper"
    LEAD = "lead"


class WhistleReason(StrEnum):
    """For what a whistle may be blown (DOMAIN 2.4)."""

    FELT = "felt"
    """Residents feel it strongly, and the community cannot solve it alone."""
    ENFORCEMENT = "enforcement"
    """Several must enforce the law together."""
    EMERGENCY = "emergency"


@dataclass(frozen=True)
class PartMove:
    """One row of the life of a part."""

    action: PartAction
    from_: frozenset[PartState]
    to: PartState | None
    """None: it stays where it stands."""
    who: Party
    must_say: bool = True
    """Are words required?"""
    of_whistle: bool | None = None
    """True: only of a whistle; False: only of other calls; None: of both."""


S, A = PartState, PartAction
OPEN = frozenset({S.ASKED, S.ACCEPTED})
MOVES: tuple[PartMove, ...] = (
    PartMove(A.ACCEPT, frozenset({S.ASKED}), S.ACCEPTED, Party.HELPER, must_say=False),
    PartMove(A.FINISH, frozenset({S.ACCEPTED}), S.DONE, Party.HELPER),
    PartMove(A.DECLINE, frozenset({S.ASKED}), S.DECLINED, Party.HELPER, of_whistle=False),
    PartMove(A.DECLINE, frozenset({S.ACCEPTED}), S.DECLINED, Party.HELPER),
    PartMove(A.WITHDRAW, OPEN, S.WITHDRAWN, Party.LEAD),
    PartMove(A.SCORE, frozenset({S.DONE, S.DECLINED}), None, Party.LEAD, of_whistle=True),
)
"""Who is called by a whistle reports in first, whatever there is to say against it."""
RUNS: Mapping[PartState, Metric] = {S.ASKED: Metric.REPORT_IN, S.ACCEPTED: Metric.PART}
"""Which time runs in which state; in every other state the part has ended."""


class PartForbiddenError(ServiceError):
    """The part stands where this cannot be done, or it is somebody else's to do."""

    status, code = 409, "part-forbidden"
    sentence = "This cannot be done with the part now. Below is how it stands."


class CallForbiddenError(ServiceError):
    """The case has ended: there is nothing to help with."""

    status, code = 409, "call-forbidden"
    sentence = "This case has ended. Nobody can be called to help with it any more."


class PartsOpenError(ServiceError):
    """A case is resolved when everybody who helps is done."""

    status, code = 409, "parts-open"
    sentence = (
        "Parts of this case that other desks have not finished: {count}. Wait for them, or withdraw what is no longer"
        " needed."
    )


class NoPartsError(ServiceError):
    """The promise pack says nothing about parts."""

    status, code = 409, "no-parts"
    sentence = "The promises of this installation say nothing about parts of a case. Add “parts” to the policy file."


@dataclass(frozen=True)
class Stands:
    """Where a part stands, as its rules see it."""

    state: PartState
    is_whistle: bool = False
    is_scored: bool = False


def moves_from(part: Stands, parties: Collection[Party]) -> tuple[PartMove, ...]:
    """Return what these parties may do now: the forms of the page. A score is given once."""
    return tuple(
        move
        for move in MOVES
        if part.state in move.from_
        and move.who in parties
        and move.of_whistle in (None, part.is_whistle)
        and not (move.action is A.SCORE and part.is_scored)
    )


def move_for(part: Stands, action: PartAction, parties: Collection[Party]) -> PartMove:
    """Return the row that lets one of these parties do this now. Errors: PartForbiddenError."""
    for move in moves_from(part, parties):
        if move.action is action:
            return move
    raise PartForbiddenError


def leads(acting: Collection[Actor]) -> bool:
    """May somebody who acts so on a case call others to it?"""
    return not LEADERS.isdisjoint(acting)


def parties_of(
    person: Staff, part: Between, acting: Collection[Actor], known: Directory, at: datetime
) -> frozenset[Party]:
    """Return as whom somebody acts on a part: who does it, who leads the case, both or nobody.

    Whoever does it never leads it: nobody scores or withdraws their own. Whoever leads does not act for those who are
    called, unless nobody there was found for it.
    """
    is_own, is_lead = person.id == part.person_id, leads(acting)
    found = {Party.LEAD} if is_lead and not is_own else set()
    if is_own or (is_addressee(person, part, known, at) and (not is_lead or part.person_id is None)):
        found.add(Party.HELPER)
    return frozenset(found)


@dataclass(frozen=True)
class Progress:
    """How far the parts of a case are."""

    done: int = 0
    open: int = 0
    declined: int = 0

    @property
    def total(self) -> int:
        """Return how many are, or were, to be done: what was withdrawn or declined is not."""
        return self.done + self.open


def progress(states: Iterable[PartState]) -> Progress:
    """Return how far the parts of a case are, from their states."""
    found = list(states)
    return Progress(found.count(S.DONE), sum(s in OPEN for s in found), found.count(S.DECLINED))


def check_all_done(states: Iterable[PartState]) -> None:
    """Let a case be resolved of which no part is open. Errors: PartsOpenError."""
    count = progress(states).open
    if count:
        raise PartsOpenError(count=count)
