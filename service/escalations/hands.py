"""Who gets a case that nobody has signed for: a colleague, or by force the desk above?"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlmodel import Session

from service.assignments.actions import Handed, decision_row, hand_over_all, lock_loads
from service.audit.rules import Entry
from service.bulk import insert_all
from service.cases.actions import allowed, move
from service.cases.rules import AT_DESK, PENDING, Action, Actor, CaseStatus, ClockEffect
from service.cases.tables import Case
from service.clocks.actions import due_entries, tell
from service.clocks.rules import Happening
from service.escalations.looking import UNCLAIMED, Batch
from service.handling.notices import notices
from service.outbox.actions import rows as notice_rows
from service.outbox.messages import Recipient, handed_on
from service.routing.choosing import NO_LOAD, Load
from service.routing.directory import Staff
from service.routing.rules import Request, RoutingDecision, candidates_of, route, route_to_desk, route_within
from service.routing.tables import RoutingDecisionRow
from sla_policies.policy import Metric

DECISIONS = RoutingDecisionRow.__table__  # type: ignore[attr-defined]
SYSTEM = frozenset({Actor.SYSTEM})
MAY_GO = {"hand_over": PENDING, "force_assign": PENDING | AT_DESK, UNCLAIMED: frozenset({CaseStatus.RECEIVED})}
"""From which stations of a case an act gives it away."""


def give_away(session: Session, batch: Batch) -> None:
    """Give every case of a batch that its ladder says to somebody else; where nobody else is found it stays.

    One look at the loads, locked until the end so that nobody is overfilled, and a few statements for all of them. Each
    decision is kept with its case, like routing's own.
    """
    wanted = [(case, act) for case, act in batch.new_hands.values() if case.status in MAY_GO[act]]
    if not wanted:
        return
    asked = [(case, act, _request(case, batch)) for case, act in wanted]
    held = lock_loads(session, _candidates(asked, batch))
    found: list[tuple[Case, str, RoutingDecision]] = []
    for case, act, request in asked:
        decision = _decide(case, act, request, batch, held)
        if decision and decision.person and (decision.person.id != case.assignee_id or case.status in AT_DESK):
            found.append((case, act, decision))
            _pass(held, case.assignee_id, decision.person.id, batch)
    if found:
        _write(session, found, batch)


def _pass(held: dict[int, Load], giver: int | None, taker: int, batch: Batch) -> None:
    """Note in the loads that one case has changed hands, so that the next is decided with it."""
    if giver in held:
        held[giver] = replace(held[giver], open_cases=held[giver].open_cases - 1)
    before = held.get(taker, Load())
    held[taker] = replace(before, open_cases=before.open_cases + 1, last_assigned_at=batch.now)


def _request(case: Case, batch: Batch) -> Request:
    topic = batch.known.topics_by_id[case.category_id]
    return Request(topic.code, case.area_id, case.grade, batch.now)


def _candidates(asked: Iterable[tuple[Case, str, Request]], batch: Batch) -> set[int]:
    ids: set[int] = set()
    for case, _, request in asked:
        ids |= candidates_of(request, batch.known)
        ids |= {p.id for p in batch.known.people.values() if p.area_id == case.unit_id}
        acting = _acting(case, batch)
        ids |= {i for i in (case.assignee_id, acting.id if acting else None) if i is not None}
    return ids


def _decide(case: Case, act: str, request: Request, batch: Batch, held: Mapping[int, Load]) -> RoutingDecision | None:
    """Decide who gets a case that nobody has signed for; None: it stays where it is.

    Handed over it goes to a colleague: whoever stands in for its holder, else the best of the unit beside them. By
    force a case without a holder is routed again, and any other goes to the duty desk above; so is one that nobody
    took out of a pool in time. Then somebody of the pool gets it.
    """
    if act == "hand_over":
        return _stand_in(case, batch, held) or _colleague(case, request, batch, held)
    if act == UNCLAIMED and route(request, batch.known, held).chosen_because != "pool":
        return None  # It lies in no pool: nobody was there for it, and the ladder says when it is given by force.
    if case.assignee_id is None:
        return route(request, batch.known, held, pools=False)
    return route_to_desk(request, batch.known, held)


def _stand_in(case: Case, batch: Batch, held: Mapping[int, Load]) -> RoutingDecision | None:
    """Return whoever the holder of a case named for the time they are away, if they are and that one has room."""
    person = _acting(case, batch)
    if person is None or held.get(person.id, NO_LOAD).open_cases >= person.capacity:
        return None
    return RoutingDecision(batch.known.areas.places[person.area_id], person, None, (), (), "substitute")


def _acting(case: Case, batch: Batch) -> Staff | None:
    """Return who stands in for the holder of a case, if that one is away and named somebody."""
    holder = batch.known.people.get(case.assignee_id or 0)
    acting = batch.known.acting_for(holder, batch.now) if holder else None
    return acting if acting is not holder else None


def _colleague(case: Case, request: Request, batch: Batch, held: Mapping[int, Load]) -> RoutingDecision | None:
    """Return the best colleague on duty; from one who sleeps to another who sleeps nothing is handed over."""
    found = route_within(replace(request, area_id=case.unit_id), batch.known, held, but=case.assignee_id)
    return found if found.person and batch.known.is_on_duty(found.person, batch.now) else None


def _write(session: Session, found: list[tuple[Case, str, RoutingDecision]], batch: Batch) -> None:
    now, rows, handed = batch.now, [], []
    for case, act, decision in found:
        assert decision.person is not None  # noqa: S101  # give_away leaves out the others.
        person = decision.person.id
        rows.append({"case_id": case.id, "at": now, **decision_row(decision)})
        handed.append(Handed(case, decision.unit.id, person, act))
    before = {case.id: (case.status, case.unit_id, case.assignee_id) for case, _, _ in found}
    hand_over_all(session, handed, now)
    insert_all(session, DECISIONS, rows)
    for case, act, _ in found:
        status, unit, holder = before[case.id]
        action = Action.ASSIGN if status in AT_DESK else Action.REASSIGN
        move(session, case, allowed(case, action, SYSTEM), now=now)
        facts = {"from": status, "to": case.status, "person_id": case.assignee_id, "unit": case.unit_id, "why": act}
        batch.entries.append(Entry("case", case.id or 0, action, now, "system", data=facts))
        told = notices(case, action, None, batch.known)
        former = batch.known.people.get(holder or 0)
        if former is not None and former.id != case.assignee_id:
            to = Recipient(former.language, former.email, former.id)
            told.append(handed_on(to, case.number, turn=case.version))
        batch.notices += notice_rows(told, case.id or 0, now)
        if unit != case.unit_id:
            what = Happening(now, ClockEffect.NONE, actor="system:", starts=frozenset({Metric.HANDOVER}))
            batch.entries += due_entries(case, tell(session, case, what), now, "system")
