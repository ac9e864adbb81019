"""What does the database need before the first process works on it? Tables, a demo if wanted, and what time it is."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from service.categories.loading import load_catalogue
from service.clocks.actions import register_installed
from service.database import get_engine, transaction
from service.demo import SIGN_INS, city, seed
from service.escalations.actions import sweep
from service.migrations.run import migrate
from service.texts.loading import load_texts
from service.timekeeping import Anchor, read_anchor, set_anchor, simulated
from service.web.deps import real_now

SEED_LOCK = 0x73656564
"""“seed” in ASCII: two who seed at once take turns."""


def prepare(*, demo: bool, at: datetime | None, speed: float | None) -> None:
    """Make an installation ready. `at` and `speed` both None mean real time, and an older anchor goes.

    1. migrate; 2. keep the promises' texts; 3. seed the demo as it stands at the product's time; 4. set the clock,
    last, so that nothing passes while the seed is written.
    """
    bring_up_to_date()
    is_simulated = at is not None or speed is not None
    with transaction() as session:
        if demo:
            _seed(session, at or real_now())
    with transaction() as session:
        real = real_now()
        set_anchor(session, Anchor(real, at or real, speed or 1.0) if is_simulated else None)


def bring_up_to_date() -> None:
    """Migrate the database, and keep the installed promises, the shipped catalogue and the shipped texts in it.

    Errors: DocumentInvalidError.
    """
    migrate(get_engine())
    with transaction() as session:
        register_installed(session, real_now())
        load_catalogue(session, real_now())
        load_texts(session, real_now())


def seed_demo() -> bool:
    """Write the demo as it stands at the product's time; False when it is there already."""
    with transaction() as session:
        return _seed(session, simulated(read_anchor(session), real_now()))


def real_cases() -> int:
    """Return how many cases there are that nobody invented."""
    with transaction() as session:
        return city.real_cases(session)


def seed_city(cases: int, *, open_cases: int, seed: int) -> city.City:
    """Fill the database with so many cases as they stand at the product's time, all or nothing."""
    with transaction() as session:
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(SEED_LOCK)))
        now = simulated(read_anchor(session), real_now())
        made = city.seed_city(session, cases, now, open_cases=open_cases, seed=seed)
    with transaction() as session:
        # It took minutes, in which something of what was lived may have fallen due.
        sweep(session, simulated(read_anchor(session), real_now()))
    return made


def sign_ins() -> str:
    """Return whom a visitor of the demo may be, a line each."""
    width = max(len(login) for login, *_ in SIGN_INS)
    return "\n".join(f"  {login:<{width}}  {password}  {sees}" for login, password, _, sees in SIGN_INS)


def _seed(session: Session, now: datetime) -> bool:
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(SEED_LOCK)))
    return seed(session, now)
