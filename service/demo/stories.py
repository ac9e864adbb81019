"""What does an invented resident write, from where, and what do the desks say to them?"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from service.demo.files import read
from service.demo.town import Neighbourhood, Town
from service.intake.forms import Channel, RequestForm

SURNAMES = "王李张刘陈杨黄周吴徐朱马胡郭林高罗宋梁谢"
GIVEN = [
    "秀兰",
    "建国",
    "桂英",
    "志明",
    "丽",
    "伟",
    "芳",
    "小燕",
    "国庆",
    "玉梅",
    "浩",
    "婷",
    "春生",
    "淑珍",
    "磊",
    "雪",
]
FOREIGN = ("Anna Keller", "Tom Hughes", "Maria Lopes", "James Okoro", "Yuki Mori", "Claire Dubois")
RESIDENTS = 240
"""So many people write; some of them more than once (6.9 % of real messages repeat another, DOMAIN 7.3)."""
CHANNELS = {Channel.WEB: 55, Channel.PHONE: 26, Channel.WALK_IN: 8, Channel.KIOSK: 7, Channel.API: 4}
ANONYMOUS, WITH_CONTACT, WITH_TOPIC = 0.07, 0.93, 0.72
BY_POINT, BY_AREA = 0.45, 0.40
"""How a place is told: a point on the map, an area from the list, else the words of the address."""


@dataclass(frozen=True)
class Story:
    """One matter: the words of the request and of everything that is said about it, with the places filled in."""

    form: RequestForm
    place: Neighbourhood
    language: str
    words: Mapping[str, Any]
    facts: Mapping[str, str] = field(default_factory=dict)

    def fill(self, text: str, **more: str) -> str:
        """Return a text of the data files with the places of this matter in it."""
        return text.format_map({**self.facts, **more})

    def about(self, topic: str) -> "Story":
        """Return it with its topic chosen, whatever its words would be taken for."""
        return replace(self, form=self.form.model_copy(update={"category": topic}))


@lru_cache
def phrases() -> Mapping[str, Any]:
    """Return what is said in every matter."""
    said: Mapping[str, Any] = read("phrases.yaml")
    return said


@lru_cache
def matters() -> Sequence[Mapping[str, Any]]:
    """Return every matter that residents bring up."""
    found: Sequence[Mapping[str, Any]] = read("requests.yaml")
    return found


@dataclass
class Teller:
    """Makes up requests, always the same ones from the same dice."""

    town: Town
    dice: random.Random

    def tell(self, place: Neighbourhood | None = None, topic: str | None = None) -> Story:
        """Return a matter, where the place and the topic are left open drawn from all that fit each other."""
        place = place or self.dice.choice(self.town.neighbourhoods)
        fitting = [m for m in matters() if topic in (None, m["topic"]) and _fits(m, place)]
        words = self.dice.choices(fitting, weights=[m.get("weight", 1) for m in fitting])[0]
        return self._story(words, place)

    def retell(self, story: Story) -> Story:
        """Return another resident's request about the same matter."""
        again = self._story(story.words, story.place)
        return replace(story, form=again.form.model_copy(update={"text": story.form.text}))

    def _story(self, words: Mapping[str, Any], place: Neighbourhood) -> Story:
        language = words.get("language", "zh")
        estate = self.dice.choice(place.estates)
        chinese = language == "zh"
        facts = {
            "estate": estate.zh if chinese else estate.en,
            "street": place.street.zh if chinese else place.street.en,
            "community": place.area.name if chinese else place.area.name_en,
            "desk": place.area.desk_name if chinese else place.area.desk_name_en,
            "no": str(self.dice.randint(1, 18)),
            "unit": str(self.dice.randint(1, 4)),
            "floor": str(self.dice.randint(3, 11)),
        }
        where = f"{place.subdistrict.name}{place.area.name}{estate.zh}"
        answers = {
            "text": words["text"].format_map(facts),
            "title": words.get("title"),
            "address": where if place.is_village else f"{where}{facts['no']}号楼",
            "language": language,
            "focus_groups": words.get("focus", []),
            "for_whom": words.get("for_whom", "self"),
            "channel": self.dice.choices(list(CHANNELS), weights=list(CHANNELS.values()))[0]
            if chinese
            else Channel.WEB,
        }
        if self.dice.random() < WITH_TOPIC:
            answers["category"] = words["topic"]
        form = RequestForm.model_validate(answers | self._place(place) | self._resident(chinese=chinese))
        return Story(form, place, language, words, facts)

    def _place(self, place: Neighbourhood) -> dict[str, Any]:
        how = self.dice.random()
        if how < BY_POINT:
            lon, lat = self.town.lattice.inside(self.dice.choice(place.cells), self.dice)
            return {"location": {"lat": lat, "lon": lon}}
        return {"area": place.area.code} if how < BY_POINT + BY_AREA else {}

    def _resident(self, *, chinese: bool) -> dict[str, Any]:
        """Return who asks: names put together, numbers from a block that is given to nobody."""
        number = self.dice.randrange(RESIDENTS)
        if self.dice.random() < ANONYMOUS:
            return {"anonymous": True}
        if self.dice.random() > WITH_CONTACT:
            return {}
        surname, given = SURNAMES[number % len(SURNAMES)], GIVEN[number % len(GIVEN)]
        name = surname + given if chinese else FOREIGN[number % len(FOREIGN)]
        return {"contact": {"name": name, "phone": f"13800000{number:03d}"}}


def _fits(matter: Mapping[str, Any], place: Neighbourhood) -> bool:
    return matter.get("where", "any") in ("any", "village" if place.is_village else "town")
