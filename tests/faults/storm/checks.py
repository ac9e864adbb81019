"""What is wrong after a storm? Pure: each check takes facts and what clients were told, and returns sentences."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.faults.storm.clients import Told
from tests.faults.storm.facts import ENDED, Facts, Row
from tests.faults.storm.steps import Books, Stretch, agrees, by_hand, stretches


def acknowledged(facts: Facts, told: Told) -> Iterator[str]:
    """Each case with a receipt is there once, under one number; each request is there once at most."""
    numbers = Counter(case["number"] for case in facts.cases)
    yield from (f"the number {number} was given {n} times" for number, n in numbers.items() if n > 1)
    marks: dict[str, list[str]] = defaultdict(list)
    for case in facts.cases:
        _, bracket, mark = case["text"].partition("〔")
        if bracket:
            marks["〔" + mark].append(case["number"])
    for ask in told.asks:
        there, receipts = marks[ask.mark], {number for number, _ in ask.receipts}
        if len(receipts) > 1:
            yield f"one key was answered with {len(receipts)} numbers: {sorted(receipts)}"
        if len(there) > 1:
            yield f"one request became {len(there)} cases: {sorted(there)}"
        if receipts - set(there):
            yield f"acknowledged with 201 and not there: {sorted(receipts - set(there))}"


def steps(facts: Facts, ours: frozenset[int]) -> Iterator[str]:
    """Every step that was due was taken once, with its own moment; none was taken that was not due."""
    taken: dict[int, list[Row]] = defaultdict(list)
    for row in facts.ledger:
        taken[row["clock_id"]].append(row)
    books, entries = Books(facts.books), facts.entries()
    for clock in facts.clocks:
        rows = taken[clock["id"]]
        times = Counter((row["arm"], row["step"]) for row in rows)
        yield from (f"clock {clock['id']}: {step} taken {n} times" for step, n in times.items() if n > 1)
        if clock["case_id"] in ours:
            life = stretches(clock, books)
            yield from _missed(clock, life, set(times), facts.settled_at)
            for row in rows:
                if "." not in row["step"]:  # What climbed is looked at in climbing.py.
                    yield from _not_due(row, life, entries[clock["case_id"]])


def _missed(clock: Row, life: list[Stretch], taken: set[tuple[int, str]], settled_at: datetime) -> Iterator[str]:
    missed: dict[tuple[int, str], datetime] = {}
    for stretch in life:
        until = stretch.until or settled_at
        for step, at in stretch.times():
            one = (stretch.clock.extensions, step.key)
            if one not in taken and at < until:
                missed[one] = at
    for (arm, key), at in missed.items():
        yield f"clock {clock['id']} ({clock['metric']}): {key} (arm {arm}) was due {at:%m-%d %H:%M} and never taken"


def _not_due(row: Row, life: list[Stretch], entries: list[Row]) -> Iterator[str]:
    """Look for the stretch in which the step stood at that moment and had not been overtaken."""
    name = f"clock {row['clock_id']}: {row['step']} of {row['due_at']:%m-%d %H:%M:%S}"
    if row["due_at"] > row["raised_at"]:
        yield f"{name} was taken before it was due"
    standing = [
        (stretch, step)
        for stretch in life
        for step, at in stretch.times()
        if step.key == row["step"] and at == row["due_at"] and stretch.clock.extensions == row["arm"]
    ]
    if not standing:
        yield f"{name}: the engine finds no such moment"
    elif all(_was_overtaken(row, stretch, entries) for stretch, _ in standing):
        yield f"{name} was taken although the promise had ended or stood still"
    for stretch, step in standing[:1]:
        told = by_hand(stretch, step)
        if told is not None and not agrees(told, row["due_at"]):
            yield f"{name}: counted by hand it is {told}"
        if row["skipped"] and not step.unless:
            yield f"{name} was skipped, and no condition lets it"


def _was_overtaken(row: Row, stretch: Stretch, entries: list[Row]) -> bool:
    """Had the stretch ended before the step fell due, and was that written before the step was?

    Both write to the case's history under the case's lock, so its order is the order in which things were done. A
    step that was skipped is not in it.
    """
    if stretch.until is None or stretch.until >= row["due_at"] or row["skipped"]:
        return False
    ended = [e["seq"] for e in entries if e["at"] == stretch.until]
    raised = [e["seq"] for e in entries if e["action"] == "escalated" and _tells_of(e["data"], row)]
    return bool(ended and raised) and min(ended) < min(raised)


def _tells_of(data: Mapping[str, Any], row: Row) -> bool:
    return bool(data["step"] == row["step"] and datetime.fromisoformat(data["due_at"]) == row["due_at"])


def owners(facts: Facts) -> Iterator[str]:
    """No open case without an owner, each held by one desk; nobody's load is wrong."""
    holders = Counter(row["case_id"] for row in facts.holders)
    open_cases = [case for case in facts.cases if case["status"] not in ENDED]
    for case in open_cases:
        if case["assignee_id"] is None and case["status"] not in ("received", "returned"):
            yield f"{case['number']} is {case['status']} and nobody's"
        if holders[case["id"]] != 1:
            yield f"{case['number']} is held by {holders[case['id']]} desks"
    held = Counter(case["assignee_id"] for case in open_cases if case["assignee_id"] is not None)
    counted = {row["person_id"]: row["open_cases"] for row in facts.loads}
    for person in sorted(held.keys() | counted.keys()):
        if held[person] != counted.get(person, 0):
            yield f"person {person} holds {held[person]} cases, and their load says {counted.get(person, 0)}"


def kept(facts: Facts, told: Told) -> Iterator[str]:
    """What was answered with 200 is in the history, as often as it was answered."""
    numbers = {case["id"]: case["number"] for case in facts.cases}
    written = Counter((numbers[e["case_id"]], e["action"]) for e in facts.history if e["case_id"] in numbers)
    for (number, action), n in Counter(told.done).items():
        if written[number, action] < n:
            yield f"{number}: {action} was answered with 200 {n} times and is kept {written[number, action]} times"
    open_ = {row["id"] for row in facts.ledger if row["acknowledged_at"] is None}
    yield from (f"escalation {e} was acknowledged and is not" for e in sorted(set(told.acknowledged) & open_))


def aside(facts: Facts) -> Iterator[str]:
    """At the end no clock is set aside, and no two writers ever met at a key that is only there for the worst case."""
    yield from (f"clock {c['id']} is set aside ({c['failures']})" for c in facts.clocks if c["failures"])
    for name, n in Counter(facts.collisions).items():
        yield f"two writers did the same thing {n} times: {name}"
