"""What stands in one line of a file of cases?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Values = Mapping[str, Any]
BASE = "base"
LONGEST_LINE = 1_000_000


class CaseBrokenError(ValueError):
    """A line is no case, or its case lacks something or says it in words that are not known."""


@dataclass(frozen=True)
class Case:
    """One recorded case."""

    id: str
    kind: str
    calendar: Values
    input: Values
    expected: Values
    verdict: str = BASE
    """`base`, or the name of another system's meaning."""


def read_case(line: str | bytes) -> Case:
    """Read a line. Errors: CaseBrokenError."""
    if len(line) > LONGEST_LINE:
        raise CaseBrokenError("The line is longer than 1 MB.")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as why:
        raise CaseBrokenError(f"This is no JSON: {why}.") from why
    if not isinstance(value, dict):
        raise CaseBrokenError("A case is an object with id, kind, calendar, input and expected.")
    for key, kind in (("id", str), ("kind", str), ("calendar", dict), ("input", dict), ("expected", dict)):
        if not isinstance(value.get(key), kind):
            raise CaseBrokenError(f"“{key}” is missing, or no {'text' if kind is str else 'object'}.")
    verdict = str(value.get("verdict", BASE))
    return Case(value["id"], value["kind"], value["calendar"], value["input"], value["expected"], verdict)


def moment(text: str) -> datetime:
    """Return a time of a case. Errors: ValueError."""
    return datetime.fromisoformat(text)


def day(text: str) -> date:
    """Return a date of a case. Errors: ValueError."""
    return date.fromisoformat(text)


def whole(number: float) -> int:
    """Return minutes of a budget. Errors: CaseBrokenError for parts of a minute, which no policy can write."""
    if number != int(number):
        raise CaseBrokenError(f"A budget of {number} minutes cannot be written in a policy.")
    return int(number)
