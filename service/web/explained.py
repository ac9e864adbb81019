"""How is a due time explained in words, on a page and on the command line alike?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from service.web import timewords
from service.web.catalogues import Language, gettext, translate
from service.web.policy_words import (
    DAY_LABELS,
    END_SENTENCES,
    KIND_SENTENCES,
    MOVED_SENTENCES,
    PIECE_LABELS,
    STATED_SENTENCES,
)
from service.web.words import words
from sla_policies.counted_days import Days
from sla_policies.explaining import Explanation, ExtensionTold, PauseTold, StepTold
from sla_policies.policy import Budget, Considered, TimeKind
from sla_policies.stretches import NO_TIME, Period

MINUTES_A_DAY, MOST_DAYS_IN_HOURS = 1_440, 3


@dataclass(frozen=True)
class Row:
    """One row of the days that were counted."""

    date: str
    kind: str
    hours: str
    counted: str
    note: str


@dataclass(frozen=True)
class StepRow:
    """One step of the ladder."""

    at: str
    title: str
    who: str
    state: str
    is_taken: bool


@dataclass(frozen=True)
class Told:
    """An explanation in one language: sentences in the order in which one reads them, and two tables."""

    heading: str
    is_open: bool
    """The promise is not kept yet, nor gone."""
    sentences: list[str]
    considered: list[tuple[bool, str, str]]
    """Matched, title, why or why not."""
    rows: list[Row]
    total: str
    steps: list[StepRow]


def tell(explanation: Explanation, now: datetime, language: Language) -> Told:
    """Return an explanation in words."""
    return _Teller(explanation, now, language).told()


def amount(budget: Budget, language: Language) -> str:
    """Return a budget in words: 7 天, 24 小时, 5 个工作日, 8 小时工作时间."""
    if budget.kind is TimeKind.WORKDAYS:
        msgid = PIECE_LABELS["one_workday" if budget.amount == 1 else "workdays"]
        return translate(language, msgid, count=budget.amount)
    length = timedelta(minutes=budget.amount)
    if budget.kind is TimeKind.WORKING:
        return translate(language, PIECE_LABELS["working_time"], hours=timewords.hours(length, language))
    days, rest = divmod(budget.amount, MINUTES_A_DAY)
    if days > MOST_DAYS_IN_HOURS and not rest:
        return translate(language, PIECE_LABELS["days"], count=days)
    return timewords.hours(length, language)


def considered_said(considered: Iterable[Considered], language: Language) -> list[tuple[bool, str, str]]:
    """Return which policies were looked at: was it taken, its title, and why or why not."""
    english = language == "en"
    return [
        (one.matched, one.title_en if english else one.title_zh, one.why_en if english else one.why_zh)
        for one in considered
    ]


@dataclass(frozen=True)
class _Teller:
    """Says one explanation: each method says one part of it."""

    it: Explanation
    now: datetime
    language: Language

    def told(self) -> Told:
        policy, english = self.it.policy, self.language == "en"
        heading = self._label(words.metric[self.it.clock.target.metric])
        if self.it.instance > 1:
            heading += " · " + self._say(PIECE_LABELS["round"], number=self.it.instance)
        sentences = chain(self._promise(), self._moves(), self._end())
        return Told(
            heading=f"{heading} · {policy.title_en if english else policy.title_zh}",
            is_open=self.it.clock.ended_at is None,
            sentences=list(sentences),
            considered=considered_said(self.it.considered, self.language),
            rows=[self._row(i, days) for i, days in enumerate(self.it.days)],
            total=self._total(),
            steps=[self._step(step) for step in self.it.steps],
        )

    def _promise(self) -> Iterator[str]:
        budget, start = self.it.clock.target.budget, self._at(self.it.clock.started_at)
        yield self._say(STATED_SENTENCES["promised"], amount=amount(budget, self.language))
        yield self._label(KIND_SENTENCES[budget.kind])
        if self.it.instance > 1:
            yield self._say(STATED_SENTENCES["began_again"], at=start)
        else:
            yield self._say(STATED_SENTENCES["began"], at=start)

    def _moves(self) -> Iterator[str]:
        for pause in self.it.pauses:
            yield from self._pause(pause)
        for extension in self.it.extensions:
            yield self._extension(extension)

    def _pause(self, pause: PauseTold) -> Iterator[str]:
        facts = {
            "begins": self._at(pause.begins),
            "ends": self._at(pause.ends) if pause.ends else "",
            "why": self._label(words.due_changed.get(pause.reason, pause.reason)),
            "costs": timewords.hours(pause.costs, self.language),
        }
        kind = "late" if pause.begins > self.it.until else "paused" if pause.ends else "still"
        yield self._say(MOVED_SENTENCES[kind], **facts)
        if pause.costs_until < (pause.ends or self.now):
            yield self._say(MOVED_SENTENCES["cut"], end=self._at(pause.costs_until))

    def _extension(self, extension: ExtensionTold) -> str:
        facts = {"at": self._at(extension.at), "amount": amount(extension.extra, self.language)}
        if extension.old is None or extension.new is None:
            return self._say(MOVED_SENTENCES["extended_still"], **facts)
        facts |= {"old": self._at(extension.old), "new": self._at(extension.new)}
        return self._say(MOVED_SENTENCES["extended"], **facts)

    def _end(self) -> Iterator[str]:
        clock = self.it.clock
        facts = {
            "due": self._at(clock.due_at) if clock.due_at else "",
            "ended": self._at(clock.ended_at) if clock.ended_at else "",
            "left": timewords.hours(max(clock.remaining(self.now), NO_TIME), self.language),
        }
        yield self._say(END_SENTENCES[clock.state], **facts)
        if self.it.breached_at:
            yield self._say(STATED_SENTENCES["breached"], due=self._at(self.it.breached_at))
        if self.it.unpublished_years:
            years = self._between().join(map(str, self.it.unpublished_years))
            yield self._say(STATED_SENTENCES["provisional"], years=years)

    def _row(self, index: int, days: Days) -> Row:
        count = (days.last - days.first).days + 1
        date = timewords.day(days.first, self.now, self.language)
        if count > 1:
            last = timewords.day(days.last, self.now, self.language)
            date = self._say(PIECE_LABELS["dates"], first=date, last=last, count=count)
        return Row(
            date, self._kind(days, count), self._hours(days, count), self._counted(index, days), self._note(days)
        )

    def _kind(self, days: Days, count: int) -> str:
        name = days.name[1 if self.language == "en" else 0]
        if len(days.kinds) == 1 or count == 1:
            label = self._label(DAY_LABELS[next(iter(days.kinds))])
            return self._say(PIECE_LABELS["named"], label=label, name=name) if name else label
        parts = (f"{self._label(DAY_LABELS[kind])} × {number}" for kind, number in days.kinds.items())
        return self._between().join(parts)

    def _hours(self, days: Days, count: int) -> str:
        if not days.spans:
            return "–"
        said = self._between().join(self._span(span) for span in days.spans)
        return self._say(PIECE_LABELS["each_day"], hours=said) if count > 1 else said

    def _span(self, span: Period) -> str:
        opens, closes = (edge.astimezone(self.it.clock.calendar.zone) for edge in span)
        end = "24:00" if closes.date() > opens.date() else self._clock_time(closes)
        return f"{self._clock_time(opens)}–{end}"

    def _clock_time(self, at: datetime) -> str:
        return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"

    def _counted(self, index: int, days: Days) -> str:
        if self.it.clock.target.budget.kind is not TimeKind.WORKDAYS:
            return timewords.hours(days.counted, self.language)
        if days.workdays:
            return amount(Budget(days.workdays, TimeKind.WORKDAYS), self.language)
        if index == 0:
            return self._label(PIECE_LABELS["not_counted"])
        return timewords.hours(days.counted, self.language) if days.counted else "–"

    def _note(self, days: Days) -> str:
        notes = []
        if days.paused:
            notes.append(self._say(PIECE_LABELS["stood_still"], hours=timewords.hours(days.paused, self.language)))
        if days.is_assumed:
            notes.append(self._label(PIECE_LABELS["assumed"]))
        return self._between().join(notes)

    def _total(self) -> str:
        hours = timewords.hours(self.it.counted, self.language)
        if self.it.clock.target.budget.kind is not TimeKind.WORKDAYS:
            return hours
        days = sum(one.workdays for one in self.it.days)
        return amount(Budget(days, TimeKind.WORKDAYS), self.language)

    def _step(self, told: StepTold) -> StepRow:
        step, english = told.step, self.language == "en"
        who = self._between().join(self._label(words.rung[role]) for role in step.to)
        title = (step.title_en if english else step.title_zh) or self._label(words.act[step.act])
        at = self._at(told.at) if told.at else self._label(PIECE_LABELS["step_still"])
        is_taken = told.taken is not None and not told.taken.skipped
        return StepRow(at, title, who, self._step_state(told), is_taken)

    def _step_state(self, told: StepTold) -> str:
        if told.taken is None:
            return self._label(PIECE_LABELS["step_not_taken" if self.it.clock.ended_at is None else "step_over"])
        if told.taken.skipped:
            return self._label(PIECE_LABELS["step_skipped"])
        return self._say(PIECE_LABELS["step_taken"], at=self._at(told.taken.taken_at))

    def _at(self, moment: datetime) -> str:
        return timewords.moment(moment, self.now, self.language)

    def _between(self) -> str:
        return "、" if self.language == "zh" else ", "

    def _label(self, msgid: str) -> str:
        return gettext(self.language, msgid)

    def _say(self, msgid: str, **facts: object) -> str:
        return translate(self.language, msgid, **facts)
