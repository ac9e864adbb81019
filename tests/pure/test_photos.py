import errno
import json
import re
from pathlib import Path
from typing import Any

import pytest

from service.attachments import child, preparing
from service.attachments.picture import remake
from service.attachments.preparing import Photo, prepare
from service.attachments.rules import EDGE, MOST_BYTES, SENTENCES, SMALL_EDGE, Fault, PhotoRefusedError
from service.attachments.storage import Storage
from tests import pictures
from tests.pictures import opened, photo, scene, written

RED, GREEN = (200, 40, 40), (30, 160, 90)


def fault_of(content: bytes) -> Fault:
    with pytest.raises(PhotoRefusedError) as refused:
        remake(content)
    return refused.value.fault


def looks_like(content: bytes, at: tuple[float, float], colour: tuple[int, int, int], *, within: int = 30) -> bool:
    picture = opened(content).convert("RGB")
    seen = picture.getpixel((int(at[0] * (picture.width - 1)), int(at[1] * (picture.height - 1))))
    assert isinstance(seen, tuple)
    return all(abs(a - b) <= within for a, b in zip(seen, colour, strict=True))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.EMPTY),
        (b"\xff", Fault.NO_PICTURE),
        (b"hello" * 300, Fault.NO_PICTURE),
        (pictures.PDF, Fault.PDF),
        (b"junk before\n" + pictures.PDF, Fault.PDF),
        (pictures.SVG, Fault.DRAWING),
        (b"\xef\xbb\xbf  <svg></svg>", Fault.DRAWING),
        (pictures.HTML, Fault.NO_PICTURE),
        (pictures.FILM, Fault.FILM),
        (photo()[:-800], Fault.BROKEN),
        (photo()[:300], Fault.BROKEN),
        (b"\xff\xd8\xff" + b"\x00" * 5000, Fault.BROKEN),
        (written(scene(), "PNG")[:-300], Fault.BROKEN),
        (b"GIF89a" + b"\x00" * 50, Fault.BROKEN),
        (b"RIFF\x00\x00\x00\x00WEBP" + b"\x01" * 80, Fault.BROKEN),
        (pictures.HEIC.read_bytes()[:400], Fault.HEIF),
        (pictures.bomb(), Fault.TOO_MANY_PIXELS),
        (pictures.bomb(60_000, 1_001), Fault.TOO_MANY_PIXELS),
        (pictures.with_an_archive_behind(), Fault.TWO_IN_ONE),
        (photo() + pictures.PDF, Fault.TWO_IN_ONE),
        (photo() + b"Rar!\x1a\x07\x01\x00", Fault.TWO_IN_ONE),
        (written(scene(), comment=b"<script>alert(1)</script>"), Fault.TWO_IN_ONE),
        (photo() + b"\x00" * MOST_BYTES, Fault.TOO_LARGE),
    ],
)
def test_what_is_no_good_photo_is_refused_with_its_reason(content: bytes, fault: Fault) -> None:
    assert fault_of(content) is fault


def test_every_reason_says_what_to_do() -> None:
    assert set(SENTENCES) == set(Fault)
    assert all(re.search(r"\b([Cc]hoose|[Ss]end|can be sent)\b", sentence) for sentence in SENTENCES.values())


@pytest.mark.parametrize(
    "content",
    [
        photo(),
        written(scene(), "PNG"),
        written(scene(), "WEBP", quality=90),
        written(scene(), "AVIF"),
        written(scene(mode="CMYK")),
        pictures.moving(),
        pictures.with_a_film_behind(),
        pictures.HEIC.read_bytes(),
        written(scene(), "MPO", save_all=True, append_images=[scene()]),
        written(scene().quantize(8), "PNG"),
    ],
    ids=["jpeg", "png", "webp", "avif", "cmyk", "moving gif", "moving photo", "heic", "mpo", "palette"],
)
def test_every_kind_of_photo_is_kept_as_a_jpeg_that_looks_the_same(content: bytes) -> None:
    made = remake(content)
    for kept in (made.content, made.small):
        assert opened(kept).format == "JPEG"
        assert opened(kept).mode == "RGB"
        assert looks_like(kept, (0.2, 0.2), RED)
        assert looks_like(kept, (0.8, 0.8), GREEN)
    assert b"ftyp" not in made.content


def test_where_it_was_taken_and_by_what_is_gone_and_it_stands_upright() -> None:
    content = pictures.from_a_telephone()
    assert all(secret in content for secret in (b"SECRETPHONE", b"SECRETCOMMENT", b"SECRETPACKET"))
    made = remake(content)
    assert (made.width, made.height) == (480, 640)
    for kept in (made.content, made.small):
        assert b"SECRET" not in kept
        assert b"Exif" not in kept
        assert not opened(kept).getexif()
        assert opened(kept).info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive",
                                            "progression"}  # fmt: skip
        assert looks_like(kept, (0.8, 0.2), RED)  # Turned to the right, its upper left is at the upper right.


@pytest.mark.parametrize("orientation", range(1, 9))
def test_however_the_camera_was_held_it_stands_upright(orientation: int) -> None:
    how = pictures.Image.Transpose
    held = scene(300, 200)
    undone = {2: how.FLIP_LEFT_RIGHT, 3: how.ROTATE_180, 4: how.FLIP_TOP_BOTTOM, 5: how.TRANSPOSE, 6: how.ROTATE_90,
              7: how.TRANSVERSE, 8: how.ROTATE_270}  # fmt: skip
    if orientation in undone:
        held = held.transpose(undone[orientation])
    made = remake(written(held, exif=_turned(orientation)))
    assert (made.width, made.height) == (300, 200)
    assert looks_like(made.content, (0.2, 0.2), RED)
    assert looks_like(made.content, (0.8, 0.8), GREEN)


def _turned(orientation: int) -> bytes:
    exif = pictures.Image.Exif()
    exif[pictures.ORIENTATION] = orientation
    return exif.tobytes()


def test_sixteen_bits_and_what_is_seen_through_look_as_they_do_in_a_viewer() -> None:
    assert looks_like(remake(pictures.of_sixteen_bits()).content, (0.5, 0.5), (156, 156, 156), within=3)
    assert looks_like(remake(pictures.see_through()).content, (0.9, 0.9), (255, 255, 255), within=3)
    assert looks_like(remake(pictures.see_through()).content, (0.05, 0.05), (0, 0, 255), within=40)


@pytest.mark.parametrize(("width", "height"), [(5000, 3000), (300, 9000), (1, 1), (2000, 2000)])
def test_it_is_made_smaller_and_never_larger(width: int, height: int) -> None:
    made = remake(photo(width=width, height=height))
    assert (made.width, made.height) == opened(made.content).size
    assert max(made.width, made.height) == min(EDGE, max(width, height))
    assert max(opened(made.small).size) == min(SMALL_EDGE, max(width, height))


def test_the_largest_cameras_pass_and_the_same_photo_is_always_made_the_same() -> None:
    large = photo(width=12_000, height=9_000)
    made = remake(large)
    assert (made.width, made.height) == (2000, 1500)
    assert remake(large) == made


def prepared(tmp_path: Path, content: bytes) -> Photo:
    with (tmp_path / "in").open("w+b") as file:
        file.write(content)
        return prepare(file, Storage(tmp_path / "kept"))


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_photo_is_opened_by_a_process_of_its_own_and_lies_in_the_storage(tmp_path: Path) -> None:
    kept = prepared(tmp_path, pictures.from_a_telephone())
    storage = Storage(tmp_path / "kept")
    made = remake(pictures.from_a_telephone())
    assert (storage.get(kept.sha256), storage.get(kept.small_sha256)) == (made.content, made.small)
    assert (kept.width, kept.height, kept.size) == (480, 640, len(made.content))
    assert prepared(tmp_path, pictures.from_a_telephone()) == kept
    assert len(files_in(tmp_path / "kept")) == 2


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"", Fault.EMPTY), (pictures.bomb(), Fault.TOO_MANY_PIXELS), (photo()[:-900], Fault.BROKEN)],
)
def test_what_the_process_refuses_leaves_nothing_behind(tmp_path: Path, content: bytes, fault: Fault) -> None:
    with pytest.raises(PhotoRefusedError) as refused:
        prepared(tmp_path, content)
    assert refused.value.fault is fault
    assert files_in(tmp_path / "kept") == []


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", Fault.BROKEN),
        ("raise SystemExit(3)", Fault.BROKEN),
        ("import time; time.sleep(60)", Fault.BROKEN),
        ("print('no json')\nraise SystemExit(1)", Fault.BROKEN),
    ],
)
def test_a_process_that_dies_or_hangs_takes_only_its_photo_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, fault: Fault
) -> None:
    (tmp_path / "dying.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(preparing, "CHILD", "dying")
    monkeypatch.setattr(preparing, "DONE_WITHIN", 2.0)
    with pytest.raises(PhotoRefusedError) as refused:
        prepared(tmp_path, photo())
    assert refused.value.fault is fault


def test_the_process_has_bounds_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "telling.py").write_text(
        "import json, os, resource, sys\n"
        "from service.attachments import child\n"
        "def tell(content):\n"
        "    said = {str(what): resource.getrlimit(what)[1] for what in child.BOUNDS}\n"
        "    open_files = os.listdir('/proc/self/fd')\n"
        "    sys.stderr.write(json.dumps([said, dict(os.environ), os.nice(0), len(open_files)]))\n"
        "    sys.stderr.flush()\n"
        "    os._exit(1)\n"
        "import service.attachments.picture as picture\n"
        "picture.remake = tell\n"
        "child.main()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(preparing, "CHILD", "telling")
    monkeypatch.setenv("JIBAN_SECRET_OF_OURS", "secret")
    heard: dict[str, object] = {}
    monkeypatch.setattr(preparing.subprocess, "run", _listening(heard, preparing.subprocess.run))
    with pytest.raises(PhotoRefusedError):
        prepared(tmp_path, photo())
    bounds, environment, niceness, open_files = json.loads(str(heard["said"]))
    assert bounds == {str(what): most for what, most in child.BOUNDS.items()}
    assert not [name for name in environment if name.startswith("JIBAN")]
    assert niceness >= child.LAST_IN_LINE
    assert open_files <= 5


def _listening(heard: dict[str, object], run: Any) -> Any:
    def listen(*args: Any, **how: Any) -> Any:
        done = run(*args, **how)
        heard["said"] = done.stderr.decode()
        return done

    return listen


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("service.attachments.storage.os.fsync", full)
    with pytest.raises(PhotoRefusedError) as refused:
        prepared(tmp_path, photo())
    assert refused.value.fault is Fault.NO_ROOM
    assert files_in(tmp_path / "kept") == []
