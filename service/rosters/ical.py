"""How are duties written as a calendar that telephones and desk programs subscribe to (RFC 5545)?

Times are in UTC, so that no zone has to be described. No library is used for three kinds of lines.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

LONGEST_LINE = 75
"""Octets of a content line without its line break (section 3.1)."""
PRODUCT = "-//Jiban//Duty roster//EN"
HOLDS = "PT1H"
"""How often a reader should look again."""


@dataclass(frozen=True)
class Event:
    """One time on duty: `key` is the same as long as it is the same one."""

    key: str
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str = ""


def written(name: str, events: Iterable[Event], now: datetime) -> str:
    """Return a calendar with these events as text with CRLF at the end of each line."""
    return "".join(f"{folded(line)}\r\n" for line in _lines(name, events, now))


def _lines(name: str, events: Iterable[Event], now: datetime) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield f"PRODID:{PRODUCT}"
    yield "METHOD:PUBLISH"
    yield f"NAME:{escaped(name)}"
    yield f"X-WR-CALNAME:{escaped(name)}"
    yield f"REFRESH-INTERVAL;VALUE=DURATION:{HOLDS}"
    for event in events:
        yield "BEGIN:VEVENT"
        yield f"UID:{event.key}@jiban"
        yield f"DTSTAMP:{stamp(now)}"
        yield f"DTSTART:{stamp(event.starts_at)}"
        yield f"DTEND:{stamp(event.ends_at)}"
        yield f"SUMMARY:{escaped(event.title)}"
        if event.place:
            yield f"LOCATION:{escaped(event.place)}"
        yield "END:VEVENT"
    yield "END:VCALENDAR"


def stamp(at: datetime) -> str:
    """Return a moment as a date with time in UTC (section 3.3.5)."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    """Return a text value (section 3.3.11): backslash, semicolon, comma and line break; other controls are dropped."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for plain, safe in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, safe)
    return "".join(c for c in text if c == "\t" or (c >= " " and c != "\x7f"))


def folded(line: str) -> str:
    """Return a line in pieces of at most 75 octets, never cut within a character; what goes on begins with a space."""
    pieces: list[str] = []
    piece, octets = "", 0
    for character in line:
        width = len(character.encode())
        if octets + width > LONGEST_LINE:
            pieces.append(piece)
            piece, octets = "", 1
        piece, octets = piece + character, octets + width
    return "\r\n ".join([*pieces, piece])
