"""Is this installation well? Each check says what it found and, when that is not good, what to do."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import redis
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from service.clocks.queries import current_book, unregistered
from service.database import get_engine, transaction
from service.migrations.run import is_current
from service.settings import SettingsInvalidError, get_settings
from service.web.deps import real_now
from sla_policies.documents import DocumentInvalidError
from sla_policies.policy import PolicyBook

ROOM_WANTED = 1_000_000_000
"""Bytes; below this the doctor warns."""
ROOM_NEEDED = 100_000_000
"""Bytes; below this PostgreSQL is about to stop."""
SKEW_MOST = timedelta(seconds=2)
BROKER_WITHIN = 3.0


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


def room(folder: Path) -> Finding:
    """Is there room on the disk of the data folder?"""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as why:
        return Finding("disk", Verdict.WARN, f"{folder}: {why.strerror}", "Set JIBAN_DATA_DIR to the data folder.")
    verdict = Verdict.OK if free >= ROOM_WANTED else Verdict.WARN if free >= ROOM_NEEDED else Verdict.FAIL
    mend = "" if verdict is Verdict.OK else "Make room."
    return Finding("disk", verdict, f"{free / 1e9:.1f} GB free in {folder}", mend)
