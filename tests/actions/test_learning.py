"""Does the service learn from what staff settled, use only what is better, and go back?"""

from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.audit.queries import history
from service.cases.rules import CaseStatus
from service.cases.tables import Case
from service.categories.loading import load_catalogue
from service.categories.suggesting import suggest
from service.categories.tables import CategoryModel
from service.intake.actions import open_case
from service.learning.actions import rollback, train
from service.learning.queries import settled, versions
from service.learning.rules import NothingToGoBackToError
from service.routing.queries import directory
from tests.builders import a_request, case_of
from tests.people import Town

PAINT = "墙皮大片脱落掉渣，师傅说要刮腻子重新粉刷第{}次"
"""No keyword of the catalogue stands in it: only who learnt knows what it is about."""
DANCE = "喇叭从早响到晚太闹了没法午休，说过{}回"
BINS = "桶边堆满袋子没人收，苍蝇乱飞{}天"
MATTERS = {"A04": PAINT, "D01": DANCE, "C03": BINS}


@pytest.fixture
def catalogue(session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.categories.suggesting._loaded", None)
    load_catalogue(session, now)
    session.commit()


def settle(session: Session, now: datetime, each: int, matters: dict[str, str] = MATTERS) -> None:
    for number in range(each):
        for code, text in matters.items():
            open_case(session, a_request(text=text.format(number), category=code), now=now)
    session.execute(sa.update(Case).values(status=CaseStatus.CLOSED))


def best(session: Session, text: str) -> str | None:
    known = directory(session)
    found = suggest(session, known.catalogue, known.model_id, title="", text=text)
    return found.best.code if found.best else None


def test_what_staff_settled_is_suggested_to_the_next(session: Session, catalogue: None, now: datetime) -> None:
    assert best(session, PAINT.format("几")) != "A04"
    settle(session, now, 25)
    outcome = train(session, now)
    assert outcome.trial is not None
    assert outcome.trial.takes_over
    assert best(session, PAINT.format("几")) == "A04"

    number = open_case(session, a_request(text=PAINT.format("好几"), category=None), now=now).number
    received = next(iter(history(session, "case", case_of(session, number).id or 0)))["data"]
    assert received["category"] == received["suggested"][0]["category"] == "A04"
    assert (received["guessed"], received["model"]) == (True, outcome.version)


def test_few_cases_teach_nothing(session: Session, catalogue: None, now: datetime) -> None:
    settle(session, now, 3)
    assert train(session, now).why_not
    assert versions(session) == []


def test_open_withdrawn_and_unclear_cases_teach_nothing(session: Session, catalogue: None, now: datetime) -> None:
    for status in (CaseStatus.WITHDRAWN, CaseStatus.DUPLICATE, CaseStatus.IN_PROGRESS):
        number = open_case(session, a_request(), now=now).number
        session.execute(sa.update(Case).where(col(Case.number) == number).values(status=status))
    open_case(session, a_request(category="Z99"), now=now)
    session.execute(sa.update(Case).where(col(Case.status) == CaseStatus.ASSIGNED).values(status=CaseStatus.CLOSED))
    assert settled(session) == []


def test_a_worse_version_never_takes_over(session: Session, catalogue: None, now: datetime) -> None:
    settle(session, now, 25)
    first = train(session, now)
    # What comes now is the same words under shuffled topics: nothing to be learnt, and the first knows better.
    wrong = dict(zip(MATTERS, (DANCE, BINS, PAINT), strict=True))
    settle(session, now, 4, wrong)
    settle(session, now, 8)
    second = train(session, now)
    assert second.trial is not None
    assert second.trial.used is not None
    assert second.trial.takes_over == (second.trial.new >= second.trial.used)
    used = session.exec(select(CategoryModel.id).where(CategoryModel.is_in_use)).one()
    assert used == (second.version if second.trial.takes_over else first.version)


def test_without_new_cases_nothing_is_made_again(session: Session, catalogue: None, now: datetime) -> None:
    settle(session, now, 25)
    train(session, now)
    assert "since the version in use" in train(session, now).why_not
    assert len(versions(session)) == 1


def test_one_command_goes_back_step_by_step(session: Session, catalogue: None, now: datetime) -> None:
    settle(session, now, 25)
    first = train(session, now)
    settle(session, now, 10)
    second = train(session, now)
    assert second.trial is not None
    assert second.trial.takes_over
    assert rollback(session, now) == first.version
    assert directory(session).model_id == first.version
    assert rollback(session, now) is None
    assert directory(session).model_id is None
    with pytest.raises(NothingToGoBackToError):
        rollback(session, now)


def test_what_is_out_of_use_or_not_ours_is_never_suggested(session: Session, catalogue: None, now: datetime) -> None:
    settle(session, now, 25)
    train(session, now)
    session.execute(sa.text("UPDATE categories SET is_active = false WHERE code = 'A04'"))
    known = directory(session)
    found = suggest(session, known.catalogue, known.model_id, title="", text=PAINT)
    assert "A04" not in [one.topic.code for one in found.items]
    assert best(session, "举报受贿贪污") != "M0303"
