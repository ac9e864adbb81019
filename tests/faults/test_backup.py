"""What `jiban backup` wrote comes back whole: taken while requests come in, checked entry by entry, and started on."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlmodel import Session

from service.attachments.storage import Storage
from service.backup.archive import SEAL_BYTES, opened
from service.clocks.actions import register_installed
from service.database import connect
from service.embedded import EmbeddedServers
from service.embedded.trouble import CannotRunError
from service.migrations.run import config, migrate, newest
from tests.builders import received
from tests.people import build_town

ROOT = Path(__file__).parents[2]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("JIBAN_")}
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def jiban(*words: str | Path, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *map(str, words)],
        env=BARE | (env or {}), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def last_line(done: "subprocess.CompletedProcess[str]") -> str:
    assert "Traceback" not in done.stderr, done.stderr
    return (done.stderr or done.stdout).strip().splitlines()[-1]


class Place:
    """One installation and what is told of it."""

    def __init__(self, servers: EmbeddedServers) -> None:
        self.servers, self.env = servers, servers.environment
        self.engine = connect(servers.database_url, pool_size=4)

    def numbers(self) -> set[str]:
        with psycopg.connect(self.servers.database_url) as connection:
            return {row[0] for row in connection.execute("SELECT number FROM cases")}

    def run(self, sql: str) -> None:
        with psycopg.connect(self.servers.database_url) as connection:
            connection.execute(sql)


@contextmanager
def place(data: Path) -> Iterator[Place]:
    with EmbeddedServers(data) as servers:
        made = Place(servers)
        yield made
        made.engine.dispose()


def settle(there: Place) -> None:
    """Give an installation its town."""
    migrate(there.engine)
    with Session(there.engine) as session:
        register_installed(session, NOW)
        build_town(session)
        session.commit()


def take_in(there: Place) -> str:
    with Session(there.engine) as session:
        _, receipt = received(session, NOW, contact={"name": "王芳", "phone": "13812345678"})
        session.commit()
    return receipt.number


def other_place_with_the_keys_of(first: Path, data: Path) -> None:
    data.mkdir(mode=0o700)
    shutil.copy2(first / "secrets.json", data / "secrets.json")
    data.chmod(0o711)


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """These databases are not the one that other tests look at."""
    monkeypatch.setattr("service.routing.queries._known", None)
    monkeypatch.setattr("service.clocks.queries._installed", None)


def test_a_backup_taken_while_requests_come_in_holds_all_that_was_acknowledged_before_it_began(folder: Path) -> None:
    archive, photo = folder / "kept.tar", b"a photo"
    with place(folder / "data") as first:
        settle(first)
        before = {take_in(first) for _ in range(20)}
        kept = Storage(folder / "data" / "attachments")
        digest, small = kept.put(photo), kept.put(b"a small one")
        case_id = "(SELECT min(id) FROM cases)"
        first.run(
            "INSERT INTO attachments (case_id, sha256, small_sha256, media_type, size, width, height, stage,"
            " is_public, by_resident, created_at)"
            f" VALUES ({case_id}, '{digest}', '{small}', 'image/jpeg', {len(photo)}, 4, 3, 'other', true, true, now())"
        )
        stop, later = threading.Event(), set[str]()

        def intake() -> None:
            while not stop.is_set():
                later.add(take_in(first))

        threads = [threading.Thread(target=intake) for _ in range(3)]
        for thread in threads:
            thread.start()
        while len(later) < 10:
            stop.wait(0.01)
        before |= set(later)
        done = jiban("backup", archive, env=first.env)
        stop.set()
        for thread in threads:
            thread.join()
        assert done.returncode == 0, done.stderr
        assert "Keys, passwords of servers and other settings are not in this archive" in done.stdout
        assert archive.stat().st_mode & 0o777 == 0o600
        everything = first.numbers()

    other_place_with_the_keys_of(folder / "data", folder / "other")
    back = jiban("restore", archive, "--data-dir", folder / "other")
    assert back.returncode == 0, back.stderr
    verified = jiban("audit", "verify", "--data-dir", folder / "other")
    assert (verified.returncode, "all whole" in verified.stdout) == (0, True), verified.stdout + verified.stderr
    restored = Storage(folder / "other" / "attachments")
    assert (restored.get(digest), restored.get(small)) == (photo, b"a small one")
    with place(folder / "other") as second:
        kept = second.numbers()
        assert before <= kept <= everything
        assert take_in(second) not in kept, "numbers go on"
    the_product_starts_on(folder / "other")


def the_product_starts_on(data: Path) -> None:
    """`up` tells its address only when web, worker and beat run and the web is ready."""
    up = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "up", "--no-demo", "--port", "0", "--data-dir", str(data)],
        env=BARE, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert up.stdout is not None
    told: list[str] = []
    for line in up.stdout:
        told.append(line)
        if line.startswith("Jiban"):
            break
    up.terminate()
    up.wait(60)
    up.stdout.close()
    assert told[-1].startswith("Jiban"), "".join(told)


@pytest.fixture(scope="module")
def kept() -> Iterator[tuple[Place, Path]]:
    """An installation with three cases, and an archive of it."""
    folder = Path(tempfile.mkdtemp(prefix="jiban-kept-"))
    folder.chmod(0o711)
    with place(folder / "data") as there:
        settle(there)
        for _ in range(3):
            take_in(there)
        there.engine.dispose()
        done = jiban("backup", folder / "kept.tar", env=there.env)
        assert done.returncode == 0, done.stderr
        yield there, folder / "kept.tar"
    shutil.rmtree(folder, ignore_errors=True)


def test_what_is_there_is_not_overwritten_unless_told(kept: tuple[Place, Path]) -> None:
    there, archive = kept
    refused = jiban("restore", archive, env=there.env)
    assert (refused.returncode, last_line(refused)) == (
        1,
        "The database is not empty. What is in it would be lost; if it may be, say --replace.",
    )
    again = jiban("backup", archive, env=there.env)
    assert again.returncode == 1
    assert "no archive is ever overwritten" in last_line(again)
    before = there.numbers()
    extra = take_in(there)
    there.run("CREATE TABLE of_a_newer_version (case_id bigint REFERENCES cases)")
    there.engine.dispose()
    assert extra in there.numbers()
    assert jiban("restore", archive, "--replace", env=there.env).returncode == 0
    assert there.numbers() == before
    assert jiban("audit", "verify", env=there.env).returncode == 0


def test_a_database_that_was_only_migrated_holds_nothing_to_lose(kept: tuple[Place, Path], folder: Path) -> None:
    there, archive = kept
    other_place_with_the_keys_of(there.servers.folder.path, folder / "new")
    with place(folder / "new") as fresh:
        assert jiban("migrate", env=fresh.env).returncode == 0
        restored = jiban("restore", archive, env=fresh.env)
        assert restored.returncode == 0, restored.stderr
        assert len(fresh.numbers()) == 3


def test_while_somebody_works_on_the_database_nothing_is_replaced(kept: tuple[Place, Path]) -> None:
    there, archive = kept
    with psycopg.connect(there.servers.database_url):
        refused = jiban("restore", archive, "--replace", env=there.env)
    assert refused.returncode == 1
    assert "web, worker or beat? Stop them" in last_line(refused)


def test_an_archive_that_is_not_whole_is_refused_in_a_sentence(kept: tuple[Place, Path], tmp_path: Path) -> None:
    there, archive = kept
    (tmp_path / "cut.tar").write_bytes(archive.read_bytes()[:-1])
    refused = jiban("restore", tmp_path / "cut.tar", "--replace", env=there.env)
    assert (refused.returncode, "it was cut short or changed" in last_line(refused)) == (1, True)
    assert len(there.numbers()) == 3


@pytest.mark.parametrize("where", [0, 1000, 0.5, -600, -SEAL_BYTES - 1, -SEAL_BYTES, -10, -1])
def test_an_archive_changed_in_one_bit_anywhere_is_refused(
    kept: tuple[Place, Path], tmp_path: Path, where: float
) -> None:
    content = bytearray(kept[1].read_bytes())
    content[int(where * len(content)) if isinstance(where, float) else where] ^= 1
    (tmp_path / "changed.tar").write_bytes(content)
    with pytest.raises(CannotRunError, match="cut short or changed"), opened(tmp_path / "changed.tar"):
        pass


@pytest.mark.parametrize("left", [0, 10, SEAL_BYTES, 5000, -1, -SEAL_BYTES, -20_000])
def test_an_archive_cut_short_is_refused(kept: tuple[Place, Path], tmp_path: Path, left: int) -> None:
    (tmp_path / "cut.tar").write_bytes(kept[1].read_bytes()[:left])
    with pytest.raises(CannotRunError, match="cut short or changed"), opened(tmp_path / "cut.tar"):
        pass


def rewritten(archive: Path, target: Path, **changes: object) -> Path:
    """Return a whole archive whose manifest says something else."""
    with tarfile.open(archive) as old, tarfile.open(target, "w") as new:
        for entry in old:
            file = old.extractfile(entry)
            assert file is not None
            content = file.read()
            if entry.name == "manifest.json":
                content = json.dumps(json.loads(content) | changes).encode()
                entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    whole = target.read_bytes()
    target.write_bytes(whole + b"sha256:" + hashlib.sha256(whole).hexdigest().encode() + b"\n")
    return target


def test_an_archive_of_a_newer_version_is_refused(kept: tuple[Place, Path], tmp_path: Path) -> None:
    there, archive = kept
    for changes in ({"schema": "ffff00001111"}, {"format": 2}):
        newer = rewritten(archive, tmp_path / "newer.tar", **changes)
        refused = jiban("restore", newer, "--replace", env=there.env)
        assert (refused.returncode, "newer version of Jiban" in last_line(refused)) == (1, True)


def test_other_keys_are_noticed_before_contacts_are_lost(kept: tuple[Place, Path]) -> None:
    there, archive = kept
    env = there.env | {"JIBAN_ENCRYPTION_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
    refused = jiban("restore", archive, "--replace", env=env)
    assert (refused.returncode, "written with other keys" in last_line(refused)) == (1, True)
    with tarfile.open(archive) as tar:
        whole = b"".join(file.read() for entry in tar if (file := tar.extractfile(entry)))
    for key in ("JIBAN_ENCRYPTION_KEY", "JIBAN_INDEX_KEY"):
        assert there.env[key].encode() not in whole


def test_a_restore_that_fails_near_its_end_changes_nothing(kept: tuple[Place, Path], tmp_path: Path) -> None:
    there, archive = kept
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        rows = json.loads(manifest.read())["rows"]
    wrong = rewritten(archive, tmp_path / "wrong.tar", rows=rows | {"cases": rows["cases"] + 1})
    late = take_in(there)
    there.engine.dispose()
    refused = jiban("restore", wrong, "--replace", env=there.env)
    assert refused.returncode == 1
    why = "cases holds 3 rows, and held 4 when the archive was made. It is as it was before."
    assert last_line(refused).endswith(why)
    assert late in there.numbers()
    assert jiban("audit", "verify", env=there.env).returncode == 0
    assert jiban("restore", archive, "--replace", env=there.env).returncode == 0


def test_an_archive_of_an_older_version_is_brought_to_the_newest_tables(folder: Path) -> None:
    older = next(r.revision for r in ScriptDirectory.from_config(config()).walk_revisions() if r.revision != newest())
    with place(folder / "data") as there:
        with there.engine.connect() as connection:
            command.upgrade(config(connection), older)
            connection.commit()
        there.engine.dispose()
        assert jiban("backup", folder / "old.tar", env=there.env).returncode == 0
        done = jiban("restore", folder / "old.tar", "--replace", env=there.env)
        assert done.returncode == 0, done.stderr
        with there.engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == newest()
        there.engine.dispose()


def test_a_changed_history_and_a_missing_one_are_named(kept: tuple[Place, Path]) -> None:
    there, archive = kept
    first, second, _ = sorted(there.numbers())
    there.run(
        "ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_append_only;"
        f"""UPDATE audit_entries SET actor = 'staff' WHERE seq = 1 AND subject_kind = 'case' AND subject_id =
            (SELECT id FROM cases WHERE number = '{first}');
        DELETE FROM audit_entries WHERE subject_kind = 'case' AND subject_id =
            (SELECT id FROM cases WHERE number = '{second}');
        ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_append_only"""
    )
    told = jiban("audit", "verify", env=there.env)
    assert told.returncode == 1
    assert f"({first}): entry 1 does not follow from the one before it" in told.stdout
    assert f"case {second}: it has no history" in told.stdout
    assert "broken: 2." in told.stderr
    assert jiban("restore", archive, "--replace", env=there.env).returncode == 0
    assert jiban("audit", "verify", env=there.env).returncode == 0


@pytest.mark.parametrize("words", [("backup",), ("audit", "verify")])
def test_where_there_is_no_installation_none_is_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = jiban(*words, "--data-dir", tmp_path / "none")
    assert (done.returncode, "There is no database in" in last_line(done)) == (1, True)
    assert not (tmp_path / "none").exists()
