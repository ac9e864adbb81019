"""What happens to one case reads that case, whatever lies in the archive: no step goes through a whole table."""

import re
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from service.cases.rules import Action
from service.handling.queries import actors, staff_case, view
from tests.builders import as_in_a_city, does, explained, received, resident_does
from tests.people import Town

HOUR = timedelta(hours=1)
GROWS = (
    "cases", "clocks", "audit_entries", "notices", "assignments", "case_messages", "escalations", "routing_decisions",
    "ratings", "proposals", "attachments", "case_joins", "case_parts", "party_jobs", "supervise_orders",
)  # fmt: skip
SCAN = re.compile(rf"(?P<kind>Seq Scan|Index(?: Only)? Scan using pk_\w+) on ({'|'.join(GROWS)})\b")


def whole_tables(plan: str) -> list[str]:
    """Return the places of a plan that go through a table from its first row to its last."""
    found, lines = [], plan.splitlines()
    for number, line in enumerate(lines):
        scan = SCAN.search(line)
        if scan is None:
            continue
        below = lines[number + 1 : number + 2]
        if scan["kind"] == "Seq Scan" or not any("Index Cond" in one for one in below):
            found.append(line.strip())
    return found


def test_a_whole_table_is_noticed_in_a_plan(session: Session, town: Town, now: datetime) -> None:
    received(session, now)
    session.execute(text("SET LOCAL enable_seqscan = off"))
    with explained(session) as plans:
        session.execute(text("SELECT id FROM cases WHERE title = 'x' OR id IN (SELECT 1)"))
        session.execute(text("SELECT id FROM cases WHERE id = 7"))
    assert [bool(whole_tables(plan)) for plan in plans] == [True, False]


def test_no_step_of_a_case_goes_through_all_cases(session: Session, town: Town, now: datetime) -> None:
    at = now + 2 * HOUR
    for _ in range(5):
        received(session, at)
    session.execute(text("SET LOCAL enable_seqscan = off"))  # Where a table is empty.
    as_in_a_city(session, *GROWS)
    with explained(session) as plans:
        case, _ = received(session, at)
        holder = next(p for p in (town.li_qiang, town.sun_li) if p.id == case.assignee_id)
        does(session, case, holder, Action.ACCEPT, at)
        does(session, case, holder, Action.REPLY, at, text="明天来修")
        does(session, case, holder, Action.ASK, at, text="几号楼？")
        resident_does(session, case, Action.ANSWER, at + HOUR, text="三号楼")
        does(session, case, holder, Action.RESOLVE, at + HOUR, text="已处理")
        seen = staff_case(session, case.number, town.chen_jing)
        view(session, seen, actors(session, seen, town.chen_jing))
    assert len(plans) > 30
    assert [(place, plan) for plan in plans for place in whole_tables(plan)] == []
