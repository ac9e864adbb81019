"""How does the service learn from its own cases, and how does it go back?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from service.audit.actions import record
from service.audit.changes import one_at_a_time
from service.audit.rules import Entry
from service.categories.model import Model, from_bytes
from service.categories.queries import topics
from service.categories.rules import Catalogue
from service.categories.suggesting import by_keywords
from service.categories.tables import CategoryModel
from service.learning import fitting
from service.learning.files import hints_of
from service.learning.queries import Settled, settled, versions
from service.learning.rules import NothingToGoBackToError, Outcome, Trial, too_little

KEPT = 10
"""So many versions are kept to go back to."""


@dataclass(frozen=True)
class _Tried:
    model: Model
    trial: Trial


def train(session: Session, now: datetime) -> Outcome:
    """Learn from the settled cases, and use the new version if it is better.

    1. gather: settled cases, the catalogue, the version in use; 2. decide: is there enough, and is the new version no
    worse on cases that neither has seen; 3. apply: keep it, and let it take over.
    """
    one_at_a_time(session, CategoryModel)
    cases, catalogue = settled(session), Catalogue(topics(session))
    used = next((one for one in versions(session) if one.is_in_use), None)
    unseen = [used is None or case.case_id > used.last_case_id for case in cases]
    why_not = too_little([case.example.label for case in cases], sum(unseen), is_used=used is not None)
    if why_not:
        return Outcome(why_not)
    tried = _tried(cases, unseen, catalogue, from_bytes(used.weights) if used else None)
    version = _keep(session, tried, cases, now)
    if tried.trial.takes_over:
        _use(session, version, now)
    _forget_old(session)
    return Outcome("", version.id, tried.trial)


def rollback(session: Session, now: datetime) -> int | None:
    """Go back to the version that was used before, and return its number; None: to the keywords.

    Errors: NothingToGoBackToError.
    """
    one_at_a_time(session, CategoryModel)
    known = versions(session)
    used = next((one for one in known if one.is_in_use), None)
    if used is None:
        raise NothingToGoBackToError
    before = [one for one in known if one.took_over_at and not one.taken_back_at and one is not used]
    last = max(before, key=lambda one: one.id or 0, default=None)
    used.is_in_use, used.taken_back_at = False, now
    session.add(used)
    session.flush()  # At most one is in use at any moment.
    if last is not None:
        last.is_in_use = True
        session.add(last)
        session.flush()
    facts = {"to": last.id if last else None}
    record(session, Entry("category_model", used.id or 0, "model.taken-back", now, "system", None, facts))
    return last.id if last else None


def _tried(cases: Sequence[Settled], unseen: Sequence[bool], catalogue: Catalogue, used: Model | None) -> _Tried:
    """Return a model of all cases, and how its like did on those that it and the one in use had not seen."""
    examples, hints = [case.example for case in cases], hints_of(catalogue)
    scores, labels = fitting.unseen_scores(examples, hints, folds=fitting.FOLDS)
    guessed = [labels[place] for place in scores.argmax(axis=1)]
    new = [(one, guess) for one, guess, is_new in zip(examples, guessed, unseen, strict=True) if is_new]
    trial = Trial(
        cases=len(new),
        new=sum(guess == one.label for one, guess in new),
        used=None if used is None else sum(_best(used.chances(one.title, one.text)) == one.label for one, _ in new),
        keywords=sum(_best(by_keywords(catalogue, f"{one.title}\n{one.text}")) == one.label for one, _ in new),
    )
    return _Tried(fitting.fit_with(examples, hints, scores, labels), trial)


def _best(chances: Mapping[str, float]) -> str:
    return min(chances, key=lambda label: (-chances[label], label), default="")


def _keep(session: Session, tried: _Tried, cases: Sequence[Settled], now: datetime) -> CategoryModel:
    version = CategoryModel(
        made_at=now,
        learnt_from=len(cases),
        last_case_id=cases[-1].case_id,
        measures=asdict(tried.trial) | {"topics": len({case.example.label for case in cases})},
        weights=tried.model.to_bytes(),
    )
    session.add(version)
    session.flush()
    return version


def _use(session: Session, version: CategoryModel, now: datetime) -> None:
    session.execute(sa.update(CategoryModel).where(col(CategoryModel.is_in_use)).values(is_in_use=False))
    version.is_in_use, version.took_over_at = True, now
    session.add(version)
    session.flush()
    facts = dict(version.measures)
    record(session, Entry("category_model", version.id or 0, "model.took-over", now, "system", None, facts))


def _forget_old(session: Session) -> None:
    """Drop the oldest versions beyond those that are kept; the one in use stays."""
    old = [one.id for one in versions(session)[KEPT:] if not one.is_in_use]
    session.execute(sa.delete(CategoryModel).where(col(CategoryModel.id).in_(old)))
