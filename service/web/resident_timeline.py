"""What has happened to a request, told to the resident who sent it?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.cases.rules import Action
from service.handling.contacting import counts_as_contact
from service.handling.queries import CaseView
from service.handling.timeline import Happened
from service.web import timewords, words
from service.web.catalogues import Language, translate
from service.web.course_words import HAPPENED
from service.web.filters import desk_in

YOU_LABELS: Mapping[str, str] = {
    "received": "You sent this request",
    "answer": "You added information",
    "photos": "You added photos",
    "mail_left": "You asked us to write to you",
    "urge": "You urged us",
    "rate": "You told us how it went",
    "reopen": "You asked us to take it up again",
    "withdraw": "You withdrew the request",
}
"""What happened, where the resident did it."""
TO_YOU_LABELS: Mapping[str, str] = {
    "contact": "The worker got in touch with you",
    "not_reached": "The worker tried to reach you and did not get through",
    "wrong_number": "The worker tried to reach you, but the number we have is not yours",
    "call_again": "The worker will call you again, as was asked",
    "ask": "A question to you",
    "order_issued": "A supervisor watches over this now and has told the desk to see to it",
    "part_asked": "Another desk was asked to help with this",
    "part_whistled": "Another desk was called to help with this at once",
}
"""What staff did with the resident, said to the resident."""
STEP_LABELS: Mapping[str, str] = {
    "remind": "The worker was reminded of the time",
    "call_out": "Those responsible were told to hurry",
    "hand_over": "Nobody had taken it on in time, so it was passed on",
    "force_assign": "It was decided who must take it on",
    "yellow_card": "A warning was given: little time is left",
    "red_card": "The supervisors were told: the time has run out",
    "supervise": "The district now watches over this",
    "climb": "It was reported to the next level",
}
"""What a step of the ladder means to the resident."""


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    at: datetime
    title: str
    who: str
    text: str


def lines(view: CaseView, language: Language) -> Iterator[Line]:
    """Yield what happened, oldest first."""
    for happened in view.timeline:
        yield Line(
            at=happened.at,
            title=_title(happened, language),
            who=_who(happened, view, language),
            text="\n".join(part for part in (_about(happened, language), happened.text) if part),
        )


def last_word(view: CaseView, language: Language) -> Line | None:
    """Return what the desk said last to the resident, in its own words, or None."""
    said = (Action.ASK, Action.REPLY, Action.RESOLVE, Action.EXTEND)
    last = next((line for line in reversed(view.timeline) if line.what in said and line.text), None)
    return Line(last.at, _title(last, language), _who(last, view, language), last.text) if last else None


def _title(happened: Happened, language: Language) -> str:
    step = STEP_LABELS.get(str(happened.facts.get("act", "")))
    result = happened.facts.get("result", "")
    what = happened.what if counts_as_contact(result) else result
    own = (YOU_LABELS if happened.actor == "resident" else TO_YOU_LABELS).get(what)
    return translate(language, step or own or HAPPENED[happened.what])


def _who(happened: Happened, view: CaseView, language: Language) -> str:
    """Return the desk that the case went to with this."""
    place = view.known.areas.places.get(happened.facts.get("unit", 0))
    return desk_in(language, place) if place is not None else ""


def _about(happened: Happened, language: Language) -> str:
    """Return what was promised, granted or rated, in words."""
    facts, said = happened.facts, []
    if "metric" in facts:
        said.append(translate(language, words.METRIC[facts["metric"]]))
    if "days" in facts:
        said.append(timewords.span(timedelta(days=int(facts["days"])), language))
    if "solved" in facts:
        said.append(translate(language, "It is solved." if facts["solved"] else "It is not solved."))
    if "satisfaction" in facts:
        said.append(translate(language, words.SATISFACTION[facts["satisfaction"]]))
    return " · ".join(said)
