"""How are duties, absences and swaps written on a page, and read back from a form?"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from service.errors import NotFoundError
from service.rosters.rules import Span
from service.timekeeping import ZONE
from service.web import timewords
from service.web.catalogues import translate

ABSENCE_LABELS: Mapping[str, str] = {
    "leave": "Leave",
    "sick": "Sick leave",
    "training": "Training",
    "other": "Other reason",
}
DAYS_LABELS: Mapping[str, str] = {
    "workdays": "Workdays: not on public holidays, and on workdays that make up for them",
    "every": "Every week, public holidays too",
    "holidays": "Only on public holidays",
}
DAYS_SHORT_LABELS: Mapping[str, str] = {
    "workdays": "workdays",
    "holidays": "public holidays",
}
SWAP_LABELS: Mapping[str, str] = {
    "asked": "Waiting for an answer",
    "accepted": "Accepted",
    "declined": "Declined",
    "withdrawn": "Taken back",
    "lapsed": "Lapsed: the shift has begun",
}
SPAN_LABELS: Mapping[str, str] = {
    "span": "{day} {starts}–{ends}",
    "days": "{first} {starts} – {last} {ends}",
}
LANGUAGE_LABELS: Mapping[str, str] = {"en": "English"}
"""The languages beside Chinese that somebody may speak."""
BETWEEN = "/"


def said(span: Span, now: datetime, language: str) -> str:
    """Return a span in words: 11月28日 周六 09:00–12:00; an end at midnight is 24:00."""
    starts, ends = (moment.astimezone(ZONE) for moment in span)
    facts = {"starts": f"{starts:%H:%M}", "ends": clock(span), "day": timewords.day(starts.date(), now, language)}
    if ends - starts <= timedelta(days=1):
        return translate(language, SPAN_LABELS["span"], **facts)
    last = timewords.day((ends - timedelta(microseconds=1)).date(), now, language)
    return translate(language, SPAN_LABELS["days"], **facts, first=facts["day"], last=last)


def clock(span: Span) -> str:
    """Return the time of day at which a span ends; midnight is the end of its day."""
    ends = span[1].astimezone(ZONE)
    return "24:00" if f"{ends:%H:%M}" == "00:00" else f"{ends:%H:%M}"


def hours(span: Span) -> str:
    """Return the times of day of a span: 20:00–08:00."""
    return f"{span[0].astimezone(ZONE):%H:%M}–{clock(span)}"


def span_value(span: Span) -> str:
    """Return how a span stands in a form."""
    return BETWEEN.join(moment.astimezone(ZONE).isoformat(timespec="minutes") for moment in span)


def span_typed(text: str) -> Span:
    """Return the span that a form sent back. Errors: NotFoundError for what is none."""
    parts = text.split(BETWEEN)
    try:
        moments = [datetime.fromisoformat(part) for part in parts]
    except ValueError as unreadable:
        raise NotFoundError from unreadable
    if len(moments) != 2 or any(moment.tzinfo is None for moment in moments) or moments[0] >= moments[1]:
        raise NotFoundError
    return moments[0], moments[1]
