"""How long does it take to see what other promises would do to 100,000 open and 1,000,000 ended cases, and to do it?

    python tests/bench/what_if.py [--open 100000] [--ended 1000000] [--apply]

Fills a database of its own in set-based SQL, then runs `jiban policies diff` on three proposed texts, or with --apply
`jiban policies migrate` and `undo` of the one that changes every promise; prints one table of seconds and memory.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from service.clocks.actions import register_book  # noqa: E402  # The path above comes first.
from service.database import connect  # noqa: E402
from service.embedded import EmbeddedServers  # noqa: E402
from service.migrations.run import migrate  # noqa: E402
from sla_policies.documents import FOLDER, packaged_book  # noqa: E402
from tests.people import MONDAY_8, build_town  # noqa: E402

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
CASES = """
INSERT INTO cases (number, code_hash, status, version, channel, received_at, title, text, category_id, grade, area_id,
  address, is_anonymous, for_whom, focus_groups, language, unit_id, policy, urged, returned, reopened, updated_at, resolved_at)
SELECT 'B' || n, ''::bytea, CASE WHEN n > :ended THEN 'in_progress' ELSE 'closed' END, 1, 'web', at, 't', 'x',
  (SELECT id FROM categories WHERE code = 'C05'), grade, unit, '', false, 'self', '{}', 'zh', unit, 'national-' || grade,
  0, 0, 0, at, CASE WHEN n > :ended THEN NULL ELSE at + took END
FROM (
  SELECT n, CASE WHEN g < .70 THEN 'G3' WHEN g < .85 THEN 'G2' WHEN g < .95 THEN 'C' WHEN g < .99 THEN 'G4' ELSE 'G1' END AS grade,
    -- Most requests come by day; open cases are those of the last two weeks.
    CAST(:now AS timestamptz) - (CASE WHEN n > :ended THEN random() * 14 ELSE 14 + (1 - n::float / :ended) * 340 END) * interval '1 day'
      - power(random(), 2) * interval '8 hours' AS at,
    power(random(), 3) * interval '12 days' AS took, units[1 + floor(power(random(), 3) * array_length(units, 1))::int] AS unit
  FROM (SELECT n, random() AS g FROM generate_series(1, :all) AS n) AS drawn,
    (SELECT array_agg(id) AS units FROM areas WHERE level = 'community' AND NOT is_department) AS places
) AS cases ORDER BY n
"""  # noqa: E501  # SQL in columns.
TOPICS = """
INSERT INTO categories (code, parent_code, name, name_en, grade, keywords, position, examples, is_active)
SELECT 'B0' || n, 'A', 'B0' || n, '', 'G3', '{}', 100 + n, '', true FROM generate_series(1, 4) AS n
"""
CLOCKS = """
INSERT INTO clocks (case_id, metric, instance, policy, book_hash, budget, kind, events, state, started_at, due_at, ended_at,
  breached_at, is_provisional, next_action_at)
SELECT id, metric, 1, policy, :hash, minutes, 'elapsed',
  started || CASE WHEN asked THEN pause ELSE '[]' END || CASE WHEN ended_at IS NULL THEN '[]' ELSE jsonb_build_array(
    jsonb_build_object('at', ended_at, 'kind', 'satisfied', 'reason', reason, 'actor', 'staff:1', 'extra', NULL)) END,
  CASE WHEN ended_at IS NULL THEN 'running' ELSE 'satisfied' END, received_at, due_at, ended_at,
  CASE WHEN ended_at > due_at THEN due_at END, false, NULL
FROM (
  SELECT c.id, c.policy, c.received_at, m.metric, m.minutes, m.reason, asked,
    c.received_at + m.minutes * interval '1 minute' + CASE WHEN asked THEN interval '3 hours' ELSE interval '0' END AS due_at,
    CASE WHEN m.metric = 'resolve' THEN c.resolved_at ELSE c.received_at + power(random(), 3) * m.minutes * interval '1.4 minutes' END AS ended_at,
    jsonb_build_array(jsonb_build_object('at', c.received_at, 'kind', 'started', 'reason', '', 'actor', '', 'extra', NULL)) AS started,
    jsonb_build_array(
      jsonb_build_object('at', c.received_at + interval '1 hour', 'kind', 'paused', 'reason', 'waiting_for_resident', 'actor', '', 'extra', NULL),
      jsonb_build_object('at', c.received_at + interval '4 hours', 'kind', 'resumed', 'reason', 'answer', 'actor', '', 'extra', NULL)) AS pause
  FROM cases c JOIN (VALUES
    ('G1', 'accept', 10, 'accepted'), ('G1', 'contact', 30, 'contact_logged'), ('G1', 'resolve', 1440, 'resolved'),
    ('G2', 'accept', 60, 'accepted'), ('G2', 'contact', 120, 'contact_logged'), ('G2', 'resolve', 4320, 'resolved'),
    ('G3', 'accept', 240, 'accepted'), ('G3', 'contact', 1440, 'contact_logged'), ('G3', 'resolve', 10080, 'resolved'),
    ('G4', 'accept', 480, 'accepted'), ('G4', 'contact', 1440, 'contact_logged'), ('G4', 'resolve', 21600, 'resolved'),
    ('C', 'accept', 240, 'accepted'), ('C', 'resolve', 1440, 'resolved')) AS m (grade, metric, minutes, reason) USING (grade)
  CROSS JOIN LATERAL (SELECT m.metric = 'resolve' AND m.grade IN ('G2', 'G3') AND c.id % 7 = 0
    AND (c.resolved_at IS NULL OR c.resolved_at > c.received_at + interval '5 hours') AS asked) AS drawn
) AS clocks
"""  # noqa: E501  # SQL in columns.
SHORTER = re.compile(r"(name: national-G3.*?resolve:\n\s+within: )7d", re.DOTALL)
EVERYTHING = re.compile(r"within: (\d+)(m|h|d|)([ ,}\n])")


def texts() -> dict[str, str]:
    """Return the proposed texts by what they change."""
    text = (FOLDER / "policies" / "national.yaml").read_text(encoding="utf-8").replace('"2026.1"', '"proposed"', 1)
    one = SHORTER.sub(r"\g<1>5 workdays", text).replace("{times: 1, at_most: 7d", "{times: 1, at_most: 5 workdays")
    one = one.replace("at: after 1d", "at: after 1 workday").replace("at: after 3d", "at: after 3 workdays")
    every = EVERYTHING.sub(lambda m: f"within: {int(m[1]) + 1}{m[2]}{m[3]}", text)
    assert one != text
    return {"the words of a title": text.replace("title: {zh: 一般", "title: {zh: 普通", 1),
            "7 days to 5 workdays, ordinary cases": one, "every promise": every}  # fmt: skip


def fill(url: str, options: argparse.Namespace) -> None:
    """Write the town, the cases and their clocks."""
    engine = connect(url)
    migrate(engine)
    with Session(engine) as session:
        build_town(session)
        register_book(session, packaged_book(), MONDAY_8)
        session.commit()
    everything = options.open + options.ended
    with engine.begin() as connection:
        connection.execute(sa.text(TOPICS))
        connection.execute(sa.text(CASES), {"ended": options.ended, "all": everything, "now": options.now})
        print(f"{everything} cases", flush=True)
        connection.execute(sa.text(CLOCKS), {"hash": packaged_book().hash})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
        print(connection.scalar(sa.text("SELECT count(*) FROM clocks")), "clocks", flush=True)
    engine.dispose()


def proposed(folder: Path, text: str) -> Path:
    """Write a text with the packaged calendars; return the folder of both."""
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "national.yaml").write_text(text, encoding="utf-8")
    if not (folder / "calendars").exists():
        shutil.copytree(FOLDER / "calendars", folder / "calendars")
    return folder


def measure(folder: Path, *words: object) -> tuple[float, float, str]:
    """Return seconds, megabytes at the peak, and the lines of a `jiban policies` command."""
    told, begun = folder / "told.txt", time.perf_counter()
    with told.open("w") as file:
        command = [sys.executable, "-m", "service.cli", "policies", *map(str, words)]
        process = subprocess.Popen(command, stdout=file, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.perf_counter() - begun, used.ru_maxrss / 1024, told.read_text(encoding="utf-8")


def commands(folder: Path, *, is_applied: bool) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield what is measured, and the words of its command; the folder holds the text meanwhile."""
    for what, text in texts().items():
        if not is_applied:
            yield what, ("diff", proposed(folder, text))
    if is_applied:
        why = ("--as", "admin", "--reason", "measured")
        yield "applied: every promise", ("migrate", proposed(folder, texts()["every promise"]), *why, "--yes")
        yield "taken back", ("undo", *why)


def main() -> None:
    """Fill, measure, and print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--open", type=int, default=100_000)
    asked.add_argument("--ended", type=int, default=1_000_000)
    asked.add_argument("--apply", action="store_true", help="Apply and take back instead of comparing.")
    options = asked.parse_args()
    options.now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    folder = Path(tempfile.mkdtemp(prefix="jiban-what-if-"))
    folder.chmod(0o711)
    try:
        with EmbeddedServers(folder / "data") as servers:
            begun = time.perf_counter()
            os.environ |= {"JIBAN_DATABASE_URL": servers.database_url, "JIBAN_REDIS_URL": servers.redis_url,
                           "JIBAN_ENCRYPTION_KEY": KEY, "JIBAN_INDEX_KEY": KEY}  # fmt: skip
            fill(servers.database_url, options)
            print(f"filled in {time.perf_counter() - begun:.0f} s", flush=True)
            lines = []
            for what, words in commands(folder, is_applied=options.apply):
                seconds, megabytes, told = measure(folder, *words)
                print(told[:1500], flush=True)
                lines.append(f"| {what} | {seconds:.1f} | {megabytes:.0f} |")
            print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
            print("| what is changed | seconds | MB at the peak |", "|---|---|---|", *lines, sep="\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
