"""Do the areas of a file agree with each other, and with those that are there: who lies in whom, and where?"""

from collections.abc import Iterator, Mapping

from service.areas.boundaries import overlaps, sticking_out
from service.areas.details import NOTHING_IN_A_DEPARTMENT
from service.areas.planned import Known, Planned
from service.areas.rules import DEPTH, AreaLevel
from service.sheets import Told


def wrong_tree(planned: Mapping[str, Planned], known: Mapping[str, Known]) -> Iterator[Told]:
    """Tell parents that are missing, closed, or of a level that cannot hold the area, and circles."""
    circles = _in_circles(planned)
    for one in planned.values():
        above = one.parent_code
        there = planned.get(above or "") or known.get(above or "")
        if one.code in circles:
            yield Told(one.row, "parent", "This area would lie in itself: its parents run in a circle.")
        elif one.level is AreaLevel.COUNTY:
            if above is not None:
                yield Told(one.row, "parent", "A county lies in no other area.")
        elif above is None:
            yield Told(one.row, "parent", "Please name the code of the area in which it lies.")
        elif there is None:
            yield Told(one.row, "parent", "The area {parent} in which it should lie is not known.", {"parent": above})
        elif there.is_department:
            yield Told(one.row, "parent", NOTHING_IN_A_DEPARTMENT)
        elif DEPTH[there.level] >= DEPTH[one.level]:
            yield Told(one.row, "parent", "The area above must be of a higher level.")
        elif isinstance(there, Known) and not there.is_active:
            yield Told(one.row, "parent", "The area above is closed. Please open it first, or choose another.")


def _in_circles(planned: Mapping[str, Planned]) -> set[str]:
    """Return the codes whose way up comes back to themselves."""
    done: set[str] = set()
    circles: set[str] = set()
    for code in planned:
        way: list[str] = []
        at: str | None = code
        while at is not None and at in planned and at not in done and at not in way:
            way.append(at)
            at = planned[at].parent_code
        if at in way:
            circles.update(way[way.index(at) :])
        done.update(way)
    return circles


def clashes(planned: Mapping[str, Planned], known: Mapping[str, Known]) -> Iterator[Told]:
    """Tell boundaries that overlap a neighbour's or stick out of the area above; points still have one answer."""
    drawn = {code: one for code, one in planned.items() if one.boundary is not None and one.is_changed}
    if not drawn:
        return
    everything: dict[str, Known | Planned] = {code: one for code, one in known.items() if one.is_active} | dict(planned)
    shapes = {code: one.boundary for code, one in everything.items() if one.boundary is not None}
    above = {code: everything[code].parent_code for code in shapes}
    groups = {code: (everything[code].level, above[code]) for code in shapes}
    for clash in overlaps(shapes, groups, drawn):
        one, other = (clash.area, clash.other) if clash.area in drawn else (clash.other, clash.area)
        facts = {"name": everything[other].details.name, "part": f"{clash.part:.1%}"}
        yield Told(drawn[one].row, "boundary", "It overlaps {name} by {part} of the smaller of the two.", facts)
    for clash in sticking_out(shapes, above, drawn):
        one = clash.area if clash.area in drawn else clash.other
        facts = {"name": everything[clash.area].details.name, "part": f"{clash.part:.1%}"}
        sentence = "It lies partly outside of the area above it: {name}, {part} of it."
        yield Told(drawn[one].row, "boundary", sentence, facts)
