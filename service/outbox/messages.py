"""What is told, to whom? One function per notice; its words are in texts/<language>/<template>.txt.

A notice names the case and never quotes it: what residents wrote stays in the case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Recipient:
    """Whom to tell: a member of staff, an outside party, or (without either) the resident of the case."""

    language: str
    email: str | None = None
    person_id: int | None = None
    party_id: int | None = None
    phone: str | None = None
    """Where a short message reaches a party, or a resident who asked for one."""

    @property
    def is_reachable(self) -> bool:
        """Is there anybody to tell? A resident who left no address reads it on the page of the case."""
        is_known = self.person_id is not None or self.party_id is not None
        return is_known or self.email is not None or self.phone is not None


@dataclass(frozen=True)
class Message:
    """One notice before it is written: `key` says what makes it the same notice."""

    key: str
    template: str
    recipient: Recipient
    facts: Mapping[str, str] = field(default_factory=dict)
    wakes: bool = False


def receipt(to: Recipient, number: str, desk: str, due_at: datetime | None) -> Message:
    """Tell the resident that the request was received, by which desk, and when they will hear."""
    facts = {"number": number, "desk": desk, "due_at": _iso(due_at)}
    return Message(f"receipt:{number}", "receipt", to, facts, wakes=True)


def assigned(to: Recipient, number: str, category: str, due_at: datetime | None, *, turn: int, wakes: bool) -> Message:
    """Tell a worker that a case is theirs. `turn` counts the assignments of the case."""
    facts = {"number": number, "category": category, "due_at": _iso(due_at)}
    return Message(f"assigned:{number}:{turn}:{to.person_id}", "assigned", to, facts, wakes)


def escalated(
    to: Recipient, number: str, step: str, act: str, due_at: datetime, *, key: str, wakes: bool, also: Mapping[str, str]
) -> Message:
    """Tell somebody on the ladder that a step was taken. `key` names clock, arming and step.

    `also`: "unanswered", where somebody else was asked before, who did not answer by `due_at`; "part", where it is the
    time of a part, which has a page of its own.
    """
    facts = {"number": number, "step": step, "act": act, "due_at": _iso(due_at), "key": key, **also}
    return Message(f"escalated:{key}:{to.person_id}", "escalated", to, facts, wakes)


def handed_on(to: Recipient, number: str, *, turn: int) -> Message:
    """Tell a worker that a case nobody signed for has been given to somebody else. `turn` is the case's version."""
    return Message(f"handed_on:{number}:{turn}:{to.person_id}", "handed_on", to, {"number": number})


def ordered(to: Recipient, number: str, what: str, *, order_id: int, turn: int, due_at: datetime | None) -> Message:
    """Tell one side of a supervise order what the other did: issued, replied, sent back … `turn` is its version."""
    facts = {"number": number, "order": str(order_id), "due_at": _iso(due_at)}
    return Message(f"order:{order_id}:{turn}:{what}:{to.person_id}", f"order_{what}", to, facts)


def mine(to: Recipient, proof_id: int) -> Message:
    """Send a resident what opens the list of their requests; code and link are made when it leaves."""
    return Message(f"mine:{proof_id}", "mine", to, {"proof": str(proof_id)}, wakes=True)


def follow(to: Recipient, number: str, *, at: datetime, until: datetime) -> Message:
    """Ask whoever reads an address whether to write to it about a case; the link is made when this leaves."""
    facts = {"number": number, "follow_until": _iso(until)}
    return Message(f"follow:{number}:{at:%Y%m%dT%H%M%S%f}", FOLLOW, to, facts, wakes=True)


def to_party(
    to: Recipient, what: str, *, turn: int, due_at: datetime | None, link: Mapping[str, str], wakes: bool
) -> Message:
    """Tell an outside party of its job: given, sent_back, renewed, withdrawn. `link` is `delivery.links.facts_of`.

    Nothing of the case is told: what is to be done stands behind the link. `turn` is the version of the job.
    """
    facts = {**link, "due_at": _iso(due_at)}
    return Message(f"job:{link['job']}:{turn}:{what}:{to.party_id}", f"job_{what}", to, facts, wakes)


def of_party(to: Recipient, number: str, what: str, *, job_id: int, turn: int, names: Mapping[str, str]) -> Message:
    """Tell a member of staff what an outside party did: took, refused, reported, late. `names` has zh and en."""
    facts = {"number": number, "job": str(job_id), "party": names.get(to.language) or names["zh"]}
    return Message(f"job:{job_id}:{turn}:{what}:{to.person_id}", f"job_{what}", to, facts)


def called(
    to: Recipient, number: str, what: str, *, part_id: int, turn: int, due_at: datetime | None, wakes: bool
) -> Message:
    """Tell one side of a part what the other did: part_asked, part_done … `turn` is its version."""
    facts = {"number": number, "part": str(part_id), "due_at": _iso(due_at)}
    return Message(f"part:{part_id}:{turn}:{what}:{to.person_id}", what, to, facts, wakes)


def news(to: Recipient, number: str, what: str, *, version: int) -> Message:
    """Tell the resident that something happened in their case: reply, question, resolved, extended, closed …"""
    return Message(f"news:{number}:{version}", f"news_{what}", to, {"number": number})


def outcome(to: Recipient, number: str, *, of: str, version: int) -> Message:
    """Tell the resident of a joined case what came of the case it was joined to (`of`, at that version)."""
    return Message(f"outcome:{number}:{of}:{version}", "news_outcome", to, {"number": number})


def joint_news(to: Recipient, number: str, what: str, *, of: str, version: int) -> Message:
    """Tell the resident of a joined case that the time of the case it was joined to has changed."""
    return Message(f"jointly:{number}:{of}:{version}", "news_jointly", to, {"number": number, "what": what})


def nudge(to: Recipient, number: str, what: str, *, version: int) -> Message:
    """Tell a member of staff that the resident or a superior wants something: answered, urged, rated, message."""
    return Message(f"nudge:{number}:{version}:{to.person_id}", f"nudge_{what}", to, {"number": number})


def trial(to: Recipient, channel: str, *, at: datetime) -> Message:
    """Let an administrator see whether a channel works."""
    return Message(f"trial:{to.person_id}:{at:%Y%m%dT%H%M%S%f}", TRIAL, to, {"channel": channel}, wakes=True)


def swap(to: Recipient, what: str, swap_id: int, name: str, span: tuple[datetime, datetime]) -> Message:
    """Tell a member of staff of a swap of shifts: asked, accepted, declined, to_see. `name`: who asks, or takes it."""
    facts = {"name": name, "starts_at": _iso(span[0]), "ends_at": _iso(span[1])}
    return Message(f"swap:{swap_id}:{what}:{to.person_id}", f"swap_{what}", to, facts)


def digest(to: Recipient, *, count: int, last_id: int, wakes: bool) -> Message:
    """Tell a member of staff several notices in one; its lines are read when it is sent."""
    return Message(f"digest:{to.person_id}:{last_id}", DIGEST, to, {"count": str(count)}, wakes)


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


DIGEST, TRIAL, FOLLOW = "digest", "trial", "follow"
OUTSIDE = ("job_given", "job_sent_back", "job_renewed", "job_withdrawn")
"""What goes to outside parties: it names no case."""
MAY_BE_STOPPED = frozenset({"news_close", "news_reopen", "news_duplicate"})
"""What a resident may unsubscribe from: the mere course of a case.

The rest is the answer they asked for (receipt, reply, question, result) or changes what they were promised (more
time, parked): that must reach them (PIPL art. 13: needed for what they asked us to do).
"""
TEMPLATES = (
    "receipt",
    "assigned",
    "escalated",
    "handed_on",
    "order_issued",
    "order_replied",
    "order_accepted",
    "order_sent_back",
    "order_withdrawn",
    "order_settled",
    "order_lapsed",
    "part_asked",
    "part_whistled",
    "part_accepted",
    "part_done",
    "part_declined",
    "part_withdrawn",
    "part_scored",
    "news_reply",
    "news_ask",
    "news_resolve",
    "news_extend",
    "news_reopen",
    "news_close",
    "news_duplicate",
    "news_separate",
    "news_jointly",
    "nudge_answer",
    "nudge_urge",
    "nudge_rate",
    "nudge_note",
    "nudge_withdraw",
    "news_park",
    "news_outcome",
    "nudge_extend",
    "nudge_park",
    "nudge_refuse",
    "nudge_resume",
    "nudge_regrade",
    "nudge_recategorise",
    "nudge_relocate",
    "nudge_waive",
    "nudge_request_extension",
    "nudge_request_parking",
    *("swap_asked", "swap_accepted", "swap_declined", "swap_to_see"),
    *OUTSIDE,
    *("mine", FOLLOW),
    *("job_taken", "job_refused", "job_reported", "job_late"),
    TRIAL,
    DIGEST,
)
"""Every template there is; a test holds that each has its text in both languages."""
