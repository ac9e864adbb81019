"""What do the pages of a case show of others about the same? Facts gathered for the templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.rules import Place
from service.cases.rules import ENDED, Action, moves_from
from service.cases.tables import Case
from service.categories.rules import Topic
from service.duplicates.heat import hot_issues
from service.duplicates.queries import Like, alike, matter_of
from service.duplicates.rules import How
from service.duplicates.tables import HotIssue
from service.handling.joining import joined_to
from service.routing.directory import Directory, Staff
from service.routing.queries import directory
from service.routing.standing import acting_as

MOST_BESIDE, MOST_HOT = 3, 5
"""So many stand beside a case; its page of all that are alike shows more."""
HOW_LABELS: Mapping[str, str] = {
    How.LIKELY: "Very likely the same",
    How.POSSIBLE: "Perhaps the same",
    How.SAME_RESIDENT: "The same resident, the same topic",
}


@dataclass(frozen=True)
class Beside:
    """Another case as it stands beside this one."""

    case: Case
    topic: Topic
    place: Place
    holder: Staff | None
    how: How | None = None
    percent: int = 0
    """How like its words are."""
    is_open: bool = True
    may_join: bool = False
    """May the reader join it to this one?"""


@dataclass(frozen=True)
class Around:
    """What is known of others about a case."""

    lead: Beside | None
    """The case that it was joined to, where the reader may see it."""
    joined: list[Beside]
    likes: list[Beside]

    @property
    def people(self) -> int:
        """Return how many asked for it: the heat."""
        return 1 + len(self.joined)


@dataclass(frozen=True)
class HotRow:
    """A matter that many people of one area ask for."""

    issue: HotIssue
    case: Case
    place: Place
    topic: Topic


def hot_rows(session: Session, person: Person, known: Directory) -> list[HotRow]:
    """Return the hottest matters of what a person sees."""
    return [
        HotRow(issue, case, known.areas.living(issue.area_id), known.topics_by_id[case.category_id])
        for issue, case in hot_issues(session, person, most=MOST_HOT)
    ]


def around(session: Session, case: Case, person: Person, *, most: int = MOST_BESIDE) -> Around:
    """Return who else is dealt with in a case, and which others the reader sees that are about the same."""
    known = directory(session)
    lead = session.get(Case, case.duplicate_of_id) if case.duplicate_of_id else None
    found: Sequence[Like] = ()
    if case.status not in ENDED:
        found = alike(session, known, matter_of(case, known), most=2 * most)
    likes = [beside(one.case, person, known, one) for one in found if acting_as(person, one.case, known)]
    return Around(
        lead=beside(lead, person, known) if lead is not None and acting_as(person, lead, known) else None,
        joined=[beside(one, person, known) for one in joined_to(session, case.id or 0)],
        likes=likes[:most],
    )


def beside(case: Case, person: Person, known: Directory, like: Like | None = None) -> Beside:
    """Return a case as it stands beside another one."""
    is_open = case.status not in ENDED
    return Beside(
        case=case,
        topic=known.topics_by_id[case.category_id],
        place=known.areas.places[case.area_id],
        holder=known.people.get(case.assignee_id or 0),
        how=like.how if like else None,
        percent=percent(like.likeness) if like else 0,
        is_open=is_open,
        may_join=is_open and may_join(case, person, known),
    )


def percent(likeness: float) -> int:
    """Return a likeness in whole percent, never more than 100."""
    return min(100, round(likeness * 100))


def may_join(case: Case, person: Person, known: Directory, *, into: Case | None = None) -> bool:
    """May a person join a case to another one, to `into` where it is given?"""
    moves = moves_from(case.status, acting_as(person, case, known))
    is_there = into is None or into.status not in ENDED
    return is_there and any(move.action is Action.DUPLICATE for move in moves)
