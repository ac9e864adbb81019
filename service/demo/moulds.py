"""How is a mould made? The rows of a case that was lived are read as COPY writes them, and its holes are cut.

Cases that name another one are no moulds: the other would be theirs.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col

from service.assignments.tables import Assignment
from service.audit.queries import history
from service.cases.rules import ENDED, CaseStatus
from service.cases.tables import Case, CaseMessage
from service.clocks.tables import ClockRow
from service.demo.casts import CLOCKS, ID, NULL, NUMBER, Happening, Mould, Text
from service.escalations.tables import Escalation
from service.feedback.rules import CLOSE_AFTER
from service.feedback.tables import Rating
from service.handling.tables import Proposal
from service.outbox.rules import NoticeState
from service.outbox.tables import Notice
from service.routing.tables import RoutingDecisionRow

PARTS: tuple[type[SQLModel], ...] = (
    Assignment, RoutingDecisionRow, ClockRow, Escalation, CaseMessage, Notice, Rating, Proposal,
)  # fmt: skip
"""What belongs to a case beside its history, clocks before what names them."""
OWN = ("id", "number", "code_hash", "text", "contact", "phone_index", "lat", "lon")
"""Columns of a case that every cast has its own of."""
NAMES_ANOTHER = frozenset({"joined", "duplicate"})
"""Entries of the history that name another case."""


def columns_of(table: type[SQLModel]) -> list[str]:
    """Return the columns in the order in which moulds hold them: of clocks with their ids, else without."""
    names = [column.name for column in own_table(table).columns if column.computed is None]
    if table is Case:
        return [*OWN, *(name for name in names if name not in OWN)]
    return [name for name in names if name != "id" or table is ClockRow]


def moulds_of(session: Session, case_ids: Collection[int]) -> list[Mould]:
    """Return the moulds of these cases as they stand, without those that name another case."""
    tables: tuple[type[SQLModel], ...] = (Case, *PARTS)
    rows = {table: _rows(session, table, case_ids) for table in tables}
    cases = session.scalars(sa.select(Case).where(col(Case.id).in_(case_ids)).order_by(col(Case.id)))
    found = []
    for case in cases:
        entries = history(session, "case", case.id or 0)
        if not NAMES_ANOTHER & {entry["action"] for entry in entries} and case.duplicate_of_id is None:
            found.append(_Cutter(case, {table: rows[table][case.id or 0] for table in rows}).mould(entries))
    return found


def _rows(session: Session, table: type[SQLModel], case_ids: Iterable[int]) -> dict[int, list[list[str]]]:
    """Return the rows of each case as COPY writes them, in fields."""
    case_id = "id" if table is Case else "case_id"
    names, ids = ", ".join(columns_of(table)), ", ".join(map(str, case_ids))
    wanted = f"SELECT {case_id}, {names} FROM {own_table(table).name} WHERE {case_id} IN ({ids})"  # noqa: S608  # Our own.
    if table is Notice:  # What still waits to be told would be told of every cast.
        wanted += f" AND state <> '{NoticeState.WAITING}'"
    order = ", ".join(column.name for column in own_table(table).primary_key)
    found: dict[int, list[list[str]]] = defaultdict(list)
    with raw(session).cursor().copy(f"COPY ({wanted} ORDER BY {case_id}, {order}) TO STDOUT") as copied:
        for line in b"".join(copied).decode().split("\n")[:-1]:
            of, *fields = line.split("\t")
            found[int(of)].append(fields)
    return found


def raw(session: Session) -> "psycopg.Connection[Any]":
    """Return the driver's connection of a session, in the same transaction: COPY is not for SQLAlchemy."""
    found = session.connection().connection.driver_connection
    if not isinstance(found, psycopg.Connection):
        raise TypeError(f"no connection of psycopg: {found!r}")
    return found


def own_table(table: type[SQLModel]) -> sa.Table:
    """Return the table behind a model."""
    own: sa.Table = table.__table__  # type: ignore[attr-defined]
    return own


@dataclass
class _Cutter:
    """Cuts the holes into the rows of one case: moments, dates, its number, and its clocks."""

    case: Case
    rows: dict[type[SQLModel], list[list[str]]]
    moments: dict[int, None] = field(default_factory=dict)
    dates: dict[int, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.received = _seconds(self.case.received_at)
        self.clocks = {row[0]: CLOCKS + n for n, row in enumerate(self.rows[ClockRow])}
        number = re.escape(self.case.number)
        self.hole = re.compile(
            r"(?P<moment>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)|(?<![\d-])(?P<date>\d{4}-\d\d-\d\d)(?![\d-])"
            rf'|(?P<number>{number})|(?P<before>escalated:|"key": ")(?P<clock>\d+)(?=:)'
        )

    def mould(self, entries: Sequence[dict[str, Any]]) -> Mould:
        case, own = self.case, self.rows[Case][0]
        self._look_for_moments(field for rows in self.rows.values() for row in rows for field in row)
        self._look_for_moments(text for entry in entries for text in (_at(entry), _told(entry)))
        return Mould(
            area_id=case.area_id,
            is_ended=case.status in ENDED,
            is_chinese=case.language == "zh",
            is_reachable=case.phone_index is not None,
            point=(case.lat, case.lon) if case.lat is not None and case.lon is not None else None,
            text=own[OWN.index("text")],
            clocks=len(self.clocks),
            lasted=self._lasted(entries),
            stands_until=self._stands_until(),
            moments=tuple(self.moments),
            dates=tuple(self.dates),
            rest=_text(*self._cut("\t".join(own[len(OWN) :]))),
            parts=tuple((table, self._table(table)) for table in PARTS if self.rows[table]),
            entries=tuple(self._happening(entry) for entry in entries),
        )

    def _look_for_moments(self, texts: Iterable[str]) -> None:
        for found in (found for text in texts for found in self.hole.finditer(text)):
            if found["moment"]:
                self.moments[self._after(found["moment"])] = None
            elif found["date"]:
                self.dates[self._after(found["date"])] = None

    def _after(self, moment: str) -> int:
        """Return the seconds from the receipt to a moment, or to the midnight of a date."""
        return _seconds(datetime.fromisoformat(moment).replace(tzinfo=UTC)) - self.received

    def _table(self, table: type[SQLModel]) -> Text:
        """Return all rows of a table as one text."""
        forms, picks = [], []
        for row in self.rows[table]:
            cut = [self._field(table, name, value) for name, value in zip(columns_of(table), row, strict=True)]
            forms.append("\t".join(form for form, _ in cut) + "\n")
            picks += [place for _, places in cut for place in places]
        return _text("".join(forms), picks)

    def _field(self, table: type[SQLModel], name: str, value: str) -> tuple[str, list[int]]:
        if name == "case_id":
            return "%s", [ID]
        if name == "clock_id" or (table is ClockRow and name == "id"):
            return "%s", [self.clocks[value]]
        return self._cut(value)

    def _happening(self, entry: dict[str, Any]) -> Happening:
        at, actor_id = _at(entry), entry["actor_id"]
        _, (place,) = self._cut(at)
        return Happening(
            at=place,
            fraction=at[len("2026-11-23T08:00:00") :],
            data=_text(*self._cut(_told(entry))),
            by=f'",{json.dumps(actor_id)},"{entry["actor"]}","{entry["action"]}",',
            by_row=f"\t{NULL if actor_id is None else actor_id}\t{entry['actor']}\t{entry['action']}\t",
        )

    def _cut(self, text: str) -> tuple[str, list[int]]:
        """Return a text as %-format, and which values go into its holes."""
        moments, dates = list(self.moments), list(self.dates)
        behind = CLOCKS + len(self.clocks)
        picks: list[int] = []

        def cut(found: "re.Match[str]") -> str:
            if found["number"]:
                picks.append(NUMBER)
            elif found["moment"]:
                picks.append(behind + moments.index(self._after(found["moment"])))
            elif found["date"]:
                picks.append(behind + len(moments) + dates.index(self._after(found["date"])))
            else:
                picks.append(self.clocks[found["clock"]])
            return f"{found['before'] or ''}%s"

        return self.hole.sub(cut, text.replace("%", "%%")), picks

    def _lasted(self, entries: Sequence[dict[str, Any]]) -> int:
        """Return the seconds to the last thing that was done, or told."""
        told = columns_of(Notice).index("sent_at")
        sent = [datetime.fromisoformat(row[told]) for row in self.rows[Notice] if row[told] != NULL]
        return max(_seconds(at) for at in [*sent, *(entry["at"] for entry in entries)]) - self.received + 1

    def _stands_until(self) -> int | None:
        look = columns_of(ClockRow).index("next_action_at")
        ahead = [datetime.fromisoformat(row[look]) for row in self.rows[ClockRow] if row[look] != NULL]
        ahead += [self.case.parked_until] if self.case.parked_until else []
        if self.case.status is CaseStatus.RESOLVED and self.case.resolved_at:
            ahead.append(self.case.resolved_at + timedelta(days=CLOSE_AFTER))
        return min((_seconds(at) - self.received for at in ahead), default=None)


def _at(entry: dict[str, Any]) -> str:
    return str(entry["at"].astimezone(UTC).isoformat(timespec="microseconds"))


def _told(entry: dict[str, Any]) -> str:
    return json.dumps(entry["data"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _text(form: str, picks: Sequence[int]) -> Text:
    if not picks:
        return Text(form.replace("%%", "%"), None)
    one = itemgetter(*picks)
    return Text(form, one if len(picks) > 1 else lambda values: (one(values),))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp() // 1)
