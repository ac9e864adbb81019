"""In which area is a place, given as a point or in words, and how sure is that?"""

from collections.abc import Mapping
from dataclasses import dataclass

from service.areas.datum import Datum, to_wgs84
from service.areas.names import Named
from service.areas.rules import DEPTH, AreaTree, Place
from service.errors import InvalidFieldsError, ServiceError

SURE = 0.5
"""Below it an answer in words is taken for the lowest area that holds every possible answer (own)."""
OWN_NAME, OTHER_NAME, AGREED = 0.8, 0.7, 0.95
"""How much a name, another name, and names that agree with each other from above are believed (own)."""
WHOLE = 1.0
MOST_ALTERNATIVES = 5


class OutsideAreaError(ServiceError):
    """The place is not served here."""

    status, code = 422, "outside-area"
    sentence = "This place is outside our area. Please call 12345 there: they will take your request at once."


class PlaceNotNamedError(ServiceError):
    """The words name no area."""

    status, code = 404, "place-not-named"
    sentence = "These words name no area that we know. Please add the community or village, or choose it from the list."


@dataclass(frozen=True)
class Guess:
    """One possible answer and how likely it is, from 0 to 1."""

    place: Place
    confidence: float


@dataclass(frozen=True)
class Located:
    """Where a place is: the answer, how sure it is, and what else it may be, the likeliest first."""

    place: Place
    confidence: float
    alternatives: tuple[Guess, ...] = ()


def located(
    areas: AreaTree, *, lat: float | None, lon: float | None, text: str = "", datum: Datum = Datum.WGS84
) -> Located:
    """Return where a place is, by its point or else by its words.

    Errors: InvalidFieldsError, OutsideAreaError, PlaceNotNamedError.
    """
    if lat is not None and lon is not None:
        true_lat, true_lon = to_wgs84(lat, lon, datum)
        found = locate_point(areas, lat=true_lat, lon=true_lon)
        if found is None:
            raise OutsideAreaError
        return found
    if not text.strip() or lat is not None or lon is not None:
        raise InvalidFieldsError({"text": "Please give a latitude and a longitude, or the words of an address."})
    found = locate_text(areas, text)
    if found is None:
        raise PlaceNotNamedError
    return found


def locate_point(areas: AreaTree, *, lat: float, lon: float) -> Located | None:
    """Return the deepest area that covers the point (WGS 84 degrees), or None when it lies outside.

    A point on a border belongs to every area that touches it: the one with the smallest code gets it, the others are
    alternatives, and the confidence is shared.
    """
    hits = [areas.places[i] for i in areas.ground.covering(lat=lat, lon=lon)]
    if not hits:
        return None
    deepest = max(DEPTH[p.level] for p in hits)
    first, *others = sorted((p for p in hits if DEPTH[p.level] == deepest), key=lambda p: p.code)
    share = WHOLE / (1 + len(others))
    return Located(first, share, tuple(Guess(p, share) for p in others[:MOST_ALTERNATIVES]))


def locate_text(areas: AreaTree, text: str) -> Located | None:
    """Return the area that the words of an address name, or None when they name none.

    Of names that overlap the longest counts. An area is believed more when the areas above it are named as well, and
    less when the words name others beside it or the name belongs to several. Several answers of which none is sure
    come down to the lowest area in which all of them lie.
    """
    named = areas.names.find(text)
    if not named:
        return None
    guesses = _guesses(areas, named)
    best = guesses[0]
    if best.confidence >= SURE:
        return Located(best.place, best.confidence, tuple(guesses[1 : MOST_ALTERNATIVES + 1]))
    around = areas.common([guess.place.id for guess in guesses])
    if around is None or around.id == best.place.id:
        return Located(best.place, best.confidence, tuple(guesses[1 : MOST_ALTERNATIVES + 1]))
    return Located(around, min(AGREED, sum(g.confidence for g in guesses)), tuple(guesses[:MOST_ALTERNATIVES]))


def _guesses(areas: AreaTree, named: list[Named]) -> list[Guess]:
    """Return the areas named, without those that only hold another one named, the likeliest first."""
    chains = {i: {p.id for p in areas.up_from(i)} for name in named for i in name.area_ids}
    explained = {i: sum(bool(chain & name.area_ids) for name in named) for i, chain in chains.items()}
    holding = {
        above
        for i, chain in chains.items()
        for above in chain - {i}
        if above in chains and explained[i] >= explained[above]
    }
    guesses = [Guess(areas.places[i], _confidence(i, named, explained)) for i in chains if i not in holding]
    return sorted(guesses, key=lambda g: (-g.confidence, -DEPTH[g.place.level], g.place.code))


def _confidence(area_id: int, named: list[Named], explained: Mapping[int, int]) -> float:
    """Return how far an area is believed: by its name, shared among those the name fits as well, as all words agree."""
    calls = [name for name in named if area_id in name.area_ids]
    level = max(OWN_NAME if name.is_own else OTHER_NAME for name in calls)
    if explained[area_id] > 1:
        level = AGREED
    rivals = min(sum(explained[i] >= explained[area_id] for i in name.area_ids) for name in calls)
    beaten = any(explained[i] > explained[area_id] for name in calls for i in name.area_ids)
    share = explained[area_id] / len(named)
    return round(level * share / (rivals * (2 if beaten else 1)), 3)
