"""Which commands run processes?"""

import math
import os
import socket
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

APPLICATION = "service.app:app"
WORKER = ("celery", "-A", "workers.app", "worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING")
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")
"""Workers have nothing to tell each other: what is due is found in the database."""

SERVING: dict[str, Any] = {
    "loop": "service.web.taking:EvenLoop",
    "http": "httptools",
    "access_log": False,  # It would hold tracking codes; the application writes its own, without queries.
    "server_header": False,
    "timeout_graceful_shutdown": 5,
}

DataDir = Annotated[
    Path | None,
    typer.Option(envvar="JIBAN_DATA_DIR", help="Where everything is kept; .jiban/ here, as root in /var/lib/jiban/."),
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]
At = Annotated[str | None, typer.Option(metavar="ISO", help="Simulate time from here on: 2026-11-23T08:00+08:00.")]
Speed = Annotated[float | None, typer.Option(metavar="N", help="Simulate time that runs N times as fast.")]
Demo = Annotated[bool, typer.Option("--demo/--no-demo", help="Write an invented county into an empty database.")]


def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: DataDir = None,
    demo: Demo = True,  # noqa: FBT002  # A flag of the command line.
    at: At = None,
    speed: Speed = None,
    web_workers: Annotated[int, typer.Option(min=1, max=64, help="How many web processes.")] = 2,
) -> None:
    """Run everything on this machine: PostgreSQL, Valkey, web, worker and beat."""
    from service.embedded import up as whole
    from service.embedded.folder import default_data_dir

    moment = _moment(at, speed)
    clock = [*(("--at", moment.isoformat()) if moment else ()), *(("--speed", str(speed)) if speed else ())]
    wishes = whole.Wishes(host, port, data_dir or default_data_dir(), demo, clock, web_workers)
    whole.run(wishes, typer.echo)


def prepare(demo: Demo = True, at: At = None, speed: Speed = None) -> None:  # noqa: FBT002  # A flag.
    """Migrate, seed and set the clock: what `up` does before it starts the other processes."""
    from service.cli import preparing

    preparing.prepare(demo=demo, at=_moment(at, speed), speed=speed)
    if demo:
        typer.echo(preparing.sign_ins())


def web(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes.")] = 1,
    descriptor: Annotated[int | None, typer.Option(hidden=True, help="A listening socket to take over.")] = None,
) -> None:
    """Serve the pages and the REST interface."""
    import uvicorn

    from service.settings import get_settings

    get_settings()
    if workers > 1 and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="jiban-metrics-")
    if descriptor is not None:
        uvicorn.Server(uvicorn.Config(APPLICATION, **SERVING)).run(sockets=[socket.socket(fileno=descriptor)])
    else:
        uvicorn.run(APPLICATION, host=host, port=port, workers=workers, **SERVING)


def worker() -> None:
    """Do what the timetable sends: sweep the clocks, deliver the notices."""
    _become(*WORKER, *ALONE)


def beat() -> None:
    """Send the timetable; of several one leads."""
    _become("workers.beat")


def _become(module: str, *arguments: str) -> None:
    """Turn into a module that we may not import; settings are checked first, for a sentence instead of a traceback."""
    from service.settings import get_settings

    get_settings()
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606  # Our own program, no shell.


def _moment(at: str | None, speed: float | None) -> datetime | None:
    """Return the moment of `--at`, and refuse what is no time or no speed. Errors: typer.BadParameter."""
    if speed is not None and not (math.isfinite(speed) and speed > 0):
        raise typer.BadParameter("must be a number above 0", param_hint="--speed")
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as why:
        raise typer.BadParameter("must be a time such as 2026-11-23T08:00+08:00", param_hint="--at") from why
    if moment.tzinfo is None:
        raise typer.BadParameter("must say its offset, as in 2026-11-23T08:00+08:00", param_hint="--at")
    return moment
