"""The servers of one machine start again after anything, with everything that was committed."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from service.embedded import EmbeddedServers
from service.embedded.folder import DataFolder
from service.embedded.servers import HOST, is_free, keep_ports
from service.embedded.trouble import CannotRunError, telling
from service.embedded.wheels import POSTGRES, VALKEY, installed
from tests.faults.conftest import is_alive

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")

HOLD = """
import sys, time
from pathlib import Path
from service.embedded import EmbeddedServers
with EmbeddedServers(Path(sys.argv[1])) as servers:
    print(servers.database_url, servers.postgres.pid, servers.valkey.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """An installation that ran and was stopped, to be copied: making one takes longer than starting it."""
    folder = Path(tempfile.mkdtemp(prefix="jiban-made-"))
    folder.chmod(0o711)
    with EmbeddedServers(folder / "data"):
        pass
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data(folder: Path, made: Path) -> Path:
    subprocess.run(["cp", "-a", str(made), str(folder / "data")], check=True)
    return folder / "data"


def write(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def answer(url: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT answer FROM kept").fetchone()
    return row and row[0]


@pytest.fixture
def holder(data: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(data)], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_both_servers_answer_and_keep_their_addresses_and_data(folder: Path) -> None:
    data = folder / "data"
    with EmbeddedServers(data) as servers:
        before = servers.environment
        assert redis.Redis.from_url(servers.redis_url).ping()
        assert (servers.bin_dir / "pgbench").exists()
        write(servers.database_url)
    with EmbeddedServers(data) as servers:
        assert servers.environment == before
        assert answer(servers.database_url) == 42


def test_nobody_gets_in_without_the_password(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        port, broker = servers.ports["postgres"], servers.ports["valkey"]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=HOST, port=port, user="jiban", dbname="jiban")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(HOST, broker).ping()
        shown = " ".join(a for child in servers.children for a in psutil.Process(child.pid).cmdline())
        assert servers.secrets.database_password not in shown
        assert servers.secrets.broker_password not in shown


def test_secrets_are_readable_for_nobody_else(data: Path) -> None:
    with EmbeddedServers(data):
        readable = {p.name: p.stat().st_mode & 0o077 for p in data.glob("*.json")}
        assert set(readable.values()) == {0}, readable
        assert data.stat().st_mode & 0o007 == 0
        assert (data / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_killed_server_comes_back_with_what_was_committed(data: Path, name: str) -> None:
    with EmbeddedServers(data) as servers:
        write(servers.database_url)
        victim = getattr(servers, name)
        os.kill(victim.pid, signal.SIGKILL)
        victim.process.wait()
        servers.restart()
        assert answer(servers.database_url) == 42
        assert redis.Redis.from_url(servers.redis_url).ping()


@on_linux
def test_servers_end_with_their_holder_and_start_again(data: Path, holder: "subprocess.Popen[str]") -> None:
    assert holder.stdout is not None
    url, *pids = holder.stdout.readline().split()
    write(url)
    holder.kill()
    holder.wait()
    with EmbeddedServers(data) as servers:
        assert answer(servers.database_url) == 42
        assert not {int(pid) for pid in pids} & {child.pid for child in servers.children}
    assert not any(is_alive(int(pid)) for pid in pids)


def test_a_second_holder_is_refused_in_a_sentence(data: Path) -> None:
    with EmbeddedServers(data) as first:
        with pytest.raises(CannotRunError, match=rf"already runs on {data} \(process {os.getpid()}\).*--data-dir"):
            EmbeddedServers(data).__enter__()
        assert first.postgres.is_running


@as_root
def test_a_folder_out_of_reach_is_named_and_stays_as_it_is(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(CannotRunError, match=f"may not enter {private}, .*--data-dir"):
        EmbeddedServers(private / "data").__enter__()
    assert private.stat().st_mode & 0o777 == 0o700


@as_root
def test_programs_out_of_reach_are_copied_and_nothing_else_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    for wheel in (POSTGRES, VALKEY):
        for part in installed(wheel).parent.glob(f"{wheel.module}*"):
            subprocess.run(["cp", "-r", str(part), str(home)], check=True)
    monkeypatch.setattr("service.embedded.wheels.installed", lambda wheel: home / wheel.module)
    with EmbeddedServers(folder / "data") as servers:
        assert servers.bin_dir.is_relative_to(folder / "data")
        write(servers.database_url)
    with EmbeddedServers(folder / "data") as servers:
        assert answer(servers.database_url) == 42
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("where", ["file/data", "/proc/jiban"])
def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(folder: Path, where: str) -> None:
    (folder / "file").write_text("")
    with pytest.raises(CannotRunError, match=r"The data folder .* cannot be used: .*--data-dir"):
        EmbeddedServers(folder / where).__enter__()


def test_a_full_disk_is_told_in_a_sentence(folder: Path) -> None:
    with pytest.raises(CannotRunError, match=r"No space left on device .* Make room"), telling(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / "x"))


def test_a_database_of_another_version_is_left_alone(data: Path) -> None:
    (data / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotRunError, match="made by PostgreSQL 17, and this is 18"):
        EmbeddedServers(data).__enter__()


def test_a_database_whose_secrets_are_gone_is_left_alone(data: Path) -> None:
    (data / "secrets.json").unlink()
    with pytest.raises(CannotRunError, match=r"secrets\.json is gone.* Restore it from a backup"):
        EmbeddedServers(data).__enter__()


def test_a_start_broken_off_leaves_nothing_half_done(folder: Path) -> None:
    data = DataFolder(folder / "data")
    data.open()
    (data.folder("postgres.new") / "PG_VERSION").write_text("18\n")
    data.close()
    with EmbeddedServers(data.path) as servers:
        write(servers.database_url)


def test_another_port_is_taken_when_the_old_one_is_in_use(folder: Path) -> None:
    class Kept(DataFolder):
        def read(self, _name: str) -> object:
            return {"postgres": taken, "valkey": taken}

    with socket.socket() as busy:
        busy.bind((HOST, 0))
        busy.listen()
        taken = busy.getsockname()[1]
        ports = keep_ports(Kept(folder))
    assert taken not in ports.values()
    assert len(set(ports.values())) == 2
    assert all(is_free(port) for port in ports.values())


def test_a_lock_file_of_another_program_is_no_hindrance(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        write(servers.database_url)
        lock = (data / "postgres" / "postmaster.pid").read_text().splitlines()
        owner = (data / "postgres").stat()
    with subprocess.Popen(["/bin/sleep", "60"], **({"user": owner.st_uid} if os.geteuid() == 0 else {})) as stranger:
        stale = data / "postgres" / "postmaster.pid"
        stale.write_text("\n".join([str(stranger.pid), *lock[1:]]) + "\n")
        os.chown(stale, owner.st_uid, owner.st_gid)
        with EmbeddedServers(data) as servers:
            assert answer(servers.database_url) == 42
        assert stranger.poll() is None
        stranger.kill()


def test_a_process_that_took_over_a_number_is_never_ended(data: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        folder = DataFolder(data)
        folder.open()
        trace = {"name": "web", "pid": stranger.pid, "executable": "/bin/sleep", "stop_signal": 15}
        earlier = psutil.Process(stranger.pid).create_time() - 3600
        folder.write("processes.json", [trace | {"started": earlier}, trace | {"started": time.monotonic()}])
        folder.close()
        with EmbeddedServers(data):
            assert stranger.poll() is None
        stranger.kill()


def test_what_was_left_behind_is_ended_before_the_next_start(data: Path) -> None:
    said: list[str] = []
    with subprocess.Popen(["/bin/sleep", "60"]) as left:
        folder = DataFolder(data)
        folder.open()
        started = psutil.Process(left.pid).create_time()
        trace = {"name": "beat", "pid": left.pid, "executable": "/bin/sleep", "stop_signal": 15, "started": started}
        folder.write("processes.json", [trace])
        folder.close()
        with EmbeddedServers(data, say=said.append):
            assert not psutil.pid_exists(left.pid)
    assert any("beat" in line for line in said)
    assert json.loads((data / "processes.json").read_text()) == []
