# ruff: noqa: E501  # Lines of policy files are long.
"""How does what is not answered climb, and what must a policy file say of it and of supervise orders?"""

from datetime import UTC, datetime, timedelta

import pytest

from service.escalations.climbing import is_spent, next_climb_at
from sla_policies.climbing import UNSAID, Asked, Climbing, above, base_of, key_of, unanswered
from sla_policies.documents import DocumentInvalidError, book_from_texts, packaged_book, parse_policy
from sla_policies.policy import ORDERS, PARTS, Budget, Metric, TimeKind
from tests.pure.test_documents import POLICY
from tests.sentences import said

BOOK = packaged_book()
NOON, HOUR = datetime(2026, 11, 23, 4, 0, tzinfo=UTC), timedelta(hours=1)
HEAD, SUPERVISOR, DISTRICT = "community_head", "subdistrict_supervisor", "district_desk"


def asked(key: str, *roles: str, hour: int = 0, answered: int | None = None) -> Asked:
    """Asked so many hours after noon, to be answered within an hour, and answered at that hour or not."""
    at = NOON + hour * HOUR
    return Asked(key, roles, at, at + HOUR, None if answered is None else NOON + answered * HOUR)


LEDGERS = [
    # the ledger of a clock, and what of it waits for an answer
    ([asked("a", HEAD)], ["a"]),
    ([asked("a", HEAD, answered=1)], []),
    # asked later, as high or higher: they have it now
    ([asked("a", HEAD), asked("a.x", SUPERVISOR, hour=1)], ["a.x"]),
    ([asked("a", DISTRICT), asked("b", DISTRICT, hour=1)], ["b"]),
    # asked later, lower: both wait
    ([asked("a", DISTRICT), asked("b", SUPERVISOR, hour=1)], ["a", "b"]),
    # whoever stands as high answers for it by answering since
    ([asked("a", DISTRICT, answered=3), asked("b", SUPERVISOR, hour=1)], []),
    ([asked("a", DISTRICT, answered=1), asked("b", SUPERVISOR, hour=2)], ["b"]),
    # a lower answer answers nothing above
    ([asked("a", HEAD, answered=3), asked("a.x", SUPERVISOR, hour=1)], ["a.x"]),
    # of several roles the highest counts
    ([asked("a", "handler", SUPERVISOR), asked("b", HEAD, hour=1)], ["a", "b"]),
    ([], []),
]


@pytest.mark.parametrize(("ledger", "waits"), LEDGERS)
def test_what_waits_for_an_answer(ledger: list[Asked], waits: list[str]) -> None:
    assert [one.key for one in unanswered(ledger)] == waits


def test_only_superiors_are_climbed_to_the_nearest_first() -> None:
    assert above(asked("a", "handler")) == (HEAD, SUPERVISOR, DISTRICT)
    assert above(asked("a", "subdistrict_desk")) == (SUPERVISOR, DISTRICT)
    assert above(asked("a", HEAD, SUPERVISOR)) == (DISTRICT,)
    assert above(asked("a", DISTRICT)) == ()


def test_the_key_of_what_climbed_names_its_step_the_rung_and_the_turn() -> None:
    assert key_of("contact-1h", DISTRICT) == "contact-1h.district_desk"
    assert key_of("contact-1h", DISTRICT, 3) == "contact-1h.district_desk.3"
    assert {base_of(key) for key in ("contact-1h", "contact-1h.district_desk.3")} == {"contact-1h"}


def test_the_next_moment_is_the_first_missing_answer_that_somebody_else_is_asked_for() -> None:
    climbing = Climbing(rounds=2)
    ledger = [asked("a", DISTRICT), asked("b", SUPERVISOR, hour=3)]
    assert next_climb_at(ledger, climbing) == NOON + HOUR
    ledger = [asked("a", DISTRICT), asked("a.district_desk.2", DISTRICT, hour=1)]
    assert is_spent(ledger[-1], ledger, climbing)
    assert next_climb_at(ledger, climbing) is None


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


GOOD = (
    POLICY.replace("act: red_card,", "act: red_card, acknowledge_within: 1h,").replace(
        "raises:",
        """\
  order:
    - {step: o1, on: order, at: due, to: [addressee, issuer], act: call_out, title: {zh: 迟, en: L}, source: x, mark: own}
    - step: o2
      on: order
      at: after 4h
      to: [subdistrict_supervisor]
      act: climb
      acknowledge_within: 1h
      title: {zh: 迟, en: L}
      source: x
      mark: own
    - {step: o3, on: order, at: after 23h, to: [district_desk], act: climb, title: {zh: 迟, en: L}, source: x, mark: own}
    - {step: v1, on: verdict, at: due, to: [issuer, district_desk], act: climb, title: {zh: 审, en: V}, source: x, mark: own}
  part:
    - {step: r1, on: report_in, at: due, to: [addressee, district_desk], act: climb, title: {zh: 报, en: R}, source: x, mark: own}
    - {step: p1, on: part, at: due, to: [issuer, district_desk], act: climb, title: {zh: 协, en: P}, source: x, mark: own}
raises:""",
    )
    + """\
climbing:
  main: {district_desk: 1h, again: 4h, rounds: 3, source: here, mark: own}
  order:
    district_desk: 2h
    again: 4h
    rounds: 3
    source: here
    mark: own
orders:
  title: {zh: 督办, en: Order}
  order: {within: 24h, source: here, mark: own}
  verdict: {within: 1d, source: here, mark: own}
  ladder: order
parts:
  title: {zh: 协办, en: Part}
  report_in: {within: 2h, source: here, mark: own}
  part: {within: 3d, source: here, mark: own}
  ladder: part
"""
)
MISTAKES = [
    ("  main: {district_desk: 1h, again: 4h, rounds: 3, source: here, mark: own}\n", "", "main asks for answers, and"),
    ("    district_desk: 2h\n", "", "district_desk has no time of its own to answer in the ladder order."),
    ("again: 4h, rounds", "again: 10m, rounds", "The top is asked again before it can have answered."),
    ("    district_desk: 2h", "    district_desk: 2 workdays", "district_desk does not count day and night."),
    ("rounds: 3\n", "rounds: 21\n", "“21” is no whole number from 1 to 20."),
    ("rounds: 3\n", "rounds: 0\n", "“0” is no whole number from 1 to 20."),
    ("    again: 4h\n", "", "“again” is missing."),
    ("  order:\n    district_desk", "  orders:\n    district_desk", "“orders” is no known ladder."),
    ("    district_desk: 2h", "    district_head: 2h", "The key “district_head” is not known here."),
    ("    district_desk: 2h", "    handler: 2h", "The key “handler” is not known here."),
    ("to: [addressee, issuer]", "to: [handler, issuer]", "o1 tells somebody whom this promise has not."),
    ("to: [issuer, district_desk]", "to: [addressee, district_desk]", "v1 tells somebody whom this promise has not."),
    ("to: [handler], act: remind", "to: [issuer], act: remind", "c1 tells somebody whom this promise has not."),
    (
        "to: [addressee, issuer], act: call_out",
        "to: [addressee], act: call_out, acknowledge_within: 1h",
        "o1 asks only those who are late for an answer.",
    ),
    ("to: [district_desk], act: climb, title: {zh: 升", "to: [district_desk], act: hand_over, title: {zh: 升", "c2: hand_over gives"),
    ("  order: {within: 24h", "  order: {within: 90 working hours, calendar: workdays", "The term of order does not count day"),
    ("verdict: {within: 1d", "verdict: {within: 1d, pauses_for: [parked], pause_at_most: 1d", "Nothing lets verdict stand"),
    ("  verdict: {within: 1d, source: here, mark: own}\n", "", "“verdict” is missing."),
    ("  ladder: order\n", "  ladder: nobodys\n", "“nobodys” is no known ladder."),
    ("name: rest", f"name: {ORDERS}", "order is the name of what holds for orders."),
    ("name: rest", f"name: {PARTS}", "part is the name of what holds for parts."),
    ("to: [addressee, district_desk], act: climb, title: {zh: 报", "to: [handler, district_desk], act: climb, title: {zh: 报", "r1 tells somebody whom"),
    ("  report_in: {within: 2h", "  report_in: {within: 9 working hours, calendar: workdays", "The term of report_in does not count day"),
    ("  part: {within: 3d, source: here, mark: own}\n", "", "“part” is missing."),
    ("issuer, district_desk], act: climb, title: {zh: 协", "issuer], act: call_out, title: {zh: 协", "ends in nothing below the district"),
    ("contact: {within: 24h,", "part: {within: 24h,", "The key “part” is not known here."),
    ("contact: {within: 24h,", "order: {within: 24h,", "The key “order” is not known here."),
    ("at: after 23h, to: [district_desk]", "at: after 23h, to: [issuer, subdistrict_supervisor]", "ends in nothing below the district"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what"), MISTAKES)
def test_a_mistake_is_told(old: str, new: str, what: str) -> None:
    with pytest.raises(DocumentInvalidError) as refused:
        parse_policy(changed(old, new), "own.yaml", BOOK.calendars)
    told = said(refused.value.problems)
    assert any(what in one for one in told), told


def test_a_mistake_is_told_on_its_line() -> None:
    text = changed("    district_desk: 2h", "    district_desk: 2 workdays")
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "2 workdays" in line and "district_desk" in line)
    with pytest.raises(DocumentInvalidError) as refused:
        parse_policy(text, "own.yaml", BOOK.calendars)
    assert [problem.line for problem in refused.value.problems] == [line]


def test_a_pack_says_how_each_ladder_climbs_and_what_holds_for_orders() -> None:
    book = parse_policy(GOOD, "own.yaml", BOOK.calendars)
    rest = book.by_name["rest"]
    assert rest.climbing == Climbing({DISTRICT: Budget(60, TimeKind.ELAPSED)}, Budget(240, TimeKind.ELAPSED), 3, "here")
    assert book.orders is not None
    assert book.by_name[ORDERS] is book.orders
    assert set(book.orders.targets) == {Metric.ORDER, Metric.VERDICT}
    assert [step.key for step in book.orders.ladder] == ["o1", "o2", "o3", "v1"]
    assert book.parts is not None
    assert book.by_name[PARTS] is book.parts
    assert set(book.parts.targets) == {Metric.REPORT_IN, Metric.PART}
    assert {ORDERS, PARTS}.isdisjoint({policy.name for policy in book.policies}), "no case is ever put under it"


def test_a_text_of_before_that_is_kept_can_still_be_read_and_climbs_all_the_same() -> None:
    old = POLICY.replace("act: red_card,", "act: red_card, acknowledge_within: 1h,")
    years = {name: text for name, text in BOOK.texts.items() if name.startswith("calendars/")}
    texts = {"policies/small.yaml": old} | years
    with pytest.raises(DocumentInvalidError):
        book_from_texts(texts)
    book = book_from_texts(texts, is_stored=True)
    assert (book.orders, book.by_name["rest"].climbing) == (None, None)
    assert UNSAID.rounds > 1
