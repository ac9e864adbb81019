from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.actions import change_person
from service.accounts.rules import AbsenceKind, DutyDays, DutyHours, PersonDetails
from service.accounts.tables import Absence, Person
from service.assignments import queries
from service.assignments.queries import Matter, loads_for
from service.audit.queries import broken_chains, history
from service.cli.doctor import duties
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError
from service.intake.actions import open_case
from service.outbox.tables import Notice
from service.rosters.actions import add_absence, add_duties, end_absence
from service.rosters.coverage import teams, uncovered
from service.rosters.queries import person_of_feed, rosters, shifts, swaps_among, swaps_of
from service.rosters.rules import Days, SkillKind, Span, SwapState, turns
from service.rosters.shifts import add_shift, make_feed, revoke_feed, set_skills, take_off
from service.rosters.swaps import SwapNotPossibleError, answer_swap, ask_swap, see_swap, withdraw_swap
from service.rosters.tables import RosterFeed, Shift
from service.rosters.telling import planners
from service.routing.choosing import MOST_SOON
from service.routing.queries import directory
from tests.builders import a_request, case_of
from tests.people import Town

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = Days()
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def span(starts: str, ends: str) -> Span:
    return at(starts), at(ends)


MONDAY = span("11-30T08:30", "11-30T17:30")
TUESDAY = span("12-01T08:30", "12-01T17:30")
SATURDAY = span("11-28T09:00", "11-28T12:00")


def on_roster(session: Session, person: Person, first: str = "11-23", last: str = "12-06") -> list[str]:
    days = date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}")
    roster = rosters(session, [person.id or 0], *days, ZONE)[person.id or 0]
    found = turns(roster, *days, DAYS, ZONE)
    return [f"{t.starts_at.astimezone(ZONE):%m-%d %H:%M}–{t.ends_at.astimezone(ZONE):%H:%M}" for t in found]


def test_a_single_shift_is_added_and_taken_off(session: Session, town: Town, now: datetime) -> None:
    add_shift(session, town.li_qiang, SATURDAY, DAYS, by=town.he_jun, now=now)
    assert "11-28 09:00–12:00" in on_roster(session, town.li_qiang)
    known = directory(session)
    assert known.is_on_duty(known.people[town.li_qiang.id], SATURDAY[0])
    take_off(session, town.li_qiang, SATURDAY, DAYS, by=town.he_jun, now=now)
    assert "11-28 09:00–12:00" not in on_roster(session, town.li_qiang)
    assert session.exec(select(Shift)).all() == []
    told = [row["action"] for row in history(session, "person", town.li_qiang.id)]
    assert told == ["shift.added", "shift.taken-off"]
    assert broken_chains(session) == []


def test_one_day_of_the_week_is_taken_off_and_given_back(session: Session, town: Town, now: datetime) -> None:
    take_off(session, town.li_qiang, MONDAY, DAYS, by=town.he_jun, now=now)
    assert "11-30 08:30–17:30" not in on_roster(session, town.li_qiang)
    known = directory(session)
    assert not known.is_on_duty(known.people[town.li_qiang.id], MONDAY[0])
    with pytest.raises(NotFoundError):
        take_off(session, town.li_qiang, MONDAY, DAYS, by=town.he_jun, now=now)
    add_shift(session, town.li_qiang, MONDAY, DAYS, by=town.he_jun, now=now)
    assert "11-30 08:30–17:30" in on_roster(session, town.li_qiang)
    assert session.exec(select(Shift)).all() == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (span("11-30T17:00", "11-30T20:00"), "starts_at"),  # overlaps
        (span("11-28T12:00", "11-28T09:00"), "ends_at"),  # backwards
        (span("11-28T09:00", "11-28T09:00"), "ends_at"),
        (span("11-01T09:00", "11-01T12:00"), "ends_at"),  # over
        (span("11-28T09:00", "11-29T09:01"), "starts_at"),  # longer than a day
        ((at("11-28T09:00").replace(year=2062), at("11-28T12:00").replace(year=2062)), "ends_at"),
    ],
)
def test_hours_that_cannot_be_are_refused(session: Session, town: Town, now: datetime, asked: Span, field: str) -> None:
    with pytest.raises(InvalidFieldsError) as wrong:
        add_shift(session, town.li_qiang, asked, DAYS, by=town.he_jun, now=now)
    assert list(wrong.value.fields) == [field]


def test_a_shift_across_midnight_and_one_until_midnight(session: Session, town: Town, now: datetime) -> None:
    add_shift(session, town.li_qiang, span("11-28T20:00", "11-29T08:00"), DAYS, by=town.he_jun, now=now)
    add_shift(session, town.sun_li, span("11-28T12:00", "11-29T00:00"), DAYS, by=town.he_jun, now=now)
    assert on_roster(session, town.li_qiang, "11-29", "11-29") == ["11-28 20:00–08:00"]
    assert on_roster(session, town.sun_li, "11-29", "11-29") == []
    assert on_roster(session, town.sun_li, "11-28", "11-28") == ["11-28 12:00–00:00"]


@pytest.mark.parametrize("who", ["li_qiang", "sun_li", "zhou_tao", "wu_dan"])
def test_only_who_leads_the_place_writes_its_roster(session: Session, town: Town, now: datetime, who: str) -> None:
    by = town.people[who]
    with pytest.raises(NotAllowedError):
        add_shift(session, town.li_qiang, SATURDAY, DAYS, by=by, now=now)
    with pytest.raises(NotAllowedError):
        add_duties(session, town.li_qiang, [DutyHours(5, time(9), time(12))], by=by, now=now)
    with pytest.raises(NotAllowedError):
        set_skills(session, town.li_qiang, [(SkillKind.LANGUAGE, "en")], by=by, now=now)


def test_the_head_of_another_community_does_not(session: Session, town: Town, now: datetime) -> None:
    with pytest.raises(NotAllowedError):
        add_shift(session, town.zhao_min, SATURDAY, DAYS, by=town.he_jun, now=now)
    add_shift(session, town.zhao_min, SATURDAY, DAYS, by=town.qian_bo, now=now)


def test_everybody_reports_their_own_absence_and_nobody_elses(session: Session, town: Town, now: datetime) -> None:
    ill = absence(town.li_qiang, kind=AbsenceKind.SICK)
    add_absence(session, town.li_qiang, ill, by=town.li_qiang, now=now)
    known = directory(session)
    assert known.is_absent(known.people[town.li_qiang.id], now + timedelta(hours=2))
    kept = history(session, "person", town.li_qiang.id)[0]["data"]["absence"][1]
    assert kept.keys() == {"starts_at", "ends_at", "substitute_id"}
    end_absence(session, town.li_qiang, ill.id or 0, by=town.li_qiang, now=now + timedelta(hours=3))
    with pytest.raises(NotAllowedError):
        add_absence(session, town.sun_li, absence(town.sun_li), by=town.li_qiang, now=now)


def absence(
    person: Person, to: Person | None = None, *, kind: AbsenceKind = AbsenceKind.LEAVE, last: int = 2
) -> Absence:
    return Absence(
        person_id=person.id or 0,
        starts_at=at("11-23T09:00"),
        ends_at=at("11-23T09:00") + last * DAY,
        substitute_id=to.id if to else None,
        kind=kind,
    )


def test_two_people_do_not_stand_in_for_each_other(session: Session, town: Town, now: datetime) -> None:
    add_absence(session, town.li_qiang, absence(town.li_qiang, town.sun_li), by=town.he_jun, now=now)
    with pytest.raises(InvalidFieldsError) as wrong:
        add_absence(session, town.sun_li, absence(town.sun_li, town.li_qiang), by=town.he_jun, now=now)
    assert list(wrong.value.fields) == ["substitute"]
    add_absence(session, town.sun_li, absence(town.sun_li, town.zhao_min), by=town.he_jun, now=now)
    case = case_of(session, open_case(session, a_request(), now=now + 2 * timedelta(hours=1)).number)
    assert case.assignee_id == town.zhao_min.id


def test_an_absence_that_never_ends_is_refused(session: Session, town: Town, now: datetime) -> None:
    with pytest.raises(InvalidFieldsError) as wrong:
        add_absence(session, town.li_qiang, absence(town.li_qiang, last=9000), by=town.he_jun, now=now)
    assert list(wrong.value.fields) == ["ends_at"]


def test_a_holiday_duty_may_have_the_hours_of_a_workday_duty(session: Session, town: Town, now: datetime) -> None:
    same = DutyHours(5, time(9), time(12), DutyDays.WORKDAYS)
    add_duties(session, town.li_qiang, [same, replace(same, days=DutyDays.HOLIDAYS)], by=town.he_jun, now=now)
    with pytest.raises(InvalidFieldsError):
        add_duties(session, town.li_qiang, [replace(same, days=DutyDays.EVERY)], by=town.he_jun, now=now)


def test_a_swap_is_asked_accepted_and_seen(session: Session, town: Town, now: datetime) -> None:
    add_shift(session, town.li_qiang, SATURDAY, DAYS, by=town.he_jun, now=now)
    swap = ask_swap(session, town.li_qiang, town.sun_li.id, SATURDAY, None, DAYS, words="孩子开学", now=now)
    assert "11-28 09:00–12:00" in on_roster(session, town.li_qiang)
    assert [s.id for s in swaps_of(session, town.sun_li.id, since=now)] == [swap.id]
    with pytest.raises(NotFoundError):
        answer_swap(session, swap.id or 0, DAYS, accept=True, by=town.zhao_min, now=now)

    answer_swap(session, swap.id or 0, DAYS, accept=True, by=town.sun_li, now=now)
    assert "11-28 09:00–12:00" not in on_roster(session, town.li_qiang)
    assert "11-28 09:00–12:00" in on_roster(session, town.sun_li)
    assert [s.id for s, _, _ in swaps_among(session, [town.li_qiang.area_id], since=now)] == [swap.id]
    with pytest.raises(NotAllowedError):
        see_swap(session, swap.id or 0, by=town.li_qiang, now=now)
    notices = session.exec(select(Notice).order_by(col(Notice.id)))
    assert [(n.template, n.person_id, n.facts["name"]) for n in notices] == [
        ("swap_asked", town.sun_li.id, "李强"),
        ("swap_accepted", town.li_qiang.id, "孙丽"),
        ("swap_to_see", town.he_jun.id, "孙丽"),
    ]
    see_swap(session, swap.id or 0, by=town.he_jun, now=now)
    assert (swap.seen_by_id, swaps_among(session, [town.li_qiang.area_id], since=now)) == (town.he_jun.id, [])
    for person, count in ((town.li_qiang, 4), (town.sun_li, 1)):
        told = [row["action"] for row in history(session, "person", person.id) if row["action"].startswith("s")]
        assert len(told) == count, told
    assert broken_chains(session) == []


def test_two_days_of_the_week_change_hands(session: Session, town: Town, now: datetime) -> None:
    take_off(session, town.sun_li, MONDAY, DAYS, by=town.he_jun, now=now)
    take_off(session, town.li_qiang, TUESDAY, DAYS, by=town.he_jun, now=now)
    swap = ask_swap(session, town.li_qiang, town.sun_li.id, MONDAY, TUESDAY, DAYS, words="", now=now)
    answer_swap(session, swap.id or 0, DAYS, accept=True, by=town.sun_li, now=now)
    assert on_roster(session, town.li_qiang, "11-30", "12-01") == ["12-01 08:30–17:30"]
    assert on_roster(session, town.sun_li, "11-30", "12-01") == ["11-30 08:30–17:30"]
    # Each does on the other's day what their week says anyway; only the days that they gave are noted.
    noted = shifts(session, [town.li_qiang.id, town.sun_li.id], *span("11-30T00:00", "12-02T00:00"))
    assert [(s.person_id, s.is_on, s.swap_id) for s in noted] == [
        (town.li_qiang.id, False, swap.id),
        (town.sun_li.id, False, swap.id),
    ]


def ask_for_saturday(session: Session, town: Town, now: datetime) -> int:
    add_shift(session, town.li_qiang, SATURDAY, DAYS, by=town.he_jun, now=now)
    return ask_swap(session, town.li_qiang, town.sun_li.id, SATURDAY, None, DAYS, words="", now=now).id or 0


def leave(session: Session, person: Person, now: datetime) -> None:
    details = PersonDetails(person.name, person.role, person.area_id, email=person.email, is_active=False)
    change_person(session, person, details, by=None, now=now)


@pytest.mark.parametrize(
    "what", ["other left", "asker left", "begun", "taken off", "busy", "away", "withdrawn", "moved"]
)
def test_a_swap_that_is_not_possible_any_more_says_so(session: Session, town: Town, now: datetime, what: str) -> None:
    swap_id = ask_for_saturday(session, town, now)
    if what in ("other left", "asker left"):
        leave(session, town.sun_li if what == "other left" else town.li_qiang, now)
    elif what == "begun":
        now = SATURDAY[0]
    elif what == "taken off":
        take_off(session, town.li_qiang, SATURDAY, DAYS, by=town.he_jun, now=now)
    elif what == "busy":
        add_shift(session, town.sun_li, span("11-28T11:00", "11-28T14:00"), DAYS, by=town.he_jun, now=now)
    elif what == "away":
        add_absence(session, town.sun_li, absence(town.sun_li, last=7), by=town.sun_li, now=now)
    elif what == "withdrawn":
        withdraw_swap(session, swap_id, by=town.li_qiang, now=now)
    else:
        town.sun_li.area_id = town.areas["hill"].id or 0
        session.flush()
    with pytest.raises(SwapNotPossibleError):
        answer_swap(session, swap_id, DAYS, accept=True, by=town.sun_li, now=now)
    if what in ("other left", "asker left", "begun", "busy", "away", "moved"):
        assert "11-28 09:00–12:00" in on_roster(session, town.li_qiang)


def test_where_a_desk_has_no_head_the_one_above_plans(session: Session, town: Town) -> None:
    assert planners(session, town.li_qiang) == [town.he_jun]
    assert planners(session, town.zhao_min) == [town.chen_jing]
    assert {p.login for p in planners(session, town.chen_jing)} == {"qian.bo", "admin"}
    assert planners(session, town.admin) == []


def test_a_swap_is_declined_and_not_answered_twice(session: Session, town: Town, now: datetime) -> None:
    swap_id = ask_for_saturday(session, town, now)
    swap = answer_swap(session, swap_id, DAYS, accept=False, by=town.sun_li, now=now)
    assert swap.state is SwapState.DECLINED
    assert "11-28 09:00–12:00" in on_roster(session, town.li_qiang)
    for again in (True, False):
        with pytest.raises(SwapNotPossibleError):
            answer_swap(session, swap_id, DAYS, accept=again, by=town.sun_li, now=now)
    with pytest.raises(SwapNotPossibleError):
        withdraw_swap(session, swap_id, by=town.li_qiang, now=now)
    with pytest.raises(NotFoundError):
        see_swap(session, swap_id, by=town.he_jun, now=now)


@pytest.mark.parametrize("who", ["li_qiang", "zhao_min", "he_jun", "nobody"])
def test_a_swap_is_asked_of_a_colleague(session: Session, town: Town, now: datetime, who: str) -> None:
    other = town.people[who].id if who in town.people else 10**9
    with pytest.raises(InvalidFieldsError):
        ask_swap(session, town.li_qiang, other, MONDAY, None, DAYS, words="", now=now)


@pytest.mark.parametrize("gives", [SATURDAY, span("11-30T08:30", "11-30T12:00"), span("11-20T08:30", "11-20T17:30")])
def test_only_a_turn_that_is_there_and_to_come_is_swapped(
    session: Session, town: Town, now: datetime, gives: Span
) -> None:
    take_off(session, town.sun_li, MONDAY, DAYS, by=town.he_jun, now=now)
    with pytest.raises(SwapNotPossibleError):
        ask_swap(session, town.li_qiang, town.sun_li.id, gives, None, DAYS, words="", now=now)


def test_skills_are_set_and_routing_knows_them(session: Session, town: Town, now: datetime) -> None:
    wanted = [(SkillKind.TOPIC, "C"), (SkillKind.LANGUAGE, "en")]
    set_skills(session, town.sun_li, wanted, by=town.he_jun, now=now)
    set_skills(session, town.sun_li, wanted, by=town.he_jun, now=now)
    known = directory(session).people[town.sun_li.id]
    assert (known.topics, known.languages) == (frozenset({"C"}), frozenset({"en"}))
    case = case_of(session, open_case(session, a_request(), now=now + timedelta(hours=1)).number)
    assert case.assignee_id == town.sun_li.id
    told = history(session, "person", town.sun_li.id)
    assert [row["data"] for row in told] == [{"skills": [[], ["C"]], "speaks": [[], ["en"]]}]
    with pytest.raises(InvalidFieldsError):
        set_skills(session, town.sun_li, [(SkillKind.LANGUAGE, "xx")], by=town.he_jun, now=now)
    many = [(SkillKind.TOPIC, f"C{n}") for n in range(61)]
    with pytest.raises(InvalidFieldsError):
        set_skills(session, town.sun_li, many, by=town.he_jun, now=now)
    set_skills(session, town.sun_li, [], by=town.he_jun, now=now)
    assert directory(session).people[town.sun_li.id].topics == frozenset()


def test_a_feed_is_read_by_its_secret_until_it_is_revoked(session: Session, town: Town, now: datetime) -> None:
    old = make_feed(session, town.li_qiang, now=now)
    token = make_feed(session, town.li_qiang, now=now)
    assert person_of_feed(session, old) is None
    assert person_of_feed(session, token) == town.li_qiang
    assert token.encode() not in session.get_one(RosterFeed, town.li_qiang.id).token_hash
    assert person_of_feed(session, "") is None
    leave(session, town.li_qiang, now)
    assert person_of_feed(session, token) is None
    town.li_qiang.is_active = True
    revoke_feed(session, town.li_qiang, now=now)
    assert person_of_feed(session, token) is None
    with pytest.raises(NotFoundError):
        revoke_feed(session, town.li_qiang, now=now)


def test_who_handled_the_matter_before_gets_it_again(session: Session, town: Town, now: datetime) -> None:
    """The same resident comes back to the same person, and neighbours with the same matter at one address too."""
    later = now + timedelta(hours=1)
    mine = {"contact": {"phone": "13800000001"}}
    first = case_of(session, open_case(session, a_request(**mine), now=later).number)
    others = [case_of(session, open_case(session, a_request(), now=later).number) for _ in range(3)]
    assert {case.assignee_id for case in others} == {town.li_qiang.id, town.sun_li.id}
    again = case_of(session, open_case(session, a_request(**mine, category="C03"), now=later).number)
    assert again.assignee_id == first.assignee_id
    house = {"address": "湖滨路 8 号 3 单元"}
    here = [case_of(session, open_case(session, a_request(**house), now=later).number) for _ in range(4)]
    assert len({case.assignee_id for case in here}) == 1


def test_who_wants_to_stay_unknown_is_not_recognised(session: Session, town: Town, now: datetime) -> None:
    later = now + timedelta(hours=1)
    mine = {"contact": {"phone": "13800000001"}}
    first = case_of(session, open_case(session, a_request(**mine), now=later).number)
    unknown = case_of(session, open_case(session, a_request(**mine, anonymous=True), now=later).number)
    known = case_of(session, open_case(session, a_request(**mine), now=later).number)
    assert unknown.assignee_id != first.assignee_id == known.assignee_id


def test_what_runs_out_soon_weighs_twice(session: Session, town: Town, now: datetime) -> None:
    """One has two cases with days left, the other two that run out: the first gets the next one."""
    later = now + timedelta(hours=1)
    cases = [case_of(session, open_case(session, a_request(), now=later).number) for _ in range(4)]
    for case in cases:
        case.due_at = later + (timedelta(hours=3) if case.assignee_id == town.li_qiang.id else 5 * DAY)
    session.flush()
    case = case_of(session, open_case(session, a_request(), now=later).number)
    assert case.assignee_id == town.sun_li.id


def test_of_what_runs_out_soon_only_so_much_is_counted(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desk may hold thousands, and every request that comes in looks at it."""
    cases = [case_of(session, open_case(session, a_request(), now=now).number) for _ in range(4)]
    holder = cases[0].assignee_id or 0
    held = sum(case.assignee_id == holder for case in cases)
    matter = Matter(cases[0].category_id, cases[0].area_id)
    assert loads_for(session, [holder], matter, now)[holder].runs_out_soon == held > 1
    less = sa.text(queries.LOADS_FOR.text.replace(f"LIMIT {MOST_SOON}", "LIMIT 1"))
    monkeypatch.setattr(queries, "LOADS_FOR", less)
    assert loads_for(session, [holder], matter, now)[holder].runs_out_soon == 1


def found_by_the_doctor(session: Session, now: datetime) -> dict[str, tuple[str, str]]:
    return {f.subject: (f.verdict.value, f.found) for f in duties(session, now)}


def test_the_doctor_sees_whether_tonight_is_covered_and_what_hangs_on_one(
    session: Session, town: Town, now: datetime
) -> None:
    found = found_by_the_doctor(session, now)
    assert found["tonight"] == ("ok", "somebody is at all 2 duty desks until Tue 08:00")
    assert found["people"][0] == "warn"
    assert "东山社区 (赵敏)" in found["people"][1]
    tonight = Absence(person_id=town.wu_dan.id, starts_at=at("11-23T20:00"), ends_at=at("11-24T10:00"))
    add_absence(session, town.wu_dan, tonight, by=town.admin, now=now)
    found = found_by_the_doctor(session, now)
    assert found["tonight"] == ("warn", "nobody is at 望湖街道 from 11-23 20:00 to 11-24 08:00")


def test_the_doctor_looks_at_the_next_public_holidays(session: Session, town: Town) -> None:
    september = at("09-20T10:00")
    assert found_by_the_doctor(session, september)["holidays"][0] == "ok"
    away = Absence(person_id=town.qian_bo.id, starts_at=at("09-26T08:00"), ends_at=at("09-26T12:00"))
    add_absence(session, town.qian_bo, away, by=town.admin, now=september)
    assert found_by_the_doctor(session, september)["holidays"] == (
        "warn",
        "nobody is at 江城区 from 09-26 08:00 to 09-26 12:00",
    )


def test_the_doctor_of_an_empty_installation_says_so(session: Session, now: datetime) -> None:
    assert found_by_the_doctor(session, now) == {"tonight": ("warn", "nobody works here yet")}


def test_a_community_is_covered_while_it_is_open(session: Session, town: Town, now: datetime) -> None:
    shore = town.areas["shore"]
    shore.opening_hours, shore.special_days = "08:30–12:00, 13:30–20:00", "2026-11-25 09:00–11:00"
    session.flush()
    days = date(2026, 11, 23), date(2026, 11, 28)
    gaps = uncovered(session, teams(session, [shore.id or 0]), *days, Days(off=frozenset({date(2026, 11, 26)})))
    told = [f"{g.span[0].astimezone(ZONE):%d %H:%M}–{g.span[1].astimezone(ZONE):%H:%M}" for g in gaps]
    assert told == [
        "23 17:30–20:00",
        "24 17:30–20:00",
        "27 17:30–20:00",
        "28 08:30–12:00",
        "28 13:30–20:00",
    ]
