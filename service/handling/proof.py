"""Does a case have the photos that its topic asks for before it is resolved?"""

from sqlmodel import Session

from service.attachments.queries import stages
from service.cases.queries import last_reopened_at
from service.cases.tables import Case
from service.errors import InvalidFieldsError
from service.handling.evidence import missing
from service.routing.directory import Directory

PHOTO = "photo"
"""What the field is called in which photos are sent."""


def missing_evidence(session: Session, case: Case, known: Directory) -> str | None:
    """Return which photos are missing before this case may be resolved, as a sentence, or None."""
    topic = known.topics_by_id[case.category_id]
    asked = known.catalogue.evidence(topic.code)
    since = last_reopened_at(session, case.id or 0) if case.reopened else None
    return missing(asked, stages(session, case.id or 0), since or case.received_at)


def check_evidence(session: Session, case: Case, known: Directory) -> None:
    """Refuse to resolve a case without the photos that its topic asks for. Errors: InvalidFieldsError."""
    sentence = missing_evidence(session, case, known)
    if sentence is not None:
        raise InvalidFieldsError({PHOTO: sentence})
