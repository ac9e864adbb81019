"""Photos of residents and of staff: they come in, are shown to whom they may be, and nothing typed is lost."""

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlalchemy as sa
from anyio import Semaphore
from sqlmodel import Session, select
from starlette.testclient import TestClient

from service.attachments.queries import of_case
from service.attachments.rules import MOST_BYTES, Stage
from service.attachments.storage import storage_in
from service.attachments.tables import Attachment
from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.categories.rules import Evidence
from service.categories.tables import Category
from service.duplicates.actions import read_new
from service.settings import get_settings
from service.web import guard, incoming, photo_forms
from tests import pictures
from tests.builders import case_of, does, received
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page
from tests.web.photographs import GOOD, kept, kept_too, shown, with_photos
from tests.web.residents import ANSWERS, LIGHT, how_many, number_and_code, tell, told
from tests.web.workers import path, signed


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has an event loop of its own, so that a semaphore of another one would not wake it."""
    photo_forms.turns.cache_clear()
    photo_forms.threads.cache_clear()
    yield
    photo_forms.turns.cache_clear()
    photo_forms.threads.cache_clear()


def photos_of(session: Session, case: Case) -> list[Attachment]:
    return of_case(session, case.id or 0)


def submitted(browse: Browser, session: Session, *files: bytes | tuple[str, bytes]) -> Case:
    sent = with_photos(browse, browse.get("/submit"), "/submit", *files, **ANSWERS)
    assert sent.to == "/receipt"
    return case_of(session, number_and_code(browse.get("/receipt"))[0])


def test_photos_come_with_a_request_and_its_resident_sees_them(browse: Browser, town: Town, session: Session) -> None:
    case = submitted(browse, session, pictures.from_a_telephone(), pictures.photo(99), GOOD, GOOD)
    kept_photos = photos_of(session, case)
    assert [(p.by_resident, p.is_public, p.stage) for p in kept_photos] == [(True, True, Stage.OTHER)] * 3
    page = browse.get(f"/track/{case.number}")
    assert len(shown(page)) == 3
    for address in shown(page):
        for wanted in (address, f"{address}?small=true"):
            answer = browse.client.get(wanted)
            assert answer.status_code == 200
            assert pictures.opened(answer.content).format == "JPEG"
            assert b"SECRET" not in answer.content
            assert answer.headers["content-type"] == "image/jpeg"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert answer.headers["content-disposition"].startswith("inline")
            again = browse.client.get(wanted, headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
    assert "补充了照片" in page.text


def test_only_who_may_see_the_case_sees_its_photos(
    browse: Browser, town: Town, session: Session, client: TestClient
) -> None:
    case = submitted(browse, session, GOOD)
    name = photos_of(session, case)[0].name
    other = submitted(browse, session, pictures.photo(7))
    assert re.fullmatch("[0-9a-f]{32}", name)
    mine, staffs = f"/track/{case.number}/photos/{name}", f"/cases/{case.number}/photos/{name}"
    assert client.get(mine).status_code == 200
    for wrong in (
        f"/track/{other.number}/photos/{name}",
        f"/track/{case.number}/photos/{'0' * 32}",
        f"/track/{case.number}/photos/1",
        f"/track/{case.number}/photos/..%2f..%2fetc%2fpasswd",
        f"/track/20261123-99999-9/photos/{name}",
    ):
        assert client.get(wrong).status_code == 404, wrong
    assert client.get(staffs).status_code == 303, "to the sign-in"
    client.cookies.clear()
    assert client.get(mine).status_code == 404
    for person, status in ((town.li_qiang, 200), (town.chen_jing, 200), (town.zhao_min, 404), (town.zhou_tao, 404),
                           (town.admin, 403)):  # fmt: skip
        browse.sign_in(person)
        assert client.get(staffs).status_code == status, person.login
        assert client.get(mine).status_code == 404, "staff have the case, not the code"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jpg", b"", {"zh": "空的", "en": "empty"}),
        ("bill.jpg", pictures.PDF, {"zh": "PDF", "en": "PDF"}),
        ("drawing.svg", pictures.SVG, {"zh": "SVG", "en": "SVG"}),
        ("film.mp4", pictures.FILM, {"zh": "视频", "en": "film"}),
        ("bomb.png", pictures.bomb(), {"zh": "尺寸太大", "en": "too large to be opened"}),
        ("cut.jpg", GOOD[:-900], {"zh": "损坏", "en": "damaged"}),
        ("two.jpg", pictures.with_an_archive_behind(), {"zh": "夹带", "en": "something else at once"}),
        ("x.heic", pictures.HEIC.read_bytes()[:300], {"zh": "HEIC", "en": "HEIC"}),
        ("page.html", pictures.HTML, {"zh": "不是照片", "en": "not a photo"}),
        ("huge.jpg", GOOD + b"\x00" * MOST_BYTES, {"zh": "15 MB", "en": "15 MB"}),
    ],
)
def test_what_is_no_good_photo_is_said_beside_it_and_what_was_typed_is_kept(
    browse: Browser, town: Town, session: Session, language: str, name: str, content: bytes, said: dict[str, str]
) -> None:
    browse.speak(language)
    page = with_photos(browse, browse.get("/submit"), "/submit", ("good.jpg", GOOD), (name, content), status=422,
                       **ANSWERS)  # fmt: skip
    error = page.html.select_one("#f-photo-error")
    assert error is not None
    assert name in error.get_text()
    assert said[language] in error.get_text()
    assert page.html.select_one(".notice a[href='#f-photo']")
    assert page.html.select_one("#f-text").get_text(strip=True) == LIGHT  # type: ignore[union-attr]
    assert page.html.select_one("#f-phone")["value"] == ANSWERS["phone"]  # type: ignore[index]
    assert len(kept(page, "/submit")) == 1, "the good one is kept"
    assert how_many(session) == 0

    image = page.html.select_one("[data-kept] img")
    assert image is not None
    preview = browse.client.get(str(image["src"]))
    assert (preview.status_code, preview.headers["cache-control"]) == (200, "no-store")

    sent = with_photos(browse, page, "/submit", **ANSWERS)  # The bad one is left out, and it goes.
    assert sent.to == "/receipt"
    case = case_of(session, number_and_code(browse.get("/receipt"))[0])
    assert len(photos_of(session, case)) == 1


def test_a_photo_of_forty_megabytes_is_thrown_away_as_it_comes_in(
    browse: Browser, town: Town, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    monkeypatch.setattr(photo_forms, "prepare", lambda *_: pytest.fail("nobody opens it"))
    closed = incoming.Incoming.close

    def look(file: incoming.Incoming) -> None:
        held.append(file.seek(0, 2))
        closed(file)

    monkeypatch.setattr(incoming.Incoming, "close", look)
    page = with_photos(browse, browse.get("/submit"), "/submit", GOOD + b"\x00" * 40_000_000, status=422, **ANSWERS)
    assert "15 MB" in page.text
    assert page.html.select_one("#f-text").get_text(strip=True) == LIGHT  # type: ignore[union-attr]
    assert max(held) <= MOST_BYTES


def test_seven_photos_and_the_same_one_twice(browse: Browser, town: Town, session: Session) -> None:
    seven = [pictures.photo(shade, 40, 30) for shade in range(0, 210, 30)]
    page = with_photos(browse, browse.get("/submit"), "/submit", *seven, status=422, **ANSWERS)
    assert "最多 6 张" in page.text
    assert len(kept(page, "/submit")) == 6
    one_more = with_photos(browse, page, "/submit", pictures.photo(255, 40, 30), status=422, **ANSWERS)
    assert len(kept(one_more, "/submit")) == 6
    sent = with_photos(browse, one_more, "/submit", **ANSWERS)
    case = case_of(session, number_and_code(browse.get(sent.to))[0])
    assert len(photos_of(session, case)) == 6


def test_a_photo_is_left_out_again_without_a_script(browse: Browser, town: Town, session: Session) -> None:
    page = with_photos(browse, browse.get("/submit"), "/submit", GOOD, pictures.photo(9), status=422,
                       **ANSWERS | {"phone": "12"})  # fmt: skip
    first, second = (str(one["value"]) for one in kept(page, "/submit"))
    sent = with_photos(browse, page, "/submit", **ANSWERS | {"kept": [second]})
    case = case_of(session, number_and_code(browse.get(sent.to))[0])
    assert len(photos_of(session, case)) == 1
    assert first != second


def test_photos_travel_with_every_step_of_the_form(browse: Browser, town: Town, session: Session) -> None:
    other_language = with_photos(browse, browse.get("/submit"), "/submit", GOOD, status=200, **ANSWERS | {"lang": "en"})
    assert "Tell us" in other_language.text
    assert len(kept(other_language, "/submit")) == 1
    look = with_photos(browse, other_language, "/submit", status=200, **ANSWERS | {"category": ""})
    assert "One more look" in look.text
    assert len(kept(look, "/submit")) == 1
    back = browse.client.post("/submit", data=kept_too(look, "/submit") | {"back": "yes"})
    form = browse._seen(back)
    assert len(kept(form, "/submit")) == 1
    sent = browse.client.post("/submit", data=kept_too(look, "/submit") | {"category": "C05"})
    assert sent.headers["location"] == "/receipt"
    case = case_of(session, number_and_code(browse.get("/receipt"))[0])
    assert len(photos_of(session, case)) == 1


def test_a_form_that_was_open_too_long_keeps_its_photos(browse: Browser, town: Town, session: Session) -> None:
    form = browse.get("/submit")
    browse.client.cookies.clear()
    asked = with_photos(browse, form, "/submit", GOOD, status=403, **ANSWERS)
    again = {str(one["name"]): str(one["value"]) for one in asked.html.select("main form input[type=hidden]")}
    assert again["kept"]
    sent = browse.client.post("/submit", data=again)
    assert sent.headers["location"] == "/receipt"
    assert len(session.exec(select(Attachment)).all()) == 1


def test_photos_wait_while_somebody_is_asked_whether_they_mean_the_same(
    browse: Browser, town: Town, session: Session, now: datetime
) -> None:
    received(session, now, text="三号楼二单元，楼道的路灯坏了三天，晚上看不清台阶")
    read_new(session, now, most=10)
    session.commit()
    told_too = ANSWERS | {"text": "三号楼二单元楼道里路灯不亮好几天了，老人上楼看不清台阶"}
    asked = with_photos(browse, browse.get("/submit"), "/submit", GOOD, status=200, **told_too)
    assert len(kept(asked, "/submit")) == 1
    sent = browse.client.post("/submit", data=kept_too(asked, "/submit") | {"join": "own"})
    assert sent.headers["location"] == "/receipt"
    case = case_of(session, number_and_code(browse.get("/receipt"))[0])
    assert len(photos_of(session, case)) == 1


def test_a_bad_photo_is_told_in_the_other_language_too(browse: Browser, town: Town) -> None:
    page = with_photos(browse, browse.get("/submit"), "/submit", pictures.PDF, status=422, **ANSWERS | {"lang": "en"})
    assert "This is a PDF document" in page.text


def test_the_same_form_sent_twice_makes_one_case_with_its_photos_once(
    browse: Browser, town: Town, session: Session
) -> None:
    form = browse.get("/submit")
    for _ in range(2):
        with_photos(browse, form, "/submit", GOOD, **ANSWERS)
    with_photos(browse, form, "/submit", GOOD, pictures.photo(200), **ANSWERS)  # Back, one photo more, and sent again.
    assert how_many(session) == 1
    assert len(session.exec(select(Attachment)).all()) == 2


def test_tokens_that_are_made_up_changed_or_old_bring_nothing(
    browse: Browser, town: Town, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = with_photos(browse, browse.get("/submit"), "/submit", GOOD, status=422, **ANSWERS | {"phone": "12"})
    token = str(kept(page, "/submit")[0]["value"])
    for wrong in ("", "x", "A" * 5000, token[:-4] + "AAAA", token.swapcase(), "é" * 30):
        assert browse.client.get("/submit/photos", params={"kept": wrong}).status_code in (404, 422)
        if wrong:
            refused = with_photos(browse, page, "/submit", status=422, **ANSWERS | {"kept": [wrong]})
            assert "上传太久" in refused.text
            assert kept(refused, "/submit") == []
    lasts = photo_forms.real_now() + photo_forms.timedelta(hours=13)
    monkeypatch.setattr("service.web.photos.real_now", lambda: lasts)
    assert browse.client.get("/submit/photos", params={"kept": token}).status_code == 404
    assert how_many(session) == 0


def test_a_photo_lost_from_the_disk_before_it_was_sent_is_told_and_the_request_goes_without(
    browse: Browser, town: Town, session: Session
) -> None:
    page = with_photos(browse, browse.get("/submit"), "/submit", GOOD, status=422, **ANSWERS | {"phone": "12"})
    storage = storage_in(get_settings().data_dir)
    for file in list(storage.folder.glob("??/*")):
        file.unlink()
    refused = with_photos(browse, page, "/submit", status=422, **ANSWERS)
    assert "上传太久" in refused.text
    assert with_photos(browse, refused, "/submit", **ANSWERS).to == "/receipt"


def test_a_full_disk_keeps_the_photo_out_and_the_request_in(
    browse: Browser, town: Town, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("service.attachments.storage.os.fsync", full)
        page = with_photos(browse, browse.get("/submit"), "/submit", pictures.photo(77), status=422, **ANSWERS)
        assert "存不下照片" in page.text
        assert with_photos(browse, page, "/submit", **ANSWERS).to == "/receipt"
    with monkeypatch.context() as patched:
        patched.setattr(incoming.SpooledTemporaryFile, "write", full)
        page = with_photos(browse, browse.get("/submit"), "/submit", GOOD, status=422, **ANSWERS)
        assert "存不下照片" in page.text
        assert page.html.select_one("#f-text").get_text(strip=True) == LIGHT  # type: ignore[union-attr]
    with monkeypatch.context() as patched:
        patched.setattr(incoming, "LEAST_FREE", 10**18)
        page = with_photos(browse, browse.get("/submit"), "/submit", GOOD, status=422, **ANSWERS)
        assert "存不下照片" in page.text


def test_who_waits_too_long_or_sends_too_often_is_told_and_may_send_without(
    browse: Browser, town: Town, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(photo_forms, "TURN_WITHIN", 0.05)
        patched.setattr(photo_forms, "turns", lambda: Semaphore(0))
        page = with_photos(browse, browse.get("/submit"), "/submit", GOOD, status=422, **ANSWERS)
        assert "上传照片的人太多" in page.text
    monkeypatch.setattr(photo_forms, "MOST_FORMS", 2)
    for _ in range(2):
        page = with_photos(browse, browse.get("/submit"), "/submit", GOOD, status=422, **ANSWERS | {"phone": "12"})
    assert "上传照片的人太多" in page.text
    assert with_photos(browse, page, "/submit", **ANSWERS).to == "/receipt"


def raw(client: TestClient, address: str, *parts: bytes, end: bytes = b"--x--\r\n") -> int:
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + end
    answer = client.post(address, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    return answer.status_code


def test_a_form_that_is_cut_short_or_no_form_at_all_is_answered(browse: Browser, town: Town, session: Session) -> None:
    form = browse.get("/submit")
    words = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in (form.fields("/submit") | ANSWERS).items()
    ]
    file = b'Content-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
    cut = raw(browse.client, "/submit", *words, file + GOOD[:500], end=b"")
    assert cut == 422, "told, and not taken without its photo"
    assert how_many(session) == 0
    client = browse.client
    assert raw(client, "/submit", b"no header at all") == 400
    assert raw(client, "/submit", words[0], *[file + b"x"] * 60) == 400
    huge = b'Content-Disposition: form-data; name="text"\r\n\r\n' + b"a" * 1_100_000
    assert raw(client, "/submit", words[0], huge) == 413
    assert client.post("/submit", content=b"x", headers={"Content-Type": "multipart/form-data"}).status_code == 400


def test_large_forms_are_taken_where_photos_may_come_and_nowhere_else(
    browse: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse.client
    large = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "90000000"}
    assert client.post("/sign-in", content=b"x", headers=large).status_code == 413
    assert client.post("/submit", content=b"x", headers=large | {"Content-Type": "text/plain"}).status_code == 413
    assert client.post("/submit", content=b"x", headers=large | {"Content-Length": "99000000"}).status_code == 413
    assert client.post("/submit/x", content=b"x", headers=large).status_code == 413
    monkeypatch.setattr(guard, "MOST_COMING", 80_000_000)
    busy = client.post("/submit", content=b"x", headers=large)
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "20")
    monkeypatch.setattr(guard, "MOST_COMING", 100_000_000)
    assert client.post("/submit", content=b"--x--\r\n", headers=large).status_code == 403, (
        "no proof, and its share is free"
    )
    assert client.post("/submit", content=b"--x--\r\n", headers=large).status_code == 403


def test_a_resident_adds_photos_later_with_and_without_words(
    browse: Browser, town: Town, session: Session, clock: Clock
) -> None:
    case, page = told(browse, session)
    sent = with_photos(browse, page, "/answer", GOOD, **{"answer-text": "又暗了"})
    assert sent.to.startswith(f"/track/{case.number}")
    page = with_photos(
        browse, browse.get(f"/track/{case.number}"), "/answer", pictures.photo(5), **{"answer-text": " "}
    )
    page = browse.get(f"/track/{case.number}")
    assert len(shown(page)) == 2
    assert "我补充了照片。" in page.text
    empty = with_photos(browse, page, "/answer", status=422, **{"answer-text": ""})
    assert empty.html.select_one("#f-answer-text-error")
    bad = with_photos(browse, page, "/answer", pictures.PDF, pictures.photo(6), status=422, **{"answer-text": "看"})
    assert "PDF" in bad.text
    assert bad.html.select_one("#f-answer-photo-error")
    assert bad.html.select_one("#f-answer-text").get_text(strip=True) == "看"  # type: ignore[union-attr]
    assert len(kept(bad, "/answer")) == 1
    assert len(photos_of(session, case)) == 2

    browse.client.cookies.delete("jiban_case")
    asked = with_photos(browse, bad, "/answer", status=403, **{"answer-text": "看"})
    assert len(kept(asked, "/answer")) == 1, "the photo waits while the code is asked for"


def test_staff_answer_with_photos_and_choose_who_sees_them(
    browse: Browser, town: Town, session: Session, clock: Clock
) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    with_photos(browse, browse.get(path(case)), "/reply", pictures.photo(40), text="明天来修")
    with_photos(browse, browse.get(path(case)), "/note", pictures.photo(80), text="梯子在二楼")
    with_photos(browse, browse.get(path(case)), "/photos", pictures.photo(120), stage="before", shown="")
    with_photos(browse, browse.get(path(case)), "/photos", pictures.photo(160), stage="after", shown="yes")
    seen = [(p.stage, p.is_public, p.person_id) for p in photos_of(session, case)]
    assert seen == [
        (Stage.OTHER, True, town.li_qiang.id),
        (Stage.OTHER, False, town.li_qiang.id),
        (Stage.BEFORE, False, town.li_qiang.id),
        (Stage.AFTER, True, town.li_qiang.id),
    ]
    page = browse.get(path(case))
    assert len(shown(page)) == 4
    hidden = photos_of(session, case)[1].name
    browse.post(page, f"/shown/{hidden}", show="yes")
    assert photos_of(session, case)[1].is_public
    browse.post(browse.get(path(case)), f"/shown/{hidden}", show="no")
    assert not photos_of(session, case)[1].is_public

    refused = with_photos(browse, browse.get(path(case)), "/note", pictures.photo(8), ("b.pdf", pictures.PDF),
                          status=422, text="见照片")  # fmt: skip
    assert "b.pdf" in refused.text
    assert len(kept(refused, "/note")) == 1
    assert "见照片" in refused.text
    alone = with_photos(browse, browse.get(path(case)), "/photos", ("b.pdf", pictures.PDF), status=422, stage="after")
    assert alone.html.select_one("#act-photos[open] #f-photos-add-error")
    assert alone.html.select_one("#f-stage-2[checked]")
    assert len(photos_of(session, case)) == 4


def test_a_topic_that_asks_for_an_after_photo_says_so_and_is_resolved_with_one(
    browse: Browser, town: Town, session: Session, clock: Clock
) -> None:
    session.execute(sa.update(Category).where(Category.code == "C05").values(evidence=Evidence.AFTER))  # type: ignore[arg-type]
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    page = browse.get(path(case))
    assert "要有处理后的照片" in page.text
    refused = with_photos(browse, page, "/resolve", status=422, text="换了灯管")
    error = refused.html.select_one("#f-photo-error")
    assert error is not None
    assert "处理后的照片" in error.get_text()
    assert "换了灯管" in refused.text
    assert case_of(session, case.number).status is not CaseStatus.RESOLVED
    with_photos(browse, refused, "/resolve", GOOD, text="换了灯管")
    assert case_of(session, case.number).status is CaseStatus.RESOLVED
    photo = photos_of(session, case)[0]
    assert (photo.stage, photo.is_public) == (Stage.AFTER, True)
    assert "要有处理后的照片" not in browse.get(path(case)).text


def test_a_refused_action_adds_no_photo(browse: Browser, town: Town, session: Session, clock: Clock) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    page = browse.get(path(case))
    does(session, case, town.li_qiang, Action.NOTE, clock.now, text="别人先动了")
    stale = with_photos(browse, page, "/reply", GOOD, status=409, text="明天来修")
    assert len(kept(stale, "/reply")) == 1
    assert photos_of(session, case) == []
    fresh = browse.get(path(case)).fields("/reply")
    with_photos(browse, stale, "/reply", text="明天来修", version=fresh["version"])
    assert len(photos_of(session, case)) == 1


def test_others_may_not_add_photos_or_choose(browse: Browser, town: Town, session: Session, clock: Clock) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    with_photos(browse, browse.get(path(case)), "/note", GOOD, text="看")
    form, name = browse.get(path(case)), photos_of(session, case)[0].name
    csrf = form.fields("/note")["csrf"]
    assert browse.client.post(f"{path(case)}/shown/{name}", data={"csrf": "00", "show": "yes"}).status_code == 403
    browse.sign_in(town.zhao_min)
    token = browse.get("/take-down").fields("/take-down")["csrf"]
    assert csrf != token
    for address in (f"{path(case)}/shown/{name}", f"{path(case)}/photos"):
        assert browse.client.post(address, data={"csrf": token, "show": "yes"}).status_code == 404
    assert not photos_of(session, case)[0].is_public


def test_staff_take_down_a_request_with_photos(browse: Browser, town: Town, session: Session) -> None:
    browse.sign_in(town.li_qiang)
    answers = {"text": LIGHT, "category": "C05", "area": "990101001001", "channel": "patrol"}
    bad = with_photos(browse, browse.get("/take-down"), "/take-down", GOOD, pictures.PDF, status=422, **answers)
    assert bad.html.select_one("#f-photo-error")
    assert len(kept(bad, "/take-down")) == 1
    done = with_photos(browse, bad, "/take-down", status=201, **answers)
    again = browse.client.post("/take-down", data=kept_too(done, "/take-down") | {"lang": "en"})
    assert again.status_code == 201
    assert how_many(session) == 1
    photo = session.exec(select(Attachment)).one()
    assert (photo.by_resident, photo.person_id, photo.is_public) == (False, town.li_qiang.id, True)


def test_a_lost_file_is_not_found_and_noted(browse: Browser, town: Town, session: Session) -> None:
    case = submitted(browse, session, GOOD)
    photo = photos_of(session, case)[0]
    storage = storage_in(get_settings().data_dir)
    storage.path(photo.sha256).write_bytes(b"not what it was")
    assert browse.client.get(f"/track/{case.number}/photos/{photo.name}").status_code == 404
    storage.drop(photo.sha256)
    assert browse.client.get(f"/track/{case.number}/photos/{photo.name}").status_code == 404
    assert browse.get(f"/track/{case.number}")


def test_pages_without_photos_ask_for_nothing_more(browse: Browser, town: Town, session: Session, clock: Clock) -> None:
    receipt: Page = tell(browse)
    assert receipt.status == 200
    case, _ = received(session, clock.now)
    browse.sign_in(town.chen_jing)
    assert "还没有照片" in browse.get(path(case)).text


def test_an_administrator_lets_a_topic_ask_for_photos(browse: Browser, town: Town, session: Session) -> None:
    browse.sign_in(town.admin)
    topic = session.exec(select(Category).where(Category.code == "C05")).one()
    address = f"/admin/categories/{topic.id}"
    form = browse.get(address)
    assert form.fields(address)["evidence"] == "none"
    browse.post(form, address, evidence="before_and_after")
    again = browse.get(address)
    assert again.fields(address)["evidence"] == "before_and_after"
    assert "处理前、处理后的照片各一张" in again.text
    assert session.exec(select(Category.evidence).where(Category.code == "C05")).one() is Evidence.BEFORE_AND_AFTER
    browse.post(again, address, status=422, evidence="a film")


def test_a_supervisor_does_without_the_photos_on_the_page_and_the_api_and_the_worker_resolves(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    session.execute(sa.update(Category).where(Category.code == "C05").values(evidence=Evidence.AFTER))  # type: ignore[arg-type]
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    assert not browse.get(path(case)).html.select("#act-waive")
    browse.post(browse.get(path(case)), "/resolve", 422, text="换了灯管")

    chen = browse.sign_in(town.chen_jing)
    page = chen.get(path(case))
    assert page.html.select_one("#photos a[href='#act-waive']")
    assert chen.post(page, "/waive", 422, reason=" ").html.select_one("#f-reason-error")
    chen.post(chen.get(path(case)), "/waive", reason="住户不同意拍照")
    assert "住户不同意拍照" in chen.get(path(case)).text
    again = {"csrf": page.fields("/waive")["csrf"], "reason": "再来一次"}
    assert chen.client.post(f"{path(case)}/waive", data=again).status_code == 409

    browse.sign_in(town.li_qiang)
    browse.post(browse.get(path(case)), "/resolve", 303, text="换了灯管")
