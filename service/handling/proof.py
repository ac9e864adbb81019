"""Does a case have the photos that its topic asks for before it is resolved?"""

from sqlmodel import Session

from service.attachments.queries import stages
from service.cases.queries import last_reopened_at, last_waiver
from service.cases.rules import Action, Move
from service.cases.tables import Case
from service.errors import InvalidFieldsError
from service.handling.evidence import missing
from service.routing.directory import Directory

PHOTO = "photo"
"""What the field is called in which photos are sent."""


def missing_evidence(session: Session, case: Case, known: Directory) -> str | None:
    """Return which photos are missing before this case may be resolved, as a sentence, or None.

    A supervisor may do without them: for the topic the case has then, and until it is taken up again.
    """
    topic = known.topics_by_id[case.category_id]
    asked = known.catalogue.evidence(topic.code)
    since = last_reopened_at(session, case.id or 0) if case.reopened else None
    begun = since or case.received_at
    sentence = missing(asked, stages(session, case.id or 0), begun)
    waived = last_waiver(session, case.id or 0) if sentence else None
    return None if waived and waived[0] >= begun and waived[1] == topic.code else sentence


def check_evidence(session: Session, case: Case, known: Directory) -> None:
    """Refuse to resolve a case without the photos that its topic asks for. Errors: InvalidFieldsError."""
    sentence = missing_evidence(session, case, known)
    if sentence is not None:
        raise InvalidFieldsError({PHOTO: sentence})


def offered_waiver(session: Session, case: Case, known: Directory, moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """Leave out what the lifecycle offers where no photo is lacking: there is nothing to do without."""
    if all(move.action is not Action.WAIVE for move in moves) or missing_evidence(session, case, known):
        return moves
    return tuple(move for move in moves if move.action is not Action.WAIVE)
