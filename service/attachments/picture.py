"""How does a photo become what is kept? Decoded, turned upright, made smaller, and written anew with nothing beside it.

What is written anew holds the picture only: no place, no camera, no comment, and nothing that was hidden behind it.
It runs in a process of its own: see child.py.
"""

import io
import struct
from dataclasses import dataclass

import pi_heif
from PIL import ExifTags, Image, ImageCms

from service.attachments.rules import (
    EDGE,
    HEAD,
    MOST_BYTES,
    SMALL_EDGE,
    Fault,
    Kind,
    PhotoRefusedError,
    is_too_much,
    is_two_in_one,
    kind_of,
)

QUALITY, SMALL_QUALITY = 82, 74
SIXTEEN_BITS = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
SCREEN = ImageCms.createProfile("sRGB")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What EXIF calls the orientation, and what undoes it."""
Image.MAX_IMAGE_PIXELS = None  # `is_too_much` decides, which knows that a JPEG is decoded at a fraction of its size.


@dataclass(frozen=True)
class Picture:
    """A photo as it is kept, and the small one beside it: two JPEG files."""

    content: bytes
    small: bytes
    width: int
    height: int


def remake(content: bytes) -> Picture:
    """Return what is kept of a photo.

    1. tell what it is by its bytes, and refuse what is something else as well; 2. read its size, and refuse a bomb
    before anything is decoded; 3. decode it whole; 4. turn it upright, in the colours of screens; 5. write it anew.
    Errors: PhotoRefusedError.
    """
    if len(content) > MOST_BYTES:
        raise PhotoRefusedError(Fault.TOO_LARGE)
    kind = kind_of(content[:HEAD])
    if is_two_in_one(content):
        raise PhotoRefusedError(Fault.TWO_IN_ONE)
    try:
        upright = _decoded(content, kind)
    except MemoryError as why:
        raise PhotoRefusedError(Fault.TOO_MANY_PIXELS) from why
    except (OSError, ValueError, SyntaxError, EOFError) as why:
        raise PhotoRefusedError(Fault.HEIF if kind is Kind.HEIF else Fault.BROKEN) from why
    small = upright.copy()
    small.thumbnail((SMALL_EDGE, SMALL_EDGE), Image.Resampling.LANCZOS)
    return Picture(_written(upright, QUALITY), _written(small, SMALL_QUALITY), upright.width, upright.height)


def _decoded(content: bytes, kind: Kind) -> Image.Image:
    if kind is Kind.HEIF:
        pi_heif.register_heif_opener()
    with Image.open(io.BytesIO(content), formats=[kind]) as found:
        if is_too_much(kind, *found.size):
            raise PhotoRefusedError(Fault.TOO_MANY_PIXELS)
        found.draft(None, (EDGE, EDGE))
        found.load()
        turn, profile = _turn(found), found.info.get("icc_profile")
        shrunk = found.copy() if found.mode in ("RGB", "L", "CMYK") else _plain(found)
    shrunk.thumbnail((EDGE, EDGE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    seen = _in_screen_colours(shrunk, profile)
    return seen.transpose(turn) if turn is not None else seen


def _turn(found: Image.Image) -> Image.Transpose | None:
    """Return how a picture is turned upright: the camera says how it was held."""
    try:
        return TURNS.get(found.getexif().get(ExifTags.Base.Orientation, 1))
    except (OSError, ValueError, SyntaxError, struct.error):
        return None


def _plain(found: Image.Image) -> Image.Image:
    """Return a picture of any depth, palette or transparency as one of three colours, on white paper."""
    if found.mode in SIXTEEN_BITS:
        return found.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not found.has_transparency_data:
        return found.convert("RGB")
    clear = found.convert("RGBA")
    paper = Image.new("RGB", clear.size, "white")
    paper.paste(clear, mask=clear.getchannel("A"))
    return paper


def _in_screen_colours(shrunk: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a picture in sRGB; where its own profile cannot be read, as if it had none."""
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(shrunk, own, SCREEN, outputMode="RGB") or shrunk.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return shrunk.convert("RGB")


def _written(picture: Image.Image, quality: int) -> bytes:
    picture.info.clear()  # A comment or a packet of XMP would be written along.
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality, optimize=True, progressive=True, exif=b"")
    return target.getvalue()
