"""What is done for a due notice: gathered, held back, begun, and afterwards written down?"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from service.delivery.jobs import Job, Outcome
from service.delivery.queries import Context, context, due_by_person, due_of, told_lately, wishes_of
from service.delivery.ways import CannotBeToldError, ways_of
from service.delivery.writing import job_of
from service.outbox.actions import claim_due, write
from service.outbox.messages import DIGEST, MAY_BE_STOPPED, TRIAL, Recipient, digest
from service.outbox.reasons import Reason
from service.outbox.rules import (
    AS_USUAL,
    MOST_TRIES_EVER,
    STORM,
    NoticeState,
    Wishes,
    are_gathered,
    failures_of,
    next_try,
    released_at,
    still_open,
)
from service.outbox.tables import Notice
from service.secrecy import SecretUnreadableError
from service.settings import Settings
from service.timekeeping import ZONE, product_span, read_anchor

LEASE = timedelta(minutes=2)
"""Real time; a notice that was begun and of which nothing was heard since is begun again."""
DropOvertaken = Callable[[Session, Sequence[Notice]], list[Notice]]
"""Drops those claimed notices that have lost their point, and returns the rest."""

log = structlog.get_logger("outbox")


def gather(session: Session, now: datetime, *, drop_overtaken: DropOvertaken) -> int:
    """Make one digest of several due notices where a person wishes it or would be flooded; return how many digests.

    All in the caller's transaction: the lines and their digest change together, or not at all.
    """
    due = due_by_person(session, now)
    people = {person_id for person_id, _, _ in due}
    wishes, lately = wishes_of(session, people), told_lately(session, people, now)
    made = 0
    for person_id, wakes, count in due:
        how, heard = wishes.get(person_id, AS_USUAL), lately.get(person_id, 0)
        if are_gathered(count, how, wakes=wakes, lately=heard):
            lines = drop_overtaken(session, due_of(session, person_id, now, wakes=wakes))
            made += _gather(session, lines, how, now, wakes=wakes, lately=heard)
    return made


def _gather(session: Session, due: list[Notice], how: Wishes, now: datetime, *, wakes: bool, lately: int) -> int:
    lines = [line for line in due if _released(line, how, lately) <= now]
    if not are_gathered(len(lines), how, wakes=wakes, lately=lately):
        return 0
    to = Recipient(lines[-1].language, person_id=lines[-1].person_id)
    told = digest(to, count=len(lines), last_id=lines[-1].id or 0, wakes=wakes)
    write(session, [told], None, now)
    digest_id = session.exec(select(Notice.id).where(Notice.key == told.key)).one()
    for line in lines:
        line.state, line.digest_id = NoticeState.GATHERED, digest_id
        session.add(line)
    session.flush()
    return 1


def begin(
    session: Session, settings: Settings, now: datetime, *, most: int, drop_overtaken: DropOvertaken
) -> tuple[list[Job], int]:
    """Claim due notices and return what is to be sent, and how many were looked at.

    1. claim, passing over what others hold; 2. drop what was overtaken, hold back what its reader wants later, and set
    aside what cannot be told; 3. render the rest now, so that the words are today's; 4. lease it: whoever dies while
    sending lets go of it when the lease ends, and the same key goes out once more.
    """
    notices = claim_due(session, now, most=most)
    if not notices:
        return [], 0
    known, lease = context(session, notices, now), product_span(read_anchor(session), LEASE)
    jobs = []
    for notice in drop_overtaken(session, notices):
        try:
            job = _begun(notice, known, settings, now, lease)
        except Exception as broken:  # noqa: BLE001  # Whatever is wrong with one notice, the others are waiting.
            _set_aside(notice, _why(broken))
        else:
            jobs += [job] if job else []
        session.add(notice)
    session.flush()
    return jobs, len(notices)


def _begun(notice: Notice, known: Context, settings: Settings, now: datetime, lease: timedelta) -> Job | None:
    """Return the job of a claimed notice; None: it waits, or is over. Errors: CannotBeToldError and of rendering."""
    if notice.template in MAY_BE_STOPPED and notice.case_id in known.unsubscribed:
        notice.state = NoticeState.UNWANTED
        return None
    if notice.tries == 0 and notice.template not in (DIGEST, TRIAL):
        released = _released(notice, known.wishes_for(notice.person_id), known.lately.get(notice.person_id or 0, 0))
        if released > now:
            notice.next_try_at = released
            return None
    notice.tries += 1
    if notice.tries > MOST_TRIES_EVER:
        raise CannotBeToldError(Reason.NEVER_FINISHED)
    ways = still_open(ways_of(notice, known, settings), notice.attempts)
    if not ways:
        raise CannotBeToldError(Reason.NO_CHANNEL)
    notice.next_try_at = now + lease
    return job_of(notice, ways[0], known, settings)


def _released(notice: Notice, how: Wishes, lately: int) -> datetime:
    """Return from when a notice may be delivered; `lately` messages have reached its reader within the hour."""
    if notice.person_id is None:
        return notice.created_at
    return released_at(notice.created_at, how, wakes=notice.wakes, in_storm=lately >= STORM, zone=ZONE)


@dataclass(frozen=True)
class _After:
    """The row of a job that was sent, locked, and what it needs to go on."""

    notice: Notice
    outcome: Outcome
    now: datetime
    asked_at: datetime
    """When a channel that is left alone may be asked again."""


def finish(session: Session, outcomes: Iterable[Outcome], settings: Settings, now: datetime) -> None:
    """Write down what became of jobs. A notice that was begun again or ended meanwhile is left as it is."""
    by_id = {outcome.job.notice_id: outcome for outcome in outcomes}
    wanted = select(Notice).where(col(Notice.id).in_(by_id)).order_by(col(Notice.id)).with_for_update()
    notices = list(session.exec(wanted.execution_options(populate_existing=True)))
    known, anchor = context(session, notices, now), read_anchor(session)
    for notice in notices:
        outcome = by_id[notice.id or 0]
        if notice.state is NoticeState.WAITING and notice.tries == outcome.job.tries:
            asked_at = now + product_span(anchor, timedelta(seconds=outcome.rests))
            _write_down(_After(notice, outcome, now, asked_at), known, settings)
            session.add(notice)
    session.flush()


def _write_down(after: _After, known: Context, settings: Settings) -> None:
    notice, outcome, job = after.notice, after.outcome, after.outcome.job
    if not outcome.was_tried and not outcome.rests:
        notice.tries, notice.next_try_at = notice.tries - 1, after.now
        return
    notice.channel, notice.channel_id = job.kind, int(job.channel) if job.channel.isdecimal() else None
    if not outcome.failure:
        _note(after, said=outcome.receipt, is_last=False)
        notice.state, notice.sent_at, notice.failure = NoticeState.SENT, after.now, ""
        return
    _failed(after, known, settings)


def _failed(after: _After, known: Context, settings: Settings) -> None:
    """Try again later, or go on to the next channel, or give up when there is none.

    A channel that is left alone counts as failed only where another follows: nothing is given up untried.
    """
    notice, outcome, job = after.notice, after.outcome, after.outcome.job
    try:
        others = [way for way in still_open(ways_of(notice, known, settings), notice.attempts) if way != job.channel]
    except (CannotBeToldError, SecretUnreadableError) as gone:
        _set_aside(notice, _why(gone))
        return
    if not outcome.was_tried and not others:
        notice.tries, notice.next_try_at = notice.tries - 1, after.asked_at
        return
    failures = failures_of(job.channel, notice.attempts) + 1
    spread = random.random()  # noqa: S311  # Jitter, no secret.
    again = None if outcome.permanent else next_try(failures, after.now, spread=spread, another_follows=bool(others))
    _note(after, said=outcome.failure, is_last=again is None)
    notice.failure = outcome.failure[:500]
    if again is not None:
        notice.next_try_at = again
    elif others:
        notice.next_try_at = after.now
    else:
        notice.state = NoticeState.GIVEN_UP
        log.error("notice given up", key=notice.key, why=notice.failure, tries=notice.tries)


def _note(after: _After, *, said: str, is_last: bool) -> None:
    by, ok = after.outcome.job.channel, not after.outcome.failure
    entry = {"at": after.now.isoformat(), "by": by, "ok": ok, "said": said[:500], "last": is_last}
    after.notice.attempts = [*after.notice.attempts, entry]


def _why(broken: Exception) -> str:
    if isinstance(broken, CannotBeToldError):
        return str(broken)
    return Reason.NOT_WRITTEN.quoting(f"{type(broken).__name__}: {broken}")


def _set_aside(notice: Notice, why: str) -> None:
    notice.state, notice.failure = NoticeState.SET_ASIDE, why[:500]
    log.error("notice set aside", key=notice.key, why=notice.failure)
