"""What does an action do beside moving the status, keeping the words and telling the clocks?"""

from collections.abc import Callable, Mapping

from service.assignments.actions import lock_loads, take_up_again
from service.cases.rules import Action, ClockEffect
from service.clocks.rules import Happening
from service.handling import passing
from service.handling.again import reopening_refused, urging_refused
from service.handling.contacting import call_again_at
from service.handling.joining import join, joined_to
from service.handling.leeway import check_granter, extension, parking
from service.handling.promises import regrade, resolve_clock
from service.handling.proof import check_evidence, missing_evidence
from service.handling.proposals import ASKS, propose
from service.handling.rules import NothingLackingError
from service.handling.step import Step
from service.parts.queries import states_of
from service.parts.rules import check_all_done


def _contact(step: Step) -> None:
    """Keep when the resident is to be called again; every contact that is logged says so anew."""
    step.case.call_again_at = call_again_at(step.given, step.now)


def _extend(step: Step) -> None:
    """Give the resolve clock more time, as often and as long as its policy allows; asked before it ran out."""
    promised = resolve_clock(step.session, step.case)
    step.extra = extension(promised, step.given.days, step.now)
    check_granter(promised, step.by.actors)


def _park(step: Step) -> None:
    step.case.parked_until = parking(resolve_clock(step.session, step.case), step.given.until, step.now)
    step.notes["returns_at"] = step.case.parked_until.isoformat()


def _propose(step: Step) -> None:
    kind = ASKS[step.move.action]
    propose(step.session, step.case, kind, step.given, by_id=step.by.id, now=step.now)


def _regrade(step: Step) -> None:
    assert step.given.grade is not None  # noqa: S101  # The lifecycle requires it.
    what = Happening(step.now, ClockEffect.RECOUNT, "regraded", step.actor)
    changes, notes = regrade(step.session, step.case, step.given.grade, step.known, what)
    step.changes += changes
    step.notes |= notes


def _duplicate(step: Step) -> None:
    """Join the case to another one, which keeps the earliest receipt; what was joined to it follows."""
    what = Happening(step.now, ClockEffect.RECOUNT, "joined", step.actor)
    join(step.session, step.case, step.given.number, what, step.by.person)


def _withdraw(step: Step) -> None:
    """Lock the loads of who held the case and of who gets it with one that was joined to it, in one order."""
    heirs = joined_to(step.session, step.case.id or 0)[:1]
    lock_loads(step.session, [one.assignee_id for one in (step.case, *heirs) if one.assignee_id is not None])


def _urge(step: Step) -> None:
    """Count the urge, unless the last one is too recent."""
    refused = urging_refused(step.case.urged_at, step.now)
    if refused is not None:
        raise refused
    step.case.urged += 1
    step.case.urged_at = step.now


def _resolve(step: Step) -> None:
    """Refuse what is not proven, and what others have not finished."""
    if step.hanging.has_parts:
        check_all_done(states_of(step.session, step.case.id or 0))
    check_evidence(step.session, step.case, step.known)


def _waive(step: Step) -> None:
    """Do without the photos of the topic that the case has now. Errors: NothingLackingError."""
    if missing_evidence(step.session, step.case, step.known) is None:
        raise NothingLackingError
    step.notes["category"] = step.known.topics_by_id[step.case.category_id].code


def _reopen(step: Step) -> None:
    """Take the case up again; its resident may ask for it only so often and so long."""
    if step.by.kind == "resident":
        refused = reopening_refused(step.case.closed_at, step.case.reopened, step.now)
        if refused is not None:
            raise refused
    take_up_again(step.session, step.case, why=step.move.action, by_id=step.by.id, now=step.now, loads=step.loads)


SPECIAL: Mapping[Action, Callable[[Step], None]] = {
    Action.ASSIGN: passing.assign,
    Action.REASSIGN: passing.assign,
    Action.ACCEPT: passing.accept,
    Action.CONTACT: _contact,
    Action.RETURN: passing.give_back,
    Action.TRANSFER: passing.transfer,
    Action.EXTEND: _extend,
    Action.REQUEST_EXTENSION: _propose,
    Action.REQUEST_PARKING: _propose,
    Action.PARK: _park,
    Action.REGRADE: _regrade,
    Action.RECATEGORISE: passing.recategorise,
    Action.RELOCATE: passing.relocate,
    Action.DUPLICATE: _duplicate,
    Action.SEPARATE: passing.separate,
    Action.WITHDRAW: _withdraw,
    Action.URGE: _urge,
    Action.RESOLVE: _resolve,
    Action.WAIVE: _waive,
    Action.REOPEN: _reopen,
}
"""What an action does beside moving the status, keeping the words and telling the clocks."""
