"""How many points a second does one process put into their areas, and how many addresses?

    python tests/bench/locate.py [--seconds 3] [--geojson FILE.geojson.gz ...]

Synthetic: a county of 90 by 90 communities (8,100) with jagged borders of 40 corners each. Points are
strewn over it, a tenth of them beside it; addresses name one of 8,100 communities and its sub-district. With --geojson
the features of a file take the place of the communities. The first look, which builds the index, is told apart.
A second table tells what the outlines of a map weigh and how long they take when they are made for the first time.
"""

import argparse
import gzip
import json
import math
import random
import resource
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from time import perf_counter, process_time

from service.areas.locating import locate_point, locate_text
from service.areas.outlines import around, inside, outlines
from service.areas.rules import AreaLevel, AreaTree, Place

SIDE, CELL, CORNERS = 90, 0.01, 10
WEST, SOUTH = 118.0, 32.0
TARGET = 20_000


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--geojson", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    print("| areas | corners | first look s | points/s | inside | addresses/s | MB |")
    print("|---|---|---|---|---|---|---|")
    trees = {"8,100 communities of 81 sub-districts, synthetic": synthetic()}
    trees |= {path.name: from_file(path) for path in asked.geojson}
    for name, tree in trees.items():
        report(name, tree, asked.seconds)
    print(f"The target is {TARGET:,} points a second.\n")
    print("| map of | areas drawn | corners | seconds | kB | kB compressed |")
    print("|---|---|---|---|---|---|")
    for name, tree in trees.items():
        report_map(f"{name}: all", tree, inside(tree, None))
    town = next(iter(trees.values()))
    report_map("one sub-district of them", town, inside(town, 2))
    report_map("one community and its neighbours", town, around(town, 60))


def synthetic() -> AreaTree:
    """Return a county of jagged squares that share their borders, sub-districts of ten by ten of them."""
    places = {1: place(1, None, AreaLevel.COUNTY, "江城区")}
    outlines = {1: outline(0, 0, SIDE)}
    for row in range(0, SIDE, 10):
        for column in range(0, SIDE, 10):
            above = len(places) + 1
            places[above] = place(above, 1, AreaLevel.SUBDISTRICT, f"第{above}街道")
            outlines[above] = outline(column, row, 10)
            for cell in range(100):
                number = len(places) + 1
                places[number] = place(number, above, AreaLevel.COMMUNITY, f"{number}号社区")
                outlines[number] = outline(column + cell % 10, row + cell // 10, 1)
    return AreaTree(places, outlines)


def place(number: int, parent: int | None, level: AreaLevel, name: str) -> Place:
    """Return an area with a code that sorts as its number."""
    return Place(number, parent, level, f"{number:06d}", name, f"Area {number}", "", "")


def outline(column: int, row: int, size: int) -> str:
    """Return the boundary of a square of cells, along lines that every neighbour draws alike."""
    steps = range(size * CORNERS)
    sides = (
        [(column + n / CORNERS, row) for n in steps],
        [(column + size, row + n / CORNERS) for n in steps],
        [(column + size - n / CORNERS, row + size) for n in steps],
        [(column, row + size - n / CORNERS) for n in steps],
    )
    ring = [bent(x, y) for side in sides for x, y in side]
    return json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})


def bent(x: float, y: float) -> tuple[float, float]:
    """Return a point of the even grid where the bent one has it."""
    return WEST + CELL * (x + 0.1 * math.sin(y * 7)), SOUTH + CELL * (y + 0.1 * math.sin(x * 7))


def from_file(path: Path) -> AreaTree:
    """Return the features of a file as sub-districts of one county."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        shapes = [feature["geometry"] for feature in json.load(file)["features"]]
    places = {n: place(n, None, AreaLevel.SUBDISTRICT, f"第{n}街道") for n in range(1, len(shapes) + 1)}
    return AreaTree(places, {n: json.dumps(shape) for n, shape in enumerate(shapes, start=1)})


def report(name: str, tree: AreaTree, seconds: float) -> None:
    """Print one line of the table."""
    import shapely

    shapes = shapely.from_geojson(list(tree.outlines.values()))
    west, south, east, north = shapely.total_bounds(shapes)
    dice, reach = random.Random(1), 1.05  # Points, not secrets.
    points = [
        (south + (north - south) * dice.random() * reach, west + (east - west) * dice.random() * reach)
        for _ in range(20_000)
    ]
    words = [
        f"江城区{tree.places[p.parent_id].name if p.parent_id else ''}{p.name}5号楼" for p in tree.in_use[-20_000:]
    ]
    began = perf_counter()
    locate_point(tree, lat=south, lon=west)
    first = perf_counter() - began
    inside = sum(locate_point(tree, lat=lat, lon=lon) is not None for lat, lon in points) / len(points)
    tree.names.find("江城区")
    by_point = rate(lambda at: locate_point(tree, lat=at[0], lon=at[1]), points, seconds)
    by_words = rate(lambda text: locate_text(tree, text), words, seconds)
    corners = int(shapely.get_num_coordinates(shapes).sum())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"| {name} | {corners:,} | {first:.2f} | {by_point:,.0f} | {inside:.0%} | {by_words:,.0f} | {memory} |")


def report_map(name: str, tree: AreaTree, places: list[Place]) -> None:
    """Print one line of the table of maps."""
    import shapely

    began = process_time()
    drawn = outlines(tree, places)
    took = process_time() - began
    text = json.dumps([one.geometry for one in drawn], separators=(",", ":")).encode()
    corners = sum(int(shapely.get_num_coordinates(shapely.from_geojson(json.dumps(one.geometry)))) for one in drawn)
    sizes = f"{len(text) / 1000:.0f} | {len(gzip.compress(text)) / 1000:.0f}"
    print(f"| {name} | {len(drawn)} | {corners:,} | {took:.2f} | {sizes} |")


def rate(
    do: Callable[..., object], asked: list[object] | list[tuple[float, float]] | list[str], seconds: float
) -> float:
    """Return how often `do` was done in a second of processor time."""
    began = process_time()
    for done, one in enumerate(cycle(asked), start=1):
        do(one)
        if done % 1_000 == 0 and process_time() - began > seconds:
            return done / (process_time() - began)
    return 0.0


if __name__ == "__main__":
    main()
