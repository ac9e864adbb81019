"""The pictures of the tour, and its page: make screenshots

Each picture is a page of the demo as one of the three people sees it, in Chinese on a telephone and on a wide screen,
and in English on both; a few colours fewer, so that the folder stays small.
"""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.conftest import running
from tests.browser.looking import Eyes, launch
from tests.browser.pages import PAGES, go

if TYPE_CHECKING:
    from playwright.sync_api import Page

DOCS = Path(__file__).parents[2] / "docs"
FOLDER, PAGE = DOCS / "tour", DOCS / "tour.md"
WIDTHS = {390: 1500, 1280: 1100}
"""Widths in pixels, and how much of the height is kept of each."""
COLOURS = 64
NO_BANNER = ".simulated { display: none !important; }"


@dataclass(frozen=True)
class Stop:
    """One picture of the tour: a route of PAGES, and a sentence in both languages."""

    name: str
    route: str
    zh: str
    en: str


@dataclass(frozen=True)
class Part:
    """The stops of one of the three people."""

    zh: str
    en: str
    stops: tuple[Stop, ...]


PARTS = (
    Part("居民", "Resident", (
        Stop("home", "/", "首页只有两件事：告诉我们，或者查进度；紧急电话一直在。",
             "The first page has two doors, telling us and following; emergency numbers are always there."),
        Stop("submit", "/submit", "反映问题分五步，一个页面，不用登录，写到一半会保存在本机。",
             "Telling us takes five steps on one page, without signing in; a draft stays on the device."),
        Stop("receipt", "/receipt", "提交后马上拿到编号、查询码、责任单位和每一项承诺的时间。",
             "The receipt has a number, a code, the desk and a time for every promise."),
        Stop("track", "/track/{number}", "查进度时先看到现在的情况和还剩多少时间，还能补充、催办、撤回和评价。",
             "Following a request shows how it stands and how much time is left, and what one can still say."),
    )),
    Part("社区工作人员", "Community worker", (
        Stop("queue", "/queue", "待办队列按到期先后排列，一键签收，键盘也能操作。",
             "The queue is sorted by what runs out first; a case is signed for in one tap or with one key."),
        Stop("case", "/cases/{number}", "工单页左边是事情，中间是经过和回复，右边是时限和可做的事。",
             "A case: on the left the matter, in the middle what happened and the reply, on the right the promises."),
        Stop("take-down", "/take-down", "来电或来访的诉求在一个页面上登记完。",
             "What a caller or a visitor tells is taken down on one screen."),
    )),
    Part("街道主管", "Sub-district supervisor", (
        Stop("board", "/board", "看板用四个数字说明当前要紧的事，下面是等您决定的事项，自动更新。",
             "The board says in four numbers what matters now, with the decisions that wait; it updates by itself."),
        Stop("brief", "/board/brief", "晨会简报一页说清昨天的情况和今天会到期的事，可以打印。",
             "The morning brief tells on one page what happened and what runs out today, and can be printed."),
        Stop("duties", "/admin/duties", "值班表看得到每个班次由谁值守，哪里没有人。",
             "The duty calendar shows who is there in each turn, and where nobody is."),
    )),
)  # fmt: skip


def picture(page: Page, width: int) -> bytes:
    """Return what is seen of the page, as a small PNG."""
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True, style=NO_BANNER, animations="disabled")))
    shown = shot.crop((0, 0, shot.width, min(shot.height, WIDTHS[width]))).convert("RGB")
    target = io.BytesIO()
    shown.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        target, "PNG", optimize=True
    )
    return target.getvalue()


def file_of(stop: Stop, language: str, width: int) -> str:
    """Return the name of a picture."""
    return f"{stop.name}-{language}-{width}.png"


def page_of_the_tour() -> str:
    """Return docs/tour.md: each picture with its sentence, first in Chinese, then in English."""
    lines = [
        "# 一览 Tour",
        "",
        "图片由 `make screenshots` 从演示数据生成。 The pictures are made from the demo by `make screenshots`.",
        "",
    ]
    for language in ("zh", "en"):
        for part in PARTS:
            lines += [f"## {getattr(part, language)}", ""]
            for stop in part.stops:
                said = getattr(stop, language)
                lines += [said, ""]
                lines += [f"![{said}](tour/{file_of(stop, language, width)})" for width in WIDTHS] + [""]
    return "\n".join(lines)


def main() -> None:
    """Draw every picture anew."""
    with running() as url, sync_playwright() as started:
        browser = launch(started)
        eyes = Eyes(browser, url)
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        for stop in (stop for part in PARTS for stop in part.stops):
            for language in ("zh", "en"):
                for width in WIDTHS:
                    with eyes.of(PAGES[stop.route].who, language, (width, 844), bypass_csp=True) as page:
                        go(page, eyes, stop.route)
                        (FOLDER / file_of(stop, language, width)).write_bytes(picture(page, width))
        browser.close()
    PAGE.write_text(page_of_the_tour(), encoding="utf-8")
    sys.stdout.write(f"{sum(file.stat().st_size for file in FOLDER.iterdir()) / 1e6:.1f} MB in {FOLDER}\n")


if __name__ == "__main__":
    main()
