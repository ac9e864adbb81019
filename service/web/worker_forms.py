"""Which questions does the form of an action ask? A new row of the lifecycle table needs no new page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.attachments.rules import Stage
from service.cases.rules import MOVES, Action, Field, Move
from service.errors import ServiceError
from service.handling.foreseeing import FORESEEN
from service.handling.rules import MOST_DAYS, REASONS
from service.web import words
from service.web.course_words import REROUTE

FIELD_LABELS: Mapping[Field, str] = {
    Field.TEXT: "What there is to say",
    Field.KIND: "How you tried",
    Field.RESULT: "Result",
    Field.REASON: "The reason",
    Field.PERSON: "Who takes it",
    Field.UNIT: "To which unit",
    Field.NUMBER: "Number of the case that stays open",
    Field.DAYS: "How many days more",
    Field.UNTIL: "On which day it comes back",
    Field.GRADE: "The new grade",
    Field.CATEGORY: "The new topic",
    Field.AREA: "Where it is",
    Field.ADDRESS: "The address",
    Field.REROUTE: "Who takes it now?",
    Field.AGAIN: "When to call again",
    Field.SOLVED: "Is it solved?",
    Field.SATISFACTION: "Is the resident satisfied?",
}
TEXT_LABELS: Mapping[Action, str] = {
    Action.ASSIGN: "Why, or what to do",
    Action.CONTACT: "What was said",
    Action.REPLY: "Your reply",
    Action.NOTE: "Your note",
    Action.ASK: "Your question",
    Action.RETURN: "Explain the reason",
    Action.TRANSFER: "Why, or what to do",
    Action.REASSIGN: "Why, or what to do",
    Action.RESOLVE: "What was done",
    Action.DUPLICATE: "Why it is the same",
}
HINT_SENTENCES: Mapping[Action, str] = {
    Action.ASSIGN: "The person is told at once.",
    Action.ACCEPT: "From then on you hold this case, and signing is done.",
    Action.CONTACT: "Only somebody who was reached counts as contacted.",
    Action.REPLY: "The resident reads this, and is told that it is there.",
    Action.NOTE: "For colleagues only. The resident does not see it.",
    Action.ASK: "The resident reads this. The time for completion stands still until they answer.",
    Action.REQUEST_EXTENSION: "A supervisor decides. Until then the time runs on as it was.",
    Action.REQUEST_PARKING: "A supervisor decides. Until then the time runs on as it was.",
    Action.PARK: "The time for completion stands still until that day. The resident reads the reason and the day.",
    Action.REFUSE: "The time stays as it is. The worker is told the reason.",
    Action.RESUME: "The time for completion runs again from now on.",
    Action.REGRADE: "The promises of the new grade count from receipt. What was missed stays missed.",
    Action.RECATEGORISE: "You see first what would change. Grade and time are those of the new topic, from receipt on.",
    Action.RELOCATE: "You see first what would change. Time is that of the new place, from receipt on.",
    Action.WAIVE: "For this topic, until the case is taken up again. The reason stays in the history.",
    Action.EXTEND: "Only before it runs out, and as often as the policy allows. The resident reads the reason.",
    Action.RETURN: "It goes to the duty desk above, which finds who is responsible. The time runs on.",
    Action.TRANSFER: "The unit's worker is found by the rules and told at once. The time runs on.",
    Action.REASSIGN: "The person is told at once. The time runs on.",
    Action.RESOLVE: "The resident reads this and is asked whether they were helped.",
    Action.REOPEN: "The promises begin anew.",
    Action.CLOSE: "The resident is told.",
    Action.DUPLICATE: "This case ends; everything goes on in the other one. The resident is told.",
    Action.SEPARATE: "It stands as it stood before it was joined, and its time counts from its own receipt.",
}
"""What an action leads to, said before it is done."""
CHOICES: Mapping[Field, Mapping[str, str]] = {
    Field.KIND: words.CONTACT_KIND,
    Field.RESULT: words.CONTACT_RESULT,
    Field.SATISFACTION: words.SATISFACTION,
    Field.GRADE: words.GRADE,
    Field.REROUTE: REROUTE,
}
CONTROLS: Mapping[Field, str] = {
    Field.TEXT: "lines",
    Field.REASON: "lines",
    Field.KIND: "few",
    Field.RESULT: "few",
    Field.SATISFACTION: "few",
    Field.PERSON: "person",
    Field.UNIT: "unit",
    Field.DAYS: "number",
    Field.UNTIL: "date",
    Field.AGAIN: "moment",
    Field.GRADE: "one",
    Field.CATEGORY: "topic",
    Field.AREA: "place",
    Field.REROUTE: "few",
}
"""How a field is asked; whatever is not named is one line."""
AS_USUAL: Mapping[Field, str] = {Field.REROUTE: "no"}
"""What stands in a field at first, where that is not nothing."""
STANDARD_TEXT = "standard_text"
"""The field with the standard text that is to be taken in."""
INSERT = "insert"
"""The button that takes it in; nothing is done yet."""
REVEAL = "reveal"
"""Not an action of the lifecycle: to look at the contact in clear."""
NOT_REVISED = frozenset({Action.NOTE})
"""What is welcome whatever happened meanwhile."""


@dataclass(frozen=True)
class Tried:
    """What was typed into a form, for which action, and why it was refused, if it was."""

    action: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    error: ServiceError | None = None
    kept: Sequence[str] = ()
    """The tokens of photos that came with it."""

    @property
    def version(self) -> int | None:
        """Return the version of the case that the reader saw."""
        said = self.answers.get("version", "")
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


NOTHING_TRIED = Tried()
TAKES_PHOTOS = frozenset({Action.CONTACT, Action.REPLY, Action.NOTE, Action.RESOLVE})
"""Actions whose form may bring photos; the resident sees those of what is said to them."""
STAGE_OF: Mapping[Action, Stage] = {Action.RESOLVE: Stage.AFTER}
"""What photos show that come with an action, where that is plain."""


@dataclass(frozen=True)
class Question:
    """One field of a form: how it is called, how it is asked, and what stands in it."""

    name: str
    label: str
    control: str
    """lines, line, number, date, moment, few, one, topic, person or unit."""
    required: bool
    value: str
    options: Mapping[str, str] = field(default_factory=dict)
    """Code → message id, for few and one."""
    most: int = 0
    comes_first: bool = False
    """The reader goes on writing here."""


@dataclass(frozen=True)
class MoveForm:
    """The form of one action that the lifecycle offers."""

    action: str
    hint: str
    questions: tuple[Question, ...]
    is_tried: bool
    """What is typed in it stands in it again."""
    was_refused: bool = False
    kept: Sequence[str] = ()
    texts: Sequence[tuple[str, str]] = ()
    """The standard texts to choose from: number and title."""

    @property
    def words(self) -> Question | None:
        """Return the question that is answered in words, into which a standard text goes."""
        return next((question for question in self.questions if question.control == "lines"), None)

    @property
    def takes_photos(self) -> bool:
        """May photos come with it?"""
        return self.action in TAKES_PHOTOS

    @property
    def may_wait(self) -> bool:
        """May it wait on a telephone for the line? Not where the answer is to be read before anything is done."""
        return self.action not in FORESEEN and self.action != REVEAL

    @property
    def key(self) -> str:
        """Return what makes ids unique; the form that was refused has the plain ones, to which its errors link."""
        return "" if self.is_tried else f"-{self.action}"

    def asks(self, name: str) -> bool:
        """Does the form have a question of that name?"""
        return any(question.name == name for question in self.questions)


def forms_of(moves: tuple[Move, ...], tried: Tried = NOTHING_TRIED) -> list[MoveForm]:
    """Return a form for each action offered, in the order of the lifecycle table."""
    offered = {move.action: move for move in reversed(moves)}
    in_order = dict.fromkeys(move.action for move in moves)
    return [_form(offered[action], tried) for action in in_order]


def _form(move: Move, tried: Tried) -> MoveForm:
    is_tried = tried.action == move.action
    typed = tried.answers if is_tried else {}
    questions = tuple(
        _question(move, name, typed.get(name, AS_USUAL.get(name, "")), comes_first=INSERT in typed and not tried.error)
        for name in (*move.required, *move.optional)
    )
    hint, kept = HINT_SENTENCES.get(move.action, ""), tried.kept if is_tried else ()
    return MoveForm(move.action, hint, questions, is_tried, tried.error is not None, kept)


def _question(move: Move, name: Field, value: str, *, comes_first: bool = False) -> Question:
    is_listed_reason = name is Field.REASON and move.action in REASONS
    label = TEXT_LABELS.get(move.action, FIELD_LABELS[name]) if name is Field.TEXT else FIELD_LABELS[name]
    control = "one" if is_listed_reason else CONTROLS.get(name, "line")
    return Question(
        name=name,
        label=label,
        control=control,
        required=name in move.required,
        value=value,
        options=words.RETURN_REASON if is_listed_reason else CHOICES.get(name, {}),
        most=MOST_DAYS if name is Field.DAYS else 0,
        comes_first=comes_first and control == "lines",
    )


def reveal_form(tried: Tried = NOTHING_TRIED) -> MoveForm:
    """Return the form by which somebody asks for the contact in clear."""
    is_tried = tried.action == REVEAL
    reason = tried.answers.get("reason", "") if is_tried else ""
    why = Question("reason", "Why do you need to see this?", "line", required=True, value=reason)
    hint = "Your name and the reason are written into the history. It is shown once."
    return MoveForm(REVEAL, hint, (why,), is_tried, tried.error is not None)


def given(action: Action, answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers to what that action may ask; everything else in a form is not meant for it."""
    asked = {name for move in MOVES if move.action is action for name in (*move.required, *move.optional)}
    return {name: answers.get(name, "") for name in asked}
