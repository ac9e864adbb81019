"""The house rules as tests: each names the culprit."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service.migrations.run import is_current
from service.tables import metadata
from tests.routes import routes
from workers.app import app as celery
from workers.timetable import SHORTEST_LIFE, TIMETABLE

ROOT = Path(__file__).parents[2]
FOR_EVERYBODY = re.compile(
    r"/$|/(submit|kiosk|receipt|check|promises|areas|track|mine|sign-in|sign-out|language|text|text-size|healthz|readyz|metrics|manifest.*|favicon\.ico|sw\.js|no-line|proof)(/.*)?$"
    r"|/party(/\{job_id\}(/\{action\}|/photos/\{name\})?)?$"
    r"|/roster/feed/\{token\}\.ics$"
    r"|/notices/stop/\{number\}/\{token\}$|/api/v1/demo/caught$"
    r"|/api/v1/(cases|areas|areas/locate|areas/outlines|categories|categories/suggest)$"
    r"|/api/v1/cases/\{number\}(/(messages|urge|withdraw|rating|reopen|photos(/\{name\})?))?$"
)
"""Routes that anybody may call; residents prove themselves by number and code."""


def asks_who(dependant: Any) -> bool:
    from service.web.deps import signed_in

    return dependant.call is signed_in or any(asks_who(below) for below in dependant.dependencies)


def test_every_route_asks_who_is_there_or_is_for_everybody() -> None:
    open_doors = [r.path for r in routes() if not asks_who(r.dependant) and not FOR_EVERYBODY.match(r.path)]
    assert open_doors == []


def test_no_two_routes_answer_the_same_address() -> None:
    seen = [(method, route.path) for route in routes() for method in route.methods]
    assert sorted(seen) == sorted(set(seen))


def test_every_task_is_on_the_timetable_and_the_other_way_round() -> None:
    celery.loader.import_default_modules()
    tasks = {name for name in celery.tasks if not name.startswith("celery.")}
    assert tasks == {line.task for line in TIMETABLE}


def test_a_sweep_expires_before_it_could_pile_up() -> None:
    for line in TIMETABLE:
        assert 0 < line.expires <= max(line.every, SHORTEST_LIFE), line.task
        assert line.why


def test_the_broker_holds_only_what_is_due_now() -> None:
    """No task is sent with a delay; and of what others might send so, a worker would fetch little."""
    delayed = [
        (path.name, keyword.arg)
        for folder in ("workers", "service")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("countdown", "eta")
    ]
    assert delayed == []
    assert 0 < celery.conf.worker_eta_task_limit <= 100
    assert celery.conf.worker_prefetch_multiplier == 1


def test_a_page_that_refreshes_itself_says_so() -> None:
    """Else it would keep a sign-in alive at which nobody sits."""
    silent = [
        (template.name, tag)
        for template in (ROOT / "service/web/templates").rglob("*.html")
        for tag in re.findall(r'<[^>]*hx-trigger="[^"]*every [^>]*>', template.read_text(encoding="utf-8"))
        if """hx-headers='{"X-Poll": "true"}'""" not in tag
    ]
    assert silent == []


def test_migrations_make_exactly_the_tables_of_the_code(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert is_current(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_history_cannot_be_changed_or_dropped(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO audit_entries (subject_kind, subject_id, seq, at, actor, action, data, prev_hash, hash)"
            " VALUES ('case', 1, 1, now(), 'system', 'received', '{}', '', '')"
        )
    )
    for change in ("UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), connection.begin_nested():
            connection.execute(sa.text(change))


def test_any_change_of_the_directory_tells_every_process(connection: sa.Connection) -> None:
    def version() -> int:
        return connection.execute(sa.text("SELECT version FROM directory_version")).scalar_one()

    people = ("people", "duties", "absences", "shifts", "skills")
    for table in ("areas", "categories", "rule_versions", *people, "category_models"):
        before = version()
        connection.execute(sa.text(f"DELETE FROM {table} WHERE false"))
        assert version() == before + 1, table


def test_paths_named_in_the_documents_exist() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = document.read_text(encoding="utf-8")
        named = re.findall(r"`((?:service|workers|sla_policies|tests|docs)/[\w./-]*)`", text)
        named += re.findall(r"\]\(([^)#:]+)\)", text)
        for path in named:
            there = (ROOT / path).exists() or (document.parent / path).exists()
            assert there, f"{document.name}: {path}"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_only_two_places_read_the_clock() -> None:
    pattern = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(")
    found = {
        str(path.relative_to(ROOT))
        for room in ("service", "workers", "sla_policies")
        for path in (ROOT / room).rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    }
    assert found <= {"service/web/deps.py", "workers/app.py"}
