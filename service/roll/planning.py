"""What would the rows of a sheet of people do, and what is wrong with each?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from service.accounts.rules import (
    LoginTakenError,
    OwnRoleError,
    PersonDetails,
    Role,
    StillHoldsCasesError,
    check_details,
    may_appoint,
    tidy_login,
)
from service.accounts.words import ROLE_BY_WORD
from service.errors import InvalidFieldsError
from service.roll.absences import absence_of, circles
from service.roll.duties import Duties, DutiesInvalidError, read_duties
from service.roll.rules import Ground, Known, Plan, Planned, Reach, belongs
from service.roll.sheets import LANGUAGE_BY_WORD, NOTHING
from service.rosters.rules import SKILLS_MOST
from service.secrecy import PhoneInvalidError, fold, normalise_phone
from service.sheets import YES_NO, Row, Sheet, Told, cell_faults, parts_of

COLUMN_OF: Mapping[str, str] = {"area_id": "area", "is_active": "works_here"}
"""In which column a detail stands, where its name is another."""
BELONGS_SENTENCES: Mapping[Role, str] = {
    Role.HEAD: "A head of the community works in a community. What is meant otherwise is done on the person's page.",
    Role.TRIAGE: "A duty desk belongs to a sub-district. What is meant otherwise is done on the person's page.",
    Role.SUPERVISOR: "A supervisor belongs to a sub-district. What is meant otherwise is done on the person's page.",
    Role.DISTRICT: "A district desk belongs to the county. What is meant otherwise is done on the person's page.",
}
NOBODY = PersonDetails(name="", role=Role.WORKER, area_id=0)


def plan(sheet: Sheet, ground: Ground) -> Plan:
    """Decide what the rows of a sheet would do.

    Empty cells, columns that a sheet does not have, and people who are not in it stay as they are.
    """
    first: dict[str, int] = {}
    planned = []
    for row in sheet.rows:
        one = _Reading(row, ground).planned()
        if one.login and one.login in first:
            _refuse(one, "login", "This sign-in name stands in row {first} already.", first=first[one.login])
        first.setdefault(one.login, row.number)
        planned.append(one)
    for one, sentence in circles(planned, ground):
        _refuse(one, "substitute", sentence)
    _keep_an_administrator(planned, ground)
    return Plan(tuple(planned), sheet.left_out)


def _refuse(one: Planned, column: str, sentence: str, **facts: Any) -> None:  # noqa: ANN401
    one.faults.append(Told(one.row, column, sentence, facts))


def _keep_an_administrator(planned: Sequence[Planned], ground: Ground) -> None:
    """Refuse the last row that would leave nobody who may look after everybody."""
    losing = [one for one in planned if one.was and one.was.is_administrator and not one.keeps_administrator]
    lost = {one.login for one in losing}
    stays = any(known.is_administrator and known.login not in lost for known in ground.people.values())
    if losing and not stays and not any(one.keeps_administrator for one in planned):
        _refuse(losing[-1], "role", "Nobody would be an administrator any more. One has to stay.")


class _Reading:
    """One row as it is read."""

    def __init__(self, row: Row, ground: Ground) -> None:
        self.cells, self.ground = row.cells, ground
        login = tidy_login(row.cells.get("login", ""))
        self.was = ground.people.get(login)
        self.one = Planned(row.number, login, row.cells.get("name", ""), self.was)
        self.one.faults += cell_faults(row)

    def planned(self) -> Planned:
        """Read the whole row: everything that is wrong with it is told."""
        one, was = self.one, self.was
        if not self._may_be_touched():
            return one
        base = was.details if was else NOBODY
        one.details = self._details(base)
        one.name = one.name or base.name
        one.topics = self._parts("skills", was.topics if was else frozenset())
        one.speaks = self._parts("speaks", was.speaks if was else frozenset())
        one.duties = self._duties(was.duties if was else frozenset())
        if len(one.topics) + len(one.speaks) > SKILLS_MOST:
            self._wrong("skills", "That is too much for one person. Please choose the groups instead.")
        one.changes = _differences(one, was)
        if one.changes:
            self._check(one.details)
        one.absence, faults = absence_of(self.cells, was, self.ground)
        if one.absence is not None:
            one.changes["absence"] = (None, one.absence)
        for column, sentence in faults.items():
            self._wrong(column, sentence)
        self._check_version()
        return one

    def _wrong(self, column: str, sentence: str, **facts: Any) -> None:  # noqa: ANN401
        _refuse(self.one, column, sentence, **facts)

    def _may_be_touched(self) -> bool:
        if self.was is None and self.cells.get("version"):
            self._wrong(
                "login",
                "Nobody signs in with this name, but the row is of a sheet written here. A sign-in name cannot be "
                "changed. For somebody new, please empty the cell of the version.",
            )
            return False
        if self.was is None or self.was.reach is Reach.OURS:
            return True
        if self.was.reach is Reach.FAR:
            self._wrong("login", LoginTakenError.sentence)
        else:
            self._wrong("login", "This person is not among those whose details you may change.")
        return False

    def _details(self, base: PersonDetails) -> PersonDetails:
        given: dict[str, Any] = {name: self.cells[name] for name in ("name", "name_en") if self.cells.get(name)}
        given |= {name: "" for name in ("name_en",) if fold(given.get(name, "")) in NOTHING}
        if self.cells.get("email"):
            given["email"] = None if fold(self.cells["email"]) in NOTHING else self.cells["email"]
        if self.cells.get("capacity"):
            said = self.cells["capacity"]
            given["capacity"] = int(said) if said.isascii() and said.isdecimal() and len(said) < 5 else -1
        given["phone"] = self._phone(base.phone)
        given["role"] = self._word("role", ROLE_BY_WORD, base.role)
        given["language"] = self._word("language", LANGUAGE_BY_WORD, base.language)
        works = self._word("works_here", YES_NO, "yes" if base.is_active else "no")
        return replace(base, **given, is_active=works == "yes", area_id=self._area(base.area_id))

    def _phone(self, before: str) -> str:
        said = self.cells.get("phone", "")
        if not said or fold(said) in NOTHING:
            return "" if said else before
        try:
            return normalise_phone(said)
        except PhoneInvalidError as wrong:
            self._wrong("phone", wrong.sentence)
            return before

    def _word(self, column: str, words: Mapping[str, Any], otherwise: Any) -> Any:  # noqa: ANN401
        said = fold(self.cells.get(column, ""))
        if said and said not in words:
            self._wrong(column, "“{said}” is not known here.", said=said[:40])
        if column == "role" and not said and self.was is None:
            self._wrong(column, "Please say which role they have.")
        return words.get(said, otherwise)

    def _area(self, before: int) -> int:
        said, areas = self.cells.get("area", ""), self.ground.areas
        if not said:
            if self.was is None:
                self._wrong("area", "Please give the code of the area in which they work.")
            return before
        here = areas.places.get(before)
        if here is not None and said == here.code:
            return before
        found = areas.by_code.get(said) or areas.by_name.get(said)
        if found is None or not (self.ground.near is None or found.id in self.ground.near):
            self._wrong("area", "No area in use here has the code or name “{said}”.", said=said[:40])
            return before
        return found.id

    def _parts(self, column: str, before: frozenset[str]) -> frozenset[str]:
        said = self.cells.get(column, "")
        if not said or fold(said) in NOTHING:
            return frozenset() if said else before
        by_word = self.ground.words[column]
        for part in parts_of(said):
            if fold(part) not in by_word:
                self._wrong(column, "“{said}” is not known here.", said=part[:40])
        return frozenset(by_word[fold(part)] for part in parts_of(said) if fold(part) in by_word)

    def _duties(self, before: Duties) -> Duties:
        said = self.cells.get("duties", "")
        if not said or fold(said) in NOTHING:
            return frozenset() if said else before
        try:
            return read_duties(said)
        except DutiesInvalidError as wrong:
            self._wrong("duties", wrong.sentence, **wrong.facts)
            return before

    def _check(self, details: PersonDetails) -> None:
        told = {told.column for told in self.one.faults}
        try:
            check_details(details, login=self.one.login)
        except InvalidFieldsError as wrong:
            for name, sentence in wrong.fields.items():
                self._wrong(COLUMN_OF.get(name, name), sentence)
        if not told & {"role", "area"}:
            self._check_role(details)
        if self.was is not None:
            self._check_leaving(details, self.was)

    def _check_role(self, details: PersonDetails) -> None:
        before = self.was.details if self.was else NOBODY
        place = self.ground.areas.places.get(details.area_id)
        if not may_appoint(self.ground.by_role, details.role):
            self._wrong("role", "You may not give anybody this role.")
        elif (details.role, details.area_id) != (before.role, before.area_id) and not belongs(details.role, place):
            self._wrong("role", BELONGS_SENTENCES[details.role])

    def _check_leaving(self, details: PersonDetails, was: Known) -> None:
        is_self = was.id == self.ground.by_id
        leaves = was.details.is_active and not details.is_active
        if is_self and details.role is not was.details.role:
            self._wrong("role", OwnRoleError.sentence)
        if is_self and leaves:
            self._wrong("works_here", OwnRoleError.sentence)
        elif leaves and was.open_cases:
            self._wrong("works_here", StillHoldsCasesError.sentence, count=was.open_cases)

    def _check_version(self) -> None:
        said = self.cells.get("version", "")
        if said and self.was is not None and self.one.changes and said != self.was.mark:
            self._wrong(
                "version",
                "This person was changed here after the sheet was written. Please take a new sheet; or, to replace "
                "what is here, empty the cell of the version.",
            )


def _differences(one: Planned, was: Known | None) -> dict[str, tuple[Any, Any]]:
    after, before = one.details or NOBODY, was.details if was else NOBODY
    found: dict[str, tuple[Any, Any]] = {}
    for name, value in vars(after).items():
        if was is None or value != getattr(before, name):
            found[COLUMN_OF.get(name, name)] = (getattr(before, name) if was else None, value)
    for column, are, were in (
        ("skills", one.topics, was.topics if was else frozenset()),
        ("speaks", one.speaks, was.speaks if was else frozenset()),
    ):
        if are != were:
            found[column] = (sorted(were), sorted(are))
    duties = was.duties if was else frozenset()
    if one.duties != duties:
        found["duties"] = (duties, one.duties)
    return found
