"""What are the domain's codes called on a page? One table for each kind: code → message id.

Templates say `{{ _(words.status[case.status]) }}`; the Chinese is in locales/zh/LC_MESSAGES/words.po.
"""

from collections.abc import Mapping
from types import SimpleNamespace

from service.web import party_words
from service.web.course_words import ACTION, DUE_CHANGED, HAPPENED, ORDER_ACTION, ORDER_STATE, OUTCOME, PROPOSAL, STATUS
from service.web.joint_words import PART_ACTION_LABELS, PART_STATE_LABELS, SCORE_LABELS, WHISTLE_REASON_LABELS

METRIC: Mapping[str, str] = {
    "accept": "Signing",
    "contact": "First contact",
    "next_reply": "Next reply",
    "resolve": "Completion",
    "handover": "Handling by the unit",
    "order": "Supervise order",
    "verdict": "Judging the answer to an order",
    "report_in": "Reporting in for a part",
    "part": "Doing a part",
}
PROMISED: Mapping[str, str] = {
    "accept": "A worker will take this on by",
    "contact": "Somebody will contact you by",
    "next_reply": "You will get an answer by",
    "resolve": "This will be completed by",
    "handover": "The unit will finish its part by",
}
"""How a promise begins when it is told to a resident; its time follows."""
ACT: Mapping[str, str] = {
    "remind": "Reminder",
    "call_out": "Call-out",
    "hand_over": "Handing over",
    "force_assign": "Binding assignment",
    "yellow_card": "Yellow card",
    "red_card": "Red card",
    "supervise": "Supervision order",
    "climb": "Next level",
}
CLOCK: Mapping[str, str] = {
    "running": "Running",
    "paused": "Paused",
    "satisfied": "Kept",
    "cancelled": "Cancelled",
}
TIME_KIND: Mapping[str, str] = {
    "elapsed": "round the clock",
    "working": "working hours",
    "workdays": "working days",
}
GRADE: Mapping[str, str] = {
    "G1": "Emergency",
    "G2": "Urgent",
    "G3": "Normal",
    "G4": "Complex",
    "C": "Question",
}
CHANNEL: Mapping[str, str] = {
    "web": "Web page",
    "kiosk": "Kiosk",
    "phone": "Telephone",
    "walk_in": "At the counter",
    "api": "Interface",
    "open311": "Open311",
    "patrol": "Found on patrol",
}
FOR_WHOM: Mapping[str, str] = {
    "self": "For myself",
    "parent": "For my parents",
    "child": "For my child",
    "neighbour": "For a neighbour",
    "other": "For somebody else",
}
FOCUS_GROUP: Mapping[str, str] = {
    "elderly": "Elderly",
    "elderly_alone": "Elderly, living alone",
    "disabled": "With a disability",
    "minor": "Under age",
    "child_alone": "Child without company",
    "hardship": "In hardship",
}
SATISFACTION: Mapping[str, str] = {
    "satisfied": "Satisfied",
    "basically": "Basically satisfied",
    "fair": "So-so",
    "dissatisfied": "Not satisfied",
}
CONTACT_KIND: Mapping[str, str] = {
    "call": "Phone call",
    "sms": "Text message",
    "visit": "Visit",
    "wechat": "WeChat",
    "through": "Through somebody",
}
CONTACT_RESULT: Mapping[str, str] = {
    "reached": "Reached",
    "not_reached": "Not reached",
    "wrong_number": "Wrong number",
    "call_again": "To be called again",
}
RETURN_REASON: Mapping[str, str] = {
    "wrong_area": "Not in our area",
    "not_our_duty": "Not our duty",
    "beyond_power": "Beyond our power",
    "needs_several": "Needs several units",
}
LEVEL: Mapping[str, str] = {
    "county": "County",
    "subdistrict": "Sub-district",
    "community": "Community",
    "grid": "Grid",
    "department": "Department",
}
RUNG: Mapping[str, str] = {
    "handler": "The worker",
    "addressee": "Whom the order went to",
    "issuer": "Who issued the order",
    "community_duty": "Community staff on duty",
    "community_head": "Head of the community (to be told)",
    "subdistrict_desk": "Sub-district duty desk",
    "subdistrict_supervisor": "Supervisor of the sub-district",
    "district_desk": "District control desk",
}
FOUND: Mapping[str, str] = {
    "on-duty": "On duty, and fits best.",
    "off-duty": "Nobody of the unit is on duty now: it waits for whoever fits best.",
    "substitute": "Stands in for somebody of the unit who is away.",
    "unit-desk": "Nobody else of the unit could take it: its head has it.",
    "desk-full": "Everybody is away or full: the desk has it all the same.",
    "named": "The rule names this person.",
    "desk": "Nobody of the unit could take it: the desk above has it.",
    "pool": "It lies in the pool of the unit: whoever is free takes it.",
    "nobody": "Nobody could be found: the desk must decide.",
}
"""How routing found the person (`RoutingDecision.chosen_because`)."""
WHY_NOT: Mapping[str, str] = {
    "away": "away then",
    "off-duty": "off duty then",
    "full": "full: holds as much as they can",
    "skill": "knows the topic or the language less",
    "continuity": "knows the resident or the matter less",
    "load": "holds more for what they can",
    "idle": "had a case more recently",
    "order": "all else equal, comes later",
    "desk": "the desk comes first here",
}
"""Why somebody who was considered did not get a case (`choosing.Candidate.why`)."""
KNOWS: Mapping[str, str] = {
    "matter": "knows the matter",
    "resident": "knows the resident",
}
"""What somebody who was considered knows already (`choosing.Knows`)."""
BROKEN_RULE: Mapping[str, str] = {
    "person-gone": "the person named has left",
    "unit-gone": "the unit named is gone",
    "place-not-precise": "the place is not known precisely enough",
    "nobody-there": "nobody works there",
}
MISFIT: Mapping[str, str] = {
    "hours": "it counts at other hours",
    "channel": "it is for other channels",
    "focus-group": "it is for other people",
    "grade": "it is for another grade",
}
"""Why a rule of the right category and place does not fit a case."""
CHECK: Mapping[str, str] = {
    "step-not-taken": "A step that is due has not been taken for 5 minutes",
    "clock-set-aside": "A promise could not be moved on: its step failed",
    "open-without-clock": "An open case has a promise, and no clock runs on it",
    "notice-stuck": "A notice has been waiting for 10 minutes to be sent",
    "notice-failed": "A notice could not be delivered or told",
    "no-owner": "A case is with nobody",
    "no-assignment": "An open case has no record of who holds it",
    "clock-set-back": "A case was received later than now: a clock was set back",
    "nobody-heard": "A step was taken, and there was nobody to tell",
    "rule-broken": "A dispatch rule points to somebody or something that is gone",
    "order-without-clock": "An order has not ended, and no time runs on it",
    "job-not-told": "An outside party is late, and nobody has been told for 5 minutes",
    "job-outlives-case": "A case has ended, and an outside party still works on it",
    "part-without-clock": "A part has not ended, and no time runs on it",
    "climb-missed": "An answer is missing, and nobody else was asked for it",
    "top-unanswered": "The district desk has not answered what it was asked",
}
"""What must never be true (`service.watch`), as it is said when it is."""

STAGE: Mapping[str, str] = {
    "before": "Before the work",
    "after": "After the work",
    "other": "Something else",
}
"""What a photo shows."""

words = SimpleNamespace(
    party_kind=party_words.KIND_LABELS,
    party_misfit=party_words.MISFIT_LABELS,
    job_state=party_words.STATE_LABELS,
    job_action=party_words.ACTION_LABELS,
    stage=STAGE,
    status=STATUS,
    action=ACTION,
    happened=HAPPENED,
    metric=METRIC,
    due_changed=DUE_CHANGED,
    proposal=PROPOSAL,
    order_state=ORDER_STATE,
    order_action=ORDER_ACTION,
    part_state=PART_STATE_LABELS,
    part_action=PART_ACTION_LABELS,
    whistle_reason=WHISTLE_REASON_LABELS,
    score=SCORE_LABELS,
    outcome=OUTCOME,
    promised=PROMISED,
    act=ACT,
    clock=CLOCK,
    time_kind=TIME_KIND,
    grade=GRADE,
    channel=CHANNEL,
    for_whom=FOR_WHOM,
    focus_group=FOCUS_GROUP,
    satisfaction=SATISFACTION,
    contact_kind=CONTACT_KIND,
    contact_result=CONTACT_RESULT,
    return_reason=RETURN_REASON,
    level=LEVEL,
    rung=RUNG,
    found=FOUND,
    why_not=WHY_NOT,
    knows=KNOWS,
    broken_rule=BROKEN_RULE,
    misfit=MISFIT,
    check=CHECK,
)
"""Every table under one name, for templates."""
