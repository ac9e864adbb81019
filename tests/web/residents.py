"""How tests tell us something and follow it, as a resident at a browser would."""

from typing import Any

from sqlmodel import Session, func, select

from service.cases.tables import Case
from tests.builders import case_of
from tests.web.conftest import Browser, Page

LIGHT = "楼道的路灯坏了三天"
NASTY = "<script>alert(1)</script>'; DROP TABLE cases; -- \x00\x07"
ANSWERS: dict[str, Any] = {
    "text": LIGHT,
    "area": "990101001001",
    "phone": "138 1234 5678",
    "name": "王芳",
    "category": "C05",
}


def tell(browse: Browser, **answers: Any) -> Page:
    """Fill in the form, send it and read the receipt."""
    sent = browse.post(browse.get("/submit"), "/submit", **(ANSWERS | answers))
    assert sent.to == "/receipt"
    return browse.get("/receipt")


def number_and_code(receipt: Page) -> tuple[str, str]:
    number, code = (e.get_text(strip=True) for e in receipt.html.select(".receipt-number"))
    return number, code


def told(browse: Browser, session: Session, **answers: Any) -> tuple[Case, Page]:
    """Tell us something and open its page."""
    number, _ = number_and_code(tell(browse, **answers))
    return case_of(session, number), browse.get(f"/track/{number}")


def how_many(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Case)).one()
