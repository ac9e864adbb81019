"""Whom do the processes run as? PostgreSQL refuses to run as root, so for root there is a system user `jiban`."""

import grp
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from service.embedded.trouble import CannotRunError

ACCOUNT = "jiban"


@dataclass(frozen=True)
class Account:
    """An account that a process runs as, instead of ours."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()


class RunAs(TypedDict, total=False):
    """The arguments of subprocess that choose an account."""

    user: int
    group: int
    extra_groups: Sequence[int]


def as_account(account: Account | None) -> RunAs:
    """Return the arguments of subprocess that run something as the account; none for ours."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": account.groups}


def own(path: Path, account: Account | None) -> None:
    """Give a file of ours to the account."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def write_for(account: Account | None, path: Path, text: str) -> None:
    """Write a file that only the account may read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    own(path, account)


def first_barred(path: Path, account: Account) -> Path | None:
    """Return the outermost folder on the way to `path`, or `path` itself, that the account may not enter."""
    for step in (*reversed(path.parents), path):
        found = step.stat()
        if found.st_uid == account.uid:
            may = found.st_mode & stat.S_IXUSR
        elif found.st_gid in (account.gid, *account.groups):
            may = found.st_mode & stat.S_IXGRP
        else:
            may = found.st_mode & stat.S_IXOTH
        if not may:
            return step
    return None


def may_run(account: Account, argv: Sequence[str | Path], *, folder: str | None = None) -> bool:
    """Try it, in `folder` or else where we are: what decides is the kernel."""
    try:
        subprocess.run(argv, check=True, capture_output=True, cwd=folder, **as_account(account))  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def servers_account() -> Account | None:
    """Return the account that the servers run as; None for the one we are. Errors: CannotRunError."""
    if os.geteuid() != 0:
        return None
    found = _known_account()
    if found is None:
        _make_account()
        found = _known_account()
    if found is None:
        raise CannotRunError(
            f"As root, PostgreSQL needs an account of its own, and “{ACCOUNT}” could not be made."
            f" Make a system user with that name, or run Jiban as an ordinary user."
        )
    return found


def _known_account() -> Account | None:
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        return None
    groups = tuple(g.gr_gid for g in grp.getgrall() if ACCOUNT in g.gr_mem)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, groups)


def _make_account() -> None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is not None:
        options = [
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/bin/false",
        ]
        subprocess.run([useradd, *options, ACCOUNT], check=False, capture_output=True)  # noqa: S603  # Fixed words.
