"""What does it cost to look for what is due, to clear what fell due at once, and how late is a step?

    python tests/bench/sweep.py [--clocks 100000 1000000] [--overdue 10000] [--sweepers 2] [--seconds 40] [--only look]

Fills a database of its own with open clocks in set-based SQL. "Look": one sweep that finds nothing. "Clear": so many
clocks fall due at the same moment, and real processes clear them with ledger, history and notices; beside it the same
rows are written by PostgreSQL alone in one statement a table. "Delay": the product's worker and beat, 20 requests a
second coming in, two clocks a second falling due: from due to fired.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa
from sqlmodel import Session

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from service.clocks.actions import register_installed  # noqa: E402  # The path above comes first.
from service.database import connect  # noqa: E402
from service.demo.city import WORKLOADS  # noqa: E402
from service.embedded import EmbeddedServers  # noqa: E402
from service.migrations.run import migrate  # noqa: E402
from sla_policies.documents import packaged_book  # noqa: E402
from tests.people import build_town  # noqa: E402

CASES = """
INSERT INTO cases (number, code_hash, status, version, channel, received_at, title, text, category_id, grade, area_id,
  address, is_anonymous, for_whom, focus_groups, language, unit_id, assignee_id, policy, urged, returned, reopened,
  updated_at)
SELECT :prefix || n, ''::bytea, 'in_progress', 1, 'web', CAST(:at AS timestamptz), 't', 'x',
  (SELECT id FROM categories WHERE code = 'C05'), 'G3', unit, '', false, 'self', '{}', 'zh', unit,
  (SELECT id FROM people WHERE login = 'li.qiang'), 'national-G3', 0, 0, 0, CAST(:at AS timestamptz)
FROM generate_series(1, :count) AS n, (SELECT id AS unit FROM areas WHERE name = '湖滨社区') AS place
"""
CLOCKS = """
INSERT INTO clocks (case_id, metric, instance, policy, book_hash, budget, kind, events, state, started_at, due_at,
  is_provisional, next_action_at)
SELECT id, m.metric, 1, policy, :hash, m.minutes, 'elapsed',
  jsonb_build_array(jsonb_build_object('at', received_at, 'kind', 'started', 'reason', '', 'actor', '', 'extra', NULL)),
  'running', received_at, received_at + m.minutes * interval '1 minute', false,
  CAST(:look_at AS timestamptz) + (id % 1000000) * CAST(:apart AS interval)
FROM cases c, (VALUES ('accept', 240), ('contact', 1440), ('resolve', 10080)) AS m (metric, minutes)
WHERE c.number LIKE :prefix || '%' AND m.metric = ANY(:metrics)
"""
SWEEPER = """
import sys, time
from workers.clocks import sweep_clocks
print("ready", flush=True)
sys.stdin.readline()
begun = time.perf_counter()
done = sweep_clocks()
print(done, begun, time.perf_counter(), flush=True)
"""
LOOKER = """
import statistics, time
from service.database import transaction
from service.escalations.actions import sweep
from workers.app import now
best = None
for _ in range(6):
    times = []
    for _ in range(300):
        begun = time.perf_counter()
        with transaction() as session:
            assert sweep(session, now()) == 0
        times.append((time.perf_counter() - begun) * 1000)
    found = (statistics.median(times), statistics.quantiles(times, n=100)[98])
    best = min(best or found, found)
print(*best)
"""
"""The best of six rows of looks: what else the machine does in between is not what a look costs."""
RAW = (
    """INSERT INTO escalations (clock_id, case_id, arm, step, act, roles, person_ids, skipped, due_at, raised_at,
      needs_acknowledgement, acknowledge_by, note)
    SELECT clock_id + :clocks, case_id + :cases, arm, step, act, roles, person_ids, skipped, due_at, raised_at,
      needs_acknowledgement, acknowledge_by, note FROM escalations WHERE case_id BETWEEN :first AND :last""",
    """INSERT INTO audit_entries (subject_kind, subject_id, seq, at, actor, action, data, prev_hash, hash)
    SELECT subject_kind, subject_id + :cases, seq, at, actor, action, data, prev_hash, hash FROM audit_entries
    WHERE subject_kind = 'case' AND subject_id BETWEEN :first AND :last""",
    """INSERT INTO notices (key, template, case_id, person_id, channel, language, facts, wakes, state, tries,
      next_try_at, created_at, failure, attempts)
    SELECT key || 'b', template, case_id + :cases, person_id, channel, language, facts, wakes, state, tries,
      next_try_at, created_at, failure, attempts FROM notices WHERE case_id BETWEEN :first AND :last""",
    """UPDATE clocks b SET breached_at = a.breached_at, next_action_at = a.next_action_at, failures = 0
    FROM clocks a WHERE a.case_id BETWEEN :first AND :last AND b.id = a.id + :clocks""",
)
"""The rows that the product wrote for one set of cases, written for another like it."""


def settle(engine: sa.Engine) -> None:
    """Write the town."""
    migrate(engine)
    with Session(engine) as session:
        register_installed(session, datetime.now(UTC))
        build_town(session)
        session.commit()


def fill(engine: sa.Engine, prefix: str, count: int, *, at: datetime, look_at: datetime, **more: object) -> None:
    """Write `count` open cases received `at` with their clocks, looked at from `look_at` on."""
    facts = {"prefix": prefix, "count": count, "at": at, "look_at": look_at, "hash": packaged_book().hash}
    facts |= {"apart": timedelta(milliseconds=1), "metrics": ["accept", "contact", "resolve"]} | more
    with engine.begin() as connection:
        connection.execute(sa.text(CASES), facts)
        connection.execute(sa.text(CLOCKS), facts)
        connection.execute(sa.text(WORKLOADS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
        connection.execute(sa.text("CHECKPOINT"))


def look(env: dict[str, str]) -> tuple[float, float]:
    """Return median and p99 of a sweep that finds nothing, in milliseconds, with its transaction."""
    done = subprocess.run([sys.executable, "-c", LOOKER], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    middle, late = done.stdout.split()
    return float(middle), float(late)


def clear(engine: sa.Engine, env: dict[str, str], overdue: int, sweepers: int, name: str) -> dict[str, float]:
    """Let clocks fall due at once and clear them; return seconds and rows, and the same of PostgreSQL alone."""
    now = datetime.now(UTC)
    received, due = now - timedelta(hours=4, seconds=1), now - timedelta(seconds=1)
    facts = {"metrics": ["accept"], "apart": timedelta()}
    fill(engine, f"{name}A", overdue, at=received, look_at=due, **facts)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SWEEPER], env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(sweepers)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=150)[0].split() for process in processes]
    seconds = max(float(t[2]) for t in told) - min(float(t[1]) for t in told)
    assert sum(int(t[0]) for t in told) == overdue, told
    fill(engine, f"{name}B", overdue, at=received, look_at=now + timedelta(days=300), **facts)
    return {"seconds": seconds, **_rows_of(engine, f"{name}A", overdue), "raw": _raw(engine, name)}


def _range(connection: sa.Connection, prefix: str) -> tuple[int, int, int]:
    wanted = (
        "SELECT min(c.id), max(c.id), min(k.id) FROM cases c JOIN clocks k ON k.case_id = c.id WHERE number LIKE :p"
    )
    first, last, clock = connection.execute(sa.text(wanted), {"p": f"{prefix}%"}).one()
    return first, last, clock


def _rows_of(engine: sa.Engine, prefix: str, overdue: int) -> dict[str, int]:
    """Count what was written, and see that no step is missing or twice there."""
    with engine.connect() as connection:
        first, last, _ = _range(connection, prefix)
        found = {
            table: connection.scalar(
                sa.text(f"SELECT count(*) FROM {table} WHERE {column} BETWEEN :first AND :last"),
                {"first": first, "last": last},
            )
            for table, column in (("escalations", "case_id"), ("audit_entries", "subject_id"), ("notices", "case_id"))
        }
    assert found["escalations"] == overdue, found
    return found


def _raw(engine: sa.Engine, name: str) -> float:
    with engine.connect() as connection:
        first, last, clock = _range(connection, f"{name}A")
        other, _, other_clock = _range(connection, f"{name}B")
    facts = {"first": first, "last": last, "cases": other - first, "clocks": other_clock - clock}
    begun = time.perf_counter()
    with engine.begin() as connection:
        for statement in RAW:
            connection.execute(sa.text(statement), facts)
    return time.perf_counter() - begun


def delay(engine: sa.Engine, env: dict[str, str], seconds: float) -> list[float]:
    """Return how many seconds each step came after its moment, under 20 requests a second."""
    begun = datetime.now(UTC) + timedelta(seconds=8)
    received = begun - timedelta(hours=4)
    count = int(seconds * 2)
    with engine.connect() as connection:
        start = connection.scalar(sa.text("SELECT coalesce(max(id), 0) FROM cases")) or 0
    facts = {"metrics": ["accept"], "apart": timedelta()}
    fill(engine, "D", count, at=received, look_at=begun, **facts)
    with engine.begin() as connection:
        connection.execute(sa.text(
            "UPDATE cases SET received_at = received_at + (id - :s) * interval '0.5 s' + random() * interval '0.4 s'"
            " WHERE number LIKE 'D%'"), {"s": start})  # fmt: skip
        connection.execute(sa.text(
            "UPDATE clocks k SET started_at = received_at, due_at = received_at + interval '4 hours',"
            " next_action_at = received_at + interval '4 hours',"
            " events = jsonb_set(events, '{0,at}', to_jsonb(received_at))"
            " FROM cases c WHERE c.id = k.case_id AND number LIKE 'D%'"))  # fmt: skip
    processes = [
        subprocess.Popen([sys.executable, "-m", "service.cli", name], env=env, cwd=ROOT,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in ("worker", "beat")
    ]  # fmt: skip
    try:
        _intake(env, begun + timedelta(seconds=seconds + 6))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
    with engine.connect() as connection:
        late = sa.text(
            "SELECT extract(epoch FROM e.raised_at - e.due_at) FROM escalations e JOIN cases c ON c.id = e.case_id"
            " WHERE number LIKE 'D%' AND e.step = 'accept-due'"
        )
        found = [float(value) for value in connection.scalars(late)]
    assert len(found) == count, (len(found), count)
    return found


INTAKE = """
import sys, time
from datetime import UTC, datetime
from service.database import transaction
from service.intake.actions import open_case
from service.intake.forms import RequestForm
until, taken, began = float(sys.argv[1]), 0, time.time()
form = RequestForm(text="楼道的路灯坏了三天", category="C05", area="湖滨社区")
while time.time() < until:
    with transaction() as session:
        open_case(session, form, now=datetime.now(UTC))
    taken += 1
    time.sleep(max(0.0, began + taken / 20 - time.time()))
print(taken)
"""


def _intake(env: dict[str, str], until: datetime) -> None:
    argv = [sys.executable, "-c", INTAKE, str(until.timestamp())]
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 0


def main() -> None:
    """Fill, measure, and print the tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--clocks", type=int, nargs="+", default=[100_000, 1_000_000])
    asked.add_argument("--overdue", type=int, default=10_000)
    asked.add_argument("--sweepers", type=int, default=2)
    asked.add_argument("--seconds", type=float, default=40)
    asked.add_argument("--only", default="look,clear,delay")
    options = asked.parse_args()
    parts = options.only.split(",")
    folder = Path(tempfile.mkdtemp(prefix="jiban-sweep-"))
    folder.chmod(0o711)
    try:
        with EmbeddedServers(folder / "data") as servers:
            os.environ |= servers.environment
            engine, env = connect(servers.database_url), dict(os.environ)
            settle(engine)
            print(f"machine: {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB,"
                  f" {platform.platform()}, Python {platform.python_version()}")  # fmt: skip
            open_clocks = 0
            for number, wanted in enumerate(sorted(options.clocks)):
                now = datetime.now(UTC)
                fill(engine, f"O{number}-", (wanted - open_clocks) // 3, at=now, look_at=now + timedelta(days=1))
                open_clocks = wanted
                if "look" in parts:
                    middle, late = look(env)
                    print(f"look, {wanted:,} open clocks: median {middle:.2f} ms, p99 {late:.2f} ms", flush=True)
                if "clear" in parts:
                    _print_clear(clear(engine, env, options.overdue, options.sweepers, f"C{number}"), wanted, options)
            if "delay" in parts:
                found = delay(engine, env, options.seconds)
                cuts = statistics.quantiles(found, n=100)
                print(f"delay of {len(found)} steps: median {statistics.median(found):.2f} s, p99 {cuts[98]:.2f} s,"
                      f" longest {max(found):.2f} s")  # fmt: skip
            engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print_clear(found: dict[str, float], clocks: int, options: argparse.Namespace) -> None:
    rate, raw = options.overdue / found["seconds"], options.overdue / found["raw"]
    print(f"clear, {clocks:,} open clocks: {options.overdue:,} overdue in {found['seconds']:.2f} s with"
          f" {options.sweepers} sweepers: {rate:,.0f} a second ({found['escalations']:,} steps,"
          f" {found['audit_entries']:,} entries, {found['notices']:,} notices);"
          f" PostgreSQL alone {raw:,.0f} a second, ratio {rate / raw:.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
