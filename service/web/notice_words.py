"""In which words do pages speak of notices: what became of them, and how they travelled?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from service.delivery.postman import SERVICES
from service.outbox.reasons import taken_apart
from service.outbox.rules import Channel, Digest, NoticeState
from service.outbox.tables import ChannelRow, Notice
from service.outbox.texts import render
from service.settings import get_settings
from service.web.catalogues import Language, translate

STATE_LABELS: Mapping[str, str] = {
    NoticeState.WAITING: "waiting to be sent",
    NoticeState.SENT: "sent",
    NoticeState.GATHERED: "told in a digest",
    NoticeState.DROPPED: "no longer needed",
    NoticeState.GIVEN_UP: "not delivered",
    NoticeState.SET_ASIDE: "set aside",
    NoticeState.UNWANTED: "unsubscribed",
    NoticeState.LET_GO: "let go",
}
STATE_ICONS: Mapping[str, str] = {
    NoticeState.WAITING: "hourglass",
    NoticeState.SENT: "circle-check",
    NoticeState.GATHERED: "inbox",
    NoticeState.DROPPED: "circle-minus",
    NoticeState.GIVEN_UP: "triangle-alert",
    NoticeState.SET_ASIDE: "triangle-alert",
    NoticeState.UNWANTED: "circle-minus",
    NoticeState.LET_GO: "circle-minus",
}
WAY_LABELS: Mapping[str, str] = {
    Channel.LOG: "the reader's own page only",
    Channel.MAIL: "mail",
    Channel.WEBHOOK: "webhook",
    Channel.APPRISE: "messenger or SMS (Apprise)",
}
DIGEST_LABELS: Mapping[str, str] = {
    Digest.AT_ONCE: "One by one, as they come",
    Digest.HOURLY: "Gathered, at the full hour",
    Digest.DAILY: "Gathered, once a day at 8:00",
}
NO_LINES: dict[str, Any] = {"lines": [], "more": 0, "link": "…", "code": "…"}
"""What a digest is filled with where its lines stand elsewhere, and what stands for a link that is its reader's own."""
SHOWN_SERVICES = ", ".join(SERVICES)


@dataclass(frozen=True)
class Told:
    """Why something failed, or how it went: our sentence in the reader's language, and what others said, as it was."""

    own: str
    quoted: str


@dataclass(frozen=True)
class Line:
    """One notice as a list shows it."""

    notice: Notice
    subject: str
    by: str
    """By what it went, or is to go."""
    to: str
    """The case's page for the reader; "" where there is none."""
    why: Told
    icon: str


def line(notice: Notice, language: Language, channels: Mapping[int, ChannelRow]) -> Line:
    """Return a notice in words, in the reader's language; its own words stay as they are sent."""
    number = str(notice.facts.get("number", ""))
    return Line(
        notice,
        subject_of(notice),
        way(notice, language, channels),
        f"/cases/{number}" if number else "",
        told(notice.failure, language),
        STATE_ICONS[notice.state],
    )


def told(text: str, language: Language) -> Told:
    """Return a kept reason as it is said to the reader."""
    own, quoted = taken_apart(text)
    return Told(translate(language, own) if own else "", quoted)


def subject_of(notice: Notice) -> str:
    """Return the subject of a notice, or the name of its template where it has no words."""
    try:
        return render(notice.template, notice.language, NO_LINES | notice.facts, public_url="")[0]
    except TemplateError:
        return notice.template


def text_of(notice: Notice) -> str:
    """Return the words of a notice as they would be sent now; "" where it has none."""
    try:
        facts = NO_LINES | notice.facts
        return render(notice.template, notice.language, facts, public_url=get_settings().public_url)[1]
    except TemplateError:
        return ""


def way(notice: Notice, language: Language, channels: Mapping[int, ChannelRow]) -> str:
    """Return by what a notice went or is to go."""
    row = channels.get(notice.channel_id or 0)
    return channel_name(row, language) if row else translate(language, WAY_LABELS[notice.channel])


def channel_name(row: ChannelRow, language: Language) -> str:
    """Return the name of a configured channel."""
    return row.name_en if language == "en" and row.name_en else row.name


def key_name(key: str, language: Language, channels: Mapping[int, ChannelRow]) -> str:
    """Return the name of a channel by its key, as attempts name it."""
    row = channels.get(int(key)) if key.isdecimal() else None
    if row is not None:
        return channel_name(row, language)
    return translate(language, WAY_LABELS[key]) if key in WAY_LABELS else key
