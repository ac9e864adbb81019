"""Does the shipped catalogue reach an installation, and do answers and other places reach the case?"""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, func, select

from service.audit.queries import history
from service.audit.tables import AuditEntry
from service.cases.rules import Action
from service.categories.loading import load_catalogue, shipped
from service.categories.questions import as_answers
from service.categories.tables import Category
from service.errors import InvalidFieldsError
from service.intake.actions import open_case
from service.intake.rules import NotTakenHereError
from sla_policies.policy import Grade
from tests.builders import a_request, case_of, does
from tests.people import Town


def row(session: Session, code: str) -> Category:
    return session.exec(select(Category).where(Category.code == code).execution_options(populate_existing=True)).one()


def changes(session: Session) -> int:
    return session.exec(select(func.count()).where(AuditEntry.subject_kind == "category")).one()


def test_an_empty_installation_gets_the_catalogue_once(session: Session, now: datetime) -> None:
    assert load_catalogue(session, now) == len(shipped())
    assert load_catalogue(session, now) == 0
    assert changes(session) == 0, "the first catalogue is no change of it"
    assert [c.code for c in session.exec(select(Category).order_by(Category.position))] == list(shipped())


def test_an_older_installation_gets_what_is_new_and_keeps_its_own(session: Session, town: Town, now: datetime) -> None:
    lifts = row(session, "A03")
    lifts.keywords, lifts.grade = ["升降机"], Grade.G4
    session.flush()
    load_catalogue(session, now)

    lifts = row(session, "A03")
    assert (lifts.keywords, lifts.grade) == (["升降机"], Grade.G4)
    assert [one["key"] for one in lifts.questions] == ["trapped", "lift_no"]
    assert row(session, "F0101").elsewhere is not None
    assert changes(session) > 50

    lifts.questions = []
    lifts.is_active = False
    session.flush()
    assert load_catalogue(session, now) == 0, "nothing new was shipped"
    assert (row(session, "A03").questions, row(session, "A03").is_active) == ([], False)


def test_a_newer_catalogue_renews_what_nobody_touched(
    session: Session, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_catalogue(session, now)
    row(session, "C05").keywords = ["自己的词"]
    session.flush()
    newer = {code: dict(columns) for code, columns in shipped().items()}
    newer["C05"] |= {"keywords": ["新词"], "examples": "新的例子"}
    monkeypatch.setattr("service.categories.loading.shipped", lambda: newer)

    assert load_catalogue(session, now) == 1
    assert (row(session, "C05").keywords, row(session, "C05").examples) == (["自己的词"], "新的例子")


@pytest.fixture
def catalogue(session: Session, town: Town, now: datetime) -> None:
    load_catalogue(session, now)
    session.commit()


def test_answers_are_kept_with_the_case_and_danger_raises_it_for_a_reason(
    session: Session, catalogue: None, now: datetime
) -> None:
    form = a_request(text="电梯停了", category="A03", answers={"trapped": "yes", "lift_no": " 3101 "})
    case = case_of(session, open_case(session, form, now=now).number)

    assert [(a.zh, a.said, a.said_en, a.danger) for a in as_answers(case.answers)] == [
        ("有人被困在电梯里吗？", "是", "Yes", True),
        ("电梯编号（轿厢内标牌上）", "3101", "3101", False),
    ]
    assert case.grade is Grade.G1
    received = next(iter(history(session, "case", case.id or 0)))
    assert "有人被困" in received["data"]["grade_why"]["zh"]


def test_another_topic_keeps_the_danger_that_was_answered(
    session: Session, catalogue: None, town: Town, now: datetime
) -> None:
    form = a_request(text="电梯停了", category="A03", answers={"trapped": "yes"})
    case = case_of(session, open_case(session, form, now=now).number)
    later = now + timedelta(minutes=5)
    changed = does(session, case, town.wu_dan, Action.RECATEGORISE, later, category="C05", reason="不是电梯")
    assert changed.grade is Grade.G1


@pytest.mark.parametrize(
    ("answers", "field"),
    [({"trapped": "perhaps"}, "answers.trapped"), ({"colour": "red"}, "answers.colour")],
)
def test_a_wrong_answer_is_named(
    session: Session, catalogue: None, now: datetime, answers: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidFieldsError) as wrong:
        open_case(session, a_request(category="A03", answers=answers), now=now)
    assert list(wrong.value.fields) == [field]


def test_what_the_law_gives_to_others_is_refused_with_where_to_go(
    session: Session, catalogue: None, now: datetime
) -> None:
    with pytest.raises(NotTakenHereError, match="12388"):
        open_case(session, a_request(category="M0303", text="举报某干部受贿"), now=now)
    number = open_case(session, a_request(category=None, text="听说村干部受贿，请问向谁反映"), now=now).number
    assert case_of(session, number), "a guess from words never shuts the door"
