"""Is this installation well? Each check says what it found and, when that is not good, what to do."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import redis
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service.clocks.queries import current_book, unregistered
from service.database import get_engine, transaction
from service.migrations.run import is_current
from service.rosters.coverage import Gap, alone, teams, uncovered
from service.rosters.desks import BY_DAY, holidays_ahead
from service.rosters.rules import ONE_DAY, day_span, shared
from service.routing.queries import public_holidays
from service.settings import SettingsInvalidError, get_settings
from service.timekeeping import ZONE, read_anchor, simulated
from service.web.deps import real_now
from sla_policies.documents import DocumentInvalidError
from sla_policies.policy import PolicyBook

ROOM_WANTED = 1_000_000_000
"""Bytes; below this the doctor warns."""
ROOM_NEEDED = 100_000_000
"""Bytes; below this PostgreSQL is about to stop."""
SKEW_MOST = timedelta(seconds=2)
BROKER_WITHIN = 3.0
MORNING = timedelta(hours=8)
"""The night ends this long after midnight."""
NAMED = 5
"""So many desks are named in one line."""


class Verdict(StrEnum):
    """How bad it is: only FAIL keeps the product from working."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to do about it."""

    subject: str
    verdict: Verdict
    found: str
    mend: str = ""

    def __str__(self) -> str:
        mend = f" — {self.mend}" if self.mend else ""
        return f"{self.verdict:<4}  {self.subject:<9}  {self.found}{mend}"


def examine() -> Iterator[Finding]:
    """Check the settings and, when they are good, everything they point at."""
    try:
        settings = get_settings()
    except SettingsInvalidError as why:
        yield Finding("settings", Verdict.FAIL, str(why), "Set these variables; docs/deploy.md explains them.")
        return
    yield Finding("settings", Verdict.OK, "complete")
    yield from database(get_engine())
    yield broker(settings.redis_url)
    yield from promises()
    yield dispatch()
    yield from people()
    yield room(settings.data_dir)


def database(engine: sa.Engine) -> Iterator[Finding]:
    """Can the database be reached, is it migrated, and does its clock agree with ours?"""
    try:
        with engine.connect() as connection:
            migrated = is_current(connection)
            before = real_now()
            theirs = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
            after = real_now()
    except SQLAlchemyError as why:
        cause = str(getattr(why, "orig", why)).strip().splitlines()[0]
        yield Finding("database", Verdict.FAIL, cause, "Is the server running, and JIBAN_DATABASE_URL right?")
        return
    yield Finding("database", Verdict.OK, "answers")
    if migrated:
        yield Finding("tables", Verdict.OK, "at the newest migration")
    else:
        yield Finding("tables", Verdict.FAIL, "not at the newest migration", "Run `jiban migrate`.")
    apart = max(before - theirs, theirs - after, timedelta())
    verdict = Verdict.OK if apart <= SKEW_MOST else Verdict.WARN
    mend = "" if verdict is Verdict.OK else "Set both clocks by NTP."
    yield Finding("clock", verdict, f"{apart.total_seconds():.1f} s apart from the database's", mend)


def broker(url: str) -> Finding:
    """Can the broker be reached?"""
    try:
        client = redis.Redis.from_url(url, socket_timeout=BROKER_WITHIN, socket_connect_timeout=BROKER_WITHIN)
        client.ping()
    except (redis.RedisError, ValueError) as why:
        mend = "Is it running, and JIBAN_REDIS_URL right? Meanwhile beat sweeps by itself."
        return Finding("broker", Verdict.FAIL, str(why), mend)
    return Finding("broker", Verdict.OK, "answers")


def promises() -> Iterator[Finding]:
    """Are the policies valid, and are the holidays of this year and the next known?"""
    try:
        book = current_book(real_now())
    except (DocumentInvalidError, OSError) as why:
        yield Finding("policies", Verdict.FAIL, str(why), "Run `jiban policies check`.")
        return
    yield Finding("policies", Verdict.OK, f"“{book.name}” version {book.version}, {len(book.policies)} policies")
    yield texts()
    yield calendars(book, real_now().year)


def texts() -> Finding:
    """Are the texts of all versions in the database, so that a promise can be pinned to them?"""
    try:
        with transaction() as session:
            missing = unregistered(session)
    except SQLAlchemyError:
        return Finding("promises", Verdict.FAIL, "their texts cannot be looked for", "See the database above.")
    if missing:
        found = f"version {', '.join(book.version for book in missing)} is not in the database: no case can be taken in"
        return Finding("promises", Verdict.FAIL, found, "Run `jiban migrate`.")
    return Finding("promises", Verdict.OK, "their texts are in the database")


def calendars(book: PolicyBook, year: int) -> Finding:
    """Do all calendars that know holidays know those of `year` and of the year after?"""
    missing = {
        year + ahead: sorted(
            name
            for name, calendar in book.calendars.items()
            if calendar.known_years is not None and year + ahead not in calendar.known_years
        )
        for ahead in (0, 1)
    }
    add = "Add the notice's days to sla_policies/calendars/."
    if missing[year]:
        return Finding("calendar", Verdict.FAIL, f"{year} is missing in {', '.join(missing[year])}", add)
    if missing[year + 1]:
        found = f"{year + 1} is missing in {', '.join(missing[year + 1])}"
        return Finding("calendar", Verdict.WARN, found, f"{add} It is published in autumn.")
    return Finding("calendar", Verdict.OK, f"{year} and {year + 1} are known")


def dispatch() -> Finding:
    """Has every category in every area at every hour somebody, by the table in force and the desks?"""
    from service.cli.dispatching import examined
    from service.cli.revising import now

    try:
        with transaction() as session:
            lines, is_whole = examined(session, now(session))
    except SQLAlchemyError:
        return Finding("dispatch", Verdict.FAIL, "the table cannot be read", "See the database above.")
    if is_whole and len(lines) == 1:
        return Finding("dispatch", Verdict.OK, lines[0])
    found = f"{lines[0]} {len(lines) - 1} things to look at"
    return Finding("dispatch", Verdict.OK if is_whole else Verdict.WARN, found, "Run `jiban routing coverage`.")


def people() -> Iterator[Finding]:
    """Is somebody at the duty desks tonight and on the next public holidays, and what hangs on one person?"""
    try:
        with transaction() as session:
            yield from duties(session, simulated(read_anchor(session), real_now()))
    except SQLAlchemyError:
        yield Finding("duties", Verdict.FAIL, "they cannot be looked for", "See the database above.")


def duties(session: Session, now: datetime) -> Iterator[Finding]:
    """Look at the rosters as they are at `now`."""
    found, days, today = teams(session), public_holidays(), now.astimezone(ZONE).date()
    if not found:
        yield Finding("tonight", Verdict.WARN, "nobody works here yet", "Add people at /admin/people.")
        return
    desks = [team for team in found if team.roles != BY_DAY]
    until = day_span(today + ONE_DAY, ZONE)[0] + MORNING
    gaps = [_from_to(gap) for gap in _overlapping(uncovered(session, desks, today, today + ONE_DAY, days), now, until)]
    yield _covered("tonight", gaps, f"somebody is at all {len(desks)} duty desks until {until:%a %H:%M}")
    holiday = holidays_ahead(days, today)
    if holiday:
        last = next((d for d in holiday if d + ONE_DAY not in days.off), holiday[-1])
        gaps = [_from_to(gap) for gap in uncovered(session, desks, holiday[0], last, days)]
        yield _covered("holidays", gaps, f"somebody is at all {len(desks)} duty desks from {holiday[0]} to {last}")
    single = [f"{team.place.name} ({team.people[0].name})" for team in alone(found)]
    if single:
        what = f"desks that hang on one person: {len(single)} ({_some(single)})"
        yield Finding("people", Verdict.WARN, what, "Add a colleague, or name who stands in before each absence.")
    else:
        yield Finding("people", Verdict.OK, f"each of the {len(found)} desks has at least two people")


def _covered(subject: str, gaps: list[str], good: str) -> Finding:
    if not gaps:
        return Finding(subject, Verdict.OK, good)
    return Finding(subject, Verdict.WARN, f"nobody is at {_some(gaps)}", "Add a shift at /admin/duties.")


def _overlapping(gaps: Iterable[Gap], since: datetime, until: datetime) -> list[Gap]:
    parts = ((gap.team, part) for gap in gaps for part in shared(gap.span, [(since, until)]))
    return [Gap(team, part) for team, part in parts]


def _from_to(gap: Gap) -> str:
    starts, ends = (moment.astimezone(ZONE) for moment in gap.span)
    return f"{gap.team.place.name} from {starts:%m-%d %H:%M} to {ends:%m-%d %H:%M}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def room(folder: Path) -> Finding:
    """Is there room on the disk of the data folder?"""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as why:
        return Finding("disk", Verdict.WARN, f"{folder}: {why.strerror}", "Set JIBAN_DATA_DIR to the data folder.")
    verdict = Verdict.OK if free >= ROOM_WANTED else Verdict.WARN if free >= ROOM_NEEDED else Verdict.FAIL
    mend = "" if verdict is Verdict.OK else "Make room."
    return Finding("disk", verdict, f"{free / 1e9:.1f} GB free in {folder}", mend)
