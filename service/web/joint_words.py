"""What are the codes of joint handling and of the whistle called on a page?"""

from collections.abc import Mapping

PART_STATE_LABELS: Mapping[str, str] = {
    "asked": "has not reported in yet",
    "accepted": "reported in, at work",
    "done": "part done",
    "declined": "declined",
    "withdrawn": "withdrawn, no longer needed",
}
"""Where a part of a case stands."""
PART_ACTION_LABELS: Mapping[str, str] = {
    "accept": "Report in",
    "finish": "Say that it is done",
    "decline": "Decline",
    "withdraw": "Withdraw this part",
    "score": "Score what was done",
}
WHISTLE_REASON_LABELS: Mapping[str, str] = {
    "felt": "Residents feel it strongly, and we cannot solve it alone",
    "enforcement": "The law must be enforced together",
    "emergency": "An emergency",
}
"""For what a whistle is blown (DOMAIN 2.4)."""
SCORE_LABELS: Mapping[str, str] = {
    "5": "5 · very good",
    "4": "4 · good",
    "3": "3 · fair",
    "2": "2 · poor",
    "1": "1 · very poor",
}
