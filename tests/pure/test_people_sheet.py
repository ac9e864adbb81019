"""What would a sheet of people do, and what is wrong with each row of it?"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from service.accounts.rules import Away, PersonDetails, Role
from service.areas.rules import AreaLevel, AreaTree, Place
from service.errors import ServiceError
from service.roll import sheets
from service.roll.planning import plan
from service.roll.rules import Ground, Known, Outcome, Plan, Reach
from service.roll.sheets import NoLoginColumnError, read_people
from service.sheets import FileUnreadableError

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
HEAD = "login,name,role,area,phone,email,capacity,skills,speaks,language,works_here,version\n"
ADMIN, LI, HE = 1, 2, 3
COUNTY, TOWN, SHORE, OTHER = 10, 11, 12, 13


def place(area_id: int, parent: int | None, level: AreaLevel, code: str, name: str) -> Place:
    return Place(area_id, parent, level, code, name, name, name, name)


AREAS = AreaTree(
    {
        COUNTY: place(COUNTY, None, AreaLevel.COUNTY, "990100", "江城区"),
        TOWN: place(TOWN, COUNTY, AreaLevel.SUBDISTRICT, "990101001", "望湖街道"),
        SHORE: place(SHORE, TOWN, AreaLevel.COMMUNITY, "990101001001", "湖滨社区"),
        OTHER: place(OTHER, COUNTY, AreaLevel.SUBDISTRICT, "990101101", "柳溪镇"),
    }
)


def known(person_id: int, login: str, role: Role, area_id: int, **facts: Any) -> Known:
    details = PersonDetails(login.title(), role, area_id, phone="13800138000", email=f"{login}@example.org")
    stands = {name: facts.pop(name) for name in list(facts) if name in PersonDetails.__dataclass_fields__}
    return Known(person_id, login, replace(details, **stands), f"mark-{login}", **facts)


PEOPLE = (
    known(ADMIN, "admin", Role.ADMIN, COUNTY),
    known(LI, "li.qiang", Role.WORKER, SHORE, topics=frozenset({"C03"})),
    known(HE, "he.jun", Role.HEAD, SHORE, open_cases=2),
)


def ground(*people: Known, by: int = ADMIN, role: Role = Role.ADMIN, near: frozenset[int] | None = None) -> Ground:
    there = {one.login: one for one in (people or PEOPLE)}
    return Ground(there, AREAS, frozenset({"C", "C03", "C05"}), by, role, NOW, near)


def planned(text: str, on: Ground | None = None) -> Plan:
    return plan(read_people("people.csv", text.encode()), on or ground())


def faults(seen: Plan) -> list[tuple[int, str]]:
    return [(told.row, told.column) for told in seen.faults]


def test_every_row_is_named_with_what_would_become_of_it() -> None:
    seen = planned(
        "login,name,role,area,capacity\n"
        "sun.li,孙丽,worker,990101001001,25\nli.qiang,,,,30\nhe.jun,He.Jun,head,湖滨社区,20\nx,甲,worker,990101001001,9\n"
    )
    assert [one.outcome for one in seen.rows] == [Outcome.NEW, Outcome.CHANGED, Outcome.SAME, Outcome.REFUSED]
    new, changed, *_ = seen.rows
    assert new.details == PersonDetails("孙丽", Role.WORKER, SHORE, capacity=25)
    assert changed.changes == {"capacity": (20, 30)}
    assert changed.details is not None
    assert (changed.details.phone, changed.topics) == ("13800138000", frozenset({"C03"}))
    assert faults(seen) == [(5, "login")]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",甲,worker,990101001001,,,,,,,,", "login"),
        ("Sun Li,甲,worker,990101001001,,,,,,,,", "login"),
        ("sun.li,,worker,990101001001,,,,,,,,", "name"),
        ("sun.li," + "长" * 61 + ",worker,990101001001,,,,,,,,", "name"),
        ("sun.li,甲,,990101001001,,,,,,,,", "role"),
        ("sun.li,甲,boss,990101001001,,,,,,,,", "role"),
        ("sun.li,甲,worker,,,,,,,,,", "area"),
        ("sun.li,甲,worker,990199,,,,,,,,", "area"),
        ("sun.li,甲,head,990101001,,,,,,,,", "role"),
        ("sun.li,甲,supervisor,990101001001,,,,,,,,", "role"),
        ("sun.li,甲,triage,990100,,,,,,,,", "role"),
        ("sun.li,甲,district,990101001,,,,,,,,", "role"),
        ("sun.li,甲,worker,990101001001,12,,,,,,,", "phone"),
        ("sun.li,甲,worker,990101001001,138****8000,,,,,,,", "phone"),
        ("sun.li,甲,worker,990101001001,,nobody,,,,,,", "email"),
        ("sun.li,甲,worker,990101001001,,,501,,,,,", "capacity"),
        ("sun.li,甲,worker,990101001001,,,many,,,,,", "capacity"),
        ("sun.li,甲,worker,990101001001,,,,C03、X99,,,,", "skills"),
        ("sun.li,甲,worker,990101001001,,,,,klingon,,,", "speaks"),
        ("sun.li,甲,worker,990101001001,,,,,,de,,", "language"),
        ("sun.li,甲,worker,990101001001,,,,,,,maybe,", "works_here"),
        ("sun.li,=1+1,worker,990101001001,,,,,,,,", "name"),
        ("sun.li,@SUM(A1),worker,990101001001,,,,,,,,", "name"),
        ("sun.li,甲,worker,990101001001,,,,,,,,mark-li.qiang", "login"),
        ("li.qiang,甲,worker,,,,,,,,,mark-of-old", "version"),
        ("he.jun,,,,,,,,,,no,", "works_here"),
        ("admin,,worker,,,,,,,,,", "role"),
        ("admin,,,,,,,,,,否,", "works_here"),
    ],
)
def test_a_bad_row_is_named_with_its_number_and_column(row: str, column: str) -> None:
    good = "wu.dan,吴丹,triage,990101001,,,,,,,,\n"
    seen = planned(HEAD + good + row + "\n")
    assert (3, column) in faults(seen)
    assert {line for line, _ in faults(seen)} == {3}
    assert seen.rows[0].outcome is Outcome.NEW


def test_everything_wrong_with_a_row_is_told_at_once() -> None:
    seen = planned(HEAD + "sun.li,甲,boss,990199,12,nobody,501,X99,xx,de,maybe,\n")
    columns = {column for _, column in faults(seen)}
    assert columns == {"role", "area", "phone", "email", "capacity", "skills", "speaks", "language", "works_here"}


def test_two_rows_with_one_sign_in_name_are_told() -> None:
    seen = planned(HEAD + "Sun.Li,甲,worker,990101001001,,,,,,,,\n sun.li ,乙,worker,990101001001,,,,,,,,\n")
    assert [(told.row, told.column, told.facts) for told in seen.faults] == [(3, "login", {"first": 2})]


def test_a_cell_is_emptied_by_a_word_and_kept_when_it_is_empty() -> None:
    seen = planned("登录名,电话号码,邮箱,擅长\nli.qiang,无,none,无\n")
    assert seen.rows[0].changes == {
        "phone": ("13800138000", ""),
        "email": ("li.qiang@example.org", None),
        "skills": (["C03"], []),
    }
    assert planned("登录名,电话号码,邮箱,擅长\nli.qiang,,,\n").rows[0].outcome is Outcome.SAME


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_in_chinese_is_read_as_spreadsheets_write_it(encoding: str) -> None:
    text = (
        "登录名;姓名;角色;所在单位编码;通知语言;是否在岗;擅长\nsun.li;孙丽;社区工作者;990101001001;英文;是;C03，C05\n"
    )
    seen = plan(read_people("x.csv", text.encode(encoding)), ground())
    (one,) = seen.rows
    assert one.details == PersonDetails("孙丽", Role.WORKER, SHORE, language="en")
    assert one.topics == {"C03", "C05"}


def test_a_supervisor_touches_only_people_below_them_in_their_own_area() -> None:
    people = (
        known(4, "chen.jing", Role.SUPERVISOR, TOWN, reach=Reach.NEAR),
        known(LI, "li.qiang", Role.WORKER, SHORE),
        known(5, "far", Role.WORKER, OTHER, reach=Reach.FAR),
    )
    on = ground(*people, by=4, role=Role.SUPERVISOR, near=frozenset({TOWN, SHORE}))
    text = "login,name,role,area\nli.qiang,新,,\nchen.jing,新,,\nfar,新,,\nnew.one,新,worker,990101101\n"
    seen = planned(text + "new.two,新,admin,990101001\nli.qiang2,新,worker,990101001001\n", on)
    assert faults(seen) == [(3, "login"), (4, "login"), (5, "area"), (6, "role")]
    taken = next(told.sentence for told in seen.faults if told.row == 4)
    assert taken == "Somebody else signs in with this name. Please choose another."


def test_the_last_administrator_stays() -> None:
    people = (known(7, "root", Role.ADMIN, COUNTY), known(8, "second", Role.ADMIN, COUNTY, is_active=False))
    on = ground(*people, by=99)
    assert faults(planned("login,role\nroot,worker\nsecond,worker\n", on)) == [(2, "role")]
    instead = planned("login,role,works_here\nroot,worker,\nsecond,,yes\n", on)
    assert faults(instead) == []
    two = ground(*people, known(9, "third", Role.ADMIN, COUNTY), by=99)
    assert faults(planned("login,role\nroot,worker\n", two)) == []


def test_a_row_is_not_looked_into_when_it_changes_nothing() -> None:
    odd = known(LI, "li.qiang", Role.HEAD, TOWN, email="no mail")
    admin = PEOPLE[0]
    assert planned("login,role,area,version\nli.qiang,head,990101001,old\n", ground(admin, odd)).faults == []
    assert faults(planned("login,capacity\nli.qiang,3\n", ground(admin, odd))) == [(2, "email")]


def test_an_absence_is_noted_with_who_stands_in() -> None:
    seen = planned("login,away_from,away_until,substitute\nli.qiang,2026-12-01,2026/12/5,he.jun\n")
    (one,) = seen.rows
    assert one.absence == Away(datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 5, 16, tzinfo=UTC), HE)
    noted = known(LI, "li.qiang", Role.WORKER, SHORE, absences=(one.absence,))
    on = ground(PEOPLE[0], noted, PEOPLE[2])
    again = "login,away_from,away_until,substitute\nli.qiang,2026-12-01T00:00:00,2026-12-05T00:00:00,he.jun\n"
    assert planned(again, on).rows[0].outcome is Outcome.SAME


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("2026-12-01,,", "away_until"),
        ("soon,2026-12-05,", "away_from"),
        ("2026-12-05,2026-12-01,", "away_until"),
        ("2026-11-01,2026-11-05,", "away_until"),
        ("2026-12-01,2028-12-01,", "away_until"),
        ("2026-02-30,2026-12-01,", "away_from"),
        ("2026-12-01 08:30,2026-12-01 18:00,nobody", "substitute"),
        ("2026-12-01,2026-12-05,li.qiang", "substitute"),
        ("2026-12-01,2026-12-05,left", "substitute"),
        ("2026-12-24,2026-12-26,", "away_from"),
        ("2026-12-25,2026-12-26,he.jun", "substitute"),
    ],
)
def test_an_absence_that_cannot_be_is_told(cells: str, column: str) -> None:
    christmas = Away(datetime(2026, 12, 24, 16, tzinfo=UTC), datetime(2026, 12, 26, 16, tzinfo=UTC))
    li = known(LI, "li.qiang", Role.WORKER, SHORE, absences=(christmas,))
    left = known(9, "left", Role.WORKER, SHORE, is_active=False)
    on = ground(PEOPLE[0], li, PEOPLE[2], left)
    seen = planned(f"login,away_from,away_until,substitute\nli.qiang,{cells}\n", on)
    assert faults(seen) == [(2, column)]


def test_everything_wrong_with_an_absence_is_told_at_once() -> None:
    seen = planned("login,away_from,away_until,substitute\nli.qiang,soon,,nobody\n")
    assert [column for _, column in faults(seen)] == ["away_from", "away_until", "substitute"]


def test_an_absence_that_is_noted_stays_as_it_is_whoever_stands_in() -> None:
    """The substitute may have left, or work where the reader may not look."""
    away = Away(datetime(2026, 11, 30, 16, 0, 7, tzinfo=UTC), datetime(2026, 12, 5, 16, tzinfo=UTC), 9)
    li = known(LI, "li.qiang", Role.WORKER, SHORE, absences=(away,))
    left = known(9, "left", Role.WORKER, SHORE, is_active=False, reach=Reach.FAR)
    on = ground(PEOPLE[0], li, PEOPLE[2], left)
    head = "login,away_from,away_until,substitute\n"
    for substitute in ("left", ""):
        (one,) = planned(f"{head}li.qiang,2026-12-01,2026-12-05,{substitute}\n", on).rows
        assert one.outcome is Outcome.SAME
    assert faults(planned(f"{head}li.qiang,2026-12-01,2026-12-05,he.jun\n", on)) == [(2, "substitute")]


def test_columns_that_are_not_known_are_named_but_not_those_for_readers() -> None:
    seen = planned("login,Handy,所在单位,area_name,,备注 \nli.qiang,1,2,3,4,5\n")
    assert (seen.left_out, seen.rows[0].outcome) == (("Handy", "备注"), Outcome.SAME)


def test_two_rows_that_would_stand_in_for_each_other_are_told() -> None:
    head = "login,away_from,away_until,substitute\n"
    circle = "li.qiang,2026-12-01,2026-12-05,he.jun\nhe.jun,2026-12-04,2026-12-08,li.qiang\n"
    assert faults(planned(head + circle)) == [(2, "substitute"), (3, "substitute")]
    apart = "li.qiang,2026-12-01,2026-12-03,he.jun\nhe.jun,2026-12-04,2026-12-08,li.qiang\n"
    assert faults(planned(head + apart)) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", b""),
        ("x.csv", b"a,b\n1,2\n"),
        ("x.csv", b"login\n"),
        ("x.xlsx", b"PK\x03\x04broken"),
        ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\xff\xff"),
    ],
)
def test_what_is_no_sheet_of_people_is_refused(name: str, content: bytes) -> None:
    with pytest.raises((NoLoginColumnError, FileUnreadableError)) as refused:
        read_people(name, content)
    assert isinstance(refused.value, ServiceError)


def test_a_sheet_of_more_people_than_can_be_looked_at_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_PEOPLE", 2)
    assert len(read_people("x.csv", b"login\na\nb\n").rows) == 2
    with pytest.raises(sheets.TooManyPeopleError):
        read_people("x.csv", b"login\na\nb\nc\n")


def test_one_bad_row_among_ten_thousand_is_found_in_seconds() -> None:
    there = [known(100 + n, f"p{n:05d}", Role.WORKER, SHORE) for n in range(5_000)]
    rows = [f"p{n:05d},甲{n},worker,990101001001,139{n:08d},p{n}@example.org,30,C03" for n in range(10_000)]
    rows[7_776] = rows[7_776].replace("990101001001", "NOWHERE")
    began = time.perf_counter()
    seen = planned("login,name,role,area,phone,email,capacity,skills\n" + "\n".join(rows), ground(PEOPLE[0], *there))
    assert time.perf_counter() - began < 10
    assert faults(seen) == [(7_778, "area")]
    assert (len(seen.of(Outcome.NEW)), len(seen.of(Outcome.CHANGED))) == (4_999, 5_000)


def test_the_digest_is_another_one_when_somebody_was_changed_here_meanwhile() -> None:
    text = "login,capacity\nli.qiang,30\n"
    seen = planned(text)
    assert planned(text).digest == seen.digest
    changed = replace(PEOPLE[1], mark="other")
    assert planned(text, ground(PEOPLE[0], changed)).digest != seen.digest
