"""How does a form with photos come in? Its words go into memory, its photos onto the disk, and neither without end.

A photo that is too large is thrown away while it comes in, and the rest of the form is read on: what was typed is kept.
"""

import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, cast

from fastapi import HTTPException, Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.attachments.rules import MOST_BYTES, MOST_PHOTOS, Fault
from service.settings import get_settings

PHOTO = "photo"
"""What the field is called in every form."""
IN_MEMORY = 256 * 1024
MOST_WORDS = 1_000_000
"""Bytes of all fields of a form but its photos."""
MOST_FILES, MOST_FIELDS = 50, 1000
LEAST_FREE = 1_000_000_000
"""Bytes that must stay free on the disk, which the database may share."""
MULTIPART = "multipart/form-data"


class Incoming(SpooledTemporaryFile[bytes]):
    """A photo coming in: at first in memory, soon in a file without a name, which is gone with the process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(max_size=IN_MEMORY, dir=str(folder))
        self.came = 0
        self.fault: Fault | None = None

    def write(self, part: Any) -> int:  # noqa: ANN401  # As the base has it.
        """Keep a part, as long as there may be more of it and there is room."""
        self.came += len(part)
        if self.fault is None and self.came > MOST_BYTES:
            self.fault = Fault.TOO_LARGE
            with contextlib.suppress(OSError):
                self.truncate(0)
        if self.fault is None:
            try:
                return super().write(part)
            except OSError:
                self.fault = Fault.NO_ROOM
        return len(part)


@dataclass
class Came:
    """A form as it came in."""

    fields: FormData
    photos: list[tuple[str, Incoming]] = field(default_factory=list)
    """What the sender calls each file, and the file."""
    is_whole: bool = True

    def close(self) -> None:
        """Delete the files."""
        for _, file in self.photos:
            file.close()


def is_multipart(request: Request) -> bool:
    """Does a form come that may hold files?"""
    return request.headers.get("content-type", "").lower().startswith(MULTIPART)


class _Parser(MultiPartParser):
    """Starlette's parser with bounds on all words together, and with our files."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.headers, request.stream(), max_files=MOST_FILES, max_fields=MOST_FIELDS)
        self.folder = get_settings().data_dir
        self.words = 0
        self.is_whole = False

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        part = self._current_part
        if part.file is not None:
            file = Incoming(self.folder)
            self._files_to_close_on_error.append(file)
            part.file = UploadFile(
                cast("Any", file), size=0, filename=part.file.filename, headers=Headers(raw=part.item_headers)
            )

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self.words += end - start
            if self.words > MOST_WORDS:
                raise HTTPException(413)
        super().on_part_data(data, start, end)

    def on_end(self) -> None:
        self.is_whole = True


async def read(request: Request) -> Came:
    """Read a form with photos. Errors: HTTPException 413 and 400, starlette's ClientDisconnect."""
    parser = _Parser(request)
    try:
        sent = await parser.parse()
    except MultiPartException as wrong:
        raise HTTPException(400) from wrong
    fields: list[tuple[str, str | UploadFile]] = [
        (name, value) for name, value in sent.multi_items() if isinstance(value, str)
    ]
    files = [(name, value) for name, value in sent.multi_items() if isinstance(value, UploadFile)]
    came = Came(FormData(fields), is_whole=parser.is_whole)
    for name, upload in files:
        file = cast("Incoming", upload.file)
        if name == PHOTO and (upload.filename or file.came):
            came.photos.append((upload.filename or "", file))
        else:
            file.close()  # A field in which nothing was chosen, or none of ours.
    return came


def has_room() -> bool:
    """Is there room for photos on the disk?"""
    return shutil.disk_usage(get_settings().data_dir).free >= LEAST_FREE


def most_of_a_form() -> int:
    """Return how many bytes a form with photos may have: all of them as large as they may be, and its words."""
    return MOST_PHOTOS * MOST_BYTES + 2 * MOST_WORDS
