"""How is the effect of other promises told on a page: which numbers, which lists, in whose words?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from service.accounts.queries import people_by_id
from service.areas.queries import area_names
from service.clocks.queries import book
from service.revisions.queries import books_of, left_cases, newest_migrations
from service.revisions.rules import AT_WORK, RESUMED_AS, UNDO_WITHIN, may_undo
from service.revisions.tables import Migration, WhatIf
from service.web import timewords
from service.web.catalogues import Language, translate
from service.web.words import words
from sla_policies.reading import Problem
from sla_policies.what_if import BANDS, BEYOND, Effect

MOST_LEFT = 100
BAND_LABELS: Mapping[str, str] = {
    "-more": "more than 7 days earlier",
    "-7d": "3 to 7 days earlier",
    "-3d": "1 to 3 days earlier",
    "-1d": "1 to 24 hours earlier",
    "-1h": "up to an hour earlier",
    "+1h": "up to an hour later",
    "+1d": "1 to 24 hours later",
    "+3d": "1 to 3 days later",
    "+7d": "3 to 7 days later",
    "+more": "more than 7 days later",
}
STATE_LABELS: Mapping[str, str] = {
    "applying": "being applied",
    "applied": "applied",
    "undoing": "being taken back",
    "undone": "taken back",
    "apply_stopped": "stopped half way",
    "undo_stopped": "stopped while being taken back",
}


@dataclass(frozen=True)
class Named:
    """A text of promises as a page names it."""

    name: str
    version: str
    effective_from: date


@dataclass(frozen=True)
class Line:
    """A due time that moves: of which case and promise, from when to when, and by how much."""

    case: str
    metric: str
    old: datetime
    new: datetime
    by: str
    is_earlier: bool


@dataclass(frozen=True)
class StepLine:
    """A step that others would hear of."""

    policy: str
    metric: str
    step: str
    heard: list[str]
    hears: list[str]
    promises: int


@dataclass(frozen=True)
class Told:
    """The effect of a comparison, ready for a page."""

    effect: Effect
    bands: list[tuple[str, int]]
    policies: list[tuple[str, str, int]]
    """Title before, title after (empty: nothing is promised), and how many cases."""
    steps: list[StepLine]
    moved: list[Line]
    refusals: list[tuple[str, str]]
    """Cases that cannot be counted, and why."""
    grades: list[tuple[str, int, int]]
    units: list[tuple[Any, int, int]]
    """The area, breaches before, and after."""
    weeks: list[tuple[date, int, int]]
    added_up_at: datetime | None


@dataclass(frozen=True)
class MigrationTold:
    """A migration, ready for a page."""

    by: Any
    undone_by: Any
    label: str
    """A message id."""
    is_at_work: bool
    may_undo: bool
    may_resume: bool
    """It was set aside after an error, and nothing was applied since."""
    undo_until: datetime | None


def named(session: Session, digest: str) -> Named:
    """Return how a kept text is called."""
    row = books_of(session, [digest])[digest]
    return Named(row.name, row.version, row.effective_from)


def effect_told(session: Session, asked: WhatIf, language: Language) -> Told:
    """Return what a finished comparison found, in the reader's language."""
    effect = Effect.from_json(asked.effect)
    places = area_names(session, [int(unit) for unit in effect.units])
    order = [f"-{name}" for name in (BEYOND, *(name for name, _ in reversed(BANDS)))]
    order += [f"+{name}" for name in (*(name for name, _ in BANDS), BEYOND)]
    titles = _titles(session, asked.book_hash, language)
    pairs = [(key.split(" > "), number) for key, number in sorted(effect.policies.items())]
    return Told(
        effect=effect,
        bands=[(BAND_LABELS[band], effect.bands[band]) for band in order if band in effect.bands],
        policies=[(titles.get(old, old), titles.get(new, new), number) for (old, new), number in pairs],
        steps=[_step(key, number, titles) for key, number in sorted(effect.steps.items())],
        moved=[_line(line, language) for line in effect.most_moved],
        refusals=[(case, translate(language, why, **facts)) for case, why, facts in effect.refusals],
        grades=[(words.grade[grade], a, b) for grade, (a, b) in sorted(effect.grades.items()) if a != b],
        units=[(places[int(unit)], a, b) for unit, (a, b) in _most(effect.units) if int(unit) in places],
        weeks=[(date.fromisoformat(week), a, b) for week, (a, b) in sorted(effect.weeks.items()) if a != b],
        added_up_at=asked.finished_at,
    )


def _most(table: Mapping[str, list[int]]) -> list[tuple[str, list[int]]]:
    """Return what differs, the most first."""
    return sorted(
        ((key, counts) for key, counts in table.items() if counts[0] != counts[1]),
        key=lambda line: -abs(line[1][1] - line[1][0]),
    )


def _titles(session: Session, digest: str, language: Language) -> dict[str, str]:
    policies = book(session, digest).policies
    return {policy.name: policy.title_en if language == "en" else policy.title_zh for policy in policies}


def _step(key: str, number: int, titles: Mapping[str, str]) -> StepLine:
    policy, metric, step, heard, hears = key.split("|")
    return StepLine(titles.get(policy, policy), words.metric[metric], step, _rungs(heard), _rungs(hears), number)


def _rungs(names: str) -> list[str]:
    return [words.rung[name] for name in names.split(",") if name]


def _line(line: list[str], language: Language) -> Line:
    case, metric, *times = line
    old, new = (datetime.fromisoformat(at) for at in times)
    return Line(case, words.metric[metric], old, new, timewords.span(abs(new - old), language), new < old)


def migration_told(session: Session, done: Migration, now: datetime) -> MigrationTold:
    """Return who decided a migration, how it stands, and until when it can be taken back."""
    since = done.applied_at or done.stopped_at
    is_newest = [newest.id for newest in newest_migrations(session, most=1)] == [done.id]
    people = people_by_id(session, [i for i in (done.by_id, done.undone_by_id) if i is not None])
    return MigrationTold(
        by=people.get(done.by_id),
        undone_by=people.get(done.undone_by_id or 0),
        label=STATE_LABELS[done.state],
        is_at_work=done.state in AT_WORK,
        may_undo=may_undo(done.state, since, now),
        may_resume=done.state in RESUMED_AS and is_newest,
        undo_until=since + UNDO_WITHIN if since else None,
    )


def left_told(session: Session, done: Migration, language: Language) -> list[tuple[str, str]]:
    """Return the cases that were left as they were: number, and why in the reader's language."""
    if not done.refused and not done.left_alone:
        return []
    found = left_cases(session, done.id or 0, most=MOST_LEFT)
    return [(number, translate(language, left.not_undone or left.refused, **left.facts)) for number, left in found]


def problems_told(problems: Sequence[Problem], language: Language) -> list[tuple[str, str]]:
    """Return what is wrong with files: where, and what with how to mend it in the reader's language."""
    between = "" if language == "zh" else " "
    return [
        (
            f"{each.file}:{each.line}",
            between.join(translate(language, said, **each.facts) for said in (each.what, each.mend)),
        )
        for each in problems
    ]
