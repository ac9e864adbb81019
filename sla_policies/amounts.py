"""How is an amount of time, or the place of a step, written in a policy file?"""

import re

from sla_policies.escalation import Offset
from sla_policies.policy import Budget, TimeKind
from sla_policies.sentences import SaidError

MINUTES = {"m": 1, "min": 1, "h": 60, "d": 1_440}
MOST_MINUTES, MOST_DAYS = 1_440 * 1_000, 1_000
ELAPSED = re.compile(r"(\d{1,7}) ?(m|min|h|d)")
WORKING = re.compile(r"(\d{1,7}) working (minute|hour)s?")
WORKDAYS = re.compile(r"(\d{1,4}) workdays?(, same time)?")
PERCENT = re.compile(r"(\d{1,4}) ?%")
BUDGETS_ARE = "Write 30m, 2h or 7d (day and night), 90 working minutes, 4 working hours, or 5 workdays."
OFFSETS_ARE = "Write 80 %, due, before 2h, before 1 workday, after 30m or after 2 workdays."


def budget(text: str) -> Budget:
    """Return the budget that a text means. Errors: SaidError for none, for zero, and for more than 1,000 days."""
    if match := ELAPSED.fullmatch(text):
        found = Budget(int(match[1]) * MINUTES[match[2]], TimeKind.ELAPSED)
    elif match := WORKING.fullmatch(text):
        found = Budget(int(match[1]) * (60 if match[2] == "hour" else 1), TimeKind.WORKING)
    elif match := WORKDAYS.fullmatch(text):
        found = Budget(int(match[1]), TimeKind.WORKDAYS, same_time=bool(match[2]))
    else:
        raise SaidError("“{text}” is no amount of one kind of time.", text=text)
    if not 0 < found.amount <= (MOST_DAYS if found.kind is TimeKind.WORKDAYS else MOST_MINUTES):
        raise SaidError("“{text}” is nothing, or more than 1,000 days.", text=text)
    return found


def offset(text: str) -> Offset:
    """Return the place of a step that a text means. Errors: SaidError."""
    if text == "due":
        return Offset()
    if match := PERCENT.fullmatch(text):
        percent = int(match[1])
        if not 0 < percent <= 1_000:
            raise SaidError("“{text}” is not between 1 % and 1000 %.", text=text)
        return Offset() if percent == 100 else Offset(percent=percent)
    side, _, rest = text.partition(" ")
    if side not in ("before", "after"):
        raise SaidError("“{text}” is no place on the way to the due time.", text=text)
    amount, sign = budget(rest), -1 if side == "before" else 1
    if amount.kind is TimeKind.WORKING or amount.same_time:
        raise SaidError("“{text}”: the hours of a step count in the time of its promise by themselves.", text=text)
    if amount.kind is TimeKind.WORKDAYS:
        return Offset(workdays=sign * amount.amount)
    return Offset(minutes=sign * amount.amount)
