"""Is a search of the queue understood, found by an index, and kept within what the reader may see?"""

from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.cases.tables import Case
from service.handling.queues import Ask, queue
from service.handling.searching import SearchKind, search_for
from service.routing.queries import directory
from tests.builders import received
from tests.people import Town

PHONE = {"contact": {"phone": "13800138000"}}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("20261123-00042-3", SearchKind.NUMBER),
        ("２０２６１１２３ － ０００４２ － ３", SearchKind.NUMBER),
        ("20261123-00042-0", SearchKind.WORDS),
        ("138 0013 8000", SearchKind.PHONE),
        ("+86 138-0013-8000", SearchKind.PHONE),
        ("0990-55501012", SearchKind.PHONE),
        ("999999999999999", SearchKind.WORDS),
        ("00042", SearchKind.WORDS),
        ("110", SearchKind.WORDS),
        ("湖滨社区", SearchKind.PLACE),
        (" hubin ", SearchKind.PLACE),
        ("湖滨社区路灯", SearchKind.WORDS),
        ("路灯", SearchKind.WORDS),
        ("灯", SearchKind.WORDS),
        ("%", SearchKind.WORDS),
        ("😀", SearchKind.WORDS),
        ("字" * 5_000, SearchKind.WORDS),
    ],
)
def test_what_is_meant(session: Session, town: Town, text: str, kind: SearchKind) -> None:
    assert search_for(text, directory(session).areas).kind is kind


def found(session: Session, person: Person, text: str, now: datetime) -> list[str]:
    return sorted(case.title for case in queue(session, person, Ask(mine=False, search=text), now).cases)


def test_each_kind_finds_its_cases_within_the_scope_of_the_reader(session: Session, town: Town, now: datetime) -> None:
    lamp, _ = received(session, now, title="路灯", text="楼道的路灯坏了", address="三号楼", **PHONE)
    received(session, now, title="网格里", text="垃圾满了", area="湖滨一网格")
    received(session, now, title="别处", text="楼道的路灯坏了", area="磨坊村", **PHONE)

    assert found(session, town.he_jun, lamp.number, now) == ["路灯"]
    assert found(session, town.he_jun, "138 0013 8000", now) == ["路灯"]
    assert found(session, town.qian_bo, "13800138000", now) == ["别处", "路灯"]
    assert found(session, town.qian_bo, "湖滨社区", now) == ["网格里", "路灯"]
    assert found(session, town.he_jun, "磨坊村", now) == []
    assert found(session, town.zhou_tao, lamp.number, now) == []
    assert found(session, town.qian_bo, "路灯坏", now) == ["别处", "路灯"]
    assert found(session, town.he_jun, "三号楼", now) == ["路灯"]
    assert found(session, town.he_jun, "100%", now) == []


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("20261123-00042-3", "uq_cases_number"),
        ("13800138000", "ix_cases_phone_index"),
    ],
)
def test_a_number_and_a_telephone_have_an_index(session: Session, town: Town, text: str, index: str) -> None:
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    condition = search_for(text, directory(session).areas).condition()
    asked = sa.select(col(Case.id)).where(condition)
    compiled = asked.compile(session.connection(), compile_kwargs={"render_postcompile": True})
    plan = session.connection().exec_driver_sql(f"EXPLAIN {compiled}", dict(compiled.params)).scalars().all()
    assert index in "\n".join(plan)
