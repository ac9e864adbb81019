"""Which roles are there, what are duties and absences, who stands in for whom, and is a password good enough?"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from service.errors import InvalidFieldsError, ServiceError

SESSION_LASTS = timedelta(hours=12)
"""A sign-in ends this long after it began, whatever happens."""
SESSION_MAY_IDLE = timedelta(hours=2)
"""A sign-in ends this long after its last request."""
SIGN_IN_WINDOW = timedelta(minutes=15)
FAILURES_AT_AN_ADDRESS = 5
"""Wrong passwords for one login from one address: a stranger elsewhere does not lock its owner out."""
FAILURES_PER_LOGIN = 50
"""From all addresses together: whoever guesses from many places is held up as well."""
FAILURES_PER_ADDRESS = 20
"""For all logins together: whoever tries one password on many people is held up as well."""
PASSWORD_LEAST = 10
PASSWORD_MOST = 128
LEAST_VARIETY = 5
DEMO_PASSWORD = "wanhu-dengliang-24"  # noqa: S105  # 万户灯亮; shown on the sign-in page of a demo, no secret.
NAME_MOST = 60
CAPACITY_MOST = 500
NOT_IN_HISTORY = frozenset({"name", "name_en", "phone", "email"})
"""Of these the history says only that they changed: what is appended there stays for ever."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_EMAIL = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;]+\.[^@\s<>,;.]+")


class Role(StrEnum):
    """What somebody is here, from the street up: 网格员/社工, 书记/主任, 分派席, 街道督办, 区级, 管理员."""

    WORKER = "worker"
    HEAD = "head"
    TRIAGE = "triage"
    SUPERVISOR = "supervisor"
    DISTRICT = "district"
    ADMIN = "admin"


RANK: Mapping[Role, int] = {role: rank for rank, role in enumerate(Role)}
"""The order in which a case climbs; a higher number hears later. ADMIN stands outside the ladder."""

PLAN_BELOW = frozenset({Role.HEAD, Role.DISTRICT})
"""Who plans the rosters of those below them without appointing them."""


class WrongSignInError(ServiceError):
    """The login is unknown, the password is wrong or the person has left: all three look the same."""

    status, code = 403, "wrong-sign-in"
    sentence = "This name and password do not belong together. Please check both."


class LoginTakenError(InvalidFieldsError):
    """Somebody else has the login."""

    status, code = 422, "login-taken"
    sentence = "Somebody else signs in with this name. Please choose another."

    def __init__(self) -> None:
        super().__init__({"login": self.sentence})


class PasswordTooWeakError(InvalidFieldsError):
    """The password breaks a rule; `fields["password"]` says which."""

    status, code = 422, "password-too-weak"
    sentence = "This password is too easy to guess. Please choose another."


class StillHoldsCasesError(InvalidFieldsError):
    """Somebody who holds open cases cannot leave: nobody would have them."""

    status, code = 422, "still-holds-cases"
    sentence = "Open cases that this person still holds: {count}. Please give them to others first."

    def __init__(self, count: int) -> None:
        super().__init__({"is_active": self.sentence}, count=count)


class OwnRoleError(InvalidFieldsError):
    """Nobody takes their own role or access away: an installation could be left without an administrator."""

    status, code = 422, "own-role"
    sentence = "You cannot take away your own access. Please ask another administrator."

    def __init__(self, field: str) -> None:
        super().__init__({field: self.sentence})


class DutyDays(StrEnum):
    """On which of its weekdays a weekly duty is done."""

    EVERY = "every"
    """On all of them, public holidays too: night desks, shifts."""
    WORKDAYS = "workdays"
    """Not on public holidays; on made-up workdays (调休) those of Monday."""
    HOLIDAYS = "holidays"
    """Only on public holidays."""


class AbsenceKind(StrEnum):
    """Why somebody is away: 休假, 病假, 培训, 其他."""

    LEAVE = "leave"
    SICK = "sick"
    TRAINING = "training"
    OTHER = "other"


@dataclass(frozen=True)
class DutyHours:
    """One weekly duty, in wall-clock time of the installation. `ends <= starts` means across midnight."""

    weekday: int
    """Monday is 0; the day on which the duty starts."""
    starts: time
    ends: time
    days: DutyDays = DutyDays.EVERY


@dataclass(frozen=True)
class Away:
    """Somebody is away from `starts_at` until just before `ends_at`; `substitute_id` stands in."""

    starts_at: datetime
    ends_at: datetime
    substitute_id: int | None = None

    def covers(self, at: datetime) -> bool:
        """Is the person away at that moment?"""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True)
class PersonDetails:
    """What is written down about somebody, beside their login and password. `phone` is in plain text here."""

    name: str
    role: Role
    area_id: int
    name_en: str = ""
    phone: str = ""
    email: str | None = None
    language: str = "zh"
    capacity: int = 20
    is_active: bool = True


def stand_in(person_id: int, absences: Mapping[int, Iterable[Away]], at: datetime) -> int | None:
    """Return who acts for somebody at `at`: themselves, their substitute, or the substitute's substitute.

    None when the chain ends in somebody without a substitute, or runs in a circle.
    """
    seen: set[int] = set()
    current: int | None = person_id
    while current is not None and current not in seen:
        away = [a for a in absences.get(current, ()) if a.covers(at)]
        if not away:
            return current
        seen.add(current)
        current = next((a.substitute_id for a in away if a.substitute_id is not None), None)
    return None


def outranks(one: Role, other: Role) -> bool:
    """Does `one` stand above `other` on the ladder?"""
    return RANK[one] > RANK[other]


def may_appoint(by: Role, role: Role) -> bool:
    """May `by` add or change people of this role? Administrators all, supervisors those below them."""
    return by is Role.ADMIN or (by is Role.SUPERVISOR and outranks(by, role))


def may_plan(by: Role, role: Role) -> bool:
    """May `by` write the rosters of people of this role? Whoever leads does so for those below them."""
    return may_appoint(by, role) or (by in PLAN_BELOW and outranks(by, role))


def check_password(password: str, *, login: str) -> None:
    """Accept a password that is long enough, has some variety and does not hold the login.

    Length instead of character classes, as NIST SP 800-63B asks. Errors: PasswordTooWeakError.
    """
    fault = _password_fault(password, login)
    if fault is not None:
        raise PasswordTooWeakError({"password": fault}, least=PASSWORD_LEAST, most=PASSWORD_MOST)


def _password_fault(password: str, login: str) -> str | None:
    if len(password) < PASSWORD_LEAST:
        return "A password needs at least {least} characters."
    if len(password) > PASSWORD_MOST:
        return "A password has at most {most} characters."
    if login and login.casefold() in password.casefold():
        return "A password must not contain the sign-in name."
    if len(set(password)) < LEAST_VARIETY or _is_a_run(password):
        return "A password needs more different characters, not a row of them."
    return None


def _is_a_run(text: str) -> bool:
    """Is the text one row of neighbours, as 1234567890 or jihgfedcba?"""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return len(steps - {-9, 9}) <= 1 and steps <= {-9, -1, 0, 1, 9}


def check_details(details: PersonDetails, *, login: str) -> None:
    """Accept details that can be stored. Errors: InvalidFieldsError, naming each field."""
    rules = {
        "login": (
            _LOGIN.fullmatch(login) is not None,
            "A sign-in name has small letters, digits, dots and hyphens, and at least two of them.",
        ),
        "name": (0 < len(details.name.strip()) <= NAME_MOST, "Please give a name of at most 60 characters."),
        "name_en": (len(details.name_en) <= NAME_MOST, "Please give a name of at most 60 characters."),
        "email": (
            not details.email or _EMAIL.fullmatch(details.email) is not None,
            "This is not a mail address.",
        ),
        "language": (details.language in ("zh", "en"), "Please choose one of the answers offered."),
        "capacity": (0 <= details.capacity <= CAPACITY_MOST, "Please give a number from 0 to 500."),
    }
    wrong = {field: sentence for field, (is_right, sentence) in rules.items() if not is_right}
    if wrong:
        raise InvalidFieldsError(wrong)


def tidy_login(login: str) -> str:
    """Return a login as it is stored and compared: without surrounding space, in small letters."""
    return login.strip().lower()
