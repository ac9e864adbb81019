"""Which colleagues have a case open? Told to whoever may see the case, and to nobody else."""

from collections.abc import Collection, Mapping

from service.accounts.tables import Person
from service.cases.tables import Case
from service.presence import presence
from service.routing.directory import Directory, Staff
from service.web.deps import real_now


def colleagues(case: Case, person: Person, known: Directory) -> list[Staff]:
    """Note that somebody has a case open that they may see; return who else has."""
    found = presence().look(case.id or 0, person.id or 0, real_now())
    return _staff(found, person, known)


def colleagues_at(case_ids: Collection[int], person: Person, known: Directory) -> Mapping[int, list[Staff]]:
    """Return who else has each of these cases open, which the reader may see."""
    found = presence().looking(case_ids, real_now())
    return {case_id: _staff(people, person, known) for case_id, people in found.items()}


def _staff(ids: Collection[int], person: Person, known: Directory) -> list[Staff]:
    return [known.people[one] for one in ids if one != person.id and one in known.people]
