"""How is a case told to the resident who sent it? In sentences, without the words of the trade."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.cases.rules import Action
from service.clocks.tables import ClockRow
from service.errors import ServiceError
from service.feedback.queries import closes_at
from service.handling.again import URGE_AGAIN_AFTER, reopening_refused, urging_refused
from service.handling.queries import CaseView
from service.routing.tables import RoutingDecisionRow
from service.web import timewords
from service.web.catalogues import Language
from service.web.filters import desk_in
from sla_policies.clock import ClockState

STATUS_SENTENCES: Mapping[str, str] = {
    "received": "We have your request. The duty desk is choosing who takes it on.",
    "assigned": "Your request is with {desk} and waits for somebody to sign for it.",
    "accepted": "{desk} has taken on your request.",
    "in_progress": "{desk} is working on your request.",
    "waiting_for_resident": "{desk} has a question for you. Please answer it, and the work goes on.",
    "parked": "Your request is put on hold. {desk} keeps it and goes on with it later.",
    "returned": "The duty desk is finding the right people for your request.",
    "transferred": "Your request was handed to {desk}, which will sign for it.",
    "reopened": "Your request is open again, and {desk} deals with it once more.",
    "resolved": "{desk} says that this is done. Please tell us whether it is.",
    "closed": "Your request is closed.",
    "withdrawn": "You have withdrawn this request.",
    "duplicate": "Somebody else told us of the same thing. Your request is dealt with together with theirs.",
}
NEXT_SENTENCES: Mapping[str, str] = {
    "received": "The duty desk is there day and night. As soon as it has chosen, you will see here who is responsible.",
    "assigned": "A worker signs for it and then gets in touch with you. You need not do anything.",
    "accepted": "The worker gets in touch with you, goes and looks, and sees to it.",
    "in_progress": "The worker sees to it. Every answer to you will stand on this page.",
    "waiting_for_resident": "Until you answer, the promised time stands still.",
    "parked": "The reason stands below. Work goes on by itself on the day set, or earlier if it can.",
    "returned": "The duty desk hands it to somebody else. The promised time goes on running.",
    "transferred": "A worker there signs for it and then gets in touch with you.",
    "reopened": "A worker signs for it and looks at it anew, with a new promise.",
    "resolved": "If you say nothing, we close it on {closes}.",
    "closed": "If something is still wrong, see below what you can do.",
    "withdrawn": "Nothing more will be done. If you need us after all, send a new request.",
    "duplicate": "If yours is a different matter, send a new request and say so.",
}
ON_PAGE_NEXT_SENTENCES: Mapping[str, str] = {
    "assigned": "A worker signs for it and then answers you on this page. You need not do anything.",
    "accepted": "The worker goes and looks, and sees to it.",
    "transferred": "A worker there signs for it and then answers you on this page.",
}
"""What differs for somebody who left no way to be reached."""
WHY_HERE_SENTENCES: Mapping[str, str] = {
    "rule": "This desk has it because it deals with “{topic}” in {place}.",
    "party": "This desk has it because it deals with “{topic}” in {place}, together with {party}.",
    "desk": "No desk is named for this, so the duty desk has it and finds the right people.",
    "handed": "A desk that had it before gave it to this one, as the one responsible.",
}
"""Why a request lies where it lies."""
NOT_REACHABLE_SENTENCE = "You left no way to reach you, so look here for our answer."
PROMISE_SENTENCES: Mapping[str, str] = {
    "accept": "%(desk)s will take this on by %(time)s",
    "contact": "%(desk)s will contact you by %(time)s",
    "next_reply": "%(desk)s will answer you by %(time)s",
    "resolve": "%(desk)s will have dealt with this by %(time)s",
    "handover": "The unit responsible will have done its part by %(time)s",
}
"""What is promised to whom, by when."""
MISSED_SENTENCES: Mapping[str, str] = {
    "accept": "%(desk)s was to take this on by %(time)s",
    "contact": "%(desk)s was to contact you by %(time)s",
    "next_reply": "%(desk)s was to answer you by %(time)s",
    "resolve": "%(desk)s was to have dealt with this by %(time)s",
    "handover": "The unit responsible was to have done its part by %(time)s",
}
"""The same when the time is over."""
ON_PAGE_SENTENCES: Mapping[str, str] = {"contact": "%(desk)s will answer you on this page by %(time)s"}
ON_PAGE_MISSED_SENTENCES: Mapping[str, str] = {"contact": "%(desk)s was to answer you on this page by %(time)s"}
"""The same as above, of promises."""
DONE_SENTENCES: Mapping[str, str] = {
    "answer": "Thank you. What you wrote was added, and the worker has been told.",
    "urge": "The worker has been told that you are waiting.",
    "rate": "Thank you. Your answer was noted.",
    "reopen": "Your request is open again.",
    "withdraw": "Your request is withdrawn.",
}
"""What is said when something was done; a resident may do it again only where the lifecycle says so."""


@dataclass(frozen=True)
class Shown:
    """One promise: by when, and how it stands (as the badge of macros/time.html knows it)."""

    row: ClockRow
    state: str
    is_missed: bool
    soon: timedelta
    """With less than this left it is shown as running out."""


def why_here(decision: RoutingDecisionRow | None) -> tuple[str, str]:
    """Return why a request lies where it lies, a message id with places for topic, place and party, and the party."""
    if decision is None:
        return "", ""
    rule, because = decision.reasons["rule"], decision.reasons["because"]
    party = str(rule.get("party", "")) if rule else ""
    if rule:
        return WHY_HERE_SENTENCES["party" if party else "rule"], party
    return WHY_HERE_SENTENCES["desk" if because in ("desk", "nobody") else "handed"], ""


def is_reachable(view: CaseView) -> bool:
    """Did the resident leave a way to be reached?"""
    return view.case.contact is not None


def next_sentence(view: CaseView) -> str:
    """Return what happens next (a message id that may name `closes`)."""
    status = str(view.case.status)
    on_page = None if is_reachable(view) else ON_PAGE_NEXT_SENTENCES.get(status)
    return on_page or NEXT_SENTENCES[status]


def desk_of(view: CaseView, language: Language) -> str:
    """Return the name of the responsible desk."""
    return desk_in(language, view.unit)


def promises(view: CaseView, now: datetime) -> list[Shown]:
    """Return the newest instance of each promise: what runs out next first, what has ended last."""
    known = [_shown(promise.row, now) for promise in view.current]
    return sorted(known, key=lambda p: (p.row.state is not ClockState.RUNNING, p.row.due_at or p.row.started_at))


def promise_sentence(shown: Shown, *, reachable: bool) -> str:
    """Return how a promise is said (a message id that names `desk` and `time`)."""
    said, on_page = PROMISE_SENTENCES, ON_PAGE_SENTENCES
    if shown.is_missed:
        said, on_page = MISSED_SENTENCES, ON_PAGE_MISSED_SENTENCES
    return said[shown.row.metric] if reachable else on_page.get(shown.row.metric, said[shown.row.metric])


def _shown(row: ClockRow, now: datetime) -> Shown:
    end = row.ended_at or now
    is_missed = row.breached_at is not None or (row.due_at is not None and row.due_at <= end)
    state = {ClockState.SATISFIED: "late" if is_missed else "kept"}.get(row.state, str(row.state))
    whole = row.due_at - row.started_at if row.due_at is not None else timedelta(0)
    return Shown(row, state, is_missed, min(whole / 4, timewords.SOON))


def closing_time(view: CaseView) -> datetime | None:
    """Return when the case is closed if its resident says nothing more, or None."""
    may_rate = any(move.action is Action.RATE for move in view.moves)
    return closes_at(view.case.resolved_at) if may_rate and view.case.resolved_at else None


def urge_again_at(view: CaseView, now: datetime) -> datetime | None:
    """Return from when on the resident may urge again, in full minutes, or None: at once."""
    urged = view.case.urged_at
    if urged is None or urging_refused(urged, now) is None:
        return None
    return timewords.from_minute(urged + URGE_AGAIN_AFTER)


def reopening_over(view: CaseView, now: datetime) -> ServiceError | None:
    """Return why the case cannot be taken up again any more; None: it can, or there is nothing to take up."""
    ended = any(move.action is Action.REOPEN for move in view.moves)
    return reopening_refused(view.case.closed_at, view.case.reopened, now) if ended else None
