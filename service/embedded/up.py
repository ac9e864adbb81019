"""How does the whole product run on one machine, from an empty folder to its address, until somebody stops it?"""

import errno
import http.client
import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from service.embedded.account import Account, as_account
from service.embedded.folder import DataFolder
from service.embedded.ledger import Ledger
from service.embedded.processes import Child, Program, ending_with_us
from service.embedded.product import command, product_account
from service.embedded.servers import EmbeddedServers
from service.embedded.supervisor import Supervisor, stopped_by_signals
from service.embedded.trouble import CannotRunError, telling

READY_WITHIN = 60.0
"""Seconds from the start of the web until it answers."""
HOPELESS_AFTER = 3
"""Deaths of one process before the product was ever ready."""
ANSWER_WITHIN = 5.0
"""Seconds for the rest of an answer that has begun."""
BACKLOG = 2048


@dataclass(frozen=True)
class Wishes:
    """What somebody wants to run."""

    host: str
    port: int
    data_dir: Path
    demo: bool
    clock: Sequence[str]
    """The options `--at` and `--speed` of `prepare`; empty for real time."""
    web_workers: int


def run(wishes: Wishes, say: Callable[[str], None]) -> None:
    """Run the product until a signal ends it. Errors: CannotRunError.

    1. take the address, which an earlier start may still hold; 2. start PostgreSQL and Valkey; 3. migrate, seed and
    set the clock, in a process of its own, which leaves none of its memory here; 4. start web, worker and beat;
    5. tell the address once they answer; 6. look after them all; 7. on a signal stop beat, worker, web, Valkey and
    PostgreSQL, in this order.
    """
    with stopped_by_signals():
        try:
            free_the_address(wishes.data_dir, say)
            with listening(wishes.host, wishes.port) as listener, EmbeddedServers(wishes.data_dir, say=say) as servers:
                _run(wishes, listener, servers, say)
        except KeyboardInterrupt:
            say("Stopped.")


def free_the_address(data_dir: Path, say: Callable[[str], None]) -> None:
    """End what a start in this folder left behind that was killed: its web processes hold the port a little longer.

    Where there was no earlier start nothing is touched. Errors: CannotRunError when the folder is in use.
    """
    folder = DataFolder(data_dir)
    if not (folder.path / Ledger.FILE).exists():
        return
    folder.open()
    try:
        for name in Ledger(folder).end_leftovers():
            say(f"Ended {name}, left behind by an earlier start.")
    finally:
        folder.close()


def _run(wishes: Wishes, listener: socket.socket, servers: EmbeddedServers, say: Callable[[str], None]) -> None:
    url = address(listener)
    account = product_account(servers.folder, say)
    env = _environment(wishes, servers, url, account)
    if servers.is_new and wishes.demo:
        say("Writing the demo: an invented county and a month of its cases …")
    welcome = prepare(_preparing(wishes), env, account)
    supervisor = Supervisor(say)
    try:
        for child in (*servers.children, *_children(servers, _programs(wishes, listener), env, account)):
            supervisor.add(child)
        _wait_until_ready(supervisor, listener)
        say(f"\nJiban 即办: {url}\n{welcome}\nData: {servers.folder.path}   Stop: Ctrl-C")
        supervisor.watch()
    except KeyboardInterrupt:
        say("Stopping …")
        raise
    finally:
        listener.close()
        supervisor.stop()


def _environment(wishes: Wishes, servers: EmbeddedServers, url: str, account: Account | None) -> dict[str, str]:
    """Return the settings of every process: proposals, what the environment says, and what belongs to the data."""
    env = {
        "JIBAN_PUBLIC_URL": url,
        **({"JIBAN_INTERNAL_HOSTS": urlsplit(url).netloc} if wishes.demo else {}),  # Where the demo's webhook goes.
        "JIBAN_POOL_SIZE": "3",  # Each connection is a process of PostgreSQL; more only wait for one another's turn.
        "MALLOC_ARENA_MAX": "2",  # A heap for every thread would cost memory and bring nothing.
        **os.environ,
        **servers.environment,
        "JIBAN_DEMO": str(wishes.demo).lower(),
        "PYTHONUNBUFFERED": "1",
    }
    if account is not None:
        env["HOME"] = str(servers.folder.path)  # Ours may be out of reach, and libraries look for settings in it.
    env.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if wishes.web_workers > 1:
        counters = servers.folder.folder("metrics")
        with telling(servers.folder.path):
            for old in counters.iterdir():
                old.unlink()
        env["PROMETHEUS_MULTIPROC_DIR"] = str(counters)
    return env


def _preparing(wishes: Wishes) -> list[str]:
    return ["prepare", "--demo" if wishes.demo else "--no-demo", *wishes.clock]


def prepare(arguments: Sequence[str], env: dict[str, str], account: Account | None = None) -> str:
    """Run a command of ours to its end and return what it says. Errors: CannotRunError with its last words."""
    done = subprocess.run(  # noqa: S603  # Our own program, no shell.
        command(*arguments),
        env=env,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        preexec_fn=ending_with_us(),
        **as_account(account),
    )
    if done.returncode != 0:
        raise CannotRunError("\n".join(done.stderr.strip().splitlines()[-5:]) or f"exit code {done.returncode}")
    return done.stdout


def _programs(wishes: Wishes, listener: socket.socket) -> Iterator[tuple[str, list[str], tuple[int, ...]]]:
    """Return name, command and passed descriptors. All web processes take from one queue, which outlives each."""
    descriptor = listener.fileno()
    names = ["web"] if wishes.web_workers == 1 else [f"web-{n}" for n in range(1, wishes.web_workers + 1)]
    for name in names:
        yield name, command("web", "--descriptor", str(descriptor)), (descriptor,)
    yield "worker", command("worker"), ()
    yield "beat", command("beat"), ()


def _children(
    servers: EmbeddedServers,
    programs: Iterable[tuple[str, list[str], tuple[int, ...]]],
    env: dict[str, str],
    account: Account | None,
) -> Iterator[Child]:
    for name, argv, passes in programs:
        log = servers.folder.log(name)
        program = Program(name, argv, log, env, account=account, passes=passes, stands_back=name == "worker")
        yield Child(program, servers.ledger)


def _wait_until_ready(supervisor: Supervisor, listener: socket.socket) -> None:
    give_up = time.monotonic() + READY_WITHIN

    def is_decided() -> bool:
        for child in supervisor.children:
            if child.deaths >= HOPELESS_AFTER:
                raise CannotRunError(
                    f"{child.name} does not stay up. The end of {child.program.log}:\n{child.last_words()}"
                )
        if time.monotonic() > give_up:
            logs = supervisor.children[0].program.log.parent
            raise CannotRunError(f"Jiban was not ready within {READY_WITHIN:g} s. Look at the logs in {logs}.")
        return all(child.is_running for child in supervisor.children) and question.is_answered_with_yes()

    with closing(Question(listener)) as question:
        supervisor.watch(is_decided)


class Question:
    """Asks the web whether it is ready, and waits for the answer without holding anybody up.

    One that gave up and asked again would fill the queue of a web that is still starting.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._address = reachable_address(listener)
        self._line: http.client.HTTPConnection | None = None

    def is_answered_with_yes(self) -> bool:
        """Look whether the answer has come; ask again when it was no or the web ended meanwhile."""
        try:
            line = self._line or self._ask()
            if not select.select([line.sock], [], [], 0)[0]:
                return False
            status = line.getresponse().status
        except (OSError, http.client.HTTPException):
            status = None
        self.close()
        return status == http.HTTPStatus.OK

    def close(self) -> None:
        """Ask no more."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _ask(self) -> http.client.HTTPConnection:
        self._line = http.client.HTTPConnection(*self._address, timeout=ANSWER_WITHIN)
        self._line.request("GET", "/readyz", headers={"Connection": "close"})
        return self._line


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take an address; port 0 takes a free one. Errors: CannotRunError in a sentence."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as why:
        # What create_server adds to the system's words only repeats the address.
        cause = why.strerror if isinstance(why, socket.gaierror) else os.strerror(why.errno or errno.EINVAL)
        raise CannotRunError(
            f"Port {port} on {host} cannot be taken: {cause}. Stop what uses it, or choose another with --port."
        ) from why
    with listener:
        yield listener


def reachable_address(listener: socket.socket) -> tuple[str, int]:
    """Return where this machine itself reaches the socket."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104  # Compared, not listened on.


def address(listener: socket.socket) -> str:
    """Return the URL of the socket, as a browser on this machine writes it."""
    host, port = reachable_address(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
