"""What does the town look like on a map? A slightly bent lattice, whose cells are put together to areas.

Every area is a set of cells of one lattice, and its boundary runs along the lattice's nodes: so neighbours share
their border exactly, and a county is its communities without a gap.
"""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

WEST, EAST, SOUTH, NORTH = 118.0, 118.2, 32.0, 32.15
"""Degrees; the bends reach a little beyond."""
COLUMNS, ROWS = 30, 16
BEND = 0.004
JITTER = 0.0009
ROWS_A_COMMUNITY = 4
CUTS = ((0, 5, 11, 16, 23, 30), (0, 6, 11, 17, 23, 30), (0, 5, 10, 15, 22, 30), (0, 6, 10, 16, 22, 30))
"""For each row of communities, from the south: the columns between which its five communities lie."""

Cell = tuple[int, int]
"""Column and row of a cell, from the south-west."""


@dataclass(frozen=True)
class Lattice:
    """The nodes between the cells, always the same ones."""

    seed: int = 7

    @cached_property
    def nodes(self) -> dict[Cell, tuple[float, float]]:
        """Return longitude and latitude of every node."""
        dice = random.Random(self.seed)  # noqa: S311  # A drawing, not a secret.
        return {(c, r): self._node(c, r, dice) for c in range(COLUMNS + 1) for r in range(ROWS + 1)}

    @staticmethod
    def _node(column: int, row: int, dice: random.Random) -> tuple[float, float]:
        lon = WEST + (EAST - WEST) * column / COLUMNS
        lat = SOUTH + (NORTH - SOUTH) * row / ROWS
        lon += BEND * math.sin(row * 0.55 + column * 0.15) + dice.uniform(-JITTER, JITTER)
        lat += BEND * math.sin(column * 0.30) + dice.uniform(-JITTER, JITTER)
        return round(lon, 6), round(lat, 6)

    def outline(self, cells: Iterable[Cell]) -> dict[str, Any]:
        """Return the boundary of cells that hang together, as a GeoJSON polygon, counter-clockwise."""
        edges = {edge for cell in cells for edge in _edges(*cell)}
        # An edge that two cells share runs both ways, and is no part of the boundary.
        next_node = {start: end for start, end in edges if (end, start) not in edges}
        first = node = min(next_node)
        ring = [self.nodes[first]]
        while (node := next_node[node]) != first:
            ring.append(self.nodes[node])
        return {"type": "Polygon", "coordinates": [[list(place) for place in (*ring, ring[0])]]}

    def inside(self, cell: Cell, dice: random.Random) -> tuple[float, float]:
        """Return longitude and latitude of some point well inside a cell."""
        column, row = cell
        corners = [self.nodes[column + i, row + j] for i in (0, 1) for j in (0, 1)]
        # Between the middle of the cell and one of its corners, never further than half the way.
        corner, part = dice.choice(corners), dice.uniform(0, 0.5)
        middle = [sum(values) / len(corners) for values in zip(*corners, strict=True)]
        lon, lat = (m + part * (c - m) for m, c in zip(middle, corner, strict=True))
        return round(lon, 6), round(lat, 6)


def _edges(column: int, row: int) -> Iterable[tuple[Cell, Cell]]:
    around = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1), (column, row)]
    return pairwise(around)


def communities() -> dict[tuple[int, int], list[Cell]]:
    """Return the cells of each community, by its place from the west and from the south."""
    return {
        (number, row): [
            (c, r) for c in range(west, east) for r in range(row * ROWS_A_COMMUNITY, (row + 1) * ROWS_A_COMMUNITY)
        ]
        for row, cuts in enumerate(CUTS)
        for number, (west, east) in enumerate(pairwise(cuts))
    }


def grids(cells: list[Cell], count: int) -> list[list[Cell]]:
    """Return the cells of a community cut into grids, from the west to the east."""
    columns = sorted({c for c, _ in cells})
    parts = [columns[len(columns) * i // count : len(columns) * (i + 1) // count] for i in range(count)]
    return [[cell for cell in cells if cell[0] in part] for part in parts]
