"""The pictures by which telephones show the service, made from static/mark.svg: python -m tests.browser.icons"""

from playwright.sync_api import Browser, sync_playwright

from service.web.render import STATIC
from tests.browser.looking import launch

PICTURES = {"192.png": (192, 0), "512.png": (512, 0), "maskable-512.png": (512, 64), "touch-180.png": (180, 18)}
"""Edge of the picture, and how far the mark stays away from it: what is masked is cut to a circle of 80 %."""
GROUND = "#e9f2ef"


def drawn(browser: Browser, edge: int, margin: int) -> bytes:
    """Return the mark as a PNG; with a margin its ground goes up to the edges."""
    ground, size = (GROUND if margin else "transparent"), edge - 2 * margin
    mark = (STATIC / "mark.svg").read_text(encoding="utf-8")
    page = browser.new_page(viewport={"width": edge, "height": edge})
    page.set_content(
        f"<style>body{{margin:0;background:{ground}}}svg{{display:block;margin:{margin}px;width:{size}px}}</style>{mark}"
    )
    picture = page.screenshot(omit_background=True)
    page.close()
    return picture


if __name__ == "__main__":
    with sync_playwright() as started:
        chromium = launch(started)
        (STATIC / "icons").mkdir(exist_ok=True)
        for name, how in PICTURES.items():
            (STATIC / "icons" / name).write_bytes(drawn(chromium, *how))
        chromium.close()
