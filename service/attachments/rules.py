"""What may be kept as a photo, how large may it be, and why is something else refused?

A file is told by its first bytes, never by its name or by what its sender calls it.
"""

from datetime import timedelta
from enum import StrEnum

from service.errors import ServiceError

MOST_PHOTOS = 6
"""So many in one form."""
MOST_BYTES = 15 * 1024 * 1024
"""So large may one be as it comes in."""
MOST_PIXELS = 60_000_000
"""A picture is decoded whole: 60 megapixels take 240 MB while one is looked at."""
MOST_PIXELS_OF_JPEG = 250_000_000
"""A JPEG is decoded at a fraction of its size, so that the largest cameras of telephones (200 megapixels) pass."""
EDGE, SMALL_EDGE = 2000, 480
"""The longer side, in pixels, of what is kept, and of the small one beside it."""
MEDIA_TYPE = "image/jpeg"
"""Whatever came in, this is kept."""
CHOSEN_LASTS = timedelta(hours=12)
"""So long a form may lie open with a photo that has come in and belongs to no case yet."""
UNUSED_LASTS = timedelta(hours=48)
"""A file that no case has is deleted after that; far longer than a form may lie open."""
HEAD = 1024
"""So many first bytes tell what a file is."""


class Stage(StrEnum):
    """What a photo shows: how it was, how it is now, or something else."""

    BEFORE = "before"
    AFTER = "after"
    OTHER = "other"


class Kind(StrEnum):
    """A kind of picture that is taken, by what Pillow calls it."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    GIF = "GIF"
    HEIF = "HEIF"
    AVIF = "AVIF"


class Fault(StrEnum):
    """Why a file is not taken as a photo."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    TOO_MANY_PIXELS = "too-many-pixels"
    BROKEN = "broken"
    PDF = "pdf"
    DRAWING = "drawing"
    FILM = "film"
    HEIF = "heif"
    NO_PICTURE = "no-picture"
    TWO_IN_ONE = "two-in-one"
    BUSY = "busy"
    NO_ROOM = "no-room"
    CUT_OFF = "cut-off"
    GONE = "gone"


SENTENCES: dict[Fault, str] = {
    Fault.EMPTY: "The file is empty. Please choose the photo once more.",
    Fault.TOO_LARGE: "The file is too large: a photo may have 15 MB. Send a screenshot of it, or a smaller photo.",
    Fault.TOO_MANY: "At most 6 photos can be sent at once. This one was left out; you can send it later.",
    Fault.TOO_MANY_PIXELS: "The picture is too large to be opened. Send a screenshot of it, or a smaller photo.",
    Fault.BROKEN: "The photo is damaged or incomplete. Please choose it once more, or take it again.",
    Fault.PDF: "This is a PDF document, not a photo. Take a photo or a screenshot of the page, and send that.",
    Fault.DRAWING: "This is a drawing made of text (SVG), not a photo. Send a screenshot of it instead.",
    Fault.FILM: "This is a film, not a photo. Send a screenshot of the moment that matters.",
    Fault.HEIF: "We cannot open this HEIC photo. Send a screenshot of it, or set the camera to JPEG.",
    Fault.NO_PICTURE: "This is not a photo. Photos of the kinds JPEG, PNG, WebP, GIF and HEIC can be sent.",
    Fault.TWO_IN_ONE: "The file is a photo and something else at once, so it was not taken. Send a screenshot of it.",
    Fault.BUSY: "Very many photos are coming in at this moment. Send the form without it, and the photo later.",
    Fault.NO_ROOM: "We cannot keep photos at the moment. Send the form without it, and the photo later.",
    Fault.CUT_OFF: "The photo did not arrive whole. Please choose it once more.",
    Fault.GONE: "This photo was sent too long ago and is not kept any more. Please choose it once more.",
}
"""What a person is told, and what to do."""


class PhotoRefusedError(ServiceError):
    """A file is not taken as a photo; its sentence is that of the fault."""

    status, code = 422, "photo-refused"

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.sentence = SENTENCES[fault]
        super().__init__(fault=str(fault))


HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})
FILMS = (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"FLV")


def kind_of(head: bytes) -> Kind:
    """Return what a file is, by its first `HEAD` bytes. Errors: PhotoRefusedError."""
    if not head:
        raise PhotoRefusedError(Fault.EMPTY)
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Kind.GIF
    raise PhotoRefusedError(_what_else(head))


def _by_brand(head: bytes) -> Kind:
    """Return the kind of a file of the ISO family, which holds films as well."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))}
    if brands & AVIF_BRANDS:
        return Kind.AVIF
    if brands & HEIF_BRANDS:
        return Kind.HEIF
    raise PhotoRefusedError(Fault.FILM)


def _what_else(head: bytes) -> Fault:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"%pdf-" in head.lower():
        return Fault.PDF
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")) or b"<svg" in start:
        return Fault.DRAWING
    if head.startswith(FILMS) or (head.startswith(b"RIFF") and head[8:12] == b"AVI "):
        return Fault.FILM
    return Fault.NO_PICTURE


ZIP_FIRST, ZIP_END = b"PK\x03\x04", b"PK\x05\x06"
ZIP_END_WITHIN = 22 + 65_535
"""Bytes from the end, within which the directory of a ZIP archive ends."""
OTHERS = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"<script", b"<?php", b"<!DOCTYPE html", b"%PDF-1.", b"%PDF-2.")
"""What begins an archive, a program or a document, long enough to stand in no photo by chance."""


def is_two_in_one(content: bytes) -> bool:
    """Can the bytes of a picture also be opened as an archive, a program or a document?

    A short film behind a photo, as telephones write it, is none of these: it is left out of what is kept.
    """
    if ZIP_END in content[-ZIP_END_WITHIN:] and ZIP_FIRST in content:
        return True
    return any(sign in content for sign in OTHERS)


def is_too_much(kind: Kind, width: int, height: int) -> bool:
    """Would a picture of that size take more than there may be?"""
    return width * height > (MOST_PIXELS_OF_JPEG if kind is Kind.JPEG else MOST_PIXELS)
