"""What residents, telephones and mischief send as photos: each as bytes, made anew for every test."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

HEIC = Path(__file__).parent / "cases" / "photos" / "telephone.heic"
ORIENTATION, GPS, MODEL = 0x0112, 0x8825, 0x0110


def scene(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """Red at the upper left, green elsewhere: one can tell how it is turned."""
    picture = Image.new("RGB", (width, height), (30, 160, 90))
    ImageDraw.Draw(picture).rectangle((0, 0, width // 2, height // 2), fill=(200, 40, 40))
    return picture.convert(mode)


def written(picture: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **how)
    return target.getvalue()


def photo(shade: int = 0, width: int = 640, height: int = 480) -> bytes:
    """A good photo; each shade is another one."""
    picture = scene(width, height)
    ImageDraw.Draw(picture).rectangle((width // 2, 0, width, height // 2), fill=(40, 40, shade))
    return written(picture)


def from_a_telephone() -> bytes:
    """Held upright, with its place, its model, a comment and a packet of XMP."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MODEL] = 6, "SECRETPHONE"
    exif.get_ifd(GPS).update({1: "N", 2: (31.0, 13.0, 49.0), 3: "E", 4: (121.0, 28.0, 25.0)})
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">SECRETPACKET</x:xmpmeta>'
    return written(scene(), exif=exif, comment=b"SECRETCOMMENT", xmp=xmp)


def with_a_film_behind() -> bytes:
    """As telephones write a moving photo: a JPEG, and behind it a short film."""
    return photo() + b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 5000


def with_an_archive_behind() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("evil.txt", "evil")
    return photo() + archive.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that says it has 900 million pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 3_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def moving() -> bytes:
    frames = [scene(80, 60), Image.new("RGB", (80, 60), "blue")]
    return written(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)


def of_sixteen_bits() -> bytes:
    picture = Image.new("I;16", (64, 48), 40_000)
    return written(picture, "PNG")


def see_through() -> bytes:
    picture = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((0, 0, 10, 10), fill=(0, 0, 255, 255))
    return written(picture, "PNG")


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"
FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 200
