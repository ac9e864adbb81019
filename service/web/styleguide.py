"""Which parts are the pages made of, and how does each look in each state? A living page for whoever builds them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.accounts.rules import Role
from service.web.deps import CurrentPerson, Now
from service.web.render import STATIC, page

router = APIRouter(include_in_schema=False)

SOON = timedelta(hours=2)
SYMBOL = re.compile(r'<symbol id="([\w-]+)"')
RUNNING = {"in_time": timedelta(hours=20), "soon": timedelta(minutes=50), "overdue": timedelta(hours=-5)}
"""How far from now a running promise is due, for each state of time."""
ENDED = ("paused", "kept", "late", "cancelled")


@dataclass(frozen=True)
class Named:
    """Something with a name in both languages, as areas, topics and people have it."""

    name: str
    name_en: str


@dataclass(frozen=True)
class Worker(Named):
    """Somebody with a role, who works in an area."""

    role: Role
    area_id: int


@dataclass(frozen=True)
class Happening:
    """One line of a timeline; `title`, `text` and `who` are sentences and a name to be shown."""

    at: datetime
    title: str
    text: str = ""
    who: str = ""


PLACES = (Named("望湖街道", "Wanghu Sub-district"), Named("湖滨社区", "Hubin Community"))
WORKER = Worker("李强", "Li Qiang", Role.WORKER, 0)


@router.get("/styleguide")
def show_components(request: Request, person: CurrentPerson, now: Now) -> Response:
    """Show every macro that pages are made of, in each of its states, on light and on dark ground."""
    facts: dict[str, Any] = {
        "person": person,
        "soon": SOON,
        "running": {state: now + left for state, left in RUNNING.items()},
        "ended": ENDED,
        "places": PLACES,
        "worker": WORKER,
        "Happening": Happening,
        "pictures": SYMBOL.findall((STATIC / "icons.svg").read_text(encoding="utf-8")),
    }
    return page(request, "styleguide/page.html", facts)
