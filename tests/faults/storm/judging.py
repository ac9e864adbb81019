"""What does a round show? Every check on what the database holds, what arrived, and what HTTP answers."""

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Session

from service.audit.queries import broken_chains
from tests.faults.storm import checks, climbing
from tests.faults.storm.clients import Told
from tests.faults.storm.facts import Facts, Row
from tests.faults.storm.faults import Breaker
from tests.faults.storm.steps import Books, by_hand, stretches
from tests.faults.storm.table import Round
from tests.faults.storm.telling import notices, told_once

if TYPE_CHECKING:
    from tests.faults.storm.playing import Storm


def judged(storm: "Storm", facts: Facts, breaker: Breaker) -> Round:
    """Run every check on what the database holds, what arrived, and what HTTP answers now."""
    ours = frozenset(case["id"] for case in facts.cases if "〔" in case["text"])
    copies, told = dict(storm.receiver.box.copies), storm.told
    findings = storm.findings + told.wrong
    findings += checks.acknowledged(facts, told)
    findings += checks.steps(facts, ours)
    findings += [
        *climbing.answers(facts, ours),
        *climbing.hands(facts),
        *climbing.orders(facts, told),
        *climbing.parts(facts, told),
    ]
    findings += notices(facts, told, copies, ours)
    findings += told_once(copies, storm.senders_lost)
    findings += [*checks.owners(facts), *checks.kept(facts, told), *checks.aside(facts)]
    in_transactions = breaker.engine.execution_options(isolation_level="READ COMMITTED")  # The chains are streamed.
    with Session(in_transactions) as session:
        findings += [f"the history of {kind} {i} breaks at entry {n}" for kind, i, n in broken_chains(session)]
    findings += over_http(breaker, told, top_waits=climbing.top_waits(facts))
    its_steps = [row for row in facts.ledger if row["case_id"] in ours]
    return Round(
        seed=storm.plan.seed,
        faults=storm.plan.faults,
        acknowledged=told.acknowledged_cases,
        steps=len(its_steps),
        by_hand=_also_by_hand(facts, its_steps),
        notices=len(copies),
        repeats=sum(len(came) - 1 for came in copies.values()),
        answers=told.answers,
        unavailable=told.unavailable,
        unheard=told.unheard,
        findings=findings,
        not_probed=storm.not_probed,
        skipped=storm.skipped,
    )


def _also_by_hand(facts: Facts, its_steps: list[Row]) -> int:
    books, clocks = Books(facts.books), {clock["id"]: clock for clock in facts.clocks}
    lives = {row["clock_id"]: stretches(clocks[row["clock_id"]], books)[0] for row in its_steps}
    ladder = {(c, step.key): step for c, life in lives.items() for step in life.ladder}
    of_the_file = [r for r in its_steps if "." not in r["step"]]
    return sum(by_hand(lives[r["clock_id"]], ladder[r["clock_id"], r["step"]]) is not None for r in of_the_file)


def over_http(breaker: Breaker, told: Told, *, top_waits: bool) -> list[str]:
    """Compare what residents and the watch are told with what the database holds; time goes on meanwhile.

    Nobody of the district is in the storm: where it was asked, the watch must say that it does not answer.
    """
    found = []
    with breaker.product.client() as client, breaker.engine.connect() as connection:

        def status(number: str) -> str | None:
            asked = sa.text("SELECT status FROM cases WHERE number = :number")
            return connection.execute(asked, {"number": number}).scalar()

        for number, code in sorted({receipt for ask in told.asks for receipt in ask.receipts}):
            before = status(number)
            answer = client.get(f"/api/v1/cases/{number}", params={"code": code})
            if answer.status_code != 200:
                found.append(f"{number} cannot be read any more: {answer.status_code}")
            elif answer.json()["status"] not in (before, status(number)):
                found.append(f"{number} is {answer.json()['status']} for its resident and {before} in SQL")
        alarms = {a["check"]: a["count"] for a in client.get("/healthz").json()["alarms"]}
    if alarms.pop("top-unanswered", 0) == 0 and top_waits:
        found.append("the watch does not say that the district was asked and does not answer")
    return found + [f"the watch: {check} ({count})" for check, count in alarms.items()]
