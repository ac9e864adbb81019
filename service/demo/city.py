"""How does a database look after years in a city? A month is lived through the product, and then cast a million times.

Every cast is a case that was lived, at another time: its clocks, its history, its notices and everything else are
those of the lived one, so that the making can break no invariant. Ended ones lie anywhere in the past. Open ones are
as old as they can be without something having fallen due that nobody did.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from service.areas.tables import Area
from service.audit.tables import AuditEntry
from service.cases.numbers import case_number
from service.cases.queries import within
from service.cases.rules import ENDED
from service.cases.tables import SERIAL, Case, CaseDay
from service.demo import settle
from service.demo.arrivals import DAY, moments_of
from service.demo.casts import AUDIT, NULL, Mould
from service.demo.filling import Batch, copy_all, without_indexes
from service.demo.moulds import PARTS, columns_of, moulds_of
from service.demo.residents import Pool, pool
from service.demo.shelves import Plan, live_a_while, planned
from service.demo.town import COUNTY_CODE
from service.secrecy import token_hash

SEED = 20260101
TRACKING_CODE = "CTYCASE234"
"""Every cast has the same one: nobody holds a receipt."""
MOST_MOULDS = 700
A_BATCH = 2_000
ABOUT = 0.0004
"""Degrees, about 40 m: casts of one case lie so near each other."""
REBUILD_FROM = 30_000
"""From so many cases on, indexes are built again at the end."""
WITH_PARTS: tuple[type[SQLModel], ...] = (Case, *PARTS)
TABLES: tuple[type[SQLModel], ...] = (*WITH_PARTS, AuditEntry)
TARGETS = {table: f"{table.__tablename__} ({', '.join(columns_of(table))})" for table in WITH_PARTS}
HISTORY = f"audit_entries ({', '.join(AUDIT)})"
TIMES = [f"T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}" for n in range(DAY)]
WORKLOADS = f"""
INSERT INTO workloads (person_id, open_cases, last_assigned_at)
SELECT assignee_id, count(*) FILTER (WHERE status NOT IN ({", ".join(f"'{one}'" for one in sorted(ENDED))})), max(received_at)
FROM cases WHERE assignee_id IS NOT NULL GROUP BY assignee_id
ON CONFLICT (person_id) DO UPDATE SET open_cases = excluded.open_cases, last_assigned_at = excluded.last_assigned_at
"""  # noqa: E501, S608  # Our own names only.


@dataclass(frozen=True)
class City:
    """What was written."""

    cases: int
    open: int
    days: int


def real_cases(session: Session) -> int:
    """Return how many cases there are that do not lie in the invented county."""
    county = sa.select(col(Area.id)).where(col(Area.code) == COUNTY_CODE).scalar_subquery()
    invented = sa.select(col(Area.id)).where(col(Area.path).like(sa.func.concat("%/", county, "/%")))
    return session.scalar(sa.select(sa.func.count()).select_from(Case).where(col(Case.area_id).not_in(invented))) or 0


def seed_city(session: Session, cases: int, now: datetime, *, open_cases: int, seed: int = SEED) -> City:
    """Write so many cases, the newest a moment before `now`, in the caller's transaction.

    1. the county and its people, and a month of its cases, unless they are there; 2. the moulds; 3. what is cast when;
    4. every row by COPY, indexes and foreign keys built again over all of them; 5. what each person holds.
    """
    dice = random.Random(seed)  # noqa: S311  # An invented city, always the same one.
    if (built := settle(session, now)) is not None:
        live_a_while(session, *built, now, dice, cases=cases)
    moulds = moulds_of(session, _lived(session))
    plan = planned(moulds, cases, open_cases, now, dice)
    begun = _Begun(session, plan)
    people = pool(cases, [mould.text for mould in moulds if mould.is_chinese], dice)

    with without_indexes(session, TABLES) if cases >= REBUILD_FROM else nullcontext():
        copy_all(session, _batches(plan, begun, people, dice))
    session.execute(sa.text(WORKLOADS))
    return City(cases, plan.open, len(plan.days))


def _lived(session: Session) -> list[int]:
    """Return the first cases of the county: those that were lived."""
    county = session.exec(select(Area.id).where(Area.code == COUNTY_CODE)).one() or 0
    first = sa.select(col(Case.id)).where(col(Case.area_id).in_(within(county))).order_by(col(Case.id))
    return [case_id for case_id in session.scalars(first.limit(MOST_MOULDS)) if case_id is not None]


class _Begun:
    """The numbers and ids that are kept for the casts, and the days whose numbering begins."""

    def __init__(self, session: Session, plan: Plan) -> None:
        count = sum(plan.count(day) for day in plan.days)
        clocks = max(mould.clocks for mould in (*plan.ended.moulds, *(m for s in plan.standing.values() for _, m in s)))
        self.case = self._kept(session, "cases_id_seq", count)
        self.clock = self._kept(session, "clocks_id_seq", count * clocks)
        serial = self._kept(session, SERIAL.name, count)
        begun = dict(session.execute(sa.select(col(CaseDay.day), col(CaseDay.first))).all())
        self.serials: dict[int, int] = {}
        # The youngest first: their numbers are the ones that are read.
        for day in reversed(plan.days):
            name = day.day.isoformat()
            if name not in begun:
                begun[name] = serial
                session.add(CaseDay(day=name, first=serial))
            self.serials[day.midnight] = serial - begun[name] + 1
            serial += plan.count(day)
        session.flush()

    @staticmethod
    def _kept(session: Session, sequence: str, count: int) -> int:
        """Return the first of so many values that nobody else gets."""
        drawn = sa.text("SELECT setval(CAST(:name AS regclass), nextval(CAST(:name AS regclass)) + :count)")
        return int(session.scalar(drawn, {"name": sequence, "count": count}) or 0) - count


def _batches(plan: Plan, begun: _Begun, people: Pool, dice: random.Random) -> Iterator[Batch]:
    caster = _Caster(begun, people, dice)
    for day in plan.days:
        arrivals = [(at, plan.ended.drawn(dice, plan.until - at)) for at in moments_of(day, plan.latest, dice)]
        arrivals += plan.standing.get(day.midnight, [])
        arrivals.sort(key=lambda pair: pair[0])
        for nth, (received, mould) in enumerate(arrivals):
            caster.cast(mould, received, case_number(day.day, begun.serials[day.midnight] + nth))
            if caster.count >= A_BATCH:
                yield caster.taken()
    yield caster.taken()


class _Caster:
    """Fills moulds in, and keeps the rows until they are taken."""

    def __init__(self, begun: _Begun, people: Pool, dice: random.Random) -> None:
        self.case, self.clock, self.people, self.dice = begun.case, begun.clock, people, dice
        self.code = rf"\\x{token_hash(TRACKING_CODE).hex()}"
        self.count = 0
        self.rows: dict[str, list[str]] = defaultdict(list)

    def cast(self, mould: Mould, received: int, number: str) -> None:
        """Cast a case that came in at this second."""
        case_id, clocks = self.case, range(self.clock, self.clock + mould.clocks)
        moments = [DAYS[(received + after) // DAY] + TIMES[(received + after) % DAY] for after in mould.moments]
        values = [number, case_id, *clocks, *moments, *(DAYS[(received + after) // DAY] for after in mould.dates)]
        contact, phone = self.people.contact(self.dice) if mould.is_reachable else (NULL, NULL)
        text = self.people.lengthened(mould.text, self.dice) if mould.is_chinese else mould.text
        lat, lon = self._near(mould.point)
        rows = self.rows
        rows[TARGETS[Case]].append(
            f"{case_id}\t{number}\t{self.code}\t{text}\t{contact}\t{phone}\t{lat}\t{lon}\t{mould.rest.filled(values)}\n"
        )
        for table, part in mould.parts:
            rows[TARGETS[table]].append(part.filled(values))
        rows[HISTORY].append(mould.history(values))
        self.case, self.clock, self.count = case_id + 1, clocks.stop, self.count + 1

    def taken(self) -> Batch:
        """Return what was cast since the last time."""
        batch = {target: "".join(self.rows[target]) for target in (*TARGETS.values(), HISTORY)}
        self.rows, self.count = defaultdict(list), 0
        return batch

    def _near(self, point: tuple[float, float] | None) -> tuple[str, str]:
        if point is None:
            return NULL, NULL
        lat, lon = (place + (self.dice.random() - 0.5) * ABOUT for place in point)
        return f"{lat:.6f}", f"{lon:.6f}"


class _Days(dict[int, str]):
    """Days since 1970 as '2026-11-23', each made once."""

    def __missing__(self, day: int) -> str:
        self[day] = name = (date(1970, 1, 1) + timedelta(days=day)).isoformat()
        return name


DAYS = _Days()
