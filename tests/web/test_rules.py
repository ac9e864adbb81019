"""The pages of the dispatch table: table, draft, versions, trying out, proposals, and why a case lies where it lies."""

import pytest
from sqlmodel import Session, select

from service.audit.queries import broken_chains
from service.audit.tables import AuditEntry
from service.cases.rules import Action
from service.cases.tables import Case
from service.routing import catalogue
from service.routing.queries import directory
from service.routing.tables import RoutingRule, RuleProposal
from tests.builders import case_of, does, received
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page
from tests.web.test_admin import actions_on, area_id

WHY = "路灯由街道统一报修"


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


def rows_of(page: Page) -> list[str]:
    return [row.get_text(" ", strip=True) for row in page.html.select(".rules tbody tr")]


def only_line(session: Session) -> int:
    return session.exec(select(RoutingRule.line)).one() or 0


def decides(session: Session, clock: Clock) -> list[int]:
    return [rule.id for rule in directory(session).table(clock.now).version.rules]


def added(admin: Browser, **answers: object) -> Page:
    return admin.post(admin.get("/admin/rules/new"), "/admin/rules", **answers)


def published(admin: Browser, **answers: str) -> Page:
    return admin.post(admin.get("/admin/rules/draft"), "/draft/publish", **{"reason": WHY, **answers})


def test_a_new_rule_stands_in_the_draft_and_decides_once_that_is_published(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    answers = {"category": "A03", "area": area_id(town, "lake"), "goes_to": "person"}
    done = added(admin, **answers, target_person=str(town.wu_dan.id), note="电梯由值班席直派")

    draft = admin.get(done.to)
    assert "已写入草稿，发布后生效" in draft.text
    assert "A03 电梯，望湖街道" in rows_of(draft)[0]
    assert "吴丹" in rows_of(draft)[0]
    assert "任何类别，任何地点" in rows_of(draft)[1]
    assert "新增： 1. A03 电梯，望湖街道" in draft.text
    assert [rule.target_person_id for rule in directory(session).rules] == [None]
    assert "有一份草稿正在编写" in admin.get("/admin/rules").text

    page = admin.get(published(admin).to)
    assert "草稿已发布，即刻生效" in page.text
    assert "A03 电梯，望湖街道" in rows_of(page)[0]
    known = directory(session).table(clock.now).version
    assert [rule.target_person_id for rule in known.rules] == [town.wu_dan.id, None]


def test_a_rule_with_every_condition_is_kept_and_told(admin: Browser, session: Session, town: Town) -> None:
    answers = {
        "category": "C05",
        "when": "other",
        "hours": "周一至周五 18:00-22:00；周六",
        "channels": ["phone", "web"],
        "focus_groups": ["elderly"],
        "grades": ["G3", "C"],
        "goes_to": "unit",
        "target_area": area_id(town, "hill"),
        "is_pool": "yes",
        "party": "供电公司",
    }
    draft = admin.get(added(admin, **answers).to)
    row = rows_of(draft)[0]
    assert "周一至周五 18:00–22:00、周六" in row
    assert "供电公司，由东山社区的社区工作者（公共池：谁有空谁领取）对接" in row
    written = catalogue.draft(session)
    assert written is not None
    line = catalogue.lines_in(session, written.id or 0)[0]
    assert (line.hours, line.channels, line.grades) == ("Mon-Fri 18:00-22:00; Sat", ["phone", "web"], ["C", "G3"])

    form = admin.get(f"/admin/rules/{line.line}")
    assert form.fields(f"/{line.line}")["hours"] == "Mon-Fri 18:00-22:00; Sat"
    assert [box["value"] for box in form.html.select("#f-channels input[checked]")] == ["web", "phone"]
    english = admin.speak("en").get("/admin/rules/draft").text
    assert "Mon to Fri 18:00–22:00, Sat" in english
    assert "Telephone" in english


def test_rules_change_places_and_are_removed(admin: Browser, session: Session, town: Town, clock: Clock) -> None:
    first = only_line(session)
    added(admin, category="C", target_level="subdistrict")
    draft = catalogue.draft(session)
    assert draft is not None
    second = next(line.line for line in catalogue.lines_in(session, draft.id or 0) if line.line != first)

    def order() -> list[int | None]:
        return [line.line for line in catalogue.lines_in(session, draft.id or 0)]

    admin.post(admin.get("/admin/rules/draft"), f"/admin/rules/{second}/move", direction="down")
    assert order() == [first, second]
    admin.post(admin.get("/admin/rules/draft"), f"/admin/rules/{second}/move", direction="up")
    assert order() == [second, first]
    admin.post(admin.get(f"/admin/rules/{second}"), "/move", place="2")
    assert order() == [first, second]
    admin.post(admin.get(f"/admin/rules/{second}"), "/move", 422, place="moon")
    admin.post(admin.get(f"/admin/rules/{second}"), "/delete")
    assert order() == [first]
    told = ["rule.added", "rule.moved", "rule.moved", "rule.moved", "rule.deleted"]
    assert actions_on(session, "rule") == told
    assert "删除规则" in admin.get("/admin/history", kind="rule").text
    admin.get(f"/admin/rules/{second}", 404)
    assert decides(session, clock) == [first]
    assert not broken_chains(session)


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"category": "X99"}, "category"),
        ({"category": "'; DROP TABLE routing_rules; --"}, "category"),
        ({"area": "999999"}, "area"),
        ({"area": "<b>"}, "area"),
        ({"goes_to": ""}, "goes_to"),
        ({"goes_to": "moon"}, "goes_to"),
        ({"goes_to": "level", "target_level": ""}, "target_level"),
        ({"goes_to": "unit", "target_area": ""}, "target_area"),
        ({"goes_to": "unit", "target_area": "999999"}, "target_area"),
        ({"goes_to": "person", "target_person": ""}, "target_person"),
        ({"goes_to": "person", "target_person": "9" * 40}, "target_person"),
        ({"target_role": "admin"}, "target_role"),
        ({"target_role": "x"}, "target_role"),
        ({"note": "长" * 10_000}, "note"),
        ({"when": "other"}, "hours"),
        ({"when": "other", "hours": "夜里三点"}, "hours"),
        ({"when": "other", "hours": "夜间；周一 23:00-24:00"}, "hours"),
        ({"channels": ["pigeon"]}, "channels"),
        ({"focus_groups": ["<b>"]}, "focus_groups"),
        ({"grades": ["G9"]}, "grades"),
        ({"party": "长" * 61}, "party"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_whole(
    admin: Browser, session: Session, town: Town, answers: dict[str, str], field: str
) -> None:
    page = admin.post(admin.get("/admin/rules/new"), "/admin/rules", 422, **answers)

    assert page.html.select_one(f"#f-{field}-error") is not None
    assert len(session.exec(select(RoutingRule)).all()) == 1


def test_no_rule_points_to_somebody_who_left_or_to_a_closed_area(admin: Browser, session: Session, town: Town) -> None:
    town.zhao_min.is_active, town.areas["shore_grid"].is_active = False, False
    session.add_all([town.zhao_min, town.areas["shore_grid"]])
    session.flush()
    form = admin.get("/admin/rules/new")

    gone = admin.post(form, "/admin/rules", 422, goes_to="person", target_person=str(town.zhao_min.id))
    closed = admin.post(form, "/admin/rules", 422, goes_to="unit", target_area=area_id(town, "shore_grid"))

    assert "已离岗。请从列表中选择" in gone.text
    assert closed.html.select_one("#f-target_area-error") is not None


def test_a_rule_whose_person_left_is_shown_as_skipped(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    added(admin, goes_to="person", target_person=str(town.zhao_min.id), category="C")
    published(admin)
    town.zhao_min.is_active = False
    session.add(town.zhao_min)
    session.flush()

    assert "会被跳过： 指定人员已离岗" in admin.get("/admin/rules").text
    assert "有 1 条规则" in admin.get("/admin").text
    case, _ = received(session, clock.now)
    assert case.assignee_id is not None


def test_two_who_change_one_rule_are_told_of_each_other(admin: Browser, session: Session, town: Town) -> None:
    own = f"/admin/rules/{only_line(session)}"
    form = admin.get(own)
    admin.post(form, own, note="先改的")
    later = admin.post(form, own, 409, note="后改的")
    assert "其间发生的改动" in later.text or "先改的" in later.text
    assert later.fields(own)["note"] == "后改的"


def test_a_version_that_is_planned_is_told_and_can_be_dropped(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    added(admin, category="C05", target_level="subdistrict", target_role="triage")
    done = published(admin, effective_at="2026-11-25T08:00")
    assert "到时生效" in admin.get(done.to).text
    planned = catalogue.newest(session)
    assert f"第 {planned.id} 版待生效" in admin.get("/admin/rules").text
    versions = admin.get("/admin/rules/versions").text
    assert "待生效" in versions
    assert WHY in versions
    page = admin.get(f"/admin/rules/versions/{planned.id}")
    assert "新增： 1. C05 道路与市政设施，任何地点" in page.text
    admin.post(page, "/drop")
    assert "已作废" in admin.get("/admin/rules/versions").text
    clock.turn(days=3)
    assert decides(session, clock) == [only_in(session, 1)]


def only_in(session: Session, version: int) -> int:
    return catalogue.lines_in(session, version)[0].line or 0


@pytest.mark.parametrize(
    ("answers", "field"), [({"reason": ""}, "reason"), ({"effective_at": "2020-01-01T00:00"}, "effective_at")]
)
def test_what_is_wrong_with_publishing_is_told(
    admin: Browser, session: Session, town: Town, answers: dict[str, str], field: str
) -> None:
    added(admin, category="C05", target_level="subdistrict")
    page = admin.post(admin.get("/admin/rules/draft"), "/draft/publish", 422, **{"reason": WHY, **answers})
    assert page.html.select_one(f"#f-{field}-error") is not None
    assert catalogue.draft(session) is not None


def test_the_lines_whose_cases_come_back_stand_on_top_when_asked(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    added(admin, category="A", target_area=area_id(town, "hill"), goes_to="unit")
    published(admin)
    for _ in range(5):
        case, _ = received(session, clock.now)
    clock.turn(hours=1)
    does(session, case, town.li_qiang, Action.RETURN, clock.now, reason="not_our_duty", text="不归我们")

    usual, worst = admin.get("/admin/rules"), admin.get("/admin/rules", order="returns")
    assert "A 物业与住宅" in rows_of(usual)[0]
    assert "1 / 5 20 %" in rows_of(worst)[0]
    assert "任何类别" in rows_of(worst)[0]
    assert len(rows_of(admin.get("/admin/rules", search="物业"))) == 1


def test_the_district_looks_after_the_table_and_supervisors_do_not(browse: Browser, town: Town) -> None:
    page = browse.sign_in(town.qian_bo).get("/admin/rules")
    assert "/admin/rules" in [a["href"] for a in page.html.select("main > nav .tabs a")]
    browse.get("/admin/areas", 403)
    for address in ("/admin/rules", "/admin/rules/draft", "/admin/rules/proposals", "/admin/rules/versions/1"):
        browse.sign_in(town.chen_jing).get(address, 403)


# Trying out


def test_a_dry_run_tells_who_and_why_now_and_at_night_and_writes_nothing(
    admin: Browser, session: Session, town: Town
) -> None:
    before = len(session.exec(select(AuditEntry)).all())

    page = admin.get("/admin/rules/try", category="A03", area=area_id(town, "shore"), at="2026-11-23T10:00")

    day, night = (part.get_text(" ", strip=True) for part in page.html.select(".halves > section"))
    assert "会派给李强" in day
    assert "当班且最合适" in day
    assert "由这一条决定： 1. 任何类别，任何地点" in day
    assert "孙丽" in day
    assert "03:00" in night
    assert "会派给吴丹" in night
    assert "上级值班席兜底" in night
    assert len(session.exec(select(AuditEntry)).all()) == before


def test_a_dry_run_understands_words_as_intake_does(admin: Browser, town: Town) -> None:
    page = admin.get("/admin/rules/try", text="湖滨社区3栋电梯困人了", at="2026-11-23T10:00")
    assert "A03 电梯，由文字判定" in page.text
    assert "湖滨社区" in page.text
    assert "表示危险的词" in page.text


def test_a_dry_run_of_the_draft_shows_what_it_would_do(admin: Browser, session: Session, town: Town) -> None:
    added(admin, category="C05", channels=["phone"], target_level="subdistrict", target_role="triage")
    asked = {"category": "C05", "area": area_id(town, "shore"), "at": "2026-11-23T10:00", "channel": "phone"}
    assert "会派给李强" in admin.get("/admin/rules/try", **asked).text
    assert "会派给吴丹" in admin.get("/admin/rules/try", **asked, table="draft").text
    other = admin.get("/admin/rules/try", **asked | {"channel": "web"}, table="draft").text
    assert "适用于其他渠道" in other
    assert "会派给李强" in other


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("category", "X"), ("area", "999999"), ("area", ""), ("at", "tomorrow"), ("at", "")),
        *(("channel", "pigeon"), ("grade", "G9"), ("focus_groups", "<b>")),
    ],
)
def test_a_dry_run_names_what_is_missing(admin: Browser, town: Town, field: str, value: str) -> None:
    asked = {"category": "C05", "area": area_id(town, "shore"), "at": "2026-11-23T10:00"} | {field: value}

    page = admin.get("/admin/rules/try", 422, **asked)

    assert page.html.select_one(f"#f-{field}-error") is not None


# Disputes


@pytest.fixture
def case(session: Session, town: Town, clock: Clock) -> Case:
    made, _ = received(session, clock.now)
    does(session, made, town.li_qiang, Action.RETURN, clock.now, reason="not_our_duty", text="不归我们")
    session.commit()  # Into the test's own transaction.
    return case_of(session, made.number)


def test_a_dispute_is_proposed_approved_and_seen_on_the_case(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case
) -> None:
    own = f"/dispatch/{case.number}/propose"
    page = browse.sign_in(town.he_jun).get(f"/cases/{case.number}")
    assert own in [a.get("href") for a in page.html.select("a")]
    form = browse.get(own)
    assert "任何类别，任何地点" in form.text
    wrong = browse.post(form, own, 422, reason="")
    assert wrong.html.select_one("#f-reason-error") is not None
    done = browse.post(form, own, reason=WHY)
    assert "建议已提交" in browse.get(done.to).text
    assert not browse.get(own).html.select("#do-save")

    browse.sign_in(town.qian_bo)
    listed = browse.get("/admin/rules/proposals")
    assert "建议 (1)" in listed.text
    asked = session.exec(select(RuleProposal)).one()
    page = browse.get(f"/admin/rules/proposals/{asked.id}")
    assert "C05 道路与市政设施，望湖街道" in page.text
    assert "1 / 1" in page.text
    done = browse.post(page, f"/proposals/{asked.id}", decision="approve", answer="同意")
    assert "建议已采纳" in browse.get(done.to).text
    clock.turn(hours=1)
    again, _ = received(session, clock.now)
    assert again.assignee_id == town.wu_dan.id
    shown = browse.sign_in(town.wu_dan).get(f"/cases/{again.number}").text
    assert f"第 {catalogue.newest(session).id} 版" in shown
    assert "C05 道路与市政设施，望湖街道 → 街道所在地" in shown or "→ " in shown
    assert WHY in shown


def test_a_refusal_needs_a_reason(browse: Browser, session: Session, town: Town, case: Case) -> None:
    own = f"/dispatch/{case.number}/propose"
    browse.sign_in(town.he_jun)
    browse.post(browse.get(own), own, reason=WHY)
    asked = session.exec(select(RuleProposal)).one()
    page = browse.sign_in(town.admin).get(f"/admin/rules/proposals/{asked.id}")
    wrong = browse.post(page, f"/proposals/{asked.id}", 422, decision="refuse")
    assert wrong.html.select_one("#f-answer-error") is not None
    browse.post(page, f"/proposals/{asked.id}", decision="refuse", answer="先核实线路归属")
    assert "先核实线路归属" in browse.sign_in(town.he_jun).get(own).text


def test_nobody_proposes_from_a_case_they_do_not_see(browse: Browser, town: Town, case: Case) -> None:
    browse.sign_in(town.zhou_tao).get(f"/dispatch/{case.number}/propose", 404)
    browse.sign_in(town.admin).get(f"/dispatch/{case.number}/propose", 403)
    browse.sign_in(town.he_jun).get("/dispatch/20260101-00001-1/propose", 404)


def test_the_case_says_which_rules_did_not_fit_and_why(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    browse.sign_in(town.admin)
    added(browse, category="C05", when="night", target_level="subdistrict", target_role="triage")
    published(browse)
    case, _ = received(session, clock.now)
    shown = browse.sign_in(town.he_jun).get(f"/cases/{case.number}").text
    assert "C05 道路与市政设施，任何地点 (夜间（22:00–07:00）) : 适用于其他时段" in shown


# Files and coverage


def sent(admin: Browser, content: str, what: str, status: int, name: str = "t.csv") -> Page:
    page = admin.get("/admin/rules/files")
    fields = page.fields("/admin/rules/files") | {"what": what}
    response = admin.client.post("/admin/rules/files", data=fields, files={"file": (name, content.encode())})
    assert response.status_code == status, response.text[:500]
    return admin._seen(response)


def test_a_sheet_is_looked_at_and_then_written_into_the_draft(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    content = admin.client.get("/admin/rules/files/csv").text + ",C05,,夜间,,,,subdistrict,,,triage,,,,路灯夜间\n"
    seen = sent(admin, content, "look", 200)
    assert "每一行都可以导入" in seen.text
    assert "新增 1 条，修改 0 条，移动 0 条，移除 0 条" in seen.text
    assert catalogue.draft(session) is None
    done = sent(admin, content, "take", 303)
    assert "新增： 2. C05 道路与市政设施" in admin.get(done.to).text
    published(admin)
    assert len(decides(session, clock)) == 2


def test_a_bad_row_is_named_and_nothing_is_written(admin: Browser, session: Session, town: Town) -> None:
    seen = sent(admin, "category,to_level\nA,community\nX99,community\n", "take", 422)
    assert "1 处错误" in seen.text
    assert [cell.get_text(strip=True) for cell in seen.html.select("tbody td")][:2] == ["3", "类别"]
    assert catalogue.draft(session) is None
    assert "无法" in sent(admin, "PK", "look", 422, "t.xlsx").text
    admin.get("/admin/rules/files/exe", 404)


def test_the_page_of_coverage_names_gaps_and_lines_that_take_nothing(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    page = admin.get("/admin/rules/coverage")
    assert "没有一个" not in page.text
    assert "地点只知道大概" in page.text
    assert "磨坊村" in page.text

    added(admin, category="A", target_level="community")
    admin.post(admin.get(f"/admin/rules/{only_in(session, 1)}"), "/move", place="1")
    added(admin, category="C", goes_to="person", target_person=str(town.zhao_min.id), when="night")
    published(admin)
    town.zhao_min.is_active = False
    session.add(town.zhao_min)
    session.commit()
    english = admin.speak("en").get("/admin/rules/coverage").text
    assert "never asked: rules above it take all its cases (no. 2)" in english
    assert "the person named has left" in english
    clock.turn(minutes=6)
    assert "These rules are skipped" in admin.get("/watch").text


def test_the_resident_reads_in_one_sentence_why_this_desk_has_it(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, receipt = received(session, clock.now)
    session.commit()
    form = browse.get("/track")
    done = browse.post(form, "/track", number=receipt.number, code=receipt.tracking_code)
    page = browse.get(done.to)
    why = page.html.select_one("#why-here")
    assert why is not None
    assert why.get_text() == "由这里负责，因为湖滨社区的“道路与市政设施”归它办理。"
    does(
        session, case_of(session, case.number), town.li_qiang, Action.RETURN, clock.now, reason="not_our_duty", text="x"
    )
    session.commit()
    assert "由值班席接收并找到合适的人办理" in browse.get(done.to).text
