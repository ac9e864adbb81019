"""Where on the earth is a point that a Chinese map gives?

Maps published in China shift every point by some hundred metres (GCJ-02, 火星坐标). Positions of a phone's satellite
receiver and of this service are WGS 84. The shift is public knowledge only as an approximation, right to a few metres.
"""

import math
from enum import StrEnum

AXIS, FLATNESS = 6378245.0, 0.00669342162296594323
"""The ellipsoid of Krassowsky, in metres, by which the shift is computed."""
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
"""Outside of this rectangle nothing is shifted."""
TURNS = 4
"""So often the guess is corrected: then it is right to a centimetre of the approximation."""


class Datum(StrEnum):
    """What coordinates are measured in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


def to_wgs84(lat: float, lon: float, datum: Datum) -> tuple[float, float]:
    """Return latitude and longitude in WGS 84 degrees."""
    if datum is Datum.WGS84:
        return lat, lon
    true_lat, true_lon = lat, lon
    for _ in range(TURNS):
        there_lat, there_lon = to_gcj02(true_lat, true_lon)
        true_lat, true_lon = true_lat + lat - there_lat, true_lon + lon - there_lon
    return true_lat, true_lon


def to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """Return where a Chinese map draws a point of WGS 84."""
    if not (WEST <= lon <= EAST and SOUTH <= lat <= NORTH):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    around = math.radians(lat)
    bend = 1 - FLATNESS * math.sin(around) ** 2
    north = _north(x, y) * 180 / (AXIS * (1 - FLATNESS) / (bend * math.sqrt(bend)) * math.pi)
    east = _east(x, y) * 180 / (AXIS / math.sqrt(bend) * math.cos(around) * math.pi)
    return lat + north, lon + east


def _waves(value: float, *terms: tuple[float, float]) -> float:
    return sum(height * math.sin(value * often * math.pi) for height, often in terms) * 2 / 3


def _north(x: float, y: float) -> float:
    flat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    return (
        flat + _waves(x, (20, 6), (20, 2)) + _waves(y, (20, 1), (40, 1 / 3)) + _waves(y, (160, 1 / 12), (320, 1 / 30))
    )


def _east(x: float, y: float) -> float:
    flat = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    return (
        flat + _waves(x, (20, 6), (20, 2)) + _waves(x, (20, 1), (40, 1 / 3)) + _waves(x, (150, 1 / 12), (300, 1 / 30))
    )
