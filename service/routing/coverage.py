"""Has every category in every area at every hour somebody, and which lines of the table say nothing?

Nothing is looped over: topics under the same named topic are one, areas under the same named area with the same desks
staffed are one, the half hours of two weeks (an ordinary one and one of holidays) are bits of a number, and so are the
kinds of cases that any line tells apart by grade, channel and focus group. What is left of that number below the last
line is a gap.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.routing.classes import WEEKS, AreaClass, Classes, Kind
from service.routing.directory import Directory
from service.routing.hours import SLOTS, Hours, hours_of_slots
from service.routing.matching import Rule, Table

NAMED = 3
"""So many areas of a gap are named; the others are counted."""


@dataclass(frozen=True)
class Gap:
    """Cases that no line takes: they go to the desk above the place."""

    topics: tuple[str, ...]
    """Codes."""
    areas: int
    examples: tuple[int, ...]
    """Some of these areas."""
    hours: Hours
    """Of an ordinary week; without parts and with `is_always`: every hour."""
    holiday_hours: Hours
    kind: Kind | None
    """An example, where not all kinds of cases are concerned."""
    why: str
    """no-line, broken (a line fits and its target is gone), or imprecise (the place is known only roughly)."""


@dataclass(frozen=True)
class Idle:
    """A line that takes no case: shadowed by others, broken wherever it fits, or of nothing in use."""

    line: int
    why: str
    by: tuple[int, ...] = ()
    """The lines that take everything before it."""


@dataclass(frozen=True)
class Broken:
    """A line whose target is missing in some of the areas where it fits."""

    line: int
    why: str
    areas: int
    examples: tuple[int, ...]


@dataclass(frozen=True)
class TableCoverage:
    """What the lines of one version leave open."""

    gaps: tuple[Gap, ...]
    idle: tuple[Idle, ...]
    broken: tuple[Broken, ...]
    classes: int
    """So many classes of topic and area stood for all of them."""
    pairs: int
    """So many pairs of topic and area there are."""

    @property
    def open_gaps(self) -> tuple[Gap, ...]:
        """Return the gaps that somebody should close: a place known only roughly goes to the desk on purpose."""
        return tuple(gap for gap in self.gaps if gap.why != "imprecise")


def cover(known: Directory, at: datetime) -> TableCoverage:
    """Return what the table that decides at a moment leaves open, and which of its lines say nothing."""
    return cover_table(known.table(at), known, at)


def cover_table(table: Table, known: Directory, at: datetime) -> TableCoverage:
    """Return what one version of the table leaves open."""
    work, taking = Classes(table, known, at), _Taking()
    for key in work.topics:
        for area_key, alike in _alike(work, key):
            _walk(work, table.lines_of(key, area_key), key, alike, taking)
    named = {rule.id for rule in table.version.rules}
    return TableCoverage(
        gaps=tuple(_gaps(work, taking)),
        idle=tuple(_idle(number, taking) for number in sorted(named - taking.used)),
        broken=tuple(_broken(work, taking)),
        classes=taking.walked,
        pairs=sum(len(codes) for codes in work.topics.values()) * len(known.areas.grounds),
    )


class _Taking:
    """What was seen while all classes were walked through."""

    def __init__(self) -> None:
        self.used: set[int] = set()
        self.broken: dict[tuple[int, str], set[int]] = defaultdict(set)
        """Classes of areas, by line and why."""
        self.shadows: dict[int, set[int]] = defaultdict(set)
        self.left: dict[tuple[int, str, tuple[int, ...]], list[str | None]] = defaultdict(list)
        """Topics, by what is left, why, and in which classes of areas."""
        self.walked = 0


def _alike(work: Classes, topic_key: str | None) -> Iterator[tuple[int | None, list[AreaClass]]]:
    """Yield classes of areas for which a topic has the same lines and the same desks, with the area that is named."""
    codes = {None, *(work.known.catalogue.path(topic_key) if topic_key is not None else ())}
    named = {rule.area_id for rule in work.table.version.rules if rule.category_code in codes}
    found: dict[tuple[int | None, tuple[str, ...]], list[AreaClass]] = defaultdict(list)
    for group in work.areas:
        above = (place.id for place in work.known.areas.up_from(group.key)) if group.key is not None else ()
        nearest = next((area_id for area_id in above if area_id in named), None)
        found[nearest, group.desks].append(group)
    for (area_key, _), alike in found.items():
        yield area_key, alike


def _walk(
    work: Classes, lines: Sequence[Rule], topic_key: str | None, alike: Sequence[AreaClass], taking: _Taking
) -> None:
    """Let the lines take what they take from classes that are alike, in order; note what is left."""
    left, sample, why = work.everything, alike[0].areas[0], "no-line"
    takers: list[int] = []
    taking.walked += 1
    for rule in lines:
        takes = left & work.mask(rule)
        if not takes:
            if rule.id not in taking.used:
                taking.shadows[rule.id].update(takers)
            continue
        broken = work.target(rule, sample)
        if broken:
            why = "imprecise" if broken == "place-not-precise" and why != "broken" else "broken"
            taking.broken[rule.id, broken].update(group.number for group in alike)
            continue
        taking.used.add(rule.id)
        takers.append(rule.id)
        left &= ~takes
    if left:
        taking.left[left, why, tuple(group.number for group in alike)].append(topic_key)


def _broken(work: Classes, taking: _Taking) -> Iterator[Broken]:
    for (number, why), classes in sorted(taking.broken.items()):
        if number in taking.used and why != "place-not-precise":
            areas = [area_id for one in sorted(classes) for area_id in work.areas[one].areas]
            yield Broken(number, why, len(areas), tuple(areas[:NAMED]))


def _idle(number: int, taking: _Taking) -> Idle:
    if number in taking.shadows:
        return Idle(number, "shadowed", tuple(sorted(taking.shadows[number])))
    whys = [why for line, why in taking.broken if line == number]
    return Idle(number, whys[0] if whys else "out-of-use")


def _gaps(work: Classes, taking: _Taking) -> Iterator[Gap]:
    """Yield what is left, where topics and areas that have the same left stand together."""
    together: dict[tuple[int, str, tuple[str | None, ...]], list[int]] = defaultdict(list)
    for (left, why, numbers), topics in taking.left.items():
        together[left, why, tuple(topics)].extend(numbers)
    for (left, why, keys), classes in sorted(together.items(), key=lambda one: (one[0][1], -len(one[1]))):
        areas = [area_id for one in classes for area_id in work.areas[one].areas]
        weeks, kinds = 0, []
        for i, kind in enumerate(work.kinds):
            part = left >> WEEKS * i & (1 << WEEKS) - 1
            weeks |= part
            kinds += [kind] if part else []
        yield Gap(
            topics=tuple(code for key in keys for code in work.topics[key]),
            areas=len(areas),
            examples=tuple(areas[:NAMED]),
            hours=hours_of_slots(weeks & (1 << SLOTS) - 1),
            holiday_hours=hours_of_slots(weeks >> SLOTS),
            kind=kinds[0] if len(kinds) < len(work.kinds) else None,
            why=why,
        )
