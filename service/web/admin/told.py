"""How is a change of the configuration told in words?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlmodel import Session

from service.accounts.queries import people_by_id
from service.areas.queries import area_names
from service.audit.changes import changes_of
from service.audit.tables import CASE
from service.cases.queries import numbers_of
from service.categories.queries import topics
from service.routing.catalogue import live_numbers
from service.web import timewords
from service.web.admin.history_asked import SORT_LABELS
from service.web.admin.rule_words import WEEKDAY_LABELS
from service.web.admin.told_words import ACTION_LABELS, FIELD_LABELS, HAND_LABELS, KIND_LABELS, PART_LABELS
from service.web.catalogues import NAMES, translate
from service.web.course_words import ACTION, HAPPENED
from service.web.evidence_words import EVIDENCE_LABELS
from service.web.party_words import KIND_LABELS as PARTY_KIND_LABELS
from service.web.render import language_of
from service.web.role_words import ROLE_LABELS
from service.web.roster_words import DAYS_SHORT_LABELS
from service.web.topics import HANDLER_LABELS
from service.web.words import CHANNEL, FOCUS_GROUP, GRADE, LEVEL

SHOWN = 20
"""So many changes stand on the page of a subject; the rest on the page of all changes."""
_AREAS = frozenset({"area_id", "parent_id", "target_area_id", "duty_area_id", "target_id"})
_PEOPLE = frozenset({"target_person_id", "substitute_id", "asker_id", "other_id", "minder_id"})
_LISTS: Mapping[str, str] = {
    "care_groups": "focus_group",
    "focus_groups": "focus_group",
    "channels": "channel",
    "grades": "grade",
    "skills": "category_code",
    "categories": "category_code",
    "area_ids": "area_id",
    "speaks": "language",
    "acts": "act",
}
"""What the parts of a list are, where each is said as if it stood alone."""
_WITHOUT_PAGE = frozenset({CASE, "migration", "category_model"})
"""Administrators have none of them: they see no cases, and the rest is the district's."""
_CODES = frozenset({"parent_code", "category_code"})


@dataclass(frozen=True)
class Told:
    """One change as a page tells it."""

    at: datetime
    title: str
    who: str
    text: str
    kind: str
    subject_id: int
    subject: str
    """The name of what was changed, where it has one."""
    is_gone: bool
    """It has no page any more."""


@dataclass(frozen=True)
class _Teller:
    """What is needed to say a change in one language."""

    language: str
    now: datetime
    people: Mapping[int, Any]
    areas: Mapping[int, Any]
    topics: Mapping[str, Any]
    rules: frozenset[int]
    """Those that are still there."""
    cases: Mapping[int, str]
    """Their numbers."""

    def say(self, msgid: str, **facts: object) -> str:
        return translate(self.language, msgid, **facts)

    def called(self, named: Any) -> str:  # noqa: ANN401  # Whatever has a name in two languages.
        return str(named.name_en if self.language == "en" and named.name_en else named.name)

    def entry(self, row: Mapping[str, Any]) -> Told:
        actor = self.people.get(row["actor_id"] or 0)
        who = self.called(actor) if actor else self.say(HAND_LABELS.get(row["actor"], PART_LABELS["system"]))
        kind, subject_id = row["subject_kind"], row["subject_id"]
        labels = HAPPENED if kind == CASE else ACTION_LABELS
        title = self.say(labels.get(row["action"], row["action"]))
        is_gone = kind in _WITHOUT_PAGE or (kind == "rule" and subject_id not in self.rules)
        return Told(row["at"], title, who, self.text(row), kind, subject_id, self.subject(kind, subject_id), is_gone)

    def text(self, row: Mapping[str, Any]) -> str:
        """Say what was changed; nothing where that is for others: of a case, of promises of open cases."""
        told = {} if row["subject_kind"] in _WITHOUT_PAGE else row["data"]
        return "\n".join(self.field(name, value) for name, value in told.items() if _says_something(value))

    def subject(self, kind: str, subject_id: int) -> str:
        if kind == CASE:
            return self.cases.get(subject_id, "")
        by_id = {"person": self.people, "area": self.areas, "category": {t.id: t for t in self.topics.values()}}
        named = by_id.get(kind, {}).get(subject_id)
        return self.called(named) if named else ""

    def field(self, name: str, value: Any) -> str:  # noqa: ANN401  # JSON.
        label = self.say(FIELD_LABELS.get(name, name))
        if value == []:
            return self.say(PART_LABELS["hidden"], what=label)
        before, after = value if isinstance(value, list) else (None, value)
        if before is None:
            return self.say(PART_LABELS["one"], what=label, value=self.value(name, after))
        return self.say(PART_LABELS["both"], what=label, before=self.value(name, before), after=self.value(name, after))

    def value(self, name: str, value: Any) -> str:  # noqa: ANN401  # JSON; one way to say each kind.
        if value is None or value in ("", []):
            return self.say(PART_LABELS["nothing"])
        if isinstance(value, bool):
            return self.say(PART_LABELS["yes" if value else "no"])
        if name in ("duty", "absence", "shift", "swap"):
            return self.span(value)
        if name in _AREAS and value in self.areas:
            return self.called(self.areas[value])
        if name in _PEOPLE and value in self.people:
            return self.called(self.people[value])
        if name in _CODES and value in self.topics:
            return f"{value} {self.called(self.topics[value])}"
        if isinstance(value, dict):
            return str(value.get(self.language) or value.get("zh", ""))
        if isinstance(value, list):
            return self.say(PART_LABELS["gap"]).join(self.part(name, part) for part in value)
        return self.coded(name, str(value))

    def part(self, name: str, part: Any) -> str:  # noqa: ANN401  # JSON; one of a list.
        is_told = name in _LISTS or isinstance(part, dict)
        return self.value(_LISTS.get(name, "focus_group"), part) if is_told else str(part)

    def coded(self, name: str, value: str) -> str:
        tables: Mapping[str, Mapping[str, str]] = {
            "role": {role.value: label for role, label in ROLE_LABELS.items()},
            "target_role": {role.value: label for role, label in ROLE_LABELS.items()},
            "level": LEVEL,
            "target_level": LEVEL,
            "grade": GRADE,
            "kind_of_change": KIND_LABELS,
            "kind_of_entry": SORT_LABELS,
            "handler": HANDLER_LABELS,
            "evidence": EVIDENCE_LABELS,
            "focus_group": FOCUS_GROUP,
            "channel": CHANNEL,
            "kind_of_party": PARTY_KIND_LABELS,
            "act": ACTION,
        }
        if name == "language":
            return NAMES.get(value, value)
        if name == "effective_at":
            return timewords.when(datetime.fromisoformat(value), self.now, self.language)
        return self.say(tables.get(name, {}).get(value, value)) if name in tables else value

    def span(self, value: Mapping[str, Any]) -> str:
        if "weekday" in value:
            when = f"{self.say(WEEKDAY_LABELS[value['weekday']])} {value['starts']}–{value['ends']}"
            days = DAYS_SHORT_LABELS.get(value.get("days", ""))
            return self.say(PART_LABELS["on-days"], when=when, days=self.say(days)) if days else when
        ends = (datetime.fromisoformat(value[name]) for name in ("starts_at", "ends_at"))
        told = " – ".join(timewords.when(end, self.now, self.language) for end in ends)
        one, other = (self.people.get(value.get(name) or 0) for name in ("asker_id", "other_id"))
        if one and other:
            return self.say(PART_LABELS["handed"], when=told, one=self.called(one), other=self.called(other))
        to = self.people.get(value.get("substitute_id") or 0)
        return self.say(PART_LABELS["stand-in"], when=told, name=self.called(to)) if to else told


def told(session: Session, rows: Iterable[Mapping[str, Any]], language: str, now: datetime) -> list[Told]:
    """Return entries of the history in words, in the order given."""
    rows = list(rows)
    actors = {row["actor_id"] or 0 for row in rows}
    people = people_by_id(session, actors | _subjects(rows, "person") | _ids(rows, _PEOPLE))
    areas = area_names(session, _subjects(rows, "area") | _ids(rows, _AREAS))
    rules = live_numbers(session, now) if _subjects(rows, "rule") else frozenset()
    cases = numbers_of(session, _subjects(rows, CASE))
    teller = _Teller(language, now, people, areas, topics(session) if rows else {}, rules, cases)
    return [teller.entry(row) for row in rows]


def history_of(request: Request, session: Session, kind: str, subject_id: int, now: datetime) -> dict[str, Any]:
    """Return the last changes of a subject for its page, the newest last, and how many there are."""
    found = changes_of(session, (kind,), subject_id=subject_id, most=SHOWN)
    events = told(session, reversed(found.rows), language_of(request), now)
    return {"history": events, "history_count": found.count, "history_kind": kind, "history_id": subject_id}


def meanwhile(
    request: Request, session: Session, kind: str, subject_id: int, now: datetime, seen: int | None
) -> list[Told]:
    """Return what others changed after version `seen`, the newest last; None: nobody was faster."""
    if seen is None:
        return []
    found = changes_of(session, (kind,), subject_id=subject_id, most=SHOWN)
    later = [row for row in reversed(found.rows) if row["seq"] > seen]
    return told(session, later, language_of(request), now)


def _subjects(rows: Iterable[Mapping[str, Any]], kind: str) -> set[int]:
    return {row["subject_id"] for row in rows if row["subject_kind"] == kind}


def _ids(rows: Iterable[Mapping[str, Any]], names: frozenset[str]) -> set[int]:
    """Return the numbers that stand in these fields, also inside a duty or an absence, or in a list."""
    return {
        number
        for row in rows
        for name, value in row["data"].items()
        for part in _flat(value)
        for key, number in (part.items() if isinstance(part, dict) else [(_LISTS.get(name, name), part)])
        if key in names and isinstance(number, int)
    }


def _flat(value: Any) -> Iterable[Any]:  # noqa: ANN401  # JSON.
    """Yield a value, or those of a list and of the lists in it."""
    if isinstance(value, list):
        for part in value:
            yield from _flat(part)
    else:
        yield value


def _says_something(value: Any) -> bool:  # noqa: ANN401  # JSON.
    return value == [] or not isinstance(value, list) or any(part not in (None, "", []) for part in value)
