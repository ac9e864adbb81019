"""Outside parties on pages: the register, the job, the page behind the link, and what must never be seen there."""

import tempfile
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from service.accounts.limits import keep_failures
from service.attachments.preparing import prepare
from service.attachments.rules import Stage
from service.attachments.storage import storage_in
from service.attachments.tables import Attachment
from service.cases.rules import Action
from service.cases.tables import Case
from service.commissions.actions import act_as_party
from service.commissions.rules import JobAction, JobState
from service.commissions.tables import PartyJob
from service.delivery.links import JobLink, token_of
from service.feedback.actions import rate
from service.handling.actions import Doer
from service.handling.photos import add_photos
from service.handling.queries import actors
from service.parties.tables import Party
from service.settings import get_settings
from service.web.party_page import WRONG_LINKS
from tests import pictures
from tests.builders import does, resident_does
from tests.parties import MAIL, PHONE, a_job, a_party, worker_does
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page
from tests.web.photographs import with_photos
from tests.web.test_api import key_of as key_of_api
from tests.web.workers import CONTACT, HOSTILE, signed

A = JobAction
TEXT = "我是王芳，三单元的灯坏了，请打13812345678"


@pytest.fixture
def party(session: Session, town: Town, clock: Clock) -> Party:
    return a_party(session, town, clock.now)


@pytest.fixture
def case(session: Session, town: Town, clock: Clock) -> Case:
    return signed(session, town, clock, contact=CONTACT, text=TEXT, address="湖滨一区3号楼 王芳家")


@pytest.fixture
def job(session: Session, town: Town, clock: Clock, case: Case, party: Party) -> PartyJob:
    made = a_job(session, case, party, town.li_qiang, clock.now)
    session.commit()
    return made


def key_of(job: PartyJob) -> str:
    assert job.link_until is not None
    return token_of(JobLink(job.id or 0, job.link_serial, job.link_until))


def open_job(browse: Browser, job: PartyJob) -> Page:
    """Open the link as the party does, on a telephone on which nobody has signed in."""
    browse.client.cookies.delete("jiban_session")
    gone_to = browse.get("/party", status=303, key=key_of(job)).to
    return browse.get(gone_to)


def only(session: Session) -> PartyJob:
    return session.exec(select(PartyJob).execution_options(populate_existing=True)).one()


# The register


def fields(town: Town, **other: str) -> dict[str, str]:
    told = {
        "name": "东湖社工站",
        "kind": "purchased",
        "contact": "林社工",
        "phone": "13900003333",
        "area_ids": "湖滨社区\n990101001002",
        "categories": "C05\n环境卫生与垃圾",
        "contract": "GM-7",
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
        "prices": "探访; 次; 80",
        "minder_id": str(town.he_jun.id),
    }
    return told | other


@pytest.mark.parametrize(("lang", "words"), [("zh", "外部承办单位"), ("en", "Outside parties")])
def test_a_party_is_added_changed_and_found_in_the_history(
    browse: Browser, session: Session, town: Town, lang: str, words: str
) -> None:
    browse.sign_in(town.chen_jing).speak(lang)
    assert words in browse.get("/admin/parties").text
    done = browse.post(browse.get("/admin/parties/new"), "/admin/parties", **fields(town))
    party = session.exec(select(Party)).one()
    assert done.to == f"/admin/parties/{party.id}?done=added"
    assert party.area_ids == [town.areas["shore"].id, town.areas["hill"].id]
    assert (party.categories, party.prices) == (["C05", "C03"], [{"item": "探访", "unit": "次", "cents": 8000}])
    page = browse.get(f"/admin/parties/{party.id}")
    assert "13900003333" not in page.text
    assert "139****3333" in page.text
    browse.post(page, f"/admin/parties/{party.id}", email="shegong@example.org", forget="phone", prices="")
    again = browse.get(f"/admin/parties/{party.id}")
    session.refresh(party)
    assert (party.phone_encrypted, party.prices) == (None, [])
    kept = browse.sign_in(town.admin).get("/admin/history", kind="party").text
    assert ("东山社区" if lang == "zh" else "Dongshan") in kept
    assert "探访 80.00/次" in again.text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "字" * 61}, "name"),
        ({"kind": "army"}, "kind"),
        ({"phone": "12"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"area_ids": "没有的地方"}, "area_ids"),
        ({"area_ids": ""}, "area_ids"),
        ({"area_ids": "990101101"}, "area_ids"),
        ({"categories": "QQ"}, "categories"),
        ({"contract": ""}, "contract"),
        ({"valid_from": ""}, "valid_from"),
        ({"valid_from": "2026-02-30"}, "valid_from"),
        ({"valid_until": "2025-12-31"}, "valid_until"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"prices": "探访; 次; 80\n免费"}, "prices"),
        ({"minder_id": "999999"}, "minder_id"),
        ({"name": HOSTILE[3]}, "name"),
    ],
)
def test_what_cannot_be_written_down_is_said_and_kept(
    browse: Browser, session: Session, town: Town, lang: str, answers: dict[str, str], field: str
) -> None:
    browse.sign_in(town.chen_jing).speak(lang)
    again = browse.post(browse.get("/admin/parties/new"), "/admin/parties", status=422, **fields(town, **answers))
    assert again.html.select(f'a[href="#f-{field}"]'), again.text
    assert again.html.select_one(f"#f-{field}")
    assert again.fields("/admin/parties")["contract"] == answers.get("contract", "GM-7")
    assert session.exec(select(Party)).all() == []


def test_who_may_not_write_reads_and_who_may_not_know_finds_nothing(
    browse: Browser, town: Town, session: Session, clock: Clock, party: Party
) -> None:
    browse.sign_in(town.he_jun)
    assert browse.get(f"/admin/parties/{party.id}").form(f"/admin/parties/{party.id}")
    wide = a_party(session, town, clock.now, name="全区保洁", area_ids=(town.areas["county"].id,))
    session.commit()
    page = browse.get(f"/admin/parties/{wide.id}")
    assert not page.html.select("main form")
    assert MAIL not in page.text
    assert PHONE not in page.text
    browse.sign_in(town.zhou_tao)
    browse.get(f"/admin/parties/{party.id}", status=404)
    browse.sign_in(town.zhou_tao)
    browse.get(f"/admin/parties/{party.id}/performance", status=404)
    browse.sign_in(town.zhou_tao)
    assert "湖滨物业" not in browse.get("/admin/parties").text
    for person in (town.li_qiang, town.wu_dan):
        browse.sign_in(person)
        browse.get("/admin/parties", status=403)


def test_read_in_another_language_nothing_is_saved(browse: Browser, session: Session, town: Town) -> None:
    browse.sign_in(town.chen_jing).speak("zh")
    page = browse.get("/admin/parties/new")
    english = browse.post(page, "/admin/parties", status=200, lang="en", **fields(town))
    assert english.fields("/admin/parties")["prices"] == "探访; 次; 80"
    assert session.exec(select(Party)).all() == []


# Giving


@pytest.mark.parametrize(("lang", "words"), [("zh", "委托外部单位办理"), ("en", "Give a job to an outside party")])
def test_a_worker_gives_a_job_from_the_case_with_what_tells_of_people_taken_out(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, party: Party, lang: str, words: str
) -> None:
    a_party(session, town, clock.now, name="电梯维保", name_en="", categories=("A",))
    session.commit()
    browse.sign_in(town.li_qiang).speak(lang)
    assert browse.get(f"/cases/{case.number}").html.select(f'a[href="/jobs/new/{case.number}"]')
    page = browse.get(f"/jobs/new/{case.number}")
    assert words in page.text
    filled = page.fields("/jobs/new")
    assert (filled["party"], filled["hours"]) == (str(party.id), "48")
    for secret in ("王芳", "13812345678"):
        assert secret not in filled["text"] + filled["place"]
    assert "电梯维保" in page.text
    assert ("不承办这类事项" if lang == "zh" else "does other things") in page.text
    done = browse.post(page, "/jobs/new", hours="24")
    assert done.to == f"/cases/{case.number}?done=give"
    job = only(session)
    assert (job.party_id, job.state, job.due_at) == (party.id, JobState.OPEN, clock.now + timedelta(hours=24))
    seen = browse.get(f"/cases/{case.number}", done="give")
    assert seen.html.select(f'a[href="/jobs/{job.id}"]')
    assert ("工单仍由您负责" if lang == "zh" else "the case is still yours") in seen.text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "字" * 2001}, "text"),
        ({"text": "请联系王芳"}, "text"),
        ({"text": "call 138 1234 5678"}, "text"),
        ({"place": ""}, "place"),
        ({"place": "wangfang@example.org"}, "place"),
        ({"hours": "0"}, "hours"),
        ({"hours": "9" * 400}, "hours"),
        ({"party": ""}, "party"),
        ({"party": "1 OR 1=1"}, "party"),
        ({"photos": "f" * 32}, "photos"),
    ],
)
def test_what_cannot_be_given_is_said_and_kept(
    browse: Browser,
    session: Session,
    town: Town,
    case: Case,
    party: Party,
    lang: str,
    answers: dict[str, str],
    field: str,
) -> None:
    browse.sign_in(town.li_qiang).speak(lang)
    typed = {"party": str(party.id), "text": "换灯", "place": "3号楼", "hours": "24"} | answers
    again = browse.post(browse.get(f"/jobs/new/{case.number}"), "/jobs/new", status=422, **typed)
    assert again.html.select(f'a[href="#f-{field}"]')
    assert again.fields("/jobs/new")["text"] == typed["text"]
    assert session.exec(select(PartyJob)).all() == []


def test_a_party_whose_contract_has_ended_is_not_offered_and_cannot_be_forced(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, party: Party
) -> None:
    over = a_party(session, town, clock.now, name="旧物业", valid_until=clock.now.date() - timedelta(days=1))
    session.commit()
    browse.sign_in(town.li_qiang).speak("zh")
    page = browse.get(f"/jobs/new/{case.number}")
    assert not page.html.select(f'input[name=party][value="{over.id}"]')
    assert "合同已到期" in page.text
    refused = browse.post(page, "/jobs/new", status=422, party=str(over.id))
    assert refused.html.select('a[href="#f-party"]')


def test_who_may_not_give_sees_no_way_to(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, party: Party, job: PartyJob
) -> None:
    browse.sign_in(town.sun_li)
    assert not browse.get(f"/cases/{case.number}").html.select('a[href^="/jobs/new"]')
    browse.get(f"/jobs/new/{case.number}", status=403)
    page = browse.get(f"/jobs/{job.id}")
    assert not page.html.select("main form[id^=do-]")
    assert PHONE not in page.text, "the contact is for who acts"
    browse.sign_in(town.zhou_tao)
    browse.get(f"/jobs/{job.id}", status=404)
    browse.sign_in(town.zhou_tao)
    browse.get(f"/jobs/new/{case.number}", status=404)
    browse.sign_in(town.admin)
    browse.get(f"/jobs/{job.id}", status=403)


@pytest.mark.parametrize("path", ["/jobs/999999", "/jobs/new/20261123-00099-0", "/jobs/new/%00"])
def test_what_is_not_there_is_said_in_words(browse: Browser, town: Town, path: str) -> None:
    browse.sign_in(town.li_qiang).get(path, status=404)


@pytest.mark.parametrize("path", ["/jobs/0", "/jobs/x", "/jobs/99999999999999999999", "/party/x", "/party/0"])
def test_nonsense_in_an_address_is_refused_in_words(browse: Browser, town: Town, path: str) -> None:
    browse.sign_in(town.li_qiang).get(path, status=422)


# Behind the link


def test_nothing_of_who_asked_stands_anywhere_behind_the_link(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, job: PartyJob
) -> None:
    resident_does(session, case, Action.ANSWER, clock.now, text="我丈夫也在家，他叫赵刚")
    does(session, case, town.li_qiang, Action.NOTE, clock.now, text="她上月投诉过物业，别说是她")
    session.commit()
    secrets = [*CONTACT.values(), "王*", "138****5678", "w****@", "赵刚", "投诉过物业", case.number, case.title, "李强"]
    for lang in ("zh", "en"):
        browse.speak(lang)
        pages = [open_job(browse, job)]
        pages.append(browse.post(pages[0], "/report", status=422, text=""))
        pages.append(browse.post(pages[0], "/refuse", status=422, text="x" * 2001))
        for page in pages:
            for secret in secrets:
                assert secret not in str(page.html), secret
        assert job.text in pages[0].text
        assert job.place in pages[0].text
        assert not pages[0].html.select('a[href^="/cases"], a[href^="/track/"], nav a')


@pytest.mark.parametrize(("lang", "words"), [("zh", "社区委托事项"), ("en", "A job from the community")])
def test_a_party_takes_reports_with_photos_and_the_worker_sends_back_and_accepts(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, job: PartyJob, lang: str, words: str
) -> None:
    browse.speak(lang)
    page = open_job(browse, job)
    assert words in page.text
    browse.post(page, "/take")
    page = browse.get(f"/party/{job.id}", done="take")
    done = with_photos(browse, page, "/report", pictures.photo(1), text="换好了")
    assert done.to == f"/party/{job.id}?done=report"
    seen = browse.get(done.to)
    assert not seen.html.select("main form")
    (mine,) = seen.html.select("main img")
    assert browse.client.get(str(mine["src"])).headers["content-type"] == "image/jpeg"
    photo = session.exec(select(Attachment)).one()
    assert (photo.is_public, photo.by_resident, photo.person_id, photo.stage) == (False, False, None, Stage.OTHER)

    browse.sign_in(town.li_qiang)
    assert browse.get("/queue").html.select(f'a[href="/jobs/{job.id}"]')
    staff = browse.get(f"/jobs/{job.id}")
    assert "换好了" in staff.text
    assert PHONE in staff.text
    browse.post(staff, "/send_back", text="还差一盏", hours="4")
    page = open_job(browse, only(session))
    assert "还差一盏" in page.text
    browse.post(page, "/report", text="都换了")
    browse.sign_in(town.li_qiang)
    staff = browse.get(f"/jobs/{job.id}")
    wrong = browse.post(staff, "/approve", status=422, **{"quantity-0": "很多"})
    assert wrong.html.select('a[href="#f-quantity-0"]')
    browse.post(staff, "/approve", **{"quantity-0": "2"})
    job = only(session)
    assert (job.state, job.cost) == (JobState.APPROVED, 7100)
    session.refresh(photo)
    assert photo.stage is Stage.AFTER
    assert "¥71.00" in browse.get(f"/jobs/{job.id}").text
    history = browse.get(f"/cases/{case.number}").text
    assert ("外部单位反馈已办好" if lang == "zh" else "The outside party says it is done") in history


def test_a_party_that_cannot_says_why_and_the_link_is_over(browse: Browser, session: Session, job: PartyJob) -> None:
    key = key_of(job)
    page = open_job(browse, job)
    done = browse.post(page, "/refuse", text="没有登高车")
    assert done.to == "/party?done=refuse"
    assert "谢谢告知" in browse.speak("zh").get(done.to).text
    assert only(session).reply == "没有登高车"
    browse.get("/party", status=410, key=key)
    browse.get(f"/party/{job.id}", status=403)


def test_a_link_is_over_after_its_time_and_a_newer_one_ends_it(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, job: PartyJob
) -> None:
    old = key_of(job)
    page = open_job(browse.speak("zh"), job)
    browse.sign_in(town.li_qiang)
    browse.post(browse.get(f"/jobs/{job.id}"), "/renew")
    browse.get("/party", status=410, key=old)
    browse.client.cookies.delete("jiban_session")
    answer = browse.client.post(f"/party/{job.id}/take", data=page.fields("/take"))
    assert answer.status_code == 410, "a browser that had the old link"
    assert only(session).state is JobState.OPEN
    job = only(session)
    open_job(browse, job)
    clock.turn(days=30)
    for lang, words in (("zh", "已经失效"), ("en", "no longer counts")):
        browse.speak(lang)
        assert words in browse.get("/party", status=410, key=key_of(job)).text
        assert words in browse.get(f"/party/{job.id}", status=410).text


def test_a_job_that_was_taken_back_cannot_be_seen_or_answered(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, job: PartyJob
) -> None:
    page = open_job(browse, job)
    worker_does(session, job, case, town.li_qiang, A.WITHDRAW, clock.now, text="不用了")
    session.commit()
    browse.get(f"/party/{job.id}", status=410)
    answer = browse.client.post(f"/party/{job.id}/report", data=page.fields("/report") | {"text": "好了"})
    assert answer.status_code == 410


def test_a_forged_link_is_refused_in_both_languages_and_tried_only_so_often(
    browse: Browser, session: Session, job: PartyJob
) -> None:
    key = key_of(job)
    forged = [key[:-1] + ("A" if key[-1] != "A" else "B"), "9" + key, "x", "0.0.0.AAAA", "字", "<script>", key + "."]
    for one, lang in zip(forged, ["zh", "en"] * 4, strict=False):
        page = browse.speak(lang).get("/party", status=404, key=one)
        assert ("不是我们发出的" if lang == "zh" else "not one of ours") in page.text
    for _ in range(WRONG_LINKS - len(forged)):
        browse.get("/party", status=404, key="x")
    keep_failures(session)
    assert browse.get("/party", status=429, key="x").headers["retry-after"]
    browse.get("/party", status=429, key=key)


def test_a_link_leads_to_one_job_and_to_no_other_photo(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, job: PartyJob, party: Party
) -> None:
    other_party = a_party(session, town, clock.now, name="别的单位")
    other = a_job(session, case, other_party, town.li_qiang, clock.now, text="别人的事")
    doer = Doer(actors(session, case, town.li_qiang), town.li_qiang)
    with tempfile.TemporaryFile() as file:
        file.write(pictures.photo(7))
        kept = prepare(file, storage_in(get_settings().data_dir))
    add_photos(session, case.id or 0, [kept], by=doer, now=clock.now)
    name = session.exec(select(Attachment.name)).one()
    session.commit()
    page = open_job(browse, job)
    assert "别人的事" not in page.text
    browse.get(f"/party/{other.id}", status=403)
    browse.get(f"/party/{job.id}/photos/{name}", status=404)
    answer = browse.client.post(f"/party/{other.id}/take", data=page.fields("/take"))
    assert answer.status_code == 403
    worker_does(session, job, case, town.li_qiang, A.WITHDRAW, clock.now, text="换一份")
    shown = a_job(session, case, party, town.li_qiang, clock.now, photos=(name,))
    session.commit()
    page = open_job(browse, shown)
    (seen,) = page.html.select("main img")
    assert browse.client.get(str(seen["src"])).status_code == 200
    assert session.exec(sa.select(sa.func.count()).where(col(PartyJob.state) == JobState.TAKEN)).one()[0] == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("file", [pictures.PDF, pictures.SVG, pictures.HTML, b"", pictures.with_an_archive_behind()])
def test_a_photo_that_is_none_is_refused_and_the_words_are_kept(
    browse: Browser, session: Session, job: PartyJob, lang: str, file: bytes
) -> None:
    browse.speak(lang)
    page = open_job(browse, job)
    again = with_photos(browse, page, "/report", ("IMG.jpg", file), status=422, text="换好了")
    assert again.fields("/report")["text"] == "换好了"
    assert again.html.select('a[href="#f-photo"]')
    assert only(session).state is JobState.OPEN
    assert session.exec(select(Attachment)).all() == []


def test_the_link_stands_in_no_log(browse: Browser, job: PartyJob, capsys: pytest.CaptureFixture[str]) -> None:
    open_job(browse, job)
    browse.get("/party", status=404, key=key_of(job)[:-2])
    said = capsys.readouterr().out
    assert '"/party"' in said, "the access log is written"
    assert key_of(job)[-10:] not in said
    assert key_of(job)[:20] not in said


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_what_is_typed_is_only_text(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, party: Party, text: str
) -> None:
    job = a_job(session, case, party, town.li_qiang, clock.now, text=text, place=text)
    session.commit()
    page = open_job(browse, job)
    assert "<script>alert(1)" not in str(page.html)
    browse.post(page, "/report", text=text)
    browse.sign_in(town.li_qiang)
    for path in (f"/jobs/{job.id}", f"/cases/{case.number}", "/queue"):
        assert "<script>alert(1)" not in str(browse.get(path).html)


def test_read_in_another_language_nothing_is_done_and_nothing_is_lost(
    browse: Browser, session: Session, job: PartyJob
) -> None:
    browse.speak("zh")
    page = open_job(browse, job)
    english = browse.post(page, "/report", status=200, text="换好了", lang="en")
    assert "A job from the community" in english.text
    assert english.fields("/report")["text"] == "换好了"
    assert only(session).state is JobState.OPEN


def test_a_stranger_without_a_link_is_told_what_to_do(client: TestClient, job: PartyJob) -> None:
    assert "请打开消息里的链接" in client.get("/party").text
    assert client.get(f"/party/{job.id}").status_code == 403
    assert client.post(f"/party/{job.id}/take").status_code == 403
    assert client.get(f"/party/{job.id}/photos/{'0' * 32}").status_code == 403


@pytest.mark.parametrize(("language", "words"), [("zh", "社区委托事项"), ("en", "A job from the community")])
def test_a_browser_that_has_chosen_no_language_reads_that_of_the_party(
    browse: Browser, session: Session, job: PartyJob, party: Party, language: str, words: str
) -> None:
    party.language = language
    session.add(party)
    session.commit()
    browse.client.headers["accept-language"] = "zh" if language == "en" else "en"
    page = open_job(browse, job)
    assert words in page.text
    browse.post(page, "/take")
    assert words in browse.get(f"/party/{job.id}").text


@pytest.mark.parametrize(("lang", "words"), [("zh", "等待发送"), ("en", "waiting to be sent")])
def test_the_job_says_what_became_of_its_message(
    browse: Browser, town: Town, job: PartyJob, lang: str, words: str
) -> None:
    assert words in browse.sign_in(town.li_qiang).speak(lang).get(f"/jobs/{job.id}").text


def test_who_was_told_names_the_party(browse: Browser, town: Town, case: Case, job: PartyJob) -> None:
    browse.sign_in(town.li_qiang)
    assert "湖滨物业" in browse.get(f"/cases/{case.number}/notices").text
    browse.sign_in(town.admin)
    assert "湖滨物业" in browse.get("/admin/outbox?state=waiting").text


# The interface


def test_the_interface_offers_gives_and_judges(
    client: TestClient, session: Session, town: Town, clock: Clock, case: Case, party: Party
) -> None:
    a_party(session, town, clock.now, name="电梯维保", categories=("A",))
    worker, stranger = key_of_api(session, town.li_qiang), key_of_api(session, town.zhou_tao)
    found = client.get(f"/api/v1/cases/{case.number}/parties", headers=worker).json()["items"]
    assert [(o["name"], o["misfit"]) for o in found] == [("湖滨物业", None), ("电梯维保", "topic")]
    body = {"party_id": party.id, "text": "换灯", "place": "3号楼", "hours": 24}
    made = client.post(f"/api/v1/cases/{case.number}/jobs", json=body, headers=worker)
    assert made.status_code == 201, made.text
    job = made.json()
    assert (job["state"], job["party"], job["number"]) == ("open", "湖滨物业", case.number)
    act_as_party(session, job["id"], A.REPORT, "好了", now=clock.now)
    one = f"/api/v1/jobs/{job['id']}"
    approved = client.post(f"{one}/approve", json={"quantities": {"0": "2"}}, headers=worker).json()
    assert (approved["state"], approved["cost"]) == ("approved", 7100)
    assert client.get(f"/api/v1/cases/{case.number}/jobs", headers=worker).json()["items"][0]["id"] == job["id"]
    assert client.get(one, headers=stranger).status_code == 404
    assert client.get(one).status_code == 401


API_BAD = [
    ({"text": "找王芳"}, 422),
    ({"text": ""}, 422),
    ({"hours": 0}, 422),
    ({"party_id": 999999}, 422),
    ({"photos": ["x"]}, 422),
    ({"more": 1}, 422),
    ({"text": "字" * 2001}, 422),
]


@pytest.mark.parametrize(("wrong", "status"), API_BAD)
def test_the_interface_refuses_what_is_no_job(
    client: TestClient, session: Session, town: Town, case: Case, party: Party, wrong: dict[str, Any], status: int
) -> None:
    body = {"party_id": party.id, "text": "换灯", "place": "3号楼", "hours": 24} | wrong
    headers = key_of_api(session, town.li_qiang)
    answer = client.post(f"/api/v1/cases/{case.number}/jobs", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [("take", {}, 409), ("report", {"text": "好了"}, 409), ("approve", {}, 409), ("burn", {}, 422),
     ("withdraw", {}, 422), ("withdraw", {"text": "不用了", "version": 9}, 409), ("renew", {"version": "x"}, 422)],
)  # fmt: skip
def test_the_interface_does_nothing_in_the_name_of_the_party(
    client: TestClient, session: Session, town: Town, job: PartyJob, action: str, body: dict[str, Any], status: int
) -> None:
    answer = client.post(f"/api/v1/jobs/{job.id}/{action}", json=body, headers=key_of_api(session, town.li_qiang))
    assert answer.status_code == status, answer.text


# Performance


def the_tiles(page: Page) -> dict[str, str]:
    tiles = page.html.select(".tile")
    return {t.select(".tile-label")[0].get_text(): t.select(".tile-number")[0].get_text(strip=True) for t in tiles}


def test_the_performance_of_a_period_counts_what_was_given_in_it(
    browse: Browser, session: Session, town: Town, clock: Clock, case: Case, party: Party
) -> None:
    me = town.li_qiang

    def jobs(text: str, **other: Any) -> PartyJob:
        return a_job(session, case, party, me, clock.now, text=text, **other)

    good, late, refused, _running = jobs("一"), jobs("二", hours=1), jobs("三"), jobs("四")
    clock.turn(hours=2)
    for one in (good, late):
        act_as_party(session, one.id or 0, A.REPORT, "好了", now=clock.now)
    worker_does(session, good, case, me, A.SEND_BACK, clock.now, text="再来", hours="8")
    act_as_party(session, good.id or 0, A.REPORT, "好了", now=clock.now)
    act_as_party(session, refused.id or 0, A.REFUSE, "不行", now=clock.now)
    worker_does(session, good, case, me, A.APPROVE, clock.now, quantities={0: "2"})
    worker_does(session, late, case, me, A.APPROVE, clock.now, quantities={0: "1", 1: "0.5"})
    does(session, case, me, Action.CONTACT, clock.now, kind="call", result="reached", text="好")
    does(session, case, me, Action.RESOLVE, clock.now, text="灯换好了")
    rate(session, case.id or 0, {"solved": "yes", "satisfaction": "satisfied"}, now=clock.now)
    session.commit()
    browse.sign_in(town.he_jun).speak("zh")
    page = browse.get(f"/admin/parties/{party.id}/performance")
    assert the_tiles(page) == {
        "发出委托": "4", "按时办好": "1", "超时": "1", "被退回": "1", "不能办理": "1", "仍在办理": "0",
        "居民满意": "1",
    }  # fmt: skip
    assert "¥166.50" in page.text
    assert "¥106.50" in page.text, "three lamps"
    before = browse.get(f"/admin/parties/{party.id}/performance", first="2026-01-01", last="2026-11-22")
    assert set(the_tiles(before).values()) == {"0"}
    same_day = browse.get(f"/admin/parties/{party.id}/performance", first="2026-11-23", last="2026-11-23")
    assert the_tiles(same_day)["发出委托"] == "4"
    odd = browse.get(f"/admin/parties/{party.id}/performance", first="2026-12-01", last="2026-01-01")
    assert "截止日期早于开始日期" in odd.text
    for nonsense in ("x", "0000-00-00", "9999-99-99", "1 OR 1=1"):
        browse.get(f"/admin/parties/{party.id}/performance", first=nonsense, last=nonsense)
    assert "Performance" in browse.speak("en").get(f"/admin/parties/{party.id}/performance").text
