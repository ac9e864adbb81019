"""How does a draft of the dispatch catalogue come into force, and how is a version dropped before it does?"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.changes import locked
from service.audit.rules import Entry
from service.errors import ConflictError, InvalidFieldsError, ServiceError
from service.routing.actions import held_draft, take_turn, write_lines
from service.routing.catalogue import dated, newest, says_in
from service.routing.tables import RuleVersionRow
from service.routing.versions import (
    KEPT_READY,
    REASON_LEAST,
    REASON_MOST,
    Difference,
    Standing,
    VersionState,
    carried_over,
    compare,
    standing,
)


class DraftOutdatedError(ConflictError):
    """Another version was published since the draft was begun: publishing would undo it."""

    status, code = 409, "draft-outdated"
    sentence = "Another version was published since this draft was begun. Please take its changes over first."


class NothingChangedError(ServiceError):
    """The draft says what the table says already."""

    status, code = 409, "nothing-changed"
    sentence = "This draft says the same as the table: there is nothing to publish."


class NotPlannedVersionError(ServiceError):
    """It decides already, or did; or it was dropped."""

    status, code = 409, "version-not-planned"
    sentence = "This version can no longer be dropped: it decides already, or it was dropped."


class OthersPlannedError(ServiceError):
    """A later version goes on from it."""

    status, code = 409, "version-needed"
    sentence = "Another planned version goes on from this one. Please drop that one first."


def difference(session: Session, draft: RuleVersionRow) -> Difference:
    """Return how a draft differs from the version it goes on from."""
    return compare(says_in(session, draft.based_on_id or 0), says_in(session, draft.id or 0))


def publish(
    session: Session, reason: str, effective_at: datetime | None, *, by: Person, now: datetime
) -> RuleVersionRow:
    """Let the draft decide from a moment on; None: at once.

    Errors: NotAllowedError, NoDraftError, DraftOutdatedError, NothingChangedError, InvalidFieldsError.
    """
    draft = held_draft(session, by)
    last = newest(session)
    if draft.based_on_id != last.id:
        raise DraftOutdatedError(yours=draft.based_on_id or 0, current=last.id or 0)
    moment = effective_at or now
    rules = {
        "reason": (REASON_LEAST <= len(reason.strip()) <= REASON_MOST, "Please say why, in 4 to 500 characters."),
        "effective_at": (moment >= now, "This moment is past. Leave it empty to publish at once."),
    }
    wrong = {name: sentence for name, (is_right, sentence) in rules.items() if not is_right}
    if not wrong and last.effective_at is not None and moment < last.effective_at:
        wrong["effective_at"] = "A version is planned for later than this. Choose a moment after it, or drop it first."
    if wrong:
        raise InvalidFieldsError(wrong)
    return put_in_force(session, draft, reason.strip(), moment, by=by, now=now)


def put_in_force(
    session: Session, draft: RuleVersionRow, reason: str, moment: datetime, *, by: Person, now: datetime
) -> RuleVersionRow:
    """Publish a draft that goes on from the newest version. Errors: NothingChangedError."""
    differs = difference(session, draft)
    if differs.is_none:
        raise NothingChangedError
    draft.state, draft.effective_at, draft.reason, draft.changes = (
        VersionState.PUBLISHED,
        moment,
        reason,
        differs.counts,
    )
    draft.published_at, draft.published_by_id = now, by.id
    session.add(draft)
    session.flush()
    _set_aside(session, now)
    facts: dict[str, Any] = {"reason": reason, "effective_at": moment.isoformat(timespec="minutes"), **differs.counts}
    record(session, Entry("rule_version", draft.id or 0, "version.published", now, "staff", by.id, facts))
    return draft


def _set_aside(session: Session, now: datetime) -> None:
    """Mark versions that were superseded long ago: no process needs them any more."""
    row, later = RuleVersionRow.__table__, sa.alias(RuleVersionRow.__table__)  # type: ignore[attr-defined]
    taken_over = sa.exists().where(
        later.c.state == VersionState.PUBLISHED,
        later.c.effective_at <= now - KEPT_READY,
        sa.tuple_(later.c.effective_at, later.c.id) > sa.tuple_(row.c.effective_at, row.c.id),
    )
    old = sa.update(RuleVersionRow).where(col(RuleVersionRow.state) == VersionState.PUBLISHED, taken_over)
    session.execute(old.values(state=VersionState.SUPERSEDED), execution_options={"synchronize_session": "fetch"})


def take_over_newest(session: Session, *, by: Person, now: datetime) -> RuleVersionRow:
    """Let an outdated draft go on from the newest version, with its own changes kept.

    Errors: NotAllowedError, NoDraftError.
    """
    draft = held_draft(session, by)
    last = newest(session)
    if draft.based_on_id == last.id:
        return draft
    base, mine, theirs = (says_in(session, number or 0) for number in (draft.based_on_id, draft.id, last.id))
    write_lines(session, draft, carried_over(base, mine, theirs))
    facts = {"based_on": [draft.based_on_id, last.id]}
    draft.based_on_id = last.id
    session.add(draft)
    session.flush()
    record(session, Entry("rule_version", draft.id or 0, "version.carried-over", now, "staff", by.id, facts))
    return draft


def drop(session: Session, version_id: int, *, by: Person, now: datetime) -> None:
    """Drop a draft, or a version whose moment has not come.

    Errors: NotFoundError, NotAllowedError, NotPlannedVersionError, OthersPlannedError.
    """
    take_turn(session, by)
    version, last = locked(session, RuleVersionRow, version_id), newest(session)
    stands = standing(dated(version), None, now)
    if stands not in (Standing.DRAFT, Standing.PLANNED):
        raise NotPlannedVersionError
    if stands is Standing.PLANNED and version.id != last.id:
        raise OthersPlannedError
    version.state = VersionState.DROPPED
    session.add(version)
    session.flush()
    record(session, Entry("rule_version", version_id, "version.dropped", now, "staff", by.id, {}))
