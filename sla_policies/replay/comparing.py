"""Is what the engine says what a case expects?"""

from collections.abc import Mapping, Set
from datetime import date, datetime
from typing import Any

from sla_policies.replay.cases import day, moment

TOLERANCE = 1e-5
"""Minutes: cases round to a millionth of one."""


def agrees(expected: Any, got: Any) -> bool:  # noqa: ANN401  # Values of JSON.
    """Does what was got have everything that is expected? What was not asked for is not compared."""
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping) and all(
            key in got and agrees(value, got[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(got, list) and len(got) == len(expected) and all(map(agrees, _sorted(expected), got))
    if isinstance(expected, str) and isinstance(got, date):
        return _same_time(expected, got)
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, (int, float)) and isinstance(got, (int, float)):
        return abs(expected - got) < TOLERANCE
    return expected in got if isinstance(got, Set) else bool(expected == got)


def plain(got: Any) -> Any:  # noqa: ANN401  # Values of JSON.
    """Return what the engine said as values of JSON."""
    if isinstance(got, Mapping):
        return {key: plain(value) for key, value in got.items()}
    if isinstance(got, (list, Set)):
        return [plain(value) for value in (sorted(got) if isinstance(got, Set) else got)]
    return got.isoformat() if isinstance(got, date) else got


def asked(expected: Any, got: Any) -> Any:  # noqa: ANN401  # Values of JSON.
    """Return the part of what was got that a case asks about, as values of JSON."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping) and "why" not in got:
        return {key: asked(value, got[key]) for key, value in expected.items() if key in got}
    return plain(got)


def _same_time(expected: str, got: date) -> bool:
    try:
        return moment(expected) == got if isinstance(got, datetime) else day(expected) == got
    except (ValueError, TypeError):
        return False


def _sorted(days: list[Any]) -> list[Any]:
    """Return days in order of time: a case lists them as the notice names them."""
    return sorted(days, key=lambda one: str(one.get("date", "")) if isinstance(one, Mapping) else "")
