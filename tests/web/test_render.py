"""How times are said, in which language a page speaks, and what a template may rely on."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import ChoiceLoader, DictLoader
from jinja2.exceptions import UndefinedError
from sqlmodel import Session
from starlette.testclient import TestClient

from service.timekeeping import ZONE, Anchor, set_anchor
from service.web import deps, render
from service.web.catalogues import gettext, ngettext, translate
from service.web.render import STATIC, asset, is_htmx, language_of, page
from service.web.timewords import deadline, from_minute, remaining, span, time_state, wait, when
from service.web.words import words

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Monday, noon in Shanghai."""


def there(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "chinese", "english"),
    [
        ("2026-11-23T14:30", "今天 14:30", "today 14:30"),
        ("2026-11-23T00:00", "今天 00:00", "today 00:00"),
        ("2026-11-24T00:00", "明天 00:00", "tomorrow 00:00"),
        ("2026-11-24T09:05", "明天 09:05", "tomorrow 09:05"),
        ("2026-11-22T23:59", "昨天 23:59", "yesterday 23:59"),
        ("2026-11-25T14:30", "11月25日 周三 14:30", "Wed 25 Nov, 14:30"),
        ("2026-11-21T08:00", "11月21日 周六 08:00", "Sat 21 Nov, 08:00"),
        ("2027-01-03T14:30", "2027年1月3日 周日 14:30", "Sun 3 Jan 2027, 14:30"),
    ],
)
def test_a_time_is_said_as_people_say_it(moment: str, chinese: str, english: str) -> None:
    assert when(there(moment), NOW, "zh") == chinese
    assert when(there(moment), NOW, "en") == english


@pytest.mark.parametrize(
    ("moment", "chinese", "english"),
    [
        ("2026-11-24T09:00", "明天上午", "tomorrow morning"),
        ("2026-11-23T15:00", "今天下午", "this afternoon"),
        ("2026-11-23T21:00", "今天晚上", "this evening"),
        ("2026-11-24T02:00", "明天凌晨", "tomorrow early morning"),
        ("2026-11-25T12:30", "11月25日 周三中午", "Wed 25 Nov afternoon"),
    ],
)
def test_a_rough_time_names_the_part_of_the_day(moment: str, chinese: str, english: str) -> None:
    assert when(there(moment), NOW, "zh", rough=True) == chinese
    assert when(there(moment), NOW, "en", rough=True) == english


@pytest.mark.parametrize(
    ("moment", "chinese", "english"),
    [
        ("2026-11-23T14:30", "今天 周一 14:30", "today, Mon 14:30"),
        ("2026-11-24T14:30", "明天 周二 14:30", "tomorrow, Tue 14:30"),
        ("2026-11-25T14:30", "11月25日 周三 14:30", "Wed 25 Nov, 14:30"),
    ],
)
def test_a_deadline_always_has_its_weekday(moment: str, chinese: str, english: str) -> None:
    assert deadline(there(moment), NOW, "zh") == chinese
    assert deadline(there(moment), NOW, "en") == english


@pytest.mark.parametrize(
    ("length", "chinese", "english"),
    [
        (timedelta(hours=3, minutes=20, seconds=59), "3 小时 20 分", "3 h 20 min"),
        (timedelta(hours=2), "2 小时", "2 h"),
        (timedelta(minutes=45), "45 分钟", "45 min"),
        (timedelta(days=2, hours=4, minutes=50), "2 天 4 小时", "2 d 4 h"),
        (timedelta(days=15), "15 天", "15 d"),
        (timedelta(seconds=59), "不到 1 分钟", "less than 1 min"),
        (timedelta(0), "不到 1 分钟", "less than 1 min"),
        (-timedelta(hours=3, minutes=20), "3 小时 20 分", "3 h 20 min"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units(length: timedelta, chinese: str, english: str) -> None:
    assert span(length, "zh") == chinese
    assert span(length, "en") == english


@pytest.mark.parametrize(
    ("left", "chinese", "english"),
    [
        (timedelta(hours=3, minutes=20), "还剩 3 小时 20 分", "3 h 20 min left"),
        (timedelta(seconds=30), "还剩不到 1 分钟", "less than 1 min left"),
        (timedelta(0), "已超时不到 1 分钟", "less than 1 min overdue"),
        (-timedelta(hours=2), "已超时 2 小时", "2 h overdue"),
        (timedelta(days=2, hours=4, minutes=59), "还剩 2 天 4 小时", "2 d 4 h left"),
        (timedelta(hours=24) - timedelta(seconds=1), "还剩 23 小时 59 分", "23 h 59 min left"),
        (-timedelta(days=2, hours=4, minutes=59), "已超时 2 天 4 小时 59 分", "2 d 4 h 59 min overdue"),
        (-timedelta(days=3, minutes=59), "已超时 3 天 59 分钟", "3 d 59 min overdue"),
    ],
)
def test_what_is_left_turns_into_what_is_overdue_at_the_deadline(left: timedelta, chinese: str, english: str) -> None:
    assert remaining(NOW + left, NOW, "zh") == chinese
    assert remaining(NOW + left, NOW, "en") == english


@given(seconds=st.integers(-40 * 86_400, 40 * 86_400))
def test_no_promise_looks_longer_than_it_is_and_no_delay_shorter_by_a_minute(seconds: int) -> None:
    sizes = {"d": 86_400, "h": 3_600, "min": 60}
    said = remaining(NOW + timedelta(seconds=seconds), NOW, "en")
    shown = sum(int(number) * sizes[unit] for number, unit in re.findall(r"(\d+) (d|h|min)\b", said))
    if "less than" in said:
        assert abs(seconds) < 60
    elif seconds > 0:
        assert seconds - 3_600 < shown <= seconds
    else:
        assert -seconds - 60 < shown <= -seconds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (5, "5 s"),
        (59, "59 s"),
        (59.5, "1 min"),
        (60, "1 min"),
        (61, "2 min"),
        (4 * 3_600 - 30, "4 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_who_has_to_wait_is_never_told_less_than_it_takes(seconds: float, said: str) -> None:
    assert wait(timedelta(seconds=seconds), "en") == said


def test_what_is_possible_from_a_moment_on_is_said_by_the_next_full_minute() -> None:
    assert from_minute(there("2026-11-23T14:30:00")) == there("2026-11-23T14:30")
    assert from_minute(there("2026-11-23T14:30:01")) == there("2026-11-23T14:31")


def test_a_promise_is_in_time_then_soon_then_overdue() -> None:
    due = NOW + timedelta(hours=4)

    assert time_state(due + timedelta(seconds=1), NOW) == "in_time"
    assert time_state(due, NOW) == "soon"
    assert time_state(due, NOW, soon=timedelta(hours=1)) == "in_time"
    assert time_state(due, due) == "overdue"
    assert time_state(None, NOW, "paused") == "paused"
    assert time_state(due, due, "kept") == "kept"


# Language


def request_with(headers: dict[str, str] | None = None, query: str = "", path: str = "/") -> Request:
    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "GET", "path": path, "headers": raw, "query_string": query.encode()}
    return Request(scope | {"server": ("testserver", 80), "scheme": "http"})


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({}, "", "zh"),
        ({"accept-language": "en-GB,en;q=0.9,zh;q=0.5"}, "", "en"),
        ({"accept-language": "zh-TW,en;q=0.8"}, "", "zh"),
        ({"accept-language": "fr,de;q=0.8"}, "", "zh"),
        ({"accept-language": "en;q=0,zh;q=0.1"}, "", "zh"),
        ({"accept-language": "en;q=many, ;;,"}, "", "zh"),
        ({"accept-language": "en"}, "lang=zh", "zh"),
        ({"accept-language": "en"}, "lang=xx", "en"),
        ({"cookie": "lang=en"}, "lang=zh", "en"),
        ({"cookie": "lang=<script>"}, "", "zh"),
    ],
)
def test_the_language_is_the_one_that_was_chosen_last(headers: dict[str, str], query: str, expected: str) -> None:
    assert language_of(request_with(headers, query)) == expected


def test_sentences_are_filled_and_a_missing_fact_stays_visible() -> None:
    assert translate("en", "Please try again in {retry_after} seconds.", retry_after=5) == (
        "Please try again in 5 seconds."
    )
    assert translate("en", "Please try again in {retry_after} seconds.") == (
        "Please try again in (retry_after) seconds."
    )
    assert gettext("zh", "Sign in") == "登录"
    assert gettext("zh", "Nobody ever said this.") == "Nobody ever said this."


def test_english_has_two_numbers() -> None:
    assert ngettext("en", "one", "many", 1) == "one"
    assert ngettext("en", "one", "many", 0) == "many"


# Templates


@pytest.fixture
def templates() -> Iterator[dict[str, str]]:
    """Let a test write templates of its own."""
    own: dict[str, str] = {}
    before = {language: render._environment(language).loader for language in ("zh", "en")}
    for language, loader in before.items():
        assert loader is not None
        render._environment(language).loader = ChoiceLoader([DictLoader(own), loader])
    yield own
    for language, loader in before.items():
        render._environment(language).loader = loader
        assert render._environment(language).cache is not None
        render._environment(language).cache.clear()


def test_what_people_wrote_is_escaped(templates: dict[str, str]) -> None:
    templates["x.html"] = "{{ words_of_theirs }} {{ _('Signed in as %(name)s', name=words_of_theirs) }}"

    html = bytes(page(request_with(), "x.html", {"words_of_theirs": "<b>'\"&"}).body).decode()

    assert "<b>" not in html
    assert html.count("&lt;b&gt;") == 2


def test_a_name_that_the_page_forgot_is_an_error_and_not_a_gap(templates: dict[str, str]) -> None:
    templates["x.html"] = "{{ forgotten }}"

    with pytest.raises(UndefinedError):
        page(request_with(), "x.html")


def test_htmx_gets_the_fragment_and_everybody_else_the_page(templates: dict[str, str]) -> None:
    templates |= {"rows.html": "<p>rows</p>", "x.html": "<main>{% include 'rows.html' %}</main>"}

    def body(**headers: str) -> str:
        request = request_with({name.replace("_", "-"): value for name, value in headers.items()})
        response = page(request, "x.html", fragment="rows.html")
        assert response.headers["vary"] == "HX-Request"
        return bytes(response.body).decode()

    assert body() == "<main><p>rows</p></main>"
    assert body(hx_request="true") == "<p>rows</p>"
    assert body(hx_request="true", hx_boosted="true").startswith("<main>")
    assert body(hx_request="true", hx_history_restore_request="true").startswith("<main>")
    assert not is_htmx(request_with())


def test_a_time_on_a_page_is_machine_readable_too(templates: dict[str, str]) -> None:
    templates["x.html"] = "{{ at|when }}"
    request = request_with()
    request.state.now = NOW

    html = bytes(page(request, "x.html", {"at": NOW + timedelta(hours=2)}).body).decode()

    assert html == '<time datetime="2026-11-23T14:00+08:00">今天 14:00</time>'


MACROS = """
{% from "macros/forms.html" import action_button, button, checkbox, checkboxes, error_summary, field, radios, select,
   textarea %}
{% from "macros/parts.html" import crumb, empty_state, facts, link_button, notice, person_chip, stat_tile %}
{% from "macros/time.html" import promise_badge, timeline %}
{{ error_summary(errors) }}
{{ field("phone", "Phone", "<b>", errors.phone, hint="h", type="tel", required=false, attrs={"maxlength": 30}) }}
{{ field("secret", "Secret", "never", type="password") }}
{{ textarea("text", "Text", "two\\nlines") }}
{{ select("area", "Area", [("g", [("1", "One")]), ("2", "Two")], 2, empty="Choose") }}
{{ radios("who", "Who", [("a", "A"), ("b", "B", "hint")], "b", errors.who) }}
{{ checkboxes("groups", "Groups", [("x", "X"), ("y", "Y")], ["y"]) }}
{{ checkbox("anonymous", "Anonymous", true) }}
{{ action_button("/do", "Do", {"version": 3}) }}{{ button("Go", name="how", value="fast") }}
{{ link_button("/x", "X") }}{{ crumb([]) }}{{ person_chip(none) }}{{ empty_state("Empty") }}{{ facts([("a", "b")]) }}
{{ stat_tile(3, "Three", "/three", "overdue") }}
{% call notice("bad", "Title") %}<p>Words</p>{% endcall %}
{{ promise_badge(due, now, label="Answer") }}{{ promise_badge(none, now, "paused") }}
{{ timeline([{"at": now, "title": "T", "text": "", "who": ""}]) }}
"""


def test_macros_label_describe_and_keep_what_was_typed(templates: dict[str, str]) -> None:
    templates["x.html"] = MACROS
    request = request_with()
    request.state.now = NOW
    errors = {"phone": "No number.", "who": "Choose one."}

    html = BeautifulSoup(
        bytes(page(request, "x.html", {"errors": errors, "due": NOW + timedelta(hours=30)}).body), "html.parser"
    )

    assert [a["href"] for a in html.select("#errors a")] == ["#f-phone", "#f-who"]
    assert all(html.select_one(str(a["href"])) for a in html.select("#errors a"))
    phone = html.select_one("#f-phone")
    assert phone is not None
    assert (phone["value"], phone["aria-invalid"], phone["maxlength"]) == ("<b>", "true", "30")
    assert phone["aria-describedby"] == "f-phone-hint f-phone-error"
    assert not phone.has_attr("required")
    assert "never" not in str(html)
    assert html.select_one("textarea").get_text() == "\ntwo\nlines"  # A browser drops the first line end.
    assert [o["value"] for o in html.select("option[selected]")] == ["2"]
    assert [i["value"] for i in html.select("input[checked]")] == ["b", "y", "yes"]
    labels = {label["for"] for label in html.select("label")}
    assert all(i["id"] in labels for i in html.select("input:not([type=hidden]), textarea, select"))
    assert html.select_one("form[action='/do'] input[name=csrf]")
    assert "还剩 1 天 6 小时" in html.select_one(".promise.in_time").get_text()
    ids = [tag["id"] for tag in html.select("[id]")]
    assert len(ids) == len(set(ids))


# Static files


def test_every_icon_that_a_template_or_macro_names_is_in_the_sprite() -> None:
    known = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = {
        (path.name, icon)
        for path in render.TEMPLATES.rglob("*.html")
        for icon in re.findall(r'(?:icon\(|picture=)"([\w-]+)"', path.read_text())
    }

    assert {n for n in named if n[1] not in known} == set()


def test_a_static_file_has_the_hash_of_its_content_in_its_address() -> None:
    assert re.fullmatch(r"/static/jiban\.css\?v=[0-9a-f]{12}", asset("jiban.css"))


def test_what_was_taken_from_others_has_its_licence_beside_it() -> None:
    names = {path.name for path in (STATIC / "vendor").iterdir()}

    assert {name for name in names if name.endswith(".js")} == {"htmx.min.js", "leaflet.js"}
    assert {"htmx.LICENSE.txt", "leaflet.LICENSE.txt", "lucide.LICENSE.txt"} <= names


def test_no_file_of_a_page_comes_from_another_host() -> None:
    culprits = [
        path.name
        for folder in (render.TEMPLATES, STATIC)
        for path in folder.rglob("*")
        if path.suffix in (".html", ".css") and re.search(r"(src|href|url\()\W*(https?:)?//", path.read_text())
    ]

    assert culprits == []


# Simulated time


@pytest.fixture
def no_known_anchor() -> Iterator[None]:
    deps.forget_anchor()
    yield
    deps._known.anchor = None
    deps.forget_anchor()


@pytest.mark.usefixtures("no_known_anchor")
def test_a_page_says_when_time_is_simulated(session: Session) -> None:
    from service.app import create_app

    client = TestClient(create_app())
    assert "时间为模拟" not in client.get("/sign-in").text

    set_anchor(session, Anchor(deps.real_now(), there("2026-11-23T08:00"), 600.0))
    session.flush()
    deps.forget_anchor()

    text = client.get("/sign-in").text
    assert "时间为模拟" in text
    assert "600 倍" in text
    assert "周一 08:" in text


def test_the_stylesheet_is_small_enough_for_a_slow_line() -> None:
    assert Path(STATIC / "jiban.css").stat().st_size < 30_000


def test_the_tables_of_words_have_no_empty_word() -> None:
    assert all(label for table in vars(words).values() for label in table.values())
