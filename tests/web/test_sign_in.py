import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from httpx2 import Response
from sqlmodel import Session, select
from starlette.testclient import TestClient

from service.accounts.passwords import hashed
from service.accounts.rules import DEMO_PASSWORD
from service.accounts.tables import Attempt, SignInSession
from service.settings import get_settings
from service.web.deps import SESSION_COOKIE
from service.web.sign_in import own_page
from tests.people import Town

PASSWORD = "correct horse battery"


@pytest.fixture
def li_qiang(session: Session, town: Town) -> str:
    """Give 李强 a password; return his login."""
    town.li_qiang.password_hash = hashed(PASSWORD)
    session.add(town.li_qiang)
    session.flush()
    return str(town.li_qiang.login)


def sign_in(client: TestClient, login: str, password: str = PASSWORD, next_page: str = "") -> Response:
    form = soup(client.get("/sign-in", params={"next": next_page}).text).select_one("main form")
    assert form is not None
    fields = {str(i["name"]): str(i.get("value", "")) for i in form.select("input")}
    return client.post("/sign-in", data=fields | {"login": login, "password": password})


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def test_the_right_password_leads_to_the_queue_with_a_cookie_scripts_cannot_read(
    client: TestClient, li_qiang: str
) -> None:
    answer = sign_in(client, li_qiang)

    assert (answer.status_code, answer.headers["location"]) == (303, "/queue")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if SESSION_COOKIE in c)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=43200" in cookie


def test_a_supervisor_starts_at_the_board(client: TestClient, session: Session, town: Town) -> None:
    town.chen_jing.password_hash = hashed(PASSWORD)
    session.add(town.chen_jing)
    session.flush()

    assert sign_in(client, town.chen_jing.login).headers["location"] == "/board"


def test_after_signing_in_one_is_where_one_wanted_to_go(client: TestClient, li_qiang: str) -> None:
    assert sign_in(client, li_qiang, next_page="/cases/7?tab=today").headers["location"] == "/cases/7?tab=today"


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example", "", "x"],
)
def test_a_forged_link_leads_nowhere_else(address: str) -> None:
    assert own_page(address, "/queue") == "/queue"


@pytest.mark.parametrize("password", ["wrong", "", "a'; DROP TABLE people; --", "长" * 129])
def test_a_wrong_password_is_refused_in_words_and_the_name_is_kept(
    client: TestClient, li_qiang: str, password: str
) -> None:
    answer = sign_in(client, li_qiang, password)

    page = soup(answer.text)
    assert answer.status_code == 403
    assert "登录名和密码不相符" in page.get_text()
    assert page.select_one("input[name=login]")["value"] == li_qiang
    assert not page.select_one("input[name=password]").get("value")
    assert SESSION_COOKIE not in client.cookies


@pytest.mark.usefixtures("town")
def test_a_name_with_html_in_it_stays_text(client: TestClient) -> None:
    answer = sign_in(client, '"><script>alert(1)</script>')

    assert answer.status_code == 403
    assert "<script>alert" not in answer.text


def test_the_sixth_try_must_wait_and_says_how_long(client: TestClient, li_qiang: str, session: Session) -> None:
    for _ in range(5):
        assert sign_in(client, li_qiang, "wrong").status_code == 403
    assert len(session.exec(select(Attempt)).all()) == 15

    answer = sign_in(client, li_qiang)

    assert answer.status_code == 429
    assert re.search(r"试.*1[45] 分钟", soup(answer.text).get_text())
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert session.exec(select(SignInSession)).all() == []


POLL = {"HX-Request": "true", "X-Poll": "true", "HX-Current-URL": "http://testserver/queue?of=unit"}


def seen(session: Session, *, ago: timedelta) -> SignInSession:
    row = session.exec(select(SignInSession)).one()
    row.last_seen_at -= ago
    session.add(row)
    session.commit()
    return row


def test_a_page_that_refreshes_itself_is_no_activity_and_anything_else_is(
    client: TestClient, li_qiang: str, session: Session
) -> None:
    sign_in(client, li_qiang)
    row = seen(session, ago=timedelta(hours=1))
    before = row.last_seen_at

    assert client.get("/queue", headers=POLL).status_code == 200
    session.refresh(row)
    assert row.last_seen_at == before

    assert client.get("/queue").status_code == 200
    session.refresh(row)
    assert row.last_seen_at > before


def test_a_page_that_refreshes_itself_after_two_idle_hours_goes_to_the_sign_in_and_back(
    client: TestClient, li_qiang: str, session: Session
) -> None:
    sign_in(client, li_qiang)
    seen(session, ago=timedelta(hours=2))

    answer = client.get("/queue", params={"since": "2026-11-23T02:00:00Z"}, headers=POLL)

    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Fqueue%3Fof%3Dunit"
    assert own_page("/queue?of=unit", "/") == "/queue?of=unit"


def test_signing_out_ends_the_session_on_the_server(client: TestClient, li_qiang: str, session: Session) -> None:
    sign_in(client, li_qiang)
    form = soup(client.get("/sign-in").text).select_one("form.who")
    assert form is not None

    answer = client.post("/sign-out", data={"csrf": form.select_one("[name=csrf]")["value"]})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert session.exec(select(SignInSession)).all() == []
    assert SESSION_COOKIE not in client.cookies


def test_the_page_knows_who_is_signed_in_and_speaks_their_language(
    client: TestClient, li_qiang: str, session: Session, town: Town
) -> None:
    town.li_qiang.language = "en"
    session.add(town.li_qiang)
    session.flush()
    sign_in(client, li_qiang)

    page = soup(client.get("/sign-in").text)

    assert page.html["lang"] == "en"
    assert "Li Qiang" in page.select_one("form.who").get_text()


def test_the_demo_shows_its_people_and_nobody_else_does(
    client: TestClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert DEMO_PASSWORD not in client.get("/sign-in").text

    monkeypatch.setattr(get_settings(), "demo", True)

    text = client.get("/sign-in").text
    assert DEMO_PASSWORD in text
    assert town.li_qiang.login in text


def test_the_language_switch_keeps_the_page_and_is_remembered(client: TestClient) -> None:
    page = soup(client.get("/sign-in?next=/queue").text)
    form = page.select_one("form#looks")
    assert form is not None
    fields = {str(i["name"]): str(i["value"]) for i in form.select("input")}

    answer = client.post("/language", data=fields | {"lang": "en"})

    assert answer.headers["location"] == "/sign-in?next=/queue"
    assert soup(client.get("/sign-in").text).html["lang"] == "en"


def test_larger_text_is_a_switch_that_is_remembered(client: TestClient) -> None:
    def switch(page: BeautifulSoup) -> dict[str, str]:
        button = page.select_one(".tools button[form=looks][name=size]")
        proof = page.select_one("form#looks [name=csrf]")
        assert button is not None
        assert proof is not None
        return {"size": str(button["value"]), "csrf": str(proof["value"]), "next": "/sign-in"}

    client.post("/language", data=switch(soup(client.get("/sign-in").text)))
    large = soup(client.get("/sign-in").text)
    client.post("/language", data=switch(large))
    normal = soup(client.get("/sign-in").text)

    assert large.html.get("class") == ["large"]
    assert normal.html.get("class") is None


def test_an_unknown_language_changes_nothing(client: TestClient) -> None:
    proof = re.search(r'name="csrf" value="(\w+)"', client.get("/sign-in").text)
    assert proof is not None

    answer = client.post("/language", data={"csrf": proof[1], "lang": "xx", "next": "//evil.example"})

    assert answer.headers["location"] == "/"
    assert "lang" not in client.cookies
