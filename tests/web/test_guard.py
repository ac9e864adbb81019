"""What every request passes: who may send what, how much of it, and what the answer carries."""

from collections.abc import Iterator
from typing import Annotated, Any

import psycopg
import pytest
import structlog
from bs4 import BeautifulSoup
from fastapi import APIRouter, Body, Depends, Form, Request, Response
from sqlalchemy.exc import InternalError, OperationalError
from sqlmodel import Session, select
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from service.accounts.actions import make_api_key
from service.accounts.limits import record_failure
from service.accounts.rules import Role
from service.accounts.sessions import open_session
from service.accounts.tables import Attempt, Person
from service.app import create_app
from service.errors import InvalidFieldsError, TooManyTriesError
from service.web import guard
from service.web.deps import SESSION_COOKIE, CurrentPerson, DbSession, MaybePerson, Now, real_now, require_role
from service.web.public_screen import frame_of
from service.web.render import page
from tests.people import Town

probes = APIRouter()


@probes.get("/probe")
def show(request: Request, person: MaybePerson, now: Now) -> Response:  # They are remembered.
    return page(request, "errors/404.html", {"problem": {"sentence": ""}, **frame_of("/probe")})


@probes.post("/probe")
@probes.post("/api/probe-form")
def take(session: DbSession, words: Annotated[str, Form()] = "", photo: Annotated[str, Form()] = "") -> str:
    session.connection()
    return words


@probes.post("/api/probe")
def take_json(body: Annotated[dict[str, Any], Body()], person: MaybePerson) -> dict[str, Any]:
    return body | {"by": person.login if person else None}


@probes.get("/staff")
@probes.get("/api/staff")
def staff(person: CurrentPerson) -> str:
    return person.login


@probes.post("/staff")
def staff_change(person: CurrentPerson, words: Annotated[str, Form()] = "") -> str:
    return person.login + words


@probes.get("/board-only")
def board_only(person: Annotated[Person, Depends(require_role(Role.SUPERVISOR))]) -> str:
    return person.login


@probes.get("/fails/{how}")
@probes.get("/api/fails/{how}")
def fails(how: str, session: DbSession, number: int = 0) -> None:
    record_failure(session, f"fails:{how}", now=real_now())
    if how == "fields":
        raise InvalidFieldsError({"text": "Please write something here."})
    if how == "often":
        raise TooManyTriesError(retry_after=42)
    if how == "database":
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))
    if how == "disk":
        raise InternalError("COMMIT", {}, psycopg.errors.InternalError_("could not write to log file: server closed"))
    if how == "order":
        raise InternalError("SELECT 1", {}, psycopg.errors.InFailedSqlTransaction("server closed"))
    raise RuntimeError("a secret that must not be shown")


@pytest.fixture
def browser(session: Session) -> Iterator[TestClient]:  # It lends its connection.
    app = create_app()
    app.include_router(probes)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        client.headers["accept"] = "text/html"
        yield client


def proof(browser: TestClient) -> str:
    field = BeautifulSoup(browser.get("/probe").text, "html.parser").select_one("input[name=csrf]")
    assert field is not None
    return str(field["value"])


def signed_in(browser: TestClient, session: Session, person: Person) -> None:
    browser.cookies.set(SESSION_COOKIE, open_session(session, person, real_now()))


# Headers


def test_a_page_forbids_everything_but_its_own_files_and_is_not_stored(browser: TestClient) -> None:
    headers = browser.get("/probe").headers

    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "permissions-policy" in headers


@pytest.mark.parametrize("path", ["/nothing", "/fails/crash", "/fails/database", "/staff"])
def test_errors_carry_the_same_headers(browser: TestClient, path: str) -> None:
    assert browser.get(path).headers["referrer-policy"] == "no-referrer"
    assert "content-security-policy" in browser.get(path).headers


def test_a_page_holds_no_script_or_style_of_its_own(browser: TestClient) -> None:
    html = BeautifulSoup(browser.get("/probe").text, "html.parser")

    assert [s for s in html.select("script") if not s.get("src")] == []
    assert html.select("style, [style], [onclick], [onload], [onsubmit]") == []


def test_static_files_with_a_hash_are_kept_for_ever(browser: TestClient) -> None:
    address = BeautifulSoup(browser.get("/probe").text, "html.parser").select_one("link[rel=stylesheet]")
    assert address is not None

    assert "immutable" in browser.get(str(address["href"])).headers["cache-control"]
    assert browser.get("/static/jiban.css").headers["cache-control"] == "no-cache"
    assert browser.get("/static/../app.py").status_code == 404


# Forms of other sites


def test_a_form_of_our_own_page_is_taken(browser: TestClient) -> None:
    assert browser.post("/probe", data={"csrf": proof(browser), "words": "灯坏了"}).json() == "灯坏了"
    assert browser.post("/probe", files={"csrf": (None, proof(browser)), "words": (None, "灯")}).json() == "灯"
    assert browser.post("/probe", headers={"x-csrf-token": proof(browser)}).status_code == 200


@pytest.mark.parametrize("sent", [{}, {"csrf": ""}, {"csrf": "zz"}, {"csrf": "00" * 32}, {"csrf": "灯"}])
def test_a_form_without_its_proof_is_refused_and_kept(browser: TestClient, sent: dict[str, str]) -> None:
    proof(browser)

    answer = browser.post("/probe", data=sent | {"words": '灯坏了 "><b>', "password": "geheim"})

    html = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 403
    kept = html.select_one("main form input[name=words]")
    assert kept is not None
    assert kept["value"] == '灯坏了 "><b>'
    assert "geheim" not in answer.text
    again = {str(i["name"]): str(i["value"]) for i in html.select("main form input")}
    assert browser.post("/probe", data=again).json() == '灯坏了 "><b>'


def test_a_proof_is_worth_nothing_in_another_browser(browser: TestClient) -> None:
    stolen = proof(browser)
    browser.cookies.clear()
    proof(browser)

    assert browser.post("/probe", data={"csrf": stolen}).status_code == 403


def test_a_proof_from_before_the_sign_in_is_stale_after_it(browser: TestClient, session: Session, town: Town) -> None:
    before = proof(browser)
    signed_in(browser, session, town.li_qiang)

    assert browser.post("/probe", data={"csrf": before}).status_code == 403
    assert browser.post("/probe", data={"csrf": proof(browser)}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://testserver.evil.example"},
    ],
)
def test_what_comes_from_elsewhere_is_refused_even_with_a_proof(browser: TestClient, headers: dict[str, str]) -> None:
    answer = browser.post("/probe", data={"csrf": proof(browser), "words": "kept?"}, headers=headers)

    assert answer.status_code == 403
    assert "kept?" not in answer.text


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin", "origin": "null"}, {"origin": "http://testserver"}]
)
def test_what_a_browser_says_of_our_own_form_is_taken(browser: TestClient, headers: dict[str, str]) -> None:
    assert browser.post("/probe", data={"csrf": proof(browser)}, headers=headers).status_code == 200


def test_programs_need_no_proof(browser: TestClient, session: Session, town: Town) -> None:
    key = make_api_key(session, town.li_qiang, "script", by=None, now=real_now())[1]

    assert browser.post("/api/probe", json={"a": 1}).json() == {"a": 1, "by": None}
    assert browser.post("/api/probe-form", data={"words": "open311"}).json() == "open311"
    answer = browser.post("/api/probe", json={}, headers={"authorization": f"Bearer {key}"})
    assert answer.json() == {"by": "li.qiang"}


def test_a_form_to_the_api_with_a_session_needs_a_proof(browser: TestClient, session: Session, town: Town) -> None:
    signed_in(browser, session, town.li_qiang)

    assert browser.post("/api/probe-form", data={"words": "x"}).status_code == 403
    assert browser.post("/api/probe", json={}).json() == {"by": "li.qiang"}


def test_a_key_that_is_not_valid_is_not_replaced_by_a_session(
    browser: TestClient, session: Session, town: Town
) -> None:
    signed_in(browser, session, town.li_qiang)

    answer = browser.get("/api/staff", headers={"authorization": "Bearer jiban_wrong"})

    assert (answer.status_code, answer.json()["code"]) == (401, "key-unknown")


# Who asks


def test_a_stranger_is_led_to_the_sign_in_and_back(browser: TestClient) -> None:
    answer = browser.get("/staff?tab=today&x=%20")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fstaff%3Ftab%3Dtoday%26x%3D%2520"


def test_a_program_without_a_key_is_told_so(browser: TestClient) -> None:
    answer = browser.get("/api/staff")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_htmx_is_sent_to_the_sign_in_as_a_whole_page(browser: TestClient) -> None:
    answer = browser.get("/staff", headers={"hx-request": "true"})

    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")


def test_what_was_typed_when_the_session_ended_can_be_sent_after_signing_in(
    browser: TestClient, session: Session, town: Town
) -> None:
    answer = browser.post("/staff", data={"csrf": proof(browser), "words": "long reply"})
    html = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 401

    signed_in(browser, session, town.li_qiang)
    fields = {str(i["name"]): str(i["value"]) for i in html.select("main form input")}
    stale = browser.post("/staff", data=fields)
    html = BeautifulSoup(stale.text, "html.parser")
    fields = {str(i["name"]): str(i["value"]) for i in html.select("main form input")}

    assert browser.post("/staff", data=fields).json() == "li.qianglong reply"


def test_a_role_opens_only_what_is_its_own(browser: TestClient, session: Session, town: Town) -> None:
    signed_in(browser, session, town.li_qiang)
    assert browser.get("/board-only").status_code == 403

    browser.cookies.clear()
    signed_in(browser, session, town.chen_jing)
    assert browser.get("/board-only").json() == "chen.jing"


# Size


@pytest.mark.parametrize("path", ["/probe", "/api/probe"])
def test_a_body_that_is_too_large_is_refused_with_a_sentence(browser: TestClient, path: str) -> None:
    answer = browser.post(path, content=b"x" * (guard.MOST_BYTES + 1))

    assert answer.status_code == 413
    assert "内容太大" in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_that_hides_its_length_is_cut_off(browser: TestClient, kind: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(50):
            yield b"x" * 100_000

    answer = browser.post("/api/probe", content=pieces(), headers={"content-type": kind})

    assert answer.status_code == 413


# What went wrong


def test_a_program_gets_a_problem_document(browser: TestClient) -> None:
    answer = browser.get("/api/fails/fields", headers={"accept-language": "en"})

    assert answer.status_code == 422
    assert answer.json() == {
        "type": "urn:jiban:problem:invalid-fields",
        "title": "Some answers are missing or wrong. What you typed is kept.",
        "status": 422,
        "detail": "Some answers are missing or wrong. What you typed is kept.",
        "code": "invalid-fields",
        "errors": {"text": "Please write something here."},
    }


def test_a_person_gets_a_page_in_their_language(browser: TestClient) -> None:
    chinese = BeautifulSoup(browser.get("/fails/fields").text, "html.parser")
    english = BeautifulSoup(browser.get("/fails/fields?lang=en").text, "html.parser")

    assert chinese.html is not None
    assert english.html is not None
    assert chinese.html["lang"] == "zh-CN"
    assert "请填写这一项" in chinese.get_text()
    assert english.html["lang"] == "en"
    assert "Please write something here." in english.get_text()
    assert len(chinese.select("h1")) == 1


def test_over_a_limit_one_hears_when_to_come_back(browser: TestClient) -> None:
    for path in ("/fails/often", "/api/fails/often"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "42")


def test_a_failure_is_kept_though_its_request_was_rolled_back(browser: TestClient, session: Session) -> None:
    session.flush()
    browser.get("/fails/often")

    assert [attempt.subject for attempt in session.exec(select(Attempt))] == ["fails:often"]


@pytest.mark.parametrize("how", ["database", "disk"])
def test_without_the_database_there_is_a_page_that_says_so(browser: TestClient, how: str) -> None:
    for path in (f"/fails/{how}", f"/api/fails/{how}"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "server closed" not in answer.text


def test_what_the_database_says_of_our_own_mistakes_is_a_crash(browser: TestClient) -> None:
    answer = browser.get("/api/fails/order")
    assert (answer.status_code, answer.json()["code"]) == (500, "broken")


def test_a_crash_shows_nothing_of_its_cause(browser: TestClient) -> None:
    for path in ("/fails/crash", "/api/fails/crash"):
        answer = browser.get(path)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "RuntimeError" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("PUT", "/probe", 403),
        ("DELETE", "/api/probe", 405),
        ("GET", "/fails/x?number=many", 422),
        ("GET", "/api/fails/x?number=many", 422),
    ],
)
def test_every_error_of_the_framework_is_answered_in_the_same_two_ways(
    browser: TestClient, method: str, path: str, status: int
) -> None:
    answer = browser.request(method, path)

    kind = "application/problem+json" if path.startswith("/api/") else "text/html; charset=utf-8"
    assert answer.headers["content-type"] == kind
    assert answer.status_code in (status, 405)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[1]", "application/json", 422),
        (b"", "application/json", 422),
        (b"a=1", "text/plain", 422),
        (b"\xff", "application/json", 400),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused_with_a_sentence(
    browser: TestClient, content: bytes, kind: str, status: int
) -> None:
    answer = browser.post("/api/probe", content=content, headers={"content-type": kind})

    assert answer.status_code == status
    assert answer.json()["detail"].endswith("。")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/problem+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
    ],
)
def test_outside_the_api_the_accept_header_decides(browser: TestClient, accept: str, kind: str) -> None:
    assert browser.get("/nothing", headers={"accept": accept}).headers["content-type"] == kind


# The log, the counters and the order of things


def test_the_access_log_never_holds_a_query(browser: TestClient) -> None:
    with structlog.testing.capture_logs() as lines:
        browser.get("/probe?code=K7-SECRET")

    (line,) = [line for line in lines if line["event"] == "request"]
    assert line["path"] == "/probe"
    assert line["status"] == 200
    assert "SECRET" not in str(lines)


def test_metrics_count_by_route_and_not_by_address(browser: TestClient) -> None:
    browser.get("/fails/often")
    browser.get("/nothing/20261123-00042-7")

    text = browser.get("/metrics").text
    assert 'jiban_requests_total{method="GET",route="/fails/{how}",status="429"}' in text
    assert "20261123" not in text


def test_the_database_has_committed_before_the_answer_is_sent(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    commit = Session.commit

    def noted_commit(self: Session) -> None:
        order.append("commit")
        commit(self)

    monkeypatch.setattr(Session, "commit", noted_commit)
    app = create_app()
    app.include_router(probes)

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                order.append("answer")
            await send(message)

        await app(scope, receive, noted)

    client = TestClient(watched)
    client.post("/api/probe-form", data={"words": "x"})

    assert order == ["commit", "answer"]
    assert session.is_active


def test_a_commit_that_fails_is_never_answered_as_a_success(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Session) -> None:
        raise OperationalError("COMMIT", {}, Exception("no space left on device"))

    monkeypatch.setattr(Session, "commit", refuse)

    assert browser.post("/api/probe-form", data={"words": "x"}).status_code == 503
