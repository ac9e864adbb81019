"""Does the division change on its day, with old cases where they were, and everything alive following?"""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from service.accounts.rules import Role
from service.areas.locating import locate_point, locate_text
from service.areas.queries import area_tree
from service.areas.rules import AreaLevel
from service.areas.tables import Area
from service.audit.queries import history
from service.audit.rules import broken_at
from service.cases.queries import visible_to
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import InvalidFieldsError
from service.rezoning.actions import NotPlannedError, carry_out_due, decide, drop, look_ahead
from service.rezoning.rules import Change, ChangeKind, ChangeState
from service.routing.queries import directory
from service.routing.tables import RoutingRule
from tests.builders import case_of, does, received, resident_does
from tests.people import Town

TODAY = date(2026, 11, 23)
REASON = "区府〔2026〕12号"


@pytest.fixture
def both(session: Session, town: Town, now: datetime) -> tuple[Case, Case]:
    """An ended and an open case of 湖滨社区."""
    ended, _ = received(session, now)
    resident_does(session, ended, Action.WITHDRAW, now, text="不用了")
    still_open, _ = received(session, now)
    return ended, still_open


def change(town: Town, kind: ChangeKind, area: str = "shore", to: str | None = None, **facts: object) -> Change:
    target = town.areas[to].id if to else None
    plain: dict[str, object] = {"reason": REASON, "effective_on": TODAY}
    return Change(kind, town.areas[area].id or 0, target, **plain | facts)  # type: ignore[arg-type]


def sees(session: Session, town: Town, name: str, case: Case) -> bool:
    person = town.people[name]
    session.refresh(person)
    gate = visible_to(person.id or 0, person.role, person.area_id)
    return session.exec(select(Case.id).where(Case.id == case.id, gate)).first() is not None


def test_two_communities_become_one(session: Session, town: Town, now: datetime, both: tuple[Case, Case]) -> None:
    ended, still_open = both
    rule = RoutingRule(position=5, category_code="A", area_id=town.areas["shore"].id, target_level=AreaLevel.COMMUNITY)
    session.add(rule)
    session.flush()
    due_at, holder = still_open.due_at, still_open.assignee_id
    assert not sees(session, town, "zhao_min", ended)

    merge = change(town, ChangeKind.MERGE, to="hill")
    effect = look_ahead(session, merge, now=now)
    assert (effect.open_cases, effect.ended_cases, effect.people, effect.areas, effect.rules) == (1, 1, 3, 1, 1)
    assert decide(session, merge, by=town.admin, now=now).state is ChangeState.APPLIED

    shore, hill = town.areas["shore"], town.areas["hill"]
    for row in (shore, hill, rule, ended, still_open, town.areas["shore_grid"]):
        session.refresh(row)
    assert (ended.area_id, ended.unit_id, still_open.area_id) == (shore.id, shore.id, shore.id)
    assert (still_open.unit_id, still_open.due_at, still_open.assignee_id) == (hill.id, due_at, holder)
    assert (shore.is_active, shore.closed_on, shore.path) == (False, TODAY, f"{hill.path}{shore.id}/")
    assert town.areas["shore_grid"].path == f"{hill.path}{town.areas['shore_grid'].id}/"
    assert rule.area_id == hill.id
    for name in ("zhao_min", "chen_jing", "he_jun"):
        assert sees(session, town, name, ended), name
        assert sees(session, town, name, still_open), name
    assert not sees(session, town, "zhou_tao", ended)

    known = directory(session)
    assert {p.name for p in known.staff(hill.id or 0, Role.WORKER)} == {"李强", "孙丽", "赵敏"}
    assert known.areas.at_level(shore.id or 0, AreaLevel.COMMUNITY).id == hill.id
    named, at = locate_text(known.areas, "湖滨社区5号"), locate_point(known.areas, lat=32.04, lon=118.01)
    assert named is not None
    assert at is not None
    assert named.place.id == at.place.id == hill.id
    assert broken_at([dict(row) for row in history(session, "case", still_open.id or 0)]) is None
    does(session, case_of(session, still_open.number), town.li_qiang, Action.ACCEPT, now)


def test_the_code_of_a_merged_community_still_takes_requests(session: Session, town: Town, now: datetime) -> None:
    decide(session, change(town, ChangeKind.MERGE, to="hill"), by=town.admin, now=now)
    case, _ = received(session, now, area=town.areas["shore"].code)
    assert (case.area_id, case.unit_id) == (town.areas["hill"].id, town.areas["hill"].id)


def test_a_closed_area_goes_to_the_one_above(
    session: Session, town: Town, now: datetime, both: tuple[Case, Case]
) -> None:
    rule = RoutingRule(position=5, category_code="A", area_id=town.areas["shore"].id, target_level=AreaLevel.COMMUNITY)
    session.add(rule)
    decide(session, change(town, ChangeKind.CLOSE), by=town.admin, now=now)
    session.refresh(both[1])
    session.refresh(rule)
    assert both[1].unit_id == town.areas["lake"].id
    assert not rule.is_active
    assert sees(session, town, "chen_jing", both[0])
    assert area_tree(session).living(town.areas["shore"].id or 0).id == town.areas["lake"].id


def test_a_grid_moves_and_takes_its_cases_along(session: Session, town: Town, now: datetime) -> None:
    case, _ = received(session, now, area=town.areas["shore_grid"].code)
    decide(session, change(town, ChangeKind.MOVE, "shore_grid", "mill"), by=town.admin, now=now)
    session.refresh(town.areas["shore_grid"])
    assert town.areas["shore_grid"].path.startswith(town.areas["mill"].path)
    session.refresh(case)
    assert case.area_id == town.areas["shore_grid"].id
    assert sees(session, town, "zhou_tao", case)


def test_a_renamed_area_is_found_by_both_names(session: Session, town: Town, now: datetime) -> None:
    names = {"name": "湖光社区", "name_en": "Huguang"}
    decide(session, change(town, ChangeKind.RENAME, **names), by=town.admin, now=now)
    area = session.get_one(Area, town.areas["shore"].id)
    assert (area.name, area.desk_name, area.desk_name_en) == ("湖光社区", "湖光社区服务站", "Huguang Service Desk")
    for words in ("湖光社区", "湖滨社区"):
        found = locate_text(area_tree(session), words)
        assert found is not None
        assert found.place.id == area.id


def test_a_change_waits_for_its_day_and_can_be_dropped(session: Session, town: Town, now: datetime) -> None:
    tomorrow = TODAY + timedelta(days=1)
    merge = change(town, ChangeKind.MERGE, to="hill", effective_on=tomorrow)
    first = decide(session, merge, by=town.admin, now=now)
    second = decide(session, change(town, ChangeKind.CLOSE, "mill", effective_on=tomorrow), by=town.admin, now=now)
    assert carry_out_due(session, now) is False
    drop(session, second.id or 0, by=town.admin, now=now)
    with pytest.raises(NotPlannedError):
        drop(session, second.id or 0, by=town.admin, now=now)
    at_midnight = now + timedelta(hours=16)
    assert carry_out_due(session, at_midnight) is True
    assert carry_out_due(session, at_midnight) is False
    session.refresh(first)
    assert (first.state, first.applied_at) == (ChangeState.APPLIED, at_midnight)
    assert session.get_one(Area, town.areas["mill"].id).is_active


def test_what_cannot_be_any_more_fails_and_says_why(session: Session, town: Town, now: datetime) -> None:
    later = {"effective_on": TODAY + timedelta(days=1)}
    planned = decide(session, change(town, ChangeKind.MERGE, to="hill", **later), by=town.admin, now=now)
    decide(session, change(town, ChangeKind.CLOSE, "hill"), by=town.admin, now=now)
    assert carry_out_due(session, now + timedelta(days=1)) is True
    session.refresh(planned)
    assert planned.state is ChangeState.FAILED
    assert planned.effect["why"]
    assert session.get_one(Area, town.areas["shore"].id).is_active


@pytest.mark.parametrize(
    ("kind", "area", "to", "facts", "field"),
    [
        (ChangeKind.MERGE, "shore", "lake", {}, "target_id"),
        (ChangeKind.MERGE, "shore", "shore", {}, "target_id"),
        (ChangeKind.MOVE, "shore", "hill", {}, "target_id"),
        (ChangeKind.MOVE, "lake", "shore", {}, "target_id"),
        (ChangeKind.MOVE, "shore", None, {}, "target_id"),
        (ChangeKind.CLOSE, "county", None, {}, "kind"),
        (ChangeKind.RENAME, "shore", None, {"name": "", "name_en": "x"}, "name"),
        (ChangeKind.CLOSE, "shore", None, {"reason": " "}, "reason"),
        (ChangeKind.CLOSE, "shore", None, {"effective_on": TODAY - timedelta(days=1)}, "effective_on"),
    ],
)
def test_what_cannot_be_is_refused(
    session: Session,
    town: Town,
    now: datetime,
    kind: ChangeKind,
    area: str,
    to: str | None,
    facts: dict[str, object],
    field: str,
) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        decide(session, change(town, kind, area, to, **facts), by=town.admin, now=now)
    assert list(refused.value.fields) == [field]
