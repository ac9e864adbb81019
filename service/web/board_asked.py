"""Which list of the board does somebody want to see, as its address says it?"""

from urllib.parse import urlencode

from pydantic import BaseModel

from service.accounts.tables import Person
from service.errors import NotFoundError
from service.escalations.lists import Where
from service.escalations.rules import Which
from service.routing.directory import Directory

BOARD = "/board"


class Asked(BaseModel):
    """Which part of a list somebody wants to see."""

    area: str = ""
    """The code of an area."""
    only: str = ""
    """Anything: without the areas below it."""
    cursor: str = ""
    done: str = ""

    def where(self, person: Person, known: Directory) -> Where | None:
        """Return the area; one outside the reader's ground is unknown to them. Errors: NotFoundError."""
        if not self.area:
            return None
        place = known.areas.by_code.get(self.area)
        if place is None or not known.areas.covers(known.areas.ground_of(person.area_id).id, place.id):
            raise NotFoundError
        return Where(place.id, only=bool(self.only))

    def to(self, which: Which) -> str:
        """Return the address of this list from its beginning."""
        return list_address(which, self.area, only=bool(self.only))


def list_address(which: Which, area: str = "", *, only: bool = False) -> str:
    """Return the address of a list of the board, of everything or of the area with that code."""
    asked = {"area": area} | ({"only": "yes"} if area and only else {}) if area else {}
    return f"{BOARD}/list/{which}" + (f"?{urlencode(asked)}" if asked else "")
