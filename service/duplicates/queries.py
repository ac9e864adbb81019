"""Which cases, close in place and time, are about the same matter as this one?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.rules import ENDED, CaseStatus
from service.cases.tables import Case
from service.categories.rules import Topic
from service.duplicates.rules import (
    LEAST_LIKENESS,
    WITHIN,
    Compared,
    How,
    Point,
    areas_around,
    cells_around,
    how_alike,
    metres_between,
)
from service.duplicates.tables import WordShares
from service.duplicates.words import NOTHING_LEARNT, Shares, as_traces, likenesses, shares_from, trace
from service.routing.directory import Directory

MOST_READ = 4_000
"""So many of the newest cases of the areas around are compared: it bounds what one look may cost."""
LEAST_READ = 200
"""Of each of many areas, or of the nine squares around a point, at least so many."""
MOST_WEIGHED = 40
"""So many of the most alike are read whole."""

NEAR = sa.text("""
SELECT array_agg(case_id) AS ids, string_agg(words, ''::bytea) AS words,
       (SELECT learnt_at FROM word_shares) AS learnt_at FROM (
  SELECT near.case_id, near.words FROM unnest(CAST(:areas AS bigint[])) AS here(id), LATERAL (
    SELECT case_id, words FROM case_traces
    WHERE area_id = here.id AND received_at BETWEEN :since AND :until ORDER BY received_at DESC LIMIT :most) AS near
  UNION ALL
  SELECT near.case_id, near.words FROM unnest(CAST(:cells AS bigint[])) AS here(id), LATERAL (
    SELECT case_id, words FROM case_traces
    WHERE cell = here.id AND received_at BETWEEN :since AND :until ORDER BY received_at DESC LIMIT :few) AS near
) AS found
""")

OVER = ENDED - {CaseStatus.DUPLICATE}
"""Nothing can be joined to what is over; a joined case goes on in another one."""

_lock = Lock()
_known: tuple[datetime, Shares] | None = None


@dataclass(frozen=True)
class Matter:
    """What somebody asks for: what is compared with the cases there are."""

    title: str
    text: str
    topic: Topic
    area_id: int
    at: datetime
    point: Point | None = None
    case_id: int = 0
    """The case itself, which is not like itself; 0: it is not sent yet."""
    phone_index: bytes | None = None
    """Only where staff asks: to others it would say that somebody with this number had written."""


@dataclass(frozen=True)
class Like:
    """A case about the same matter; where it was joined to another one, that one stands for it."""

    case: Case
    how: How
    likeness: float


class _Sure(NamedTuple):
    """How sure it is that a case is about the same: the smaller, the surer."""

    is_over: bool
    how: int
    unlike: float


def shares(session: Session) -> Shares:
    """Return in which share of texts pairs of signs stand, read once by each process for each day's learning."""
    return shares_at(session, session.scalar(sa.select(col(WordShares.learnt_at))))


def shares_at(session: Session, learnt_at: datetime | None) -> Shares:
    """Return the shares, for a caller that has just read with something else when they were learnt."""
    global _known  # noqa: PLW0603  # One version a process; replaced whole, never changed.
    if learnt_at is None:
        return NOTHING_LEARNT
    known = _known
    if known is None or known[0] != learnt_at:
        with _lock:
            row = session.execute(sa.select(col(WordShares.shares), col(WordShares.cases))).one()
            known = _known = (learnt_at, shares_from(row.shares, row.cases))
    return known[1]


def matter_of(case: Case, known: Directory) -> Matter:
    """Return what a case is about, as staff compare it."""
    return Matter(
        title=case.title,
        text=case.text,
        topic=known.topics_by_id[case.category_id],
        area_id=case.area_id,
        at=case.received_at,
        point=point_of(case),
        case_id=case.id or 0,
        phone_index=case.phone_index,
    )


def point_of(case: Case | sa.Row[Any]) -> Point | None:
    """Return where a case is, if its place is known to the metre."""
    return Point(case.lat, case.lon) if case.lat is not None and case.lon is not None else None


def alike(session: Session, known: Directory, what: Matter, *, most: int) -> list[Like]:
    """Return the cases about the same matter, the surest first, ended ones too; those withdrawn say nothing any more.

    1. the traces of the areas and squares around, within the time of the topic; 2. how like their words are; 3. the
    most alike are read whole, and the rule decides with topic, distance and resident.
    """
    around = _around(session, known, what)
    weights = shares_at(session, around.learnt_at).weights
    found: dict[int, float] = {}
    if around.ids:
        alike_to = likenesses(trace(what.title, what.text, weights), as_traces(around.words), weights)
        found = dict(zip(around.ids, alike_to.tolist(), strict=True))
    best = sorted((i for i in found if found[i] >= LEAST_LIKENESS), key=lambda i: -found[i])[:MOST_WEIGHED]
    judged: dict[int, _Sure] = {}
    for facts in _facts(session, {*best, *_of_resident(session, what)} - {what.case_id}):
        likeness = found.get(facts.id, 0.0)
        how = how_alike(_compared(facts, known, what, likeness))
        lead = facts.duplicate_of_id or facts.id
        if how is not None and lead != what.case_id:
            sure = _Sure(facts.status in OVER, list(How).index(how), -likeness)
            judged[lead] = min(judged.get(lead, sure), sure)
    surest = dict(sorted(judged.items(), key=lambda one: (one[1], one[0]))[: 2 * most])
    leads = {case.id or 0: case for case in _cases(session, surest)}
    likes = [Like(leads[i], list(How)[sure.how], -sure.unlike) for i, sure in surest.items() if i in leads]
    return sorted(likes, key=lambda one: one.case.status in OVER)[:most]


def compare(session: Session, known: Directory, what: Matter, case: Case) -> Compared:
    """Return what a matter and a case have in common, however far apart they are."""
    weights = shares(session).weights
    one, other = trace(what.title, what.text, weights), trace(case.title, case.text, weights)
    return _compared(case, known, what, float(likenesses(one, other, weights)[0]))


def _around(session: Session, known: Directory, what: Matter) -> sa.Row[Any]:
    areas, span = areas_around(known.areas, what.area_id), WITHIN[what.topic.grade]
    values = {
        "areas": areas,
        "cells": cells_around(what.point) if what.point else [],
        "since": what.at - span,
        "until": what.at + span,
        "most": max(LEAST_READ, MOST_READ // len(areas)),
        "few": LEAST_READ,
    }
    return session.execute(NEAR, values).one()


def _of_resident(session: Session, what: Matter) -> Collection[int]:
    if what.phone_index is None:
        return []
    span = WITHIN[what.topic.grade]
    mine = sa.select(col(Case.id)).where(
        col(Case.phone_index) == what.phone_index,
        col(Case.category_id) == what.topic.id,
        col(Case.area_id) == what.area_id,
        col(Case.received_at).between(what.at - span, what.at + span),
    )
    return [case_id for case_id in session.scalars(mine.limit(MOST_WEIGHED)) if case_id is not None]


def _facts(session: Session, ids: Collection[int]) -> Sequence[sa.Row[Any]]:
    """Return what the rule asks of cases, without reading them whole."""
    if not ids:
        return []
    wanted = (Case.id, Case.status, Case.category_id, Case.lat, Case.lon, Case.phone_index, Case.duplicate_of_id)
    there = sa.select(*(col(one) for one in wanted)).where(col(Case.id).in_(ids))
    return session.execute(there.where(col(Case.status) != CaseStatus.WITHDRAWN)).all()


def _cases(session: Session, ids: Collection[int]) -> Sequence[Case]:
    if not ids:
        return []
    return session.exec(select(Case).where(col(Case.id).in_(ids))).all()


def _compared(case: Case | sa.Row[Any], known: Directory, what: Matter, likeness: float) -> Compared:
    topic, there = known.topics_by_id[case.category_id], point_of(case)
    group = known.catalogue.path(topic.code)[-1] == known.catalogue.path(what.topic.code)[-1]
    same = what.phone_index is not None and case.phone_index == what.phone_index
    metres = metres_between(what.point, there) if what.point and there else None
    return Compared(likeness, topic.code == what.topic.code, group, metres, same)
