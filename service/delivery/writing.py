"""What is sent for a notice: in which words, and to which address?"""

from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateError

from service.delivery.jobs import Job
from service.delivery.links import address_in
from service.delivery.proofs import facts_for
from service.delivery.queries import MOST_LINES, Context
from service.delivery.ways import filled, stop_address
from service.outbox.messages import DIGEST
from service.outbox.rules import Channel
from service.outbox.tables import Notice
from service.outbox.texts import render
from service.secrecy import decrypt
from service.settings import Settings


def job_of(notice: Notice, way: str, known: Context, settings: Settings) -> Job:
    """Return the job that sends a notice by one of its channels. Errors: SecretUnreadableError and of rendering."""
    person, row = known.people.get(notice.person_id or 0), known.channels.get(way)
    stop = stop_address(notice, settings)
    subject, body = render(
        notice.template,
        notice.language,
        _facts(notice, known, settings),
        public_url=settings.public_url,
        unsubscribe=stop,
    )
    kind = row.kind if row else Channel(way)
    address = ""
    if row is not None:
        address = filled(decrypt(row.address), person, person.phone_encrypted if person else notice.phone, settings)
    elif kind is Channel.MAIL:
        address = (person.email or "") if person else decrypt(notice.address or b"")
    other = "party" if notice.party_id is not None else "resident"
    said = {"notice": notice.template, "language": notice.language, "to": person.login if person else other}
    return Job(
        notice_id=notice.id or 0,
        tries=notice.tries,
        key=notice.key,
        channel=way,
        kind=kind,
        address=address,
        secret=decrypt(row.secret) if row and row.secret else "",
        subject=subject,
        body=body,
        unsubscribe=stop,
        said=said | {"number": str(notice.facts.get("number", "")), "written_at": notice.created_at.isoformat()},
    )


def _facts(notice: Notice, known: Context, settings: Settings) -> Mapping[str, Any]:
    """Return what fills the template; of a digest the subjects of what it gathers."""
    if notice.template != DIGEST:
        url, facts = settings.public_url, notice.facts
        return facts | address_in(facts, url) | facts_for(notice.id or 0, facts, url)
    lines, told = known.digests[notice.id or 0], []
    for line in lines[:MOST_LINES]:
        try:
            told.append(render(line.template, line.language, line.facts, public_url=settings.public_url)[0])
        except TemplateError:
            told.append(line.template)
    return {"count": len(lines), "lines": told, "more": max(0, len(lines) - MOST_LINES)}
