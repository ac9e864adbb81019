"""Was every notice told, once, or rightly not? Pure: from the outbox's rows and from what arrived."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.storm.clients import Told
from tests.faults.storm.facts import ENDED_CLOCKS, Facts, Row
from tests.faults.storm.receiver import Copy, plain

NAMED_IN_A_DIGEST = 40
"""Of what a digest gathers so many are named, the oldest first; the rest is counted in it."""
RECORDED_WITHIN = 8.0
"""Real seconds between a copy's arrival and its being written down, the database frozen for some of them."""
BREACHES = ("yellow_card", "red_card")
OVER, ANSWERED = "What it warned of has ended.", "Somebody has answered meanwhile."


@dataclass
class Outbox:
    """The rows of the outbox and what they tell of, found quickly."""

    facts: Facts
    copies: Mapping[str, list[Copy]]
    lines: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """What each digest gathers, oldest first."""

    def __post_init__(self) -> None:
        self.by_id = {n["id"]: n for n in self.facts.notices}
        for notice in sorted(self.facts.notices, key=lambda n: n["id"]):
            if notice["state"] == "gathered":
                self.lines[notice["digest_id"]].append(notice)
        self.steps = {f"{r['clock_id']}:{r['arm']}:{r['step']}": r for r in self.facts.ledger}
        self.clocks = {clock["id"]: clock for clock in self.facts.clocks}
        self.people = {p["id"]: (p["email"], p["login"]) for p in self.facts.people}
        self.numbers = {case["id"]: case["number"] for case in self.facts.cases}

    def arrived(self, notice: Row) -> list[Copy]:
        return self.copies.get(plain(notice["key"]), [])

    def is_of(self, notice: Row, ours: frozenset[int]) -> bool:
        """Is it about one of the storm's cases, or gathers such?"""
        return notice["case_id"] in ours or any(line["case_id"] in ours for line in self.lines.get(notice["id"], ()))


def notices(facts: Facts, told: Told, copies: Mapping[str, list[Copy]], ours: frozenset[int]) -> Iterator[str]:
    """Every notice there had to be is there once and was told or rightly dropped; nothing else was told."""
    keys, outbox = Counter(n["key"] for n in facts.notices), Outbox(facts, copies)
    yield from (f"the notice {key} was written {n} times" for key, n in keys.items() if n > 1)
    known = {plain(key) for key in keys}
    earlier = (key for key, came in copies.items() if came[0].at < facts.read_at)
    yield from (f"a message arrived that is no notice: {key}" for key in earlier if key not in known)
    yield from (f"there is no notice {key}" for key in sorted(_owed(facts, told, ours) - keys.keys()))
    for notice in facts.notices:
        if outbox.is_of(notice, ours):
            yield from (f"the notice {notice['key']} {wrong}" for wrong in _wrong(notice, outbox))
    yield from _receipts(told, copies)


def _owed(facts: Facts, told: Told, ours: frozenset[int]) -> set[str]:
    """Return the keys of notices that follow from the ledger and from the receipts."""
    receipts = {f"receipt:{ask.receipts[0][0]}" for ask in told.asks if ask.receipts and ask.email}
    steps = {
        f"escalated:{row['clock_id']}:{row['arm']}:{row['step']}:{person}"
        for row in facts.ledger
        for person in row["person_ids"]
        if row["case_id"] in ours
    }
    return receipts | steps


def _wrong(notice: Row, outbox: Outbox) -> Iterator[str]:
    state = notice["state"]
    if state == "sent":
        yield from _wrongly_sent(notice, outbox)
    elif state == "gathered":
        yield from _wrongly_gathered(notice, outbox)
    elif state == "dropped":
        yield from _wrongly_dropped(notice, outbox)
    elif state != "waiting":
        yield f"ended as {state}: {notice['failure']}"
    elif notice["created_at"] <= outbox.facts.settled_at:
        yield "still waits"


def _wrongly_sent(notice: Row, outbox: Outbox) -> Iterator[str]:
    if notice["channel"] == "log":
        if notice["person_id"] is not None or notice["has_address"]:
            yield "was told on a page only, and there was a channel"
        return
    came = [copy for copy in outbox.arrived(notice) if copy.by == notice["channel"]]
    if not came:
        yield f"is recorded as sent by {notice['channel']} and never arrived"
    addresses = outbox.people.get(notice["person_id"])
    if addresses and any(copy.to not in addresses for copy in came):
        yield f"went to {[copy.to for copy in came]} and not to {addresses}"


def _wrongly_gathered(notice: Row, outbox: Outbox) -> Iterator[str]:
    digest = outbox.by_id.get(notice["digest_id"])
    if digest is None or (digest["template"], digest["person_id"]) != ("digest", notice["person_id"]):
        yield "was gathered in no digest of its reader"
        return
    if digest["wakes"] != notice["wakes"]:
        yield "was gathered with what may wake, or the other way round"
    named = outbox.lines[digest["id"]][:NAMED_IN_A_DIGEST]
    copies = outbox.arrived(digest)
    if digest["state"] == "waiting" and not copies:
        if notice["created_at"] > outbox.facts.settled_at:
            return
        yield f"was gathered, and its digest {digest['key']} still waits"
    elif not copies:
        yield f"was gathered, and its digest {digest['key']} ({digest['state']}) never arrived"
    elif notice in named and not all(outbox.numbers[notice["case_id"]] in copy.body for copy in copies):
        yield f"was gathered, and the digest {digest['key']} does not name its case"


def _wrongly_dropped(notice: Row, outbox: Outbox) -> Iterator[str]:
    """Only a warning may be dropped, and only where its promise had ended or somebody had answered."""
    step = outbox.steps.get(str(notice["facts"].get("key", "")))
    if notice["template"] != "escalated" or step is None or step["act"] in BREACHES:
        yield "was dropped, and it is none that may be"
    elif notice["failure"] == OVER:
        if outbox.clocks[step["clock_id"]]["state"] not in ENDED_CLOCKS:
            yield "was dropped, and its promise is alive"
    elif notice["failure"] == ANSWERED:
        if step["acknowledged_at"] is None:
            yield "was dropped, and nobody has answered"
    else:
        yield f"was dropped for no reason there is: {notice['failure']!r}"


def _receipts(told: Told, copies: Mapping[str, list[Copy]]) -> Iterator[str]:
    """Each receipt went to the resident who asked, and to nobody else."""
    for ask in told.asks:
        for number, _ in ask.receipts[:1]:
            came = copies.get(plain(f"receipt:{number}"), [])
            if any(copy.to != ask.email for copy in came):
                yield f"the receipt of {number} went to {[copy.to for copy in came]} and not to {ask.email}"


def told_once(copies: Mapping[str, list[Copy]], senders_lost: list[tuple[float, float]]) -> Iterator[str]:
    """A second copy has a reason: the line broke off, or the sender was lost between sending and recording."""
    for key, came in copies.items():
        for first, second in pairwise(came):
            recorded_at = min(first.at + RECORDED_WITHIN, second.at)
            excused = any(begun <= recorded_at and ended >= first.at - 1 for begun, ended in senders_lost)
            if not (first.broken_off or excused):
                yield f"{key} was told again after {second.at - first.at:.1f} s, and no fault was the reason"
