"""Are the files read as written, and is every mistake named with its line and how to mend it?"""

import os
from datetime import date
from pathlib import Path

import pytest

import sla_policies
from sla_policies.amounts import budget
from sla_policies.documents import (
    DocumentInvalidError,
    book_from_texts,
    packaged_book,
    parse_calendar,
    parse_policy,
    read_book,
    text_hash,
)
from sla_policies.policy import Budget, Metric, TimeKind
from sla_policies.reading import in_language
from tests.sentences import said

BOOK = packaged_book()
FOLDER = Path(sla_policies.__file__).parent

POLICY = """\
name: small
version: "1"
effective_from: 2026-01-01
title: {zh: 小, en: Small}
policies:
  - name: question
    grade: C
    title: {zh: 咨询, en: Question}
    promise: {zh: 一个工作日, en: One working day}
    when: {grades: [C]}
    targets:
      resolve: {within: 5 workdays, calendar: workdays, satisfied_by: [resolved], source: here, mark: own}
    extensions: {times: 1, at_most: 2 workdays, source: here, mark: own}
    ladder: main
  - name: rest
    grade: G3
    default: true
    title: {zh: 一般, en: Ordinary}
    promise: {zh: 七天, en: Seven days}
    targets:
      contact: {within: 24h, satisfied_by: [public_reply], source: here, mark: own}
      resolve:
        within: 7d
        calendar: workdays
        satisfied_by: [resolved]
        pauses_for: [waiting_for_resident]
        pause_at_most: 7d
        source: here
        mark: own
    ladder: main
ladders:
  main:
    - {step: c1, on: contact, at: 50 %, to: [handler], act: remind, title: {zh: 提醒, en: Remind}, source: x, mark: own}
    - {step: c2, on: contact, at: due, to: [district_desk], act: climb, title: {zh: 升, en: Up}, source: x, mark: own}
    - {step: r1, on: resolve, at: 50 %, to: [handler], act: remind, title: {zh: 提醒, en: Remind}, source: x, mark: own}
    - {step: r2, on: resolve, at: due, to: [district_desk], act: red_card, title: {zh: 红, en: R}, source: x, mark: own}
raises:
  - {to: G1, words: [漏气], danger: true, why: {zh: 险, en: Danger}, source: here, mark: own}
"""
ORDERS = """\
orders:
  title: {zh: 督办, en: Order}
  order: {within: 24h, source: here, mark: own}
  verdict: {within: 24h, source: here, mark: own}
  ladder: main
"""
C1, R2 = "{step: c1, on: contact, at: 50 %", "to: [district_desk], act: red_card"
REST = "  - name: rest\n"
RAISE = "{to: G1, words: [漏气], danger: true, why: {zh: 险, en: Danger}"

YEAR = """\
year: 2026
notice: 国务院办公厅关于2026年部分节假日安排的通知
published: 2025-11-04
mark: B
balance: 2
balance_reason: a test
days:
  - name: {zh: 元旦, en: New Year}
    off: [2026-01-01..2026-01-03]
    worked: [2026-01-04]
  - name: {zh: 劳动节, en: Labour Day}
    off: [2026-05-01]
"""

DESKS = """\
zone: Asia/Shanghai
calendars:
  workdays:
    title: {zh: 工作日, en: Workdays}
    week:
      monday-friday: ["08:30-12:00", "13:30-17:30"]
    public_holidays: true
"""


def problems_of_policy(text: str) -> list[str]:
    with pytest.raises(DocumentInvalidError) as refused:
        parse_policy(text, "small.yaml", BOOK.calendars, categories=["C03", "B01"])
    return said(refused.value.problems)


def problems_of_calendar(text: str) -> list[str]:
    with pytest.raises(DocumentInvalidError) as refused:
        parse_calendar(text, "calendar.yaml")
    return said(refused.value.problems)


def problems_of_texts(**more: str) -> list[str]:
    texts = {"policies/small.yaml": POLICY, "calendars/desks.yaml": DESKS, "calendars/2026.yaml": YEAR}
    with pytest.raises(DocumentInvalidError) as refused:
        book_from_texts(texts | {name.replace("__", "/") + ".yaml": text for name, text in more.items()})
    return said(refused.value.problems)


def test_the_examples_of_these_tests_are_right() -> None:
    assert parse_policy(POLICY, "small.yaml", BOOK.calendars).name == "small"
    assert parse_calendar(YEAR, "2026.yaml").year == 2026  # type: ignore[union-attr]
    assert len(parse_calendar(DESKS, "desks.yaml")) == 1  # type: ignore[arg-type]


def test_a_source_may_be_told_in_one_language_or_in_both() -> None:
    both = POLICY.replace("source: here", "source: {zh: 此处, en: here}")
    half = POLICY.replace("source: here", "source: {zh: 此处}", 1)

    target = parse_policy(both, "small.yaml", BOOK.calendars).policies[0].targets[Metric.RESOLVE]
    assert (in_language(target.source, "zh"), in_language(target.source, "en")) == ("此处", "here")
    assert in_language("Proposed here", "zh") == in_language("Proposed here", "en") == "Proposed here"
    with pytest.raises(DocumentInvalidError, match="“en” is missing"):
        parse_policy(half, "small.yaml", BOOK.calendars)


POLICY_MISTAKES = [
    # what is written, what instead, on which line, and the beginning of what is said
    ("version:", "versoin:", 2, "The key “versoin” is not known here. Did you mean “version”?", 2),
    ("title: {zh: 小, en: Small}\n", "", 1, "“title” is missing."),
    ("title: {zh: 小, en: Small}", "title: {zh: 小}", 4, "“en” is missing."),
    ("title: {zh: 小, en: Small}", "title: Small", 4, "Here a table is expected."),
    ("effective_from: 2026-01-01", "effective_from: 2026-02-30", 3, "“2026-02-30” is no date."),
    ("effective_from: 2026-01-01", "effective_from: 20260101", 3, "“20260101” is no date."),
    ("policies:\n  - name: question", ORDERS + "policies:\n  - name: order", 11, "order is the name of what holds for"),
    (
        "effective_from: 2026-01-01",
        "effective_from: 2026-01-01\neffective_until: 2025-12-31",
        4,
        "It ends on 2025-12-31, before it begins.",
    ),
    ("name: small", "name: small pack", 1, "“small pack” cannot be a name."),
    ('version: "1"', 'version: ""', 2, "This text is empty"),
    ('version: "1"', "version: [1]", 2, "Here a text is expected."),
    ("grade: C", "grade: G5", 7, "“G5” is no known grade."),
    ("within: 5 workdays", "within: 5 weeks", 12, "“5 weeks” is no amount of one kind of time."),
    ("within: 5 workdays", "within: 1d 2 working hours", 12, "“1d 2 working hours” is no amount"),
    ("within: 24h", "within: -24h", 21, "“-24h” is no amount"),
    ("within: 24h", "within: 0h", 21, "“0h” is nothing"),
    ("within: 24h", "within: 9999d", 21, "“9999d” is nothing, or more than 1,000 days."),
    ("[public_reply]", "[automatic_notice]", 21, "“automatic_notice” is no known event for contact."),
    (
        "satisfied_by: [resolved], ",
        "satisfied_by: [public_reply], ",
        12,
        "“public_reply” is no known event for resolve",
    ),
    ("satisfied_by: [resolved], ", "", 12, "Nothing satisfies resolve."),
    ("within: 24h,", "within: 24h, pauses_for: [parked], pause_at_most: 1d,", 21, "Contact never pauses."),
    ("        pause_at_most: 7d\n", "", 26, "These pauses could last for ever."),
    ("pause_at_most: 7d", "pause_at_most: 5 workdays", 27, "The longest pause is told in workdays."),
    ("[waiting_for_resident]", "[lunch]", 26, "“lunch” is no known reason to pause."),
    ("satisfied_by: [public_reply], source: here", "satisfied_by: [public_reply]", 21, "“source” is missing."),
    (
        "[public_reply], source: here, mark: own",
        "[public_reply], source: here, mark: law",
        21,
        "“law” is no known mark.",
    ),
    ("5 workdays, calendar: workdays", "5 workdays, calendar: weekdays", 12, "There is no calendar weekdays."),
    ("5 workdays, calendar: workdays, ", "5 workdays, ", 12, "resolve counts workdays time, and every hour"),
    ("within: 24h", "within: 9d", 21, "contact has more time than the whole case."),
    ("      contact:", "      contakt:", 21, "The key “contakt” is not known here. Did you mean “contact”?"),
    ("ladder: main\n  - name: rest", "ladder: other\n  - name: rest", 14, "“other” is no known ladder."),
    ("    ladder: main\n  - name: rest", "  - name: rest", 6, "“ladder” is missing."),
    (
        "resolve: {within: 5 workdays, calendar: workdays, satisfied_by: [resolved]",
        "accept: {within: 5 workdays, calendar: workdays, satisfied_by: [accepted]",
        6,
        "question extends a promise it does not make.",
        0,
    ),
    ("at_most: 2 workdays", "at_most: 2d", 6, "question extends workdays time by elapsed time."),
    ("times: 1, at_most: 2 workdays,", "times: 1,", 13, "Extensions need a number of times and a limit together."),
    ("times: 1,", "times: many,", 13, "“many” is no whole number"),
    ("when: {grades: [C]}", "when: {categories: [Z01]}", 10, "“Z01” is no known category."),
    ("when: {grades: [C]}", "when: {grades: [C, C]}", 10, "“C” is listed twice."),
    ("when: {grades: [C]}", "when: {focus_groups: [rich]}", 10, "“rich” is no known focus group."),
    ("    when: {grades: [C]}\n", "", 6, "question matches every case without being the default."),
    ("    default: true\n", "    when: {grades: [G3]}\n", 1, "There is no default policy."),
    ("    default: true\n", "    default: true\n    when: {grades: [G3]}\n", 15, "The default rest has conditions."),
    ("    default: true\n", "    default: maybe\n", 17, "“maybe” is no known truth value."),
    (
        "    when: {grades: [C]}\n",
        "    default: true\n",
        15,
        "rest stands after the default question: a second default.",
    ),
    ("  - name: rest\n", "  - name: question\n", 15, "The name question is used twice."),
    (
        "    default: true\n",
        "    when: {grades: [C], channels: [web]}\n",
        15,
        "rest is never reached: question takes",
        2,
    ),
    ("{step: c1,", "{step: c2,", 34, "The step c2 is there twice in the ladder main."),
    ("{step: c1, on: contact", "{step: c1, on: kontakt", 33, "“kontakt” is no known promise."),
    ("{step: c1, on: contact", "{step: c1, on: accept", 33, "No policy with this ladder promises accept."),
    (C1, C1.replace("50 %", "150 %"), 34, "c2 comes before c1 in time."),
    (C1, C1.replace("50 %", "half way"), 33, "“half way” is no place on the way to the due time."),
    (C1, C1.replace("50 %", "0 %"), 33, "“0 %” is not between 1 % and 1000 %."),
    (C1, C1.replace("50 %", "before 2 working hours"), 33, "“before 2 working hours”: the hours of a step count"),
    (C1, C1.replace("50 %", "before 24h"), 33, "rest, c1: the step lies before the start of the promise."),
    (C1, C1.replace("50 %", "before 1 workday"), 33, "rest, c1: every day is a workday round the clock."),
    (R2, R2.replace("act: red_card", "act: yellow_card"), 36, "question, r2: a yellow card after", 2),
    (
        "{step: r1, on: resolve, at: 50 %",
        "{step: r1, on: resolve, at: before 1d",
        35,
        "question, r1: a day of 24 hours means",
        1,
    ),
    ("{step: r2, on: resolve, at: due", "{step: r2, on: resolve, at: after 400d", 36, "question, r2: a day of 24", 3),
    (C1, C1.replace("50 %", "50 %, acknowledge_within: 1h"), 33, "rest, c1: an answer is asked before"),
    (
        "to: [handler], act: remind, title: {zh: 提醒, en: Remind}",
        "to: [handler], act: red_card, title: {zh: 提, en: R}",
        33,
        "rest, c1: red_card before the promise is broken.",
        0,
    ),
    (C1, "{step: c0, on: contact, at: after 2h", 34, "c2 comes before c0 in time."),
    (
        C1 + ", to: [handler]",
        "{step: c0, on: contact, at: due, to: [district_desk]",
        34,
        "c2 tells the same people as c0 at once.",
    ),
    (
        "at: due, to: [district_desk], act: climb",
        "at: 90 %, to: [district_desk], act: remind",
        21,
        "Nobody hears when contact of rest is late.",
    ),
    (
        "to: [district_desk], act: climb",
        "to: [handler], act: climb",
        21,
        "A late contact of rest ends in nothing below the district.",
    ),
    ("to: [district_desk], act: climb", "to: [mayor], act: climb", 34, "“mayor” is no known role."),
    ("act: climb", "act: shout", 34, "“shout” is no known act."),
    (
        "act: climb",
        "act: climb, unless: [contacted]",
        21,
        "A late contact of rest ends in nothing below the district. Let the last step tell district_desk.",
    ),
    ("act: climb", "act: climb, unless: [sunday]", 34, "“sunday” is no known condition."),
    ("act: climb", "act: climb, wakes: perhaps", 34, "“perhaps” is no known truth value."),
    ("ladders:\n", "ladders:\n  spare: []\n", 32, "No policy uses the ladder spare."),
    ("ladders:\n  main:", "ladders:\n  9main:", 32, "“9main” cannot be a name.", 0),
    (RAISE, "{to: G1, danger: true, why: {zh: 险, en: Danger}", 38, "This rule raises nothing"),
    (RAISE, RAISE.replace("漏气", "漏"), 38, "A word of one character is in many harmless texts."),
    (
        RAISE,
        RAISE.replace("words: [漏气]", "focus_groups: [disabled], categories: [B99]"),
        38,
        "“B99” is no known category.",
    ),
    (
        "    targets:\n      resolve:",
        "    nothing: true\n    targets:\n      resolve:",
        12,
        "question promises nothing and has targets.",
        2,
    ),
    (
        "      resolve: {within: 5 workdays",
        "      accept: {within: 5h, satisfied_by: [resolved], source: h, mark: own}\n    x: {within: 5 workdays",
        13,
        "The key “x” is not known here.",
        0,
    ),
]


@pytest.mark.parametrize(("written", "instead", "line", "what", "count"), [(*m, 1)[:5] for m in POLICY_MISTAKES])
def test_a_mistake_in_a_policy_is_named_with_its_line(
    written: str, instead: str, line: int, what: str, count: int
) -> None:
    assert written in POLICY
    said = problems_of_policy(POLICY.replace(written, instead, 1))
    assert any(problem.startswith(f"small.yaml:{line}: {what}") for problem in said), "\n".join(said)
    assert count == 0 or len(said) == count, "\n".join(said)


YAML_MISTAKES = [
    ("name: small", "name: small\nname: large", 2, "The key “name” is there twice."),
    ("name: small", "name: &x small", 1, "References (& and *) are not read here."),
    ("name: small", "name: !!str small", 1, "Tags (tag:yaml.org,2002:str) are not read here."),
    ("name: small", "name: !!python/object/apply:os.system [ls]", 1, "Tags (tag:yaml.org,2002:python/object/apply"),
    ("name: small", "name: {{{{{{{{{{{{{{x}}}}}}}}}}}}}}", 1, "This is no YAML: more than 12 levels deep."),
    ("name: small", "name: [small", 2, "This is no YAML"),
    ("name: small", "name: small\n\tversion: 1", 2, "This is no YAML"),
    ("name: small", "name: small\n--- \nname: two", 1, "The file holds 2 documents."),
    ("name: small", "name: small\n? [a, b]\n: 1", 2, "A key must be a plain text."),
    ("name: small", "name: sm\x00all", 1, "This is no YAML"),
]


@pytest.mark.parametrize(("written", "instead", "line", "what"), YAML_MISTAKES)
def test_yaml_that_means_more_than_it_says_is_refused(written: str, instead: str, line: int, what: str) -> None:
    said = problems_of_policy(POLICY.replace(written, instead, 1))
    assert any(problem.startswith(f"small.yaml:{line}: {what}") for problem in said), "\n".join(said)


def test_a_bomb_of_references_does_not_go_off() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    assert any("References" in problem for problem in problems_of_policy(bomb))


def test_a_very_deep_file_is_refused_quickly() -> None:
    assert any("levels deep" in problem for problem in problems_of_policy("[" * 100_000))


def test_an_empty_file_says_what_is_missing() -> None:
    assert any("0 documents" in problem for problem in problems_of_policy(""))


def test_a_huge_text_is_refused() -> None:
    assert problems_of_policy("x" * 1_000_001)[0].startswith("small.yaml:1: The file is larger than 1 MB.")


def test_every_problem_is_told_and_not_only_the_first() -> None:
    text = (
        POLICY.replace("grade: C", "grade: X").replace("within: 24h", "within: soon").replace("act: climb", "act: run")
    )
    assert [problem.split(":")[1] for problem in problems_of_policy(text)] == ["7", "21", "34"]


CALENDAR_MISTAKES = [
    (YEAR, "year: 2026", "year: 1492", 1, "“1492” is no whole number from 1990 to 2100."),
    (YEAR, "notice: 国务院办公厅关于2026年部分节假日安排的通知\n", "", 1, "“notice” is missing."),
    (YEAR, "mark: B", "mark: Z", 4, "“Z” is no known mark."),
    (YEAR, "2026-05-01", "2025-05-01", 12, "2025-05-01 is not in 2026."),
    (YEAR, "2026-05-01", "2026-01-02", 12, "2026-01-02 is named twice."),
    (YEAR, "2026-05-01", "May 1", 12, "“May 1” is no date."),
    (YEAR, "2026-01-01..2026-01-03", "2026-01-03..2026-01-01", 9, "2026-01-03..2026-01-01 ends before it begins"),
    (YEAR, "2026-01-01..2026-01-03", "2026-01-01..2026-03-03", 9, "2026-01-01..2026-03-03 ends before it begins"),
    (YEAR, "2026-01-04", "2026-01-05", 10, "2026-01-05 is a Monday, worked anyway."),
    (YEAR, "balance_reason: a test\n", "", 5, "2026 has 13 statutory days."),
    (YEAR, "off: [2026-05-01]", "of: [2026-05-01]", 12, "The key “of” is not known here. Did you mean “off”?"),
    (DESKS, "Asia/Shanghai", "Asia/Atlantis", 1, "There is no time zone “Asia/Atlantis”."),
    (DESKS, "08:30-12:00", "08:30-25:00", 6, "“25:00” is no time of day"),
    (DESKS, "08:30-12:00", "08:30", 6, "“” is no time of day"),
    (DESKS, "08:30-12:00", "08:30-14:00", 6, "Hours of one day overlap."),
    (DESKS, "13:30-17:30", "13:30-00:00", 6, "13:30-00:00 ends where it begins, or at 00:00"),
    (DESKS, "08:30-12:00", "24:00-08:00", 6, "24:00-08:00 opens at 24:00: write it as 00:00 of the next day."),
    (DESKS, "13:30-17:30", "13:30-09:00", 5, "The night after Monday overlaps the next day's hours."),
    (DESKS, '["08:30-12:00", "13:30-17:30"]', "[]", 5, "The calendar workdays is empty"),
    (DESKS, "    public", '      tuesday: ["09:00-10:00"]\n    public', 7, "Tuesday has hours twice."),
    (DESKS, "monday-friday", "monday-freeday", 6, "The key “monday-freeday” is not known here."),
    (DESKS, "  workdays:", "  round_the_clock:", 3, "The calendar round_the_clock cannot be written."),
    (DESKS, "public_holidays: true\n", "public_holidays: true\n    dates: [x]\n", 8, "Here a table is expected."),
    (
        DESKS,
        "public_holidays: true\n",
        'public_holidays: true\n    off: [2026-11-23]\n    dates: {2026-11-23: ["09:00-10:00"]}\n',
        9,
        "2026-11-23 has hours and is a day off.",
    ),
]


@pytest.mark.parametrize(("right", "written", "instead", "line", "what"), CALENDAR_MISTAKES)
def test_a_mistake_in_a_calendar_is_named_with_its_line(
    right: str, written: str, instead: str, line: int, what: str
) -> None:
    assert written in right
    said = problems_of_calendar(right.replace(written, instead, 1))
    assert any(problem.startswith(f"calendar.yaml:{line}: {what}") for problem in said), "\n".join(said)


def test_a_policy_after_the_default_is_never_reached() -> None:
    begin, middle, end = (POLICY.index(text) for text in ("  - name: question", REST, "ladders:"))
    swapped = POLICY[:begin] + POLICY[middle:end] + POLICY[begin:middle] + POLICY[end:]
    (told,) = problems_of_policy(swapped)
    assert "question stands after the default rest: a policy that is never reached. Move the default last." in told


def test_a_narrower_rule_on_something_else_is_reached() -> None:
    first = "    when: {grades: [C]}\n"
    other = POLICY[POLICY.index("  - name: question") : POLICY.index("  - name: rest")]
    other = other.replace("question", "web").replace(first, "    when: {channels: [web]}\n")
    book = parse_policy(POLICY.replace("  - name: rest", other + "  - name: rest", 1), "small.yaml", BOOK.calendars)
    assert [policy.name for policy in book.policies] == ["question", "web", "rest"]


def test_hours_of_a_date_win_over_a_public_holiday_and_a_desk_may_close_by_itself() -> None:
    desks = DESKS + '    dates: {2026-01-01: ["09:00-10:00"]}\n    off: [2026-01-04, 2026-05-04]\n'
    texts = {"policies/small.yaml": POLICY, "calendars/desks.yaml": desks, "calendars/2026.yaml": YEAR}
    desk = book_from_texts(texts).calendars["workdays"]
    assert desk.is_workday(date(2026, 1, 1))
    assert not desk.is_workday(date(2026, 1, 2))
    assert not desk.is_workday(date(2026, 1, 4))
    assert not desk.is_workday(date(2026, 5, 4))


BETWEEN_FILES = [
    ({"calendars__2026": YEAR.replace("balance: 2", "balance: 3")}, "2026 has 2 weekdays off more than weekend days"),
    ({"calendars__2026b": YEAR}, "The year 2026 has two files."),
    ({"calendars__2024": "year: 2024\nnotice: n\nmark: M\ncomplete: false\ndays: []\n"}, "The year 2025 is missing."),
    (
        {
            "calendars__2027": "year: 2027\nnotice: n\nmark: M\ncomplete: false\ndays:\n"
            "  - {name: {zh: 一, en: one}, worked: [2026-12-26]}\n",
            "calendars__2026": YEAR + "  - {name: {zh: 二, en: two}, off: [2026-12-26]}\n",
        },
        "2026-12-26 is off here and worked in another year's file.",
    ),
    ({"calendars__more": DESKS}, "The calendar workdays is written twice."),
    ({"policies__other": POLICY}, "There are 2 policy files."),
]


@pytest.mark.parametrize(("more", "what"), BETWEEN_FILES)
def test_mistakes_between_files_are_named(more: dict[str, str], what: str) -> None:
    assert any(what in problem for problem in problems_of_texts(**more))


def test_a_december_day_of_the_next_notice_counts_for_its_own_year() -> None:
    newest = (
        "year: 2027\nnotice: n\nmark: M\ncomplete: false\ndays:\n  - {name: {zh: 一, en: one}, worked: [2026-12-26]}\n"
    )
    assert any("2026 has 1 weekdays off" in problem for problem in problems_of_texts(calendars__2027=newest))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "calendars").mkdir()
    with pytest.raises(DocumentInvalidError, match="cannot be read"):
        read_book(tmp_path / "absent.yaml", tmp_path / "calendars")
    with pytest.raises(DocumentInvalidError, match="There are no calendars here"):
        read_book(FOLDER / "policies" / "national.yaml", tmp_path / "calendars")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(DocumentInvalidError, match="not UTF-8"):
        read_book(tmp_path / "latin.yaml", FOLDER / "calendars")
    with (tmp_path / "large.yaml").open("wb") as large:
        os.ftruncate(large.fileno(), 10_000_000)
    with pytest.raises(DocumentInvalidError, match="larger than 1 MB"):
        read_book(tmp_path / "large.yaml", FOLDER / "calendars")


def test_a_book_can_be_read_again_from_the_texts_it_carries() -> None:
    again = book_from_texts(BOOK.texts)
    assert again.hash == BOOK.hash
    assert [p.name for p in again.policies] == [p.name for p in BOOK.policies]
    assert again.policies[0].targets == BOOK.policies[0].targets


def test_the_hash_depends_on_every_text_and_on_no_line_end() -> None:
    assert text_hash({"a": "x\n", "b": "y"}) == text_hash({"b": "y", "a": "x\r\n"})
    assert (
        len({text_hash({"a": "x"}), text_hash({"a": "y"}), text_hash({"b": "x"}), text_hash({"a": "x", "b": ""})}) == 4
    )
    windows = {name: text.replace("\n", "\r\n") for name, text in BOOK.texts.items()}
    assert book_from_texts(windows).hash == BOOK.hash


BUDGETS = [
    ("30m", Budget(30, TimeKind.ELAPSED)),
    ("90 min", Budget(90, TimeKind.ELAPSED)),
    ("2h", Budget(120, TimeKind.ELAPSED)),
    ("7d", Budget(7 * 1440, TimeKind.ELAPSED)),
    ("90 working minutes", Budget(90, TimeKind.WORKING)),
    ("1 working hour", Budget(60, TimeKind.WORKING)),
    ("1 workday", Budget(1, TimeKind.WORKDAYS)),
    ("5 workdays, same time", Budget(5, TimeKind.WORKDAYS, same_time=True)),
]


@pytest.mark.parametrize(("text", "meant"), BUDGETS)
def test_an_amount_of_time_is_written_in_words(text: str, meant: Budget) -> None:
    assert budget(text) == meant


def test_the_packaged_pack_uses_only_categories_that_exist() -> None:
    known = {f"{group}{n:02}" for group in "ABCDEFGHIJKLM" for n in range(1, 9)}
    read_book(FOLDER / "policies" / "national.yaml", FOLDER / "calendars", categories=known)


@pytest.mark.parametrize("year", range(2001, 2027))
def test_each_year_names_its_notice(year: int) -> None:
    found = parse_calendar((FOLDER / "calendars" / f"{year}.yaml").read_text(encoding="utf-8"), f"{year}.yaml")
    assert found.year == year  # type: ignore[union-attr]
    assert "国务院办公厅" in found.notice  # type: ignore[union-attr]


DESK = BOOK.calendars["workdays"]


@pytest.mark.parametrize("year", range(2002, 2027))
def test_the_days_of_each_year_balance(year: int) -> None:
    off = sum(day.year == year and day.weekday() < 5 for day in DESK.off)
    special = {2002: 12, 2005: 9, 2006: 9, 2007: 12, 2011: 10, 2012: 12, 2015: 12, 2020: 13}
    expected = special.get(year, 13 if year >= 2025 else 11 if year >= 2008 else 10)
    assert off - sum(day.year == year for day in DESK.worked) == expected


PUBLISHED = [
    ("2005-12-31", True),  # given in the notice for 2006
    ("2018-12-29", True),  # given in the notice for 2019
    ("2018-12-31", False),
    ("2019-04-28", True),  # make-up Sunday before a prolonged May Day
    ("2020-01-31", False),  # the prolonged Spring Festival
    ("2020-02-01", False),  # announced as worked, then off
    ("2026-02-14", True),
    ("2026-02-23", False),
    ("2026-09-20", True),
    ("2026-10-08", True),
]


@pytest.mark.parametrize(("day", "worked"), PUBLISHED)
def test_days_that_other_calendars_had_wrong(day: str, worked: bool) -> None:
    assert DESK.is_workday(date.fromisoformat(day)) is worked
