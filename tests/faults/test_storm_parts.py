"""The parts of a storm: its plan, its receiver, and each check shown a fault it must find."""

import http.client
import json
import smtplib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.clocks.queries import books_in_folder
from tests.faults.storm import checks, climbing
from tests.faults.storm.clients import Ask, Told
from tests.faults.storm.facts import Facts, collisions
from tests.faults.storm.faults import Breaker
from tests.faults.storm.plan import LONG, SHORT, WITH_DEADLINES, WITH_RESIDENTS, Strike, planned
from tests.faults.storm.receiver import HOOK_BREAKS_OFF_AT, Copy, Receiver, plain
from tests.faults.storm.table import Round, head, line, summary, told
from tests.faults.storm.telling import ANSWERED, OVER, notices, told_once

START = datetime(2026, 11, 23, tzinfo=UTC)
BOOK = books_in_folder()[0]
OURS = frozenset({7})


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def step(name: str, due: float, raised: float, **more: Any) -> dict[str, Any]:
    row = {"id": 1, "clock_id": 3, "case_id": 7, "arm": 0, "step": name, "act": "warn", "person_ids": [5]}
    row |= {"skipped": False, "roles": ["community_head"], "acknowledge_by": None}
    return row | {"due_at": at(due), "raised_at": at(raised), "acknowledged_at": None} | more


def whole() -> Facts:
    """An urgent case nobody signed for: accept is due after 60 minutes, and its steps come at 60, 120, 180, 360."""
    started = {"at": START.isoformat(), "kind": "started", "reason": "", "actor": "", "extra": None}
    facts = Facts(at(300), books=[{"hash": BOOK.hash, "texts": dict(BOOK.texts)}])
    facts.cases = [{"id": 7, "number": "N", "text": "灯〔a〕", "status": "assigned", "version": 1, "assignee_id": 5}]
    clock = {"id": 3, "case_id": 7, "metric": "accept", "instance": 1, "policy": "national-G2", "book_hash": BOOK.hash}
    clock |= {"budget": 60, "kind": "elapsed"}
    facts.clocks = [clock | {"events": [started], "state": "running", "failures": 0}]
    facts.ledger = [
        step("accept-due", 60, 61),
        step("accept-200", 120, 121),
        step("accept-150", 90, 91, act="hand_over"),
        step("accept-300", 180, 190, roles=["subdistrict_supervisor"], acknowledge_by=at(220)),
        step("accept-300.district_desk", 220, 221, act="climb", roles=["district_desk"], acknowledge_by=at(251)),
    ]
    facts.ledger[-1]["acknowledged_at"] = at(250)
    for n, row in enumerate(facts.ledger, 1):
        row["id"] = n
    facts.handed = [{"case_id": 7, "person_id": 5, "why": "hand_over", "started_at": at(91)}]
    begun = {**started, "at": at(290).isoformat()}
    facts.clocks.append(clock | {"id": 4, "metric": "order", "policy": "order", "budget": 120, "state": "running",
                                 "events": [begun], "failures": 0})  # fmt: skip
    facts.orders = [{"id": 2, "case_id": 7, "clock_id": 4, "state": "open", "turn": 1}]
    part = {"id": 5, "metric": "report_in", "policy": "part", "budget": 240, "state": "running", "failures": 0}
    facts.clocks.append(clock | part | {"events": [begun]})
    facts.parts = [{"id": 4, "case_id": 7, "clock_id": 5, "state": "asked"}]
    steps = (f"3:0:{row['step']}" for row in facts.ledger)
    facts.notices = [notice(n, f"escalated:{key}:5", facts={"key": key}) for n, key in enumerate(steps, 11)]
    facts.notices.append(notice(16, "receipt:N", person_id=None, template="receipt"))
    facts.holders, facts.loads = [{"case_id": 7, "person_id": 5}], [{"person_id": 5, "open_cases": 1}]
    facts.people = [{"id": 5, "login": "w", "email": "w@staff.example"}]
    facts.history = [
        {"case_id": 7, "seq": n, "at": row["raised_at"], "actor": "system", "action": "escalated",
         "data": {"step": row["step"], "due_at": row["due_at"].isoformat()}}
        for n, row in enumerate(facts.ledger, 2)
    ]  # fmt: skip
    facts.history += [
        {"case_id": 7, "seq": 12, "at": at(290), "actor": "staff", "action": "part_asked", "data": {"part": 4}},
        {"case_id": 7, "seq": 10, "at": at(91), "actor": "system", "action": "reassign", "data": {"why": "hand_over"}},
        {"case_id": 7, "seq": 11, "at": at(290), "actor": "staff", "action": "order_issued", "data": {"order": 2}},
    ]
    return facts


def notice(n: int, key: str, **more: Any) -> dict[str, Any]:
    row = {"id": n, "key": key, "template": "escalated", "case_id": 7, "person_id": 5, "channel": "mail"}
    row |= {"has_address": True, "facts": {}, "wakes": False, "state": "sent", "created_at": START}
    return row | {"failure": "", "digest_id": None} | more


def copy(key: str, to: str = "w@staff.example", body: str = "N", by: str = "mail", **more: Any) -> Copy:
    return Copy(plain(key), by, to, body, **{"at": 1.0, "broken_off": False} | more)


def arrived(facts: Facts) -> dict[str, list[Copy]]:
    to = {row["key"]: "w@staff.example" if row["person_id"] else "r@x.example" for row in facts.notices}
    return {plain(key): [copy(key, address)] for key, address in to.items()}


def asked() -> Told:
    return Told(
        asks=[Ask("〔a〕", "k", "r@x.example", [("N", "code")])], done=[], ordered=[(2, "issue")], helped=[(4, "ask")]
    )


def found(facts: Facts, said: Told | None = None, copies: dict[str, list[Copy]] | None = None) -> list[str]:
    said = said or asked()
    return [
        *checks.acknowledged(facts, said),
        *checks.steps(facts, OURS),
        *notices(facts, said, arrived(facts) if copies is None else copies, OURS),
        *checks.owners(facts),
        *checks.kept(facts, said),
        *checks.aside(facts),
        *climbing.answers(facts, OURS),
        *climbing.hands(facts),
        *climbing.orders(facts, said),
        *climbing.parts(facts, said),
    ]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert found(whole()) == []


def over(facts: Facts, **more: Any) -> None:
    facts.notices[0].update(state="dropped", failure=OVER, **more)


BROKEN: dict[str, tuple[Callable[[Facts], object], str]] = {
    "a case that was lost": (lambda f: f.cases.clear(), "acknowledged with 201 and not there"),
    "a request twice": (lambda f: f.cases.append({**f.cases[0], "id": 8, "number": "M"}), "became 2 cases"),
    "a number twice": (lambda f: f.cases.append(f.cases[0]), "was given 2 times"),
    "a step twice": (lambda f: f.ledger.append(step("accept-due", 60, 62)), "taken 2 times"),
    "a step missed": (lambda f: f.ledger.pop(1), "accept-200 (arm 0) was due"),
    "a step at a wrong moment": (lambda f: f.ledger[1].update(due_at=at(121)), "no such moment"),
    "a step too early": (lambda f: f.ledger[1].update(raised_at=at(119)), "before it was due"),
    "a step that is not due": (lambda f: f.ledger.append(step("contact-due", 120, 121)), "no such moment"),
    "a step skipped without a condition": (lambda f: f.ledger[0].update(skipped=True), "no condition lets it"),
    "a step nobody was told of": (lambda f: f.notices.pop(0), "there is no notice escalated:3:0:accept-due:5"),
    "a notice twice": (lambda f: f.notices.append(f.notices[0]), "was written 2 times"),
    "a notice given up": (lambda f: f.notices[0].update(state="given_up", failure="x"), "ended as given_up: x"),
    "a notice set aside": (lambda f: f.notices[0].update(state="set_aside", failure="x"), "ended as set_aside: x"),
    "a notice that waits": (lambda f: f.notices[0].update(state="waiting"), "still waits"),
    "a notice on a page only": (lambda f: f.notices[0].update(channel="log"), "on a page only"),
    "a notice by another channel": (lambda f: f.notices[0].update(channel="webhook"), "sent by webhook and never"),
    "a notice to another person": (lambda f: f.people[0].update(email="x@staff.example"), "went to ['w@staff"),
    "a notice in no digest": (lambda f: f.notices[0].update(state="gathered", digest_id=99), "in no digest"),
    "a warning dropped while its promise lives": (over, "its promise is alive"),
    "a receipt dropped": (lambda f: f.notices[5].update(state="dropped"), "it is none that may be"),
    "a card dropped": (lambda f: (over(f), f.ledger[0].update(act="red_card")), "it is none that may be"),
    "a warning dropped that nobody answered": (
        lambda f: f.notices[0].update(state="dropped", failure=ANSWERED), "nobody has answered",
    ),
    "a warning dropped for no reason": (lambda f: f.notices[0].update(state="dropped", failure="x"), "no reason"),
    "a receipt not told": (lambda f: f.notices.pop(), "there is no notice receipt:N"),
    "an open case without an owner": (lambda f: f.cases[0].update(assignee_id=None), "nobody's"),
    "a case at no desk": (lambda f: f.holders.clear(), "held by 0 desks"),
    "a load too high": (lambda f: f.loads[0].update(open_cases=2), "their load says 2"),
    "a clock set aside": (lambda f: f.clocks[0].update(failures=2), "set aside"),
    "an answer missed that nobody else was asked for": (lambda f: f.ledger.pop(), "and that was all"),
    "a climb to nobody above": (
        lambda f: f.ledger[4].update(roles=["community_head"]), "and that was all",
    ),
    "less time than was promised": (lambda f: f.ledger[3].update(acknowledge_by=at(219)), "and not by"),
    "a climb from nowhere": (lambda f: f.ledger[4].update(due_at=at(219)), "nothing was missed then"),
    "a climb to somebody else": (lambda f: f.ledger[4].update(roles=["community_head"]), "asks ['community_head']"),
    "hands changed twice": (lambda f: f.handed.append(f.handed[0]), "changed hands 2 times"),
    "hands changed without a step": (lambda f: f.handed[0].update(why="force_assign"), "no step says so"),
    "hands changed without history": (lambda f: f.history.pop(-2), "tells its hand_over 0 times"),
    "an order without its time": (lambda f: f.clocks[1].update(state="satisfied"), "order 2 is open"),
    "an order that ended and runs": (lambda f: f.orders[0].update(state="accepted"), "order 2 is accepted"),
    "an order lost": (lambda f: f.orders.clear(), "order 2 was acknowledged and is not there"),
    "an order without history": (lambda f: f.history.pop(), "is kept 0 times"),
    "a part without its time": (lambda f: f.clocks[2].update(state="satisfied"), "part 4 is asked"),
    "a part whose other time runs": (lambda f: f.parts[0].update(state="accepted"), "part 4 is accepted"),
    "a part that ended and runs": (lambda f: f.parts[0].update(state="done"), "part 4 is done"),
    "a part of a case that ended": (lambda f: f.cases[0].update(status="closed"), "part 4 is asked, and its case"),
    "a part lost": (lambda f: f.parts.clear(), "part 4 was acknowledged and is not there"),
    "a part without history": (lambda f: f.history.pop(5), "part 4: ask was answered 1 times"),
    "two who took one step": (lambda f: f.collisions.append("uq_escalations"), "two writers"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_each_fault_is_found(what: str) -> None:
    facts = whole()
    ruin, words = BROKEN[what]
    ruin(facts)
    assert any(words in finding for finding in found(facts)), found(facts)


def test_a_step_after_the_promise_was_kept_is_found_unless_it_was_written_first() -> None:
    kept = {"at": at(100).isoformat(), "kind": "satisfied", "reason": "", "actor": "", "extra": None}
    facts = whole()
    facts.clocks[0]["events"].append(kept)
    del facts.ledger[3:], facts.history[3:5], facts.notices[3:5]
    late = {"case_id": 7, "seq": 9, "at": at(100), "actor": "staff", "action": "accept", "data": {}}
    assert found(Facts(**{**vars(facts), "history": [*facts.history, late]})) == []
    early = {**late, "seq": 1}
    assert any("had ended" in one for one in found(Facts(**{**vars(facts), "history": [early, *facts.history]})))


def test_what_may_be_dropped_is_no_finding() -> None:
    facts = whole()
    over(facts)
    facts.clocks[0]["state"] = "satisfied"
    facts.notices[1].update(state="dropped", failure=ANSWERED)
    facts.ledger[1]["acknowledged_at"] = at(130)
    assert found(facts, copies=dict(list(arrived(facts).items())[2:])) == []


def test_the_watch_must_call_where_the_top_was_asked_last_and_does_not_answer() -> None:
    facts = whole()
    assert not climbing.top_waits(facts)
    facts.ledger[4]["acknowledged_at"] = None
    assert climbing.top_waits(facts)
    facts.clocks[0]["state"] = "satisfied"
    assert not climbing.top_waits(facts)


def test_copies_are_counted_by_what_they_tell() -> None:
    facts = whole()
    copies = arrived(facts)
    lost = dict(list(copies.items())[1:])
    assert any("never arrived" in one for one in found(facts, copies=lost))
    assert any("no notice: x" in one for one in found(facts, copies=copies | {"x": [copy("x")]}))
    later = copies | {"x": [copy("x", at=facts.read_at + 1)]}
    assert found(facts, copies=later) == [], "what was written after the tables were read is not looked at"
    wrong = copies | {"receipt.N": [copy("receipt:N", "another@x.example")]}
    assert any("the receipt of N went to" in one for one in found(facts, copies=wrong))


def test_a_gathered_notice_is_told_by_its_digest() -> None:
    facts = whole()
    rest = dict(list(arrived(facts).items())[1:])
    digest = notice(20, "digest:5:11", template="digest", case_id=None)
    facts.notices[0].update(state="gathered", digest_id=20)
    facts.notices.append(digest)
    assert found(facts, copies=rest | {"digest.5.11": [copy("digest:5:11")]}) == []
    assert any("does not name" in one for one in found(facts, copies=rest | {"digest.5.11": [copy("d", body="M")]}))
    assert any("never arrived" in one for one in found(facts, copies=rest))
    digest["state"] = "waiting"
    assert any("its digest digest:5:11 still waits" in one for one in found(facts, copies=rest))
    facts.notices[0]["created_at"] = digest["created_at"] = facts.settled_at + timedelta(minutes=1)
    assert found(facts, copies=rest) == [], "what came later is not looked at"


def test_a_second_copy_needs_a_reason() -> None:
    twice = [copy("k", at=10.0), copy("k", at=12.0)]
    assert list(told_once({"k": twice}, []))
    assert not list(told_once({"k": twice}, [(11.0, 11.0)]))
    assert list(told_once({"k": twice}, [(13.0, 14.0)]))
    assert not list(told_once({"k": [copy("k", at=10.0, broken_off=True), twice[1]]}, []))
    late = [copy("k", at=10.0), copy("k", at=60.0)]
    assert list(told_once({"k": late}, [(40.0, 41.0)])), "it had been written down long before that sender was lost"


@pytest.mark.parametrize("what", ["worker", "beat"])
def test_a_second_process_may_have_been_sending_when_it_was_killed(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Breaker, "__post_init__", lambda _: None)
    monkeypatch.setattr(Breaker, "_second", lambda *_: None)
    breaker = Breaker(None)  # type: ignore[arg-type]  # Nothing is asked of the product.
    breaker._strike(Strike(0.0, f"second {what}", 1.0))
    assert len(breaker.senders_lost) == 1


def test_one_key_with_two_numbers_and_a_deed_that_is_gone_are_found() -> None:
    said = asked()
    said.asks[0].receipts.append(("M", "code"))
    said.done.append(("N", "accept"))
    words = " ".join(found(whole(), said))
    assert "one key was answered with 2 numbers" in words
    assert "accept was answered with 200 1 times and is kept 0 times" in words


def test_a_plan_is_repeated_by_its_seed_and_holds_every_fault() -> None:
    assert planned(5, LONG) == planned(5, LONG) != planned(6, LONG)
    for form in (SHORT, LONG):
        plan = planned(5, form)
        assert {s.fault for s in plan.with_residents} == set(WITH_RESIDENTS)
        assert {s.fault for s in plan.with_deadlines} == set(WITH_DEADLINES)
        assert all(1 <= s.at <= form.with_residents - 1 for s in plan.with_residents)


def test_the_receiver_counts_each_copy_and_refuses_and_breaks_off_some() -> None:
    with Receiver(seed=3) as receiver:
        receiver.box.refused_share, receiver.box.broken_off_share = 0.3, 0.3
        heard = []
        for n in range(40):
            with smtplib.SMTP(*receiver.mail_address) as line_:
                try:
                    line_.sendmail("a@b", ["c@d"], f"Message-ID: <k.{n % 10}@jiban>\r\nSubject: s\r\n\r\nbody")
                    heard.append("taken")
                except smtplib.SMTPServerDisconnected:
                    heard.append("broken off")
                except smtplib.SMTPDataError:
                    heard.append("refused")
        copies = [mail for mails in receiver.box.copies.values() for mail in mails]
    assert set(heard) == {"taken", "broken off", "refused"}
    assert len(copies) == 40 - heard.count("refused")
    assert sum(mail.broken_off for mail in copies) == heard.count("broken off")
    assert {mail.key for mail in copies} <= {f"k.{n}" for n in range(10)}


def test_the_receiver_counts_each_call_of_a_webhook_and_breaks_off_once() -> None:
    with Receiver(seed=3) as receiver:
        receiver.box.refused_share = 0.3
        heard = []
        for n in range(40):
            line_ = http.client.HTTPConnection(receiver.hook_host)
            said = json.dumps({"text": "t", "subject": "s", "to": "w"})
            try:
                line_.request("POST", "/", said, {"Idempotency-Key": f"k:{n % 10}"})
                heard.append(line_.getresponse().status)
            except http.client.RemoteDisconnected:
                heard.append(0)
            line_.close()
        copies = [call for calls in receiver.box.copies.values() for call in calls]
    assert set(heard) == {200, 503, 0}
    assert len(copies) == 40 - heard.count(503)
    assert [call.broken_off for call in copies].count(True) == heard.count(0) == 1
    assert receiver.box.hooks > HOOK_BREAKS_OFF_AT
    assert {(call.to, call.by) for call in copies} == {("w", "webhook")}


def test_the_log_of_the_database_tells_who_met_at_a_key() -> None:
    log = 'ERROR:  duplicate key value violates unique constraint "{}"\n'
    assert collisions(log.format("pk_idempotency_keys") + log.format("uq_x")) == ["uq_x"]


def test_a_round_is_a_line_and_all_rounds_a_sentence() -> None:
    one = Round(seed=9, faults=25, acknowledged=80, steps=600, notices=1500, findings=["x"] * 14)
    assert len(head().splitlines()[0]) == len(line(one.cells(1))) == len(head().splitlines()[1])
    assert "… and 2 more" in told(one.findings)
    assert "Findings: 28" in summary([one, one])


@pytest.mark.parametrize(
    "little", [{"acknowledged": 19}, {"steps": 19}, {"not_probed": ["refused"]}], ids=["cases", "steps", "probes"]
)
def test_a_round_in_which_too_little_happened_is_thin_unless_something_was_found(little: dict[str, Any]) -> None:
    full: dict[str, Any] = {"seed": 9, "acknowledged": 20, "steps": 20}
    assert not Round(**full).is_thin
    thin = Round(**full | little)
    assert thin.is_thin
    assert thin.cells(1)[-1] == "thin"
    assert "Thin: 1." in summary([thin])
    assert not Round(**full | little, findings=["x"]).is_thin
