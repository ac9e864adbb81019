"""Does the engine give the results of our own cases, and does the replay notice when it does not?

The cases of `tests/cases` were derived without the engine: minute by minute over a wall calendar, with two other
calendars of China, from the State Council's notices, or by hand; each says how in `source`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sla_policies.replay import Outcome, Tally, Variant, Verdict, replay
from sla_policies.replay.running import ADAPTERS

FILES = sorted((Path(__file__).parents[1] / "cases").glob("*.jsonl"))
LINES = [line for file in FILES for line in file.read_text(encoding="utf-8").splitlines()]
CASES = [json.loads(line) for line in LINES]
LATER = "2031-01-01T00:00:00+00:00"


def one(case: object, **how: Any) -> Outcome:
    (outcome,) = replay([json.dumps(case)], **how)
    return outcome


@pytest.mark.parametrize("line", LINES, ids=[case["id"] for case in CASES])
def test_a_case_has_its_result(line: str) -> None:
    (outcome,) = replay([line])
    assert outcome.verdict is Verdict.PASSED, (outcome.case, outcome.got, outcome.why)


def test_there_are_cases_of_every_kind_each_with_its_source_and_its_own_id() -> None:
    assert {case["kind"] for case in CASES} == set(ADAPTERS)
    assert len({case["id"] for case in CASES}) == len(CASES) >= 200
    assert all(case["source"] for case in CASES)


def wrong(expected: Any) -> Iterator[Any]:
    """Yield what a case expects with one thing changed, each in turn."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            yield from ({**expected, key: other} for other in wrong(value))
        yield {**expected, "more": 1}
    elif isinstance(expected, list):
        yield [*expected, {"date": "2026-01-01", "isOffDay": True}]
        yield from ([*expected[:-1], other] for other in wrong(expected[-1]))
    elif isinstance(expected, bool):
        yield not expected
    elif isinstance(expected, (int, float)):
        yield expected + 0.001
    else:
        yield LATER


def test_whatever_is_changed_in_what_a_case_expects_is_noticed() -> None:
    blind = [
        (case["id"], other)
        for case in CASES
        for other in wrong(case["expected"])
        if one({**case, "expected": other}).verdict is not Verdict.FAILED
    ]
    assert blind == []


BROKEN = [
    (b'{"id": ', "This is no JSON"),
    (b"\xff\xfe\xfa", "This is no JSON"),
    (b"[" * 100_000, "This is no JSON"),
    (b"[1]", "A case is an object"),
    (b'{"id": 7}', "“id” is missing, or no text"),
    (b'{"id": "x", "kind": "workday", "calendar": {}, "input": {}}', "“expected” is missing, or no object"),
    (b" " * 1_000_001 + b"1", "longer than 1 MB"),
]


@pytest.mark.parametrize(("line", "why"), BROKEN)
def test_a_broken_line_is_named_by_its_number_and_the_others_go_on(line: bytes, why: str) -> None:
    first, broken, last = replay([LINES[0], b"\n", line, LINES[1]])
    assert (first.line, broken.line, last.line) == (1, 3, 4)
    assert (first.verdict, broken.verdict, last.verdict) == (Verdict.PASSED, Verdict.FAILED, Verdict.PASSED)
    assert why in broken.why


OFFICE = {"tz": "Asia/Shanghai", "hours": {"mon": [["09:00", "17:00"]]}}
SAID = {"start": "2026-03-02T10:00:00+08:00", "minutes": 60}
UNREADABLE = [
    ({"kind": "add_working_time", "input": {}}, "“start” is missing"),
    ({"kind": "add_working_time", "input": {**SAID, "minutes": "many"}}, "cannot be read"),
    ({"kind": "add_working_time", "calendar": {**OFFICE, "tz": "Moon/Crater"}}, "cannot be read"),
    ({"kind": "add_working_time", "calendar": {**OFFICE, "hours": {"moonday": []}}}, "moonday, which is not known"),
    ({"kind": "add_working_time", "calendar": {**OFFICE, "week_of": 2}}, "week_of, which is not known"),
    ({"kind": "deadline", "input": {**SAID, "target_minutes": 0.5}}, "0.5 minutes cannot be written"),
    ({"kind": "deadline", "input": {**SAID, "target_workdays": 1, "workday_mode": "odd"}}, "mode odd is not known"),
    ({"kind": "lifecycle", "input": {"targets": {}, "events": []}}, "cannot be read"),
    (
        {"kind": "lifecycle", "input": {"targets": {}, "events": [{"at": SAID["start"], "type": "sneezed"}]}},
        "“sneezed” is not known",
    ),
]


@pytest.mark.parametrize(("said", "why"), UNREADABLE)
def test_a_case_in_unknown_words_fails_and_is_not_taken_for_an_error_of_the_engine(
    said: dict[str, Any], why: str
) -> None:
    outcome = one({"id": "x", "calendar": OFFICE, "input": SAID, "expected": {"error": True}, **said})
    assert outcome.verdict is Verdict.FAILED
    assert why in outcome.why


def test_an_unknown_kind_fails_unless_it_is_skipped() -> None:
    case = {**CASES[0], "kind": "weather"}
    assert one(case).verdict is Verdict.FAILED
    assert one(case, skip=["weather"]).verdict is Verdict.REFUSED


def test_cases_of_another_meaning_are_replayed_only_where_the_engine_has_it() -> None:
    rolls = {**CASES[0], "verdict": "roll_at_closing"}
    clips = {
        **CASES[0],
        "kind": "deadline",
        "verdict": "day_mode_clip_to_last_hour",
        "calendar": {"tz": "UTC", "hours": {key: [["09:00", "17:00"]] for key in ("mon", "tue", "wed")}},
        "input": {"start": "2026-03-02T10:00:00+00:00", "target_workdays": 1, "end_of_working_day": True},
        "expected": {"due": "2026-03-03T17:00:00+00:00"},
    }
    assert [one(case).verdict for case in (rolls, clips)] == [Verdict.REFUSED] * 2
    as_recorded = [one(case, variant=Variant.AS_RECORDED).verdict for case in (rolls, clips)]
    assert as_recorded == [Verdict.REFUSED, Verdict.PASSED]


def test_outcomes_are_counted_by_kind_and_together() -> None:
    tally = Tally()
    for outcome in replay([LINES[0], "{", json.dumps({**CASES[0], "expected": {"due": LATER}})]):
        tally.note(outcome)
    assert tally.kinds == [CASES[0]["kind"], "broken"]
    assert [tally.number(verdict) for verdict in Verdict] == [1, 2, 0]
    assert tally.number(Verdict.FAILED, "broken") == 1


def test_lines_are_read_one_by_one_and_not_all_at_once() -> None:
    def endless() -> Iterator[str]:
        yield LINES[0]
        raise AssertionError("A second line was asked for.")

    assert next(replay(endless())).verdict is Verdict.PASSED
