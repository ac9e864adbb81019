"""Maps in a browser: a tap chooses the area, the board's links work by keyboard, cases stand where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.axe import COLOURS, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.looking import Eyes, Trouble

DRAWN = ".map-area"


def opened(page: Page) -> None:
    """Open the map by keyboard."""
    button = page.locator("[data-map-open]")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(DRAWN).first).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")


def in_order(page: Page, trouble: Trouble) -> None:
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, COLOURS) == [], "in the dark"
    assert trouble.told == []


def test_who_takes_down_a_call_taps_the_place_and_it_is_in_the_form(eyes: Eyes) -> None:
    with eyes.of("li.qiang") as page:
        trouble = eyes.trouble(page)
        page.goto("/take-down")
        opened(page)
        ground = page.locator("[data-map-ground]")
        box = ground.bounding_box()
        assert box is not None
        ground.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
        expect(page.locator("[data-map-told]")).to_contain_text("江城区")
        assert page.locator("[name=lat]").input_value().startswith("32.0")
        page.select_option("[name=area]", index=1)
        assert page.locator("[name=lat]").input_value() == "", "another place was chosen from the list"
        in_order(page, trouble)


def test_a_tap_on_the_map_chooses_the_area_and_outside_it_says_where_to_go(eyes: Eyes) -> None:
    with eyes.of() as page:
        trouble = eyes.trouble(page)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto("/submit")
        assert not [url for url in asked if "leaflet" in url or "outlines" in url], "before it is opened"
        opened(page)
        ground = page.locator("[data-map-ground]")
        box = ground.bounding_box()
        assert box is not None
        ground.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
        told = page.locator("[data-map-told]")
        expect(told).to_contain_text("江城区")
        assert page.locator("[name=area]").input_value()
        assert page.locator("[name=lat]").input_value().startswith("32.0")
        expect(page.locator(".map-here")).to_be_visible()
        in_order(page, trouble)

        ground.click(position={"x": box["width"] - 3, "y": 3})
        expect(told).to_contain_text("12345")
        assert page.locator("[name=lat]").input_value() == ""
        assert page.locator(".map-here").count() == 0
        assert [said for said in trouble.told if "another host" in said] == []


def test_the_map_of_the_board_leads_to_a_list_by_keyboard_and_outlives_its_updates(eyes: Eyes) -> None:
    with eyes.of("chen.jing") as page:
        trouble = eyes.trouble(page)
        page.goto("/board")
        opened(page)
        in_order(page, trouble)
        with page.expect_response("**/board"):
            page.evaluate("htmx.ajax('GET', '/board', {target: '#board-live', swap: 'innerHTML'})")
        expect(page.locator(DRAWN).first).to_be_visible()
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.locator("a.map-label:focus").count():
                break
        code = (page.locator("a.map-label:focus").get_attribute("href") or "").partition("=")[2]
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/board/list/open?area={code}")


def test_cases_stand_on_the_map_of_the_queue_and_open_beside_it(eyes: Eyes) -> None:
    with eyes.of("li.qiang", "en") as page:
        trouble = eyes.trouble(page)
        page.goto("/queue?of=unit")
        opened(page)
        mark = page.locator("button.map-pin").first
        mark.focus()
        page.keyboard.press("Enter")
        link = page.locator("[data-map-told] a[href^='/cases/']").first
        expect(link).to_be_visible()
        in_order(page, trouble)
        link.click()
        page.wait_for_url("**/cases/*")
