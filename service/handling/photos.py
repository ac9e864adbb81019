"""How do photos come into a case, and who sees them?"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from service.accounts.tables import Person
from service.attachments.actions import Sender, attach, show
from service.attachments.preparing import Photo
from service.attachments.queries import by_name, how_many
from service.attachments.rules import Stage
from service.attachments.storage import storage_in
from service.attachments.tables import Attachment
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.actions import allowed, lock
from service.cases.queries import by_number
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import NotFoundError, ServiceError
from service.handling.step import Doer
from service.settings import get_settings

MOST_OF_ONE_SIDE = 60
"""Photos that a case may have from its resident, and as many from those at work (own)."""


class TooManyPhotosError(ServiceError):
    """The case has as many photos from this side as it may."""

    status, code = 409, "too-many-photos"
    sentence = "This case has {most} photos already, and cannot take more."


def add_photos(
    session: Session,
    case_id: int,
    photos: Sequence[Photo],
    *,
    by: Doer,
    now: datetime,
    stage: Stage = Stage.OTHER,
    is_public: bool = True,
) -> int:
    """Add photos to a case that somebody may write in; return how many are new to it.

    A resident may while they may add words, staff while they may leave a note.
    Errors: NotFoundError, MoveForbiddenError, TooManyPhotosError, PhotoRefusedError.
    """
    if not photos:
        return 0
    case = lock(session, case_id)
    is_resident = by.kind == "resident"
    allowed(case, Action.ANSWER if is_resident else Action.NOTE, by.actors)
    sender = Sender(is_resident, by.id, stage, is_public or is_resident)
    return _add(session, case, photos, sender, by.kind, now)


def add_first_photos(
    session: Session, number: str, photos: Sequence[Photo], *, by: Person | None, now: datetime
) -> int:
    """Add what came with the request itself, in its transaction; `by` took it down on the resident's behalf.

    A form sent twice adds nothing twice. Errors: NotFoundError, TooManyPhotosError, PhotoRefusedError.
    """
    found = by_number(session, number) if photos else None
    if found is None:
        return 0
    case = lock(session, found.id or 0)
    return _add(session, case, photos, Sender(by is None, by.id if by else None), "staff" if by else "resident", now)


def _add(session: Session, case: Case, photos: Sequence[Photo], sender: Sender, actor: str, now: datetime) -> int:
    case_id = case.id or 0
    if how_many(session, case_id, by_resident=sender.by_resident) + len(photos) > MOST_OF_ONE_SIDE:
        raise TooManyPhotosError(most=MOST_OF_ONE_SIDE)
    added = attach(session, case_id, photos, sender=sender, storage=storage_in(get_settings().data_dir), now=now)
    if added:
        what = "photos" if sender.is_public else "photos_inside"
        facts = {"count": added, "stage": str(sender.stage)}
        record(session, Entry("case", case_id, what, now, actor, sender.person_id, facts))
    return added


def show_photo(session: Session, case: Case, name: str, *, is_public: bool, by: Doer, now: datetime) -> Attachment:
    """Let the resident see a photo of staff, or not; what they sent themselves they always see.

    Errors: NotFoundError, MoveForbiddenError.
    """
    case = lock(session, case.id or 0)
    allowed(case, Action.NOTE, by.actors)
    photo = by_name(session, case.id or 0, name)
    if photo is None or photo.by_resident:
        raise NotFoundError
    if photo.is_public is not is_public:
        show(session, photo, is_public=is_public)
        what = "photo_shown" if is_public else "photo_hidden"
        record(session, Entry("case", case.id or 0, what, now, by.kind, by.id, {"photo": photo.id}))
    return photo
