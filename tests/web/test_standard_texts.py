"""Standard texts: who looks after them, where they are offered, and how they come into an answer."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from service.audit.queries import history
from service.cases.tables import Case
from service.texts.actions import add_text
from service.texts.loading import load_texts, shipped
from service.texts.rules import StandardTextDetails
from service.texts.tables import StandardText
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.test_api import key_of
from tests.web.workers import CONTACT, HOSTILE, path, signed, to_li

PLACED = "{称呼}，编号 {编号}，由{服务台}在{时限}前答复，电话 {电话}。{姓名}"


def a_text(session: Session, town: Town, clock: Clock, **fields: object) -> StandardText:
    details = StandardTextDetails(**({"title": "已受理", "text": PLACED} | fields))  # type: ignore[arg-type]
    return add_text(session, details, by=town.admin, now=clock.now)


@pytest.fixture
def case(session: Session, town: Town, clock: Clock) -> Case:
    return signed(session, town, clock, contact=CONTACT)


@pytest.fixture
def li(browse: Browser, town: Town) -> Browser:
    """李强 at his browser."""
    return browse.sign_in(town.li_qiang)


def offered(browse: Browser, case: Case, act: str = "reply") -> list[str]:
    chosen = browse.get(path(case)).html.select(f"#do-{act} select[name=standard_text] option")
    return [option.get_text(strip=True) for option in chosen][1:]


def used(session: Session, text: StandardText) -> int:
    session.refresh(text)
    return text.used


# Taken into an answer


def test_a_text_is_taken_in_below_what_was_written_and_nothing_is_sent(
    li: Browser, session: Session, town: Town, clock: Clock, case: Case
) -> None:
    text = a_text(session, town, clock)

    page = li.post(li.get(path(case)), "/reply", 200, text="已约好。", standard_text=str(text.id), insert="yes")

    written = page.fields("/reply")["text"]
    assert written.startswith(f"已约好。\n王先生/女士，编号 {case.number}，由湖滨社区服务站在")
    assert "11月" in written
    assert written.endswith("电话 0990-5550101。李强")
    assert "13812345678" not in page.text
    assert page.html.select_one("#do-reply textarea[autofocus]")
    assert not page.html.select_one("main .notice.bad")
    assert "王先生" not in li.get(path(case)).html.select_one(".timeline").get_text()  # type: ignore[union-attr]
    assert used(session, text) == 1
    assert li.post(page, "/reply").to == f"{path(case)}?done=reply"


def test_with_htmx_only_the_field_comes_back(
    li: Browser, session: Session, town: Town, clock: Clock, case: Case
) -> None:
    text = a_text(session, town, clock)
    page = li.get(path(case))
    sent = {"csrf": page.fields("/reply")["csrf"], "text": "先写的话", "standard_text": str(text.id), "tried": ""}

    came = li.client.post(f"{path(case)}/texts/reply", data=sent, headers={"HX-Request": "true"})

    assert came.status_code == 200
    assert '<div class="field" id="f-text-reply-box">' in came.text
    assert "先写的话\n王先生/女士" in came.text
    assert "<form" not in came.text
    assert "autofocus" in came.text
    assert used(session, text) == 1


def test_a_passed_time_and_what_is_unknown_stay_as_gaps(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock, anonymous=True)
    text = a_text(session, town, clock)
    clock.turn(days=30)

    page = li.post(li.get(path(case)), "/reply", 200, standard_text=str(text.id), insert="yes")

    assert page.fields("/reply")["text"].startswith("居民朋友，")
    assert "在【时限？】前" in page.fields("/reply")["text"]


@pytest.mark.parametrize("chosen", ["", "0", "-1", "9" * 30, *HOSTILE])
def test_a_text_that_was_not_offered_is_refused_and_what_was_written_stays(
    li: Browser, session: Session, town: Town, clock: Clock, case: Case, chosen: str
) -> None:
    a_text(session, town, clock)

    page = li.post(li.get(path(case)), "/reply", 422, text="写好的话", standard_text=chosen, insert="yes")

    assert page.html.select_one("#f-standard_text-error")
    assert page.fields("/reply")["text"] == "写好的话"


def test_the_resident_reads_their_own_language_and_colleagues_theirs(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock, language="en")
    text = a_text(session, town, clock, text_en="Dear {resident}, {desk}.", text="称呼：{称呼}")

    def taken(act: str) -> str:
        page = li.post(li.get(path(case)), f"/{act}", 200, standard_text=str(text.id), insert="yes")
        return str(page.fields(f"/{act}")["text"])

    assert taken("reply") == "Dear resident, Hubin Service Desk."
    assert taken("note") == "称呼：居民朋友"


@pytest.mark.parametrize("act", ["accept", "rate", "nothing", "urge"])
def test_what_takes_no_words_takes_no_text(
    li: Browser, session: Session, town: Town, clock: Clock, case: Case, act: str
) -> None:
    text = a_text(session, town, clock)
    csrf = li.get(path(case)).fields("/reply")["csrf"]

    sent = {"csrf": csrf, "standard_text": str(text.id)}
    assert li.client.post(f"{path(case)}/texts/{act}", data=sent).status_code == 404
    assert used(session, text) == 0


def test_who_may_not_see_the_case_gets_no_text(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    a_text(session, town, clock)
    browse.sign_in(town.zhao_min)
    own = to_li(session, town, clock)
    csrf = browse.get("/notices/wishes").fields()["csrf"]

    assert browse.client.post(f"{path(own)}/texts/reply", data={"csrf": csrf}).status_code == 404
    assert browse.client.get(f"/api/v1{path(case)}/texts").status_code == 404


# Where they are offered


def test_texts_are_offered_by_act_topic_and_area_and_only_in_use(
    li: Browser, session: Session, town: Town, clock: Clock, case: Case
) -> None:
    def text(title: str, **fields: object) -> None:
        a_text(session, town, clock, title=title, text="您好", **fields)

    text("全部")
    text("答复用", acts=("reply", "ask"))
    text("备注用", acts=("note",))
    text("城市管理", category_code="C")
    text("电梯", category_code="A03")
    text("望湖", area_id=town.areas["lake"].id)
    text("柳溪", area_id=town.areas["willow"].id)
    text("停用", is_active=False)

    assert offered(li, case) == ["全部", "答复用", "城市管理", "望湖"]
    assert "备注用" in offered(li, case, "note")


def test_what_is_used_most_is_offered_first(
    li: Browser, session: Session, town: Town, clock: Clock, case: Case
) -> None:
    a_text(session, town, clock, title="甲")
    often = a_text(session, town, clock, title="乙")

    li.post(li.get(path(case)), "/reply", 200, standard_text=str(often.id), insert="yes")

    assert offered(li, case) == ["乙", "甲"]


def test_the_api_gives_the_texts_of_a_case_filled_in(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case
) -> None:
    a_text(session, town, clock, acts=("reply",))
    a_text(session, town, clock, title="给同事", acts=("note",))
    headers = key_of(session, town.li_qiang)

    (one,) = browse.client.get(f"/api/v1{path(case)}/texts", headers=headers).json()["items"]
    (other,) = browse.client.get(f"/api/v1{path(case)}/texts?action=note", headers=headers).json()["items"]

    assert (one["title"], one["language"], one["used"], one["acts"]) == ("已受理", "zh", 0, ["reply"])
    assert case.number in one["text"]
    assert other["title"] == "给同事"
    assert browse.client.get(f"/api/v1{path(case)}/texts?action=fly", headers=headers).status_code == 422


# Looked after


def typed(**fields: object) -> dict[str, object]:
    return {"title": "上门查看", "text": "{称呼}，我们明天来。", "is_active": "yes"} | fields


def test_a_supervisor_adds_and_changes_texts_of_their_own_area(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    chen = browse.sign_in(town.chen_jing)
    form = chen.get("/admin/texts/new")

    added = chen.post(form, "/admin/texts", area_id=str(town.areas["shore"].id), acts=["reply"], **typed())
    page = chen.get(added.to)
    chen.post(page, added.to.partition("?")[0], title="约定上门")

    text = session.exec(select(StandardText)).one()
    session.refresh(text)
    assert (text.title, text.acts, text.area_id) == ("约定上门", ["reply"], town.areas["shore"].id)
    assert [entry["action"] for entry in history(session, "text", text.id or 0)] == ["text.added", "text.changed"]
    told = chen.get(f"/admin/texts/{text.id}").text
    assert "中文标题：上门查看 → 约定上门" in told
    assert "答复" in told


def test_a_supervisor_writes_for_nobody_else(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    shared = a_text(session, town, clock)
    foreign = a_text(session, town, clock, title="柳溪", area_id=town.areas["willow"].id)
    chen = browse.sign_in(town.chen_jing)
    form = chen.get("/admin/texts/new")

    for area in ("", str(town.areas["willow"].id), str(town.areas["county"].id), "9" * 25):
        fields = form.fields("/admin/texts") | typed(area_id=area)
        assert chen.client.post("/admin/texts", data=fields).status_code in (403, 422)
    assert not chen.get(f"/admin/texts/{shared.id}").html.select("#do-save")
    csrf = form.fields("/admin/texts")["csrf"]
    sent = typed(csrf=csrf, area_id=str(town.areas["lake"].id))
    assert chen.client.post(f"/admin/texts/{shared.id}", data=sent).status_code == 403
    assert chen.client.get(f"/admin/texts/{foreign.id}").status_code == 404
    assert chen.client.post(f"/admin/texts/{foreign.id}", data=sent).status_code == 404
    assert "柳溪" not in chen.get("/admin/texts").html.select_one("table").get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize("who", ["li_qiang", "he_jun", "wu_dan"])
def test_who_looks_after_no_texts_is_turned_away(browse: Browser, town: Town, who: str) -> None:
    browse.sign_in(town.people[who])
    browse.session.commit()

    browse.get("/admin/texts", 403)
    browse.get("/admin/texts/new", 403)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("text", ["{工资}", "{", "", *HOSTILE[3:]])
def test_what_cannot_be_filled_in_is_refused_in_words_and_kept(
    browse: Browser, session: Session, town: Town, language: str, text: str
) -> None:
    admin = browse.sign_in(town.admin).speak(language)

    page = admin.post(admin.get("/admin/texts/new"), "/admin/texts", 422, **typed(text=text))

    assert page.html.select_one("#f-text-error")
    assert not text.startswith("{") or text in page.html.select_one("#f-text-error").get_text()  # type: ignore[union-attr]
    assert page.fields("/admin/texts")["text"] == text
    assert session.exec(select(StandardText)).all() == []


def test_a_text_is_seen_beforehand_with_a_real_case_and_nothing_is_saved(
    browse: Browser, session: Session, case: Case, town: Town
) -> None:
    chen = browse.sign_in(town.chen_jing)
    form = chen.get("/admin/texts/new")
    sent = typed(area_id=str(town.areas["lake"].id), preview="yes", text_en="Dear {resident}")

    page = chen.post(form, "/admin/texts", 200, number=case.number, **sent)

    reads = page.html.select_one("section[aria-labelledby=reads]")
    assert reads is not None
    assert "王先生/女士，我们明天来。" in reads.get_text()
    assert "Dear resident" in reads.get_text()
    assert session.exec(select(StandardText)).all() == []
    for number in ("20260101-999999-9", "x", "'; --"):
        refused = chen.post(form, "/admin/texts", 422, number=number, **sent)
        assert refused.html.select_one("#f-number-error")


def test_two_who_change_one_text_are_told_of_each_other(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    text = a_text(session, town, clock)
    admin = browse.sign_in(town.admin)
    page = admin.get(f"/admin/texts/{text.id}")
    admin.post(admin.get(f"/admin/texts/{text.id}"), f"/admin/texts/{text.id}", title="先改好的")

    late = admin.post(page, f"/admin/texts/{text.id}", 409, title="后改的")

    assert "先改好的" in late.text
    assert late.fields(f"/admin/texts/{text.id}")["title"] == "后改的"
    assert admin.post(late, f"/admin/texts/{text.id}").status == 303


def test_a_shipped_text_comes_once_and_is_the_installations_own(session: Session, town: Town, clock: Clock) -> None:
    assert load_texts(session, clock.now) == len(shipped())
    first = session.exec(select(StandardText).where(StandardText.code == "done")).one()
    first.title, first.is_active = "办好了", False
    session.add(first)

    assert load_texts(session, clock.now + timedelta(days=1)) == 0
    session.refresh(first)
    assert (first.title, first.is_active) == ("办好了", False)
