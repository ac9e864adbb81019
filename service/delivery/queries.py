"""Who is to be told, by which channels, how they want it, and what stands in the outbox?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.outbox.messages import DIGEST, TRIAL
from service.outbox.rules import AS_USUAL, FAILED, STORM_LASTS, NoticeState, Wishes
from service.outbox.tables import Caught, ChannelRow, Notice, NoticeWishes, Unsubscribed

A_PAGE = 30
MOST_LINES = 40
"""So many lines stand in a digest; the rest is counted."""


def wishes_of(session: Session, person_ids: Collection[int]) -> dict[int, Wishes]:
    """Return how these people want to be told; who is missing has said nothing."""
    rows = session.exec(select(NoticeWishes).where(col(NoticeWishes.person_id).in_(person_ids))) if person_ids else ()
    return {r.person_id: Wishes(tuple(r.channels), r.digest, r.quiet_from, r.quiet_to) for r in rows}


def channels(session: Session) -> list[ChannelRow]:
    """Return every configured channel, oldest first."""
    return list(session.exec(select(ChannelRow).order_by(col(ChannelRow.id))))


def told_lately(session: Session, person_ids: Collection[int], now: datetime) -> dict[int, int]:
    """Return how many messages have reached these people within the last hour."""
    if not person_ids:
        return {}
    lately = (
        sa.select(col(Notice.person_id), sa.func.count())
        .where(
            col(Notice.person_id).in_(person_ids),
            Notice.state == NoticeState.SENT,  # type: ignore[arg-type]
            col(Notice.sent_at) > now - STORM_LASTS,
            # What waited longer than a day is told late anyway; the index goes by when a notice was written.
            col(Notice.created_at) > now - 24 * STORM_LASTS,
        )
        .group_by(col(Notice.person_id))
    )
    return {person_id: count for person_id, count in session.execute(lately) if person_id is not None}


@dataclass(frozen=True)
class Context:
    """What the delivery of a batch needs to know, read with one query each."""

    people: Mapping[int, Person]
    wishes: Mapping[int, Wishes]
    lately: Mapping[int, int]
    channels: Mapping[str, ChannelRow]
    unsubscribed: frozenset[int]
    digests: Mapping[int, list[Notice]]

    def wishes_for(self, person_id: int | None) -> Wishes:
        """Return how somebody wants to be told."""
        return self.wishes.get(person_id or 0, AS_USUAL)


def context(session: Session, notices: Sequence[Notice], now: datetime) -> Context:
    """Return what the delivery of these notices needs to know."""
    people = {n.person_id for n in notices if n.person_id is not None}
    cases = {n.case_id for n in notices if n.case_id is not None and n.person_id is None}
    asked = select(Unsubscribed.case_id).where(col(Unsubscribed.case_id).in_(cases))
    rows = session.exec(select(Person).where(col(Person.id).in_(people))) if people else ()
    return Context(
        people={p.id or 0: p for p in rows},
        wishes=wishes_of(session, people),
        lately=told_lately(session, people, now),
        channels={str(row.id): row for row in channels(session)},
        unsubscribed=frozenset(session.exec(asked)) if cases else frozenset(),
        digests={n.id or 0: lines_of(session, n.id or 0) for n in notices if n.template == DIGEST},
    )


def lines_of(session: Session, digest_id: int) -> list[Notice]:
    """Return the notices that a digest tells, oldest first."""
    lines = select(Notice).where(Notice.digest_id == digest_id, Notice.state == NoticeState.GATHERED)
    return list(session.exec(lines.order_by(col(Notice.id))))


def due_by_person(session: Session, now: datetime) -> list[tuple[int, bool, int]]:
    """Return for whom several notices are due that nobody has tried to send: person, whether they wake, how many."""
    due = (
        sa.select(col(Notice.person_id), col(Notice.wakes), sa.func.count())
        .where(*_fresh(now))
        .group_by(col(Notice.person_id), col(Notice.wakes))
        .having(sa.func.count() > 1)
    )
    return [(person_id, wakes, count) for person_id, wakes, count in session.execute(due) if person_id is not None]


def due_of(session: Session, person_id: int, now: datetime, *, wakes: bool) -> list[Notice]:
    """Lock the due notices of one person that nobody has tried to send, oldest first; passing over what is held."""
    due = select(Notice).where(*_fresh(now), Notice.person_id == person_id, col(Notice.wakes) == wakes)
    return list(session.exec(due.order_by(col(Notice.id)).with_for_update(skip_locked=True)))


def _fresh(now: datetime) -> tuple[Any, ...]:
    return (
        Notice.state == NoticeState.WAITING,
        col(Notice.next_try_at) <= now,
        col(Notice.person_id).is_not(None),
        col(Notice.tries) == 0,
        col(Notice.template).not_in((DIGEST, TRIAL)),
    )


@dataclass(frozen=True)
class Listed:
    """One page of notices, and how many there are on all pages."""

    rows: list[Notice]
    count: int


def by_state(session: Session) -> dict[NoticeState, int]:
    """Return how many notices stand in each state."""
    counted = sa.select(col(Notice.state), sa.func.count()).group_by(col(Notice.state))
    return dict(session.execute(counted).all())


def in_state(session: Session, state: NoticeState | None, *, page: int = 1, most: int = A_PAGE) -> Listed:
    """Return a page of the notices in a state, the newest first; None: of those that need somebody."""
    wanted = col(Notice.state).in_(FAILED) if state is None else col(Notice.state) == state
    return _page(session, wanted, page, most)


def of_person(session: Session, person_id: int, *, page: int = 1, most: int = A_PAGE) -> Listed:
    """Return a page of what was told to one person, the newest first."""
    return _page(session, col(Notice.person_id) == person_id, page, most)


def of_case(session: Session, case_id: int) -> list[Notice]:
    """Return every notice about a case, oldest first."""
    return list(session.exec(select(Notice).where(Notice.case_id == case_id).order_by(col(Notice.id))))


def _page(session: Session, wanted: Any, page: int, most: int) -> Listed:  # noqa: ANN401  # A condition.
    count = session.scalar(sa.select(sa.func.count()).select_from(Notice).where(wanted)) or 0
    rows = (
        select(Notice)
        .where(wanted)
        .order_by(col(Notice.created_at).desc(), col(Notice.id).desc())
        .offset((page - 1) * most)
        .limit(most)
    )
    return Listed(list(session.exec(rows)), count)


def caught(session: Session, *, most: int = 100) -> list[Caught]:
    """Return what the demo would have sent, the newest first."""
    return list(session.exec(select(Caught).order_by(col(Caught.id).desc()).limit(most)))
