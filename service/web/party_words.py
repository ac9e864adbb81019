"""What are kinds of outside parties, the stations of their jobs, and amounts of money called on a page?"""

from collections.abc import Mapping

from service.parties.rules import yuan

KIND_LABELS: Mapping[str, str] = {
    "volunteers": "Volunteers",
    "social": "Social organisation",
    "members": "Party members of the community",
    "property": "Property firm",
    "purchased": "Bought service",
}
MISFIT_LABELS: Mapping[str, str] = {
    "ended": "no longer works for us",
    "not-yet": "begins later",
    "over": "its contract is over",
    "area": "works in other areas",
    "topic": "does other things",
}
"""Why a party cannot be given a case."""
STATE_LABELS: Mapping[str, str] = {
    "open": "sent, not answered yet",
    "taken": "being done",
    "reported": "done, to be checked",
    "approved": "done and accepted",
    "refused": "cannot be done by them",
    "withdrawn": "taken back",
    "lapsed": "lapsed with the case",
}
ACTION_LABELS: Mapping[str, str] = {
    "take": "We take it on",
    "report": "It is done",
    "refuse": "We cannot do it",
    "approve": "Accept what was done",
    "send_back": "Send it back",
    "renew": "Send a new link",
    "withdraw": "Take the job back",
}
DONE_SENTENCES: Mapping[str, str] = {
    "give": "The job is given. The party has been sent a link; the case is still yours.",
    "take": "Thank you. The community knows that you take it on.",
    "report": "Thank you. The community will look at it, and may come back to you.",
    "refuse": "Thank you for telling us. The community will find another way.",
    "approve": "You have accepted what was done.",
    "send_back": "It is sent back, with a new term and a new link.",
    "renew": "A new link is on its way. The old one no longer counts.",
    "withdraw": "The job is taken back, and its link no longer counts.",
}


def money(cents: int) -> str:
    """Return an amount as it is shown, '¥35.50' for 3550."""
    return f"¥{yuan(cents)}"


def quantity(hundredths: int) -> str:
    """Return an amount in its unit, '2.5' for 250."""
    return f"{hundredths / 100:g}"
