"""How does a photo come to a case, how is it shown or hidden, and how is it forgotten?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from service.attachments.preparing import Photo
from service.attachments.queries import used
from service.attachments.rules import MEDIA_TYPE, Fault, PhotoRefusedError, Stage
from service.attachments.storage import Storage
from service.attachments.tables import Attachment

ROWS = Attachment.__table__  # type: ignore[attr-defined]
LOCK = 0x70686F746F73
""""photos" in ASCII: held by who adds photos, with others who do; alone by who throws files away."""
MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Sender:
    """Who sends photos, and who may see them: without a person and not by the resident, it is a party outside."""

    by_resident: bool
    person_id: int | None = None
    stage: Stage = Stage.OTHER
    is_public: bool = True


def attach(
    session: Session, case_id: int, photos: Sequence[Photo], *, sender: Sender, storage: Storage, now: datetime
) -> int:
    """Let a case have photos that lie in the storage; return how many are new. The same photo stands in a case once.

    Errors: PhotoRefusedError, when one is not kept any more.
    """
    if not photos:
        return 0
    session.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(LOCK)))
    if not all(storage.has(name) for photo in photos for name in (photo.sha256, photo.small_sha256)):
        raise PhotoRefusedError(Fault.GONE)
    rows = [
        {
            "case_id": case_id,
            "sha256": photo.sha256,
            "small_sha256": photo.small_sha256,
            "media_type": MEDIA_TYPE,
            "size": photo.size,
            "width": photo.width,
            "height": photo.height,
            "stage": sender.stage,
            "is_public": sender.is_public,
            "by_resident": sender.by_resident,
            "person_id": sender.person_id,
            "created_at": now,
        }
        for photo in photos
    ]
    added = insert(ROWS).values(rows).on_conflict_do_nothing(index_elements=["case_id", "sha256"])
    return len(session.execute(added.returning(ROWS.c.id)).all())


def show(session: Session, photo: Attachment, *, is_public: bool) -> None:
    """Let the resident see a photo, or not."""
    photo.is_public = is_public
    session.add(photo)
    session.flush()


def forget(session: Session, case_ids: Collection[int]) -> int:
    """Let cases have no photos any more, and return how many there were. `tidy` deletes the files."""
    gone = sa.delete(Attachment).where(col(Attachment.case_id).in_(case_ids)).returning(col(Attachment.id))
    return len(session.execute(gone).all())


def tidy(session: Session, storage: Storage, *, before: float) -> int:
    """Delete files that no case has and that nobody has stored since (seconds of the epoch); return how many.

    Whoever adds a photo in this moment waits, and is then told that it is gone. Errors: OSError.
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    old = [file for file, _ in zip(storage.older_than(before), range(MOST_AT_ONCE), strict=False)]
    kept = used(session, [file.name for file in old])
    gone = [file for file in old if file.name not in kept]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)
