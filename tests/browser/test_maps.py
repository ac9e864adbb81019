"""Maps in a browser: a tap chooses the area, the board's links work by keyboard, cases stand where they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser import ways
from tests.browser.axe import COLOURS, violations
from tests.browser.looking import WIDE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

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


def corners(page: Page) -> list[list[float]]:
    """Return the corners of the boundary, as the form would send them."""
    ring: list[list[float]] = json.loads(page.locator("#f-boundary").input_value())["coordinates"][0]
    assert ring[0] == ring[-1]
    return ring[:-1]


def middle(mark: Locator) -> tuple[float, float]:
    box = mark.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, mark: Locator, right: float, up: float) -> None:
    """Take hold of a mark and move it; it is not let go."""
    x, y = middle(mark)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y - up, steps=4)


def test_corners_of_a_boundary_are_dragged_added_removed_and_taken_back(eyes: Eyes) -> None:
    with eyes.of("admin", "en", WIDE) as page:
        trouble = eyes.trouble(page)
        ways.open_a_boundary(page)
        text, ground = page.locator("#f-boundary"), page.locator("[data-map-ground]")
        told, marks = page.locator("[data-map-told]"), page.locator(".map-corner:not(.between)")
        there, as_it_was = corners(page), text.input_value()
        opened(page)
        expect(marks).to_have_count(len(there))
        ground.scroll_into_view_if_needed()
        (here, _), (there_x, _) = middle(marks.nth(2)), middle(marks.nth(len(there) // 2))
        a_pixel = (there[len(there) // 2][0] - there[2][0]) / (there_x - here)

        drag(page, marks.nth(2), 20, 40)
        page.mouse.up()
        expect(text).not_to_have_value(as_it_was)
        moved = corners(page)
        assert moved[:2] + moved[3:] == there[:2] + there[3:]
        assert abs(moved[2][0] - there[2][0] - 20 * a_pixel) < 2 * a_pixel
        assert moved[2][1] > there[2][1]

        page.locator(".map-corner.between").nth(5).click()
        expect(told).to_contain_text("Corner 7 is chosen.")
        more = corners(page)
        assert more[:6] + more[7:] == moved
        marks.nth(0).click()
        expect(told).to_contain_text("Corner 1 is chosen.")
        in_order(page, trouble)
        page.get_by_role("button", name="Remove this corner").click()
        expect(told).to_contain_text(f"Corners: {len(there)}.")
        assert corners(page) == more[1:]

        page.get_by_role("button", name="As it was").click()
        expect(marks).to_have_count(len(there))
        assert text.input_value() == as_it_was

        box, pane = ground.bounding_box(), page.locator(".leaflet-map-pane")
        assert box is not None
        drag(page, marks.nth(2), 0, middle(marks.nth(2))[1] - box["y"] - box["height"] + 8)
        expect(pane).not_to_have_css("transform", "matrix(1, 0, 0, 1, 0, 0)")  # The map moves along.
        page.mouse.up()
        expect(text).not_to_have_value(as_it_was)
        moved = corners(page)
        assert moved[:2] + moved[3:] == there[:2] + there[3:]
        assert trouble.told == []
