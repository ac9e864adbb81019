from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.accounts.rules import (
    Away,
    DutyHours,
    PasswordTooWeakError,
    Role,
    check_password,
    outranks,
    stand_in,
)
from service.rosters.rules import ORDINARY, Roster, is_on_duty

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY_SHIFT = [DutyHours(weekday, time(8, 30), time(17, 30)) for weekday in range(5)]
FRIDAY_NIGHT = [DutyHours(4, time(22), time(6))]
ALL_SUNDAY = [DutyHours(6, time(0), time(0))]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("duties", "moment", "expected"),
    [
        (DAY_SHIFT, "2026-11-23T08:29:59", False),  # Monday, a second early
        (DAY_SHIFT, "2026-11-23T08:30", True),  # Monday, the first moment
        (DAY_SHIFT, "2026-11-23T17:29:59", True),  # Monday, the last second
        (DAY_SHIFT, "2026-11-23T17:30", False),  # Monday, over
        (DAY_SHIFT, "2026-11-28T10:00", False),  # Saturday
        (FRIDAY_NIGHT, "2026-11-27T21:59", False),  # Friday evening, not yet
        (FRIDAY_NIGHT, "2026-11-27T22:00", True),  # Friday night
        (FRIDAY_NIGHT, "2026-11-28T05:59", True),  # Saturday, still Friday's night
        (FRIDAY_NIGHT, "2026-11-28T06:00", False),  # Saturday, over
        (FRIDAY_NIGHT, "2026-11-27T03:00", False),  # Friday, before dawn: Thursday's night, which nobody has
        (ALL_SUNDAY, "2026-11-28T23:59", False),  # Saturday
        (ALL_SUNDAY, "2026-11-29T00:00", True),  # Sunday, the first moment
        (ALL_SUNDAY, "2026-11-29T23:59", True),  # Sunday, the last minute
        (ALL_SUNDAY, "2026-11-30T00:00", False),  # Monday
        ([], "2026-11-23T10:00", False),  # no duties at all
    ],
)
def test_duty_runs_from_its_first_moment_to_just_before_its_end(
    duties: list[DutyHours], moment: str, expected: bool
) -> None:
    assert is_on_duty(Roster(tuple(duties)), at(moment), ORDINARY, SHANGHAI) is expected
    assert is_on_duty(Roster(tuple(duties)), at(moment).astimezone(UTC), ORDINARY, SHANGHAI) is expected


def test_nobody_is_on_duty_while_away() -> None:
    roster = Roster(tuple(DAY_SHIFT), absences=(Away(at("2026-11-23T10:00"), at("2026-11-23T12:00")),))

    assert is_on_duty(roster, at("2026-11-23T09:59"), ORDINARY, SHANGHAI)
    assert not is_on_duty(roster, at("2026-11-23T10:00"), ORDINARY, SHANGHAI)
    assert is_on_duty(roster, at("2026-11-23T12:00"), ORDINARY, SHANGHAI)


NOON = at("2026-11-23T12:00")


def away_today(substitute_id: int | None) -> list[Away]:
    return [Away(NOON - timedelta(hours=1), NOON + timedelta(hours=1), substitute_id)]


@pytest.mark.parametrize(
    ("absences", "expected"),
    [
        ({}, 1),
        ({1: away_today(2)}, 2),
        ({1: away_today(2), 2: away_today(3)}, 3),
        ({1: away_today(None)}, None),
        ({1: away_today(2), 2: away_today(None)}, None),
        ({1: away_today(2), 2: away_today(1)}, None),
        ({1: away_today(None) + away_today(4)}, 4),
    ],
)
def test_the_chain_of_substitutes_is_followed_to_somebody_present(
    absences: dict[int, list[Away]], expected: int | None
) -> None:
    assert stand_in(1, absences, NOON) == expected


def test_the_ladder_has_an_order() -> None:
    assert outranks(Role.SUPERVISOR, Role.HEAD)
    assert not outranks(Role.WORKER, Role.WORKER)


@pytest.mark.parametrize("password", ["correct horse", "九个字加上一个就够了", "a1-b2-c3-d4", "Tr0ub4dor&3!"])
def test_a_good_password_is_accepted(password: str) -> None:
    check_password(password, login="li.qiang")


@pytest.mark.parametrize(
    "password",
    ["", "ninechars", "aaaaaaaaaaaa", "abababababab", "abcdefghijkl", "9876543210", "my LI.QIANG pass"],
)
def test_a_password_that_is_easily_guessed_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeakError):
        check_password(password, login="li.qiang")
