"""Which party fits a case, by when must it be done, what does it cost, and what must it not read?"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.accounts.rules import Role
from service.areas.rules import AreaLevel, AreaTree, Place
from service.cases.rules import Actor, CaseStatus
from service.commissions.hiding import HIDDEN, check_hidden, hidden
from service.commissions.rules import (
    MOVES,
    UNSETTLED,
    WITH_PARTY,
    JobAction,
    JobForbiddenError,
    JobState,
    NotSignedForError,
    Side,
    check_may_give,
    checked_hours,
    costs_of,
    due_for,
    move_for,
    quantity_typed,
    total_of,
)
from service.delivery.links import JobLink, address_in, facts_of, link_of, token_of
from service.errors import InvalidFieldsError
from service.parties.rules import (
    Known,
    Misfit,
    PartyDetails,
    PartyKind,
    Price,
    PriceLineError,
    Terms,
    check_party,
    may_read,
    may_write,
    misfit,
    prices_typed,
    prices_written,
)

HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


def place(area_id: int, parent: int | None, level: AreaLevel, *, active: bool = True) -> Place:
    return Place(area_id, parent, level, str(area_id), str(area_id), "", "", "", is_active=active)


AREAS = AreaTree(
    {
        1: place(1, None, AreaLevel.COUNTY),
        2: place(2, 1, AreaLevel.SUBDISTRICT),
        3: place(3, 2, AreaLevel.COMMUNITY),
        4: place(4, 2, AreaLevel.COMMUNITY),
        5: place(5, 4, AreaLevel.COMMUNITY, active=False),
        6: place(6, 3, AreaLevel.GRID),
    }
)


def terms(**other: object) -> Terms:
    told = {"area_ids": (3,), "categories": ("C",), "valid_from": DAY, "valid_until": DAY, "is_active": True}
    return Terms(**(told | other))  # type: ignore[arg-type]


FITS = [
    ({}, 3, ("C05", "C"), DAY, None),
    ({}, 6, ("C05", "C"), DAY, None),
    ({"categories": ()}, 3, ("A03", "A"), DAY, None),
    ({"valid_until": None}, 3, ("C",), date(2099, 1, 1), None),
    ({"is_active": False}, 3, ("C",), DAY, Misfit.ENDED),
    ({}, 3, ("C",), DAY - timedelta(days=1), Misfit.NOT_YET),
    ({}, 3, ("C",), DAY + timedelta(days=1), Misfit.OVER),
    ({}, 4, ("C",), DAY, Misfit.AREA),
    ({}, 2, ("C",), DAY, Misfit.AREA),
    ({"area_ids": ()}, 3, ("C",), DAY, Misfit.AREA),
    ({"area_ids": (99,)}, 3, ("C",), DAY, Misfit.AREA),
    ({"area_ids": (5,)}, 4, ("C",), DAY, None),
    ({}, 3, ("A03", "A"), DAY, Misfit.TOPIC),
    ({"categories": ("C05",)}, 3, ("C",), DAY, Misfit.TOPIC),
]


@pytest.mark.parametrize(("other", "area", "path", "day", "why"), FITS)
def test_a_party_fits_by_period_place_and_topic(
    other: dict[str, object], area: int, path: tuple[str, ...], day: date, why: Misfit | None
) -> None:
    assert misfit(terms(**other), area, path, day, AREAS) is why


def test_who_may_write_and_read() -> None:
    assert may_write(Role.ADMIN, 3, (1, 2, 3, 4), AREAS)
    assert may_write(Role.SUPERVISOR, 2, (3, 4), AREAS)
    assert may_write(Role.HEAD, 3, (3,), AREAS)
    assert not may_write(Role.HEAD, 3, (3, 4), AREAS), "a part of it is somebody else's"
    assert not may_write(Role.WORKER, 3, (3,), AREAS)
    assert not may_write(Role.TRIAGE, 2, (3,), AREAS)
    assert may_read(Role.WORKER, 3, (2,), AREAS), "it works there too"
    assert may_read(Role.SUPERVISOR, 2, (3,), AREAS)
    assert not may_read(Role.WORKER, 4, (3,), AREAS)


RIGHT = PartyDetails("湖滨物业", PartyKind.PROPERTY, DAY, phone="13900001111", area_ids=(3,))
KNOWN = Known(frozenset({3, 4}), frozenset({"C"}), frozenset({7}))
WRONG = [
    ({"name": ""}, "name"),
    ({"name": "字" * 61}, "name"),
    ({"name_en": "x" * 61}, "name_en"),
    ({"contact": "字" * 61}, "contact"),
    ({"email": "no mail"}, "email"),
    ({"phone": ""}, "phone"),
    ({"language": "fr"}, "language"),
    ({"area_ids": ()}, "area_ids"),
    ({"area_ids": (3, 9)}, "area_ids"),
    ({"categories": ("Q",)}, "categories"),
    ({"contract": "9" * 41}, "contract"),
    ({"kind": PartyKind.PURCHASED, "valid_until": DAY}, "contract"),
    ({"kind": PartyKind.PURCHASED, "contract": "1"}, "valid_until"),
    ({"valid_until": DAY - timedelta(days=1)}, "valid_until"),
    ({"prices": tuple(Price(str(n), "次", 1) for n in range(101))}, "prices"),
    ({"minder_id": 8}, "minder_id"),
]


@pytest.mark.parametrize(("other", "field"), WRONG)
def test_what_cannot_be_written_down_is_said_at_its_field(other: dict[str, object], field: str) -> None:
    check_party(RIGHT, KNOWN)
    with pytest.raises(InvalidFieldsError) as refused:
        check_party(PartyDetails(**(vars(RIGHT) | other)), KNOWN)
    assert set(refused.value.fields) == {field}


def test_a_price_list_is_read_and_written() -> None:
    text = "换灯; 盏; 35.50\n\n 补路面；平方米；120\n清扫; 次; 0.5"
    found = prices_typed(text)
    assert found == (Price("换灯", "盏", 3550), Price("补路面", "平方米", 12000), Price("清扫", "次", 50))
    assert prices_typed(prices_written(found)) == found
    assert prices_typed("") == ()


@pytest.mark.parametrize(
    "line",
    ["换灯", "换灯; 盏", "换灯; 盏; 免费", "换灯; 盏; -1", "换灯; 盏; 1.234", "; 盏; 1", "换灯; ; 1",
     "换灯; 盏; 99999999", "换灯; 盏; 1; 2", "字" * 61 + "; 盏; 1", "清扫; 次; 2"],
)  # fmt: skip
def test_a_price_that_cannot_be_read_is_named_by_its_line(line: str) -> None:
    with pytest.raises(PriceLineError) as refused:
        prices_typed(f"清扫; 次; 1\n{line}")
    assert refused.value.facts == {"line": 2}


def test_the_party_is_due_before_the_worker() -> None:
    assert due_for(NOON, 24, None) == NOON + 24 * HOUR
    assert due_for(NOON, 24, NOON + 100 * HOUR) == NOON + 24 * HOUR
    assert due_for(NOON, 24, NOON + 20 * HOUR) == NOON + 16 * HOUR, "a fifth is kept for checking"
    assert due_for(NOON, 24, NOON) == NOON + 24 * HOUR, "no promise is left that could be kept"


@given(st.integers(1, 720), st.integers(1, 60 * 24 * 40))
def test_a_job_is_never_due_after_the_promise_nor_before_it_is_given(hours: int, minutes: int) -> None:
    promise = NOON + timedelta(minutes=minutes)
    assert NOON < due_for(NOON, hours, promise) < promise


@pytest.mark.parametrize("raw", ["", "0", "721", "1.5", "一", "-1", True, None, "9" * 400])
def test_a_term_that_is_none_is_refused(raw: object) -> None:
    with pytest.raises(InvalidFieldsError):
        checked_hours(raw)


def test_only_who_answers_for_a_case_at_work_gives_a_job() -> None:
    check_may_give(CaseStatus.IN_PROGRESS, {Actor.ASSIGNEE})
    check_may_give(CaseStatus.PARKED, {Actor.HEAD})
    for acting in ({Actor.COLLEAGUE}, {Actor.DISTRICT}, {Actor.RESIDENT}, set()):
        with pytest.raises(JobForbiddenError):
            check_may_give(CaseStatus.IN_PROGRESS, acting)
    for status in (CaseStatus.ASSIGNED, CaseStatus.RECEIVED, CaseStatus.RESOLVED, CaseStatus.CLOSED):
        with pytest.raises(NotSignedForError):
            check_may_give(status, {Actor.ASSIGNEE})


def test_every_job_that_runs_can_be_ended_by_the_worker_and_no_ended_one_moves() -> None:
    for state in JobState:
        moves = [move for move in MOVES if state in move.from_]
        if state in UNSETTLED:
            assert any(move.action is JobAction.WITHDRAW for move in moves)
        else:
            assert moves == []
    assert all(move.who is Side.PARTY or move.action is not JobAction.REPORT for move in MOVES)
    with pytest.raises(JobForbiddenError):
        move_for(JobState.REPORTED, JobAction.APPROVE, Side.PARTY)
    assert {move.to for move in MOVES if move.action is JobAction.SEND_BACK} <= WITH_PARTY


PRICES = [{"item": "换灯", "unit": "盏", "cents": 3550}, {"item": "清扫", "unit": "次", "cents": 1}]


def test_what_a_job_costs() -> None:
    lines = costs_of(PRICES, {0: "2", 1: ""})
    assert [(line["item"], line["hundredths"], line["cost"]) for line in lines] == [("换灯", 200, 7100)]
    assert total_of(costs_of(PRICES, {0: "0.5", 1: "0.5"})) == 1775 + 1, "half a cent counts as one"
    assert costs_of(PRICES, {}) == []


@pytest.mark.parametrize("typed", ["-1", "1,5", "二", "1.234", "100001", "9" * 400, ".5", "1e3", "²"])
def test_an_amount_that_is_none_is_refused_at_its_field(typed: str) -> None:
    assert quantity_typed(typed) is None
    with pytest.raises(InvalidFieldsError) as refused:
        costs_of(PRICES, {0: "1", 1: typed})
    assert set(refused.value.fields) == {"quantity-1"}


def test_an_amount_of_a_price_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidFieldsError):
        costs_of(PRICES, {2: "1"})


CONTACT = {"name": "王芳", "phone": "13812345678", "email": "wangfang@example.org"}
TELLS = [
    "我是王芳，灯坏了",
    "王 芳家门口",
    "王女士家门口",
    "电话13812345678",
    "电话138 1234 5678",
    "电话１３８１２３４５６７８",
    "打139-0000-1111也行",
    "座机0990-5550101",
    "身份证11010119900307123X",
    "写信到WangFang@Example.org",
    "邮箱 someone.else@mail.cn",
]


@pytest.mark.parametrize("text", TELLS)
def test_what_says_who_asked_is_taken_out_and_refused(text: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        check_hidden({"text": text, "place": "3号楼"}, CONTACT)
    assert set(refused.value.fields) == {"text"}
    safe = hidden(text, CONTACT)
    assert HIDDEN in safe
    check_hidden({"text": safe}, CONTACT)


@pytest.mark.parametrize(
    "text", ["湖滨一区3号楼2单元501室，11月30日前", "工单20261123-00042-7", "王府井路的灯", "共12盏"]
)
def test_what_says_nothing_of_people_is_left_as_it_is(text: str) -> None:
    check_hidden({"text": text}, CONTACT)
    assert hidden(text, CONTACT) == text


def test_a_short_latin_name_stands_in_other_words() -> None:
    check_hidden({"text": "We want a lamp"}, {"name": "An", "phone": "", "email": ""})
    with pytest.raises(InvalidFieldsError):
        check_hidden({"text": "ask WANG fang"}, {"name": "Wang Fang"})


LINK = JobLink(12, 3, datetime(2026, 11, 30, 4, 0, tzinfo=UTC))


def test_a_link_is_read_back_and_no_part_of_it_can_be_changed() -> None:
    token = token_of(LINK)
    assert link_of(token) == LINK
    said, _, signed = token.rpartition(".")
    forged = ["", ".", "12.3.1", said, f"{said}.", f"13{said[2:]}.{signed}", f"{said[:-1]}9.{signed}", token[:-2],
              token + "A", "字" * 40, f"{said}.字", "x" * 5000, f"12.4.{said.split('.')[2]}.{signed}"]  # fmt: skip
    for one in forged:
        assert link_of(one) is None, one


def test_a_notice_keeps_what_makes_the_link_and_not_the_link() -> None:
    facts = facts_of(LINK)
    token = token_of(LINK)
    assert token.rpartition(".")[2] not in str(facts)
    assert address_in(facts, "https://jiban.example") == {"link": f"https://jiban.example/party?key={token}"}
    assert address_in({"job": "12"}, "https://jiban.example") == {}
