"""The dispatch catalogue: drafts decide nothing, versions take each other's place, a decision keeps its own."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from service.accounts.tables import Person
from service.areas.rules import AreaLevel
from service.audit.queries import broken_chains
from service.audit.tables import AuditEntry
from service.cases.rules import Action
from service.errors import ConflictError, InvalidFieldsError, NotAllowedError, NotFoundError, ServiceError
from service.routing.actions import (
    NoDraftError,
    add_line,
    begin_draft,
    change_line,
    move_line,
    remove_line,
)
from service.routing.catalogue import deciding, draft, line_in, lines_in, newest, return_rates, says_in
from service.routing.details import RuleDetails, details_of
from service.routing.publishing import (
    DraftOutdatedError,
    NothingChangedError,
    NotPlannedVersionError,
    OthersPlannedError,
    difference,
    drop,
    publish,
    take_over_newest,
)
from service.routing.queries import decisions, directory
from service.routing.tables import RuleVersionRow
from service.routing.versions import VersionState
from tests.builders import does, received
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TO_DESK = RuleDetails(category_code="C05", target_level=AreaLevel.SUBDISTRICT, target_role="triage", note="路灯")
WHY = "路灯由街道统一报修"


def notes(session: Session, version: RuleVersionRow) -> list[str]:
    return [line.note for line in lines_in(session, version.id or 0)]


def decided_by(session: Session, at: datetime) -> list[str]:
    return [rule.category_code or "" for rule in directory(session).table(at).version.rules]


def published(session: Session, town: Town, now: datetime, details: RuleDetails = TO_DESK) -> RuleVersionRow:
    add_line(session, details, by=town.admin, now=now)
    return publish(session, WHY, None, by=town.admin, now=now)


def test_a_draft_decides_nothing_until_it_is_published(session: Session, town: Town, now: datetime) -> None:
    version_before = directory(session).version
    add_line(session, TO_DESK, by=town.admin, now=now)
    written = draft(session)
    assert written is not None
    assert notes(session, written) == ["路灯", "Everything else to the community."]
    assert decided_by(session, now) == [""]
    case, _ = received(session, now)
    assert case.unit_id == town.areas["shore"].id

    publish(session, WHY, None, by=town.admin, now=now)
    assert decided_by(session, now) == ["C05", ""]
    assert directory(session).version > version_before
    case, _ = received(session, now)
    assert case.unit_id == town.areas["lake"].id


def test_writing_a_draft_makes_nobody_read_the_directory_again(session: Session, town: Town, now: datetime) -> None:
    begin_draft(session, by=town.admin, now=now)
    before = directory(session).version
    line = add_line(session, TO_DESK, by=town.admin, now=now)
    change_line(session, line.line or 0, RuleDetails(target_area_id=town.areas["hill"].id), by=town.admin, now=now)
    move_line(session, line.line or 0, 2, by=town.admin, now=now)
    remove_line(session, line.line or 0, by=town.admin, now=now)
    assert directory(session).version == before
    session.execute(sa.text("UPDATE routing_rules SET note = 'x' WHERE version_id = 1"))
    assert directory(session).version == before + 1


def test_a_decision_keeps_the_version_and_the_line_that_decided(session: Session, town: Town, now: datetime) -> None:
    first = deciding(session, now)
    old, _ = received(session, now)
    version = published(session, town, now + HOUR)
    new, _ = received(session, now + 2 * HOUR)

    (before,), (after,) = decisions(session, old.id or 0), decisions(session, new.id or 0)
    assert (before.rule_version, after.rule_version) == (first.id, version.id)
    line = line_in(session, version.id or 0, after.rule_id or 0)
    assert line is not None
    assert line.note == "路灯"
    assert after.reasons["version"] == version.id
    assert before.rule_id in {line.line for line in lines_in(session, version.id or 0)}


def test_a_planned_version_decides_from_its_moment_on(session: Session, town: Town, now: datetime) -> None:
    add_line(session, TO_DESK, by=town.admin, now=now)
    planned = publish(session, WHY, now + DAY, by=town.admin, now=now)

    assert decided_by(session, now + DAY - timedelta(seconds=1)) == [""]
    assert decided_by(session, now + DAY) == ["C05", ""]
    assert deciding(session, now).id != planned.id
    assert deciding(session, now + DAY).id == newest(session).id == planned.id


def test_versions_of_long_ago_are_set_aside_and_the_rest_stays_at_hand(
    session: Session, town: Town, now: datetime
) -> None:
    made = [
        published(session, town, now + day * DAY, RuleDetails(category_code="C", target_area_id=town.areas["hill"].id))
        for day in range(4)
    ]
    states = {
        row.id: row.state for row in session.exec(select(RuleVersionRow).execution_options(populate_existing=True))
    }
    assert [states[row.id] for row in made] == ["superseded", "superseded", "published", "published"]
    assert [len(table.version.rules) for table in directory(session).tables] == [4, 5]
    assert deciding(session, now + HOUR).id == made[0].id


def test_a_version_that_is_planned_can_be_dropped_and_one_in_force_cannot(
    session: Session, town: Town, now: datetime
) -> None:
    add_line(session, TO_DESK, by=town.admin, now=now)
    planned = publish(session, WHY, now + DAY, by=town.admin, now=now)
    add_line(session, RuleDetails(category_code="A", target_area_id=town.areas["hill"].id), by=town.admin, now=now)
    later = publish(session, WHY, now + 2 * DAY, by=town.admin, now=now)

    with pytest.raises(OthersPlannedError):
        drop(session, planned.id or 0, by=town.admin, now=now)
    drop(session, later.id or 0, by=town.admin, now=now)
    drop(session, planned.id or 0, by=town.admin, now=now)
    with pytest.raises(NotPlannedVersionError):
        drop(session, planned.id or 0, by=town.admin, now=now)
    with pytest.raises(NotPlannedVersionError):
        drop(session, 1, by=town.admin, now=now)
    with pytest.raises(NotFoundError):
        drop(session, 999_999, by=town.admin, now=now)
    assert decided_by(session, now + 9 * DAY) == [""]


@pytest.mark.parametrize(
    ("reason", "moment", "field"),
    [("x", None, "reason"), ("长" * 501, None, "reason"), (WHY, -HOUR, "effective_at"), ("", -HOUR, "effective_at")],
)
def test_what_cannot_be_published_is_told(
    session: Session, town: Town, now: datetime, reason: str, moment: timedelta | None, field: str
) -> None:
    add_line(session, TO_DESK, by=town.admin, now=now)
    with pytest.raises(InvalidFieldsError) as refused:
        publish(session, reason, moment and now + moment, by=town.admin, now=now)
    assert field in refused.value.fields


def test_nothing_is_published_before_what_is_planned(session: Session, town: Town, now: datetime) -> None:
    add_line(session, TO_DESK, by=town.admin, now=now)
    publish(session, WHY, now + DAY, by=town.admin, now=now)
    add_line(session, RuleDetails(target_area_id=town.areas["hill"].id, grades=("G1",)), by=town.admin, now=now)
    with pytest.raises(InvalidFieldsError) as refused:
        publish(session, WHY, None, by=town.admin, now=now)
    assert set(refused.value.fields) == {"effective_at"}
    assert publish(session, WHY, now + DAY, by=town.admin, now=now).effective_at == now + DAY


def test_a_draft_without_changes_and_no_draft_cannot_be_published(session: Session, town: Town, now: datetime) -> None:
    with pytest.raises(NoDraftError):
        publish(session, WHY, None, by=town.admin, now=now)
    begin_draft(session, by=town.admin, now=now)
    with pytest.raises(NothingChangedError):
        publish(session, WHY, None, by=town.admin, now=now)


def test_a_draft_that_others_overtook_takes_their_changes_over(session: Session, town: Town, now: datetime) -> None:
    add_line(session, TO_DESK, by=town.admin, now=now)
    mine = draft(session)
    assert mine is not None
    other = RuleVersionRow(
        state=VersionState.PUBLISHED, effective_at=now, begun_at=now, based_on_id=1, reason="by somebody else"
    )
    session.add(other)
    session.flush()
    with pytest.raises(DraftOutdatedError):
        publish(session, WHY, None, by=town.admin, now=now)
    taken = take_over_newest(session, by=town.admin, now=now)
    assert notes(session, taken) == ["路灯"]
    assert difference(session, taken).counts == {"added": 1, "changed": 0, "moved": 0, "removed": 0}
    publish(session, WHY, None, by=town.admin, now=now)


def test_lines_keep_their_numbers_and_their_history(session: Session, town: Town, now: datetime) -> None:
    version = published(session, town, now)
    line = lines_in(session, version.id or 0)[0]
    number, seen = line.line or 0, 1
    changed_to = RuleDetails(**vars(details_of(line.model_dump())) | {"hours": "夜间", "grades": ("G3", "C")})
    change_line(session, number, changed_to, by=town.qian_bo, now=now, seen=seen)
    with pytest.raises(ConflictError):
        change_line(session, number, TO_DESK, by=town.admin, now=now, seen=seen)
    move_line(session, number, 99, by=town.admin, now=now)
    second = publish(session, WHY, None, by=town.admin, now=now)

    assert [line.line for line in lines_in(session, second.id or 0)][-1] == number
    assert (line_in(session, second.id or 0, number) or line).hours == "night"
    assert (line_in(session, version.id or 0, number) or line).hours == ""
    entries = select(AuditEntry.action).where(AuditEntry.subject_kind == "rule", AuditEntry.subject_id == number)
    assert list(session.exec(entries.order_by(AuditEntry.seq))) == ["rule.added", "rule.changed", "rule.moved"]  # type: ignore[arg-type]
    assert not broken_chains(session)


def test_every_place_of_a_line_can_be_reached(session: Session, town: Town, now: datetime) -> None:
    made = [add_line(session, TO_DESK, by=town.admin, now=now).line for _ in range(4)]
    written = draft(session)
    assert written is not None
    last = lines_in(session, written.id or 0)[-1].line
    for place in (1, 5, 2, -7, 40, 3):
        move_line(session, made[0] or 0, place, by=town.admin, now=now)
        order = [line.line for line in lines_in(session, written.id or 0)]
        assert order.index(made[0]) == min(max(place, 1), 5) - 1
        assert sorted(n or 0 for n in order) == sorted(n or 0 for n in [*made, last])
        assert [line.position for line in lines_in(session, written.id or 0)] == [1, 2, 3, 4, 5] or place == 1


@pytest.mark.parametrize("who", ["li_qiang", "he_jun", "wu_dan", "chen_jing"])
def test_only_the_district_and_administrators_change_the_table(
    session: Session, town: Town, now: datetime, who: str
) -> None:
    by: Person = town.people[who]
    for change in (
        lambda: add_line(session, TO_DESK, by=by, now=now),
        lambda: begin_draft(session, by=by, now=now),
        lambda: move_line(session, 1, 1, by=by, now=now),
        lambda: publish(session, WHY, None, by=by, now=now),
        lambda: drop(session, 1, by=by, now=now),
        lambda: take_over_newest(session, by=by, now=now),
    ):
        with pytest.raises(NotAllowedError):
            change()


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"hours": "25:00-26:00"}, "hours"),
        ({"hours": "Mon 08:00-12:00; Mon 11:00-13:00"}, "hours"),
        ({"channels": ("pigeon",)}, "channels"),
        ({"focus_groups": ("x",)}, "focus_groups"),
        ({"grades": ("G9",)}, "grades"),
        ({"party": "长" * 61}, "party"),
        ({"target_level": None}, "goes_to"),
    ],
)
def test_a_line_that_cannot_be_is_refused(
    session: Session, town: Town, now: datetime, answers: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        add_line(session, RuleDetails(**vars(TO_DESK) | answers), by=town.admin, now=now)
    assert set(refused.value.fields) == {field}
    assert draft(session) is None


def test_the_worst_lines_are_those_whose_cases_come_back(session: Session, town: Town, now: datetime) -> None:
    line = lines_in(session, 1)[0].line or 0
    cases = [received(session, now + n * HOUR)[0] for n in range(3)]
    does(session, cases[0], town.li_qiang, Action.RETURN, now + 4 * HOUR, reason="not_our_duty", text="不归我们")
    assert return_rates(session, now - DAY) == {line: (3, 1)}
    assert return_rates(session, now + HOUR) == {line: (2, 0)}


def test_a_published_table_says_what_its_draft_said(session: Session, town: Town, now: datetime) -> None:
    add_line(session, TO_DESK, by=town.admin, now=now)
    written = draft(session)
    assert written is not None
    said = says_in(session, written.id or 0)
    version = publish(session, WHY, None, by=town.admin, now=now)
    assert says_in(session, version.id or 0) == said


def test_an_error_is_told_in_words() -> None:
    for error in (NoDraftError, DraftOutdatedError, NothingChangedError, NotPlannedVersionError, OthersPlannedError):
        assert issubclass(error, ServiceError)
        assert error.sentence.endswith(".")
