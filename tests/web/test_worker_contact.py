"""The contact in clear: shown once, with a reason on record."""

import pytest
from sqlmodel import Session

from service.audit.queries import history
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.workers import CONTACT, path, signed


@pytest.fixture
def li(browse: Browser, town: Town) -> Browser:
    """李强 at his browser."""
    return browse.sign_in(town.li_qiang)


def test_the_contact_is_shown_once_with_a_reason_on_record(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock, contact=CONTACT)

    shown = li.post(li.get(path(case)), "/reveal", 200, reason="约上门时间")

    assert shown.html.select_one("a[href='tel:13812345678']")
    assert "王芳" in shown.text
    assert "13812345678" not in li.get(path(case)).text
    last = history(session, "case", case.id or 0)[-1]
    assert (last["action"], last["data"]) == ("revealed", {"reason": "约上门时间"})
    assert "约上门时间" in li.get(path(case)).text


def test_without_a_reason_nothing_is_shown(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock, contact=CONTACT)

    refused = li.post(li.get(path(case)), "/reveal", 422, reason=" \x00 ")

    assert refused.html.select_one("#f-reason-error")
    assert "13812345678" not in refused.text
