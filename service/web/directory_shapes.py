"""How does the API's JSON show what a request is sent to: areas, their desks, and topics?"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from service.areas.hours import hours_on, is_open
from service.areas.locating import Located
from service.areas.outlines import drawn_at
from service.areas.rules import AreaTree, Place
from service.categories.rules import Catalogue, Topic
from service.categories.suggesting import Suggestions
from service.timekeeping import ZONE
from service.web.map_ground import ground


class Shape(BaseModel):
    """A value of the API."""

    model_config = ConfigDict(from_attributes=True)


class TopicShape(Shape):
    """A category."""

    code: str
    name: str
    name_en: str


class AreaShape(Shape):
    """An area of the division."""

    code: str
    level: str
    name: str
    name_en: str
    is_department: bool = Field(default=False, description="Cases are given to it, none lies in it.")


class DeskShape(Shape):
    """The desk that is responsible."""

    name: str
    name_en: str
    phone: str


class DeskHoursShape(DeskShape):
    """The desk that is responsible, where it is and when it is open."""

    address: str
    opening_hours: str = Field(description="Of a usual day, such as 08:30–12:00, 13:30–18:00; empty where not known.")
    today: str = Field(description="The hours of this day; empty where nobody is there.")
    is_open: bool


class GuessShape(Shape):
    """Another area that a place may lie in."""

    area: AreaShape
    confidence: float


class PointShape(Shape):
    """A point of the earth, in degrees."""

    lat: float
    lon: float


class LocatedShape(Shape):
    """In which area a place lies."""

    at: PointShape | None = Field(description="The point that was asked for, in WGS 84; null for words.")
    drawn_at: PointShape | None = Field(description="Where our maps draw that point.")
    area: AreaShape
    path: list[AreaShape] = Field(description="From the county down to the area itself.")
    desk: DeskHoursShape
    confidence: float = Field(description="From 0 to 1; 1 for a point that lies inside, less on a border.")
    alternatives: list[GuessShape]


class SuggestionShape(Shape):
    """One topic that a text may be about."""

    category: TopicShape
    confidence: float = Field(description="From 0 to 1: what is called 0.9 is right nine times in ten.")


class SuggestionsShape(Shape):
    """The topics that a text is most likely about, best first."""

    suggestions: list[SuggestionShape]
    ask: bool = Field(description="None is sure enough to be taken without asking.")


class AreasShape(Shape):
    """The areas that can be named in a request."""

    items: list[AreaShape]


class OptionShape(Shape):
    """One answer to choose from; `zh` is the value that is sent."""

    zh: str
    en: str


class QuestionShape(Shape):
    """A further question of a topic; its answer is sent in `answers` under its key."""

    key: str
    zh: str
    en: str
    kind: str = Field(description="text, number, date (2026-11-24), yes_no (yes or no) or choice")
    options: list[OptionShape]
    required: bool


class ElsewhereShape(Shape):
    """Where to go with a topic instead, or first."""

    zh: str
    en: str
    phone: str
    taken: bool = Field(description="Requests about it are taken all the same; else they are refused.")


class CategoryShape(TopicShape):
    """A topic that can be named in a request."""

    parent: str | None
    questions: list[QuestionShape]
    elsewhere: ElsewhereShape | None


class CategoriesShape(Shape):
    """The topics that can be named in a request."""

    items: list[CategoryShape]


def topic(t: Topic) -> TopicShape:
    """Return a category's shape."""
    return TopicShape.model_validate(t)


def suggestions(found: Suggestions) -> SuggestionsShape:
    """Return the shape of suggested topics."""
    items = [SuggestionShape(category=topic(one.topic), confidence=one.confidence) for one in found.items]
    return SuggestionsShape(suggestions=items, ask=found.ask)


def category(t: Topic, known: Catalogue) -> CategoryShape:
    """Return the shape of a topic with what is asked and said about it."""
    return CategoryShape(
        code=t.code,
        name=t.name,
        name_en=t.name_en,
        parent=t.parent_code,
        questions=[QuestionShape.model_validate(one) for one in known.questions(t.code)],
        elsewhere=ElsewhereShape.model_validate(where) if (where := known.elsewhere(t.code)) else None,
    )


def area(p: Place) -> AreaShape:
    """Return an area's shape."""
    return AreaShape(code=p.code, level=p.level, name=p.name, name_en=p.name_en, is_department=p.is_department)


def desk(p: Place) -> DeskShape:
    """Return the shape of an area's desk."""
    return DeskShape(name=p.desk_name, name_en=p.desk_name_en, phone=p.phone)


def located(found: Located, areas: AreaTree, now: datetime, *, at: tuple[float, float] | None) -> LocatedShape:
    """Return the shape of where a place is; `at` is the point that was asked for, latitude and longitude in WGS 84."""
    place, local = found.place, now.astimezone(ZONE)
    return LocatedShape(
        at=PointShape(lat=at[0], lon=at[1]) if at else None,
        drawn_at=PointShape(**dict(zip(("lat", "lon"), drawn_at(*at, ground().datum), strict=True))) if at else None,
        area=area(place),
        path=[area(p) for p in reversed(list(areas.up_from(place.id)))],
        desk=DeskHoursShape(
            **desk(place).model_dump(),
            address=place.address,
            opening_hours=place.opening_hours,
            today=hours_on(place, local.date()).hours,
            is_open=is_open(place, local),
        ),
        confidence=found.confidence,
        alternatives=[GuessShape(area=area(g.place), confidence=g.confidence) for g in found.alternatives],
    )
