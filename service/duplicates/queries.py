"""Which cases, close in place and time, are about the same matter as this one?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.rules import ENDED, CaseStatus
from service.cases.tables import Case
from service.categories.rules import Topic
from service.duplicates.rules import (
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
from service.duplicates.words import NOTHING_LEARNT, Shares, Trace, as_traces, likenesses, shares_from, trace
from service.routing.directory import Directory

MOST_READ = 4_000
"""So many of the newest cases of the areas around are compared: it bounds what one look may cost."""
LEAST_READ = 200
"""Of each of many areas at least so many."""
MOST_WEIGHED = 40
"""So many of the most alike are read whole."""

NEAR = sa.text("""
SELECT array_agg(case_id), string_agg(words, ''::bytea) FROM (
  SELECT near.case_id, near.words FROM unnest(CAST(:areas AS bigint[])) AS here(id), LATERAL (
    SELECT case_id, words FROM case_traces
    WHERE area_id = here.id AND received_at BETWEEN :since AND :until ORDER BY received_at DESC LIMIT :most) AS near
  UNION
  SELECT near.case_id, near.words FROM unnest(CAST(:cells AS bigint[])) AS here(id), LATERAL (
    SELECT case_id, words FROM case_traces
    WHERE cell = here.id AND received_at BETWEEN :since AND :until ORDER BY received_at DESC LIMIT :most) AS near
) AS found
""")

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


def shares(session: Session) -> Shares:
    """Return in which share of texts pairs of signs stand, read once by each process for each day's learning."""
    global _known  # noqa: PLW0603  # One version a process; replaced whole, never changed.
    learnt_at = session.scalar(sa.select(col(WordShares.learnt_at)))
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


def point_of(case: Case) -> Point | None:
    """Return where a case is, if its place is known to the metre."""
    return Point(case.lat, case.lon) if case.lat is not None and case.lon is not None else None


def alike(session: Session, known: Directory, what: Matter, *, most: int) -> list[Like]:
    """Return the cases about the same matter, the surest first, ended ones too; those withdrawn say nothing any more.

    1. the traces of the areas and squares around, within the time of the topic; 2. how like their words are; 3. the
    most alike are read whole, and the rule decides with topic, distance and resident.
    """
    weights = shares(session).weights
    asked = trace(what.title, what.text, weights)
    ids, traces = _around(session, known, what)
    found = dict(zip(ids, likenesses(asked, traces, weights).tolist(), strict=True)) if ids else {}
    best = sorted((i for i in found if i != what.case_id), key=lambda i: -found[i])[:MOST_WEIGHED]
    wanted = {*best, *_of_resident(session, what)} - {what.case_id}
    weighed = [
        one for case in _cases(session, wanted) if (one := _judged(case, known, what, found.get(case.id or 0, 0)))
    ]
    return _once(session, weighed, what.case_id)[:most]


def compare(session: Session, known: Directory, what: Matter, case: Case) -> Compared:
    """Return what a matter and a case have in common, however far apart they are."""
    weights = shares(session).weights
    one, other = trace(what.title, what.text, weights), trace(case.title, case.text, weights)
    return _compared(case, known, what, float(likenesses(one, other, weights)[0]))


def _around(session: Session, known: Directory, what: Matter) -> tuple[list[int], Trace]:
    areas, span = areas_around(known.areas, what.area_id), WITHIN[what.topic.grade]
    values = {
        "areas": areas,
        "cells": cells_around(what.point) if what.point else [],
        "since": what.at - span,
        "until": what.at + span,
        "most": max(LEAST_READ, MOST_READ // len(areas)),
    }
    ids, words = session.execute(NEAR, values).one()
    return (list(ids), as_traces(words)) if ids else ([], np.zeros((0, 1), np.uint32))


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


def _cases(session: Session, ids: Collection[int]) -> Sequence[Case]:
    if not ids:
        return []
    return session.exec(select(Case).where(col(Case.id).in_(ids), Case.status != CaseStatus.WITHDRAWN)).all()


def _judged(case: Case, known: Directory, what: Matter, likeness: float) -> Like | None:
    how = how_alike(_compared(case, known, what, likeness))
    return Like(case, how, likeness) if how is not None else None


def _compared(case: Case, known: Directory, what: Matter, likeness: float) -> Compared:
    topic, there = known.topics_by_id[case.category_id], point_of(case)
    group = known.catalogue.path(topic.code)[-1] == known.catalogue.path(what.topic.code)[-1]
    same = what.phone_index is not None and case.phone_index == what.phone_index
    metres = metres_between(what.point, there) if what.point and there else None
    return Compared(likeness, topic.code == what.topic.code, group, metres, same)


def _once(session: Session, found: Sequence[Like], own_id: int) -> list[Like]:
    """Return each matter once: a joined case is stood for by the one it was joined to."""
    above = {one.case.duplicate_of_id for one in found if one.case.duplicate_of_id is not None}
    leads = {case.id: case for case in _cases(session, {i for i in above if i is not None})}
    once: dict[int, Like] = {}
    for one in sorted(found, key=_surest):
        lead = leads.get(one.case.duplicate_of_id, one.case)
        if lead.id not in (None, own_id) and lead.status is not CaseStatus.DUPLICATE:
            once.setdefault(lead.id or 0, Like(lead, one.how, one.likeness))
    return sorted(once.values(), key=_surest)


def _surest(one: Like) -> tuple[bool, int, float, int]:
    return (one.case.status in ENDED, list(How).index(one.how), -one.likeness, one.case.id or 0)
