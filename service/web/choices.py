"""What can be chosen in the forms of residents? Topics by group, communities by sub-district, for whom."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from service.areas.rules import AreaLevel
from service.routing.queries import directory
from service.web import words
from service.web.catalogues import Language, translate
from service.web.topics import name_of, topics_by_group

WHOLE_LABELS: Mapping[str, str] = {AreaLevel.SUBDISTRICT: "Somewhere in {place}"}
"""What is chosen by who knows a place only roughly."""


@dataclass(frozen=True)
class Choices:
    """What can be chosen in the form: pairs of code and name, or groups of them."""

    topics: list[tuple[str, list[tuple[str, str]]]]
    areas: list[tuple[str, list[tuple[str, str]]]]
    for_whom: list[tuple[str, str]]
    focus_groups: list[tuple[str, str]]


def choices(session: Session, language: Language) -> Choices:
    """Return what can be chosen, named in that language; a sub-district can be chosen itself."""
    known = directory(session)
    areas = []
    for above in (p for p in known.areas.in_use if p.level is AreaLevel.SUBDISTRICT):
        whole = translate(language, WHOLE_LABELS[above.level], place=name_of(above, language))
        below = [(p.code, name_of(p, language)) for p in known.areas.grounds if p.parent_id == above.id]
        areas.append((name_of(above, language), [(above.code, whole), *below]))
    return Choices(
        topics=topics_by_group(known.catalogue, language),
        areas=areas,
        for_whom=[(code, translate(language, msgid)) for code, msgid in words.FOR_WHOM.items()],
        focus_groups=[(code, translate(language, msgid)) for code, msgid in words.FOCUS_GROUP.items()],
    )
