"""How is one round played? Start, storm, end everything, start again, storm, settle, and look from outside."""

import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tests.faults.storm.clients import STAFF, SUPERVISORS, Crowd, Told
from tests.faults.storm.county import lay_county
from tests.faults.storm.facts import Facts, end_leases, gather, overdue, product_now, untold, write_again
from tests.faults.storm.faults import Breaker
from tests.faults.storm.judging import judged
from tests.faults.storm.plan import DEADLINES_SPEED, RESIDENTS_SPEED, Form, Plan, Strike, planned
from tests.faults.storm.probes import all_due, held_rows, orders_sent_twice, refused_row, second_beat, was_refused
from tests.faults.storm.receiver import Receiver
from tests.faults.storm.table import Round
from tests.journeys.conftest import Product, start, stop

ENOUGH, ENOUGH_WITHIN = 30, 30.0
"""Cases to be acknowledged before the residents leave, and real seconds they stay for them."""
TRIES = 3
"""So often a round is played before it stays thin."""
SETTLES_WITHIN = 45.0
SETTLED_FOR = 1.5
"""Real seconds: what fell due before is done, since every sweep comes once a second."""
SENDS_WITHIN = 8.0
"""Real seconds in which twenty notices are sent and written down when nothing breaks."""


@dataclass
class Storm:
    """A round while it is played."""

    plan: Plan
    form: Form
    folder: Path
    receiver: Receiver
    port: int | None = None
    told: Told = field(default_factory=Told)
    senders_lost: list[tuple[float, float]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    not_probed: list[str] = field(default_factory=list)
    """Which rows could not be refused or held."""
    findings: list[str] = field(default_factory=list)

    def begin(self, at: datetime, speed: int) -> Breaker:
        """Start the product on the folder."""
        settings = {"JIBAN_SMTP_URL": self.receiver.mail_url, "JIBAN_INTERNAL_HOSTS": self.receiver.hook_host}
        product = start(self.folder / "data", at=at.isoformat(), speed=speed, port=self.port, settings=settings)
        return Breaker(product)

    def with_residents(self, breaker: Breaker) -> None:
        """Let everybody use the product while it breaks."""
        self._reach_everybody(breaker)
        crowd = Crowd(breaker.product, self.told, self.plan.seed)
        for n in range(self.form.residents):
            crowd.start(crowd.resident, f"resident-{n}")
        self._storm(breaker, crowd, self.plan.with_residents, self.form.with_residents)

    def _reach_everybody(self, breaker: Breaker) -> None:
        """Give each member of staff a way to hear: two of three by mail, the third by the webhook only."""
        breaker.sql("UPDATE people SET email = CASE WHEN id % 3 > 0 THEN login || '@staff.example' END")
        breaker.sql("UPDATE channels SET is_active = false WHERE id <> (SELECT min(id) FROM channels)")
        with breaker.engine.connect() as connection:
            found = connection.execute(sa.text("SELECT id, name FROM channels ORDER BY id LIMIT 1")).one()
        details = {
            "name": found.name, "kind": "webhook", "address": f"http://{self.receiver.hook_host}/", "is_usual": "yes",
            "is_active": "yes", "secret": "a secret of the storm",
        }  # fmt: skip
        with breaker.product.staff("admin") as admin:
            page = admin.get(f"/admin/outbox/channels/{found.id}").text
            seen = re.search(r'name="seen" value="(\d+)"', page)
            answer = admin.post(f"/admin/outbox/channels/{found.id}", data=details | {"seen": seen[1] if seen else ""})
            assert answer.status_code == 303, (answer.status_code, answer.text)

    def end_everything(self, breaker: Breaker) -> datetime:
        """End all processes, asked to or not, and return what the clock shows."""
        begun, process = time.monotonic(), breaker.product.process
        now = product_now(breaker.engine)
        if self.plan.leaves_politely:
            stop(breaker.product)
        else:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        self.senders_lost.append((begun, time.monotonic() + 2))
        return now

    def with_deadlines(self, breaker: Breaker) -> Facts:
        """Let days pass while the product breaks, with one row that cannot be written; then let it settle."""
        refused, number = self._some_clock(breaker)
        with refused_row(breaker, refused):
            crowd = Crowd(breaker.product, self.told, self.plan.seed + 1, left_alone=number)
            self._storm(breaker, crowd, self.plan.with_deadlines, self.form.with_deadlines)
            with second_beat(breaker) as begun:
                self._settle(breaker, but=(refused,), what="only one row cannot be written")
                all_due(breaker)
                self._settle(breaker, but=(refused,), what="one row of many cannot be written")
                with held_rows(breaker, refused) as (clock, notice):
                    self._settle(breaker, but=(refused, clock), told=notice, what="only two more rows are held")
                probes = {"refused": was_refused(breaker, refused), "clock held": clock, "notice held": notice}
                self.not_probed = [name for name, done in probes.items() if not done]
                self.findings += orders_sent_twice(breaker, begun)
            self._remember(breaker)
            write_again(breaker.engine)
        settled_at = self._settle(breaker, what="nothing is broken any more")
        self._until_all_is_told(breaker, settled_at)
        return gather(breaker.engine, breaker.product.data_dir, settled_at)

    def _storm(self, breaker: Breaker, crowd: Crowd, strikes: tuple[Strike, ...], seconds: float) -> None:
        for login in STAFF:
            crowd.start(crowd.worker, login)
        for login in SUPERVISORS:
            crowd.start(crowd.supervisor, login)
        breaker.strike_all(strikes, seconds)
        self._until_enough()
        crowd.leave()
        self._remember(breaker)

    def _remember(self, breaker: Breaker) -> None:
        """Keep what the breaker has noted since it was asked last."""
        self.senders_lost += breaker.senders_lost
        self.skipped += breaker.skipped
        breaker.senders_lost, breaker.skipped = [], []

    def _until_enough(self) -> None:
        """Let residents go on for a while where the machine was too busy to hear many of them."""
        give_up = time.monotonic() + ENOUGH_WITHIN
        while self.told.acknowledged_cases < ENOUGH and time.monotonic() < give_up:
            time.sleep(0.2)

    def _some_clock(self, breaker: Breaker) -> tuple[int, str]:
        """Return a clock of the storm whose steps are due soon, and the number of its case."""
        with breaker.engine.connect() as connection:
            found = connection.execute(
                sa.text(
                    "SELECT clocks.id, number FROM clocks JOIN cases ON cases.id = case_id WHERE state = 'running'"
                    " AND position('〔' in cases.text) > 0 ORDER BY metric = 'accept' DESC, cases.id DESC LIMIT 1"
                )
            ).one_or_none()
        return tuple(found) if found else (0, "")

    def _settle(self, breaker: Breaker, *, but: Sequence[int] = (), told: int = 0, what: str) -> datetime:
        """Wait until all that fell due before a moment is done, and return it. A finding when that never comes."""
        give_up, moment = time.monotonic() + SETTLES_WITHIN, self.plan.at
        left: object = "the database does not answer"
        while time.monotonic() < give_up:
            try:
                moment = product_now(breaker.engine)
                time.sleep(SETTLED_FOR)
                left = overdue(breaker.engine, moment, but=but, told=told)
            except DBAPIError:
                continue
            if left == 0:
                return moment
        self.findings.append(f"{left} things were due and not done {SETTLES_WITHIN:g} s after the storm: {what}")
        return moment

    def _until_all_is_told(self, breaker: Breaker, settled_at: datetime) -> None:
        """Wait until every notice written before a moment has left the outbox, those of lost senders too."""
        give_up = time.monotonic() + SETTLES_WITHIN
        while untold(breaker.engine, settled_at) and time.monotonic() < give_up:
            end_leases(breaker.engine, older_than=SENDS_WITHIN)
            time.sleep(0.5)


def play_until_told(
    seed: int, form: Form, counties: Path, *, port: int | None = None, keep: Path | None = None
) -> Iterator[Round]:
    """Play a round, again while it is thin, and yield each try; the last one may still be thin."""
    for _ in range(TRIES):
        yield (round_ := play(seed, form, counties, port=port, keep=keep))
        if not round_.is_thin:
            return


@contextmanager
def folder_of_data() -> Iterator[Path]:
    """Lend a folder that the servers' own user can reach where root plays."""
    with tempfile.TemporaryDirectory(prefix="faults-storm-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def play(seed: int, form: Form, counties: Path, *, port: int | None = None, keep: Path | None = None) -> Round:
    """Play one round on a folder of its own and return what it showed. `counties` keeps what rounds begin with."""
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = stack.enter_context(folder_of_data())
        storm = Storm(planned(seed, form), form, folder, stack.enter_context(Receiver(seed)), port)
        lay_county(counties, folder / "data", storm.plan.at, with_month=form.with_month)
        breaker = storm.begin(storm.plan.at, RESIDENTS_SPEED)
        stack.callback(lambda: _leave(breaker.product))
        storm.with_residents(breaker)
        now = storm.end_everything(breaker)
        breaker = storm.begin(now, DEADLINES_SPEED)
        facts = storm.with_deadlines(breaker)
        round_ = judged(storm, facts, breaker)
        if keep is not None and round_.findings:
            _leave(breaker.product)
            shutil.copytree(folder, keep / str(seed), dirs_exist_ok=True, symlinks=True)
    round_.seconds = time.monotonic() - begun
    return round_


def _leave(product: Product) -> None:
    if product.process.poll() is None:
        stop(product)
