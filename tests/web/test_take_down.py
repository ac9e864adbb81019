"""Taking down a request for somebody who calls: number and code to read out, once, and what is wrong said in words."""

import pytest
from sqlmodel import Session

from tests.builders import case_of
from tests.people import Town
from tests.web.conftest import Browser, Page
from tests.web.workers import HOSTILE


@pytest.fixture
def li(browse: Browser, town: Town) -> Browser:
    """李强 at his browser."""
    return browse.sign_in(town.li_qiang)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_call_is_taken_down_with_a_number_and_a_code_to_read_out(
    li: Browser, session: Session, town: Town, language: str
) -> None:
    page = li.speak(language).get("/take-down")
    assert page.fields("/take-down")["area"] == "990101001001"

    done = li.post(page, "/take-down", 201, text="三楼水管漏水", phone="138 1234 5678", name="王芳", channel="phone")

    number, code = (dd.get_text() for dd in done.html.select(".read-out dd"))
    case = case_of(session, number)
    assert case.taken_by_id == town.li_qiang.id
    assert case.channel == "phone"
    assert len(code.replace(" ", "")) == 10
    assert "13812345678" not in done.text
    li.get(f"/cases/{number}")


def test_the_point_that_was_tapped_is_stored_with_the_case(li: Browser, session: Session) -> None:
    page = li.get("/take-down")
    assert page.html.select_one("[data-map][data-choose=form]")
    done = li.post(page, "/take-down", 201, text="路灯不亮", area="990101001002", lat="32.020000", lon="118.070000")
    case = case_of(session, done.html.select(".read-out dd")[0].get_text())
    assert (case.lat, case.lon) == (32.02, 118.07)
    again = li.post(done, "/take-down", 201, was_opened="yes")
    assert again.html.select(".read-out dd")[0].get_text() == case.number


def test_a_point_outlives_what_was_wrong_beside_it_and_half_of_one_is_none(li: Browser, session: Session) -> None:
    refused = li.post(li.get("/take-down"), "/take-down", 422, text="", lat="32.020000", lon="118.070000")
    kept = refused.fields("/take-down")
    assert (kept["lat"], kept["lon"]) == ("32.020000", "118.070000")
    done = li.post(refused, "/take-down", 201, text="路灯不亮", lon="")
    assert case_of(session, done.html.select(".read-out dd")[0].get_text()).lat is None


def test_sending_the_form_twice_opens_one_case_and_shows_the_same_code(li: Browser, session: Session) -> None:
    page = li.get("/take-down")

    first = li.post(page, "/take-down", 201, text="三楼水管漏水")
    second = li.post(page, "/take-down", 201, text="三楼水管漏水")

    assert [d.get_text() for d in first.html.select("dd.code")] == [d.get_text() for d in second.html.select("dd.code")]
    changed = li.post(page, "/take-down", 422, text="四楼也漏水")
    assert changed.fields("/take-down")["text"] == "四楼也漏水"
    assert li.post(changed, "/take-down", 201).html.select_one("dd.code") is not None


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"text": ""}, "text"),
        ({"text": "字" * 20_000}, "text"),
        ({"phone": "123"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"name": "字" * 61}, "name"),
        ({"area": "no such place"}, "area"),
        ({"category": "<b>"}, "category"),
        ({"channel": "web"}, "channel"),
        ({"channel": "'; DROP TABLE cases; --"}, "channel"),
        ({"for_whom": "nobody"}, "for_whom"),
        ({"focus_groups": "nobody"}, "focus_groups"),
        ({"language": "fr"}, "language"),
        ({"address": "字" * 20_000}, "address"),
        ({"lat": "91", "lon": "118"}, "address"),
        ({"lat": "x", "lon": "118"}, "address"),
        ({"lat": "nan", "lon": "inf"}, "address"),
        ({"lat": "1" * 5_000, "lon": "'"}, "address"),
    ],
)
def test_what_is_wrong_in_a_call_is_said_beside_its_field(li: Browser, answers: dict[str, str], wrong: str) -> None:
    page: Page = li.post(li.get("/take-down"), "/take-down", 422, **({"text": "三楼水管漏水"} | answers))

    assert page.html.select_one(f"#errors a[href='#f-{wrong}']"), page.text
    assert page.html.select_one(f"#f-{wrong}-error")
    if wrong != "text":
        assert page.fields("/take-down")["text"] == "三楼水管漏水"


@pytest.mark.parametrize("typed", HOSTILE[:3])
def test_hostile_words_in_a_call_are_only_words(li: Browser, session: Session, typed: str) -> None:
    done = li.post(li.get("/take-down"), "/take-down", 201, text=typed, name=typed[:60], address=typed)

    number = done.html.select(".read-out dd")[0].get_text()
    page = li.get(f"/cases/{number}")
    assert not page.html.select("main script")
    assert case_of(session, number).text


def test_words_of_danger_name_the_emergency_numbers_first(li: Browser) -> None:
    done = li.post(li.get("/take-down"), "/take-down", 201, text="电梯困人了", category="A03")

    assert done.html.select_one("main a[href='tel:119']")


def test_the_navigation_leads_to_the_queue_and_to_taking_down(li: Browser) -> None:
    links = [a["href"] for a in li.get("/queue").html.select(".nav a")]

    assert "/queue" in links
    assert "/take-down" in links
