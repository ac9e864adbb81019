"""What are the parts of a promise and of its explanation called? Tables of code → message id."""

from collections.abc import Mapping

from sla_policies.clock import ClockState
from sla_policies.counted_days import DayKind
from sla_policies.policy import Metric, TimeKind

DAY_LABELS: Mapping[DayKind, str] = {
    DayKind.EVERY: "Day and night",
    DayKind.WORKDAY: "Working day",
    DayKind.MAKEUP: "Make-up working day",
    DayKind.DATED: "Day with hours of its own",
    DayKind.REST: "Day of rest",
    DayKind.HOLIDAY: "Public holiday",
}
KIND_SENTENCES: Mapping[TimeKind, str] = {
    TimeKind.ELAPSED: "Every hour counts, day and night, on weekends and holidays too.",
    TimeKind.WORKING: "Only the working time of the desk counts.",
    TimeKind.WORKDAYS: "Working days count: not the one on which it begins, and the last one until the desk closes.",
}
END_SENTENCES: Mapping[ClockState, str] = {
    ClockState.RUNNING: "So it is due on {due}.",
    ClockState.SATISFIED: "So it was due on {due}. It was done on {ended}.",
    ClockState.CANCELLED: "It has not been due any more since {ended}.",
    ClockState.PAUSED: "It stands still now, with {left} left.",
}
MOVED_SENTENCES: Mapping[str, str] = {
    "paused": "It stood still from {begins} to {ends} ({why}): this adds {costs}.",
    "still": "It has stood still since {begins} ({why}): so far this adds {costs}.",
    "late": "It stood still from {begins} ({why}), after the due time: that moves nothing.",
    "cut": "The policy lets it stand still until {end} at the longest; after that it counted on.",
    "extended": "On {at} it was given {amount} more: due {new} instead of {old}.",
    "extended_still": "On {at} it was given {amount} more.",
}
"""What moved a due time."""
STATED_SENTENCES: Mapping[str, str] = {
    "promised": "Promised: {amount}.",
    "began": "It began on {at}.",
    "began_again": "It was begun again and counts anew from {at}; the earlier result stands.",
    "breached": "The time ran out on {due}; that stays on record.",
    "provisional": "This is provisional: the days off of {years} are not published yet. Once they are, it is counted"
    " again, and a change is noted in the case.",
}
PIECE_LABELS: Mapping[str, str] = {
    "round": "round {number}",
    "dates": "{first} to {last} ({count} days)",
    "named": "{label}: {name}",
    "each_day": "{hours} each day",
    "not_counted": "not counted",
    "assumed": "days off not published",
    "stood_still": "stood still for {hours}",
    "step_still": "stands still",
    "step_over": "no longer to come",
    "step_not_taken": "not yet taken",
    "step_skipped": "not needed",
    "step_taken": "taken on {at}",
    "days": "{count} days",
    "one_workday": "{count} working day",
    "workdays": "{count} working days",
    "working_time": "{hours} of working time",
}
"""Words that stand in tables and inside sentences."""
OWED_LABELS: Mapping[Metric, str] = {
    Metric.ACCEPT: "A worker takes it on",
    Metric.CONTACT: "Somebody gets in touch with you",
    Metric.NEXT_REPLY: "Your next message is answered",
    Metric.RESOLVE: "It is dealt with",
    Metric.HANDOVER: "Each unit does its part",
}
"""What a resident may expect, before “within …”."""
WHENCE_LABELS: Mapping[str, str] = {
    "A": "a government page",
    "B": "a newspaper or agency",
    "C": "a copy of a published text",
    "D": "the practice of a public program",
    "M": "from memory, to be checked",
    "own": "proposed here, not prescribed by law",
}
"""What the marks of sources mean."""
PLACE_LABELS: Mapping[str, str] = {
    "due": "when the time runs out",
    "percent": "after {percent} % of the time",
    "before": "{amount} before the time runs out",
    "after": "{amount} after the time ran out",
}
"""Where a step of the ladder stands."""
PAUSE_LABELS: Mapping[str, str] = {
    "waiting_for_resident": "we have asked you something and wait for your answer",
    "parked": "a supervisor has put the matter on hold, with a reason and a day on which it goes on",
}
"""When a promise stands still, after “while”."""
