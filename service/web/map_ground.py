"""What does every map of a page stand on? Its tiles, if there are any, and where they draw a point."""

from dataclasses import dataclass

from service.areas.datum import Datum
from service.areas.outlines import drawn_at
from service.settings import get_settings


@dataclass(frozen=True)
class Ground:
    """Where a map gets its tiles from ("": it has none), whose they are, and what they are measured in."""

    tiles: str
    attribution: str
    datum: Datum


def ground() -> Ground:
    """Return what this installation's maps stand on."""
    settings = get_settings()
    return Ground(settings.map_tiles or "", settings.map_attribution, Datum(settings.map_datum))


def pin_at(lat: float | None, lon: float | None) -> str:
    """Return "latitude,longitude" at which our maps draw a point of WGS 84; "" where none is known."""
    if lat is None or lon is None:
        return ""
    return "{:.6f},{:.6f}".format(*drawn_at(lat, lon, ground().datum))
