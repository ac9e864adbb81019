"""Which part of the queue does somebody see, and what stands on a line of it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from pydantic import BaseModel, PrivateAttr

from service.accounts.tables import Person
from service.areas.rules import Place
from service.cases.rules import Action, moves_from
from service.cases.tables import Case
from service.categories.rules import Topic
from service.duplicates.marks import NO_MARK, Mark
from service.handling.filters import Count
from service.handling.queues import Ask, Tab
from service.handling.searching import SearchKind
from service.handling.tables import SavedFilter
from service.intake.forms import clean
from service.parts.rules import Progress
from service.routing.directory import Directory, Staff
from service.routing.standing import acting_as

MOST_SEARCH = 100
NO_COUNTS: Mapping[int, Count] = {}
AS_USUAL: Mapping[str, str] = {"tab": "all", "of": "mine"}
"""What an address need not say."""
TAB_LABELS: Mapping[Tab, str] = {
    Tab.ALL: "All open",
    Tab.OVERDUE: "Overdue",
    Tab.TODAY: "Within 24 hours",
    Tab.LATER: "Later",
    Tab.WAITING: "Time stands still",
}
SEARCHED_LABELS: Mapping[SearchKind, str] = {
    SearchKind.NUMBER: "the case with this number",
    SearchKind.PHONE: "cases of this telephone number",
    SearchKind.PLACE: "cases of this area",
    SearchKind.WORDS: "cases with these words",
}
"""How a search was understood."""


class Asked(BaseModel):
    """Which part of the queue somebody wants to see."""

    tab: Tab = Tab.ALL
    of: Literal["mine", "unit"] = "mine"
    search: str = ""
    cursor: str = ""
    since: str = ""
    """When the reader opened the list: what changed after it is marked."""
    done: str = ""
    _names_all: bool = PrivateAttr(default=False)

    @property
    def words(self) -> str:
        """Return what is searched for, without what no case can hold."""
        return clean(self.search)[:MOST_SEARCH]

    @property
    def since_at(self) -> datetime | None:
        """Return when the reader opened the list, if that can be read."""
        try:
            moment = datetime.fromisoformat(self.since)
        except ValueError:
            return None
        return moment if moment.tzinfo else None

    def name_all(self) -> None:
        """Name the usual list in addresses, because the bare one leads to a first view of the reader's own."""
        self._names_all = True

    def ask(self) -> Ask:
        """Return the question to the queue."""
        return Ask(self.tab, self.of == "mine", self.words, self.cursor or None)

    def to(self, **changes: str) -> str:
        """Return the address of this list with some changes; a new part begins at its first page."""
        wanted = {"tab": str(self.tab), "of": self.of, "search": self.words} | changes
        query = {name: value for name, value in wanted.items() if value not in ("", AS_USUAL.get(name))}
        if self._names_all:
            query.setdefault("tab", str(Tab.ALL))
        return "/queue" + (f"?{urlencode(query)}" if query else "")


@dataclass(frozen=True)
class Chip:
    """A saved filter above the queue."""

    id: int
    name: str
    name_en: str
    to: str
    is_here: bool
    """It is what the reader looks at."""
    is_first: bool
    count: Count | None = None


def chips_of(filters: Sequence[SavedFilter], asked: Asked, counted: Mapping[int, Count] = NO_COUNTS) -> list[Chip]:
    """Return the saved filters, each with its address and how many cases stand in it."""
    here = asked.to()
    found = []
    for saved in filters:
        to = asked.to(tab=str(saved.tab), of="mine" if saved.is_mine else "unit", search=saved.search)
        count = counted.get(saved.id or 0)
        found.append(Chip(saved.id or 0, saved.name, saved.name_en, to, to == here, saved.is_first, count))
    return found


@dataclass(frozen=True)
class Line:
    """One case in the queue."""

    case: Case
    place: Place | None
    topic: Topic | None
    holder: Staff | None
    may_accept: bool
    is_new: bool
    """It came or changed since the reader opened the list."""
    mark: Mark = NO_MARK
    """What others have to do with it."""
    card: str = ""
    """The gravest card that lies on it."""
    progress: Progress | None = None
    """How far its parts are; None: it has none."""
    colleagues: Sequence[Staff] = ()
    """Who else has it open now."""


@dataclass(frozen=True)
class Others:
    """What others have to do with the cases of a list, by case."""

    marks: Mapping[int, Mark] = field(default_factory=dict)
    progress: Mapping[int, Progress] = field(default_factory=dict)
    cards: Mapping[int, str] = field(default_factory=dict)
    colleagues: Mapping[int, Sequence[Staff]] = field(default_factory=dict)


NO_OTHERS = Others()


def line_of(case: Case, person: Person, known: Directory, since: datetime | None, others: Others = NO_OTHERS) -> Line:
    """Return a case as the queue shows it, with the one tap that the lifecycle offers."""
    offered = {move.action for move in moves_from(case.status, acting_as(person, case, known))}
    return Line(
        case=case,
        place=known.areas.places.get(case.area_id),
        topic=known.topics_by_id.get(case.category_id),
        holder=known.people.get(case.assignee_id or 0),
        may_accept=Action.ACCEPT in offered,
        is_new=since is not None and case.updated_at > since,
        card=others.cards.get(case.id or 0, ""),
        mark=others.marks.get(case.id or 0, NO_MARK),
        progress=others.progress.get(case.id or 0),
        colleagues=others.colleagues.get(case.id or 0, ()),
    )
