"""What do the demo's photos show? Scenes drawn here, of nobody and of no place: how it was, and how it is now."""

import io
from collections.abc import Callable, Mapping
from functools import cache

import sqlalchemy as sa
from PIL import Image, ImageDraw, ImageFilter
from sqlmodel import Session, col

from service.attachments.picture import remake
from service.attachments.preparing import Photo
from service.attachments.rules import Stage
from service.attachments.storage import storage_in
from service.categories.rules import Evidence
from service.categories.tables import Category
from service.settings import get_settings

WIDTH, HEIGHT = 960, 720
ASKS_FOR_PHOTOS = "C05"
"""Roads and street furniture: in the demo, whoever resolves it shows how it looks now."""
NIGHT, DAY, ASPHALT, WALL, GREEN = (24, 32, 58), (186, 212, 228), (96, 98, 104), (206, 196, 178), (84, 128, 76)
LIGHT, METAL, SACK, PAPER = (255, 226, 140), (150, 156, 164), (58, 60, 70), (226, 222, 210)


def ask_for_photos(session: Session) -> None:
    """Let one topic of the demo ask for a photo taken after the work."""
    topic = sa.update(Category).where(col(Category.code) == ASKS_FOR_PHOTOS)
    session.execute(topic.values(evidence=Evidence.AFTER))


def photo_of(topic: str, stage: Stage) -> Photo | None:
    """Return what is to be seen of a topic before or after the work; None: it is nothing that can be seen."""
    if topic not in SCENES:
        return None
    content, small, width, height = _drawn(topic, is_done=stage is Stage.AFTER)
    storage = storage_in(get_settings().data_dir)
    return Photo(storage.put(content), storage.put(small), width, height, len(content))


@cache
def _drawn(topic: str, *, is_done: bool) -> tuple[bytes, bytes, int, int]:
    """Return a scene as photos are kept; the month of the demo shows each of them many times."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), DAY)
    SCENES[topic](picture, is_done=is_done)
    grain = Image.effect_noise((WIDTH, HEIGHT), 14).convert("RGB")
    picture = Image.blend(picture.filter(ImageFilter.GaussianBlur(1.2)), grain, 0.07)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=90)
    made = remake(target.getvalue())
    return made.content, made.small, made.width, made.height


def _lamp(picture: Image.Image, *, is_done: bool) -> None:
    """Draw a street at night, with its lamp dark or lit."""
    sketch = ImageDraw.Draw(picture)
    sketch.rectangle((0, 0, WIDTH, HEIGHT), fill=NIGHT)
    sketch.polygon([(0, HEIGHT), (330, 420), (630, 420), (WIDTH, HEIGHT)], fill=(44, 46, 56))
    for left, top, right in ((0, 200, 260), (700, 150, WIDTH)):
        sketch.rectangle((left, top, right, 480), fill=(38, 40, 52))
        for x in range(left + 24, right - 40, 62):
            for y in range(top + 24, 440, 70):
                is_lit = (x * 7 + y) % 5 == 0
                sketch.rectangle((x, y, x + 30, y + 36), fill=(228, 190, 110) if is_lit else (30, 34, 48))
    if is_done:
        glow = Image.new("RGB", picture.size, "black")
        ImageDraw.Draw(glow).polygon([(430, 176), (180, HEIGHT), (820, HEIGHT), (540, 176)], fill=(120, 104, 62))
        ImageDraw.Draw(glow).ellipse((380, 80, 600, 270), fill=(150, 130, 80))
        lit = Image.blend(picture, Image.new("RGB", picture.size, (255, 220, 140)), 0.08)
        picture.paste(Image.composite(Image.blend(lit, Image.new("RGB", picture.size, LIGHT), 0.45), lit,
                                      glow.filter(ImageFilter.GaussianBlur(40)).convert("L")))  # fmt: skip
    sketch = ImageDraw.Draw(picture)
    sketch.rectangle((476, 160, 490, 560), fill=METAL)
    sketch.rectangle((420, 150, 550, 166), fill=METAL)
    sketch.ellipse((440, 160, 530, 196), fill=LIGHT if is_done else (66, 68, 78))


def _rubbish(picture: Image.Image, *, is_done: bool) -> None:
    """Draw a corner by a wall, with sacks beside full bins or swept clean."""
    sketch = ImageDraw.Draw(picture)
    sketch.rectangle((0, 90, WIDTH, 470), fill=WALL)
    for y in range(120, 470, 34):
        sketch.line((0, y, WIDTH, y), fill=(188, 178, 160), width=2)
    sketch.rectangle((0, 470, WIDTH, HEIGHT), fill=(150, 148, 142))
    for left, colour in ((180, (60, 110, 160)), (360, (70, 130, 84)), (540, (120, 100, 90))):
        sketch.rectangle((left, 300, left + 140, 520), fill=colour)
        sketch.rectangle((left - 10, 280 if is_done else 262, left + 150, 302 if is_done else 284), fill=(50, 54, 60))
    if is_done:
        sketch.polygon([(0, 560), (WIDTH, 540), (WIDTH, 600), (0, 640)], fill=(164, 162, 156))
        return
    for x, y, size in (
        (110, 520, 110),
        (250, 560, 130),
        (420, 540, 120),
        (600, 560, 140),
        (700, 500, 110),
        (800, 590, 90),
    ):
        sketch.ellipse((x, y - size // 2, x + size, y + size // 2), fill=SACK)
        sketch.polygon([(x + size // 2 - 10, y - size // 2 + 6), (x + size // 2 + 14, y - size // 2 - 26),
                        (x + size // 2 + 26, y - size // 2 + 8)], fill=SACK)  # fmt: skip
    for x, y in ((160, 640), (330, 660), (520, 650), (680, 670), (860, 640)):
        sketch.polygon([(x, y), (x + 60, y - 14), (x + 72, y + 22), (x + 8, y + 30)], fill=PAPER)


def _lift(picture: Image.Image, *, is_done: bool) -> None:
    """Draw the door of a lift, shut with a board before it or open and lit."""
    sketch = ImageDraw.Draw(picture)
    sketch.rectangle((0, 0, WIDTH, HEIGHT), fill=(214, 212, 204))
    sketch.rectangle((0, 600, WIDTH, HEIGHT), fill=(158, 152, 146))
    sketch.rectangle((270, 90, 690, 610), fill=(112, 118, 126))
    sketch.rectangle((300, 120, 660, 610), fill=(250, 240, 214) if is_done else METAL)
    if is_done:
        sketch.rectangle((300, 120, 352, 610), fill=METAL)
        sketch.rectangle((608, 120, 660, 610), fill=METAL)
        sketch.rectangle((352, 500, 608, 514), fill=(180, 170, 150))
    else:
        sketch.line((480, 120, 480, 610), fill=(92, 98, 106), width=5)
        sketch.polygon([(330, 420), (630, 380), (640, 440), (340, 480)], fill=(214, 60, 50))
        sketch.polygon([(380, 418), (440, 410), (446, 462), (388, 470)], fill=(250, 250, 250))
    sketch.rectangle((720, 320, 770, 420), fill=(90, 96, 104))
    sketch.ellipse((733, 340, 757, 364), fill=(120, 220, 140) if is_done else (90, 60, 58))


SACKS = ((110, 520, 110), (250, 560, 130), (420, 540, 120), (600, 560, 140), (700, 500, 110), (800, 590, 90))
SCENES: Mapping[str, Callable[..., None]] = {"C05": _lamp, "C03": _rubbish, "A03": _lift}
