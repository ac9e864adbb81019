"""Which photos came with a form, and what is wrong with those that cannot be taken?

They are opened before the endpoint is called: nobody waits at the database meanwhile, few are opened at once, and what
is acknowledged lies on the disk already. A form that is shown again carries tokens of those that came in.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Annotated, Any

from anyio import CapacityLimiter, Semaphore, fail_after, to_thread
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect

from service.accounts.limits import keep_failures, limit, network_of, record_failure
from service.attachments.chosen import photo_of, token_of
from service.attachments.preparing import Photo, prepare
from service.attachments.rules import MOST_PHOTOS, SENTENCES, Fault, PhotoRefusedError
from service.attachments.storage import storage_in
from service.database import transaction
from service.errors import InvalidFieldsError, TooManyTriesError
from service.settings import get_settings
from service.web.catalogues import DEFAULT, Language, as_language, translate
from service.web.deps import client_address, real_now
from service.web.incoming import PHOTO, Came, Incoming, has_room, is_multipart, read
from service.web.turns import BUSY_AFTER_SECONDS, places

KEPT = "kept"
"""The field with the tokens of photos that came in before."""
AT_ONCE = 2
"""Photos that one process opens at once; each may take hundreds of megabytes for a moment."""
TURN_WITHIN = 20.0
"""Seconds that a form waits until its photos are opened; then it is told that it can be sent without."""
MOST_FORMS, FORMS_WITHIN = 100, timedelta(hours=1)
"""Forms with photos from one address, behind which a whole building or office may be."""
MOST_NAME = 40
MOST_TOKENS = 2 * MOST_PHOTOS
PHOTOS_SENTENCE = "Here are photos."


@dataclass(frozen=True)
class Sent:
    """The photos of a form."""

    photos: tuple[Photo, ...] = ()
    faults: tuple[tuple[str, Fault], ...] = ()
    """What each other one is called by its sender, and why it was not taken."""

    @property
    def tokens(self) -> list[str]:
        """Return what the form carries when it is shown again."""
        return [token_of(photo, real_now()) for photo in self.photos]

    def wrong(self, language: Language) -> dict[str, str]:
        """Return what is wrong as the sentence of the field, in the reader's language; nothing where all are taken."""
        said = [f"{name}: {translate(language, SENTENCES[fault])}".removeprefix(": ") for name, fault in self.faults]
        return {PHOTO: " ".join(said)} if said else {}

    @contextmanager
    def checked(self, language: Language) -> Iterator[None]:
        """Tell what is wrong with the photos beside what is wrong with other fields. Errors: InvalidFieldsError."""
        wrong = self.wrong(language)
        try:
            yield
        except InvalidFieldsError as error:
            raise InvalidFieldsError(error.fields | wrong, **error.facts) from error
        if wrong:
            raise InvalidFieldsError(wrong)

    def beside(self, answers: dict[str, str], language: str) -> dict[str, str]:
        """Return the words that came with photos; photos without a word get one, in the language of the case."""
        if not self.photos or answers.get("text", "").strip():
            return answers
        return answers | {"text": translate(as_language(language) or DEFAULT, PHOTOS_SENTENCE)}


class PhotoRoute(APIRoute):
    """A route whose form may bring photos."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what reads the form and opens its photos before the endpoint is called."""
        handle = super().get_route_handler()

        async def take(request: Request) -> Response:
            if not is_multipart(request):
                return await handle(request)
            try:
                came = await read(request)
            except ClientDisconnect:
                return Response(status_code=400)  # Nobody is there to read it.
            try:
                photos, request.state.photo_faults = await _opened(request, came)
            finally:
                came.close()
            tokens = ((KEPT, token_of(photo, real_now())) for photo in photos)
            # Whoever asks for the form gets it: there is no other way to hand it over, and it cannot be read twice.
            request._form = FormData([*came.fields.multi_items(), *tokens])  # noqa: SLF001
            return await handle(request)

        return take


async def sent_photos(request: Request) -> Sent:
    """Return the photos of this form: those it carried, and those that came with it."""
    tokens = [str(token) for token in (await request.form()).getlist(KEPT)]
    storage, now = storage_in(get_settings().data_dir), real_now()
    found = [photo_of(token, now) for token in tokens[:MOST_TOKENS]]
    there = [photo for photo in found if photo is not None and storage.has(photo.sha256)]
    gone = [("", Fault.GONE)] if len(there) < len(found) else []
    photos = tuple(dict.fromkeys(there))
    left_out = [("", Fault.TOO_MANY)] if len(photos) > MOST_PHOTOS else []
    faults: tuple[tuple[str, Fault], ...] = getattr(request.state, "photo_faults", ())
    return Sent(photos[:MOST_PHOTOS], (*gone, *faults, *left_out))


SentPhotos = Annotated[Sent, Depends(sent_photos)]


async def _opened(request: Request, came: Came) -> tuple[list[Photo], tuple[tuple[str, Fault], ...]]:
    """Open the photos of a form, one after another; return those taken, and why others were not."""
    photos: list[Photo] = []
    faults: list[tuple[str, Fault]] = [] if came.is_whole else [("", Fault.CUT_OFF)]
    refused = await _refusal(client_address(request)) if came.photos else None
    for place, (name, file) in enumerate(came.photos):
        try:
            photos.append(await _open(file, refused or (Fault.TOO_MANY if place >= MOST_PHOTOS else None)))
        except PhotoRefusedError as wrong:
            faults.append((_called(name), wrong.fault))
    return photos, tuple(faults)


async def _open(file: Incoming, refused: Fault | None) -> Photo:
    fault = file.fault or refused
    if fault is not None:
        raise PhotoRefusedError(fault)
    try:
        with fail_after(TURN_WITHIN):
            await turns().acquire()
    except TimeoutError as why:
        raise PhotoRefusedError(Fault.BUSY) from why
    try:
        work = partial(prepare, file, storage_in(get_settings().data_dir))
        return await to_thread.run_sync(work, limiter=threads())
    finally:
        turns().release()


async def _refusal(address: str) -> Fault | None:
    """Ask at the database, in turn with everybody else, whether photos are taken from here now."""
    try:
        with fail_after(BUSY_AFTER_SECONDS):
            async with places():
                return await to_thread.run_sync(_refused, address)
    except TimeoutError:
        return Fault.BUSY


@cache
def turns() -> Semaphore:
    """Return what lets few photos be opened at once, first come first served."""
    return Semaphore(AT_ONCE)


@cache
def threads() -> CapacityLimiter:
    """Return the threads that wait for photos, apart from those that answer requests."""
    return CapacityLimiter(AT_ONCE)


def _refused(address: str) -> Fault | None:
    """Return why no photo is taken from here now, if so; a form with photos counts as one try."""
    if not has_room():
        return Fault.NO_ROOM
    subject, now = f"photos:{network_of(address)}", real_now()
    with transaction() as session:
        try:
            limit(session, subject, most=MOST_FORMS, within=FORMS_WITHIN, now=now)
        except TooManyTriesError:
            return Fault.BUSY
        record_failure(session, subject, now=now)
    keep_failures(session)
    return None


def _called(name: str) -> str:
    """Return what a file is called by its sender, short, and without what could be taken for something else."""
    plain = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable() and c not in "{}<>")
    return plain if len(plain) <= MOST_NAME else plain[: MOST_NAME - 1] + "…"
