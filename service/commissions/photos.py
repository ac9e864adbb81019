"""How do photos of an outside party come into a case, and when do they count as evidence?"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.attachments.actions import Sender, attach
from service.attachments.preparing import Photo
from service.attachments.rules import Stage
from service.attachments.storage import storage_in
from service.attachments.tables import Attachment
from service.audit.actions import record
from service.audit.rules import Entry
from service.commissions.tables import PartyJob
from service.errors import ServiceError
from service.settings import get_settings

MOST_OWN = 18
"""Photos that a party may send for one job: three forms full of them."""
FROM_PARTY = Sender(by_resident=False, person_id=None, stage=Stage.OTHER, is_public=False)


class TooManyOwnPhotosError(ServiceError):
    """The job has as many photos as it may."""

    status, code = 409, "too-many-photos"
    sentence = "This job has {most} photos already, and cannot take more."


def add_own(session: Session, job: PartyJob, photos: Sequence[Photo], now: datetime) -> None:
    """Add what a party sent to the case of its locked job, for colleagues only, until the worker has looked.

    Errors: TooManyOwnPhotosError, PhotoRefusedError.
    """
    if not photos:
        return
    if len(job.own_photos) + len(photos) > MOST_OWN:
        raise TooManyOwnPhotosError(most=MOST_OWN)
    storage = storage_in(get_settings().data_dir)
    added = attach(session, job.case_id, photos, sender=FROM_PARTY, storage=storage, now=now)
    hashes = [photo.sha256 for photo in photos]
    names = select(Attachment.name).where(Attachment.case_id == job.case_id, col(Attachment.sha256).in_(hashes))
    job.own_photos = list(dict.fromkeys([*job.own_photos, *session.exec(names.order_by(col(Attachment.id)))]))
    if added:
        facts = {"count": added, "stage": str(Stage.OTHER), "job": job.id}
        record(session, Entry("case", job.case_id, "photos_inside", now, "party", data=facts))


def accept_own(session: Session, job: PartyJob) -> None:
    """Let what a party sent count as photos after the work: the worker has looked, and answers for them."""
    theirs = (
        col(Attachment.case_id) == job.case_id,
        col(Attachment.name).in_(job.own_photos),
        col(Attachment.person_id).is_(None),
        col(Attachment.by_resident).is_(False),
    )
    session.execute(sa.update(Attachment).where(*theirs).values(stage=Stage.AFTER))
