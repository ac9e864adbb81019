"""What is known of the areas when a file is looked at, and what would become of each row?"""

from dataclasses import dataclass
from typing import Any

from service.areas.details import AreaDetails
from service.areas.rules import AreaLevel
from service.sheets import Told


@dataclass(frozen=True)
class Known:
    """An area that is there already."""

    id: int
    code: str
    level: AreaLevel
    parent_code: str | None
    details: AreaDetails
    boundary: dict[str, Any] | None
    is_active: bool
    is_department: bool = False


@dataclass
class Planned:
    """One area as it will be."""

    row: int
    code: str
    level: AreaLevel
    parent_code: str | None
    details: AreaDetails
    boundary: dict[str, Any] | None
    was: Known | None
    is_department: bool = False

    @property
    def is_changed(self) -> bool:
        """Does it differ from what is there?"""
        was = self.was
        return was is None or (self.details, self.parent_code, self.boundary) != (
            was.details,
            was.parent_code,
            was.boundary,
        )


@dataclass(frozen=True)
class Plan:
    """What a file would do. With any fault, nothing of it is done."""

    added: list[Planned]
    changed: list[Planned]
    unchanged: int
    left_out: int
    """Rows of provinces and cities, which lie above everything here."""
    faults: list[Told]
    notices: list[Told]
