"""Did what nobody answered climb, did cases change hands once, and are orders whole? Pure, told without the engine."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.faults.storm.clients import Told
from tests.faults.storm.facts import ENDED, Facts, Row
from tests.faults.storm.steps import ZONE, Books, Stretch, stretches

HEIGHT = ("handler", "addressee", "issuer", "community_duty", "community_head", "subdistrict_desk",
          "subdistrict_supervisor", "district_desk")  # fmt: skip
"""Who may be asked, from the street up."""
TOP = HEIGHT[-1]
MORNING, NIGHT = 7, 22
"""Outside these hours nobody is woken by what may not wake, and their time to answer has not begun."""
NEW_HANDS = ("hand_over", "force_assign")


def answers(facts: Facts, ours: frozenset[int]) -> Iterator[str]:
    """What was asked and not answered in time was asked of the next superior, once, at the moment it was missed."""
    by_clock: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in facts.ledger:
        if row["acknowledge_by"] is not None and not row["skipped"]:
            by_clock[row["clock_id"], row["arm"]].append(row)
    books, clocks = Books(facts.books), {clock["id"]: clock for clock in facts.clocks}
    for (clock_id, arm), rows in by_clock.items():
        if rows[0]["case_id"] not in ours:
            continue
        life = stretches(clocks[clock_id], books)
        for row in rows:
            yield from (f"clock {clock_id}: {row['step']} {wrong}" for wrong in _wrong(row, rows, life))
            if _is_left(row, rows, facts, life[-1], arm, books):
                yield f"clock {clock_id}: {row['step']} was not answered by {row['acknowledge_by']}, and that was all"


def _wrong(row: Row, rows: list[Row], life: list[Stretch]) -> Iterator[str]:
    """Look whether somebody had the time they were promised, and whether what climbed comes from what was missed."""
    base, _, rest = row["step"].partition(".")
    step = next((s for s in life[-1].ladder if s.key == base), None)
    climbing = life[-1].climbing
    if step is None:
        return
    again = rest.count(".") > 0
    within = step.acknowledge_within if not rest else climbing.again if again else climbing.within.get(row["roles"][0])
    if within is not None:
        by = _begins(row["raised_at"], wakes=step.wakes) + timedelta(minutes=within.amount)
        if row["acknowledge_by"] != by:
            yield f"is to be answered by {row['acknowledge_by']}, and not by {by}"
    if rest and not any(
        other["acknowledge_by"] == row["due_at"] and other["step"].partition(".")[0] == base and other["id"] < row["id"]
        for other in rows
    ):
        yield f"climbed at {row['due_at']}, and nothing was missed then"
    if rest and not again and rest != row["roles"][0]:
        yield f"asks {row['roles']}"


def _begins(raised_at: datetime, *, wakes: bool) -> datetime:
    local = raised_at.astimezone(ZONE)
    if wakes or MORNING <= local.hour < NIGHT:
        return raised_at
    day = local if local.hour < MORNING else local + timedelta(days=1)
    return day.replace(hour=MORNING, minute=0, second=0, microsecond=0).astimezone(raised_at.tzinfo)


def _is_left(row: Row, rows: list[Row], facts: Facts, last: Stretch, arm: int, books: Books) -> bool:
    """Is it missing its answer, of a promise that runs still, and has nobody as high taken it over?"""
    if row["acknowledged_at"] is not None or row["acknowledge_by"] >= facts.settled_at:
        return False
    clock = last.clock
    if clock.state != "running" or clock.extensions != arm or clock.events[-1].at > row["acknowledge_by"]:
        return False
    others = [other for other in rows if other["id"] != row["id"] and _height(other) >= _height(row)]
    if any(other["id"] > row["id"] for other in others):
        return False
    if any(other["acknowledged_at"] and other["acknowledged_at"] >= row["raised_at"] for other in others):
        return False
    base = row["step"].partition(".")[0]
    asked = sum(TOP in other["roles"] for other in rows if other["step"].partition(".")[0] == base)
    return not (TOP in row["roles"] and asked >= last.climbing.rounds)


def top_waits(facts: Facts) -> bool:
    """Has the top not answered in time what it was asked last about a promise that runs?"""
    runs = {clock["id"] for clock in facts.clocks if clock["state"] == "running"}
    newest = {row["clock_id"]: row for row in facts.ledger if row["acknowledge_by"] and not row["skipped"]}
    return any(
        TOP in row["roles"] and row["acknowledged_at"] is None and row["acknowledge_by"] < facts.settled_at
        for clock_id, row in newest.items()
        if clock_id in runs
    )


def _height(row: Mapping[str, Any]) -> int:
    return max(HEIGHT.index(role) for role in row["roles"])


def hands(facts: Facts) -> Iterator[str]:
    """A case changed hands by itself only with the step that says so, at its moment, once, and its history tells it."""
    given = Counter((row["case_id"], row["started_at"]) for row in facts.handed)
    yield from (f"case {case} changed hands {n} times at {at}" for (case, at), n in given.items() if n > 1)
    steps = {(row["case_id"], row["act"], row["raised_at"]) for row in facts.ledger if row["act"] in NEW_HANDS}
    told = Counter(
        (entry["case_id"], entry["data"]["why"], entry["at"])
        for entry in facts.history
        if entry["actor"] == "system" and entry["data"].get("why") in NEW_HANDS
    )
    for row in facts.handed:
        one = (row["case_id"], row["why"], row["started_at"])
        if one not in steps:
            yield f"case {one[0]} changed hands ({one[1]}) at {one[2]}, and no step says so"
        if told[one] != 1:
            yield f"the history of case {one[0]} tells its {one[1]} {told[one]} times"


RUNS = {"open": "order", "replied": "verdict"}
PARTS_RUN = {"asked": "report_in", "accepted": "part"}
WRITTEN = {
    "issue": "order_issued", "reply": "order_replied", "accept": "order_accepted", "send_back": "order_sent_back",
    "withdraw": "order_withdrawn",
}  # fmt: skip


def orders(facts: Facts, told: Told) -> Iterator[str]:
    """Each order that was issued is there; as long as it has not ended its own time runs; what was done is kept."""
    there = {row["id"]: row for row in facts.orders}
    clocks = {clock["id"]: clock for clock in facts.clocks}
    for row in facts.orders:
        clock, metric = clocks[row["clock_id"]], RUNS.get(row["state"])
        runs = clock["state"] == "running"
        if (metric is not None) is not runs or (metric and clock["metric"] != metric):
            yield f"order {row['id']} is {row['state']}, and its {clock['metric']} clock is {clock['state']}"
    written = Counter((e["data"]["order"], e["action"]) for e in facts.history if e["action"] in WRITTEN.values())
    for (order, action), n in Counter(told.ordered).items():
        if order not in there:
            yield f"order {order} was acknowledged and is not there"
        elif written[order, WRITTEN[action]] < n:
            yield f"order {order}: {action} was answered {n} times and is kept {written[order, WRITTEN[action]]} times"


PARTS_WRITTEN = {
    "ask": "part_asked", "accept": "part_accepted", "finish": "part_done", "decline": "part_declined",
    "withdraw": "part_withdrawn",
}  # fmt: skip


def parts(facts: Facts, told: Told) -> Iterator[str]:
    """Each part that was asked for is there; as long as it has not ended its own time runs; what was done is kept."""
    there = {row["id"]: row for row in facts.parts}
    clocks, open_cases = {clock["id"]: clock for clock in facts.clocks}, {c["id"] for c in facts.cases if _is_open(c)}
    for row in facts.parts:
        clock, metric = clocks[row["clock_id"]], PARTS_RUN.get(row["state"])
        if (metric is not None) is not (clock["state"] == "running") or (metric and clock["metric"] != metric):
            yield f"part {row['id']} is {row['state']}, and its {clock['metric']} clock is {clock['state']}"
        if metric is not None and row["case_id"] not in open_cases:
            yield f"part {row['id']} is {row['state']}, and its case has ended"
    written = Counter((e["data"]["part"], e["action"]) for e in facts.history if e["action"] in PARTS_WRITTEN.values())
    for (part, action), n in Counter(told.helped).items():
        if part not in there:
            yield f"part {part} was acknowledged and is not there"
        elif written[part, PARTS_WRITTEN[action]] < n:
            yield f"part {part}: {action} was answered {n} times and is kept less often"


def _is_open(case: Row) -> bool:
    return case["status"] not in ENDED
